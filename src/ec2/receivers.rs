//! What traffic mirror targets deliver to, as far as the account can see it.

use std::collections::{BTreeMap, BTreeSet};

use super::balancers::{Balancer, Registered};
use super::network::id_filters;
use super::network_interfaces::Addressed;
use super::unseen::{hidden, seen};
use super::{Account, Ec2Error, ErrorClass, TargetIngress};
use crate::planner::{
    Fact, Guard, Interface, Listener, MirrorTarget, Receiver, ReceivingGroup, ReceivingInstance,
    ReceivingInterface, RegisteredSensor, VXLAN_PORT,
};

/// What Elastic Load Balancing says of a target that serves every zone.
const EVERY_ZONE: &str = "all";

/// Whether it matters from which zones a load balancer's sensors are reached.
#[derive(Debug, Clone, Copy)]
enum Zones {
    Matter,
    /// All of them are taken to be.
    Ignored,
}

impl Account {
    /// What is behind those of the visible targets that have one of these ids, by id.
    ///
    /// # Errors
    /// Failures other than a missing permission: those make a [`Fact::Unseen`].
    pub async fn receivers(
        &self,
        visible: &[MirrorTarget],
        ids: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Receiver>, Ec2Error> {
        let used: Vec<&MirrorTarget> = visible.iter().filter(|target| ids.contains(&target.id)).collect();
        let (own, shared): (Vec<&MirrorTarget>, Vec<_>) =
            used.into_iter().partition(|target| self.owns(target));
        let shared = shared
            .into_iter()
            .map(|target| (target.id.clone(), Receiver::Shared));
        let mut found: BTreeMap<String, Receiver> = shared.collect();
        self.receiving_interfaces(visible, &own, &mut found).await?;
        for target in own {
            let receiver = if let Some(arn) = &target.network_load_balancer_arn {
                Receiver::LoadBalancer(self.vxlan_listener(arn, Zones::Matter).await?)
            } else if let Some(endpoint) = &target.gateway_load_balancer_endpoint_id {
                Receiver::GatewayEndpoint(self.is_endpoint(endpoint).await?)
            } else if target.network_interface_id.is_none() {
                let why = "because EC2 names a kind of target that is not known here";
                Receiver::NetworkInterface(Fact::Unseen(why.to_owned()))
            } else {
                continue;
            };
            found.insert(target.id.clone(), receiver);
        }
        Ok(found)
    }

    /// The same of those that a load balancer is behind, as far as it is certain whatever the zone: whether a load balancer sends
    /// across zones is not asked.
    ///
    /// # Errors
    /// As [`Account::receivers`].
    pub async fn balancing_receivers(
        &self,
        visible: &[MirrorTarget],
    ) -> Result<BTreeMap<String, Receiver>, Ec2Error> {
        let mut found = BTreeMap::new();
        for target in visible.iter().filter(|target| self.owns(target)) {
            let receiver = if let Some(arn) = &target.network_load_balancer_arn {
                Receiver::LoadBalancer(self.vxlan_listener(arn, Zones::Ignored).await?)
            } else if let Some(endpoint) = &target.gateway_load_balancer_endpoint_id {
                Receiver::GatewayEndpoint(self.is_endpoint(endpoint).await?)
            } else {
                continue;
            };
            found.insert(target.id.clone(), receiver);
        }
        Ok(found)
    }

    async fn receiving_interfaces(
        &self,
        visible: &[MirrorTarget],
        own: &[&MirrorTarget],
        found: &mut BTreeMap<String, Receiver>,
    ) -> Result<(), Ec2Error> {
        let of: Vec<(&String, &String)> = own
            .iter()
            .filter_map(|target| Some((&target.id, target.network_interface_id.as_ref()?)))
            .collect();
        if of.is_empty() {
            return Ok(());
        }
        // Those of all targets, as whoever looks for sensors asks for: then it is one call for both.
        let all = visible
            .iter()
            .filter(|target| self.owns(target))
            .filter_map(|target| target.network_interface_id.clone());
        let interfaces = seen(self.interfaces_by_id(all.collect()).await)?;
        let targets = of.iter().map(|(target, _)| (*target).clone()).collect();
        let ingress = self.target_ingress(visible, &targets).await?;
        for (target, id) in of {
            let fact = match &interfaces {
                Fact::Unseen(why) => Fact::Unseen(why.clone()),
                Fact::Known(interfaces) => match interfaces.get(id) {
                    None => Fact::Known(None),
                    Some(interface) => receiving(target, interface, &ingress),
                },
            };
            found.insert(target.clone(), Receiver::NetworkInterface(fact));
        }
        Ok(())
    }

    /// The listener of a network load balancer that takes VXLAN; none when there is no such load balancer.
    async fn vxlan_listener(&self, arn: &str, zones: Zones) -> Result<Fact<Option<Listener>>, Ec2Error> {
        let listeners = match seen(self.listeners(arn).await) {
            Err(error) if matches!(error.class(), ErrorClass::NotFound(_)) => return Ok(Fact::Known(None)),
            Ok(Fact::Unseen(why)) => return Ok(Fact::Unseen(why)),
            Ok(Fact::Known(listeners)) => listeners,
            Err(error) => return Err(error),
        };
        let vxlan: Vec<_> = listeners
            .iter()
            .filter(|listener| {
                ["UDP", "TCP_UDP"].contains(&listener.protocol.as_str()) && listener.port == VXLAN_PORT
            })
            .collect();
        let mut found = Listener {
            listens: !vxlan.is_empty(),
            guard: Fact::Known(None),
            groups: Vec::new(),
        };
        if !found.listens {
            return Ok(Fact::Known(Some(found)));
        }
        let balancer = match seen(self.balancer(arn).await)? {
            Fact::Known(None) => return Ok(Fact::Known(None)),
            Fact::Known(Some(balancer)) => Fact::Known(balancer),
            Fact::Unseen(why) => Fact::Unseen(why),
        };
        found.guard = match &balancer {
            Fact::Known(balancer) if balancer.security_group_ids.is_empty() => Fact::Known(None),
            Fact::Known(balancer) => Fact::Known(Some(self.guard(&balancer.security_group_ids).await?)),
            Fact::Unseen(why) => Fact::Unseen(why.clone()),
        };
        let vpc_id = balancer.known().and_then(|balancer| balancer.vpc_id.as_deref());
        for group in vxlan.iter().flat_map(|listener| &listener.target_groups) {
            let cross_zone = match zones {
                Zones::Matter => self.sends_across(arn, group).await?,
                Zones::Ignored => Fact::Known(true),
            };
            let sensors = match seen(self.registered(group).await)? {
                Fact::Known(registered) => {
                    let healthy = registered.iter().filter(|target| target.healthy);
                    Fact::Known(self.registered_sensors(healthy, vpc_id).await?)
                }
                Fact::Unseen(why) => Fact::Unseen(why),
            };
            found.groups.push(ReceivingGroup { sensors, cross_zone });
        }
        Ok(Fact::Known(Some(found)))
    }

    /// Whether a target group of a load balancer takes packets of every zone in all of them.
    async fn sends_across(&self, arn: &str, group: &str) -> Result<Fact<bool>, Ec2Error> {
        Ok(match seen(self.group_cross_zone(group).await)? {
            Fact::Known(Some(cross_zone)) => Fact::Known(cross_zone),
            Fact::Known(None) => seen(self.cross_zone(arn).await)?,
            Fact::Unseen(why) => Fact::Unseen(why),
        })
    }

    /// One load balancer; none where it does not exist.
    async fn balancer(&self, arn: &str) -> Result<Option<Balancer>, Ec2Error> {
        let (_, found) = self.balancers(&[arn.to_owned()]).await.remove(0);
        match found {
            Err(error) if matches!(error.class(), ErrorClass::NotFound(_)) => Ok(None),
            found => Ok(found?.into_iter().find(|balancer| balancer.arn == arn)),
        }
    }

    /// Zone and security groups of what is registered behind a load balancer in this VPC.
    async fn registered_sensors<'a>(
        &self,
        registered: impl Iterator<Item = &'a Registered>,
        vpc_id: Option<&str>,
    ) -> Result<Vec<RegisteredSensor>, Ec2Error> {
        let registered: Vec<&Registered> = registered.collect();
        let (instances, addresses): (Vec<&Registered>, Vec<_>) =
            registered.iter().partition(|target| target.id.starts_with("i-"));
        let ids = |targets: &[&Registered]| -> Vec<String> {
            let ids: BTreeSet<&String> = targets.iter().map(|target| &target.id).collect();
            ids.into_iter().cloned().collect()
        };
        let mut places: BTreeMap<String, Place> = BTreeMap::new();
        for filter in id_filters("instance-id", &ids(&instances)) {
            for interface in self.instances(&[filter]).await?.iter() {
                // A load balancer sends to the primary interface of an instance.
                if let Some(id) = interface.instance_id.clone().filter(|_| interface.is_primary()) {
                    let zone = interface.availability_zone.clone();
                    let groups = interface.security_group_ids.clone();
                    places.insert(id, Place { zone, groups });
                }
            }
        }
        let mut hidden = None;
        let (ipv6, ipv4): (Vec<_>, Vec<_>) = ids(&addresses)
            .into_iter()
            .partition(|address| address.contains(':'));
        for (addresses, is_ipv6) in [(ipv4, false), (ipv6, true)] {
            if addresses.is_empty() {
                continue;
            }
            match seen(self.interfaces_by_address(&addresses, is_ipv6).await)? {
                Fact::Unseen(why) => hidden = Some(why),
                Fact::Known(found) => {
                    for address in addresses {
                        if let Some(groups) = groups_of(&address, &found, vpc_id) {
                            places.insert(address, Place { zone: None, groups });
                        }
                    }
                }
            }
        }
        let mut found = Vec::new();
        for target in registered {
            let place = places.get(&target.id);
            let unseen = || {
                hidden
                    .clone()
                    .unwrap_or_else(|| "because it is not visible to this account".to_owned())
            };
            found.push(RegisteredSensor {
                id: target.id.clone(),
                // Of instances it is left out.
                zone: match target
                    .zone
                    .as_ref()
                    .or(place.and_then(|place| place.zone.as_ref()))
                {
                    Some(zone) => Fact::Known(Some(zone.clone()).filter(|zone| zone != EVERY_ZONE)),
                    None => Fact::Unseen(unseen()),
                },
                port: target.port.unwrap_or(VXLAN_PORT),
                guard: match place {
                    Some(place) => Fact::Known(self.guard(&place.groups).await?),
                    None => Fact::Unseen(unseen()),
                },
            });
        }
        Ok(found)
    }

    /// Security groups with their rules.
    async fn guard(&self, groups: &[String]) -> Result<Guard, Ec2Error> {
        let ingress = match seen(self.ingress_rules(groups.to_vec()).await)? {
            Fact::Unseen(why) => Fact::Unseen(why),
            Fact::Known(rules)
                if !groups.is_empty() && groups.iter().all(|group| rules.contains_key(group)) =>
            {
                Fact::Known(
                    groups
                        .iter()
                        .filter_map(|group| rules.get(group))
                        .flatten()
                        .cloned()
                        .collect(),
                )
            }
            Fact::Known(_) => Fact::Unseen("because they are not visible to this account".to_owned()),
        };
        Ok(Guard {
            security_group_ids: groups.to_vec(),
            ingress,
        })
    }

    /// Whether a gateway load balancer endpoint is there.
    async fn is_endpoint(&self, endpoint: &str) -> Result<Fact<bool>, Ec2Error> {
        Ok(
            match seen(self.endpoint_subnets(vec![endpoint.to_owned()]).await)? {
                Fact::Known(endpoints) => Fact::Known(endpoints.contains_key(endpoint)),
                Fact::Unseen(why) => Fact::Unseen(why),
            },
        )
    }

    /// Those of the visible targets with one of these ids that deliver to something that does not exist any more, and to what.
    ///
    /// # Errors
    /// Failures other than a missing permission: that makes a [`Fact::Unseen`].
    pub async fn vanished(
        &self,
        visible: &[MirrorTarget],
        ids: &BTreeSet<String>,
    ) -> Result<Fact<BTreeMap<String, String>>, Ec2Error> {
        let own = || visible.iter().filter(|target| self.owns(target));
        let used: Vec<&MirrorTarget> = own().filter(|target| ids.contains(&target.id)).collect();
        let mut found = BTreeMap::new();
        if used.iter().any(|target| target.network_interface_id.is_some()) {
            // Those of all targets, as whoever looks for sensors asks for: then it is one call for both.
            let all = own().filter_map(|target| target.network_interface_id.clone());
            let interfaces = match seen(self.interfaces_by_id(all.collect()).await)? {
                Fact::Known(interfaces) => interfaces,
                Fact::Unseen(why) => return Ok(Fact::Unseen(why)),
            };
            for target in &used {
                let interface = target.network_interface_id.as_ref();
                if let Some(id) = interface.filter(|id| !interfaces.contains_key(*id)) {
                    found.insert(
                        target.id.clone(),
                        format!("network interface {id} does not exist"),
                    );
                }
            }
        }
        for target in used {
            let (what, exists) = if let Some(arn) = &target.network_load_balancer_arn {
                let balancer = seen(self.balancer(arn).await)?;
                (
                    format!("load balancer {arn}"),
                    balancer.map(|balancer| balancer.is_some()),
                )
            } else if let Some(endpoint) = &target.gateway_load_balancer_endpoint_id {
                (format!("endpoint {endpoint}"), self.is_endpoint(endpoint).await?)
            } else {
                continue;
            };
            match exists {
                Fact::Known(true) => {}
                Fact::Known(false) => drop(found.insert(target.id.clone(), format!("{what} does not exist"))),
                Fact::Unseen(why) => return Ok(Fact::Unseen(why)),
            }
        }
        Ok(Fact::Known(found))
    }
}

/// Where a sensor is.
struct Place {
    /// Name of its zone, where that is told.
    zone: Option<String>,
    groups: Vec<String>,
}

/// The security groups of whoever has the address: of a load balancer's VPC, and only where nobody there has it, of a connected one.
fn groups_of(address: &String, found: &[Addressed], vpc_id: Option<&str>) -> Option<Vec<String>> {
    let (here, elsewhere): (Vec<_>, Vec<_>) = found
        .iter()
        .filter(|interface| interface.addresses.contains(address))
        .partition(|interface| vpc_id.is_some() && interface.vpc_id.as_deref() == vpc_id);
    match (&here[..], &elsewhere[..]) {
        ([one], _) | ([], [one]) => Some(one.security_group_ids.clone()),
        _ => None,
    }
}

fn receiving(
    target: &str,
    interface: &Interface,
    ingress: &TargetIngress,
) -> Fact<Option<ReceivingInterface>> {
    let instance = match (&interface.instance_id, &interface.instance_state) {
        (Some(id), Some(state)) => Some(ReceivingInstance {
            id: id.clone(),
            state: state.clone(),
        }),
        (None, _) if interface.unattached => None,
        _ => return Fact::Unseen("because its instance is not visible".to_owned()),
    };
    let unseen = || {
        let of_target = ingress
            .unseen
            .iter()
            .find(|unseen| unseen.target_ids.contains(target));
        of_target
            .and_then(|unseen| hidden(&unseen.error))
            .unwrap_or_else(|| "because they are not visible to this account".to_owned())
    };
    Fact::Known(Some(ReceivingInterface {
        id: interface.id.clone(),
        instance,
        guard: Guard {
            security_group_ids: interface.security_group_ids.clone(),
            ingress: match ingress.targets.get(target) {
                Some(found) => Fact::Known(found.rules.clone()),
                None => Fact::Unseen(unseen()),
            },
        },
    }))
}
