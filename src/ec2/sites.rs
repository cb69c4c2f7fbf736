//! Where traffic mirror targets receive, as far as the account can see it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::network::by_id;
use super::{Account, Ec2Error, ErrorClass};
use crate::planner::{Interface, MirrorTarget, TargetKind, TargetSite};

/// What was found of targets.
#[derive(Debug, Default)]
pub struct Sites {
    /// By target id; there is one for every target that was asked for.
    pub sites: BTreeMap<String, TargetSite>,
    /// What could not be seen, and is left out of the sites.
    pub unseen: Vec<Unseen>,
}

/// A call that was refused, and the targets of which something is unknown for it.
#[derive(Debug, Clone)]
pub struct Unseen {
    pub error: Ec2Error,
    pub target_ids: BTreeSet<String>,
}

/// Whether going on without an answer is right: the permission is missing, the thing is gone, or the service is not there.
/// Whatever may be better in a minute is an error.
pub(super) fn can_do_without(error: &Ec2Error) -> bool {
    matches!(
        error.class(),
        ErrorClass::Denied | ErrorClass::NotFound(_) | ErrorClass::NotEc2
    )
}

impl Account {
    /// Where these targets receive. Of a target that another account shares nothing is known.
    ///
    /// # Errors
    /// Failures other than a missing permission: those leave out what they would have told, see [`Sites::unseen`].
    pub async fn sites(&self, targets: &[MirrorTarget]) -> Result<Sites, Ec2Error> {
        let mut found = Sites::default();
        let (own, shared): (Vec<_>, Vec<_>) = targets.iter().partition(|target| self.owns(target));
        for target in shared {
            let site = TargetSite {
                shared: true,
                ..TargetSite::default()
            };
            found.sites.insert(target.id.clone(), site);
        }
        for target in &own {
            let site = TargetSite {
                kind: target.kind,
                ..TargetSite::default()
            };
            found.sites.insert(target.id.clone(), site);
        }
        self.interface_sites(&own, &mut found).await?;
        let mut subnets = HashMap::new();
        self.balancer_subnets(&own, &mut found, &mut subnets).await?;
        self.endpoint_target_subnets(&own, &mut found, &mut subnets)
            .await?;
        let ids = subnets.values().flatten().cloned().collect();
        match self.subnet_zones(ids).await {
            Ok(zones) => {
                for (target, subnets) in subnets {
                    let zone_ids = subnets.iter().map(|id| zones.get(id).cloned());
                    // With a zone missing, the others would look like all of them.
                    let zone_ids: Option<BTreeSet<String>> = zone_ids.collect();
                    if let Some(site) = found.sites.get_mut(&target) {
                        site.zone_ids = zone_ids.unwrap_or_default();
                    }
                }
            }
            Err(error) => found.leave_out(error, subnets.into_keys())?,
        }
        Ok(found)
    }

    /// Whether the target is this account's own.
    pub(super) fn owns(&self, target: &MirrorTarget) -> bool {
        target
            .owner_id
            .as_deref()
            .is_none_or(|owner| owner == self.account_id())
    }

    /// Network interface targets: the zone and type of the instance that owns the interface.
    async fn interface_sites(&self, own: &[&MirrorTarget], found: &mut Sites) -> Result<(), Ec2Error> {
        let of: Vec<(&String, &String)> = own
            .iter()
            .filter_map(|target| Some((target.network_interface_id.as_ref()?, &target.id)))
            .collect();
        let interfaces = of.iter().map(|(interface, _)| (*interface).clone()).collect();
        match self.interfaces_by_id(interfaces).await {
            Ok(interfaces) => {
                for (interface, target) in of {
                    let Some(interface) = interfaces.get(interface) else {
                        continue;
                    };
                    if let Some(site) = found.sites.get_mut(target) {
                        site.zone_ids = interface.availability_zone_id.iter().cloned().collect();
                        site.instance_type = interface.instance_type.clone();
                    }
                }
                Ok(())
            }
            Err(error) => found.leave_out(error, of.into_iter().map(|(_, target)| target.clone())),
        }
    }

    /// The interfaces with these ids, with their instances where those are visible. Most often one call tells all.
    pub(super) async fn interfaces_by_id(
        &self,
        mut ids: Vec<String>,
    ) -> Result<HashMap<String, Interface>, Ec2Error> {
        ids.sort();
        ids.dedup();
        let mut found = HashMap::new();
        for filter in by_id("network-interface.network-interface-id", &ids) {
            let interfaces = self.instances(&[filter]).await?;
            let asked = interfaces
                .iter()
                .filter(|interface| ids.binary_search(&interface.id).is_ok());
            found.extend(asked.map(|interface| (interface.id.clone(), interface.clone())));
        }
        ids.retain(|id| !found.contains_key(id));
        for filter in by_id("network-interface-id", &ids) {
            let interfaces = self.network_interfaces(&[filter]).await?;
            let asked = interfaces
                .iter()
                .filter(|interface| ids.binary_search(&interface.id).is_ok());
            found.extend(asked.map(|interface| (interface.id.clone(), interface.clone())));
        }
        Ok(found)
    }

    /// Network load balancer targets: the subnets of those that stay in each zone.
    async fn balancer_subnets(
        &self,
        own: &[&MirrorTarget],
        found: &mut Sites,
        subnets: &mut HashMap<String, Vec<String>>,
    ) -> Result<(), Ec2Error> {
        let of: BTreeMap<String, &MirrorTarget> = own
            .iter()
            .filter(|target| target.kind == Some(TargetKind::NetworkLoadBalancer))
            .filter_map(|target| Some((target.network_load_balancer_arn.clone()?, *target)))
            .collect();
        let arns: Vec<String> = of.keys().cloned().collect();
        for (batch, balancers) in self.balancers(&arns).await {
            let balancers = match balancers {
                Ok(balancers) => balancers,
                Err(error) => {
                    let targets = batch.iter().filter_map(|arn| of.get(arn));
                    found.leave_out(error, targets.map(|target| target.id.clone()))?;
                    continue;
                }
            };
            for balancer in balancers {
                let Some(target) = of.get(&balancer.arn) else {
                    continue;
                };
                match self.cross_zone(&balancer.arn).await {
                    Ok(true) => {}
                    Ok(false) => drop(subnets.insert(target.id.clone(), balancer.subnet_ids)),
                    Err(error) => found.leave_out(error, [target.id.clone()])?,
                }
            }
        }
        Ok(())
    }

    /// Gateway load balancer endpoint targets: the subnets of the endpoint.
    async fn endpoint_target_subnets(
        &self,
        own: &[&MirrorTarget],
        found: &mut Sites,
        subnets: &mut HashMap<String, Vec<String>>,
    ) -> Result<(), Ec2Error> {
        let of: Vec<(&String, &String)> = own
            .iter()
            .filter_map(|target| Some((target.gateway_load_balancer_endpoint_id.as_ref()?, &target.id)))
            .collect();
        let endpoints = of.iter().map(|(endpoint, _)| (*endpoint).clone()).collect();
        match self.endpoint_subnets(endpoints).await {
            Ok(of_endpoint) => {
                for (endpoint, target) in of {
                    if let Some(found) = of_endpoint.get(endpoint) {
                        subnets.insert(target.clone(), found.clone());
                    }
                }
                Ok(())
            }
            Err(error) => found.leave_out(error, of.into_iter().map(|(_, target)| target.clone())),
        }
    }
}

impl Sites {
    /// Goes on without what the call would have told of these targets, or fails with it.
    fn leave_out(
        &mut self,
        error: Ec2Error,
        target_ids: impl IntoIterator<Item = String>,
    ) -> Result<(), Ec2Error> {
        if !can_do_without(&error) {
            return Err(error);
        }
        let target_ids: BTreeSet<String> = target_ids.into_iter().collect();
        tracing::warn!(%error, ?target_ids, "where traffic mirror targets receive is not wholly visible");
        self.unseen.push(Unseen { error, target_ids });
        Ok(())
    }
}
