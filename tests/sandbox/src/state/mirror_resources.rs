//! Targets, filters, rules and sessions.

use super::Tags;

/// What a target sends the copies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A network interface.
    NetworkInterface(String),
    /// The ARN of a network load balancer.
    NetworkLoadBalancer(String),
    /// A gateway load balancer's endpoint.
    GatewayLoadBalancerEndpoint(String),
}

impl Destination {
    /// The id or ARN.
    pub fn id(&self) -> &str {
        match self {
            Self::NetworkInterface(id)
            | Self::NetworkLoadBalancer(id)
            | Self::GatewayLoadBalancerEndpoint(id) => id,
        }
    }
}

/// A traffic mirror target.
#[derive(Debug, Clone)]
pub struct TrafficMirrorTarget {
    /// `tmt-…`.
    pub id: String,
    /// The owning account.
    pub owner: String,
    /// Where the copies go.
    pub destination: Destination,
    /// Free text.
    pub description: Option<String>,
    /// Accounts that the owner shares it with.
    pub shared_with: Vec<String>,
    /// The owner's tags.
    pub tags: Tags,
}

/// A traffic mirror filter; its rules are in a table of their own.
#[derive(Debug, Clone)]
pub struct TrafficMirrorFilter {
    /// `tmf-…`.
    pub id: String,
    /// The owning account.
    pub owner: String,
    /// Free text.
    pub description: Option<String>,
    /// `amazon-dns` or nothing.
    pub network_services: Vec<String>,
    /// The owner's tags.
    pub tags: Tags,
}

/// A rule of a traffic mirror filter.
#[derive(Debug, Clone)]
pub struct TrafficMirrorFilterRule {
    /// `tmfr-…`.
    pub id: String,
    /// The owning account.
    pub owner: String,
    /// Its filter.
    pub filter_id: String,
    /// `ingress` or `egress`.
    pub direction: String,
    /// The order of evaluation, unique in its direction.
    pub number: i64,
    /// `accept` or `reject`.
    pub action: String,
    /// The IP protocol's number; none is all.
    pub protocol: Option<i64>,
    /// Where the packet goes.
    pub destination_cidr_block: String,
    /// Where it comes from.
    pub source_cidr_block: String,
    /// First and last port there.
    pub destination_ports: Option<(i64, i64)>,
    /// First and last port here.
    pub source_ports: Option<(i64, i64)>,
    /// Free text.
    pub description: Option<String>,
    /// The owner's tags.
    pub tags: Tags,
}

/// A traffic mirror session.
#[derive(Debug, Clone)]
pub struct TrafficMirrorSession {
    /// `tms-…`.
    pub id: String,
    /// The account that created it.
    pub owner: String,
    /// The source.
    pub network_interface_id: String,
    /// Where the copies go.
    pub target_id: String,
    /// Which packets are copied.
    pub filter_id: String,
    /// 1 to 32766, the order of evaluation on the interface.
    pub number: i64,
    /// Bytes behind the VXLAN header; none is the whole packet.
    pub packet_length: Option<i64>,
    /// The VXLAN network identifier.
    pub virtual_network_id: i64,
    /// Free text.
    pub description: Option<String>,
    /// The owner's tags.
    pub tags: Tags,
}
