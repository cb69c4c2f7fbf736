//! What the security groups of traffic mirror targets let in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_ec2::types::IpPermission;

use super::network::id_filters;
use super::page::{MAX_RESULTS, Pages, sdk_filters};
use super::{Account, Action, Ec2Error, Unseen};
use crate::planner::{IngressRule, MirrorTarget};

/// What was found of the network interface targets that were asked for; one of which something is not visible is left out.
#[derive(Debug, Default)]
pub struct TargetIngress {
    /// By target id.
    pub targets: BTreeMap<String, Ingress>,
    /// What could not be seen.
    pub unseen: Vec<Unseen>,
}

/// What reaches the network interface of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingress {
    pub network_interface_id: String,
    pub security_group_ids: Vec<String>,
    /// Rules of all these groups; see [`crate::planner::accepts_vxlan`].
    pub rules: Vec<IngressRule>,
}

impl Account {
    /// What the security groups of those of the visible targets let in that have one of these ids, are on a network interface
    /// and are not another account's.
    ///
    /// # Errors
    /// Failures other than a missing permission: those leave out what they would have told, see [`TargetIngress::unseen`].
    pub async fn target_ingress(
        &self,
        visible: &[MirrorTarget],
        ids: &BTreeSet<String>,
    ) -> Result<TargetIngress, Ec2Error> {
        let mut found = TargetIngress::default();
        let own = || visible.iter().filter(|target| self.owns(target));
        let of: Vec<(&String, &String)> = own()
            .filter(|target| ids.contains(&target.id))
            .filter_map(|target| Some((target.network_interface_id.as_ref()?, &target.id)))
            .collect();
        if of.is_empty() {
            return Ok(found);
        }
        // Those of all targets, as whoever looks for sensors asks for: then it is one call for both.
        let interfaces = own()
            .filter_map(|target| target.network_interface_id.clone())
            .collect();
        let targets = || of.iter().map(|(_, target)| (*target).clone());
        let interfaces = match self.interfaces_by_id(interfaces).await {
            Ok(interfaces) => interfaces,
            Err(error) => {
                Unseen::note(&mut found.unseen, error, targets())?;
                return Ok(found);
            }
        };
        let groups_of = |interface: &String| interfaces.get(interface).map(|found| &found.security_group_ids);
        let groups = of
            .iter()
            .filter_map(|(interface, _)| groups_of(interface))
            .flatten();
        let rules = match self.ingress_rules(groups.cloned().collect()).await {
            Ok(rules) => rules,
            Err(error) => {
                Unseen::note(&mut found.unseen, error, targets())?;
                return Ok(found);
            }
        };
        for (interface, target) in &of {
            let Some(groups) = groups_of(interface).filter(|groups| !groups.is_empty()) else {
                continue;
            };
            let of_each: Option<Vec<&Vec<IngressRule>>> =
                groups.iter().map(|group| rules.get(group)).collect();
            if let Some(of_each) = of_each {
                let ingress = Ingress {
                    network_interface_id: (*interface).clone(),
                    security_group_ids: groups.clone(),
                    rules: of_each.into_iter().flatten().cloned().collect(),
                };
                found.targets.insert((*target).clone(), ingress);
            }
        }
        Ok(found)
    }

    /// Ingress rules of security groups, by group; one that is not visible is left out. No id: no call.
    pub(super) async fn ingress_rules(
        &self,
        mut ids: Vec<String>,
    ) -> Result<HashMap<String, Vec<IngressRule>>, Ec2Error> {
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ask = |account: Account, ids: Vec<String>| async move { account.ask_ingress_rules(&ids).await };
        let found = self.snapshot().ingress_rules.get(self, ids, ask).await?;
        Ok(found.as_ref().clone())
    }

    async fn ask_ingress_rules(&self, ids: &[String]) -> Result<HashMap<String, Vec<IngressRule>>, Ec2Error> {
        let action = Action::DescribeSecurityGroups;
        let mut found = HashMap::new();
        // As filters: an id that does not exist is then no error.
        for batch in id_filters("group-id", ids) {
            let mut pages = Pages::default();
            loop {
                let call = self.call(action);
                let request = self
                    .client()
                    .describe_security_groups()
                    .max_results(MAX_RESULTS)
                    .set_filters(sdk_filters(std::slice::from_ref(&batch)))
                    .set_next_token(pages.token());
                let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
                found.extend(page.security_groups().iter().filter_map(|group| {
                    let rules = group.ip_permissions().iter().map(ingress_rule).collect();
                    Some((group.group_id()?.to_owned(), rules))
                }));
                if !pages.turn(page.next_token(), || self.incomplete(action, "new page token"))? {
                    break;
                }
            }
        }
        Ok(found)
    }
}

fn ingress_rule(permission: &IpPermission) -> IngressRule {
    let ports = permission.from_port().zip(permission.to_port());
    let ipv4 = permission.ip_ranges().iter().filter_map(|range| range.cidr_ip());
    let ipv6 = permission
        .ipv6_ranges()
        .iter()
        .filter_map(|range| range.cidr_ipv6());
    let groups = permission.user_id_group_pairs().iter();
    let lists = permission.prefix_list_ids().iter();
    IngressRule {
        protocol: permission.ip_protocol().unwrap_or("-1").to_owned(),
        ports: ports.filter(|(first, _)| *first >= 0),
        cidr_blocks: ipv4.chain(ipv6).map(str::to_owned).collect(),
        security_group_ids: groups
            .filter_map(|pair| pair.group_id())
            .map(str::to_owned)
            .collect(),
        prefix_list_ids: lists
            .filter_map(|list| list.prefix_list_id())
            .map(str::to_owned)
            .collect(),
    }
}
