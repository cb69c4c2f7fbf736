//! Planning: the configuration, the prior state and the fleet become the planned state.

use super::convert::{self, known_strings};
use super::model::{CoverageIdentity, CoverageModel};
use super::observe::{Selecting, id_of, observe};
use super::read::{decode, observe_diagnostic};
use super::validate::validate;
use super::{Coverage, note};
use crate::ec2::{Account, Ec2Error, Lookup};
use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics, PlanRequest, PlanResponse};
use crate::planner::{self, Fleet, Plan};
use crate::provider::ec2_diagnostic;

type Request = PlanRequest<CoverageModel, CoverageIdentity>;
type Response = PlanResponse<CoverageModel, CoverageIdentity>;

/// Where the fleet of a plan comes from.
enum Known {
    /// The fleet itself, from private data or from a look at the account.
    Fleet(Box<Fleet>),
    /// Not to be known yet: everything stays as it is.
    Held,
    /// It could not be read, and the error is reported.
    Failed,
}

impl Coverage {
    pub(super) async fn planned(&self, request: Request) -> Response {
        let Some(config) = &request.config else {
            return Response::default();
        };
        let mut diagnostics = validate(config);
        if diagnostics.has_errors() {
            return Response {
                diagnostics,
                ..Response::default()
            };
        }
        let mut planned = config.clone();
        planned.forget_computed();
        planned.tags_all = tags_all(config);
        planned.filter_id = config.traffic_mirror_filter_id.clone();
        let requires_replace = self.plan_region(&mut planned, request.prior.as_ref());
        if let Some(prior) = &request.prior {
            planned.keep_computed_of(prior);
        }
        let account = match planned.region.is_unknown() {
            true => None,
            false => self.connection.account(planned.region.as_str()),
        };
        if let Some(account) = &account {
            self.check_references(account, &planned, request.prior.as_ref(), &mut diagnostics)
                .await;
        }
        let private = match self
            .known(&request, &planned, account.as_ref(), &mut diagnostics)
            .await
        {
            Known::Failed => None,
            Known::Held => hold(&request, &mut planned, &mut diagnostics),
            Known::Fleet(fleet) => decide(*fleet, &request, &mut planned, &mut diagnostics),
        };
        if diagnostics.has_errors() {
            return Response {
                diagnostics,
                ..Response::default()
            };
        }
        let identity = account.as_ref().and_then(|account| planned.identity(account));
        Response {
            planned: Some(planned),
            requires_replace,
            private,
            identity,
            diagnostics,
        }
    }

    /// Fills in the region, and says whether it forces a new object.
    fn plan_region(&self, planned: &mut CoverageModel, prior: Option<&CoverageModel>) -> Vec<AttributePath> {
        if planned.region.is_null() {
            planned.region = match prior {
                Some(prior) if prior.region.is_known() => prior.region.clone(),
                _ => match self.connection.account(None) {
                    Some(account) => account.region().into(),
                    None => Attr::Unknown,
                },
            };
        }
        match prior {
            Some(prior) if prior.region != planned.region => vec![AttributePath::root("region")],
            _ => Vec::new(),
        }
    }

    /// Targets and filters that the state does not have yet must exist.
    async fn check_references(
        &self,
        account: &Account,
        planned: &CoverageModel,
        prior: Option<&CoverageModel>,
        diagnostics: &mut Diagnostics,
    ) {
        let known = prior
            .map(|prior| prior.traffic_mirror_target_ids.clone())
            .unwrap_or_default();
        let known = known.known().cloned().unwrap_or_default();
        let listed = planned
            .traffic_mirror_target_ids
            .known()
            .cloned()
            .unwrap_or_default();
        let new: Vec<String> = listed
            .iter()
            .filter(|id| !known.contains(id))
            .filter_map(|id| id.known().cloned())
            .collect();
        let at = |id: &str| {
            let index = listed
                .iter()
                .position(|listed| listed.as_str() == Some(id))
                .unwrap_or_default();
            AttributePath::root("traffic_mirror_target_ids").index(index)
        };
        report_missing(
            "traffic mirror target",
            account.targets(&new).await,
            at,
            diagnostics,
        );

        let filter = planned.traffic_mirror_filter_id.known();
        if let Some(filter) = filter
            .filter(|_| prior.map(|p| &p.traffic_mirror_filter_id) != Some(&planned.traffic_mirror_filter_id))
        {
            let at = |_: &str| AttributePath::root("traffic_mirror_filter_id");
            report_missing(
                "traffic mirror filter",
                account.filters(std::slice::from_ref(filter)).await,
                at,
                diagnostics,
            );
        }
    }

    /// The fleet to plan with. While the selecting arguments are those of the last refresh, that is the refreshed one, so
    /// that the plan does not depend on when it is made.
    async fn known(
        &self,
        request: &Request,
        planned: &CoverageModel,
        account: Option<&Account>,
        diagnostics: &mut Diagnostics,
    ) -> Known {
        let first_plan = decode(&request.planned_private);
        let id = request.prior.as_ref().and_then(id_of);
        let final_plan = id
            .as_ref()
            .is_some_and(|id| !self.refreshed.contains(id.as_str()));
        let held_before = first_plan.as_ref().is_some_and(|fleet| fleet.held)
            || final_plan && id.as_ref().is_some_and(|id| note::take(id.as_str()));
        let (Some(selecting), Some(_)) = (Selecting::of(planned), planned.wish()) else {
            return Known::Held;
        };
        if request.prior.is_some() && held_before {
            return Known::Held;
        }
        let digest = match selecting.digest() {
            Ok(digest) => digest,
            Err(error) => {
                diagnostics.push(observe_diagnostic(
                    "The selection could not be planned",
                    &error.into(),
                ));
                return Known::Failed;
            }
        };
        let stored = decode(&request.prior_private);
        let usable = |fleet: &Fleet| {
            fleet.selecting == digest
                && planned
                    .region
                    .as_str()
                    .is_none_or(|region| region == fleet.region)
        };
        // The prior private data of a create is the first plan's own (the second call within a replace), hence of this walk.
        if let Some(fleet) = first_plan.or(stored.clone()).filter(usable) {
            return Known::Fleet(Box::new(fleet));
        }
        let Some(account) = account else {
            return Known::Held;
        };
        let name = planned.name.as_str().unwrap_or_default();
        match observe(account, &selecting, name, id.as_ref()).await {
            Ok((fleet, _)) => {
                let intended = request
                    .prior
                    .as_ref()
                    .and(stored)
                    .map(|fleet| fleet.intended)
                    .unwrap_or_default();
                Known::Fleet(Box::new(Fleet { intended, ..fleet }))
            }
            Err(error) => {
                diagnostics.push(observe_diagnostic(
                    "The network interfaces to mirror could not be read",
                    &error,
                ));
                Known::Failed
            }
        }
    }
}

/// Reports what was looked up and is not there, each at its own argument.
fn report_missing<T>(
    what: &str,
    looked_up: Result<Lookup<T>, Ec2Error>,
    at: impl Fn(&str) -> AttributePath,
    diagnostics: &mut Diagnostics,
) {
    match looked_up {
        Ok(lookup) => diagnostics.extend(lookup.missing.iter().map(|missing| {
            let detail = format!(
                "EC2 does not find the {what} {:?}: {}. Give the id of one that exists in this region and is visible to \
                 this account.",
                missing.id, missing.error
            );
            Diagnostic::error(format!("No such {what}"), detail).at(at(&missing.id))
        })),
        Err(error) => {
            let path = at("");
            let path = AttributePath::root(match path.steps().first() {
                Some(crate::framework::Step::Attribute(name)) => name.clone(),
                _ => String::new(),
            });
            diagnostics.push(ec2_diagnostic(&format!("The {what}s could not be looked up"), &error).at(path));
        }
    }
}

/// The selection is not known: a create lists its sessions after apply, an update leaves everything as it is.
fn hold(request: &Request, planned: &mut CoverageModel, diagnostics: &mut Diagnostics) -> Option<Vec<u8>> {
    let Some(prior) = &request.prior else {
        diagnostics.warning(
            "The sessions are known only after apply",
            format!(
                "What coverage {} selects, or the provider block, has values that are known only after apply. This plan cannot \
                 list the sessions; apply creates one for every network interface that is selected then.",
                planned.name.as_str().unwrap_or("(unknown)")
            ),
        );
        return None;
    };
    planned.keep_computed_of(prior);
    diagnostics.warning(
        "The sessions stay as they are until the next plan",
        format!(
            "What coverage {} selects, or the provider block, has values that are known only after apply. This plan changes no \
             session; run terraform apply once more to bring the sessions up to date.",
            prior.name.as_str().unwrap_or_default()
        ),
    );
    if let Some(Err(error)) = prior.id.as_str().map(note::leave) {
        tracing::warn!(%error, "no note could be left for the final plan");
    }
    let fleet = Fleet {
        held: true,
        ..decode(&request.prior_private).unwrap_or_default()
    };
    fleet.encode().ok().map(String::into_bytes)
}

/// Everything is known: the planner decides.
fn decide(
    fleet: Fleet,
    request: &Request,
    planned: &mut CoverageModel,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<u8>> {
    let wish = planned.wish()?;
    let prior_rows = request
        .prior
        .as_ref()
        .map(|prior| convert::rows(&prior.sessions))
        .unwrap_or_default();
    let plan = planner::plan(&wish, &fleet, &prior_rows);
    planned.set_plan(&plan);
    planned.deviations = Attr::Known(Default::default());
    let calls = match &request.prior {
        None => !plan.sessions.is_empty(),
        Some(prior) => calls_ec2(prior, planned, &plan, &prior_rows),
    };
    planned.failures = match &request.prior {
        _ if calls => Attr::Unknown,
        Some(prior) if !prior.failures.is_null() => prior.failures.clone(),
        _ => Attr::Known(Default::default()),
    };
    warn(&fleet, request.prior.as_ref(), planned, &plan, diagnostics);
    match fleet.encode() {
        Ok(text) => Some(text.into_bytes()),
        Err(error) => {
            diagnostics.push(observe_diagnostic("The plan could not be kept", &error.into()));
            None
        }
    }
}

/// Whether applying the plan of an update makes a call that could fail.
fn calls_ec2(
    prior: &CoverageModel,
    planned: &CoverageModel,
    plan: &Plan,
    prior_rows: &convert::Rows,
) -> bool {
    let drifted = prior
        .deviations
        .known()
        .is_some_and(|deviations| !deviations.is_empty());
    let shared = |model: &CoverageModel| {
        (
            model.name.clone(),
            model.description.clone(),
            model.tags_all.clone(),
            model.filter_id.clone(),
        )
    };
    let sessions_change = plan.sessions != *prior_rows;
    let any_session = !plan.sessions.is_empty() || !prior_rows.is_empty();
    drifted || sessions_change || any_session && shared(prior) != shared(planned)
}

fn warn(
    fleet: &Fleet,
    prior: Option<&CoverageModel>,
    planned: &CoverageModel,
    plan: &Plan,
    diagnostics: &mut Diagnostics,
) {
    let name = planned.name.as_str().unwrap_or_default();
    if !fleet.namesakes.is_empty() {
        let others: Vec<&str> = fleet.namesakes.iter().map(String::as_str).collect();
        diagnostics.warning(
            "Another coverage has the same name",
            format!(
                "Sessions of {} carry the name {name:?} too. They are left alone. If another state manages them, give one of the \
                 two another name. If their state was lost, import them: terraform import ADDRESS {}.",
                others.join(", "),
                others[0]
            ),
        );
    }
    if prior.is_none() && plan.summary.matched == 0 {
        diagnostics.warning(
            "No network interface is selected",
            format!(
                "Coverage {name} selects no network interface in {} now, so it creates no session. Check the tag's spelling \
                 (case matters), the region and the account {}.",
                fleet.region, fleet.account_id
            ),
        );
    }
    let skipped_before = prior
        .map(|prior| prior.skipped.clone())
        .unwrap_or(Attr::Known(Default::default()));
    if planned.skipped != skipped_before && !plan.skipped.is_empty() {
        let shown: Vec<String> = plan
            .skipped
            .iter()
            .take(10)
            .map(|(interface, skip)| format!("{interface}: {} ({})", skip.reason, skip.detail))
            .collect();
        let more = plan.skipped.len().saturating_sub(shown.len());
        let more = if more > 0 {
            format!("\nand {more} more in skipped")
        } else {
            String::new()
        };
        diagnostics.warning(
            format!(
                "{} selected network interfaces cannot be mirrored",
                plan.skipped.len()
            ),
            format!("{}{more}", shown.join("\n")),
        );
    }
}

/// The tags of every session, without those that mark its owner.
fn tags_all(config: &CoverageModel) -> Attr<std::collections::BTreeMap<String, Attr<String>>> {
    match &config.tags {
        Attr::Null => convert::strings(known_strings(&Attr::Null)),
        tags => tags.clone(),
    }
}
