//! The look at the account: which interfaces the arguments select, which sessions there are and whose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::convert::{Rows, rows};
use super::maker::{self, Maker};
use super::model::{CoverageIdentity, CoverageModel};
use super::override_argument;
use crate::ec2::{Account, Ec2Error};
use crate::framework::{Attr, PlanRequest};
use crate::planner::{
    Adoption, CoverageId, Fleet, FleetError, Interface, Member, MirrorSession, MirrorTarget, Owner,
    Ownership, Selector, Tags, TargetKind, TargetSite,
};
use crate::selection;

/// What went wrong while looking.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error(transparent)]
    Ec2(#[from] Ec2Error),
    #[error("the selection cannot be read")]
    Selection(#[source] FleetError),
    #[error(transparent)]
    Fleet(#[from] FleetError),
    #[error("the selection is of {0}, the coverage is in {1}")]
    Elsewhere(String, String),
    #[error("the selection does not carry the instance tags {}", .0.join(", "))]
    TagKeys(Vec<String>),
}

/// The arguments that select interfaces, wholly known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selecting {
    selectors: Vec<Selector>,
    excludes: Vec<Selector>,
    selection: Option<String>,
    tag_keys: Vec<String>,
    adoption: Adoption,
}

impl Selecting {
    /// The selecting arguments; none while any of them is unknown.
    pub fn of(model: &CoverageModel) -> Option<Self> {
        let selection = match &model.selection {
            Attr::Unknown => return None,
            selection => selection.known().cloned(),
        };
        Some(Self {
            selectors: selection::selectors(&model.selector)?,
            excludes: selection::selectors(&model.exclude)?,
            selection,
            tag_keys: model.tag_keys()?,
            adoption: model.adoption()?,
        })
    }

    /// Whether both select the same interfaces whatever there is.
    pub fn selects_as(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.selectors.clone(), one.excludes.clone(), one.selection.clone());
        of(self) == of(other)
    }

    /// Leaves these sessions to another coverage of the run, which takes them over.
    pub fn leave(&mut self, sessions: BTreeSet<String>) {
        self.adoption.taken.extend(sessions);
    }

    /// Digest of the arguments.
    pub fn digest(&self) -> Result<String, FleetError> {
        Fleet::selecting(
            &self.selectors,
            &self.excludes,
            self.selection.as_deref(),
            &self.tag_keys,
            &self.adoption,
        )
    }

    /// The selected interfaces, and all interfaces of the instances that were looked at.
    async fn look(
        &self,
        account: &Account,
    ) -> Result<(BTreeMap<String, Member>, Vec<Interface>), ObserveError> {
        if let Some(selection) = &self.selection {
            let fleet = Fleet::decode(selection).map_err(ObserveError::Selection)?;
            let here = [account.region(), account.account_id()];
            if here != [fleet.region.as_str(), fleet.account_id.as_str()] {
                let place = |region: &str, account: &str| format!("region {region} of account {account}");
                return Err(ObserveError::Elsewhere(
                    place(&fleet.region, &fleet.account_id),
                    place(account.region(), account.account_id()),
                ));
            }
            let missing: Vec<String> = self
                .tag_keys
                .iter()
                .filter(|key| !fleet.carries(key))
                .cloned()
                .collect();
            if !missing.is_empty() {
                return Err(ObserveError::TagKeys(missing));
            }
            return Ok((fleet.interfaces, Vec::new()));
        }
        let seen = selection::scan(account, &self.selectors, &self.excludes).await?;
        Ok((
            Fleet::select(&self.selectors, &self.excludes, &seen, &self.tag_keys),
            seen,
        ))
    }
}

/// Reads the fleet and all sessions of the account in the region.
///
/// `model` is the state, or the plan so far, `id` the coverage's, and `recorded` the sessions of its state; `leaving` are ids of objects in
/// whose place this one may come, which take no room from it and are no others of its name. What the fleet remembers from before
/// (`intended`, `refused`) is left empty.
pub async fn observe(
    account: &Account,
    selecting: &Selecting,
    model: &CoverageModel,
    id: Option<&CoverageId>,
    recorded: &Rows,
    leaving: &BTreeSet<String>,
) -> Result<(Fleet, Arc<Vec<MirrorSession>>), ObserveError> {
    let name = model.name.as_str().unwrap_or_default();
    let sessions = async { account.sessions().await.map_err(ObserveError::from) };
    // All targets, not only those of the configuration: what any of them delivers to is a sensor.
    let targets = async { account.all_targets().await.map_err(ObserveError::from) };
    let ((interfaces, seen), sessions, targets) =
        tokio::try_join!(selecting.look(account), sessions, targets)?;
    let (mut namesakes, in_the_making) = (namesakes(&sessions, name, id), in_the_making(&sessions, name, id));
    namesakes.retain(|id| !leaving.contains(id));
    let mut fleet = Fleet {
        account_id: account.account_id().to_owned(),
        region: account.region().to_owned(),
        selecting: selecting.digest()?,
        interfaces,
        namesakes,
        in_the_making,
        ..Fleet::default()
    };
    fleet.tags_are_of_instances =
        selection::tags_are_of_instances(account, &selecting.selectors, &seen).await?;
    look_at_targets(account, &mut fleet, &targets, &listed_targets(model)).await?;
    let own = own(&sessions, name, id, recorded);
    let own_ids: BTreeSet<&str> = own.iter().map(|session| session.id.as_str()).collect();
    let covered = own
        .iter()
        .map(|session| session.network_interface_id.as_str())
        .collect();
    let leaves = |session: &&MirrorSession| {
        Owner::of(&session.tags).is_some_and(|owner| leaving.contains(owner.id.as_str()))
    };
    let others: Vec<&MirrorSession> = sessions
        .iter()
        .filter(|session| !own_ids.contains(session.id.as_str()) && !leaves(session))
        .collect();
    fleet.note_others(&others, &covered, &selecting.adoption);
    fleet.note_taken_number(&others, model.session_number.known().copied());
    // What a create finds of its own was left by one that was killed, and is taken over.
    if id.is_some() {
        fleet.note_second(&own, recorded);
    }
    let mut not_others = own_ids;
    not_others.extend(sessions.iter().filter(leaves).map(|session| session.id.as_str()));
    let listed = fleet.targets.keys().cloned().collect();
    note_sources(account, &mut fleet, &listed, &not_others).await?;
    Ok((fleet, sessions))
}

/// Notes what others send to those of these targets that take a limited number of sources.
pub async fn note_sources(
    account: &Account,
    fleet: &mut Fleet,
    ids: &BTreeSet<String>,
    own: &BTreeSet<&str>,
) -> Result<(), Ec2Error> {
    let limited = |site: &TargetSite| site.kind == Some(TargetKind::NetworkInterface) && !site.shared;
    let listed = fleet.targets.iter().filter(|(id, _)| ids.contains(*id));
    let limited = listed.filter(|(_, site)| limited(site));
    let limited: Vec<String> = limited.map(|(id, _)| id.clone()).collect();
    let sessions = account.sessions_on_targets(&limited).await?;
    fleet.note_sources(&sessions, own);
    Ok(())
}

/// The targets that the configuration lists, those that a tag may name among them, without those that are still unknown.
pub fn listed_targets(model: &CoverageModel) -> BTreeSet<String> {
    let listed = model.traffic_mirror_target_ids.known().into_iter().flatten();
    let by_tag = override_argument::read(&model.override_rule)
        .rule
        .unwrap_or_default();
    listed
        .filter_map(|id| id.known().cloned())
        .chain(by_tag.target_ids)
        .collect()
}

/// Notes who receives what the visible targets take, and where the listed ones receive. One that is listed and not visible has
/// an empty site.
async fn look_at_targets(
    account: &Account,
    fleet: &mut Fleet,
    visible: &[MirrorTarget],
    listed: &BTreeSet<String>,
) -> Result<(), Ec2Error> {
    let zones = fleet.zones();
    let (sensors, sites) =
        tokio::try_join!(account.sensors(visible), account.sites(visible, listed, &zones))?;
    fleet.note_sensors(visible, sensors.instance_ids);
    note_sites(fleet, sites.sites, listed);
    selection::note_unseen(fleet, sensors.unseen.iter().chain(&sites.unseen));
    Ok(())
}

/// Notes where these targets receive, which were listed since the fleet was looked at, and who does. `late`: the first plan did not
/// know them.
pub async fn look_at_new_targets(
    account: &Account,
    fleet: &mut Fleet,
    ids: &BTreeSet<String>,
    late: bool,
) -> Result<(), Ec2Error> {
    let visible = account.all_targets().await?;
    let zones = fleet.zones();
    let sites = account.sites(&visible, ids, &zones).await?;
    note_sites(fleet, sites.sites, ids);
    let new: Vec<MirrorTarget> = visible
        .iter()
        .filter(|target| ids.contains(&target.id))
        .cloned()
        .collect();
    let sensors = account.sensors(&new).await?;
    fleet.note_new_sensors(&new, sensors.instance_ids, late);
    selection::note_unseen(fleet, sites.unseen.iter().chain(&sensors.unseen));
    Ok(())
}

fn note_sites(fleet: &mut Fleet, sites: BTreeMap<String, TargetSite>, listed: &BTreeSet<String>) {
    fleet.targets.extend(sites);
    for id in listed {
        fleet.targets.entry(id.clone()).or_default();
    }
}

/// The sessions that the coverage of this name and id may change, given the sessions of its state: its own, and what creates
/// of its name left behind that were killed before their state was saved.
pub fn own<'a>(
    sessions: &'a [MirrorSession],
    name: &str,
    id: Option<&CoverageId>,
    recorded: &Rows,
) -> Vec<&'a MirrorSession> {
    let ownership = Ownership { id, recorded };
    sessions
        .iter()
        .filter(|session| ownership.owns(session) || is_left(&session.tags, name))
        .collect()
}

/// The mark of the process that made a session or filter of this name which is still pending.
pub fn maker_of(tags: &Tags, name: &str) -> Option<String> {
    Owner::of(tags).filter(|owner| owner.name == name)?.pending
}

/// Whether a session or filter with these tags was left behind by a create of this name that was killed.
pub fn is_left(tags: &Tags, name: &str) -> bool {
    maker_of(tags, name).is_some_and(|mark| maker::of(&mark) == Maker::Gone)
}

/// Settled ids of other objects whose sessions carry this name.
pub fn namesakes(sessions: &[MirrorSession], name: &str, id: Option<&CoverageId>) -> BTreeSet<String> {
    sessions
        .iter()
        .filter_map(|session| Owner::of(&session.tags))
        .filter(|owner| owner.name == name && owner.pending.is_none() && Some(&owner.id) != id)
        .map(|owner| owner.id.to_string())
        .collect()
}

/// Other objects of this name whose create may still run where this process cannot look, and until when, in Unix seconds.
pub fn in_the_making(
    sessions: &[MirrorSession],
    name: &str,
    id: Option<&CoverageId>,
) -> BTreeMap<String, u64> {
    let owners = sessions
        .iter()
        .filter_map(|session| Owner::of(&session.tags))
        .filter(|owner| owner.name == name && Some(&owner.id) != id);
    owners
        .filter_map(|owner| match maker::of(owner.pending.as_deref()?) {
            Maker::Elsewhere { until } => Some((owner.id.to_string(), until)),
            Maker::Runs | Maker::Gone => None,
        })
        .collect()
}

/// The coverage's id as its state has it.
pub fn id_of(model: &CoverageModel) -> Option<CoverageId> {
    model.id.as_str().and_then(|id| id.parse().ok())
}

/// The sessions of the object that a plan changes; none for a create.
pub fn prior_rows(request: &PlanRequest<CoverageModel, CoverageIdentity>) -> Rows {
    let prior = request.prior.as_ref();
    prior.map(|prior| rows(&prior.sessions)).unwrap_or_default()
}

/// The id of the object that a plan changes; none for a create.
pub fn prior_id(request: &PlanRequest<CoverageModel, CoverageIdentity>) -> Option<CoverageId> {
    request.prior.as_ref().and_then(id_of)
}
