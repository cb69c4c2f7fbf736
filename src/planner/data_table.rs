//! Reading the tables of AWS documentation that are compiled in: lines of `key: words`, `#` begins a comment.

use std::collections::{BTreeMap, BTreeSet};

/// A table, by key in lower case; the words of lines with the same key are together, in lower case.
#[derive(Debug, Default)]
pub struct DataTable(BTreeMap<String, BTreeSet<String>>);

impl DataTable {
    /// Reads the text. Lines without a colon are left out; the tables are compiled in and tested.
    pub fn parse(text: &str) -> Self {
        let mut table: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            if let Some((key, words)) = line.split_once(':') {
                let words = words.split_whitespace().map(str::to_lowercase);
                table.entry(key.trim().to_lowercase()).or_default().extend(words);
            }
        }
        Self(table)
    }

    /// Whether the key has this word, which must be in lower case.
    pub fn has(&self, key: &str, word: &str) -> bool {
        self.0.get(key).is_some_and(|words| words.contains(word))
    }

    /// The first word of the key, empty when it has none.
    pub fn first(&self, key: &str) -> &str {
        self.0
            .get(key)
            .and_then(BTreeSet::first)
            .map_or("", String::as_str)
    }

    /// The keys with the number of their words, for tests of the tables.
    #[cfg(test)]
    pub fn sizes(&self) -> BTreeMap<&str, usize> {
        self.0
            .iter()
            .map(|(key, words)| (key.as_str(), words.len()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_repeat_and_case_does_not_matter() {
        let table = DataTable::parse("# a: comment\n\nDate: 2025-08-28\nx: A1 B2\nno colon\nx: c3\n");
        assert_eq!(table.first("date"), "2025-08-28");
        assert_eq!(table.first("nothing"), "");
        assert!(["a1", "b2", "c3"].iter().all(|word| table.has("x", word)));
        assert!(!table.has("a", "comment"));
        assert_eq!(table.sizes(), BTreeMap::from([("date", 1), ("x", 3)]));
    }
}
