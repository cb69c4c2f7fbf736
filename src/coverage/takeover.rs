//! A coverage that takes over the sessions of another one, which is in the same state.
//!
//! Core applies both in any order: if the other one is to be destroyed, its sessions could be deleted before they are taken over. So
//! whichever of the two is planned last reports it. One that is only forgotten is not planned, and gives its sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Coverage;
use crate::framework::{AttributePath, Diagnostic};
use crate::planner::Fleet;
use crate::provider::core_process::core_is_tofu;

/// What the plans of this process are about.
#[derive(Debug, Default)]
pub struct Takeovers(Mutex<Planned>);

#[derive(Debug, Default)]
struct Planned {
    /// Objects that exist and are planned, by id: they stay, or are destroyed.
    here: BTreeSet<String>,
    /// Names of the coverages that are to take over, by the id of the object that has the sessions.
    takers: BTreeMap<String, String>,
}

impl Takeovers {
    fn lock(&self) -> MutexGuard<'_, Planned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Coverage {
    /// The error of a plan by which `name` would take over sessions of an object of the same state.
    pub(super) fn refuse_to_take_over(&self, fleet: &Fleet, name: &str) -> Option<Diagnostic> {
        let mut planned = self.takeovers.lock();
        let takers = fleet
            .adopted_from
            .iter()
            .map(|from| (from.clone(), name.to_owned()));
        planned.takers.extend(takers);
        let id = fleet.adopted_from.intersection(&planned.here).next()?;
        Some(refusal(name, id).at(AttributePath::root("adopt").key("coverage_names")))
    }

    /// The same, when the object that has the sessions is planned last.
    pub(super) fn refuse_to_be_taken_over(&self, id: &str) -> Option<Diagnostic> {
        let mut planned = self.takeovers.lock();
        planned.here.insert(id.to_owned());
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
