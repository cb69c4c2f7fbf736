//! Planning: the configuration, the prior state and the fleet become the planned state.

use std::time::Duration;

use super::convert;
use super::model::{CoverageIdentity, CoverageModel};
use super::namesakes::is_renamed;
use super::observe::{self, Selecting, prior_id, prior_rows};
use super::override_argument;
use super::plan_words;
use super::read::{decode, observe_diagnostic};
use super::refreshed::{Reasons, reasons};
use super::source::{Known, leave_held};
use super::validate::validate;
use super::{Coverage, in_the_making, preflight, taken_number, too_many_tags};
use crate::ec2::Account;
use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics, PlanRequest, PlanResponse};
use crate::planner::{self, Decided, FilterAsFound, Fleet, Plan, Wish};

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
        if let Some(id) = prior_id(&request) {
            self.refreshed.note_planned(id.as_str());
        }
        let mut planned = config.clone();
        planned.forget_computed();
        planned.tags_all = self.connection.tags().all(&config.tags);
        planned.filter_id = match (&config.traffic_mirror_filter_id, &request.prior) {
            (Attr::Null, Some(prior)) if prior.owns_filter() && prior.filter_id.is_known() => {
                prior.filter_id.clone()
            }
            // The coverage's own is made at apply.
            (Attr::Null, _) => Attr::Unknown,
            (given, _) => given.clone(),
        };
        let requires_replace = self.plan_region(&mut planned, request.prior.as_ref());
        if let Some(prior) = &request.prior {
            planned.keep_computed_of(prior);
        }
        let mut account = match planned.region.is_unknown() {
            true => None,
            false => self.connection.account(planned.region.as_str()),
        };
        let mut waited = false;
        let mut is_final = false;
        if let Some(account) = &account {
            is_final = self.follows_a_plan(&request, &planned, account);
            let patience = match is_final {
                true => preflight::PATIENCE,
                false => Duration::ZERO,
            };
            let prior = request.prior.as_ref();
            waited = preflight::check_references(account, &planned, prior, patience, &mut diagnostics).await;
        }
        if waited {
            // What was read before does not know what was waited for.
            self.connection.begin_apply();
            account = self.connection.account(planned.region.as_str());
        }
        let switched_off = self.switched_off(&request, &planned, account.as_ref()).await;
        let is_off = switched_off.is_some();
        let known = match switched_off {
            Some(known) => known,
            None => {
                self.known(&request, &planned, account.as_ref(), &mut diagnostics)
                    .await
            }
        };
        let private = match known {
            Known::Failed => None,
            Known::Held => hold(&request, &mut planned, &mut diagnostics),
            Known::Fleet(mut fleet) => {
                if let Some(id) = prior_id(&request) {
                    let seen = self.refreshed.seen(id.as_str());
                    fleet.namesakes.extend(seen.namesakes);
                    fleet.taken_number = fleet.taken_number.or(seen.taken_number);
                }
                if let Some(account) = account.as_ref().filter(|_| is_renamed(&request, &planned)) {
                    self.meet_namesakes(account, &request, &planned, &mut fleet, &mut diagnostics)
                        .await;
                }
                if let Some(account) = account.as_ref().filter(|_| !is_off && !is_final) {
                    taken_number::look(account, &request, &planned, &mut fleet, &mut diagnostics).await;
                } else {
                    // The first plan said it.
                    fleet.taken_number = None;
                }
                if !is_off {
                    let ignored = self.connection.tags().ignored();
                    too_many_tags::refuse(&planned, ignored, &fleet, &mut diagnostics);
                }
                let name = planned.name.as_str().unwrap_or_default();
                diagnostics.extend(self.refuse_to_take_over(&fleet, name));
                let skipped_before = self.skipped_before(request.prior.as_ref());
                let wish = match is_off {
                    true => Some(Wish::default()),
                    false => planned.wish(),
                };
                wish.and_then(|wish| {
                    decide(
                        wish,
                        *fleet,
                        &request,
                        &skipped_before,
                        &mut planned,
                        &mut diagnostics,
                    )
                })
            }
        };
        if let Some(id) = prior_id(&request) {
            diagnostics.extend(self.refuse_to_be_taken_over(id.as_str()));
        }
        // The first plan has looked; what happened since is a matter of single sessions, and of the apply.
        if let Some(account) = account
            .as_ref()
            .filter(|_| !is_final && !diagnostics.has_errors())
        {
            preflight::check_receiving(account, &planned, request.prior.as_ref(), &mut diagnostics).await;
            preflight::dry_run(account, &planned, &mut diagnostics).await;
        }
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

    /// What is known if this plan switches an existing coverage off: deleting its sessions needs no selection, so nothing that is known
    /// only after apply is waited for, unless the first plan did not know even this. What is kept of an edited selection is still
    /// what the next refresh keeps, as far as it can be had.
    async fn switched_off(
        &self,
        request: &Request,
        planned: &CoverageModel,
        account: Option<&Account>,
    ) -> Option<Known> {
        let prior = request.prior.as_ref()?;
        let is_off = planned.enabled.known() == Some(&false) && planned.region == prior.region;
        let fleet = decode(&request.prior_private).filter(|_| is_off)?;
        let digest = Selecting::of(planned).and_then(|selecting| selecting.digest().ok());
        let listed = observe::listed_targets(planned);
        let is_edited = digest
            .is_some_and(|digest| digest != fleet.selecting || !fleet.targets.keys().eq(&listed))
            && planned.wish().is_some();
        if let Some(account) = account.filter(|_| is_edited) {
            let mut unsaid = Diagnostics::new();
            return Some(
                match self.known(request, planned, Some(account), &mut unsaid).await {
                    Known::Failed => Known::Fleet(Box::new(fleet)),
                    known => known,
                },
            );
        }
        if self.was_held(request) {
            return Some(Known::Held);
        }
        Some(Known::Fleet(Box::new(fleet)))
    }

    /// What the object that a plan changes skipped when it was last saved.
    fn skipped_before(&self, prior: Option<&CoverageModel>) -> Reasons {
        let Some(prior) = prior else {
            return Reasons::new();
        };
        let before = prior.id.as_str().and_then(|id| self.refreshed.skipped_before(id));
        before.unwrap_or_else(|| reasons(prior))
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
}

impl Coverage {
    /// How many sessions a destroy deletes, and whether another coverage of the run wants them. AWS is asked nothing.
    pub(super) fn destroy_planned(&self, request: &Request) -> Response {
        let id = prior_id(request);
        let id = id.as_ref().map_or("", |id| id.as_str());
        let fleet = decode(&request.prior_private);
        let prior = request.prior.as_ref();
        let totals = prior.and_then(|prior| plan_words::destroy_totals(prior, fleet.as_ref()));
        let refusal = self.refuse_to_be_taken_over(id);
        Response {
            diagnostics: totals.into_iter().chain(refusal).collect(),
            ..Response::default()
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
    let mut stored = decode(&request.prior_private).unwrap_or_default();
    forget_found(&mut stored, prior, planned);
    let mut owned_filter = stored.owned_filter.clone();
    if planned.owns_filter() && planned.filter_id.is_unknown() {
        // Made by a later apply, which nothing here promises.
        planned.filter_id = Attr::Null;
    } else if !planned.owns_filter() && prior.owns_filter() {
        owned_filter = prior.filter_id.known().cloned();
    }
    diagnostics.warning(
        "The sessions stay as they are until the next plan",
        format!(
            "What coverage {} selects, or the provider block, has values that are known only after apply. This plan changes no \
             session; run terraform apply once more to bring the sessions up to date.",
            prior.name.as_str().unwrap_or_default()
        ),
    );
    let dropped = !prior.description.is_null() && planned.description.is_null();
    let fleet = Fleet {
        held: true,
        remove_description: stored.remove_description || dropped,
        owned_filter,
        ..stored
    };
    leave_held(request, &fleet);
    fleet.encode().ok().map(String::into_bytes)
}

/// What the arguments say otherwise than before is not left as an import found it.
fn forget_found(fleet: &mut Fleet, prior: &CoverageModel, planned: &CoverageModel) {
    if prior.owns_filter() && !planned.owns_filter() {
        fleet.filter_as_found = FilterAsFound::default();
    }
    if fleet.as_found.is_empty() {
        return;
    }
    let rule = |model: &CoverageModel| override_argument::read(&model.override_rule).rule;
    let selecting = Selecting::of(prior).zip(Selecting::of(planned));
    fleet.forget_found(Decided {
        filter: prior.traffic_mirror_filter_id != planned.traffic_mirror_filter_id
            || rule(prior) != rule(planned),
        packet_length: prior.packet_length != planned.packet_length,
        selection: selecting.is_some_and(|(before, now)| !before.selects_as(&now)),
    });
}

/// Everything that matters is known: the planner decides.
fn decide(
    wish: Wish,
    mut fleet: Fleet,
    request: &Request,
    skipped_before: &Reasons,
    planned: &mut CoverageModel,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<u8>> {
    let prior_rows = prior_rows(request);
    // A held plan whose apply failed is still what is kept.
    fleet.held = false;
    // Whoever lists other types wants to try again what EC2 refused.
    let prior = request.prior.as_ref();
    if prior.is_some_and(|prior| prior.try_instance_types != planned.try_instance_types) {
        fleet.refused.clear();
    }
    if let Some(prior) = prior {
        forget_found(&mut fleet, prior, planned);
        fleet.replaced = 0;
    }
    let mut plan = match planner::plan(&wish, &fleet, &prior_rows) {
        Ok(plan) => plan,
        Err(error) => {
            let detail = format!("{error}. Widen virtual_network_id_range, or narrow the selector.");
            let path = AttributePath::root("virtual_network_id_range");
            diagnostics.push(Diagnostic::error("Too few virtual network ids", detail).at(path));
            return None;
        }
    };
    // What a coverage that is off would select is followed by the refresh alone.
    let off_before = prior.filter(|_| !wish.enabled);
    if let Some(prior) = off_before {
        plan.skipped = convert::skips(&prior.skipped);
        plan.skipped.retain(|_, skip| !skip.reason.may_pass());
    }
    plan_words::refuse(planned, &fleet, &plan, diagnostics);
    if prior.is_some() {
        let existing = prior_rows.values().filter(|row| row.id.is_some()).count();
        fleet.replaced = existing + fleet.second_sessions.values().map(Vec::len).sum::<usize>();
    }
    fleet.late_refusals = plan.late_refusals.clone();
    planned.set_plan(&plan);
    if let Some(prior) = off_before {
        planned.summary = prior.summary.clone();
    }
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
    diagnostics.extend(taken_number::warning(&fleet, &plan));
    diagnostics.extend(in_the_making::warning(&fleet, prior.is_some(), planned));
    plan_words::warn(&fleet, prior, skipped_before, planned, &plan, diagnostics);
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
    let replaces_filter = planned.filter_id.is_unknown() || prior.owns_filter() != planned.owns_filter();
    let any = !plan.sessions.is_empty() || !prior_rows.is_empty() || planned.owns_filter();
    // A session that could not be made, and is to be tried again.
    let is_new = plan.sessions.values().any(|row| row.id.is_none());
    drifted || sessions_change || is_new || replaces_filter || any && shared(prior) != shared(planned)
}
