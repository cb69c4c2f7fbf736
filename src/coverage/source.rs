//! Where a plan gets its fleet from.

use std::collections::BTreeSet;

use super::Coverage;
use super::core_command::applies_saved_plan;
use super::model::{CoverageIdentity, CoverageModel};
use super::note::{self, Key};
use super::observe::{
    Selecting, id_of, listed_targets, look_at_new_targets, note_sources, observe, prior_id, prior_rows,
};
use super::read::{decode, observe_diagnostic};
use crate::ec2::Account;
use crate::framework::{Diagnostics, PlanRequest};
use crate::planner::Fleet;

type Request = PlanRequest<CoverageModel, CoverageIdentity>;

/// What is known of the fleet while planning.
pub(super) enum Known {
    /// The fleet itself, from private data, from the first plan or from a look at the account.
    Fleet(Box<Fleet>),
    /// Not to be known yet: everything stays as it is.
    Held,
    /// It could not be read, and the error is reported.
    Failed,
}

/// Key of the note that the plan of an update with this prior state left everything as it was. It does not name the new
/// arguments, which the first plan does not know; the old ones and the private data change when the plan is applied.
pub(super) fn held_key(request: &Request) -> Option<Key> {
    let prior = request.prior.as_ref()?;
    let selected = Selecting::of(prior)?.digest().ok()?;
    Some(Key::of(&[
        b"held",
        id_of(prior)?.as_str().as_bytes(),
        selected.as_bytes(),
        &request.prior_private,
    ]))
}

impl Coverage {
    /// The fleet to plan with. While the selecting arguments are those of the last refresh, that is the refreshed one, so
    /// that the plan does not depend on when it is made. Otherwise it is looked up, and the final plan gets it back.
    pub(super) async fn known(
        &self,
        request: &Request,
        planned: &CoverageModel,
        account: Option<&Account>,
        diagnostics: &mut Diagnostics,
    ) -> Known {
        let (Some(selecting), Some(_)) = (Selecting::of(planned), planned.wish()) else {
            return Known::Held;
        };
        let first_plan = decode(&request.planned_private);
        if self.was_held(request, first_plan.as_ref()) {
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
        let region = planned.region.as_str();
        let usable =
            |fleet: &Fleet| fleet.selecting == digest && region.is_none_or(|region| region == fleet.region);
        let stored = decode(&request.prior_private);
        // The prior private data of a create is that of the first call for a replacement, hence of the same walk.
        let Some(account) = account else {
            let known = first_plan.or(stored).filter(usable);
            return known.map_or(Known::Held, |fleet| Known::Fleet(Box::new(fleet)));
        };
        let name = planned.name.as_str();
        let key = seen_key(request, account, &digest, name);
        let waits = planned.has_unknown_target();
        let from_note = || {
            if !self.is_final(request) {
                return None;
            }
            let text = match request.prior {
                Some(_) => note::read(&key),
                // The first plan may not have known the name.
                None => note::take(&key).or_else(|| note::take(&seen_key(request, account, &digest, None))),
            };
            Fleet::decode(&text?).ok().filter(usable)
        };
        let is_handed_back = first_plan.is_some();
        if let Some(mut fleet) = first_plan.or_else(|| stored.clone()).filter(usable) {
            if !is_handed_back && request.prior.is_some() {
                // Only a first plan that did not know every target leaves a note where the fleet is stored anyway.
                match from_note() {
                    Some(noted) => fleet = noted,
                    None => note::remove(&key),
                }
            }
            fleet.late_targets |= self.waited(request, account, &digest, planned).is_some();
            let listed = listed_targets(planned);
            fleet.targets.retain(|id, _| listed.contains(id));
            let missing = missing_targets(&fleet, planned);
            if !missing.is_empty() {
                // Targets that were listed since the refresh, or that the first plan did not know.
                let late = fleet.late_targets && !waits;
                return self
                    .with_targets(account, request, planned, fleet, &missing, late, diagnostics)
                    .await;
            }
            if request.prior.is_none() || waits {
                leave(request, &key, &fleet);
            }
            return Known::Fleet(Box::new(fleet));
        }
        if let Some(fleet) = from_note() {
            let missing = missing_targets(&fleet, planned);
            if missing.is_empty() {
                return Known::Fleet(Box::new(fleet));
            }
            return self
                .with_targets(account, request, planned, fleet, &missing, true, diagnostics)
                .await;
        }
        let recorded = prior_rows(request);
        let known_before = self.waited(request, account, &digest, planned);
        let mut late = BTreeSet::new();
        if let Some(known) = known_before.as_ref().filter(|_| !waits) {
            late = listed_targets(planned);
            late.retain(|id| !known.contains(id));
        }
        match observe(
            account,
            &selecting,
            planned,
            prior_id(request).as_ref(),
            &recorded,
            &late,
        )
        .await
        {
            Ok((mut fleet, _)) => {
                self.leave_room_to_the_apply(request, planned, &mut fleet);
                if request.prior.is_some() {
                    fleet.remember(stored.unwrap_or_default());
                }
                fleet.late_targets = known_before.is_some();
                leave(request, &key, &fleet);
                Known::Fleet(Box::new(fleet))
            }
            Err(error) => {
                let title = "The network interfaces to mirror could not be read";
                diagnostics.push(observe_diagnostic(title, &error));
                Known::Failed
            }
        }
    }

    /// The listed targets that are known, when this plan, or of a create the first one, does not know every target; else none.
    /// That stands in notes of its own: one for the same core process, and one that outlasts it, since a saved plan is applied by
    /// another. A core that does not say which plan is the final one is believed the second only when it applies a saved plan, or
    /// a note that was never asked for would turn the errors of a later plan into failures of its apply.
    fn waited(
        &self,
        request: &Request,
        account: &Account,
        digest: &str,
        planned: &CoverageModel,
    ) -> Option<BTreeSet<String>> {
        let waits = planned.has_unknown_target();
        let known = listed_targets(planned);
        if request.prior.is_some() {
            return waits.then_some(known);
        }
        let place = [account.account_id(), account.region(), digest].map(str::as_bytes);
        // A saved plan is applied where it was made: what somebody else does elsewhere with the same selector is another matter.
        let folder = std::env::current_dir().unwrap_or_default();
        let folder = folder.as_os_str().as_encoded_bytes();
        let process = note::core_process();
        let key = |name: &str, lasts: &[u8]| {
            Key::of(&[b"late", place[0], place[1], place[2], name.as_bytes(), lasts])
        };
        let lasting = |name: &str| key(name, folder);
        let passing = |name: &str| key(name, process.as_bytes());
        let name = planned.name.as_str().unwrap_or_default();
        if waits {
            let text = known.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            leave_text(&lasting(name), &text);
            leave_text(&passing(name), &text);
            return Some(known);
        }
        let noted = |key: &Key| Some(note::read(key)?.lines().map(str::to_owned).collect());
        // The first plan may not have known the name.
        let either = |key: &dyn Fn(&str) -> Key| noted(&key(name)).or_else(|| noted(&key("")));
        let is_final = self.is_final(request);
        if is_final && let Some(known) = either(&passing) {
            return Some(known);
        }
        if is_final && (self.tells_final() || applies_saved_plan()) {
            return either(&lasting);
        }
        note::remove(&lasting(name));
        None
    }

    /// The fleet, and where these targets receive. `late`: the first plan did not know them.
    #[expect(clippy::too_many_arguments, reason = "what one plan knows")]
    async fn with_targets(
        &self,
        account: &Account,
        request: &Request,
        planned: &CoverageModel,
        mut fleet: Fleet,
        ids: &BTreeSet<String>,
        late: bool,
        diagnostics: &mut Diagnostics,
    ) -> Known {
        let key = seen_key(request, account, &fleet.selecting, planned.name.as_str());
        let recorded = prior_rows(request);
        let own = recorded.values().filter_map(|row| row.id.as_deref()).collect();
        let looked = async {
            look_at_new_targets(account, &mut fleet, ids, late).await?;
            note_sources(account, &mut fleet, &own).await
        };
        match looked.await {
            Ok(()) => {
                self.leave_room_to_the_apply(request, planned, &mut fleet);
                // A final plan that learnt of a target leaves no note: none comes after it.
                if !late {
                    leave(request, &key, &fleet);
                }
                Known::Fleet(Box::new(fleet))
            }
            Err(error) => {
                let title = "The traffic mirror targets could not be read";
                diagnostics.push(observe_diagnostic(title, &error.into()));
                Known::Failed
            }
        }
    }

    /// Whether the first plan of this update left everything as it was.
    pub(super) fn was_held(&self, request: &Request, first_plan: Option<&Fleet>) -> bool {
        if request.prior.is_none() {
            return false;
        }
        if first_plan.is_some_and(|fleet| fleet.held) {
            return true;
        }
        let Some(key) = held_key(request) else {
            return false;
        };
        if self.is_final(request) {
            return note::read(&key).is_some();
        }
        // A first plan that knows the selection supersedes one that did not.
        note::remove(&key);
        false
    }

    /// Whether this is the plan that core makes again while it applies. For an object that exists, nothing was
    /// refreshed in this process then (which also holds with `-refresh=false`). For one that does not, cores from 1.9 on
    /// say so; older ones and OpenTofu do not, and the key of the note holds their process.
    fn is_final(&self, request: &Request) -> bool {
        match prior_id(request) {
            Some(id) => !self.refreshed.contains(id.as_str()),
            None => !self.tells_final() || request.client_capabilities.deferral_allowed,
        }
    }

    /// What others did to interfaces and targets since the first plan, which had room for everything, must not break the plan:
    /// whoever finds no room then is a failure of the apply.
    fn leave_room_to_the_apply(&self, request: &Request, planned: &CoverageModel, fleet: &mut Fleet) {
        let is_told =
            request.prior.is_none() && self.tells_final() && request.client_capabilities.deferral_allowed;
        let is_certain = is_told || applies_saved_plan();
        if is_certain && planned.allow_partial.known() != Some(&true) {
            fleet.forget_others_load();
        }
    }

    /// Whether the core says of a create which plan is the final one.
    fn tells_final(&self) -> bool {
        self.connection.terraform_version() >= (1, 9) && !note::core_is_tofu()
    }
}

/// Targets that the configuration lists and the fleet knows nothing of.
fn missing_targets(fleet: &Fleet, planned: &CoverageModel) -> BTreeSet<String> {
    let mut ids = listed_targets(planned);
    ids.retain(|id| !fleet.targets.contains_key(id));
    ids
}

/// Leaves the fleet of this plan for the final one.
fn leave(request: &Request, key: &Key, fleet: &Fleet) {
    let left = fleet.encode().map(|text| match request.prior {
        Some(_) => note::leave(key, &text),
        None => note::leave_for_another(key, &text),
    });
    match left {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "no note could be left for the final plan"),
        Err(error) => tracing::warn!(%error, "no note could be left for the final plan"),
    }
}

fn leave_text(key: &Key, text: &str) {
    if let Err(error) = note::leave(key, text) {
        tracing::warn!(%error, "no note could be left for the final plan");
    }
}

/// Key of the note with the fleet that a plan saw: of an update, any plan from the same prior state; of a create, only one
/// of the same core process and name, which is none while it is unknown.
fn seen_key(request: &Request, account: &Account, digest: &str, name: Option<&str>) -> Key {
    let place = [account.account_id(), account.region(), digest].map(str::as_bytes);
    let [account_id, region, digest] = place;
    match prior_id(request) {
        Some(id) => Key::of(&[
            b"update",
            id.as_str().as_bytes(),
            &request.prior_private,
            account_id,
            region,
            digest,
        ]),
        None => Key::of(&[
            b"create",
            note::core_process().as_bytes(),
            account_id,
            region,
            name.unwrap_or_default().as_bytes(),
            digest,
        ]),
    }
}
