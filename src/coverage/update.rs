//! Update.

use super::Coverage;
use super::apply::{Request, Response, nothing_done, warn_of_vanished};
use super::convert;
use super::failure::Failure;
use super::model::CoverageModel;
use super::observe::{id_of, own};
use super::outcome::{failed, finished, merged};
use super::owned_filter;
use super::read::decode;
use super::report::failures;
use super::stop::{self, Stop};
use super::visible::Changed;
use crate::ec2::{Account, Ec2Error};
use crate::framework::{Attr, Diagnostic, Diagnostics};
use crate::planner::{self, Blueprint, CoverageId};
use crate::provider::ec2_diagnostic;

impl Coverage {
    /// Brings the sessions to what is planned. All that can be done is done, then what failed is an error.
    pub(super) async fn changed(&self, request: Request) -> Response {
        let (Some(mut planned), Some(prior)) = (request.planned.clone(), &request.prior) else {
            return Response::default();
        };
        let stop = Stop::new(
            &request.cancel,
            stop::limit(&planned, |timeouts| &timeouts.update),
        );
        let mut fleet = decode(&request.private).unwrap_or_default();
        let (account, sessions) = match self.account_and_sessions(&planned).await {
            Ok(found) => found,
            Err(diagnostic) => return nothing_done(diagnostic.into()),
        };
        let id = id_of(prior);
        let id_tag = id.as_ref().map_or("", |id| id.as_str());
        let rows = convert::rows(&planned.sessions);
        let before = convert::rows(&prior.sessions);
        let prior_name = prior.name.as_str().unwrap_or_default();
        let mut diagnostics = Diagnostics::new();
        if fleet.held {
            // The plan promised to leave the sessions alone.
            let state = finished(&account, planned, id_tag, &rows, &[]);
            return self.response(&account, state, fleet, &[], diagnostics);
        }
        let mut own = own(&sessions, prior_name, id.as_ref(), &before);
        let (adopted, lost) = self.adopted(&sessions, &planned, &rows, &own);
        own.extend(adopted);
        let own = planner::by_interface(own, &rows);
        let dropped = !prior.description.is_null() && planned.description.is_null();
        let mut blueprint = Blueprint {
            remove_description: dropped || fleet.remove_description,
            ignored_tags: self.connection.tags().ignored(),
            as_found: fleet.as_found.clone(),
            filter_as_found: fleet.filter_as_found.clone(),
            ..planned.blueprint(id_tag)
        };
        let mut failed_filter = None;
        let mut changed_filter = None;
        match ready_filter(&account, &planned, id.as_ref(), &blueprint).await {
            Ok((filter, is_changed)) => {
                planned.filter_id = Attr::Known(filter.clone());
                changed_filter = is_changed.then(|| filter.clone());
                blueprint.traffic_mirror_filter_id = filter;
            }
            // Sessions that do not need it can still be done.
            Err(Unready::Drifted(filter, error)) => {
                failed_filter = Some((filter, Failure::of("change", &error)))
            }
            Err(Unready::Missing(diagnostic)) => return nothing_done((*diagnostic).into()),
        }
        let actions = planner::reconcile(&rows, &blueprint, &fleet, &own);
        let outcome = self
            .executor(prior_name, &account, &sessions, &stop)
            .run(&actions)
            .await;
        let mut failed = failed(&outcome, &rows, &fleet.late_refusals);
        failed.extend(failed_filter);
        failed.extend(lost.iter().cloned());
        let (errors, excused): (Vec<_>, Vec<_>) = failed
            .iter()
            .cloned()
            .partition(|(_, failure)| failure.is_error());
        // With an error the true state is saved; without one, what was planned must come back.
        let actual = merged(&rows, &own, &outcome, !errors.is_empty());
        warn_of_vanished(&actions.vanished, &lost, &mut diagnostics);
        for (title, detail) in failures(&excused, rows.len()) {
            diagnostics.warning(title, detail);
        }
        for (title, detail) in failures(&errors, rows.len()) {
            diagnostics.error(title, detail);
        }
        let mut state = finished(&account, planned, id_tag, &actual, &failed);
        let replaced = replaced_filter(prior, &state, fleet.owned_filter.as_deref());
        let mut deleted_filter = None;
        if let (Some(filter), Some(id)) = (replaced, &id) {
            if state.filter_id.as_str() == Some(&filter) {
                // Who gives the coverage's own filter by its id has taken it over.
                if let Err(error) = owned_filter::release(&account, &filter, id).await {
                    let title =
                        "The filter is given now, and still has the tags of the coverage that made it";
                    let warning = ec2_diagnostic(title, &error);
                    diagnostics.warning(warning.summary, warning.detail);
                }
            } else {
                match drop_filter(&account, &filter, id, !errors.is_empty()).await {
                    Ok(()) => deleted_filter = Some(filter),
                    Err(diagnostic) => {
                        // The state goes on to name it, so that the next apply tries again.
                        state.traffic_mirror_filter_id = Attr::Null;
                        state.filter_id = Attr::Known(filter);
                        diagnostics.extend(diagnostic);
                    }
                }
            }
        }
        Changed::new(&blueprint, &fleet)
            .with_calls(&actions, &outcome, &sessions, &actual)
            .with_filter(changed_filter)
            .with_deleted_filters(deleted_filter)
            .shown(&account, &stop, &mut diagnostics)
            .await;
        fleet.forget_second(&outcome.deleted);
        self.response(&account, state, fleet, &failed, diagnostics)
    }
}

/// Why the filter cannot be used as it is.
enum Unready {
    /// It is there, and could not be brought back to what it should be.
    Drifted(String, Ec2Error),
    /// There is none.
    Missing(Box<Diagnostic>),
}

/// The id of the filter that the sessions use: the given one, or the coverage's own, which is made or mended; and whether that
/// changed something.
async fn ready_filter(
    account: &Account,
    planned: &CoverageModel,
    id: Option<&CoverageId>,
    blueprint: &Blueprint,
) -> Result<(String, bool), Unready> {
    let named = planned.filter_id.known().cloned();
    if !planned.owns_filter() {
        return Ok((named.unwrap_or_default(), false));
    }
    let (Some(filter), Some(id)) = (named, id) else {
        let made = made_or_left(account, id, blueprint).await;
        let title = "The traffic mirror filter of the coverage could not be created";
        return made
            .map(|filter| (filter, true))
            .map_err(|error| Unready::Missing(ec2_diagnostic(title, &error).into()));
    };
    match owned_filter::by_id(account, &filter, id).await {
        Ok(Some(found)) => match owned_filter::mend(account, &found, blueprint).await {
            Ok(is_changed) => Ok((filter, is_changed)),
            Err(error) => Err(Unready::Drifted(filter, error)),
        },
        Ok(None) => {
            let title = "The traffic mirror filter of the coverage is gone";
            let detail =
                format!("{filter} was deleted since the plan. Run terraform apply again: it makes another.");
            Err(Unready::Missing(Diagnostic::error(title, detail).into()))
        }
        Err(error) => Err(Unready::Drifted(filter, error)),
    }
}

/// A filter for the coverage: one that an update made which was killed before its state was saved, or a new one.
async fn made_or_left(
    account: &Account,
    id: Option<&CoverageId>,
    blueprint: &Blueprint,
) -> Result<String, Ec2Error> {
    let left = owned_filter::own(account, &blueprint.name, id, None)
        .await?
        .into_iter()
        .next();
    match left {
        Some(filter) => {
            owned_filter::mend(account, &filter, blueprint).await?;
            Ok(filter.id)
        }
        None => owned_filter::make(account, blueprint).await,
    }
}

/// The coverage's own filter that is no longer used, since the configuration gives one.
fn replaced_filter(prior: &CoverageModel, state: &CoverageModel, kept: Option<&str>) -> Option<String> {
    if state.owns_filter() {
        return None;
    }
    let own = prior.filter_id.as_str().filter(|_| prior.owns_filter());
    own.or(kept).map(str::to_owned)
}

/// Deletes the coverage's own filter, unless sessions may still use it.
async fn drop_filter(
    account: &Account,
    filter: &str,
    id: &CoverageId,
    in_use: bool,
) -> Result<(), Option<Diagnostic>> {
    if in_use {
        return Err(None);
    }
    let deleted = match owned_filter::by_id(account, filter, id).await {
        Ok(Some(_)) => account.delete_filter(filter).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    let title = "The coverage's own traffic mirror filter could not be deleted";
    deleted.map_err(|error| Some(ec2_diagnostic(title, &error)))
}
