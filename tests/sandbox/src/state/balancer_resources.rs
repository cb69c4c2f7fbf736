//! Load balancers, listeners and target groups.

use super::{Millis, Tags};

/// A load balancer.
#[derive(Debug, Clone)]
pub struct LoadBalancer {
    /// Its ARN.
    pub arn: String,
    /// The owning account.
    pub owner: String,
    /// Its name, unique in account and region.
    pub name: String,
    /// `network`, `gateway` or `application`.
    pub kind: String,
    /// `internal` or `internet-facing`.
    pub scheme: String,
    /// Its VPC.
    pub vpc_id: String,
    /// One subnet a zone.
    pub subnet_ids: Vec<String>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// When it was created.
    pub created: Millis,
    /// Attributes that differ from the defaults.
    pub attributes: Tags,
    /// The owner's tags.
    pub tags: Tags,
}

/// A listener of a load balancer.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Its ARN.
    pub arn: String,
    /// The owning account.
    pub owner: String,
    /// Its load balancer.
    pub load_balancer_arn: String,
    /// `UDP`, `TCP`, `TCP_UDP` …; none behind a gateway load balancer.
    pub protocol: Option<String>,
    /// The port; VXLAN is 4789.
    pub port: Option<i64>,
    /// Where it forwards to.
    pub target_group_arn: String,
}

/// A target group with its members.
#[derive(Debug, Clone)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// The owning account.
    pub owner: String,
    /// Its name, unique in account and region.
    pub name: String,
    /// `UDP`, `TCP`, `GENEVE` …
    pub protocol: String,
    /// The port.
    pub port: i64,
    /// Its VPC.
    pub vpc_id: String,
    /// `instance`, `ip` or `alb`.
    pub target_type: String,
    /// What is registered.
    pub members: Vec<Member>,
    /// Attributes that differ from the defaults.
    pub attributes: Tags,
}

/// One registered target of a target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// An instance id or an IP address.
    pub id: String,
    /// The port.
    pub port: i64,
    /// Forced health; none: healthy while the instance runs.
    pub health: Option<String>,
}
