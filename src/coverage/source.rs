//! Where a plan gets its fleet from.

use std::collections::BTreeSet;
use std::path::Path;

use super::Coverage;
use super::core_command::SavedPlan;
use super::model::{CoverageIdentity, CoverageModel};
use super::note::Notes;
use super::note_key::Key;
use super::observe::{
    Selecting, listed_targets, look_at_new_targets, note_sources, observe, prior_id, prior_rows,
};
use super::read::{decode, observe_diagnostic};
use crate::ec2::Account;
use crate::framework::{Diagnostics, PlanRequest};
use crate::planner::Fleet;
use crate::provider::TELLING;
use crate::provider::core_process::{core_is_tofu, parent_id};

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

/// The note of a first plan.
#[derive(Debug)]
struct Note {
    /// Where this plan leaves it.
    key: Key,
    /// Where it is too if the first plan did not know as much as this one.
    before: Option<Key>,
}

impl Note {
    /// Of the plan of an update with this prior state. It does not name the new arguments, which the first plan may not know;
    /// the old ones and the private data change when the plan is applied.
    fn of_update(request: &Request) -> Option<Self> {
        let prior = request.prior.as_ref()?;
        let selected = Selecting::of(prior)?.digest().ok()?;
        let key = Key::of(&[
            b"update",
            prior_id(request)?.as_str().as_bytes(),
            selected.as_bytes(),
            &request.prior_private,
        ]);
        Some(Self { key, before: None })
    }

    /// Of the plan of a create. A saved plan is applied where it was made: what somebody else does elsewhere with the same name and
    /// selector is another matter.
    fn of_create(account: &Account, digest: &str, name: Option<&str>) -> Self {
        let folder = std::env::current_dir().unwrap_or_default();
        let place = [account.account_id(), account.region(), digest];
        let key = |name: &str| create_key(&folder, place, name);
        Self {
            key: key(name.unwrap_or_default()),
            // The first plan may not have known the name.
            before: name.map(|_| key("")),
        }
    }

    /// Leaves the fleet of this plan for the final one.
    fn leave(&self, fleet: &Fleet) {
        match fleet.encode() {
            Ok(text) => warn_unless(Notes::of_user().and_then(|notes| notes.leave(&self.key, &text))),
            Err(error) => tracing::warn!(%error, "no note could be left for the final plan"),
        }
    }

    /// This plan needs no note, and what an earlier one left is not meant for it.
    fn supersede(&self) {
        warn_unless(Notes::of_user().and_then(|notes| notes.supersede(&self.key)));
    }
}

/// The key of a create: its folder, then account, region and digest of the selecting arguments, then its name.
fn create_key(folder: &Path, place: [&str; 3], name: &str) -> Key {
    let [account_id, region, digest] = place.map(str::as_bytes);
    let folder = folder.as_os_str().as_encoded_bytes();
    Key::of(&[b"create", folder, account_id, region, digest, name.as_bytes()])
}

fn warn_unless(left: std::io::Result<()>) {
    if let Err(error) = left {
        tracing::warn!(%error, "no note could be left for the final plan");
    }
}

/// Leaves a note that the plan of this update leaves everything as it is.
pub(super) fn leave_held(request: &Request, fleet: &Fleet) {
    if let Some(note) = Note::of_update(request) {
        note.leave(fleet);
    }
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
        let (Some(mut selecting), Some(wish)) = (Selecting::of(planned), planned.wish()) else {
            return Known::Held;
        };
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
        let is_update = request.prior.is_some();
        let note = match (is_update, account) {
            (true, _) => Note::of_update(request),
            (false, account) => {
                account.map(|account| Note::of_create(account, &digest, planned.name.as_str()))
            }
        };
        let handed_back = decode(&request.planned_private);
        let from_first = handed_back.or_else(|| self.noted(request, note.as_ref()?));
        if is_update && from_first.as_ref().is_some_and(|fleet| fleet.held) {
            return Known::Held;
        }
        let region = planned.region.as_str();
        let usable =
            |fleet: &Fleet| fleet.selecting == digest && region.is_none_or(|region| region == fleet.region);
        let from_first = from_first.filter(usable);
        // The prior private data of a create is that of the first call for a replacement, hence of the same walk.
        let stored = decode(&request.prior_private);
        let Some(account) = account else {
            let known = from_first.or(stored).filter(usable);
            return known.map_or(Known::Held, |fleet| Known::Fleet(Box::new(fleet)));
        };
        let leave = |fleet: &Fleet| note.iter().for_each(|note| note.leave(fleet));
        let waits = planned.has_unknown_target();
        let is_first = from_first.is_none();
        let known = from_first.or_else(|| stored.clone()).filter(usable);
        // What the first plan took over is promised. A session that another coverage has taken over meanwhile is left to it by a new look.
        let recorded = prior_rows(request);
        let known = known.filter(|fleet| {
            let taken = self.reserve(fleet, planned, &recorded);
            let stands = taken.is_empty() || !is_first;
            selecting.leave(taken);
            stands
        });
        if let Some(mut fleet) = known {
            // What an earlier plan held, whose apply failed, is not held by this one.
            fleet.held = false;
            fleet.note_known_first(&wish);
            let listed = listed_targets(planned);
            fleet.keep_targets(&listed);
            let missing = missing_targets(&fleet, planned);
            if !missing.is_empty() {
                // Targets that were listed since the refresh, or that the first plan did not know.
                let late = fleet.late_targets && !waits;
                if let Err(error) = look_further(account, request, &mut fleet, &missing, late).await {
                    let title = "The traffic mirror targets could not be read";
                    diagnostics.push(observe_diagnostic(title, &error.into()));
                    return Known::Failed;
                }
                self.leave_room_to_the_apply(request, planned, &mut fleet);
                // A final plan that learnt of a target leaves no note: none comes after it.
                if !late {
                    leave(&fleet);
                }
            } else if is_first && (waits || !is_update) {
                leave(&fleet);
            } else if let Some(note) = note.as_ref().filter(|_| is_first) {
                note.supersede();
            }
            return Known::Fleet(Box::new(fleet));
        }
        let id = prior_id(request);
        let leaving = match is_update {
            true => BTreeSet::new(),
            false => self.refreshed.leaving(planned.name.as_str().unwrap_or_default()),
        };
        let looked = loop {
            let looked = observe(account, &selecting, planned, id.as_ref(), &recorded, &leaving).await;
            let taken = looked
                .as_ref()
                .map(|(fleet, _)| self.reserve(fleet, planned, &recorded));
            match taken {
                Ok(taken) if !taken.is_empty() => selecting.leave(taken),
                _ => break looked,
            }
        };
        match looked {
            Ok((mut fleet, _)) => {
                self.leave_room_to_the_apply(request, planned, &mut fleet);
                if is_update {
                    fleet.remember(&stored.unwrap_or_default());
                }
                fleet.note_known_first(&wish);
                leave(&fleet);
                Known::Fleet(Box::new(fleet))
            }
            Err(error) => {
                let title = "The network interfaces to mirror could not be read";
                diagnostics.push(observe_diagnostic(title, &error));
                Known::Failed
            }
        }
    }

    /// What the first plan noted, if this is the final one.
    fn noted(&self, request: &Request, note: &Note) -> Option<Fleet> {
        if !self.is_final(request) {
            return None;
        }
        let notes = Notes::of_user().ok()?;
        let keys = || [Some(&note.key), note.before.as_ref()].into_iter().flatten();
        // Without an id, the core is anybody's: only one that says so makes a final plan of a create then.
        let same_core = parent_id() != 0 || request.prior.is_some() || self.is_told(request);
        let from_core = || keys().filter(|_| same_core).find_map(|key| notes.take(key));
        let from_saved = || {
            let written = match SavedPlan::of_core() {
                SavedPlan::Applied(written) => written,
                SavedPlan::Unseen if request.prior.is_some() || self.is_told(request) => None,
                SavedPlan::Unseen | SavedPlan::None => return None,
            };
            keys().find_map(|key| notes.of_saved_plan(key, written))
        };
        Fleet::decode(&from_core().or_else(from_saved)?).ok()
    }

    /// Whether the first plan of this update left everything as it was. A first plan that does not supersedes one that did.
    pub(super) fn was_held(&self, request: &Request) -> bool {
        let note = Note::of_update(request);
        let first_plan = decode(&request.planned_private).or_else(|| self.noted(request, note.as_ref()?));
        let held = first_plan.is_some_and(|fleet| fleet.held);
        if let Some(note) = note.filter(|_| !held && !self.is_final(request)) {
            note.supersede();
        }
        held
    }

    /// Whether this may be the plan that core makes again while it applies. Cores from 1.9 on say so; older ones and OpenTofu do
    /// not. There nothing was refreshed in this process for an object that exists (which also holds with `-refresh=false`), and
    /// for one that does not, the note tells by its processes.
    fn is_final(&self, request: &Request) -> bool {
        let is_refreshed = prior_id(request).is_some_and(|id| self.refreshed.contains(id.as_str()));
        !is_refreshed && (!self.tells_final() || request.client_capabilities.deferral_allowed)
    }

    /// Whether the core says of a create that this is the final plan.
    fn is_told(&self, request: &Request) -> bool {
        request.prior.is_none() && self.tells_final() && request.client_capabilities.deferral_allowed
    }

    /// Whether this is the final plan, as far as core, the refresh before or a note tells: what the configuration refers to may then have
    /// been made a moment ago.
    pub(super) fn follows_a_plan(
        &self,
        request: &Request,
        planned: &CoverageModel,
        account: &Account,
    ) -> bool {
        if request.prior.is_some() || self.is_certainly_final(request) {
            return self.is_final(request);
        }
        let selecting = Selecting::of(planned).and_then(|selecting| selecting.digest().ok());
        let note = selecting.map(|digest| Note::of_create(account, &digest, planned.name.as_str()));
        note.is_some_and(|note| self.noted(request, &note).is_some())
    }

    /// Whether this is the final plan without any doubt.
    fn is_certainly_final(&self, request: &Request) -> bool {
        self.is_told(request) || SavedPlan::of_core().is_applied()
    }

    /// What others did to interfaces and targets since the first plan, which had room for everything, must not break the plan:
    /// whoever finds no room then is a failure of the apply.
    fn leave_room_to_the_apply(&self, request: &Request, planned: &CoverageModel, fleet: &mut Fleet) {
        if self.is_certainly_final(request) && planned.allow_partial.known() != Some(&true) {
            fleet.forget_others_load();
        }
    }

    /// Whether the core says which plan is the final one.
    fn tells_final(&self) -> bool {
        TELLING.contains(&self.connection.terraform_version()) && core_is_tofu() != Some(true)
    }
}

/// Targets that the configuration lists and the fleet knows nothing of.
fn missing_targets(fleet: &Fleet, planned: &CoverageModel) -> BTreeSet<String> {
    let mut ids = listed_targets(planned);
    ids.retain(|id| !fleet.targets.contains_key(id));
    ids
}

/// Adds to the fleet where these targets receive. `late`: the first plan did not know them.
async fn look_further(
    account: &Account,
    request: &Request,
    fleet: &mut Fleet,
    ids: &BTreeSet<String>,
    late: bool,
) -> Result<(), crate::ec2::Ec2Error> {
    let recorded = prior_rows(request);
    let own = recorded.values().filter_map(|row| row.id.as_deref()).collect();
    look_at_new_targets(account, fleet, ids, late).await?;
    // What others send to the targets that the first plan knew stays as that saw it.
    let all = || fleet.targets.keys().cloned().collect();
    let looked_at = if late { ids.clone() } else { all() };
    note_sources(account, fleet, &looked_at, &own).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_create_is_told_by_all_that_it_is_about() {
        let key = |folder: &str, account: &str, region: &str, digest: &str, name: &str| {
            create_key(Path::new(folder), [account, region, digest], name)
        };
        let one = key("/here", "111111111111", "eu-west-1", "d", "prod");
        assert_eq!(one, key("/here", "111111111111", "eu-west-1", "d", "prod"));
        for other in [
            key("/there", "111111111111", "eu-west-1", "d", "prod"),
            key("/here", "222222222222", "eu-west-1", "d", "prod"),
            key("/here", "111111111111", "us-east-1", "d", "prod"),
            key("/here", "111111111111", "eu-west-1", "e", "prod"),
            key("/here", "111111111111", "eu-west-1", "d", "dev"),
            key("/here", "111111111111", "eu-west-1", "d", ""),
        ] {
            assert_ne!(one, other);
        }
    }
}
