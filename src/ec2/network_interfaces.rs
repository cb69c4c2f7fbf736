//! Network interfaces, as DescribeNetworkInterfaces tells of them: those without an instance included.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ec2::types::NetworkInterface;
use futures::future::try_join_all;

use super::by_id::{batches, by_id, ids_or_pages};
use super::network::id_filters;
use super::page::{Pages, sdk_filters};
use super::tags::from_sdk;
use super::{Account, Action, Ec2Error, ErrorClass};
use crate::planner::{Filter, Interface};

/// An interface by its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addressed {
    /// `eni-…`
    pub(super) id: String,
    /// IPv4 and IPv6 addresses.
    pub(super) addresses: Vec<String>,
    pub(super) security_group_ids: Vec<String>,
    pub(super) vpc_id: Option<String>,
    /// Where it is the account's own.
    pub(super) instance_id: Option<String>,
}

impl Account {
    /// All interfaces for which these filters of DescribeNetworkInterfaces all hold, once each, in order of their ids, those
    /// that an AWS service manages included. What is the instance's alone (type, state, tags) is left empty.
    ///
    /// An emulator of EC2 may find more than the filters admit: judge what is found.
    pub async fn network_interfaces(&self, filters: &[Filter]) -> Result<Arc<Vec<Interface>>, Ec2Error> {
        let ask = |account: Account, filters: Vec<Filter>| async move {
            account.ask_any_network_interfaces(&filters).await
        };
        self.snapshot()
            .network_interfaces
            .get(self, filters.to_vec(), ask)
            .await
    }

    /// The interfaces with these ids, those that an AWS service manages included. An id that does not exist is no error.
    pub async fn network_interfaces_by_id(
        &self,
        ids: &BTreeSet<String>,
    ) -> Result<Vec<Arc<Vec<Interface>>>, Ec2Error> {
        let ask = |account: Account, ids: Vec<String>| async move {
            let account = &account;
            let explicit = |ids| account.ask_network_interfaces(&[], ids);
            let filtered =
                |filters: Vec<Filter>| async move { account.ask_any_network_interfaces(&filters).await };
            by_id(ids, "network-interface-id", explicit, filtered).await
        };
        let memo = &self.snapshot().network_interfaces_by_id;
        try_join_all(batches(ids).into_iter().map(|ids| memo.get(self, ids, ask))).await
    }

    /// Those interfaces of the account's instances that an AWS service manages. DescribeInstances does not tell which they are.
    ///
    /// An emulator of EC2 may find more than these: judge what is found.
    pub async fn managed_interfaces(&self) -> Result<Arc<Vec<Interface>>, Ec2Error> {
        let is = |name: &str, value: &str| Filter {
            name: name.to_owned(),
            values: vec![value.to_owned()],
        };
        let mut filters = vec![is("requester-managed", "true")];
        // Without it those of load balancers and endpoints come too, which are many and no instance's.
        if !self.account_id().is_empty() {
            filters.push(is("attachment.instance-owner-id", self.account_id()));
        }
        self.network_interfaces(&filters).await
    }

    /// The interfaces with any of these addresses, all of them IPv4 or, for `is_ipv6`, all of them IPv6, in whatever VPC.
    pub(super) async fn interfaces_by_address(
        &self,
        addresses: &[String],
        is_ipv6: bool,
    ) -> Result<Vec<Addressed>, Ec2Error> {
        let name = match is_ipv6 {
            true => "ipv6-addresses.ipv6-address",
            false => "addresses.private-ip-address",
        };
        let mut found = Vec::new();
        for filter in id_filters(name, addresses) {
            let ask = |account: Account, filters: Vec<Filter>| async move {
                let mut found = Vec::new();
                let each = |described: &NetworkInterface| {
                    found.push(addressed(described, account.account_id()));
                    Ok(())
                };
                account
                    .describe_network_interfaces(&filters, Vec::new(), each)
                    .await?;
                Ok(found)
            };
            let these = self.snapshot().addresses.get(self, vec![filter], ask).await?;
            found.extend_from_slice(&these);
        }
        Ok(found)
    }

    async fn ask_any_network_interfaces(&self, filters: &[Filter]) -> Result<Vec<Interface>, Ec2Error> {
        match self.ask_network_interfaces(filters, Vec::new()).await {
            // As with DescribeInstances.
            Err(error) if error.class() == ErrorClass::NotEc2 && !filters.is_empty() => {
                self.ask_network_interfaces(&[], Vec::new()).await
            }
            found => found,
        }
    }

    async fn ask_network_interfaces(
        &self,
        filters: &[Filter],
        ids: Vec<String>,
    ) -> Result<Vec<Interface>, Ec2Error> {
        let mut found = BTreeMap::new();
        let each = |described: &NetworkInterface| {
            let interface = interface(described, self.account_id())
                .ok_or_else(|| self.incomplete(Action::DescribeNetworkInterfaces, "networkInterfaceId"))?;
            found.insert(interface.id.clone(), interface);
            Ok(())
        };
        self.describe_network_interfaces(filters, ids, each).await?;
        Ok(found.into_values().collect())
    }

    async fn describe_network_interfaces(
        &self,
        filters: &[Filter],
        ids: Vec<String>,
        mut each: impl FnMut(&NetworkInterface) -> Result<(), Ec2Error> + Send,
    ) -> Result<(), Ec2Error> {
        let action = Action::DescribeNetworkInterfaces;
        let filters = sdk_filters(filters);
        let (ids, page_size) = ids_or_pages(ids);
        let mut pages = Pages::default();
        loop {
            let call = self.call(action);
            let request = self
                .client()
                .describe_network_interfaces()
                .include_managed_resources(true)
                .set_max_results(page_size)
                .set_network_interface_ids(ids.clone())
                .set_filters(filters.clone())
                .set_next_token(pages.token());
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            for described in page.network_interfaces() {
                each(described)?;
            }
            if !pages.turn(page.next_token(), || self.incomplete(action, "new page token"))? {
                return Ok(());
            }
        }
    }
}

/// In a shared VPC, the owner of the subnet sees which instance of a participant it is, and nothing more of it.
fn own_instance<'a>(described: &'a NetworkInterface, account_id: &str) -> Option<&'a str> {
    let attachment = described.attachment()?;
    let owner = attachment.instance_owner_id();
    let is_own = account_id.is_empty() || owner.is_none_or(|owner| owner == account_id);
    attachment
        .instance_id()
        .filter(|id| is_own && id.starts_with("i-"))
}

fn addressed(described: &NetworkInterface, account_id: &str) -> Addressed {
    Addressed {
        id: described.network_interface_id().unwrap_or_default().to_owned(),
        addresses: addresses(described),
        security_group_ids: groups(described),
        vpc_id: described.vpc_id().map(str::to_owned),
        instance_id: own_instance(described, account_id).map(str::to_owned),
    }
}

/// All addresses of an interface, the primary IPv4 address first.
pub(super) fn primary_first<'a>(
    primary: Option<&'a str>,
    ipv4: impl Iterator<Item = &'a str>,
    ipv6: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let others = ipv4.filter(|address| Some(*address) != primary);
    primary
        .into_iter()
        .chain(others)
        .chain(ipv6)
        .map(str::to_owned)
        .collect()
}

fn addresses(described: &NetworkInterface) -> Vec<String> {
    let ipv4 = described.private_ip_addresses().iter();
    let ipv6 = described.ipv6_addresses().iter();
    let prefixes = described.ipv6_prefixes().iter();
    primary_first(
        described.private_ip_address(),
        ipv4.filter_map(|address| address.private_ip_address()),
        ipv6.filter_map(|address| address.ipv6_address())
            .chain(prefixes.filter_map(|prefix| first_address(prefix.ipv6_prefix()?))),
    )
}

/// The first address of a prefix that is delegated to an interface: it may have no other of that family.
pub(super) fn first_address(prefix: &str) -> Option<&str> {
    Some(prefix.split_once('/')?.0)
}

fn groups(described: &NetworkInterface) -> Vec<String> {
    let groups = described.groups().iter().filter_map(|group| group.group_id());
    groups.map(str::to_owned).collect()
}

fn interface(described: &NetworkInterface, account_id: &str) -> Option<Interface> {
    let text = |value: Option<&str>| value.map(str::to_owned);
    let attachment = described.attachment();
    Some(Interface {
        id: described.network_interface_id()?.to_owned(),
        instance_id: text(own_instance(described, account_id)),
        vpc_id: text(described.vpc_id()),
        subnet_id: text(described.subnet_id()),
        availability_zone: text(described.availability_zone()),
        availability_zone_id: text(described.availability_zone_id()),
        interface_type: described
            .interface_type()
            .map_or("interface", |kind| kind.as_str())
            .to_owned(),
        device_index: attachment.and_then(|a| a.device_index()),
        network_card_index: attachment.and_then(|a| a.network_card_index()),
        security_group_ids: groups(described),
        addresses: addresses(described),
        tags: from_sdk(described.tag_set()),
        unattached: attachment.is_none(),
        requester_managed: described.requester_managed().unwrap_or(false),
        requester_id: text(described.requester_id()),
        operator: text(described.operator().and_then(|operator| operator.principal())),
        ..Interface::default()
    })
}
