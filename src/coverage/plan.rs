//! Planning: the configuration, the prior state and the fleet become the planned state.

use std::collections::BTreeMap;

use super::convert;
use super::model::{CoverageIdentity, CoverageModel};
use super::observe::{namesakes, prior_id};
use super::read::{decode, observe_diagnostic};
use super::source::{Known, held_key};
use super::validate::validate;
use super::{Coverage, note, too_many_tags};
use crate::ec2::{Account, Ec2Error, Lookup};
use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics, PlanRequest, PlanResponse};
use crate::planner::{self, Fleet, Plan, Reason, Skip};
use crate::provider::ec2_diagnostic;

type Request = PlanRequest<CoverageModel, CoverageIdentity>;
type Response = PlanResponse<CoverageModel, CoverageIdentity>;

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
        planned.tags_all = self.connection.tags().all(&config.tags);
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
            Known::Fleet(mut fleet) => {
                if let Some(account) = account.as_ref().filter(|_| is_renamed(&request, &planned)) {
                    self.meet_namesakes(account, &request, &planned, &mut fleet, &mut diagnostics)
                        .await;
                }
                let ignored = self.connection.tags().ignored();
                too_many_tags::refuse(&planned, ignored, &fleet, &mut diagnostics);
                decide(*fleet, &request, &mut planned, &mut diagnostics)
            }
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

    /// The refresh looked for other coverages of the old name; the new one may be somebody's too.
    async fn meet_namesakes(
        &self,
        account: &Account,
        request: &Request,
        planned: &CoverageModel,
        fleet: &mut Fleet,
        diagnostics: &mut Diagnostics,
    ) {
        let name = planned.name.as_str().unwrap_or_default();
        match account.sessions().await {
            Ok(sessions) => {
                fleet.namesakes = namesakes(&sessions, name, prior_id(request).as_ref());
            }
            Err(error) => {
                let title = "The traffic mirror sessions could not be read";
                diagnostics.push(ec2_diagnostic(title, &error));
            }
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
        let in_state = prior
            .map(|prior| &prior.traffic_mirror_target_ids)
            .and_then(Attr::known);
        let listed = planned
            .traffic_mirror_target_ids
            .known()
            .into_iter()
            .flatten()
            .enumerate();
        let path = AttributePath::root("traffic_mirror_target_ids");
        let new: BTreeMap<String, AttributePath> = listed
            .filter(|(_, id)| !in_state.is_some_and(|known| known.contains(id)))
            .filter_map(|(index, id)| Some((id.known()?.clone(), path.clone().index(index))))
            .collect();
        let found = account.targets(&new.keys().cloned().collect::<Vec<_>>()).await;
        report_missing("traffic mirror target", found, &path, &new, diagnostics);

        let path = AttributePath::root("traffic_mirror_filter_id");
        let filter = &planned.traffic_mirror_filter_id;
        let changed = prior.is_none_or(|prior| prior.traffic_mirror_filter_id != *filter);
        let new: BTreeMap<String, AttributePath> = filter
            .known()
            .filter(|_| changed)
            .map(|id| (id.clone(), path.clone()))
            .into_iter()
            .collect();
        let found = account.filters(&new.keys().cloned().collect::<Vec<_>>()).await;
        report_missing("traffic mirror filter", found, &path, &new, diagnostics);
    }
}

/// Reports what was looked up and is not there, each at the path where it stands.
fn report_missing<T>(
    what: &str,
    looked_up: Result<Lookup<T>, Ec2Error>,
    argument: &AttributePath,
    paths: &BTreeMap<String, AttributePath>,
    diagnostics: &mut Diagnostics,
) {
    match looked_up {
        Ok(lookup) => diagnostics.extend(lookup.missing.iter().map(|missing| {
            let detail = format!(
                "EC2 does not find the {what} {:?}: {}. Give the id of one that exists in this region and is visible to \
                 this account.",
                missing.id, missing.error
            );
            let path = paths.get(&missing.id).unwrap_or(argument).clone();
            Diagnostic::error(format!("No such {what}"), detail).at(path)
        })),
        Err(error) => {
            let title = format!("The {what}s could not be looked up");
            diagnostics.push(ec2_diagnostic(&title, &error).at(argument.clone()));
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
    if let Some(key) = held_key(request)
        && let Err(error) = note::leave(&key, "held")
    {
        tracing::warn!(%error, "no note could be left for the final plan");
    }
    let stored = decode(&request.prior_private).unwrap_or_default();
    let dropped = !prior.description.is_null() && planned.description.is_null();
    let fleet = Fleet {
        held: true,
        remove_description: stored.remove_description || dropped,
        ..stored
    };
    fleet.encode().ok().map(String::into_bytes)
}

fn is_renamed(request: &Request, planned: &CoverageModel) -> bool {
    request
        .prior
        .as_ref()
        .is_some_and(|prior| prior.name != planned.name)
        && planned.name.is_known()
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
    let plan = match planner::plan(&wish, &fleet, &prior_rows) {
        Ok(plan) => plan,
        Err(error) => {
            let detail = format!("{error}. Widen virtual_network_id_range, or narrow the selector.");
            let path = AttributePath::root("virtual_network_id_range");
            diagnostics.push(Diagnostic::error("Too few virtual network ids", detail).at(path));
            return None;
        }
    };
    refuse(planned, &plan, diagnostics);
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

/// What the plan must not do becomes an error.
fn refuse(planned: &CoverageModel, plan: &Plan, diagnostics: &mut Diagnostics) {
    for violation in &plan.violations {
        let path = AttributePath::root("limits").key(violation.argument.to_string());
        diagnostics.push(Diagnostic::error(&violation.title, &violation.detail).at(path));
    }
    let never = plan
        .skipped
        .iter()
        .filter(|(_, skip)| skip.reason != Reason::MaxCreates);
    if planned.on_ineligible.as_str() == Some("error") && never.clone().next().is_some() {
        let path = AttributePath::root("on_ineligible");
        let title = "Selected network interfaces cannot be mirrored";
        let detail = format!(
            "{}\n\nExclude them, or set on_ineligible = \"skip\".",
            listed(never)
        );
        diagnostics.push(Diagnostic::error(title, detail).at(path));
    }
}

/// Skipped interfaces, one a line.
fn listed<'a>(skipped: impl Iterator<Item = (&'a String, &'a Skip)> + Clone) -> String {
    let mut lines: Vec<String> = skipped
        .clone()
        .take(10)
        .map(|(interface, skip)| format!("{interface}: {} ({})", skip.reason, skip.detail))
        .collect();
    let more = skipped.count().saturating_sub(lines.len());
    if more > 0 {
        lines.push(format!("and {more} more in skipped"));
    }
    lines.join("\n")
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
        let written = (
            model.description.clone(),
            model.name_tag.clone(),
            model.tags_all.clone(),
            model.copy_tags.clone(),
        );
        (
            model.name.clone(),
            model.filter_id.clone(),
            model.packet_length,
            written,
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
    if !fleet.namesakes.is_empty() && planned.name.is_known() {
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
    if prior.is_none() && plan.empty && plan.skipped.is_empty() {
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
        diagnostics.warning(
            format!(
                "{} selected network interfaces get no session",
                plan.skipped.len()
            ),
            listed(plan.skipped.iter()),
        );
    }
}
