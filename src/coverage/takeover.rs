//! A coverage that takes over sessions which another one of the same run has, or is to take over too.
//!
//! Core applies both in any order. If the one that has them is to be destroyed, they could be deleted before they are taken over: whichever
//! of the two is planned last reports it. One that is only forgotten is not planned, and gives its sessions. If both are to take over
//! the same ones, whichever is planned first gets them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Coverage;
use super::convert::Rows;
use super::model::CoverageModel;
use super::run_ledger::{Ledger, Word};
use crate::framework::{AttributePath, Diagnostic};
use crate::planner::{self, Fleet};
use crate::provider::core_process::core_is_tofu;

/// What the plans of this walk are about, those of the provider's other processes too.
#[derive(Debug, Default)]
pub struct Takeovers(Mutex<Walk>);

#[derive(Debug, Default)]
struct Walk {
    ledger: Ledger,
    planned: Planned,
}

#[derive(Debug, Default)]
struct Planned {
    /// Objects that exist and are planned, by id: they stay, or are destroyed.
    here: BTreeSet<String>,
    /// Names of the coverages that are to take over, by the id of the object that has the sessions.
    takers: BTreeMap<String, String>,
    /// Names of the coverages that are to take over, by the session's id.
    sessions: BTreeMap<String, String>,
}

impl Planned {
    fn note(&mut self, word: Word) {
        match word {
            Word::Here(id) => drop(self.here.insert(id)),
            Word::Takes { name, from } => self
                .takers
                .extend(from.into_iter().map(|from| (from, name.clone()))),
            Word::Adopts { name, sessions } => {
                for id in sessions {
                    self.sessions.entry(id).or_insert_with(|| name.clone());
                }
            }
        }
    }
}

impl Walk {
    /// Notes what others have said, then what `say` has to say to that.
    fn meet(&mut self, say: impl FnOnce(&Planned) -> Option<Word>) -> &Planned {
        let mut open = self.ledger.open();
        for word in open.read() {
            self.planned.note(word);
        }
        if let Some(word) = say(&self.planned) {
            open.write(&word);
            self.planned.note(word);
        }
        &self.planned
    }
}

impl Takeovers {
    fn lock(&self) -> MutexGuard<'_, Walk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves these sessions for the coverage `name`. Those that another one has reserved come back, with its name.
    pub(super) fn reserve(&self, name: &str, sessions: &BTreeSet<String>) -> BTreeMap<String, String> {
        if sessions.is_empty() {
            return BTreeMap::new();
        }
        let mut walk = self.lock();
        let planned = walk.meet(|planned| {
            let free = sessions.iter().filter(|id| !planned.sessions.contains_key(*id));
            let sessions: BTreeSet<String> = free.cloned().collect();
            let name = name.to_owned();
            (!sessions.is_empty()).then_some(Word::Adopts { name, sessions })
        });
        let holders = sessions
            .iter()
            .filter_map(|id| planned.sessions.get_key_value(id));
        holders
            .filter(|(_, holder)| *holder != name)
            .map(|(id, holder)| (id.clone(), holder.clone()))
            .collect()
    }
}

impl Coverage {
    /// Reserves what a plan is to take over by this fleet. The ids of sessions come back that another coverage of the run takes over.
    pub(super) fn reserve(&self, fleet: &Fleet, planned: &CoverageModel, prior: &Rows) -> BTreeSet<String> {
        // One that is off takes nothing over.
        let name = planned
            .name
            .as_str()
            .filter(|_| planned.enabled.known() != Some(&false));
        let Some(name) = name else {
            return BTreeSet::new();
        };
        // What it skips for good it leaves to others.
        let skips = planned.wish().map(|wish| planner::skips(&wish, fleet, prior));
        let skips = skips.unwrap_or_default();
        let adoptable = fleet.adoptable.iter().filter(|(id, _)| !skips.contains_key(*id));
        let sessions = adoptable.filter_map(|(_, row)| row.id.clone());
        self.takeovers
            .reserve(name, &sessions.collect())
            .into_keys()
            .collect()
    }

    /// The error of a plan by which `name` would take over sessions of an object of the same state.
    pub(super) fn refuse_to_take_over(&self, fleet: &Fleet, name: &str) -> Option<Diagnostic> {
        let from = fleet.adopted_from.clone();
        if from.is_empty() {
            return None;
        }
        let mut walk = self.takeovers.lock();
        let named = name.to_owned();
        let planned = walk.meet(|_| Some(Word::Takes { name: named, from }));
        let id = fleet.adopted_from.intersection(&planned.here).next()?;
        Some(refusal(name, id).at(AttributePath::root("adopt").key("coverage_names")))
    }

    /// The same, when the object that has the sessions is planned last.
    pub(super) fn refuse_to_be_taken_over(&self, id: &str) -> Option<Diagnostic> {
        let mut walk = self.takeovers.lock();
        let planned = walk.meet(|planned| (!planned.here.contains(id)).then(|| Word::Here(id.to_owned())));
        Some(refusal(planned.takers.get(id)?, id))
    }

    /// Whether the core asks for a plan of what it destroys. Before, a refresh is all that tells of it.
    pub(super) fn plans_destroy(&self) -> bool {
        self.connection.terraform_version() >= (1, 3) || core_is_tofu() == Some(true)
    }
}

fn refusal(name: &str, id: &str) -> Diagnostic {
    Diagnostic::error(
        "The coverage whose sessions are to be adopted is still in this state",
        format!(
            "Coverage {name:?} adopts sessions of {id}, which this state has too: if it is destroyed in the same run, they could be \
             deleted first. To rename a block, use a moved block and no adopt. Otherwise take the other one out of the state before, and \
             leave its sessions: terraform state rm ADDRESS, or a removed block with lifecycle {{ destroy = false }}."
        ),
    )
}
