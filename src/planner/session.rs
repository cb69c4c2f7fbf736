//! Traffic mirror sessions, targets and filters as EC2 reports them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Tags;

/// Session numbers go from 1 to this (CreateTrafficMirrorSession); lower numbers are tried first for each packet.
pub const MAX_SESSION_NUMBER: i64 = 32766;

/// One traffic mirror session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirrorSession {
    /// `tms-…`
    pub id: String,
    /// The source; it cannot be changed.
    pub network_interface_id: String,
    pub traffic_mirror_target_id: String,
    pub traffic_mirror_filter_id: String,
    /// 1 to 32766, unique on the interface.
    pub session_number: i64,
    /// VXLAN network identifier, 24 bits.
    pub virtual_network_id: Option<i64>,
    /// Bytes mirrored of each packet; none: the whole packet. A network load balancer target reports 8500 for that.
    pub packet_length: Option<i64>,
    pub description: Option<String>,
    /// The account that owns the session.
    pub owner_id: Option<String>,
    pub tags: Tags,
}

/// What a traffic mirror target delivers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    NetworkInterface,
    NetworkLoadBalancer,
    GatewayLoadBalancerEndpoint,
}

/// A traffic mirror target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirrorTarget {
    /// `tmt-…`; other implementations of the API spell ids otherwise.
    pub id: String,
    /// None when the API names a kind that is not known here.
    pub kind: Option<TargetKind>,
    /// The interface of a network interface target.
    pub network_interface_id: Option<String>,
    /// ARN of the load balancer of a network load balancer target.
    pub network_load_balancer_arn: Option<String>,
    /// `vpce-…` of a gateway load balancer endpoint target.
    pub gateway_load_balancer_endpoint_id: Option<String>,
    /// Account that owns the target; a shared target has another owner.
    pub owner_id: Option<String>,
}

/// What decides which sources a target suits, and how many of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSite {
    /// None when the API names a kind that is not known here, or when the target is not visible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TargetKind>,
    /// Ids of the zones that it receives in, without those that another zone serves through cross-zone balancing; empty when it
    /// serves every zone, or when its zones are not visible, as those of a target that another account shares.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub zone_ids: BTreeSet<String>,
    /// Type of the instance that owns the interface of a network interface target; none when it is not visible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// Whether another account owns the target: what that account and others send there is not visible.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

/// A traffic mirror filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirrorFilter {
    /// `tmf-…`
    pub id: String,
    /// Ingress and egress rules together: a filter without any mirrors nothing but what it takes of network services.
    pub rules: Vec<FilterRule>,
    /// Whether traffic to the Amazon DNS server is mirrored.
    pub amazon_dns: bool,
    pub tags: Tags,
}

/// One rule of a traffic mirror filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterRule {
    /// `tmfr-…`
    pub id: String,
    /// Whether it is about traffic that leaves the source; else about what arrives.
    pub egress: bool,
    /// Rules of one direction are tried in ascending order.
    pub number: i64,
    /// Whether it mirrors what matches; else it rejects that.
    pub accept: bool,
    pub source_cidr: String,
    pub destination_cidr: String,
    /// Protocol number that narrows it.
    pub protocol: Option<i32>,
    /// First and last source port that narrow it.
    pub source_ports: Option<(i32, i32)>,
    /// First and last destination port that narrow it.
    pub destination_ports: Option<(i32, i32)>,
}

impl FilterRule {
    /// Whether protocol or ports narrow it.
    pub fn is_narrowed(&self) -> bool {
        self.protocol.is_some() || self.source_ports.is_some() || self.destination_ports.is_some()
    }
}

/// The session number for a new session on an interface whose other sessions have the numbers `taken`: after the
/// highest, so that an existing session keeps its packets; when there is no room above, the highest that is free.
///
/// None when every number is taken.
pub fn next_session_number(taken: &BTreeSet<i64>) -> Option<i64> {
    let above = taken.last().map_or(1, |highest| highest.saturating_add(1).max(1));
    if above <= MAX_SESSION_NUMBER {
        return Some(above);
    }
    (1..=MAX_SESSION_NUMBER)
        .rev()
        .find(|number| !taken.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_session_comes_after_the_highest_number() {
        assert_eq!(next_session_number(&BTreeSet::new()), Some(1));
        assert_eq!(next_session_number(&BTreeSet::from([1, 7])), Some(8));
    }

    #[test]
    fn the_range_is_never_left() {
        assert_eq!(
            next_session_number(&BTreeSet::from([MAX_SESSION_NUMBER])),
            Some(MAX_SESSION_NUMBER - 1)
        );
        assert_eq!(
            next_session_number(&BTreeSet::from([1, MAX_SESSION_NUMBER, 32765])),
            Some(32764)
        );
        assert_eq!(next_session_number(&(1..=MAX_SESSION_NUMBER).collect()), None);
    }
}
