//! What EC2 tells of a coverage whose state is lost, for imports and queries.
//!
//! What its sessions have in common becomes arguments, what only an argument can have led to becomes that argument, and where the
//! sessions differ for no reason that shows, each stays as it was found ([`AsFound`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::convert::{self, Rows};
use super::found_words::in_words;
use super::model::CoverageModel;
use super::observe::{ObserveError, Selecting, observe};
use super::owned_filter;
use super::plan_words::LOAD_BALANCER_LENGTH;
use super::read::row;
use crate::ec2::Account;
use crate::framework::Attr;
use crate::planner::{
    self, AllAsFound, AsFound, COVERAGE_ID_TAG, COVERAGE_TAG, FilterAsFound, Fleet, MirrorFilter,
    MirrorSession, NAME_TAG, Owner, Reason, Row, Skip, Tags, TargetKind, filter_repair,
};
use crate::provider::TagPolicy;
use crate::selection::SelectorBlock;

/// A coverage as it was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Its arguments and sessions.
    pub state: CoverageModel,
    /// Private data that says what is left as it is; empty when nothing is.
    pub private: Vec<u8>,
    /// What is left as it is, in words, a line each.
    pub left: Vec<String>,
}

/// Looks at what the sessions of an object were made from. An object without any is known by the filter that it owns.
pub(super) async fn found(
    account: &Account,
    policy: &TagPolicy,
    owner: &Owner,
    own: &[&MirrorSession],
) -> Result<Found, ObserveError> {
    let filters = account.filters_to_read().await?;
    let own_filter = filters
        .iter()
        .find(|filter| owned_filter::is_of(filter, &owner.id));
    let by_interface = planner::by_interface(own.iter().copied(), &Rows::new());
    // Further sessions of an interface tell nothing of the arguments.
    let sessions: Vec<&MirrorSession> = by_interface
        .values()
        .filter_map(|sessions| sessions.first().copied())
        .collect();
    let mut state = state(account, policy, owner, &sessions, own_filter);
    if let Some(filter) = own_filter {
        // No configuration names it.
        state.traffic_mirror_filter_id = Attr::Null;
        state.filter_id = filter.id.as_str().into();
    }
    if sessions.is_empty() {
        let tags = own_filter.map(|filter| filter.tags.clone()).unwrap_or_default();
        set_tags(&mut state, policy, tags);
        let fleet = Fleet {
            filter_as_found: filter_as_found(&state, policy, own_filter),
            ..Fleet::default()
        };
        return left(state, fleet, &BTreeMap::new());
    }
    let candidates = differing_tags(policy, &sessions, &convert::known_strings(&state.tags_all));
    // Asked for, the instance tags of these keys are looked up.
    state.copy_tags = list(candidates.iter().map(String::as_str));
    let selecting = Selecting::of(&state).unwrap_or_default();
    let rows = convert::rows(&state.sessions);
    let (fleet, _) = observe(
        account,
        &selecting,
        &state,
        Some(&owner.id),
        &rows,
        &BTreeSet::new(),
    )
    .await?;
    let copied: BTreeSet<&str> = candidates
        .iter()
        .filter(|key| !is_reserved(key) && is_copied(&sessions, &fleet, key))
        .map(String::as_str)
        .collect();
    state.copy_tags = list(copied.iter().copied());
    let lengths: BTreeSet<Option<i64>> = sessions.iter().map(|session| length(session, &fleet)).collect();
    state.packet_length = Attr::from_option(only(lengths).flatten());
    let against_the_rules = admit(&mut state, &fleet);
    let is_told = |session: &MirrorSession, key: &str| match candidates.contains(key) {
        true => copied.contains(key) && is_copy(session, &fleet, key) == Some(true),
        false => true,
    };
    let fleet = Fleet {
        as_found: as_found(&state, &fleet, &by_interface, &is_told, &against_the_rules),
        filter_as_found: filter_as_found(&state, policy, own_filter),
        ..Fleet::default()
    };
    left(state, fleet, &against_the_rules)
}

/// The coverage with what the fleet leaves as it is.
fn left(
    state: CoverageModel,
    fleet: Fleet,
    against_the_rules: &BTreeMap<String, Skip>,
) -> Result<Found, ObserveError> {
    let left = in_words(&fleet, against_the_rules);
    let private = match left.is_empty() {
        true => Vec::new(),
        false => fleet.encode()?.into_bytes(),
    };
    Ok(Found { state, private, left })
}

/// A list argument; one without values is left out.
fn list<'a>(values: impl Iterator<Item = &'a str>) -> Attr<Vec<Attr<String>>> {
    let values: Vec<Attr<String>> = values.map(Attr::from).collect();
    match values.is_empty() {
        true => Attr::Null,
        false => Attr::Known(values),
    }
}

/// EC2 knows the sessions and not the selector: the state selects their interfaces by id.
fn state(
    account: &Account,
    policy: &TagPolicy,
    owner: &Owner,
    own: &[&MirrorSession],
    own_filter: Option<&MirrorFilter>,
) -> CoverageModel {
    let distinct = |value: fn(&MirrorSession) -> &str| -> BTreeSet<&str> {
        own.iter().map(|session| value(session)).collect()
    };
    let interfaces = distinct(|session| &session.network_interface_id);
    let selector = SelectorBlock {
        network_interface_ids: list(interfaces.into_iter()),
        ..SelectorBlock::default()
    };
    // A block without any criterion would mean nothing that can be written.
    let selectors = match own.is_empty() {
        true => Vec::new(),
        false => vec![Attr::Known(selector)],
    };
    let targets = distinct(|session| &session.traffic_mirror_target_id);
    let filter = Attr::from_option(commonest(own));
    let descriptions: BTreeSet<Option<&str>> = own.iter().map(|s| s.description.as_deref()).collect();
    let mut state = CoverageModel {
        name: owner.name.as_str().into(),
        region: account.region().into(),
        id: owner.id.as_str().into(),
        // What it selected and where it sent that is not known of one without sessions: switched off it needs neither.
        enabled: if own.is_empty() { false.into() } else { Attr::Null },
        selector: Attr::Known(selectors),
        traffic_mirror_target_ids: Attr::Known(targets.into_iter().map(Attr::from).collect()),
        traffic_mirror_filter_id: filter.clone(),
        filter_id: filter,
        description: only(descriptions)
            .flatten()
            .filter(|text| !text.is_empty())
            .map_or(Attr::Null, |text| Attr::Known(literal(text))),
        sessions: convert::sessions(&own_rows(own), false),
        ..CoverageModel::default()
    };
    let mut tags = common_tags(own);
    // `tags` are those of the filter too.
    tags.retain(|key, value| own_filter.is_none_or(|filter| filter.tags.get(key) == Some(value)));
    set_tags(&mut state, policy, tags);
    state
}

/// The arguments that lead to these tags.
fn set_tags(state: &mut CoverageModel, policy: &TagPolicy, mut all: Tags) {
    all.retain(|key, _| !is_ours(key) && !is_reserved(key) && !policy.ignored().contains(key));
    let mut tags = all.clone();
    tags.retain(|key, value| !policy.is_default(key, value));
    state.tags = match tags.is_empty() {
        true => Attr::Null,
        false => convert::strings(tags),
    };
    state.tags_all = convert::strings(all);
}

/// The one value, if there is one.
fn only<T>(values: BTreeSet<T>) -> Option<T> {
    let single = values.len() == 1;
    values.into_iter().next().filter(|_| single)
}

/// The template that yields this text.
fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// What a network load balancer calls the whole packet is no argument; to another kind of target it is a length.
fn length(session: &MirrorSession, fleet: &Fleet) -> Option<i64> {
    let site = fleet.targets.get(&session.traffic_mirror_target_id);
    let kind = site.and_then(|site| site.kind);
    let is_whole = kind.is_none_or(|kind| kind == TargetKind::NetworkLoadBalancer);
    session
        .packet_length
        .filter(|length| *length != LOAD_BALANCER_LENGTH || !is_whole)
}

/// The filter of most sessions.
fn commonest(own: &[&MirrorSession]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for session in own {
        *counts.entry(&session.traffic_mirror_filter_id).or_default() += 1;
    }
    let most = counts
        .into_iter()
        .max_by_key(|(id, count)| (*count, Reverse(*id)));
    most.map(|(id, _)| id.to_owned())
}

fn own_rows(own: &[&MirrorSession]) -> Rows {
    let row_of = |session: &&MirrorSession| {
        let row = row(session, &Row::default());
        (session.network_interface_id.clone(), row)
    };
    own.iter().map(row_of).collect()
}

/// Tags that the provider writes itself, or that are AWS's.
fn is_ours(key: &str) -> bool {
    [COVERAGE_TAG, COVERAGE_ID_TAG, NAME_TAG].contains(&key) || key.starts_with("aws:")
}

/// Whether no argument can write this tag.
fn is_reserved(key: &str) -> bool {
    key.starts_with("mirror:")
}

/// The tags that all sessions share.
fn common_tags(own: &[&MirrorSession]) -> Tags {
    let Some((first, others)) = own.split_first() else {
        return Tags::new();
    };
    let mut tags = first.tags.clone();
    tags.retain(|key, value| others.iter().all(|session| session.tags.get(key) == Some(value)));
    tags
}

/// Keys of the other tags.
fn differing_tags(policy: &TagPolicy, own: &[&MirrorSession], common: &Tags) -> BTreeSet<String> {
    let ignored = policy.ignored();
    own.iter()
        .flat_map(|session| session.tags.keys())
        .filter(|key| !is_ours(key) && !ignored.contains(key) && !common.contains_key(*key))
        .cloned()
        .collect()
}

/// Whether the session has this tag of its instance, or both have none; none where its instance is not visible.
fn is_copy(session: &MirrorSession, fleet: &Fleet, key: &str) -> Option<bool> {
    let member = fleet.interfaces.get(&session.network_interface_id)?;
    member.instance_id.as_ref()?;
    Some(session.tags.get(key) == member.tags.get(key))
}

/// Whether this tag is on every session that whoever copies it from the instances would write it on, and on no other.
fn is_copied(sessions: &[&MirrorSession], fleet: &Fleet, key: &str) -> bool {
    let judged = |session: &&&MirrorSession| is_copy(session, fleet, key).is_some();
    let is_visible = sessions
        .iter()
        .filter(judged)
        .any(|session| session.tags.contains_key(key));
    is_visible
        && sessions
            .iter()
            .all(|session| is_copy(session, fleet, key) != Some(false))
}

/// Sets the arguments without which these interfaces could have no session; those that none admits, and why.
fn admit(state: &mut CoverageModel, fleet: &Fleet) -> BTreeMap<String, Skip> {
    let mut types = BTreeSet::new();
    loop {
        let wish = state.wish().unwrap_or_default();
        let skips = planner::skips(&wish, fleet, &Rows::new());
        let before = (wish.eligibility, types.len());
        for (interface, skip) in &skips {
            match skip.reason {
                // EC2 lets nobody mirror what a target delivers to.
                Reason::Sensor if fleet.target_interface_ids.contains(interface) => {}
                Reason::Sensor => state.include_sensors = true.into(),
                Reason::RequesterManaged => state.include_requester_managed = true.into(),
                Reason::UnsupportedInstanceType => {
                    let member = fleet.interfaces.get(interface);
                    types.extend(member.and_then(|member| member.instance_type.clone()));
                    state.try_instance_types = list(types.iter().map(String::as_str));
                }
                _ => {}
            }
        }
        let now = state.wish().unwrap_or_default().eligibility;
        if (now, types.len()) == before {
            return skips;
        }
    }
}

/// What of each session no argument says. `is_told`: whether the arguments have led to this tag of this session, or nobody asks.
fn as_found(
    state: &CoverageModel,
    fleet: &Fleet,
    sessions: &BTreeMap<String, Vec<&MirrorSession>>,
    is_told: &dyn Fn(&MirrorSession, &str) -> bool,
    against_the_rules: &BTreeMap<String, Skip>,
) -> AllAsFound {
    let found = |session: &MirrorSession, second: &[&MirrorSession]| {
        let filter = &session.traffic_mirror_filter_id;
        let is_other = state.filter_id.as_str() != Some(filter);
        let odd = |key: &&String| !is_told(session, key);
        AsFound {
            traffic_mirror_filter_id: is_other.then(|| filter.clone()),
            packet_length: length(session, fleet).filter(|_| state.packet_length.is_null()),
            tag_keys: session.tags.keys().filter(odd).cloned().collect(),
            stays: against_the_rules.contains_key(&session.network_interface_id),
            second_session_ids: second.iter().map(|session| session.id.clone()).collect(),
        }
    };
    sessions
        .iter()
        .filter_map(|(interface, sessions)| {
            let (first, second) = sessions.split_first()?;
            Some((interface.clone(), found(first, second)))
        })
        .filter(|(_, found)| *found != AsFound::default())
        .collect()
}

/// What of the coverage's own filter no argument says.
fn filter_as_found(
    state: &CoverageModel,
    policy: &TagPolicy,
    filter: Option<&MirrorFilter>,
) -> FilterAsFound {
    let Some(filter) = filter else {
        return FilterAsFound::default();
    };
    let written = convert::known_strings(&state.tags_all);
    let ignored = policy.ignored();
    let odd = |key: &&String| !is_ours(key) && !ignored.contains(key) && !written.contains_key(*key);
    FilterAsFound {
        id: filter.id.clone(),
        rules: filter_repair(filter).found.into_iter().collect(),
        tag_keys: filter.tags.keys().filter(odd).cloned().collect(),
    }
}

#[cfg(test)]
#[path = "found_tests.rs"]
mod tests;
