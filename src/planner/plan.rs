//! The planned sessions: a pure function of the configuration, the fleet and the sessions of the state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fleet, Member, Reason, place};

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
}

/// Selected interfaces that can never have a session, and why.
pub fn skips(fleet: &Fleet) -> BTreeMap<String, Skip> {
    fleet
        .interfaces
        .iter()
        .filter_map(|(id, member)| Some((id.clone(), skip(member)?)))
        .collect()
}

fn skip(member: &Member) -> Option<Skip> {
    // The source of a session is an interface of type `interface` (CreateTrafficMirrorSession); compared with what is
    // allowed, since model and wire spell the other types differently.
    (member.interface_type != "interface").then(|| Skip {
        instance_id: member.instance_id.clone(),
        reason: Reason::UnsupportedInterface,
        detail: format!("interface type {}", member.interface_type),
    })
}

/// Plans the sessions. `prior` holds the sessions of the state.
pub fn plan(wish: &Wish, fleet: &Fleet, prior: &BTreeMap<String, Row>) -> Plan {
    let skipped = skips(fleet);
    let summary = Summary {
        matched: fleet.interfaces.len(),
        eligible: fleet.interfaces.len() - skipped.len(),
        skipped: skipped.len(),
    };
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
        assign_targets(wish, &mut sessions);
    }
    Plan {
        sessions,
        skipped,
        summary,
    }
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
    let mut load = BTreeMap::new();
    for target in sessions
        .values()
        .filter_map(|row| row.traffic_mirror_target_id.as_deref())
    {
        *load.entry(target).or_insert(0) += 1;
    }
    let new = sessions
        .iter()
        .filter(|(_, row)| row.traffic_mirror_target_id.is_none())
        .map(|(id, _)| id.as_str());
    let placed: Vec<(String, String)> = place(&targets, &load, new)
        .into_iter()
        .map(|(id, target)| (id.to_owned(), target.to_owned()))
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
