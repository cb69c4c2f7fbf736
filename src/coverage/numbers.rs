//! Session numbers that this process has given out, so that overlapping coverages of one run do not take the same one.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::planner::next_session_number;

/// Numbers given out, by region and interface.
#[derive(Debug, Default)]
pub struct Numbers {
    given: Mutex<HashMap<(String, String), BTreeSet<i64>>>,
}

impl Numbers {
    /// Gives out the next number for the interface, whose sessions have the numbers `taken`. None when all are taken.
    pub fn next(&self, region: &str, interface: &str, taken: &BTreeSet<i64>) -> Option<i64> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = given
            .entry((region.to_owned(), interface.to_owned()))
            .or_default();
        let number = next_session_number(&ours.union(taken).copied().collect())?;
        ours.insert(number);
        Some(number)
    }

    /// Takes back the number of a session that was not made, or is deleted.
    pub fn give_back(&self, region: &str, interface: &str, number: i64) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(numbers) = given.get_mut(&(region.to_owned(), interface.to_owned())) {
            numbers.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_a_number_twice() {
        let numbers = Numbers::default();
        let foreign = BTreeSet::from([3]);
        assert_eq!(numbers.next("r", "eni-1", &foreign), Some(4));
        assert_eq!(numbers.next("r", "eni-1", &foreign), Some(5));
        assert_eq!(numbers.next("r", "eni-2", &BTreeSet::new()), Some(1));
        assert_eq!(numbers.next("s", "eni-1", &foreign), Some(4));
        numbers.give_back("r", "eni-1", 5);
        assert_eq!(numbers.next("r", "eni-1", &foreign), Some(5));
    }
}
