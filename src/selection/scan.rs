//! The look at the account that the blocks ask for.

use std::collections::BTreeMap;

use futures::future::try_join_all;

use crate::ec2::{Account, Ec2Error};
use crate::planner::{self, Fleet, Interface, Member, Selector};

/// Every interface that the selectors may mean, with what the exclusions have to know of it: one scan for each distinct set of
/// filters.
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
    let instances = scans.instances.iter().map(|filters| account.instances(filters));
    let interfaces = scans
        .network_interfaces
        .iter()
        .map(|filters| account.network_interfaces(filters));
    let managed = async {
        match scans.lacks_requesters {
            true => account.managed_interfaces().await.map(Some),
            false => Ok(None),
        }
    };
    let (instances, interfaces, managed) =
        tokio::try_join!(try_join_all(instances), try_join_all(interfaces), managed)?;
    let mut found = planner::joined(
        instances.iter().flat_map(|found| found.iter()),
        interfaces.iter().flat_map(|found| found.iter()),
    );
    if let Some(managed) = managed {
        planner::note_requesters(&mut found, &managed);
    }
    Ok(found)
}

/// Whether a selector reads the tags of interfaces and matches none of those seen, though instances have the tags.
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
        let selectors = std::slice::from_ref(&by_instance);
        let found = scan(account, selectors, &[]).await?;
        if found.iter().any(|interface| by_instance.matches(interface)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The selected interfaces, with the instance tags of these keys.
///
/// # Errors
///
/// As [`scan`].
pub async fn members(
    account: &Account,
    selectors: &[Selector],
    excludes: &[Selector],
    tag_keys: &[String],
) -> Result<BTreeMap<String, Member>, Ec2Error> {
    Ok(Fleet::select(
        selectors,
        excludes,
        &scan(account, selectors, excludes).await?,
        tag_keys,
    ))
}
