//! Create, update and delete.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::Coverage;
use super::convert::{self, Rows};
use super::execute::{Executor, Failure, Outcome};
use super::model::{CoverageIdentity, CoverageModel};
use super::observe::{id_of, own};
use super::read::{decode, row};
use super::report::{failures_detail, failures_title};
use crate::ec2::Account;
use crate::framework::{ApplyRequest, ApplyResponse, Attr, Diagnostic, Diagnostics};
use crate::planner::{self, CoverageId, Fleet, MirrorSession, Owner, Tags};
use crate::provider::ec2_diagnostic;

type Request = ApplyRequest<CoverageModel, CoverageIdentity>;
type Response = ApplyResponse<CoverageModel, CoverageIdentity>;

impl Coverage {
    /// Creates the object and its sessions. Once a session was made there is no error, only warnings: an error would
    /// taint the object, and the next apply would tear down all of it.
    pub(super) async fn made(&self, request: Request) -> Response {
        let Some(planned) = request.planned.clone() else {
            return Response::default();
        };
        let id = CoverageId::from_bits(Uuid::new_v4().as_u128());
        let (account, sessions) = match self.account_and_sessions(&planned).await {
            Ok(found) => found,
            Err(diagnostic) => {
                return Response {
                    diagnostics: diagnostic.into(),
                    ..Response::default()
                };
            }
        };
        let rows = convert::rows(&planned.sessions);
        let name = planned.name.as_str().unwrap_or_default();
        // What a create of the same name left behind when it was killed before its state was saved.
        let leavings = sessions
            .iter()
            .filter(|session| Owner::of(session).is_some_and(|owner| owner.pending && owner.name == name));
        let own = planner::by_interface(leavings, &Rows::new());
        let actions = planner::reconcile(&rows, &planned.spec(&id.pending()), false, &own);
        let executor = self.executor(&account, &sessions, &request);
        let outcome = executor.run(&actions).await;

        let mut diagnostics = Diagnostics::new();
        let actual = merged(&rows, &own, &outcome, false);
        let made: Vec<String> = actual.values().filter_map(|row| row.id.clone()).collect();
        let failed = failed(&outcome, &rows);
        if made.is_empty() && !rows.is_empty() && failed.iter().any(|(_, failure)| !failure.vanished) {
            let title = "No traffic mirror session could be created";
            diagnostics.push(Diagnostic::error(title, failures_detail(&failed)));
            return Response {
                diagnostics,
                ..Response::default()
            };
        }
        if !made.is_empty() {
            let settled = Tags::from([(planner::COVERAGE_ID_TAG.to_owned(), id.to_string())]);
            if let Err(error) = account.create_tags(&made, &settled).await {
                let title = "The sessions are created, but still marked as pending";
                diagnostics.warning(
                    title,
                    format!(
                        "{}\n\nThe next terraform apply marks them as settled.",
                        error.detail()
                    ),
                );
            }
        }
        if !failed.is_empty() {
            diagnostics.warning(
                failures_title("create", &failed, rows.len()),
                failures_detail(&failed),
            );
        }
        let state = finished(&account, planned, id.as_str(), &actual, &failed);
        self.response(&account, state, &request, diagnostics)
    }

    /// Brings the sessions to what is planned. All that can be done is done, then what failed is an error.
    pub(super) async fn changed(&self, request: Request) -> Response {
        let (Some(planned), Some(prior)) = (request.planned.clone(), &request.prior) else {
            return Response::default();
        };
        let fleet = decode(&request.private).unwrap_or_default();
        let (account, sessions) = match self.account_and_sessions(&planned).await {
            Ok(found) => found,
            Err(diagnostic) => {
                return Response {
                    diagnostics: diagnostic.into(),
                    ..Response::default()
                };
            }
        };
        let id = id_of(prior);
        let id_tag = id.as_ref().map_or("", |id| id.as_str());
        let rows = convert::rows(&planned.sessions);
        let before = convert::rows(&prior.sessions);
        let own = planner::by_interface(own(&sessions, id.as_ref(), &before), &before);
        let mut diagnostics = Diagnostics::new();
        if fleet.held {
            // The plan promised to leave the sessions alone.
            let state = finished(&account, planned, id_tag, &rows, &[]);
            return self.response(&account, state, &request, diagnostics);
        }
        let remove_description = !prior.description.is_null() && planned.description.is_null();
        let actions = planner::reconcile(&rows, &planned.spec(id_tag), remove_description, &own);
        let outcome = self.executor(&account, &sessions, &request).run(&actions).await;
        let failed = failed(&outcome, &rows);
        let errors: Vec<_> = failed
            .iter()
            .filter(|(_, failure)| !failure.vanished)
            .cloned()
            .collect();
        let vanished: Vec<_> = failed
            .iter()
            .filter(|(_, failure)| failure.vanished)
            .cloned()
            .collect();
        // With an error the true state is saved; without one, what was planned must come back.
        let mut actual = merged(&rows, &own, &outcome, !errors.is_empty());
        if errors.is_empty() {
            for interface in &actions.vanished {
                actual.insert(
                    interface.clone(),
                    rows.get(interface).cloned().unwrap_or_default(),
                );
            }
        }
        if !actions.vanished.is_empty() {
            diagnostics.warning(
                format!("{} traffic mirror sessions are gone", actions.vanished.len()),
                format!(
                    "Between plan and apply the sessions of these interfaces were deleted, or the interfaces themselves: {}. The \
                     next plan shows what is left to do.",
                    shown(&actions.vanished)
                ),
            );
        }
        if !vanished.is_empty() {
            diagnostics.warning(
                failures_title("create", &vanished, rows.len()),
                failures_detail(&vanished),
            );
        }
        if !errors.is_empty() {
            let title = failures_title(errors[0].1.what, &errors, rows.len().max(errors.len()));
            diagnostics.push(Diagnostic::error(title, failures_detail(&errors)));
        }
        let state = finished(&account, planned, id_tag, &actual, &failed);
        self.response(&account, state, &request, diagnostics)
    }

    /// Deletes every session of the object, and nothing else.
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
        let own = own(&sessions, id_of(&prior).as_ref(), &before);
        let delete: Vec<(String, String)> = own
            .iter()
            .map(|session| (session.id.clone(), session.network_interface_id.clone()))
            .collect();
        let mut outcome = Outcome::default();
        self.executor(&account, &sessions, &request)
            .delete(&delete, &mut outcome)
            .await;
        let failed = failed(&outcome, &Rows::new());
        if failed.is_empty() {
            return Response::default();
        }
        let left = own
            .iter()
            .filter(|session| outcome.failures.contains_key(&session.network_interface_id));
        let left: Rows = left
            .map(|session| {
                let interface = session.network_interface_id.clone();
                let instance = before.get(&interface).and_then(|row| row.instance_id.clone());
                (interface, row(session, instance))
            })
            .collect();
        let error = Diagnostic::error(
            failures_title("delete", &failed, delete.len()),
            failures_detail(&failed),
        );
        let id = prior.id.as_str().unwrap_or_default().to_owned();
        let state = finished(&account, prior, &id, &left, &failed);
        Response {
            state: Some(state),
            diagnostics: error.into(),
            ..Response::default()
        }
    }

    async fn account_and_sessions(
        &self,
        model: &CoverageModel,
    ) -> Result<(Account, Vec<MirrorSession>), Diagnostic> {
        let Some(account) = self.connection.account(model.region.as_str()) else {
            return Err(Diagnostic::error(
                "The provider is not configured",
                "The provider block of mirror is not known at apply. Check that the values it refers to exist.",
            ));
        };
        match account.sessions().await {
            Ok(sessions) => Ok((account, sessions)),
            Err(error) => Err(ec2_diagnostic(
                "The traffic mirror sessions could not be read",
                &error,
            )),
        }
    }

    fn executor<'a>(
        &'a self,
        account: &'a Account,
        sessions: &'a [MirrorSession],
        request: &'a Request,
    ) -> Executor<'a> {
        Executor {
            account,
            numbers: &self.numbers,
            cancel: &request.cancel,
            sessions,
        }
    }

    fn response(
        &self,
        account: &Account,
        state: CoverageModel,
        request: &Request,
        diagnostics: Diagnostics,
    ) -> Response {
        // The next refresh of an unchanged fleet writes the same bytes, or saved plans of others would grow stale.
        let settled = |fleet: Fleet| Fleet {
            intended: BTreeMap::new(),
            held: false,
            ..fleet
        };
        let private = decode(&request.private).and_then(|fleet| settled(fleet).encode().ok());
        Response {
            identity: state.identity(account),
            state: Some(state),
            private: private.map(String::into_bytes),
            diagnostics,
        }
    }
}

/// The sessions as they are after the calls. With `truth`, rows whose call failed are what they were before; without,
/// they are as planned.
fn merged(
    planned: &Rows,
    own: &BTreeMap<String, Vec<&MirrorSession>>,
    outcome: &Outcome,
    truth: bool,
) -> Rows {
    let mut rows = Rows::new();
    for (interface, plan) in planned {
        let instance_id = plan.instance_id.clone();
        let existing = own.get(interface).and_then(|sessions| sessions.first());
        if let Some(done) = outcome.done.get(interface) {
            rows.insert(
                interface.clone(),
                planner::Row {
                    instance_id,
                    ..done.clone()
                },
            );
        } else if let Some(session) = existing {
            let failed = outcome.failures.contains_key(interface);
            let actual = row(session, instance_id);
            rows.insert(
                interface.clone(),
                if failed && !truth {
                    as_planned(plan, &actual)
                } else {
                    actual
                },
            );
        } else if !truth {
            // Not made: what was unknown is null now.
            rows.insert(
                interface.clone(),
                planner::Row {
                    id: None,
                    virtual_network_id: None,
                    ..plan.clone()
                },
            );
        }
    }
    if truth {
        for (interface, sessions) in own {
            if let Some(session) = sessions
                .first()
                .filter(|_| !planned.contains_key(interface) && outcome.failures.contains_key(interface))
            {
                rows.insert(interface.clone(), row(session, None));
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
    }
}

/// The failures, and the planned rows that lack what a session needs.
fn failed(outcome: &Outcome, planned: &Rows) -> Vec<(String, Failure)> {
    let mut failed: Vec<(String, Failure)> = outcome
        .failures
        .iter()
        .map(|(interface, failure)| (interface.clone(), failure.clone()))
        .collect();
    let incomplete = planned
        .iter()
        .filter(|(_, row)| row.traffic_mirror_target_id.is_none());
    failed.extend(incomplete.map(|(interface, _)| {
        let failure = Failure {
            what: "create",
            code: "NoTarget".to_owned(),
            message: "no traffic mirror target is left for this interface".to_owned(),
            advice: "List a target in traffic_mirror_target_ids.".to_owned(),
            vanished: false,
        };
        (interface.clone(), failure)
    }));
    failed
}

/// The state after an apply.
fn finished(
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

fn shown(interfaces: &[String]) -> String {
    let first: Vec<&str> = interfaces.iter().take(10).map(String::as_str).collect();
    match interfaces.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
