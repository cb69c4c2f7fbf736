//! The look at one region: which sessions are to go, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::criterion::Criterion;
use crate::ec2::{Account, Ec2Error};
use crate::planner::{Filter, MirrorSession};

/// Values that EC2 takes in one filter.
const FILTER_VALUES: usize = 200;

/// A session that is to go.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The region's account.
    pub account: Account,
    /// `tms-…`
    pub id: String,
    /// Its source.
    pub network_interface_id: String,
}

/// The sessions of the region that are to go, in order of their ids.
pub async fn look(account: &Account, criterion: &Criterion) -> Result<Vec<Chosen>, Ec2Error> {
    let sessions = account.sessions().await?;
    let mut chosen = criterion.candidates(&sessions);
    if criterion.orphans_only && !chosen.is_empty() {
        let orphans = orphans(account, &chosen).await?;
        chosen.retain(|session| orphans.contains(session.id.as_str()));
    }
    Ok(chosen
        .into_iter()
        .map(|session| Chosen {
            account: account.clone(),
            id: session.id.clone(),
            network_interface_id: session.network_interface_id.clone(),
        })
        .collect())
}

/// Those whose target is gone, or whose network interface is gone or attached to nothing.
async fn orphans(account: &Account, sessions: &[&MirrorSession]) -> Result<BTreeSet<String>, Ec2Error> {
    let targets = account.all_targets().await?;
    let targets: BTreeSet<&str> = targets.iter().map(|target| target.id.as_str()).collect();
    let interfaces: BTreeSet<&String> = sessions
        .iter()
        .map(|session| &session.network_interface_id)
        .collect();
    let interfaces: Vec<String> = interfaces.into_iter().cloned().collect();
    let mut attached: BTreeMap<String, bool> = BTreeMap::new();
    for ids in interfaces.chunks(FILTER_VALUES) {
        let filter = Filter {
            name: "network-interface-id".to_owned(),
            values: ids.to_vec(),
        };
        let found = account.network_interfaces(&[filter]).await?;
        attached.extend(
            found
                .iter()
                .map(|interface| (interface.id.clone(), !interface.unattached)),
        );
    }
    let orphaned = sessions.iter().filter(|session| {
        let is_attached = attached.get(&session.network_interface_id).copied();
        !targets.contains(session.traffic_mirror_target_id.as_str()) || !is_attached.unwrap_or_default()
    });
    Ok(orphaned.map(|session| session.id.clone()).collect())
}
