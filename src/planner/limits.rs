//! What `limits` lets a plan do.

use std::collections::BTreeSet;

use strum::Display;

use super::Limit;

/// The argument `limits`. None: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Sessions of the coverage; a share is of the eligible interfaces.
    pub max_sessions: Option<Limit>,
    /// Sessions that one apply makes; a share is of the eligible interfaces.
    pub max_creates: Option<Limit>,
    /// Sessions that one apply deletes; a share is of the sessions in the state.
    pub max_deletes: Option<Limit>,
    /// Sources that a network interface target takes, where AWS's list of instance types is older than the target's.
    pub max_sources_per_target: Option<usize>,
    /// Whether a plan may delete every session although their interfaces still exist.
    pub allow_empty: bool,
}

/// What a plan would do without limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlannedChange {
    /// False: the user asked for no session, and no limit stands in the way.
    pub enabled: bool,
    /// Interfaces that would get their session and have room for it, in the order in which they get it.
    pub creates: Vec<String>,
    /// New sessions for which there is no room where that is an error; where they are skipped, 0.
    pub lacking: usize,
    /// Sessions that would be deleted, second ones of an interface and those of a replaced object among them.
    pub deletes: usize,
    /// Sessions that exist and stay, moved ones included.
    pub stays: usize,
    /// Of the sessions to delete, those whose interface still exists.
    pub deletes_of_existing_interfaces: usize,
    /// Sessions in the state, second ones of an interface and those of a replaced object.
    pub in_state: usize,
    /// Selected interfaces that can have a session.
    pub eligible: usize,
}

/// One argument of `limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Display)]
#[strum(serialize_all = "snake_case")]
pub enum LimitArgument {
    MaxSessions,
    MaxCreates,
    MaxDeletes,
    AllowEmpty,
}

/// A limit that the plan breaks: a plan error at `limits.ARGUMENT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub argument: LimitArgument,
    /// What failed, for the title.
    pub title: String,
    /// The numbers and the ways out.
    pub detail: String,
}

/// What the limits make of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitVerdict {
    pub violations: Vec<Violation>,
    /// Interfaces that wait for the next plan, `MAX_CREATES` in `skipped`: all but the first.
    pub waiting: BTreeSet<String>,
    /// What `skipped` says of them; empty when none waits.
    pub waiting_detail: String,
    /// Whether the plan is of a coverage that has no session and gets none, which deserves a warning.
    pub empty: bool,
}

/// `terraform destroy` runs an ordinary plan before the one that destroys, so a limit can stop it.
const WAY_OUT: &str = "To remove every session, set enabled = false, which no limit stops. If this came up in \
     terraform destroy, run terraform destroy -refresh=false.";

/// Checks a plan against the limits.
///
/// Creates that exceed `max_creates` wait; whoever waits counts for `max_sessions` all the same, so that a selector that
/// matches too much is noticed by the first plan of a staged roll-out and not by its last.
pub fn check_limits(limits: &Limits, change: &PlannedChange) -> LimitVerdict {
    if !change.enabled {
        return LimitVerdict::default();
    }
    let wanted = change.stays + change.creates.len() + change.lacking;
    let mut verdict = LimitVerdict {
        empty: wanted == 0 && change.in_state == 0,
        ..LimitVerdict::default()
    };
    if let Some(limit) = limits.max_creates {
        let allowed = limit.allowed(change.eligible);
        verdict.waiting = change.creates.iter().skip(allowed).cloned().collect();
        if !verdict.waiting.is_empty() {
            // Without counts: they change by every stage, and with them each interface that still waits.
            verdict.waiting_detail =
                format!("limits.max_creates = \"{limit}\" lets one apply make no more sessions");
        }
    }
    let waiting = verdict.waiting.len();
    verdict.violations.extend(max_sessions(limits, change, wanted));
    verdict.violations.extend(max_deletes(limits, change));
    verdict
        .violations
        .extend(emptied(limits, change, wanted - waiting, waiting));
    verdict
}

fn max_sessions(limits: &Limits, change: &PlannedChange, wanted: usize) -> Option<Violation> {
    let limit = limits.max_sessions?;
    let allowed = limit.allowed(change.eligible);
    (wanted > allowed).then(|| Violation {
        argument: LimitArgument::MaxSessions,
        title: "Too many sessions".to_owned(),
        detail: format!(
            "The coverage would have {}, {} of them new, and limits.max_sessions = \"{limit}\" allows {allowed}. Narrow the \
             selector, or raise limits.max_sessions. {WAY_OUT}",
            sessions(wanted),
            change.creates.len() + change.lacking,
        ),
    })
}

fn max_deletes(limits: &Limits, change: &PlannedChange) -> Option<Violation> {
    let limit = limits.max_deletes?;
    let allowed = limit.allowed(change.in_state);
    (change.deletes > allowed).then(|| Violation {
        argument: LimitArgument::MaxDeletes,
        title: "Too many sessions would be deleted".to_owned(),
        detail: format!(
            "The plan deletes {} of {}, and limits.max_deletes = \"{limit}\" allows {allowed}. See whether tags or the \
             selector changed by mistake; if this is meant, raise limits.max_deletes. {WAY_OUT}",
            change.deletes,
            sessions(change.in_state),
        ),
    })
}

/// `left` sessions are there after the apply; those that are `waiting` are not yet.
fn emptied(limits: &Limits, change: &PlannedChange, left: usize, waiting: usize) -> Option<Violation> {
    let drops = left == 0 && change.deletes_of_existing_interfaces > 0;
    let why = match (change.eligible, waiting) {
        (0, _) => "No eligible interface is selected any more".to_owned(),
        (eligible, 0) => format!("None of the {eligible} eligible interfaces has room for a session"),
        (eligible, _) => format!(
            "None of the {eligible} eligible interfaces gets its session by this apply: {waiting} would wait for the next one \
             (limits.max_creates)"
        ),
    };
    (drops && !limits.allow_empty).then(|| Violation {
        argument: LimitArgument::AllowEmpty,
        title: "Every session would be deleted".to_owned(),
        detail: format!(
            "{why}, and the plan deletes {}, {} of an interface that still exists. See \
             whether tags or the selector changed by mistake; if this is meant, set limits.allow_empty = true. {WAY_OUT}",
            sessions(change.deletes),
            change.deletes_of_existing_interfaces,
        ),
    })
}

fn sessions(count: usize) -> String {
    if count == 1 {
        "1 session".to_owned()
    } else {
        format!("{count} sessions")
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
