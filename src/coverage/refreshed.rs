//! Which objects this process has refreshed: for an object that exists, that tells a plan from the final plan, since
//! core applies in a new process and refreshes nothing there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::convert;
use super::model::CoverageModel;
use crate::planner::{Reason, TakenNumber};

/// Why interfaces are skipped, by their id.
pub type Reasons = BTreeMap<String, Reason>;

/// The reasons of a state or of a planned state.
pub fn reasons(model: &CoverageModel) -> Reasons {
    let skips = convert::skips(&model.skipped);
    skips
        .into_iter()
        .map(|(interface, skip)| (interface, skip.reason))
        .collect()
}

/// Refreshed objects, by their id.
#[derive(Debug, Default)]
pub struct Refreshed {
    objects: Mutex<HashMap<String, Object>>,
}

#[derive(Debug)]
struct Object {
    name: String,
    skipped_before: Reasons,
    seen: Seen,
    /// Whether a plan changes it or leaves it as it is: it stays, unless that plan is the first of a replacement.
    is_planned: bool,
}

/// What a refresh sees of others that only the plan after it needs, so that nothing keeps it.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Ids of other objects whose sessions carry the name.
    pub namesakes: BTreeSet<String>,
    pub taken_number: Option<TakenNumber>,
}

impl Refreshed {
    /// Notes a refresh of an object that is about to be read.
    pub fn insert(&self, id: &str, name: &str, skipped_before: Reasons) {
        let object = Object {
            name: name.to_owned(),
            skipped_before,
            seen: Seen::default(),
            is_planned: false,
        };
        self.lock().insert(id.to_owned(), object);
    }

    /// Notes what the refresh of an object saw.
    pub fn note_seen(&self, id: &str, seen: Seen) {
        if let Some(object) = self.lock().get_mut(id) {
            object.seen = seen;
        }
    }

    /// What the refresh of the object saw; nothing when this process did not refresh it.
    pub fn seen(&self, id: &str) -> Seen {
        let objects = self.lock();
        let object = objects.get(id);
        object.map(|object| object.seen.clone()).unwrap_or_default()
    }

    /// Notes that a plan has the object as it is.
    pub fn note_planned(&self, id: &str) {
        if let Some(object) = self.lock().get_mut(id) {
            object.is_planned = true;
        }
    }

    /// The ids of those with this name in whose place a new object may come: of one that is tainted core tells a plan nothing.
    pub fn leaving(&self, name: &str) -> BTreeSet<String> {
        let objects = self.lock();
        let leaves = |object: &Object| object.name == name && !object.is_planned;
        let leaving = objects.iter().filter(|(_, object)| leaves(object));
        leaving.map(|(id, _)| id.clone()).collect()
    }

    /// Whether the object was refreshed by this process.
    pub fn contains(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }

    /// What the object skipped when it was last saved: a refresh follows the fleet by itself. None when this process did not
    /// refresh it.
    pub fn skipped_before(&self, id: &str) -> Option<Reasons> {
        self.lock().get(id).map(|object| object.skipped_before.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Object>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
