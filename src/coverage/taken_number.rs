//! A fixed session number that others have already: what the apply would learn, while there is time to choose another one.

use std::collections::HashSet;

use super::model::{CoverageIdentity, CoverageModel};
use super::observe::{own, prior_id, prior_rows};
use super::outcome::shown;
use crate::ec2::Account;
use crate::framework::{AttributePath, Diagnostic, Diagnostics, PlanRequest};
use crate::planner::{Fleet, MirrorSession, Plan};
use crate::provider::ec2_diagnostic;

/// The refresh, if there was one, looked for the number of the state. A new one is looked for in the sessions that the walk has read
/// already.
pub async fn look(
    account: &Account,
    request: &PlanRequest<CoverageModel, CoverageIdentity>,
    planned: &CoverageModel,
    fleet: &mut Fleet,
    diagnostics: &mut Diagnostics,
) {
    let number = planned.session_number.known().copied();
    let before = request.prior.as_ref();
    let before = before.and_then(|prior| prior.session_number.known().copied());
    fleet.taken_number.take_if(|taken| Some(taken.number) != number);
    if number.is_none() || number == before || fleet.taken_number.is_some() {
        return;
    }
    match account.sessions().await {
        Ok(sessions) => {
            let name = planned.name.as_str().unwrap_or_default();
            let own = own(&sessions, name, prior_id(request).as_ref(), &prior_rows(request));
            let own: HashSet<&str> = own.iter().map(|session| session.id.as_str()).collect();
            let others = sessions
                .iter()
                .filter(|session| !own.contains(session.id.as_str()));
            let others: Vec<&MirrorSession> = others.collect();
            fleet.note_taken_number(&others, number);
        }
        Err(error) => {
            let title = "The traffic mirror sessions could not be read";
            diagnostics.push(ec2_diagnostic(title, &error));
        }
    }
}

/// Where EC2 will refuse the number. No error: it is that of each interface, and all others are done.
pub fn warning(fleet: &Fleet, plan: &Plan) -> Option<Diagnostic> {
    let taken = fleet.taken_number.as_ref()?;
    // A number is one session's, so that the coverage's own has another one here, or none.
    let here = taken.by.iter().filter(|(id, _)| plan.sessions.contains_key(*id));
    let lines: Vec<String> = here
        .map(|(interface, holder)| match holder.coverage.as_deref() {
            Some(name) => format!("{interface}: {} of coverage {name:?}", holder.session_id),
            None => format!("{interface}: {}", holder.session_id),
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let number = taken.number;
    let detail = format!(
        "session_number is {number}, and on these network interfaces another session has that number: {}. EC2 will refuse it there \
         (InvalidParameterValue), and all others are done. Choose another session_number, leave it out, so that each session gets the \
         number after the highest of its interface, take those sessions over with adopt, or delete them. If another coverage gives the \
         number away in this same apply, there is nothing to do.",
        shown(&lines)
    );
    let title = format!(
        "Session number {number} is taken on {} network interfaces",
        lines.len()
    );
    Some(Diagnostic::warning(title, detail).at(AttributePath::root("session_number")))
}
