//! The look at the account that the blocks ask for.

use std::collections::BTreeMap;

use crate::ec2::{Account, Ec2Error};
use crate::planner::{self, Fleet, Interface, Member, Selector};

/// Every interface that the selectors may mean: one scan for each distinct set of filters.
///
/// # Errors
///
/// When EC2 refuses or cannot be reached.
pub async fn scan(account: &Account, selectors: &[Selector]) -> Result<Vec<Interface>, Ec2Error> {
    let mut found = BTreeMap::new();
    for scan in planner::scans(selectors) {
        let interfaces = account.instances(&scan).await?;
        found.extend(
            interfaces
                .iter()
                .map(|interface| (interface.id.clone(), interface.clone())),
        );
    }
    Ok(found.into_values().collect())
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
        &scan(account, selectors).await?,
        tag_keys,
    ))
}
