//! Create, update and delete.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::Coverage;
use super::convert::{self, Rows};
use super::execute::{Executor, Failure, FailureKind, Outcome};
use super::maker::{self, Maker};
use super::model::{CoverageIdentity, CoverageModel};
use super::note;
use super::observe::{id_of, maker_of, own};
use super::outcome::{failed, finished, merged, shown};
use super::read::{decode, row};
use super::report::{failures, failures_detail};
use crate::ec2::Account;
use crate::framework::{ApplyRequest, ApplyResponse, Diagnostic, Diagnostics};
use crate::planner::{self, Blueprint, CoverageId, Fleet, MirrorSession, Tags};
use crate::provider::ec2_diagnostic;

type Request = ApplyRequest<CoverageModel, CoverageIdentity>;
type Response = ApplyResponse<CoverageModel, CoverageIdentity>;

/// How often, and how long apart, a create looks whether a killed one has ended: longer than a provider without its core
/// takes to end.
const ENDING_ATTEMPTS: usize = 35;
const ENDING_WAIT: Duration = Duration::from_secs(1);

impl Coverage {
    /// Creates the object and its sessions. Once a session was made there is no error, only warnings: an error would
    /// taint the object, and the next apply would tear down all of it.
    pub(super) async fn made(&self, request: Request) -> Response {
        let Some(planned) = request.planned.clone() else {
            return Response::default();
        };
        let id = CoverageId::from_bits(Uuid::new_v4().as_u128());
        let (account, sessions) = match self.settled_sessions(&planned).await {
            Ok(found) => found,
            Err(diagnostic) => return nothing_done(diagnostic.into()),
        };
        let fleet = decode(&request.private).unwrap_or_default();
        let rows = convert::rows(&planned.sessions);
        let name = planned.name.as_str().unwrap_or_default();
        // What a create of the same name left behind when it was killed before its state was saved.
        let leavings =
            sessions.iter().filter(
                |session| match maker_of(session, name).map(|mark| maker::of(&mark)) {
                    Some(Maker::Gone) => true,
                    // On another machine it may still run: only what is in the way is taken over.
                    Some(Maker::Unknown) => rows.contains_key(&session.network_interface_id),
                    Some(Maker::Runs) | None => false,
                },
            );
        let own = planner::by_interface(leavings, &Rows::new());
        let blueprint = Blueprint {
            ignored_tags: self.connection.tags().ignored(),
            ..planned.blueprint(&id.pending(&maker::mark()))
        };
        let actions = planner::reconcile(&rows, &blueprint, &fleet.interfaces, &own);
        let core = note::core_process();
        let executor = self.executor(&account, &sessions, &request);
        let outcome = executor.run(&actions).await;

        let actual = merged(&rows, &own, &outcome, false);
        let made: Vec<String> = actual.values().filter_map(|row| row.id.clone()).collect();
        let failed = failed(&outcome, &rows);
        if made.is_empty() && !rows.is_empty() && failed.iter().any(|(_, failure)| failure.is_error()) {
            let title = "No traffic mirror session could be created";
            return nothing_done(Diagnostic::error(title, failures_detail(&failed)).into());
        }
        let mut diagnostics = Diagnostics::new();
        // Without the core that asked for them nobody saves these sessions: they stay pending, for the next create.
        if !made.is_empty() && note::core_process() == core {
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
        for (title, detail) in failures(&failed, rows.len()) {
            diagnostics.warning(title, detail);
        }
        let state = finished(&account, planned, id.as_str(), &actual, &failed);
        self.response(&account, state, &request, &failed, diagnostics)
    }

    /// Brings the sessions to what is planned. All that can be done is done, then what failed is an error.
    pub(super) async fn changed(&self, request: Request) -> Response {
        let (Some(planned), Some(prior)) = (request.planned.clone(), &request.prior) else {
            return Response::default();
        };
        let fleet = decode(&request.private).unwrap_or_default();
        let (account, sessions) = match self.account_and_sessions(&planned).await {
            Ok(found) => found,
            Err(diagnostic) => return nothing_done(diagnostic.into()),
        };
        let id = id_of(prior);
        let id_tag = id.as_ref().map_or("", |id| id.as_str());
        let rows = convert::rows(&planned.sessions);
        let before = convert::rows(&prior.sessions);
        let prior_name = prior.name.as_str().unwrap_or_default();
        let own = planner::by_interface(own(&sessions, prior_name, id.as_ref(), &before), &before);
        let mut diagnostics = Diagnostics::new();
        if fleet.held {
            // The plan promised to leave the sessions alone.
            let state = finished(&account, planned, id_tag, &rows, &[]);
            return self.response(&account, state, &request, &[], diagnostics);
        }
        let dropped = !prior.description.is_null() && planned.description.is_null();
        let blueprint = Blueprint {
            remove_description: dropped || fleet.remove_description,
            ignored_tags: self.connection.tags().ignored(),
            ..planned.blueprint(id_tag)
        };
        let actions = planner::reconcile(&rows, &blueprint, &fleet.interfaces, &own);
        let outcome = self.executor(&account, &sessions, &request).run(&actions).await;
        let failed = failed(&outcome, &rows);
        let (errors, excused): (Vec<_>, Vec<_>) = failed
            .iter()
            .cloned()
            .partition(|(_, failure)| failure.is_error());
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
        for (title, detail) in failures(&excused, rows.len()) {
            diagnostics.warning(title, detail);
        }
        for (title, detail) in failures(&errors, rows.len()) {
            diagnostics.error(title, detail);
        }
        let state = finished(&account, planned, id_tag, &actual, &failed);
        self.response(&account, state, &request, &failed, diagnostics)
    }

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
        let mut diagnostics = Diagnostics::new();
        for (title, detail) in failures(&failed, delete.len()) {
            diagnostics.error(title, detail);
        }
        let id = prior.id.as_str().unwrap_or_default().to_owned();
        let state = finished(&account, prior, &id, &left, &failed);
        Response {
            state: Some(state),
            diagnostics,
            ..Response::default()
        }
    }

    /// The sessions, once no killed create of the same name is still finishing its last calls.
    async fn settled_sessions(
        &self,
        model: &CoverageModel,
    ) -> Result<(Account, Vec<MirrorSession>), Diagnostic> {
        let name = model.name.as_str().unwrap_or_default();
        let mut patience = ENDING_ATTEMPTS;
        loop {
            let (account, sessions) = self.account_and_sessions(model).await?;
            let ending =
                |session: &MirrorSession| maker_of(session, name).is_some_and(|mark| maker::is_ending(&mark));
            if patience == 0 || !sessions.iter().any(ending) {
                return Ok((account, sessions));
            }
            patience -= 1;
            tokio::time::sleep(ENDING_WAIT).await;
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
        failed: &[(String, Failure)],
        diagnostics: Diagnostics,
    ) -> Response {
        // The next refresh of an unchanged fleet writes the same bytes, or saved plans of others would grow stale.
        let settled = |mut fleet: Fleet| {
            for (interface, _) in failed
                .iter()
                .filter(|(_, failure)| failure.kind == FailureKind::Refused)
            {
                let member = fleet.interfaces.get(interface);
                fleet.refused.insert(
                    interface.clone(),
                    member.and_then(|member| member.instance_type.clone()),
                );
            }
            // The description is removed by now, unless the plan was held.
            let remove_description = fleet.remove_description && fleet.held;
            Fleet {
                intended: BTreeMap::new(),
                remove_description,
                held: false,
                ..fleet
            }
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

/// The answer of an apply that changed nothing.
fn nothing_done(diagnostics: Diagnostics) -> Response {
    Response {
        diagnostics,
        ..Response::default()
    }
}
