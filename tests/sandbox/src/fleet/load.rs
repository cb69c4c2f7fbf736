//! A fleet file → the world at the start.

use std::collections::BTreeMap;

use super::{FleetError, file};
use crate::actions::interfaces::{address, mac};
use crate::actions::places::region_exists;
use crate::actions::session_rules::draw_virtual_network_id;
use crate::state::ids::Ids;
use crate::state::world::{Account, Accounts, Caller, Credential, Role};
use crate::state::*;

/// The account when the file names none.
const DEFAULT_ACCOUNT: &str = "111122223333";
/// The image of instances that name none.
const DEFAULT_IMAGE: &str = "ami-0123456789abcdef0";

/// Makes the world. Rules of the API do not apply, so that a fleet can hold what predates a rule.
pub fn load(fleet: &file::Fleet, seed: u64, now: Millis) -> Result<World, FleetError> {
    let accounts = accounts(&fleet.accounts);
    let mut world = World {
        accounts,
        regions: BTreeMap::new(),
        ids: Ids::new(seed),
    };
    for (name, resources) in &fleet.regions {
        if !region_exists(name) {
            return Err(FleetError::Inconsistent(format!("there is no region {name}")));
        }
        let owner = world
            .accounts
            .list
            .first()
            .map(|a| a.id.clone())
            .unwrap_or_default();
        let mut loader = Loader {
            region: Region::default(),
            ids: &mut world.ids,
            name,
            owner,
            now,
        };
        loader.network(resources)?;
        loader.machines(resources)?;
        loader.balancers(resources)?;
        loader.mirroring(resources)?;
        world.regions.insert(name.clone(), loader.region);
    }
    Ok(world)
}

fn accounts(listed: &[file::Account]) -> Accounts {
    let default = [file::Account {
        id: DEFAULT_ACCOUNT.to_owned(),
        ..file::Account::default()
    }];
    let listed = if listed.is_empty() { &default[..] } else { listed };
    let list = listed.iter().enumerate().map(|(n, account)| {
        let user = account.user.as_deref().unwrap_or("sandbox");
        let credential = Credential {
            access_key_id: account
                .access_key_id
                .clone()
                .unwrap_or_else(|| format!("AKIASANDBOX{n:09}")),
            secret_access_key: account
                .secret_access_key
                .clone()
                .unwrap_or_else(|| "sandbox".to_owned()),
            session_token: None,
            expires: None,
            caller: Caller {
                account: account.id.clone(),
                arn: format!("arn:aws:iam::{}:user/{user}", account.id),
                user_id: format!("AIDASANDBOX{n:010}"),
            },
        };
        let role = |r: &file::Role| Role {
            name: r.name.clone(),
            external_id: r.external_id.clone(),
        };
        Account {
            id: account.id.clone(),
            credentials: vec![credential],
            roles: account.roles.iter().map(role).collect(),
        }
    });
    Accounts {
        list: list.collect(),
        assumed: Default::default(),
    }
}

struct Loader<'a> {
    region: Region,
    ids: &'a mut Ids,
    name: &'a str,
    owner: String,
    now: Millis,
}

impl Loader<'_> {
    fn owner(&self, named: &Option<String>) -> String {
        named.clone().unwrap_or_else(|| self.owner.clone())
    }

    fn id(&mut self, named: &Option<String>, prefix: &str) -> String {
        named.clone().unwrap_or_else(|| self.ids.resource(prefix))
    }

    fn network(&mut self, resources: &file::Resources) -> Result<(), FleetError> {
        for vpc in &resources.vpcs {
            let row = Vpc {
                id: vpc.id.clone(),
                owner: self.owner(&vpc.owner),
                cidr_block: vpc.cidr_block.clone().unwrap_or_else(|| "10.0.0.0/16".to_owned()),
                tags: vpc.tags.clone(),
            };
            put(&mut self.region.vpcs, &vpc.id, row)?;
        }
        for subnet in &resources.subnets {
            exists(&self.region.vpcs, &subnet.vpc_id)?;
            if !subnet.availability_zone.starts_with(self.name) {
                let text = format!(
                    "{} names the zone '{}' in {}",
                    subnet.id, subnet.availability_zone, self.name
                );
                return Err(FleetError::Inconsistent(text));
            }
            let row = Subnet {
                id: subnet.id.clone(),
                owner: self.owner(&subnet.owner),
                vpc_id: subnet.vpc_id.clone(),
                availability_zone: subnet.availability_zone.clone(),
                cidr_block: match subnet.ipv6_native {
                    true => String::new(),
                    false => subnet
                        .cidr_block
                        .clone()
                        .unwrap_or_else(|| "10.0.0.0/20".to_owned()),
                },
                ipv6_native: subnet.ipv6_native,
                shared_with: subnet.shared_with.clone(),
                tags: subnet.tags.clone(),
            };
            put(&mut self.region.subnets, &subnet.id, row)?;
        }
        for group in &resources.security_groups {
            exists(&self.region.vpcs, &group.vpc_id)?;
            let everything = || {
                vec![Permission {
                    protocol: "-1".to_owned(),
                    from_port: None,
                    to_port: None,
                    cidr_blocks: vec!["0.0.0.0/0".to_owned()],
                    ipv6_cidr_blocks: Vec::new(),
                    security_groups: Vec::new(),
                    prefix_list_ids: Vec::new(),
                }]
            };
            let row = SecurityGroup {
                id: group.id.clone(),
                owner: self.owner(&group.owner),
                vpc_id: group.vpc_id.clone(),
                name: group.name.clone().unwrap_or_else(|| group.id.clone()),
                ingress: group.ingress.clone(),
                egress: group.egress.clone().unwrap_or_else(everything),
                tags: group.tags.clone(),
            };
            put(&mut self.region.security_groups, &group.id, row)?;
        }
        Ok(())
    }

    fn machines(&mut self, resources: &file::Resources) -> Result<(), FleetError> {
        for instance in &resources.instances {
            for _ in 0..instance.count.unwrap_or(1) {
                self.instance(instance)?;
            }
        }
        for interface in &resources.network_interfaces {
            let subnet = interface.subnet_id.clone().unwrap_or_default();
            let owner = self.owner(&interface.owner);
            let row = self.interface(interface, &subnet, owner)?;
            put(&mut self.region.interfaces, &row.id.clone(), row)?;
        }
        for endpoint in &resources.vpc_endpoints {
            exists(&self.region.vpcs, &endpoint.vpc_id)?;
            let row = VpcEndpoint {
                id: endpoint.id.clone(),
                owner: self.owner(&endpoint.owner),
                vpc_id: endpoint.vpc_id.clone(),
                endpoint_type: endpoint
                    .endpoint_type
                    .clone()
                    .unwrap_or_else(|| "Interface".to_owned()),
                service_name: endpoint.service_name.clone(),
                subnet_ids: endpoint.subnet_ids.clone(),
                network_interface_ids: endpoint.network_interface_ids.clone(),
                tags: endpoint.tags.clone(),
            };
            put(&mut self.region.endpoints, &endpoint.id, row)?;
        }
        Ok(())
    }

    fn instance(&mut self, instance: &file::Instance) -> Result<(), FleetError> {
        let id = self.id(&instance.id, "i");
        let owner = self.owner(&instance.owner);
        let alone = [file::NetworkInterface::default()];
        let listed = if instance.network_interfaces.is_empty() {
            &alone[..]
        } else {
            &instance.network_interfaces
        };
        let mut attached = Vec::new();
        for (n, interface) in listed.iter().enumerate() {
            let mut row = self.interface(interface, &instance.subnet_id, owner.clone())?;
            if row.groups.is_empty() {
                row.groups.clone_from(&instance.security_groups);
            }
            row.operator = row.operator.or_else(|| instance.operator.clone());
            row.attachment = Some(Attachment {
                id: self.ids.resource("eni-attach"),
                instance_id: id.clone(),
                device_index: interface.device_index.unwrap_or(n as i64),
                network_card_index: interface.network_card_index,
                delete_on_termination: interface.delete_on_termination.unwrap_or(n == 0),
                attach_time: self.now,
            });
            attached.push(row);
        }
        let Some(primary) = attached.first() else {
            return Err(FleetError::Inconsistent(format!("{id} has no interface")));
        };
        let row = Instance {
            id: id.clone(),
            owner,
            reservation_id: self.ids.resource("r"),
            launch_index: 0,
            image_id: instance
                .image_id
                .clone()
                .unwrap_or_else(|| DEFAULT_IMAGE.to_owned()),
            instance_type: instance
                .instance_type
                .clone()
                .unwrap_or_else(|| "m5.large".to_owned()),
            state: instance.state,
            subnet_id: primary.subnet_id.clone(),
            vpc_id: primary.vpc_id.clone(),
            availability_zone: primary.availability_zone.clone(),
            launch_time: self.now,
            terminated_at: (instance.state == InstanceState::Terminated).then_some(self.now),
            interfaces: attached.iter().map(|i| i.id.clone()).collect(),
            operator: instance.operator.clone(),
            tags: instance.tags.clone(),
        };
        for interface in attached {
            put(&mut self.region.interfaces, &interface.id.clone(), interface)?;
        }
        put(&mut self.region.instances, &id, row)
    }

    fn interface(
        &mut self,
        interface: &file::NetworkInterface,
        default_subnet: &str,
        owner: String,
    ) -> Result<NetworkInterface, FleetError> {
        let id = self.id(&interface.id, "eni");
        let subnet_id = interface.subnet_id.as_deref().unwrap_or(default_subnet);
        exists(&self.region.subnets, subnet_id)?;
        let Some(subnet) = self.region.subnets.get(subnet_id) else {
            return Err(missing(subnet_id));
        };
        let number = self.ids.number();
        Ok(NetworkInterface {
            id,
            owner: interface.owner.clone().unwrap_or(owner),
            subnet_id: subnet.id.clone(),
            vpc_id: subnet.vpc_id.clone(),
            availability_zone: subnet.availability_zone.clone(),
            interface_type: interface
                .interface_type
                .clone()
                .unwrap_or_else(|| "interface".to_owned()),
            description: interface.description.clone(),
            private_ip: interface
                .private_ip
                .clone()
                .unwrap_or_else(|| address(&subnet.cidr_block, number)),
            mac: mac(number),
            groups: interface.security_groups.clone(),
            requester_id: interface.requester_id.clone(),
            requester_managed: interface.requester_managed || interface.requester_id.is_some(),
            operator: interface.operator.clone(),
            attachment: None,
            tags: interface.tags.clone(),
        })
    }

    fn arn(&mut self, owner: &str, kind: &str, name: &str) -> String {
        format!(
            "arn:aws:elasticloadbalancing:{}:{owner}:{kind}/{name}/{:016x}",
            self.name,
            self.ids.number()
        )
    }

    fn balancers(&mut self, resources: &file::Resources) -> Result<(), FleetError> {
        for group in &resources.target_groups {
            let owner = self.owner(&group.owner);
            let arn = match &group.arn {
                Some(arn) => arn.clone(),
                None => self.arn(&owner, "targetgroup", &group.name),
            };
            let port = group.port.unwrap_or(4789);
            let member = |r: &file::Registered| Member {
                id: r.id.clone(),
                port: r.port.unwrap_or(port),
                health: r.health.clone(),
            };
            let row = TargetGroup {
                arn: arn.clone(),
                owner,
                name: group.name.clone(),
                protocol: group.protocol.clone().unwrap_or_else(|| "UDP".to_owned()),
                port,
                vpc_id: group.vpc_id.clone(),
                target_type: group.target_type.clone().unwrap_or_else(|| "instance".to_owned()),
                members: group.targets.iter().map(member).collect(),
                attributes: group.attributes.clone(),
            };
            put(&mut self.region.target_groups, &arn, row)?;
        }
        for balancer in &resources.load_balancers {
            self.balancer(balancer)?;
        }
        Ok(())
    }

    fn balancer(&mut self, balancer: &file::LoadBalancer) -> Result<(), FleetError> {
        let owner = self.owner(&balancer.owner);
        let kind = balancer.kind.clone().unwrap_or_else(|| "network".to_owned());
        let short = match kind.as_str() {
            "network" => "net",
            "gateway" => "gwy",
            _ => "app",
        };
        let arn = match &balancer.arn {
            Some(arn) => arn.clone(),
            None => self.arn(&owner, &format!("loadbalancer/{short}"), &balancer.name),
        };
        let first = balancer
            .subnet_ids
            .first()
            .and_then(|id| self.region.subnets.get(id));
        let Some(vpc_id) = first.map(|subnet| subnet.vpc_id.clone()) else {
            return Err(FleetError::Inconsistent(format!(
                "the load balancer {} is in no subnet",
                balancer.name
            )));
        };
        for listener in &balancer.listeners {
            let mut groups = self.region.target_groups.iter();
            let group = groups
                .find(|(_, g)| g.name == listener.target_group)
                .map(|(arn, _)| arn.clone());
            let target_group_arn = group.ok_or_else(|| missing(&listener.target_group))?;
            let listener_arn = format!(
                "{}/{:016x}",
                arn.replacen(":loadbalancer/", ":listener/", 1),
                self.ids.number()
            );
            let gateway = kind == "gateway";
            let row = Listener {
                arn: listener_arn.clone(),
                owner: owner.clone(),
                load_balancer_arn: arn.clone(),
                protocol: (!gateway).then(|| listener.protocol.clone().unwrap_or_else(|| "UDP".to_owned())),
                port: (!gateway).then(|| listener.port.unwrap_or(4789)),
                target_group_arn,
            };
            put(&mut self.region.listeners, &listener_arn, row)?;
        }
        let row = LoadBalancer {
            arn: arn.clone(),
            owner,
            name: balancer.name.clone(),
            kind,
            scheme: balancer.scheme.clone().unwrap_or_else(|| "internal".to_owned()),
            vpc_id,
            subnet_ids: balancer.subnet_ids.clone(),
            security_groups: balancer.security_groups.clone(),
            created: self.now,
            attributes: balancer.attributes.clone(),
            tags: balancer.tags.clone(),
        };
        put(&mut self.region.load_balancers, &arn, row)
    }

    fn mirroring(&mut self, resources: &file::Resources) -> Result<(), FleetError> {
        for target in &resources.traffic_mirror_targets {
            let id = self.id(&target.id, "tmt");
            let balancer = target.network_load_balancer.as_ref().map(|wanted| {
                let mut all = self.region.load_balancers.iter();
                let found = all.find(|(arn, balancer)| *arn == wanted || balancer.name == *wanted);
                found.map_or(wanted.clone(), |(arn, _)| arn.clone())
            });
            let interface = target
                .network_interface_id
                .clone()
                .map(Destination::NetworkInterface);
            let endpoint = target.gateway_load_balancer_endpoint_id.clone();
            let destination = interface
                .or(balancer.map(Destination::NetworkLoadBalancer))
                .or(endpoint.map(Destination::GatewayLoadBalancerEndpoint))
                .ok_or_else(|| FleetError::Inconsistent(format!("{id} leads nowhere")))?;
            let row = TrafficMirrorTarget {
                id: id.clone(),
                owner: self.owner(&target.owner),
                destination,
                description: target.description.clone(),
                shared_with: target.shared_with.clone(),
                tags: target.tags.clone(),
            };
            put(&mut self.region.targets, &id, row)?;
        }
        for filter in &resources.traffic_mirror_filters {
            self.filter(filter)?;
        }
        for session in &resources.traffic_mirror_sessions {
            let owner = self.owner(&session.owner);
            let row = TrafficMirrorSession {
                id: self.id(&session.id, "tms"),
                network_interface_id: session.network_interface_id.clone(),
                target_id: session.traffic_mirror_target_id.clone(),
                filter_id: session.traffic_mirror_filter_id.clone(),
                number: session.session_number,
                packet_length: session.packet_length,
                virtual_network_id: match session.virtual_network_id {
                    Some(id) => id,
                    None => draw_virtual_network_id(&self.region, self.ids, &owner),
                },
                description: session.description.clone(),
                owner,
                tags: session.tags.clone(),
            };
            if self.region.sessions.get(&row.id).is_some() {
                return Err(FleetError::Inconsistent(format!(
                    "{} stands twice in the file",
                    row.id
                )));
            }
            self.region.put_session(row);
        }
        Ok(())
    }

    fn filter(&mut self, filter: &file::Filter) -> Result<(), FleetError> {
        let (id, owner) = (self.id(&filter.id, "tmf"), self.owner(&filter.owner));
        let mut rules = filter.rules.clone();
        let mut network_services = filter.network_services.clone();
        if filter.accept_all {
            network_services = vec!["amazon-dns".to_owned()];
            for direction in ["ingress", "egress"] {
                for (number, block) in [(1, "0.0.0.0/0"), (2, "::/0")] {
                    rules.push(file::Rule {
                        direction: direction.to_owned(),
                        number,
                        source_cidr_block: Some(block.to_owned()),
                        destination_cidr_block: Some(block.to_owned()),
                        ..file::Rule::default()
                    });
                }
            }
        }
        for rule in rules {
            let anywhere = |block: Option<String>| block.unwrap_or_else(|| "0.0.0.0/0".to_owned());
            let row = TrafficMirrorFilterRule {
                id: self.id(&rule.id, "tmfr"),
                owner: owner.clone(),
                filter_id: id.clone(),
                direction: rule.direction,
                number: rule.number,
                action: rule.action.unwrap_or_else(|| "accept".to_owned()),
                protocol: rule.protocol,
                destination_cidr_block: anywhere(rule.destination_cidr_block),
                source_cidr_block: anywhere(rule.source_cidr_block),
                destination_ports: rule.destination_ports,
                source_ports: rule.source_ports,
                description: rule.description,
                tags: Tags::new(),
            };
            put(&mut self.region.filter_rules, &row.id.clone(), row)?;
        }
        let row = TrafficMirrorFilter {
            id: id.clone(),
            owner,
            description: filter.description.clone(),
            network_services,
            tags: filter.tags.clone(),
        };
        put(&mut self.region.filters, &id, row)
    }
}

fn put<T: Clone>(table: &mut Table<T>, id: &str, row: T) -> Result<(), FleetError> {
    if table.get(id).is_some() {
        return Err(FleetError::Inconsistent(format!("{id} stands twice in the file")));
    }
    table.insert(id, row);
    Ok(())
}

fn exists<T: Clone>(table: &Table<T>, id: &str) -> Result<(), FleetError> {
    table.get(id).map(|_| ()).ok_or_else(|| missing(id))
}

fn missing(id: &str) -> FleetError {
    FleetError::Inconsistent(format!("'{id}' is named but does not exist"))
}
