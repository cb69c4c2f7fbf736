//! The planned sessions: a pure function of the configuration, the fleet and the sessions of the state.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::rows::{assign_targets, existing, row};
use super::{
    Candidate, EligibilityRules, Fleet, Limits, Member, Override, Pick, Placement, PlannedChange, Reason,
    Surroundings, Violation, VirtualNetwork, VirtualNetworkError, check_limits, ineligible, late, room,
    virtual_network_ids,
};

/// The value of an argument while planning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted<T> {
    /// Left out.
    #[default]
    Unset,
    /// Known only at apply.
    Unknown,
    Set(T),
}

/// The part of the configuration that decides the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// False removes every session.
    pub enabled: bool,
    /// Traffic mirror targets in the order of the configuration; none for one that is known only at apply.
    pub targets: Vec<Option<String>>,
    pub placement: Placement,
    pub override_rule: Override,
    /// What the templates read of an instance, in words; empty when they read nothing of it.
    pub templates_read: Vec<String>,
    /// Whether interfaces without room are skipped; otherwise they are an error.
    pub allow_partial: bool,
    /// A fixed number, or one chosen at apply for each interface.
    pub session_number: Wanted<i64>,
    pub virtual_network: VirtualNetwork,
    pub eligibility: EligibilityRules,
    pub limits: Limits,
}

/// One session of the state or of the plan. Where a value is none, EC2 decides it at apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub id: Option<String>,
    /// None for an interface without a visible instance.
    pub instance_id: Option<String>,
    pub traffic_mirror_target_id: Option<String>,
    pub session_number: Option<i64>,
    pub virtual_network_id: Option<i64>,
    /// Only where the instance's tag picked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_mirror_filter_id: Option<String>,
}

/// A selected interface that gets no session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    pub instance_id: Option<String>,
    pub reason: Reason,
    /// What was found, in words.
    pub detail: String,
}

/// Counts that the plan knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Selected interfaces.
    pub matched: usize,
    /// Of them, those that can have a session.
    pub eligible: usize,
    /// Of them, those that cannot.
    pub skipped: usize,
}

/// The outcome, by interface id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub sessions: BTreeMap<String, Row>,
    pub skipped: BTreeMap<String, Skip>,
    pub summary: Summary,
    /// Limits that the plan breaks: it must not be carried out.
    pub violations: Vec<Violation>,
    /// Interfaces that lack room although partial coverage is not allowed, and why: the plan must not be carried out.
    pub without_room: BTreeMap<String, Skip>,
    /// Targets that would get more sources than they take, others' included, in words, by id: the plan must not be carried
    /// out.
    pub overfull: BTreeMap<String, String>,
    /// Sessions that were listed while a target was unknown, and that the target turns out to forbid: they are not made or changed.
    pub late_refusals: BTreeMap<String, Skip>,
    /// Whether nothing has a session and nothing gets one.
    pub empty: bool,
}

/// Selected interfaces that can never have a session, and why. `prior` holds the sessions of the state.
pub fn skips(wish: &Wish, fleet: &Fleet, prior: &BTreeMap<String, Row>) -> BTreeMap<String, Skip> {
    let needs: Vec<String> = wish
        .override_rule
        .needs_of_instance()
        .into_iter()
        .chain(wish.templates_read.iter().cloned())
        .collect();
    let skip = |id: &String, member: &Member| {
        let needs: Vec<&str> = member
            .undecided
            .iter()
            .chain(&needs)
            .map(String::as_str)
            .collect();
        let needs = (!needs.is_empty()).then(|| needs.join(", and "));
        let around = Surroundings {
            sensor_instance_ids: &fleet.sensor_instance_ids,
            target_interface_ids: &fleet.target_interface_ids,
            refused: &fleet.refused,
            needs_of_instance: needs.as_deref(),
        };
        // EC2 has accepted a session that exists: a table is no reason to take it away.
        let exists = existing(fleet, prior, id).is_some();
        let stays = fleet.as_found.get(id).is_some_and(|found| found.stays);
        let never = ineligible(&wish.eligibility, &around, &candidate(id, member))
            .filter(|(reason, _)| !exists || !(stays || *reason == Reason::UnsupportedInstanceType));
        let (reason, detail) = never.or_else(|| {
            let waits = wish.override_rule.unknown_target_ids;
            refused_override(wish, member, waits).map(|detail| (Reason::OverrideRefused, detail))
        })?;
        Some(Skip {
            instance_id: member.instance_id.clone(),
            reason,
            detail,
        })
    };
    fleet
        .interfaces
        .iter()
        .filter_map(|(id, member)| Some((id.clone(), skip(id, member)?)))
        .collect()
}

/// The facts about an interface that decide whether it can be a source.
pub(super) fn candidate<'a>(id: &'a str, member: &'a Member) -> Candidate<'a> {
    Candidate {
        id,
        instance_id: member.instance_id.as_deref(),
        instance_type: member.instance_type.as_deref(),
        interface_type: &member.interface_type,
        unattached: member.unattached,
        requester_managed: member.requester_managed,
        requester_id: member.requester_id.as_deref(),
        operator: member.operator.as_deref(),
    }
}

/// Why the instance's tags must not be followed. While it `waits`, what is not listed may yet turn out to be a target that is
/// known only at apply.
pub(super) fn refused_override(wish: &Wish, member: &Member, waits: bool) -> Option<String> {
    let rule = &wish.override_rule;
    [
        (rule.target(&member.tags), waits),
        (rule.filter(&member.tags), false),
    ]
    .into_iter()
    .find_map(|(pick, waits)| match pick {
        Pick::Contradictory(detail) => Some(detail),
        Pick::Unlisted(detail) if !waits => Some(detail),
        _ => None,
    })
}

/// Counts of the selected interfaces, of which `never` can never have a session.
pub fn summary(fleet: &Fleet, never: &BTreeMap<String, Skip>) -> Summary {
    let (matched, skipped) = (fleet.interfaces.len(), never.len());
    Summary {
        matched,
        eligible: matched - skipped,
        skipped,
    }
}

/// Plans the sessions. `prior` holds the sessions of the state.
///
/// # Errors
///
/// When the range of virtual network ids is too small.
pub fn plan(wish: &Wish, fleet: &Fleet, prior: &BTreeMap<String, Row>) -> Result<Plan, VirtualNetworkError> {
    let first = late::first(wish, fleet);
    let mut skipped = skips(&first, fleet, prior);
    let summary = summary(fleet, &skipped);
    let mut sessions = BTreeMap::new();
    if wish.enabled {
        let eligible = fleet
            .interfaces
            .iter()
            .filter(|(id, _)| !skipped.contains_key(*id));
        sessions.extend(eligible.map(|(id, member)| (id.clone(), row(wish, fleet, prior, id, member))));
    }
    // Room comes before limits: what is counted is what remains, and who waits for the next apply had room in this one.
    let mut without_room = room::beyond_interface(fleet, &sessions);
    sessions.retain(|id, _| !without_room.contains_key(id));
    // What the first plan showed while it did not know every target cannot go any more, nor can what it skipped come: without a
    // target it becomes a failure of the apply.
    let before = late::places(fleet, &sessions);
    let unplaced = assign_targets(&first, fleet, &mut sessions, &BTreeSet::new(), &BTreeMap::new());
    sessions.retain(|id, _| !unplaced.contains_key(id));
    without_room.extend(unplaced);
    let beyond = room::beyond_region(fleet, &sessions, &new(fleet, &sessions));
    sessions.retain(|id, _| !beyond.contains_key(id));
    without_room.extend(beyond);
    let overfull = match wish.allow_partial || fleet.late_targets {
        true => BTreeMap::new(),
        false => room::overfull(wish, fleet, &sessions, prior),
    };
    let change = change(wish, fleet, prior, &sessions, &without_room, summary);
    let verdict = check_limits(&wish.limits, &change);
    for waiting in &verdict.waiting {
        if let Some(row) = sessions.remove(waiting) {
            let skip = Skip {
                instance_id: row.instance_id,
                reason: Reason::MaxCreates,
                detail: verdict.waiting_detail.clone(),
            };
            skipped.insert(waiting.clone(), skip);
        }
    }
    let late_refusals = match fleet.late_targets {
        true => late::assign_rest(wish, fleet, &mut sessions, before),
        false => BTreeMap::new(),
    };
    if wish.allow_partial {
        skipped.append(&mut without_room);
    }
    let drawn = sessions
        .iter()
        .map(|(id, row)| (id.as_str(), row.virtual_network_id))
        .collect();
    let ids = virtual_network_ids(wish.virtual_network, &drawn)?;
    let ids: BTreeMap<String, Option<i64>> = ids.into_iter().map(|(id, vni)| (id.to_owned(), vni)).collect();
    for (interface, row) in &mut sessions {
        row.virtual_network_id = ids.get(interface).copied().flatten();
    }
    Ok(Plan {
        sessions,
        skipped,
        summary,
        violations: verdict.violations,
        without_room,
        overfull,
        late_refusals,
        empty: verdict.empty,
    })
}

/// Interfaces whose session is still to be made, in the order in which they get room and their turn: those whose session could not
/// be made come last, or they would hold up all others for ever.
fn new(fleet: &Fleet, sessions: &BTreeMap<String, Row>) -> Vec<String> {
    let new = sessions.iter().filter(|(_, row)| row.id.is_none());
    let mut new: Vec<String> = new.map(|(id, _)| id.clone()).collect();
    new.sort_by_key(|id| fleet.failed_creates(id));
    new
}

/// What the plan changes, of which `sessions` have room.
fn change(
    wish: &Wish,
    fleet: &Fleet,
    prior: &BTreeMap<String, Row>,
    sessions: &BTreeMap<String, Row>,
    without_room: &BTreeMap<String, Skip>,
    summary: Summary,
) -> PlannedChange {
    let recorded = |id: &&String| prior.get(*id).is_some_and(|row| row.id.is_some());
    let exists = |id: &&String| existing(fleet, prior, id).is_some();
    // Where missing room is an error of its own, nobody loses a session for it.
    let refused: Vec<&String> = without_room.keys().filter(|_| !wish.allow_partial).collect();
    let kept = || sessions.keys().chain(refused.iter().copied());
    let second = fleet.surplus().count();
    let in_state = prior.keys().filter(recorded).count();
    let replaced = fleet.replaced.saturating_add(second);
    let deletes = (in_state - kept().filter(recorded).count()).saturating_add(replaced);
    PlannedChange {
        enabled: wish.enabled,
        creates: new(fleet, sessions),
        lacking: refused.iter().filter(|id| !exists(id)).count(),
        deletes,
        stays: kept().filter(exists).count(),
        // EC2 deletes a session with its interface: what is still in the state after a refresh has one.
        deletes_of_existing_interfaces: deletes,
        in_state: in_state + replaced,
        eligible: summary.eligible,
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "plan_room_tests.rs"]
mod room_tests;
