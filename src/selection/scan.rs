//! The look at the account that the blocks ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::try_join_all;

use crate::ec2::{Account, Ec2Error};
use crate::framework::{AttributePath, Diagnostic};
use crate::planner::{self, Interface, Meant, Scans, Selector};

/// Every interface that the selectors may mean, with what the exclusions have to know of it: one scan for each distinct set of
/// filters, and none for what is known already.
///
/// # Errors
///
/// When EC2 refuses or cannot be reached.
pub async fn scan(
    account: &Account,
    selectors: &[Selector],
    excludes: &[Selector],
) -> Result<Vec<Interface>, Ec2Error> {
    let scans = planner::scans(selectors, excludes);
    let (mut instances, interfaces) =
        tokio::try_join!(instances(account, &scans), network_interfaces(account, &scans))?;
    let told = ids(&interfaces);
    let missing = instances_to_ask(selectors, &instances, &interfaces);
    instances.extend(account.instances_by_id(&missing).await?);
    let mut found = planner::joined(
        instances.iter().flat_map(|found| found.iter()),
        interfaces.iter().flat_map(|found| found.iter()),
    );
    // DescribeInstances does not say which interfaces a service manages.
    let is_selected = |interface: &&Interface| planner::selected(selectors, excludes, interface) != Meant::No;
    if found
        .iter()
        .filter(is_selected)
        .any(|interface| !told.contains(&interface.id))
    {
        planner::note_requesters(&mut found, &account.managed_interfaces().await?);
    }
    Ok(found)
}

async fn instances(account: &Account, scans: &Scans) -> Result<Vec<Arc<Vec<Interface>>>, Ec2Error> {
    let scanned = scans.instances.iter().map(|filters| account.instances(filters));
    let (mut found, listed) = tokio::try_join!(
        try_join_all(scanned),
        account.instances_by_id(&scans.instance_ids)
    )?;
    found.extend(listed);
    Ok(found)
}

async fn network_interfaces(account: &Account, scans: &Scans) -> Result<Vec<Arc<Vec<Interface>>>, Ec2Error> {
    let scanned = scans.network_interfaces.iter();
    let scanned = scanned.map(|filters| account.network_interfaces(filters));
    let (mut found, listed) = tokio::try_join!(
        try_join_all(scanned),
        account.network_interfaces_by_id(&scans.network_interface_ids)
    )?;
    found.extend(listed);
    Ok(found)
}

/// The instances of those interfaces that may be meant and that DescribeInstances did not tell of yet. One that it does not know is
/// taken for one that is not visible.
fn instances_to_ask(
    selectors: &[Selector],
    instances: &[Arc<Vec<Interface>>],
    interfaces: &[Arc<Vec<Interface>>],
) -> BTreeSet<String> {
    let known = ids(instances);
    let unknown = interfaces
        .iter()
        .flat_map(|found| found.iter())
        .filter(|interface| !known.contains(&interface.id));
    let may_be_meant = |interface: &&Interface| planner::selected(selectors, &[], interface) != Meant::No;
    let of = |interface: &Interface| interface.instance_id.clone();
    unknown.filter(may_be_meant).filter_map(of).collect()
}

fn ids(found: &[Arc<Vec<Interface>>]) -> BTreeSet<&String> {
    let all = found.iter().flat_map(|found| found.iter());
    all.map(|interface| &interface.id).collect()
}

/// Whether a selector reads the tags of interfaces and matches none of those seen, though instances have the tags: as far as one page
/// of instances tells, or all of them where the case of tags does not matter.
///
/// # Errors
///
/// As [`scan`].
pub async fn tags_are_of_instances(
    account: &Account,
    selectors: &[Selector],
    seen: &[Interface],
) -> Result<bool, Ec2Error> {
    for selector in selectors {
        let Some(by_instance) = planner::by_instance_tags(selector) else {
            continue;
        };
        if seen.iter().any(|interface| selector.matches(interface)) {
            continue;
        }
        if seen.iter().any(|interface| by_instance.matches(interface)) {
            return Ok(true);
        }
        for filters in by_instance.instance_scans() {
            // EC2 does not filter by tags in any case, so one page proves nothing.
            let page = match selector.ignore_tag_case {
                true => account.instances(&filters).await?,
                false => account.first_instances(&filters).await?,
            };
            if page.iter().any(|interface| by_instance.matches(interface)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The warning that [`tags_are_of_instances`].
pub fn tags_are_of_instances_warning() -> Diagnostic {
    let detail = "A selector with tag_source = \"network_interface\" matches no network interface, but instances have those tags. Tags \
                  of an instance or of an autoscaling group do not reach its network interfaces. Leave tag_source out, or set it to \
                  \"either\".";
    Diagnostic::warning("The tags are on instances, not on network interfaces", detail)
        .at(AttributePath::root("selector"))
}
