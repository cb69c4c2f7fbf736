//! The fleet file: YAML, every id optional, lists by region.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::FleetError;
use crate::state::{InstanceState, Permission, Tags};

macro_rules! entries {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $kind:ty,)* })*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$attribute])* pub $field: $kind,)* })*
    };
}

entries! {
    /// A whole fleet.
    Fleet {
        /// The accounts; the first one owns what names no owner. None: one account with the default key.
        accounts: Vec<Account>,
        /// Resources by region.
        regions: BTreeMap<String, Resources>,
    }

    /// An account and its user.
    Account {
        /// Twelve digits.
        id: String,
        /// The user's name, `sandbox` by default.
        user: Option<String>,
        /// Default: `AKIASANDBOX` and the account's place, `000000000` for the first.
        access_key_id: Option<String>,
        /// Default: `sandbox`.
        secret_access_key: Option<String>,
        /// Roles that AssumeRole gives out.
        roles: Vec<Role>,
    }

    /// A role.
    Role {
        /// The last part of its ARN.
        name: String,
        /// What the caller must send.
        external_id: Option<String>,
        /// The token for which AssumeRoleWithWebIdentity gives the role out; left out, it does not.
        web_identity_token: Option<String>,
    }

    /// The resources of a region.
    Resources {
        /// VPCs.
        vpcs: Vec<Vpc>,
        /// Subnets.
        subnets: Vec<Subnet>,
        /// Security groups.
        security_groups: Vec<SecurityGroup>,
        /// Instances with their interfaces.
        instances: Vec<Instance>,
        /// Interfaces outside of instances: unattached, requester-managed, branch.
        network_interfaces: Vec<NetworkInterface>,
        /// VPC endpoints.
        vpc_endpoints: Vec<VpcEndpoint>,
        /// Load balancers with their listeners.
        load_balancers: Vec<LoadBalancer>,
        /// Target groups with their members.
        target_groups: Vec<TargetGroup>,
        /// Traffic mirror targets.
        traffic_mirror_targets: Vec<Target>,
        /// Traffic mirror filters with their rules.
        traffic_mirror_filters: Vec<Filter>,
        /// Traffic mirror sessions.
        traffic_mirror_sessions: Vec<Session>,
    }

    /// A VPC.
    Vpc {
        /// `vpc-…`.
        id: String,
        /// The owning account.
        owner: Option<String>,
        /// Default: 10.0.0.0/16.
        cidr_block: Option<String>,
        /// Tags.
        tags: Tags,
    }

    /// A subnet.
    Subnet {
        /// `subnet-…`.
        id: String,
        /// The owning account.
        owner: Option<String>,
        /// Its VPC.
        vpc_id: String,
        /// Such as `eu-west-1a`.
        availability_zone: String,
        /// Default: 10.0.0.0/20.
        cidr_block: Option<String>,
        /// An IPv6-only subnet.
        ipv6_native: bool,
        /// Accounts that may use it.
        shared_with: Vec<String>,
        /// Tags.
        tags: Tags,
    }

    /// A security group.
    SecurityGroup {
        /// `sg-…`.
        id: String,
        /// The owning account.
        owner: Option<String>,
        /// Its VPC.
        vpc_id: String,
        /// Its name.
        name: Option<String>,
        /// What may come in.
        ingress: Vec<Permission>,
        /// What may go out; left out: everything.
        egress: Option<Vec<Permission>>,
        /// Tags.
        tags: Tags,
    }

    /// An instance.
    Instance {
        /// `i-…`.
        id: Option<String>,
        /// So many of the same, with generated ids.
        count: Option<u32>,
        /// The owning account.
        owner: Option<String>,
        /// Default: ami-0123456789abcdef0.
        image_id: Option<String>,
        /// Default: m5.large.
        instance_type: Option<String>,
        /// `running` by default.
        state: InstanceState,
        /// The subnet of interfaces that name none.
        subnet_id: String,
        /// The groups of interfaces that name none.
        security_groups: Vec<String>,
        /// The AWS service that manages it; hidden unless asked for.
        operator: Option<String>,
        /// Its interfaces; left out: one.
        network_interfaces: Vec<NetworkInterface>,
        /// Tags.
        tags: Tags,
    }

    /// A network interface.
    NetworkInterface {
        /// `eni-…`.
        id: Option<String>,
        /// The owning account.
        owner: Option<String>,
        /// Its subnet; inside an instance the instance's by default.
        subnet_id: Option<String>,
        /// Default: `interface`.
        interface_type: Option<String>,
        /// Free text.
        description: String,
        /// Default: one of the subnet's.
        private_ip: Option<String>,
        /// Its security groups.
        security_groups: Vec<String>,
        /// Such as `amazon-rds`; sets `requester_managed`.
        requester_id: Option<String>,
        /// Made by a service.
        requester_managed: bool,
        /// The AWS service that manages it; hidden unless asked for.
        operator: Option<String>,
        /// Inside an instance: its place by default.
        device_index: Option<i64>,
        /// Default: 0.
        network_card_index: i64,
        /// Default: true for the first.
        delete_on_termination: Option<bool>,
        /// Tags.
        tags: Tags,
    }

    /// A VPC endpoint.
    VpcEndpoint {
        /// `vpce-…`.
        id: String,
        /// The owning account.
        owner: Option<String>,
        /// Its VPC.
        vpc_id: String,
        /// `Interface`, `Gateway` or `GatewayLoadBalancer`.
        endpoint_type: Option<String>,
        /// What it leads to.
        service_name: String,
        /// Its subnets.
        subnet_ids: Vec<String>,
        /// Its interfaces.
        network_interface_ids: Vec<String>,
        /// Tags.
        tags: Tags,
    }

    /// A load balancer.
    LoadBalancer {
        /// Its name; the ARN follows from it.
        name: String,
        /// Its ARN, if it must be a certain one.
        arn: Option<String>,
        /// The owning account.
        owner: Option<String>,
        /// `network` (default), `gateway` or `application`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// `internal` (default) or `internet-facing`.
        scheme: Option<String>,
        /// One subnet a zone.
        subnet_ids: Vec<String>,
        /// Its security groups.
        security_groups: Vec<String>,
        /// Attributes that differ from the defaults.
        attributes: Tags,
        /// Its listeners.
        listeners: Vec<Listener>,
        /// Tags.
        tags: Tags,
    }

    /// A listener.
    Listener {
        /// Default: UDP.
        protocol: Option<String>,
        /// Default: 4789.
        port: Option<i64>,
        /// The name of a target group.
        target_group: String,
    }

    /// A target group.
    TargetGroup {
        /// Its name; the ARN follows from it.
        name: String,
        /// Its ARN, if it must be a certain one.
        arn: Option<String>,
        /// The owning account.
        owner: Option<String>,
        /// Default: UDP.
        protocol: Option<String>,
        /// Default: 4789.
        port: Option<i64>,
        /// Its VPC.
        vpc_id: String,
        /// `instance` (default), `ip` or `alb`.
        target_type: Option<String>,
        /// What is registered.
        targets: Vec<Registered>,
        /// Attributes that differ from the defaults.
        attributes: Tags,
    }

    /// A member of a target group.
    Registered {
        /// An instance id or an IP address.
        id: String,
        /// The group's by default.
        port: Option<i64>,
        /// Forced health, such as `unhealthy`; left out: as the instance runs.
        health: Option<String>,
    }

    /// A traffic mirror target: an interface, a load balancer by name or ARN, or an endpoint.
    Target {
        /// `tmt-…`.
        id: Option<String>,
        /// The owning account.
        owner: Option<String>,
        /// The interface.
        network_interface_id: Option<String>,
        /// The load balancer's name or ARN.
        network_load_balancer: Option<String>,
        /// The gateway load balancer's endpoint.
        gateway_load_balancer_endpoint_id: Option<String>,
        /// Free text.
        description: Option<String>,
        /// Accounts that the owner shares it with.
        shared_with: Vec<String>,
        /// Tags.
        tags: Tags,
    }

    /// A traffic mirror filter.
    Filter {
        /// `tmf-…`.
        id: Option<String>,
        /// The owning account.
        owner: Option<String>,
        /// Free text.
        description: Option<String>,
        /// `amazon-dns` or nothing.
        network_services: Vec<String>,
        /// Adds rules that accept everything, and DNS.
        accept_all: bool,
        /// Its rules.
        rules: Vec<Rule>,
        /// Tags.
        tags: Tags,
    }

    /// A rule of a filter.
    Rule {
        /// `tmfr-…`.
        id: Option<String>,
        /// `ingress` or `egress`.
        direction: String,
        /// The order of evaluation.
        number: i64,
        /// `accept` (default) or `reject`.
        action: Option<String>,
        /// The IP protocol's number; left out: all.
        protocol: Option<i64>,
        /// Default: 0.0.0.0/0.
        source_cidr_block: Option<String>,
        /// Default: 0.0.0.0/0.
        destination_cidr_block: Option<String>,
        /// First and last port there.
        destination_ports: Option<(i64, i64)>,
        /// First and last port here.
        source_ports: Option<(i64, i64)>,
        /// Free text.
        description: Option<String>,
    }

    /// A traffic mirror session.
    Session {
        /// `tms-…`.
        id: Option<String>,
        /// The account that created it.
        owner: Option<String>,
        /// The source.
        network_interface_id: String,
        /// The target.
        traffic_mirror_target_id: String,
        /// The filter.
        traffic_mirror_filter_id: String,
        /// 1 to 32766.
        session_number: i64,
        /// Left out: the whole packet.
        packet_length: Option<i64>,
        /// Left out: drawn.
        virtual_network_id: Option<i64>,
        /// Free text.
        description: Option<String>,
        /// Tags.
        tags: Tags,
    }
}

/// Reads a fleet file.
pub fn read(path: &Path) -> Result<Fleet, FleetError> {
    let text = std::fs::read_to_string(path).map_err(|source| FleetError::Read {
        path: path.to_owned(),
        source,
    })?;
    serde_saphyr::from_str(&text).map_err(|source| FleetError::Parse {
        path: path.to_owned(),
        source: Box::new(source),
    })
}
