//! A table with two views: what is, and what a describe call already shows.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::Millis;

/// Rows by id. Reads of the truth (`get`, `iter`) and of the delayed view
/// (`seen`, `seen_after`) differ only while a consistency delay is set.
#[derive(Debug)]
pub struct Table<T> {
    rows: BTreeMap<String, Row<T>>,
    now: Millis,
    delay: Millis,
}

#[derive(Debug)]
struct Row<T> {
    current: Option<T>,
    /// What the row was, oldest first, each with the time it stopped being so.
    past: Vec<(Millis, Option<T>)>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            now: 0,
            delay: 0,
        }
    }
}

impl<T: Clone> Table<T> {
    /// Sets the time of the reads and writes that follow.
    pub fn tick(&mut self, now: Millis, delay: Millis) {
        (self.now, self.delay) = (now, delay);
    }

    /// Adds or replaces a row.
    pub fn insert(&mut self, id: &str, value: T) {
        let (now, delay) = (self.now, self.delay);
        let row = self.rows.entry(id.to_owned()).or_insert(Row {
            current: None,
            past: Vec::new(),
        });
        row.remember(now, delay);
        row.current = Some(value);
    }

    /// Takes a row out.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        let row = self.rows.get_mut(id)?;
        if self.delay == 0 {
            return self.rows.remove(id).and_then(|row| row.current);
        }
        row.remember(self.now, self.delay);
        row.current.take()
    }

    /// The row as it is.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(id)?.current.as_ref()
    }

    /// The row, to be changed.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let row = self.rows.get_mut(id)?;
        if row.current.is_some() {
            row.remember(self.now, self.delay);
        }
        row.current.as_mut()
    }

    /// All rows as they are, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.rows
            .iter()
            .filter_map(|(id, row)| Some((id, row.current.as_ref()?)))
    }

    /// The row as a describe call shows it.
    pub fn seen(&self, id: &str) -> Option<&T> {
        self.rows.get(id)?.at(self.now.saturating_sub(self.delay))
    }

    /// All rows behind `id` as a describe call shows them, by id.
    pub fn seen_after<'a>(&'a self, id: Option<&str>) -> impl Iterator<Item = (&'a str, &'a T)> + use<'a, T> {
        let from = id.map_or(Bound::Unbounded, |id| Bound::Excluded(id.to_owned()));
        let cutoff = self.now.saturating_sub(self.delay);
        self.rows
            .range((from, Bound::Unbounded))
            .filter_map(move |(id, row)| Some((id.as_str(), row.at(cutoff)?)))
    }
}

impl<T: Clone> Row<T> {
    fn remember(&mut self, now: Millis, delay: Millis) {
        if delay == 0 {
            self.past.clear();
            return;
        }
        self.past.retain(|(until, _)| until + delay > now);
        self.past.push((now, self.current.clone()));
    }

    fn at(&self, cutoff: Millis) -> Option<&T> {
        let older = self.past.iter().find(|(until, _)| *until > cutoff);
        older.map_or(self.current.as_ref(), |(_, value)| value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_delay_both_views_agree() {
        let mut table = Table::default();
        table.insert("a", 1);
        assert_eq!(table.seen("a"), Some(&1));
        table.remove("a");
        assert_eq!(table.seen("a"), None);
    }

    #[test]
    fn with_a_delay_each_change_shows_when_its_time_has_come() {
        let mut table = Table::default();
        table.tick(1000, 500);
        table.insert("a", 1);
        assert_eq!((table.get("a"), table.seen("a")), (Some(&1), None));
        table.tick(1200, 500);
        *table.get_mut("a").unwrap() = 2;
        table.tick(1501, 500);
        assert_eq!(table.seen("a"), Some(&1));
        table.remove("a");
        table.tick(1701, 500);
        assert_eq!(table.seen("a"), Some(&2));
        assert_eq!(table.seen_after(None).count(), 1);
        table.tick(2002, 500);
        assert_eq!(table.seen("a"), None);
        assert_eq!(table.seen_after(None).count(), 0);
    }
}
