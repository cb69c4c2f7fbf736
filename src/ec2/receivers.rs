//! What traffic mirror targets deliver to, as far as the account can see it.

use std::collections::{BTreeMap, BTreeSet};

use super::network::by_id;
use super::unseen::{hidden, seen};
use super::{Account, Ec2Error, ErrorClass, TargetIngress};
use crate::planner::{
    Fact, Interface, Listener, MirrorTarget, Receiver, ReceivingGroup, ReceivingInstance, ReceivingInterface,
    VXLAN_PORT,
};

/// What Elastic Load Balancing says of a target that serves every zone.
const EVERY_ZONE: &str = "all";

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
                Receiver::LoadBalancer(self.vxlan_listener(arn).await?)
            } else if let Some(endpoint) = &target.gateway_load_balancer_endpoint_id {
                Receiver::GatewayEndpoint(self.behind_endpoint(endpoint).await?)
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
    async fn vxlan_listener(&self, arn: &str) -> Result<Fact<Option<Listener>>, Ec2Error> {
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
            groups: Vec::new(),
        };
        for group in vxlan.iter().flat_map(|listener| &listener.target_groups) {
            let cross_zone = match seen(self.group_cross_zone(group).await)? {
                Fact::Known(Some(cross_zone)) => Fact::Known(cross_zone),
                Fact::Known(None) => seen(self.cross_zone(arn).await)?,
                Fact::Unseen(why) => Fact::Unseen(why),
            };
            found.groups.push(self.receiving_group(group, cross_zone).await?);
        }
        Ok(Fact::Known(Some(found)))
    }

    /// The groups of every gateway load balancer of the account, since EC2 does not tell the user of an endpoint which one is
    /// behind it; none when there is no such endpoint.
    async fn behind_endpoint(&self, endpoint: &str) -> Result<Fact<Option<Vec<ReceivingGroup>>>, Ec2Error> {
        match seen(self.endpoint_subnets(vec![endpoint.to_owned()]).await)? {
            Fact::Unseen(why) => return Ok(Fact::Unseen(why)),
            Fact::Known(endpoints) if !endpoints.contains_key(endpoint) => return Ok(Fact::Known(None)),
            Fact::Known(_) => {}
        }
        let groups = match seen(self.target_groups(None).await)? {
            Fact::Unseen(why) => return Ok(Fact::Unseen(why)),
            Fact::Known(groups) => groups,
        };
        let mut found = Vec::new();
        for group in groups.iter().filter(|group| group.is_of_gateway()) {
            found.push(self.receiving_group(&group.arn, Fact::Known(true)).await?);
        }
        Ok(Fact::Known(Some(found)))
    }

    async fn receiving_group(&self, arn: &str, cross_zone: Fact<bool>) -> Result<ReceivingGroup, Ec2Error> {
        let healthy_zones = match seen(self.healthy_zones(arn).await)? {
            Fact::Known(Some(zones)) => Fact::Known(zones),
            Fact::Known(None) => Fact::Unseen("because the zone of one of them is not visible".to_owned()),
            Fact::Unseen(why) => Fact::Unseen(why),
        };
        let everywhere = healthy_zones
            .known()
            .is_some_and(|zones| zones.contains(EVERY_ZONE));
        Ok(ReceivingGroup {
            healthy_zones,
            cross_zone: if everywhere { Fact::Known(true) } else { cross_zone },
        })
    }

    /// Names of the zones in which a target group has something healthy; none when one of those zones is not visible.
    async fn healthy_zones(&self, group: &str) -> Result<Option<BTreeSet<String>>, Ec2Error> {
        let registered = self.registered(group).await?;
        let healthy = registered.iter().filter(|target| target.healthy);
        let (told, rest): (Vec<_>, Vec<_>) = healthy.partition(|target| target.zone.is_some());
        let mut zones: BTreeSet<String> = told
            .into_iter()
            .filter_map(|target| target.zone.clone())
            .collect();
        // Of instances it is left out.
        let instances: BTreeSet<String> = rest.into_iter().map(|target| target.id.clone()).collect();
        let mut of_instance = BTreeMap::new();
        let asked: Vec<String> = instances.iter().cloned().collect();
        for filter in by_id("instance-id", &asked) {
            for interface in self.instances(&[filter]).await?.iter() {
                if let (Some(id), Some(zone)) = (&interface.instance_id, &interface.availability_zone) {
                    of_instance.insert(id.clone(), zone.clone());
                }
            }
        }
        for id in &instances {
            match of_instance.remove(id) {
                Some(zone) => drop(zones.insert(zone)),
                None => return Ok(None),
            }
        }
        Ok(Some(zones))
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
        security_group_ids: interface.security_group_ids.clone(),
        ingress: match ingress.targets.get(target) {
            Some(found) => Fact::Known(found.rules.clone()),
            None => Fact::Unseen(unseen()),
        },
    }))
}
