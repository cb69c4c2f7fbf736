//! A fleet of any size with a realistic spread, the same for the same seed.

use super::file::{
    Filter, Fleet, Instance, NetworkInterface, Resources, SecurityGroup, Session, Subnet, Target, Vpc,
    VpcEndpoint,
};
use crate::state::ids::Ids;
use crate::state::{InstanceState, Permission, Tags};

/// Instance types with their share in a thousand; the last three cannot be mirrored.
const TYPES: [(&str, u64); 12] = [
    ("m5.large", 250),
    ("t3.medium", 200),
    ("c5.xlarge", 120),
    ("m6i.large", 120),
    ("r5.2xlarge", 80),
    ("c6g.xlarge", 60),
    ("m7i.xlarge", 60),
    ("t4g.small", 40),
    ("g4dn.xlarge", 20),
    ("t2.micro", 30),
    ("m8g.large", 15),
    ("m6i.metal", 5),
];

/// A tag of the given kind.
fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// `instances` instances in one region: a VPC for every two thousand with three
/// zones each, 80 % tagged `Mirror = True`, some stopped, with several
/// interfaces, managed, requester-managed, trunk and branch interfaces, a
/// sensor behind a target in each VPC, an accept-all filter and foreign sessions.
pub fn generate(instances: u32, seed: u64, region: &str) -> Fleet {
    let mut ids = Ids::new(seed ^ 0x5eed);
    let mut out = Resources::default();
    let filter = ids.resource("tmf");
    out.traffic_mirror_filters.push(Filter {
        id: Some(filter.clone()),
        description: Some("accept all".to_owned()),
        accept_all: true,
        tags: tags(&[("Name", "accept-all")]),
        ..Filter::default()
    });
    let mut subnets = Vec::new();
    for n in 0..instances.div_ceil(2000).max(2) {
        subnets.extend(vpc(&mut out, &mut ids, region, n));
    }
    for n in 0..instances {
        let (subnet, group) = subnets[ids.below(subnets.len() as u64) as usize].clone();
        instance(&mut out, &mut ids, n, subnet, group);
    }
    foreign_sessions(&mut out, &mut ids, &filter);
    Fleet {
        accounts: Vec::new(),
        regions: [(region.to_owned(), out)].into(),
    }
}

/// A VPC with three zones, its sensor and what services make in it; its subnets and their group.
fn vpc(out: &mut Resources, ids: &mut Ids, region: &str, n: u32) -> Vec<(String, String)> {
    let vpc = ids.resource("vpc");
    let name = ["prod", "staging", "shared", "data"][n as usize % 4];
    out.vpcs.push(Vpc {
        id: vpc.clone(),
        cidr_block: Some(format!("10.{n}.0.0/16")),
        tags: tags(&[("Name", name)]),
        ..Vpc::default()
    });
    let group = ids.resource("sg");
    let vxlan = Permission {
        protocol: "udp".to_owned(),
        from_port: Some(4789),
        to_port: Some(4789),
        cidr_blocks: vec!["10.0.0.0/8".to_owned()],
        ipv6_cidr_blocks: Vec::new(),
        security_groups: Vec::new(),
        prefix_list_ids: Vec::new(),
    };
    out.security_groups.push(SecurityGroup {
        id: group.clone(),
        vpc_id: vpc.clone(),
        name: Some("default".to_owned()),
        ingress: vec![vxlan],
        ..SecurityGroup::default()
    });
    let mut subnets = Vec::new();
    for (z, zone) in ["a", "b", "c"].iter().enumerate() {
        let subnet = ids.resource("subnet");
        out.subnets.push(Subnet {
            id: subnet.clone(),
            vpc_id: vpc.clone(),
            availability_zone: format!("{region}{zone}"),
            cidr_block: Some(format!("10.{n}.{}.0/18", z * 64)),
            tags: tags(&[("Name", &format!("{name}-{zone}"))]),
            ..Subnet::default()
        });
        subnets.push((subnet, group.clone()));
    }
    let first = subnets[0].0.clone();
    let sensor = ids.resource("eni");
    out.instances.push(Instance {
        subnet_id: first.clone(),
        security_groups: vec![group.clone()],
        instance_type: Some("m5.24xlarge".to_owned()),
        network_interfaces: vec![NetworkInterface {
            id: Some(sensor.clone()),
            ..NetworkInterface::default()
        }],
        tags: tags(&[("Name", &format!("{name}-sensor"))]),
        ..Instance::default()
    });
    out.traffic_mirror_targets.push(Target {
        id: Some(ids.resource("tmt")),
        network_interface_id: Some(sensor),
        tags: tags(&[("Name", &format!("{name}-sensor"))]),
        ..Target::default()
    });
    let endpoint = ids.resource("eni");
    let made = |kind: &str, requester: &str, description: &str| NetworkInterface {
        subnet_id: Some(first.clone()),
        interface_type: Some(kind.to_owned()),
        requester_id: Some(requester.to_owned()),
        description: description.to_owned(),
        ..NetworkInterface::default()
    };
    out.network_interfaces.extend([
        made("nat_gateway", "amazon-vpc", "Interface for NAT Gateway"),
        made("interface", "amazon-elb", "ELB app/front/0123456789abcdef"),
        made("interface", "amazon-rds", "RDSNetworkInterface"),
        made("lambda", "amazon-lambda", "AWS Lambda VPC ENI"),
        made("branch", "amazon-eks", "aws-k8s-branch-eni"),
        NetworkInterface {
            id: Some(endpoint.clone()),
            ..made("interface", "amazon-vpc", "VPC Endpoint Interface")
        },
        NetworkInterface {
            subnet_id: Some(first.clone()),
            ..NetworkInterface::default()
        },
    ]);
    out.vpc_endpoints.push(VpcEndpoint {
        id: ids.resource("vpce"),
        vpc_id: vpc,
        service_name: format!("com.amazonaws.{region}.ssm"),
        subnet_ids: vec![first],
        network_interface_ids: vec![endpoint],
        ..VpcEndpoint::default()
    });
    subnets
}

fn instance(out: &mut Resources, ids: &mut Ids, n: u32, subnet: String, group: String) {
    let role = ["web", "api", "db", "batch", "cache"][ids.below(5) as usize];
    let mut labels = tags(&[("Name", &format!("{role}-{n:05}")), ("Role", role)]);
    match ids.below(100) {
        0..80 => labels.insert("Mirror".to_owned(), "True".to_owned()),
        80..85 => labels.insert("Mirror".to_owned(), "False".to_owned()),
        _ => None,
    };
    let mut draw = ids.below(1000);
    let kind = TYPES.iter().find(|(_, share)| {
        let here = draw < *share;
        draw = draw.saturating_sub(*share);
        here
    });
    let more = |interface_type: &str| NetworkInterface {
        interface_type: Some(interface_type.to_owned()),
        ..NetworkInterface::default()
    };
    let interfaces = match ids.below(100) {
        0..6 => vec![more("interface"), more("interface")],
        6..8 => vec![more("interface"), more("interface"), more("interface")],
        8..10 => vec![more("interface"), more("trunk")],
        10 => vec![more("efa")],
        _ => vec![more("interface")],
    };
    let managed = ids.below(100) < 3;
    out.instances.push(Instance {
        subnet_id: subnet,
        security_groups: vec![group],
        instance_type: kind.map(|(name, _)| (*name).to_owned()),
        state: if ids.below(100) < 7 {
            InstanceState::Stopped
        } else {
            InstanceState::Running
        },
        operator: managed.then(|| "eks.amazonaws.com".to_owned()),
        network_interfaces: interfaces,
        tags: labels,
        ..Instance::default()
    });
}

/// Some instances are mirrored by others already.
fn foreign_sessions(out: &mut Resources, ids: &mut Ids, filter: &str) {
    let Some(target) = out
        .traffic_mirror_targets
        .first()
        .and_then(|target| target.id.clone())
    else {
        return;
    };
    let ordinary =
        |i: &&mut Instance| i.tags.contains_key("Role") && i.instance_type.as_deref() == Some("m5.large");
    for instance in out.instances.iter_mut().filter(ordinary).step_by(20).take(5) {
        let Some(interface) = instance.network_interfaces.first_mut() else {
            continue;
        };
        let id = interface.id.get_or_insert_with(|| ids.resource("eni")).clone();
        out.traffic_mirror_sessions.push(Session {
            network_interface_id: id,
            traffic_mirror_target_id: target.clone(),
            traffic_mirror_filter_id: filter.to_owned(),
            session_number: 1,
            description: Some("AutoMirror".to_owned()),
            tags: tags(&[("Name", "by hand")]),
            ..Session::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::fleet::Origin;

    #[test]
    fn the_same_seed_makes_the_same_fleet() {
        let world = |seed| {
            Origin {
                fleet: super::generate(500, seed, "eu-west-1"),
                seed,
            }
            .world(0)
            .unwrap()
        };
        let (a, b, c) = (world(7), world(7), world(8));
        let ids = |world: &crate::state::World| -> Vec<String> {
            world.regions["eu-west-1"]
                .instances
                .iter()
                .map(|(id, _)| id.clone())
                .collect()
        };
        assert_eq!(ids(&a), ids(&b));
        assert_ne!(ids(&a), ids(&c));
        let region = &a.regions["eu-west-1"];
        assert_eq!(region.instances.iter().count(), 502);
        let kinds = |kind: &str| {
            region
                .interfaces
                .iter()
                .filter(|(_, i)| i.interface_type == kind)
                .count()
        };
        for kind in ["trunk", "branch", "efa", "nat_gateway"] {
            assert!(kinds(kind) > 0, "{kind}");
        }
        assert!(region.sessions.iter().count() > 0);
    }
}
