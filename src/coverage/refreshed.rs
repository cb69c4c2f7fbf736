//! Which objects this process has refreshed: for an object that exists, that tells a plan from the final plan, since
//! core applies in a new process and refreshes nothing there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::convert;
use super::model::CoverageModel;
use crate::planner::Reason;

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
    /// Ids of other objects whose sessions carry the name.
    namesakes: BTreeSet<String>,
}

impl Refreshed {
    /// Notes a refresh of an object that is about to be read.
    pub fn insert(&self, id: &str, name: &str, skipped_before: Reasons) {
        let object = Object {
            name: name.to_owned(),
            skipped_before,
            namesakes: BTreeSet::new(),
        };
        self.lock().insert(id.to_owned(), object);
    }

    /// Notes which other objects the refresh found that have the name of this one.
    pub fn note_namesakes(&self, id: &str, namesakes: BTreeSet<String>) {
        if let Some(object) = self.lock().get_mut(id) {
            object.namesakes = namesakes;
        }
    }

    /// Ids of other objects that have the name of this one; none when this process did not refresh it.
    pub fn namesakes(&self, id: &str) -> BTreeSet<String> {
        let objects = self.lock();
        let object = objects.get(id);
        object.map(|object| object.namesakes.clone()).unwrap_or_default()
    }

    /// The ids of those with this name: a new object of the name takes the place of one that is tainted.
    pub fn named(&self, name: &str) -> BTreeSet<String> {
        let objects = self.lock();
        let of_name = objects.iter().filter(|(_, object)| object.name == name);
        of_name.map(|(id, _)| id.clone()).collect()
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
