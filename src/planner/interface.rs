//! One elastic network interface as the account shows it.

use std::collections::BTreeMap;

/// Tags of a resource, key to value.
pub type Tags = BTreeMap<String, String>;

/// A network interface together with what EC2 says of the instance that it is attached to.
///
/// DescribeInstances carries all of it but the interface's own tags and its requester, DescribeNetworkInterfaces all but the
/// instance's type, state and tags: see [`Interface::complete`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// `eni-…`
    pub id: String,
    /// The instance that the interface is attached to; none when there is none, or when it is another account's.
    pub instance_id: Option<String>,
    /// For example `m5.large`.
    pub instance_type: Option<String>,
    /// EC2's instance-state-name: pending, running, shutting-down, terminated, stopping or stopped.
    pub instance_state: Option<String>,
    /// Tags of the instance, not of the interface.
    pub instance_tags: Tags,
    /// The interface's own VPC, which can differ from that of the instance's primary interface.
    pub vpc_id: Option<String>,
    /// The interface's own subnet.
    pub subnet_id: Option<String>,
    /// Zone name, for example `eu-west-1a`.
    pub availability_zone: Option<String>,
    /// Zone id, for example `euw1-az2`: the same zone has other names in other accounts.
    pub availability_zone_id: Option<String>,
    /// The raw string: `interface`, `efa`, `trunk`, `branch`, …; model and wire spell some of them differently.
    pub interface_type: String,
    /// Device index of the attachment.
    pub device_index: Option<i32>,
    /// Network card of the attachment; absent means card 0.
    pub network_card_index: Option<i32>,
    /// Security groups of the interface.
    pub security_group_ids: Vec<String>,
    /// Private addresses, the primary IPv4 address first, where there is one.
    pub addresses: Vec<String>,
    /// When it was attached, in seconds since 1970.
    pub attached_at: Option<i64>,
    /// Tags of the interface itself; empty as well when only DescribeInstances told of it.
    pub tags: Tags,
    /// Whether EC2 reports no attachment at all.
    pub unattached: bool,
    /// Whether an AWS service manages the interface; only DescribeNetworkInterfaces tells.
    pub requester_managed: bool,
    /// Alias or account of whoever created the interface; only DescribeNetworkInterfaces tells.
    pub requester_id: Option<String>,
    /// The service that operates the interface, for example `eks.amazonaws.com`.
    pub operator: Option<String>,
}

impl Interface {
    /// Whether this is the instance's primary interface: network card 0 **and** device 0.
    pub fn is_primary(&self) -> bool {
        self.device_index == Some(0) && self.network_card_index.unwrap_or(0) == 0
    }

    /// Whether there is an instance that is not visible, as of another account in a shared VPC. What a service manages has none.
    pub fn hides_instance(&self) -> bool {
        let is_visible = self.instance_id.is_some() && self.instance_type.is_some();
        !(is_visible || self.unattached || self.requester_managed)
    }

    /// Adds what DescribeNetworkInterfaces says of the same interface.
    pub fn complete(&mut self, own: &Self) {
        self.tags = own.tags.clone();
        self.requester_managed = own.requester_managed;
        self.requester_id = own.requester_id.clone();
        self.operator = own.operator.clone().or(self.operator.take());
    }

    /// The `Name` tag of the instance.
    pub fn instance_name(&self) -> Option<&str> {
        self.instance_tags.get("Name").map(String::as_str)
    }
}
