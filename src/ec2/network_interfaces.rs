//! Network interfaces, as DescribeNetworkInterfaces tells of them: those without an instance included.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_ec2::types::NetworkInterface;

use super::page::{MAX_RESULTS, Pages, sdk_filters};
use super::tags::from_sdk;
use super::{Account, Action, Ec2Error, ErrorClass};
use crate::planner::{Filter, Interface};

impl Account {
    /// All interfaces for which these filters of DescribeNetworkInterfaces all hold, once each, in order of their ids, those
    /// that an AWS service manages included. What is the instance's alone (type, state, tags) is left empty.
    ///
    /// An emulator of EC2 may find more than the filters admit: judge what is found.
    pub async fn network_interfaces(&self, filters: &[Filter]) -> Result<Arc<Vec<Interface>>, Ec2Error> {
        let ask = |account: Account, filters: Vec<Filter>| async move {
            match account.ask_network_interfaces(&filters).await {
                // As with DescribeInstances.
                Err(error) if error.class() == ErrorClass::NotEc2 && !filters.is_empty() => {
                    account.ask_network_interfaces(&[]).await
                }
                found => found,
            }
        };
        self.snapshot()
            .network_interfaces
            .get(self, filters.to_vec(), ask)
            .await
    }

    async fn ask_network_interfaces(&self, filters: &[Filter]) -> Result<Vec<Interface>, Ec2Error> {
        let action = Action::DescribeNetworkInterfaces;
        let filters = sdk_filters(filters);
        let mut found = BTreeMap::new();
        let mut pages = Pages::default();
        loop {
            let call = self.call(action);
            let request = self
                .client()
                .describe_network_interfaces()
                .include_managed_resources(true)
                .max_results(MAX_RESULTS)
                .set_filters(filters.clone())
                .set_next_token(pages.token());
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            for described in page.network_interfaces() {
                let interface = interface(described, self.account_id())
                    .ok_or_else(|| self.incomplete(action, "networkInterfaceId"))?;
                found.insert(interface.id.clone(), interface);
            }
            if !pages.turn(page.next_token(), || self.incomplete(action, "new page token"))? {
                return Ok(found.into_values().collect());
            }
        }
    }
}

fn interface(described: &NetworkInterface, account_id: &str) -> Option<Interface> {
    let text = |value: Option<&str>| value.map(str::to_owned);
    let attachment = described.attachment();
    // In a shared VPC, the owner of the subnet sees which instance of a participant it is, and nothing more of it.
    let own = attachment.filter(|a| a.instance_owner_id().is_none_or(|owner| owner == account_id));
    Some(Interface {
        id: described.network_interface_id()?.to_owned(),
        instance_id: text(
            own.and_then(|a| a.instance_id())
                .filter(|id| id.starts_with("i-")),
        ),
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
        security_group_ids: described
            .groups()
            .iter()
            .filter_map(|group| group.group_id())
            .map(str::to_owned)
            .collect(),
        tags: from_sdk(described.tag_set()),
        unattached: attachment.is_none(),
        requester_managed: described.requester_managed().unwrap_or(false),
        requester_id: text(described.requester_id()),
        operator: text(described.operator().and_then(|operator| operator.principal())),
        ..Interface::default()
    })
}
