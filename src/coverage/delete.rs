//! Delete.

use std::collections::{BTreeMap, BTreeSet};

use super::Coverage;
use super::apply::{Request, Response};
use super::convert::{self, Rows};
use super::execute::Outcome;
use super::failure::Failure;
use super::model::CoverageModel;
use super::observe::{id_of, own};
use super::outcome::{failed, finished, shown};
use super::owned_filter;
use super::read::row;
use super::report::failures;
use super::stop::{self, Stop};
use super::visible::Changed;
use crate::ec2::Account;
use crate::framework::{Diagnostic, Diagnostics};
use crate::planner::{Blueprint, Fleet};

impl Coverage {
    /// Deletes every session of the object, and what killed creates of its name left behind; nothing else.
    pub(super) async fn removed(&self, request: Request) -> Response {
        let Some(prior) = request.prior.clone() else {
            return Response::default();
        };
        let (account, sessions) = match self.account_and_sessions(&prior).await {
            Ok(found) => found,
            Err(diagnostic) => {
                return Response {
                    state: Some(prior),
                    diagnostics: diagnostic.into(),
                    ..Response::default()
                };
            }
        };
        let before = convert::rows(&prior.sessions);
        let name = prior.name.as_str().unwrap_or_default();
        let own = own(&sessions, name, id_of(&prior).as_ref(), &before);
        let delete: Vec<(String, String)> = own
            .iter()
            .map(|session| (session.id.clone(), session.network_interface_id.clone()))
            .collect();
        let stop = Stop::new(&request.cancel, stop::limit(&prior, |timeouts| &timeouts.delete));
        let mut outcome = Outcome::default();
        self.executor(name, &account, &sessions, &stop)
            .delete(&delete, &mut outcome)
            .await;
        let mut failed = failed(&outcome, &Rows::new(), &BTreeMap::new());
        let mut diagnostics = Diagnostics::new();
        let mut dropped = Vec::new();
        for (title, detail) in failures(&failed, delete.len()) {
            diagnostics.error(title, detail);
        }
        if failed.is_empty() {
            failed.extend(drop_filters(&account, &prior, &mut dropped).await);
            for (filter, failure) in &failed {
                diagnostics.push(filter_left(&account, filter, failure, &outcome.deleted).await);
            }
        }
        let gone = delete
            .iter()
            .filter(|(_, interface)| !outcome.failures.contains_key(interface));
        Changed::new(&Blueprint::default(), &Fleet::default())
            .with_deleted(gone)
            .with_deleted_filters(dropped)
            .shown(&account, &stop, &mut diagnostics)
            .await;
        if failed.is_empty() {
            return Response {
                diagnostics,
                ..Response::default()
            };
        }
        let left = own
            .iter()
            .filter(|session| outcome.failures.contains_key(&session.network_interface_id));
        let left: Rows = left
            .map(|session| {
                let interface = session.network_interface_id.clone();
                let shape = before.get(&interface).cloned().unwrap_or_default();
                (interface, row(session, &shape))
            })
            .collect();
        let id = prior.id.as_str().unwrap_or_default().to_owned();
        let state = finished(&account, prior, &id, &left, &failed);
        Response {
            state: Some(state),
            diagnostics,
            ..Response::default()
        }
    }
}

/// The error that a filter of the coverage is still there, with the sessions that hold it. `deleted` are sessions that are gone,
/// also where describe calls still show them.
async fn filter_left(
    account: &Account,
    filter: &str,
    failure: &Failure,
    deleted: &BTreeSet<String>,
) -> Diagnostic {
    let mut users = Vec::new();
    if is_in_use(&failure.code) {
        // What was read before the deletions has the coverage's own sessions.
        let sessions = account.reader().sessions().await.unwrap_or_default();
        let others = sessions
            .iter()
            .filter(|session| session.traffic_mirror_filter_id == filter && !deleted.contains(&session.id));
        users.extend(others.map(|session| session.id.clone()));
    }
    let advice = match users.is_empty() {
        true => failure.advice.clone(),
        false => format!(
            "Sessions that are not of this coverage use it: {}. Give them another filter or delete them, then run terraform destroy \
             again; or keep it for them: terraform state rm takes it, and the coverage, out of the state.",
            shown(&users)
        ),
    };
    let detail = format!("{filter}: {}: {}\n\n{advice}", failure.code, failure.message);
    Diagnostic::error(
        "The coverage's own traffic mirror filter could not be deleted",
        detail,
    )
}

/// Whether EC2 refuses to delete something because of what uses it.
fn is_in_use(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    code.contains("inuse") || code == "dependencyviolation"
}

/// Deletes the filters that the coverage owns, and those that killed creates of its name left behind. A coverage that is given a
/// filter may own one all the same: an update that left everything as it was goes on to own it. What fails is returned by
/// the filter's id, what succeeds is added to `dropped`.
async fn drop_filters(
    account: &Account,
    prior: &CoverageModel,
    dropped: &mut Vec<String>,
) -> Vec<(String, Failure)> {
    let name = prior.name.as_str().unwrap_or_default();
    let recorded = prior.filter_id.as_str().filter(|_| prior.owns_filter());
    let filters = match owned_filter::own(account, name, id_of(prior).as_ref(), recorded).await {
        Ok(filters) => filters,
        Err(error) => {
            let filter = recorded.unwrap_or("filter").to_owned();
            return vec![(filter, Failure::of("delete", &error))];
        }
    };
    let given = prior.filter_id.as_str().filter(|_| !prior.owns_filter());
    let mut failed = Vec::new();
    for filter in filters.into_iter().filter(|filter| given != Some(&filter.id)) {
        match account.delete_filter(&filter.id).await {
            Ok(()) => dropped.push(filter.id),
            Err(error) => failed.push((filter.id, Failure::of("delete", &error))),
        }
    }
    failed
}
