//! The network interfaces of instances, as DescribeInstances tells of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ec2::types::{Instance, InstanceNetworkInterface};
use futures::future::try_join_all;

use super::by_id::{batches, by_id, ids_or_pages};
use super::network_interfaces::{first_address, primary_first};
use super::page::{Pages, sdk_filters};
use super::tags::from_sdk;
use super::{Account, Action, Ec2Error, ErrorClass};
use crate::planner::{Filter, Interface, matches_wildcard};

impl Account {
    /// All interfaces of all instances for which these filters of DescribeInstances all hold, once each, in order of their
    /// ids. Instances of every state are returned with it, those that an AWS service manages included.
    ///
    /// An instance is found with all its interfaces, and an emulator of EC2 may find more instances than the filters
    /// admit: judge what is found.
    pub async fn instances(&self, filters: &[Filter]) -> Result<Arc<Vec<Interface>>, Ec2Error> {
        let ask = |account: Account, filters: Vec<Filter>| async move {
            let found = account.ask_any_ec2(&filters, false).await?;
            match account.knows_wildcards(&filters, &found).await? {
                true => Ok(found),
                false => account.ask_any_ec2(&without_types(&filters), false).await,
            }
        };
        self.snapshot().instances.get(self, filters.to_vec(), ask).await
    }

    /// All interfaces of the instances with these ids, those that an AWS service manages included. An id that does not exist is no
    /// error.
    pub async fn instances_by_id(
        &self,
        ids: &BTreeSet<String>,
    ) -> Result<Vec<Arc<Vec<Interface>>>, Ec2Error> {
        let ask = |account: Account, ids: Vec<String>| async move {
            let account = &account;
            let explicit = |ids| account.ask_instances(&[], ids, false);
            let filtered = |filters: Vec<Filter>| async move { account.ask_any_ec2(&filters, false).await };
            by_id(ids, "instance-id", explicit, filtered).await
        };
        let memo = &self.snapshot().instances_by_id;
        try_join_all(batches(ids).into_iter().map(|ids| memo.get(self, ids, ask))).await
    }

    /// Those of the first page.
    pub async fn first_instances(&self, filters: &[Filter]) -> Result<Arc<Vec<Interface>>, Ec2Error> {
        let ask =
            |account: Account, filters: Vec<Filter>| async move { account.ask_any_ec2(&filters, true).await };
        self.snapshot()
            .first_instances
            .get(self, filters.to_vec(), ask)
            .await
    }

    /// Emulators of EC2 answer 500 to filters that they do not know. Whoever asks judges what is found anyway, so these filters only
    /// save pages.
    async fn ask_any_ec2(&self, filters: &[Filter], first: bool) -> Result<Vec<Interface>, Ec2Error> {
        match self.ask_instances(filters, Vec::new(), first).await {
            Err(error) if error.class() == ErrorClass::NotEc2 && !filters.iter().all(is_known_everywhere) => {
                let rest: Vec<_> = filters
                    .iter()
                    .filter(|filter| is_known_everywhere(filter))
                    .cloned()
                    .collect();
                self.ask_instances(&rest, Vec::new(), first).await
            }
            found => found,
        }
    }

    /// Whether wildcards in types of instances were understood. Emulators take them literally: then there is an instance that should
    /// have been found, and the first page without this filter shows one.
    async fn knows_wildcards(&self, filters: &[Filter], found: &[Interface]) -> Result<bool, Ec2Error> {
        let has_type = |pattern: &&String, interface: &Interface| {
            let name = interface.instance_type.as_deref();
            name.is_some_and(|name| matches_wildcard(pattern, name))
        };
        let without: Vec<&String> = filters
            .iter()
            .filter(|filter| filter.name == INSTANCE_TYPE)
            .flat_map(|filter| &filter.values)
            .filter(|pattern| pattern.contains(['*', '?', '\\']))
            .filter(|pattern| !found.iter().any(|interface| has_type(pattern, interface)))
            .collect();
        if without.is_empty() {
            return Ok(true);
        }
        let page = self.ask_any_ec2(&without_types(filters), true).await?;
        let missed = |interface: &Interface| without.iter().any(|pattern| has_type(pattern, interface));
        Ok(!page.iter().any(missed))
    }

    async fn ask_instances(
        &self,
        filters: &[Filter],
        ids: Vec<String>,
        first: bool,
    ) -> Result<Vec<Interface>, Ec2Error> {
        let action = Action::DescribeInstances;
        let filters = sdk_filters(filters);
        let (ids, page_size) = ids_or_pages(ids);
        let mut found = BTreeMap::new();
        let mut pages = Pages::default();
        loop {
            let call = self.call(action);
            let request = self
                .client()
                .describe_instances()
                .include_managed_resources(true)
                .set_max_results(page_size)
                .set_instance_ids(ids.clone())
                .set_filters(filters.clone())
                .set_next_token(pages.token());
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            for instance in page
                .reservations()
                .iter()
                .flat_map(|reservation| reservation.instances())
            {
                for attached in instance.network_interfaces() {
                    let interface = interface(instance, attached)
                        .ok_or_else(|| self.incomplete(action, "networkInterfaceId"))?;
                    found.insert(interface.id.clone(), interface);
                }
            }
            if first || !pages.turn(page.next_token(), || self.incomplete(action, "new page token"))? {
                return Ok(found.into_values().collect());
            }
        }
    }
}

const INSTANCE_TYPE: &str = "instance-type";

fn without_types(filters: &[Filter]) -> Vec<Filter> {
    let rest = filters.iter().filter(|filter| filter.name != INSTANCE_TYPE);
    rest.cloned().collect()
}

fn is_known_everywhere(filter: &Filter) -> bool {
    ["instance-id", INSTANCE_TYPE, "instance-state-name"].contains(&filter.name.as_str())
        || filter.name.starts_with("tag:")
}

fn interface(instance: &Instance, attached: &InstanceNetworkInterface) -> Option<Interface> {
    let placement = instance.placement();
    let attachment = attached.attachment();
    Some(Interface {
        id: attached.network_interface_id()?.to_owned(),
        instance_id: instance.instance_id().map(str::to_owned),
        instance_type: instance.instance_type().map(|kind| kind.as_str().to_owned()),
        instance_state: instance
            .state()
            .and_then(|state| state.name())
            .map(|name| name.as_str().to_owned()),
        instance_tags: from_sdk(instance.tags()),
        vpc_id: attached.vpc_id().or(instance.vpc_id()).map(str::to_owned),
        subnet_id: attached.subnet_id().or(instance.subnet_id()).map(str::to_owned),
        availability_zone: placement.and_then(|p| p.availability_zone()).map(str::to_owned),
        availability_zone_id: placement
            .and_then(|p| p.availability_zone_id())
            .map(str::to_owned),
        // Every implementation that leaves the type out means an ordinary interface.
        interface_type: attached.interface_type().unwrap_or("interface").to_owned(),
        device_index: attachment.and_then(|a| a.device_index()),
        network_card_index: attachment.and_then(|a| a.network_card_index()),
        security_group_ids: attached
            .groups()
            .iter()
            .filter_map(|group| group.group_id())
            .map(str::to_owned)
            .collect(),
        addresses: addresses(attached),
        attached_at: attachment.and_then(|a| a.attach_time()).map(|time| time.secs()),
        operator: attached
            .operator()
            .and_then(|operator| operator.principal())
            .map(str::to_owned),
        ..Interface::default()
    })
}

fn addresses(attached: &InstanceNetworkInterface) -> Vec<String> {
    let ipv4 = attached.private_ip_addresses().iter();
    let ipv6 = attached.ipv6_addresses().iter();
    let prefixes = attached.ipv6_prefixes().iter();
    primary_first(
        attached.private_ip_address(),
        ipv4.filter_map(|address| address.private_ip_address()),
        ipv6.filter_map(|address| address.ipv6_address())
            .chain(prefixes.filter_map(|prefix| first_address(prefix.ipv6_prefix()?))),
    )
}
