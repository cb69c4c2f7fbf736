//! Where traffic mirror targets receive, as far as the account can see it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::network::id_filters;
use super::{Account, Ec2Error, Unseen};
use crate::planner::{Interface, MirrorTarget, SourceZones, TargetKind, TargetSite};

/// What was found of targets.
#[derive(Debug, Default)]
pub struct Sites {
    /// By target id; there is one for every target that was asked for.
    pub sites: BTreeMap<String, TargetSite>,
    /// What could not be seen, and is left out of the sites.
    pub unseen: Vec<Unseen>,
}

impl Account {
    /// Where those of the visible targets receive that have one of these ids. Of a target that another account shares
    /// the kind is known and nothing else. `zones` are those of the sources.
    ///
    /// # Errors
    /// Failures other than a missing permission: those leave out what they would have told, see [`Sites::unseen`].
    pub async fn sites(
        &self,
        visible: &[MirrorTarget],
        ids: &BTreeSet<String>,
        zones: &SourceZones,
    ) -> Result<Sites, Ec2Error> {
        let mut found = Sites::default();
        let listed: Vec<&MirrorTarget> = visible.iter().filter(|target| ids.contains(&target.id)).collect();
        for target in &listed {
            let shared = !self.owns(target);
            let site = TargetSite {
                kind: target.kind,
                shared,
                ..TargetSite::default()
            };
            found.sites.insert(target.id.clone(), site);
        }
        let own: Vec<&MirrorTarget> = listed.into_iter().filter(|target| self.owns(target)).collect();
        self.interface_sites(visible, &own, &mut found).await?;
        // Most zones are known by name already.
        let mut unknown: HashMap<String, BTreeSet<String>> = HashMap::new();
        self.balancer_zones(&own, zones, &mut found, &mut unknown).await?;
        self.endpoint_target_subnets(&own, &mut found, &mut unknown)
            .await?;
        let subnets = unknown.values().flatten().cloned().collect();
        match self.subnet_zones(subnets).await {
            Ok(zones) => {
                for (target, subnets) in unknown {
                    // With a zone missing, the others would look like all of them.
                    let all: Option<BTreeSet<String>> =
                        subnets.iter().map(|id| zones.get(id).cloned()).collect();
                    if let Some(site) = found.sites.get_mut(&target) {
                        site.zone_ids = all.unwrap_or_default();
                    }
                }
            }
            Err(error) => Unseen::note(&mut found.unseen, error, unknown.into_keys())?,
        }
        Ok(found)
    }

    /// Whether the target is this account's own.
    pub(super) fn owns(&self, target: &MirrorTarget) -> bool {
        let own = self.account_id();
        // Without the account's id, whatever is visible may be its own.
        own.is_empty() || target.owner_id.as_deref().is_none_or(|owner| owner == own)
    }

    /// Network interface targets: the zone and type of the instance that owns the interface. All visible targets' interfaces
    /// are asked for at once, since sensors need them anyway.
    async fn interface_sites(
        &self,
        visible: &[MirrorTarget],
        own: &[&MirrorTarget],
        found: &mut Sites,
    ) -> Result<(), Ec2Error> {
        let of: Vec<(&String, &String)> = own
            .iter()
            .filter_map(|target| Some((target.network_interface_id.as_ref()?, &target.id)))
            .collect();
        if of.is_empty() {
            return Ok(());
        }
        let all = visible.iter().filter(|target| self.owns(target));
        let interfaces = all
            .filter_map(|target| target.network_interface_id.clone())
            .collect();
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
            Err(error) => Unseen::note(
                &mut found.unseen,
                error,
                of.into_iter().map(|(_, target)| target.clone()),
            ),
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
        for filter in id_filters("network-interface.network-interface-id", &ids) {
            let interfaces = self.instances(&[filter]).await?;
            let asked = interfaces
                .iter()
                .filter(|interface| ids.binary_search(&interface.id).is_ok());
            found.extend(asked.map(|interface| (interface.id.clone(), interface.clone())));
        }
        ids.retain(|id| !found.contains_key(id));
        for filter in id_filters("network-interface-id", &ids) {
            let interfaces = self.network_interfaces(&[filter]).await?;
            let asked = interfaces
                .iter()
                .filter(|interface| ids.binary_search(&interface.id).is_ok());
            found.extend(asked.map(|interface| (interface.id.clone(), interface.clone())));
        }
        Ok(found)
    }

    /// Network load balancer targets: the zones of those that stay in each zone, or, where a zone's id is not known, the subnets.
    async fn balancer_zones(
        &self,
        own: &[&MirrorTarget],
        zones: &SourceZones,
        found: &mut Sites,
        unknown: &mut HashMap<String, BTreeSet<String>>,
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
                    Unseen::note(&mut found.unseen, error, targets.map(|target| target.id.clone()))?;
                    continue;
                }
            };
            for balancer in balancers {
                let Some(target) = of.get(&balancer.arn) else {
                    continue;
                };
                let names = || balancer.zones.iter().map(|(name, _)| name.as_deref());
                if let (Some(all), Some(site)) = (zones.if_all_in(names()), found.sites.get_mut(&target.id)) {
                    // Whether it crosses zones makes no difference to them.
                    site.zone_ids = all;
                    continue;
                }
                match self.cross_zone(&balancer.arn).await {
                    Ok(true) => {}
                    Ok(false) => {
                        let known: Option<BTreeSet<String>> =
                            names().map(|name| zones.of_target(name?)).collect();
                        match (known, found.sites.get_mut(&target.id)) {
                            (Some(known), Some(site)) => site.zone_ids = known,
                            _ => {
                                let subnets = balancer.zones.iter();
                                let subnets = subnets.map(|(_, subnet)| subnet.clone()).collect();
                                unknown.insert(target.id.clone(), subnets);
                            }
                        }
                    }
                    Err(error) => Unseen::note(&mut found.unseen, error, [target.id.clone()])?,
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
        unknown: &mut HashMap<String, BTreeSet<String>>,
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
                        unknown.insert(target.clone(), found.iter().cloned().collect());
                    }
                }
                Ok(())
            }
            Err(error) => Unseen::note(
                &mut found.unseen,
                error,
                of.into_iter().map(|(_, target)| target.clone()),
            ),
        }
    }
}
