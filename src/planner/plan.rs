//! The planned sessions: a pure function of the configuration, the fleet and the sessions of the state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Candidate, EligibilityRules, Fleet, Limits, Member, Placement, PlacementTarget, PlannedChange, Reason,
    Source, Surroundings, Violation, VirtualNetwork, VirtualNetworkError, check_limits, ineligible, place,
    virtual_network_ids,
};

/// The value of an argument while planning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<T> {
    /// Left out.
    Unset,
    /// Known only at apply.
    Unknown,
    Set(T),
}

/// The part of the configuration that decides the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// False removes every session.
    pub enabled: bool,
    /// Traffic mirror targets in the order of the configuration; none for one that is known only at apply.
    pub targets: Vec<Option<String>>,
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
}

/// A selected interface that gets no session.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Whether nothing has a session and nothing gets one.
    pub empty: bool,
}

/// Selected interfaces that can never have a session, and why. `prior` holds the sessions of the state.
pub fn skips(
    rules: &EligibilityRules,
    fleet: &Fleet,
    prior: &BTreeMap<String, Row>,
) -> BTreeMap<String, Skip> {
    let around = Surroundings {
        sensor_instance_ids: &fleet.sensor_instance_ids,
        target_interface_ids: &fleet.target_interface_ids,
        refused: &fleet.refused,
        needs_of_instance: None,
    };
    let skip = |id: &String, member: &Member| {
        let candidate = Candidate {
            id,
            instance_id: member.instance_id.as_deref(),
            instance_type: member.instance_type.as_deref(),
            interface_type: &member.interface_type,
            ..Candidate::default()
        };
        let (reason, detail) = ineligible(rules, &around, &candidate)?;
        // EC2 has accepted a session that exists: a table is no reason to take it away.
        let exists = prior.get(id).is_some_and(|row| row.id.is_some());
        (!exists || reason != Reason::UnsupportedInstanceType).then(|| Skip {
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
    let mut skipped = skips(&wish.eligibility, fleet, prior);
    let summary = summary(fleet, &skipped);
    let mut sessions = BTreeMap::new();
    if wish.enabled {
        for (interface, member) in fleet
            .interfaces
            .iter()
            .filter(|(id, _)| !skipped.contains_key(*id))
        {
            sessions.insert(
                interface.clone(),
                row(wish, fleet, prior.get(interface), interface, member),
            );
        }
    }
    let exists = |id: &String| prior.get(id).is_some_and(|row| row.id.is_some());
    let in_state = prior.keys().filter(|id| exists(id)).count();
    let stays = sessions.keys().filter(|id| exists(id)).count();
    let verdict = check_limits(
        &wish.limits,
        &PlannedChange {
            enabled: wish.enabled,
            creates: sessions.keys().filter(|id| !exists(id)).cloned().collect(),
            deletes: in_state - stays,
            stays,
            // EC2 deletes a session with its interface: what is still in the state after a refresh has one.
            deletes_of_existing_interfaces: in_state - stays,
            in_state,
            eligible: summary.eligible,
        },
    );
    for waiting in &verdict.waiting {
        if let Some(row) = sessions.remove(waiting) {
            let detail = verdict.waiting_detail.clone();
            let skip = Skip {
                instance_id: row.instance_id,
                reason: Reason::MaxCreates,
                detail,
            };
            skipped.insert(waiting.clone(), skip);
        }
    }
    assign_targets(wish, &mut sessions);
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
        empty: verdict.empty,
    })
}

fn row(wish: &Wish, fleet: &Fleet, prior: Option<&Row>, interface: &str, member: &Member) -> Row {
    // A row without an id is one whose creation failed: it is planned like a new one.
    let existing = prior.filter(|row| row.id.is_some());
    let base = existing.map(|row| fleet.intended.get(interface).unwrap_or(row));
    let stays = |target: &String| wish.targets.iter().flatten().any(|listed| listed == target);
    Row {
        id: existing.and_then(|row| row.id.clone()),
        instance_id: member.instance_id.clone(),
        traffic_mirror_target_id: base
            .and_then(|row| row.traffic_mirror_target_id.clone())
            .filter(stays),
        session_number: match wish.session_number {
            Wanted::Set(number) => Some(number),
            Wanted::Unknown => None,
            Wanted::Unset => base.and_then(|row| row.session_number),
        },
        virtual_network_id: base.and_then(|row| row.virtual_network_id),
    }
}

/// Gives a target to each row that has none, unless one of the targets is still unknown: then the choice waits.
fn assign_targets(wish: &Wish, sessions: &mut BTreeMap<String, Row>) {
    let Some(targets) = wish
        .targets
        .iter()
        .map(Option::as_deref)
        .collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let listed: Vec<PlacementTarget> = targets
        .iter()
        .map(|target| PlacementTarget {
            target_id: (*target).to_owned(),
            ..PlacementTarget::default()
        })
        .collect();
    let sources: Vec<Source<'_>> = sessions
        .iter()
        .map(|(id, row)| Source {
            id,
            current: row.traffic_mirror_target_id.as_deref(),
            ..Source::default()
        })
        .collect();
    let placed: Vec<(String, String)> = place(Placement::Balanced, &listed, &sources)
        .into_iter()
        .filter_map(|(id, placed)| Some((id.to_owned(), placed.ok()?)))
        .collect();
    for (interface, target) in placed {
        if let Some(row) = sessions.get_mut(&interface) {
            row.traffic_mirror_target_id = Some(target);
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
