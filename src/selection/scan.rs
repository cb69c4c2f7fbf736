//! The look at the account that the blocks ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::try_join_all;

use crate::ec2::{Account, Ec2Error};
use crate::framework::{AttributePath, Diagnostic};
use crate::planner::{self, Filter, Interface, Meant, Selector};

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
    let interfaces = scans
        .network_interfaces
        .iter()
        .map(|filters| account.network_interfaces(filters));
    let (mut instances, interfaces) =
        tokio::try_join!(instances(account, &scans.instances), try_join_all(interfaces))?;
    let told: BTreeSet<&String> = ids(&interfaces);
    if !told.is_subset(&ids(&instances)) {
        instances.extend(self::instances(account, &scans.instances_of_interfaces).await?);
    }
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

async fn instances(account: &Account, sets: &[Vec<Filter>]) -> Result<Vec<Arc<Vec<Interface>>>, Ec2Error> {
    try_join_all(sets.iter().map(|filters| account.instances(filters))).await
}

fn ids(found: &[Arc<Vec<Interface>>]) -> BTreeSet<&String> {
    let all = found.iter().flat_map(|found| found.iter());
    all.map(|interface| &interface.id).collect()
}

/// Whether a selector reads the tags of interfaces and matches none of those seen, though instances have the tags: as far as one page
/// of instances tells.
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
        // Tags in any case were looked for among all instances already.
        let sets = match selector.ignore_tag_case {
            true => Vec::new(),
            false => by_instance.instance_scans(),
        };
        for filters in sets {
            let page = account.first_instances(&filters).await?;
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
