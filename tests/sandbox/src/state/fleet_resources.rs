//! Instances, interfaces and the network they are in.

use serde::{Deserialize, Serialize};

use super::{Millis, Tags};

/// A VPC.
#[derive(Debug, Clone)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// The owning account.
    pub owner: String,
    /// The IPv4 range.
    pub cidr_block: String,
    /// The owner's tags.
    pub tags: Tags,
}

/// A subnet; in a shared VPC other accounts own interfaces in it.
#[derive(Debug, Clone)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// The owning account.
    pub owner: String,
    /// Its VPC.
    pub vpc_id: String,
    /// The zone's name, such as `eu-west-1a`.
    pub availability_zone: String,
    /// The IPv4 range; empty in an IPv6-only subnet.
    pub cidr_block: String,
    /// An IPv6-only subnet.
    pub ipv6_native: bool,
    /// Accounts that the owner shares it with.
    pub shared_with: Vec<String>,
    /// The owner's tags.
    pub tags: Tags,
}

/// A security group.
#[derive(Debug, Clone)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: String,
    /// The owning account.
    pub owner: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Its name.
    pub name: String,
    /// What may come in.
    pub ingress: Vec<Permission>,
    /// What may go out.
    pub egress: Vec<Permission>,
    /// The owner's tags.
    pub tags: Tags,
}

/// One rule of a security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    #[serde(default = "all_protocols")]
    pub protocol: String,
    /// First port; none with protocol -1.
    pub from_port: Option<i64>,
    /// Last port.
    pub to_port: Option<i64>,
    /// IPv4 ranges.
    #[serde(default)]
    pub cidr_blocks: Vec<String>,
    /// IPv6 ranges.
    #[serde(default)]
    pub ipv6_cidr_blocks: Vec<String>,
    /// Other groups.
    #[serde(default)]
    pub security_groups: Vec<String>,
    /// Prefix lists.
    #[serde(default)]
    pub prefix_list_ids: Vec<String>,
}

fn all_protocols() -> String {
    "-1".to_owned()
}

/// What an instance is doing; EC2's codes and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// Being started.
    Pending,
    /// Up.
    #[default]
    Running,
    /// Being terminated.
    ShuttingDown,
    /// Gone, and shown for an hour.
    Terminated,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
}

impl InstanceState {
    /// EC2's number and word for the state.
    pub fn wire(self) -> (u64, &'static str) {
        match self {
            Self::Pending => (0, "pending"),
            Self::Running => (16, "running"),
            Self::ShuttingDown => (32, "shutting-down"),
            Self::Terminated => (48, "terminated"),
            Self::Stopping => (64, "stopping"),
            Self::Stopped => (80, "stopped"),
        }
    }
}

/// An instance.
#[derive(Debug, Clone)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// The owning account.
    pub owner: String,
    /// `r-…`: the launch it came from.
    pub reservation_id: String,
    /// Its place in that launch.
    pub launch_index: u64,
    /// `ami-…`.
    pub image_id: String,
    /// Such as `m5.large`.
    pub instance_type: String,
    /// What it is doing.
    pub state: InstanceState,
    /// The primary interface's subnet.
    pub subnet_id: String,
    /// That subnet's VPC.
    pub vpc_id: String,
    /// That subnet's zone.
    pub availability_zone: String,
    /// When it was launched.
    pub launch_time: Millis,
    /// When it was terminated; an hour later it is gone.
    pub terminated_at: Option<Millis>,
    /// Its attached interfaces, primary first; empty once terminated.
    pub interfaces: Vec<String>,
    /// The AWS service that manages it, such as `eks.amazonaws.com`.
    pub operator: Option<String>,
    /// The owner's tags.
    pub tags: Tags,
}

/// A network interface.
#[derive(Debug, Clone)]
pub struct NetworkInterface {
    /// `eni-…`.
    pub id: String,
    /// The owning account.
    pub owner: String,
    /// Its subnet.
    pub subnet_id: String,
    /// That subnet's VPC.
    pub vpc_id: String,
    /// That subnet's zone.
    pub availability_zone: String,
    /// `interface`, `trunk`, `branch`, `efa`, `nat_gateway` …
    pub interface_type: String,
    /// Free text.
    pub description: String,
    /// The primary IPv4 address.
    pub private_ip: String,
    /// The hardware address.
    pub mac: String,
    /// Its security groups.
    pub groups: Vec<String>,
    /// Who asked for it, when a service did.
    pub requester_id: Option<String>,
    /// True when a service made it.
    pub requester_managed: bool,
    /// The AWS service that manages it.
    pub operator: Option<String>,
    /// Where it is attached.
    pub attachment: Option<Attachment>,
    /// The owner's tags.
    pub tags: Tags,
}

/// An interface's attachment to an instance.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// `eni-attach-…`.
    pub id: String,
    /// The instance.
    pub instance_id: String,
    /// 0 is the first on its card.
    pub device_index: i64,
    /// 0 is the only card of most types.
    pub network_card_index: i64,
    /// Whether the interface goes with the instance.
    pub delete_on_termination: bool,
    /// When it was attached.
    pub attach_time: Millis,
}

/// A VPC endpoint: an interface endpoint or a gateway load balancer's.
#[derive(Debug, Clone)]
pub struct VpcEndpoint {
    /// `vpce-…`.
    pub id: String,
    /// The owning account.
    pub owner: String,
    /// Its VPC.
    pub vpc_id: String,
    /// `Interface`, `Gateway` or `GatewayLoadBalancer`.
    pub endpoint_type: String,
    /// What it leads to.
    pub service_name: String,
    /// Its subnets.
    pub subnet_ids: Vec<String>,
    /// Its interfaces.
    pub network_interface_ids: Vec<String>,
    /// The owner's tags.
    pub tags: Tags,
}
