//! Which objects this process has refreshed: for an object that exists, that tells a plan from the final plan, since
//! core applies in a new process and refreshes nothing there.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Ids of refreshed objects.
#[derive(Debug, Default)]
pub struct Refreshed {
    ids: Mutex<HashSet<String>>,
}

impl Refreshed {
    /// Notes a refresh.
    pub fn insert(&self, id: &str) {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned());
    }

    /// Whether the object was refreshed by this process.
    pub fn contains(&self, id: &str) -> bool {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(id)
    }
}
