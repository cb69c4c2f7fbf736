//! What create, update and delete share: the account and its sessions, and the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use super::Coverage;
use super::convert::{self, Rows};
use super::execute::Executor;
use super::failure::{Failure, FailureKind};
use super::model::{CoverageIdentity, CoverageModel};
use super::stop::Stop;
use crate::ec2::Account;
use crate::framework::{ApplyRequest, ApplyResponse, Diagnostic, Diagnostics};
use crate::planner::{Fleet, MirrorSession, Owner};
use crate::provider::ec2_diagnostic;

pub(super) type Request = ApplyRequest<CoverageModel, CoverageIdentity>;
pub(super) type Response = ApplyResponse<CoverageModel, CoverageIdentity>;

impl Coverage {
    pub(super) async fn account_and_sessions(
        &self,
        model: &CoverageModel,
    ) -> Result<(Account, Arc<Vec<MirrorSession>>), Diagnostic> {
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

    pub(super) fn executor<'a>(
        &'a self,
        coverage: &'a str,
        account: &Account,
        sessions: &'a [MirrorSession],
        stop: &'a Stop,
    ) -> Executor<'a> {
        Executor {
            coverage,
            account: account.until(stop.token()),
            numbers: &self.numbers,
            stop,
            sessions,
            is_reference_gone: AtomicBool::new(false),
            hopeless: OnceLock::new(),
        }
    }

    pub(super) fn response(
        &self,
        account: &Account,
        state: CoverageModel,
        fleet: Fleet,
        failed: &[(String, Failure)],
        diagnostics: Diagnostics,
    ) -> Response {
        // The next refresh of an unchanged fleet writes the same bytes, or saved plans of others would grow stale.
        let settled = |mut fleet: Fleet, state: &CoverageModel| {
            for (interface, _) in failed
                .iter()
                .filter(|(_, failure)| failure.is_of_gone_interface())
            {
                fleet.interfaces.remove(interface);
            }
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
            let created: BTreeSet<&str> = failed
                .iter()
                .filter(|(_, failure)| failure.what == "create")
                .map(|(interface, _)| interface.as_str())
                .collect();
            let rows = convert::rows(&state.sessions);
            let made = rows.iter().filter(|(_, row)| row.id.is_some());
            fleet.note_creates(&made.map(|(id, _)| id.as_str()).collect(), &created);
            // Of an interface that is gone nothing is remembered.
            let interfaces = &fleet.interfaces;
            fleet.failed.retain(|id, _| interfaces.contains_key(id));
            // The description is removed by now, and the filter deleted, unless the plan was held.
            let is_kept = fleet.held;
            let remove_description = fleet.remove_description && is_kept;
            // What could not be put back is still not what it should be.
            fleet
                .intended
                .retain(|interface, _| is_kept || failed.iter().any(|(failed, _)| failed == interface));
            Fleet {
                remove_description,
                held: false,
                late_targets: false,
                known_first: None,
                late_receivers: Default::default(),
                late_refusals: BTreeMap::new(),
                adoptable: BTreeMap::new(),
                adopted_from: Default::default(),
                replaced: 0,
                owned_filter: fleet.owned_filter.filter(|_| is_kept),
                ..fleet
            }
        };
        // A plan that could not look left nothing to keep.
        let is_kept = fleet != Fleet::default();
        let private = is_kept.then(|| settled(fleet, &state).encode().ok()).flatten();
        Response {
            identity: state.identity(account),
            state: Some(state),
            private: private.map(String::into_bytes),
            diagnostics,
        }
    }
}

/// The answer of an apply that changed nothing.
pub(super) fn nothing_done(diagnostics: Diagnostics) -> Response {
    Response {
        diagnostics,
        ..Response::default()
    }
}

impl Coverage {
    /// The sessions that are planned to be taken over, and that still are as the plan saw them. By interface, why others are not.
    pub(super) fn adopted<'a>(
        &self,
        sessions: &'a [MirrorSession],
        planned: &CoverageModel,
        rows: &Rows,
        own: &[&MirrorSession],
    ) -> (Vec<&'a MirrorSession>, Vec<(String, Failure)>) {
        let adoption = planned.adoption().unwrap_or_default();
        let own_ids: BTreeSet<&str> = own.iter().map(|session| session.id.as_str()).collect();
        let is_planned = |session: &&MirrorSession| {
            let row = rows.get(&session.network_interface_id);
            row.and_then(|row| row.id.as_deref()) == Some(&session.id)
                && !own_ids.contains(session.id.as_str())
        };
        let (meant, changed): (Vec<_>, Vec<_>) = sessions
            .iter()
            .filter(is_planned)
            .partition(|session| adoption.means(session));
        let ids = meant.iter().map(|session| session.id.clone()).collect();
        // The plans of both may have been made where neither saw the other.
        let reserved = self
            .takeovers
            .reserve(planned.name.as_str().unwrap_or_default(), &ids);
        let (adopted, reserved_by_others): (Vec<_>, Vec<_>) = meant
            .into_iter()
            .partition(|session| !reserved.contains_key(&session.id));
        let lost = changed.into_iter().chain(reserved_by_others).map(|session| {
            let owner = Owner::of(&session.tags).map(|owner| owner.name);
            let holder = reserved.get(&session.id).or(owner.as_ref());
            let failure = Failure::lost(&session.id, holder.map(String::as_str));
            (session.network_interface_id.clone(), failure)
        });
        // What is known in the plan cannot change.
        let lost = match planned.failures.is_known() {
            true => Vec::new(),
            false => lost.collect(),
        };
        (adopted, lost)
    }
}

/// The warning that sessions which were planned to stay, or to be taken over, are gone; those that are `lost` have another one.
pub(super) fn warn_of_vanished(
    vanished: &[String],
    lost: &[(String, Failure)],
    diagnostics: &mut Diagnostics,
) {
    let is_lost = |interface: &&String| lost.iter().any(|(lost, _)| lost == *interface);
    let vanished: Vec<String> = vanished.iter().filter(|id| !is_lost(id)).cloned().collect();
    if !vanished.is_empty() {
        diagnostics.warning(
            format!("{} traffic mirror sessions are gone", vanished.len()),
            format!(
                "Between plan and apply the sessions of these interfaces were deleted, or the interfaces themselves: {}. The \
                 next plan shows what is left to do.",
                super::outcome::shown(&vanished)
            ),
        );
    }
}
