//! From what the calls led to, to the state that is saved.

use std::collections::BTreeMap;

use super::convert::{self, Rows};
use super::execute::Outcome;
use super::failure::{Failure, FailureKind};
use super::model::CoverageModel;
use super::read::row;
use crate::ec2::Account;
use crate::framework::Attr;
use crate::planner::{self, MirrorSession, Skip};

/// The sessions as they are after the calls. With `truth`, rows whose call failed are what they were before; without,
/// they are as planned.
pub fn merged(
    planned: &Rows,
    own: &BTreeMap<String, Vec<&MirrorSession>>,
    outcome: &Outcome,
    truth: bool,
) -> Rows {
    let mut rows = Rows::new();
    for (interface, plan) in planned {
        let existing = own.get(interface).and_then(|sessions| sessions.first());
        if let Some(done) = outcome.done.get(interface) {
            rows.insert(interface.clone(), row(done, plan));
        } else if let Some(session) = existing {
            let failed = outcome.failures.contains_key(interface);
            let actual = row(session, plan);
            rows.insert(
                interface.clone(),
                if failed && !truth {
                    as_planned(plan, &actual)
                } else {
                    actual
                },
            );
        } else if !truth {
            // Not made, or gone meanwhile: what was unknown is null now.
            rows.insert(interface.clone(), plan.clone());
        }
    }
    if truth {
        for (interface, sessions) in own {
            if let Some(session) = sessions
                .first()
                .filter(|_| !planned.contains_key(interface) && outcome.failures.contains_key(interface))
            {
                rows.insert(interface.clone(), row(session, &planner::Row::default()));
            }
        }
    }
    rows
}

/// What was planned known comes back as planned, the rest as it is.
fn as_planned(plan: &planner::Row, actual: &planner::Row) -> planner::Row {
    planner::Row {
        id: plan.id.clone().or(actual.id.clone()),
        instance_id: plan.instance_id.clone(),
        traffic_mirror_target_id: plan
            .traffic_mirror_target_id
            .clone()
            .or(actual.traffic_mirror_target_id.clone()),
        session_number: plan.session_number.or(actual.session_number),
        virtual_network_id: plan.virtual_network_id.or(actual.virtual_network_id),
        traffic_mirror_filter_id: plan.traffic_mirror_filter_id.clone(),
    }
}

/// The failures, and the planned rows that lack what a session needs, those among them that a target turned out to forbid.
pub fn failed(
    outcome: &Outcome,
    planned: &Rows,
    refusals: &BTreeMap<String, Skip>,
) -> Vec<(String, Failure)> {
    let mut failed: Vec<(String, Failure)> = outcome
        .failures
        .iter()
        .map(|(interface, failure)| (interface.clone(), failure.clone()))
        .collect();
    let not_made = planned.iter().filter(|(interface, row)| {
        let forbidden = refusals.contains_key(*interface) && !outcome.done.contains_key(*interface);
        row.traffic_mirror_target_id.is_none() || forbidden
    });
    failed.extend(not_made.map(|(interface, _)| {
        let failure = refusals.get(interface).map(Failure::late).unwrap_or(Failure {
            what: "create",
            code: "NoTarget".to_owned(),
            message: "no traffic mirror target is left for this interface".to_owned(),
            advice: "List a target in traffic_mirror_target_ids.".to_owned(),
            kind: FailureKind::Error,
        });
        (interface.clone(), failure)
    }));
    failed
}

/// The state after an apply.
pub fn finished(
    account: &Account,
    planned: CoverageModel,
    id: &str,
    rows: &Rows,
    failed: &[(String, Failure)],
) -> CoverageModel {
    let failures = failed
        .iter()
        .map(|(interface, failure)| {
            (
                interface.clone(),
                Attr::Known(convert::failure(&failure.code, &failure.message)),
            )
        })
        .collect::<BTreeMap<_, _>>();
    CoverageModel {
        id: id.into(),
        region: account.region().into(),
        sessions: convert::sessions(rows, false),
        failures: if planned.failures.is_known() && failures.is_empty() {
            planned.failures.clone()
        } else {
            Attr::Known(failures)
        },
        ..planned
    }
}

pub fn shown(interfaces: &[String]) -> String {
    let first: Vec<&str> = interfaces.iter().take(10).map(String::as_str).collect();
    match interfaces.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
