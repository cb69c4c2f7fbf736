//! Create.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::Coverage;
use super::apply::{Request, Response, nothing_done, warn_of_vanished};
use super::convert::{self, Rows};
use super::failure::Failure;
use super::maker;
use super::model::CoverageModel;
use super::observe::{maker_of, own};
use super::outcome::{failed, finished, merged};
use super::owned_filter;
use super::read::decode;
use super::report::{failures, failures_detail};
use super::stop::{self, Stop};
use super::visible::Changed;
use crate::ec2::{Account, Ec2Error};
use crate::framework::{Attr, Diagnostic, Diagnostics};
use crate::planner::{self, Blueprint, CoverageId, Fleet, MirrorSession, Row, Tags};
use crate::provider::core_process::core_process;
use crate::provider::ec2_diagnostic;

/// How often, and how long apart, a create looks whether a killed one has ended: longer than a provider without its core
/// takes to end.
const ENDING_ATTEMPTS: usize = 35;
const ENDING_WAIT: Duration = Duration::from_secs(1);
/// How often, and how long apart, EC2 is asked again for something that it made and does not know yet.
const UNKNOWN_ATTEMPTS: usize = 5;
const UNKNOWN_WAIT: Duration = Duration::from_secs(1);
/// How long a create may take without `timeouts`, in all and for each session: ten times what EC2 documents. Whoever cannot see whether
/// it runs has to wait so long, so it must have an end.
const LONGEST: Duration = Duration::from_secs(3600);
const LONGEST_FOR_EACH: Duration = Duration::from_secs(2);

impl Coverage {
    /// Creates the object and its sessions. Once a session was made there is no error, only warnings: an error would
    /// taint the object, and the next apply would tear down all of it.
    pub(super) async fn made(&self, request: Request) -> Response {
        let Some(mut planned) = request.planned.clone() else {
            return Response::default();
        };
        let rows = convert::rows(&planned.sessions);
        let limit = limit(&planned, rows.len());
        let stop = Stop::new(&request.cancel, Some(limit));
        let id = CoverageId::from_bits(Uuid::new_v4().as_u128());
        let (account, sessions) = match self.settled_sessions(&planned).await {
            Ok(found) => found,
            Err(diagnostic) => return nothing_done(diagnostic.into()),
        };
        let fleet = decode(&request.private).unwrap_or_default();
        let name = planned.name.as_str().unwrap_or_default().to_owned();
        // What a create of the same name left behind when it was killed before its state was saved.
        let mut own = own(&sessions, &name, None, &Rows::new());
        let (adopted, lost) = self.adopted(&sessions, &planned, &rows, &own);
        own.extend(adopted);
        let own = planner::by_interface(own, &rows);
        let mark = maker::mark(limit);
        let pending = id.pending(&mark);
        let core = core_process();
        let blueprint_with = |planned: &CoverageModel, id_tag: &str| Blueprint {
            ignored_tags: self.connection.tags().ignored(),
            ..planned.blueprint(id_tag)
        };
        let blueprint = |planned: &CoverageModel| blueprint_with(planned, &pending);
        let made_filter = match filter_of(&account, &planned, &blueprint(&planned), &name).await {
            Ok(filter) => filter,
            Err(error) => {
                let title = "The traffic mirror filter of the coverage could not be created";
                return nothing_done(ec2_diagnostic(title, &error).into());
            }
        };
        if let Some(filter) = &made_filter {
            planned.filter_id = Attr::Known(filter.clone());
        }
        let actions = planner::reconcile(&rows, &blueprint(&planned), &fleet, &own);
        let outcome = self
            .executor(&name, &account, &sessions, &stop)
            .run(&actions)
            .await;

        let actual = merged(&rows, &own, &outcome, false);
        let mut failed = failed(&outcome, &rows, &fleet.late_refusals);
        failed.extend(lost.iter().cloned());
        // What was taken over is the coverage's also where it could not be changed.
        let is_owned = |interface: &String| {
            let session = own.get(interface).and_then(|sessions| sessions.first());
            session.is_some_and(|session| !outcome.not_owned.contains(&session.id))
        };
        let is_made = |interface: &&String| {
            let failed = outcome.failures.contains_key(*interface) && !is_owned(interface);
            !failed && !actions.vanished.contains(interface)
        };
        let mut made: Vec<String> = actual
            .iter()
            .filter(|(interface, _)| is_made(interface))
            .filter_map(|(_, row)| row.id.clone())
            .collect();
        let mut diagnostics = Diagnostics::new();
        // Who waits behind those that failed gets a turn only if the state says who failed.
        let waits = convert::skips(&planned.skipped)
            .into_values()
            .any(|skip| skip.reason == planner::Reason::MaxCreates);
        let is_error = |(_, failure): &(String, Failure)| failure.is_error();
        if made.is_empty() && !rows.is_empty() && !waits && failed.iter().any(is_error) {
            let title = "No traffic mirror session could be created";
            diagnostics.push(Diagnostic::error(title, failures_detail(&failed, false)));
            if let Some(filter) = &made_filter
                && let Err(error) = account.delete_filter(filter).await
            {
                let title = format!("The traffic mirror filter {filter} is left behind");
                diagnostics.warning(title, error.detail());
            }
            return nothing_done(diagnostics);
        }
        made.extend(made_filter.clone());
        // Without the core that asked for them nobody saves these sessions: they stay pending, for the next create.
        if !made.is_empty() && core_process() == core && maker::is_in_time(&mark) {
            let settled = Tags::from([(planner::COVERAGE_ID_TAG.to_owned(), id.to_string())]);
            match settle(&account, &made, &settled, &stop).await {
                Ok(()) => {
                    let blueprint = blueprint_with(&planned, id.as_str());
                    let settled_ids: BTreeSet<&String> = made.iter().collect();
                    let as_planned = |(interface, row): &(&String, &Row)| {
                        let is_made = row.id.as_ref().is_some_and(|id| settled_ids.contains(id));
                        is_made && !outcome.failures.contains_key(*interface)
                    };
                    let settled_rows = actual.iter().filter(as_planned);
                    Changed::new(&blueprint, &fleet)
                        .with_calls(&actions, &outcome, &sessions, &actual)
                        .with_sessions(settled_rows.map(|(interface, row)| (interface.clone(), row.clone())))
                        .with_filter(made_filter)
                        .shown(&account, &stop, &mut diagnostics)
                        .await;
                }
                Err(error) => {
                    let title = "The sessions are created, but still marked as pending";
                    let detail = error.detail();
                    let detail = format!("{detail}\n\nThe next terraform apply marks them as settled.");
                    diagnostics.warning(title, detail);
                }
            }
        }
        warn_of_vanished(&actions.vanished, &lost, &mut diagnostics);
        for (title, detail) in failures(&failed, rows.len()) {
            diagnostics.warning(title, detail);
        }
        let state = finished(&account, planned, id.as_str(), &actual, &failed);
        // What could not be deleted of a killed create is still pending, hence no second session of this object.
        let fleet = Fleet {
            second_sessions: BTreeMap::new(),
            ..fleet
        };
        self.response(&account, state, fleet, &failed, diagnostics)
    }

    /// The sessions, once no killed create of the same name is still finishing its last calls.
    async fn settled_sessions(
        &self,
        model: &CoverageModel,
    ) -> Result<(Account, Arc<Vec<MirrorSession>>), Diagnostic> {
        let name = model.name.as_str().unwrap_or_default();
        let mut patience = ENDING_ATTEMPTS;
        loop {
            let (account, sessions) = self.account_and_sessions(model).await?;
            let ending = |session: &MirrorSession| {
                maker_of(&session.tags, name).is_some_and(|mark| maker::is_ending(&mark))
            };
            if patience == 0 || !sessions.iter().any(ending) {
                return Ok((account, sessions));
            }
            patience -= 1;
            tokio::time::sleep(ENDING_WAIT).await;
        }
    }
}

/// How long the create of so many sessions may take.
fn limit(planned: &CoverageModel, sessions: usize) -> Duration {
    let given = stop::limit(planned, |timeouts| &timeouts.create);
    let sessions = u32::try_from(sessions).unwrap_or(u32::MAX);
    given.unwrap_or_else(|| LONGEST + LONGEST_FOR_EACH.saturating_mul(sessions))
}

/// Marks what was made as settled. EC2 may not know yet what it made a moment ago: that is asked for again.
async fn settle(account: &Account, made: &[String], settled: &Tags, stop: &Stop) -> Result<(), Ec2Error> {
    let mut left = account.create_tags(made, settled).await?;
    for _ in 0..UNKNOWN_ATTEMPTS {
        if left.is_empty() || stop.is_stopped() {
            break;
        }
        tokio::time::sleep(UNKNOWN_WAIT).await;
        left = account.create_tags(&left, settled).await?;
    }
    Ok(())
}

/// The coverage's own filter: made, or taken over from a create that was killed. None when the configuration gives one.
async fn filter_of(
    account: &Account,
    planned: &CoverageModel,
    blueprint: &Blueprint,
    name: &str,
) -> Result<Option<String>, Ec2Error> {
    if !planned.owns_filter() {
        return Ok(None);
    }
    let mut left = owned_filter::own(account, name, None, None).await?.into_iter();
    let filter = match left.next() {
        Some(filter) => {
            owned_filter::mend(account, &filter, blueprint).await?;
            filter.id
        }
        None => owned_filter::make(account, blueprint).await?,
    };
    for filter in left {
        // Its sessions, if it has any, are taken over only later.
        if let Err(error) = account.delete_filter(&filter.id).await {
            tracing::warn!(filter = filter.id, %error, "a filter that a killed create left could not be deleted");
        }
    }
    Ok(Some(filter))
}
