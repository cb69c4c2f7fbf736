//! The instances that receive what traffic mirror targets take.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;

use super::balancers::TargetGroup;
use super::{Account, Ec2Error, Unseen};
use crate::planner::MirrorTarget;

/// Target groups that are asked about at once.
const CONCURRENCY: usize = 8;

/// What was found of the receivers.
#[derive(Debug, Default)]
pub struct Sensors {
    pub instance_ids: BTreeSet<String>,
    /// What could not be seen, and is left out.
    pub unseen: Vec<Unseen>,
}

impl Account {
    /// The account's instances that own a target's interface, or are registered behind a target's network load balancer, by id
    /// or by address, or, when a target is a gateway load balancer endpoint, behind any gateway load balancer of the account:
    /// EC2 does not tell the user of an endpoint which one is behind it. Targets of other accounts are left out.
    ///
    /// # Errors
    /// Failures other than a missing permission: those leave out what they would have told, see [`Sensors::unseen`].
    pub async fn sensors(&self, targets: &[MirrorTarget]) -> Result<Sensors, Ec2Error> {
        let mut found = Sensors::default();
        let own: Vec<&MirrorTarget> = targets.iter().filter(|target| self.owns(target)).collect();
        self.owners_of_interfaces(&own, &mut found).await?;
        let mut groups = BTreeMap::new();
        for (target_ids, group) in self.groups_behind(&own, &mut found).await? {
            groups
                .entry(group.arn.clone())
                .or_insert((group, BTreeSet::new()))
                .1
                .extend(target_ids);
        }
        let registered = groups.into_values().map(|(group, target_ids)| async move {
            let registered = self.registered(&group.arn).await;
            (group, registered, target_ids)
        });
        // In order, so that the same answers give the same result.
        let mut registered = futures::stream::iter(registered).buffered(CONCURRENCY).boxed();
        let mut by_address = Vec::new();
        while let Some((group, registered, target_ids)) = registered.next().await {
            match registered {
                Err(error) => Unseen::note(&mut found.unseen, error, target_ids)?,
                Ok(registered) => {
                    let ids = registered.iter().map(|target| target.id.clone());
                    match group.target_type.as_str() {
                        "instance" => found.instance_ids.extend(ids),
                        "ip" => by_address.push(Addresses {
                            vpc_id: group.vpc_id,
                            addresses: ids.collect(),
                            target_ids,
                        }),
                        // An application load balancer takes no VXLAN.
                        _ => {}
                    }
                }
            }
        }
        for is_ipv6 in [false, true] {
            self.note_addressed(&by_address, is_ipv6, &mut found).await?;
        }
        Ok(found)
    }

    async fn owners_of_interfaces(&self, own: &[&MirrorTarget], found: &mut Sensors) -> Result<(), Ec2Error> {
        let of: Vec<(&String, &String)> = own
            .iter()
            .filter_map(|target| Some((target.network_interface_id.as_ref()?, &target.id)))
            .collect();
        let ids = of.iter().map(|(interface, _)| (*interface).clone()).collect();
        match self.interfaces_by_id(ids).await {
            Ok(interfaces) => {
                let owners = interfaces
                    .into_values()
                    .filter_map(|interface| interface.instance_id);
                found.instance_ids.extend(owners);
                Ok(())
            }
            Err(error) => {
                let targets = of.into_iter().map(|(_, target)| target.clone());
                Unseen::note(&mut found.unseen, error, targets)
            }
        }
    }

    /// The target groups behind these targets, each with the targets' ids.
    async fn groups_behind(
        &self,
        own: &[&MirrorTarget],
        found: &mut Sensors,
    ) -> Result<Vec<(Vec<String>, TargetGroup)>, Ec2Error> {
        let balancers: BTreeMap<&String, &String> = own
            .iter()
            .filter_map(|target| Some((target.network_load_balancer_arn.as_ref()?, &target.id)))
            .collect();
        let endpoints: Vec<String> = own
            .iter()
            .filter(|target| target.gateway_load_balancer_endpoint_id.is_some())
            .map(|target| target.id.clone())
            .collect();
        let mut arns = balancers.keys();
        // One listing of all target groups tells as much as a call for each of several load balancers.
        let of_one = match (arns.next(), arns.next(), endpoints.is_empty()) {
            (None, _, true) => return Ok(Vec::new()),
            (Some(arn), None, true) => Some((*arn).clone()),
            _ => None,
        };
        let groups = match self.target_groups(of_one).await {
            Ok(groups) => groups,
            Err(error) => {
                let targets = balancers.into_values().cloned().chain(endpoints);
                Unseen::note(&mut found.unseen, error, targets)?;
                return Ok(Vec::new());
            }
        };
        let behind = |group: &TargetGroup| -> Vec<String> {
            let by_balancer = group
                .load_balancer_arns
                .iter()
                .filter_map(|arn| balancers.get(arn).copied());
            let by_gateway = endpoints.iter().filter(|_| group.is_of_gateway());
            by_balancer.chain(by_gateway).cloned().collect()
        };
        let all = groups.iter().map(|group| (behind(group), group.clone()));
        Ok(all.filter(|(targets, _)| !targets.is_empty()).collect())
    }

    /// Adds the account's instances that have these addresses, all groups in one look. An address is one of the group's VPC; only one
    /// that is not there is of a connected VPC.
    async fn note_addressed(
        &self,
        groups: &[Addresses],
        is_ipv6: bool,
        found: &mut Sensors,
    ) -> Result<(), Ec2Error> {
        let of = |group: &'_ Addresses| -> Vec<String> {
            let of_kind = group.addresses.iter();
            of_kind
                .filter(|address| address.contains(':') == is_ipv6)
                .cloned()
                .collect()
        };
        let all: BTreeSet<String> = groups.iter().flat_map(of).collect();
        if all.is_empty() {
            return Ok(());
        }
        let all: Vec<String> = all.into_iter().collect();
        let interfaces = match self.interfaces_by_address(&all, is_ipv6).await {
            Ok(interfaces) => interfaces,
            Err(error) => {
                let asking = groups.iter().filter(|group| !of(group).is_empty());
                let targets = asking.flat_map(|group| group.target_ids.iter().cloned());
                return Unseen::note(&mut found.unseen, error, targets);
            }
        };
        for group in groups {
            for address in of(group) {
                let (here, elsewhere): (Vec<_>, Vec<_>) = interfaces
                    .iter()
                    .filter(|interface| interface.addresses.contains(&address))
                    .partition(|interface| interface.vpc_id == group.vpc_id);
                let meant = if here.is_empty() { elsewhere } else { here };
                let instances = meant
                    .into_iter()
                    .filter_map(|interface| interface.instance_id.clone());
                found.instance_ids.extend(instances);
            }
        }
        Ok(())
    }
}

/// What is registered by address in a target group.
struct Addresses {
    vpc_id: Option<String>,
    addresses: BTreeSet<String>,
    /// The traffic mirror targets that the group is behind.
    target_ids: BTreeSet<String>,
}
