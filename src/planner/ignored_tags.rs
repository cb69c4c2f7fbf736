//! Tags that somebody else writes: the provider neither sets nor removes them.

use std::collections::BTreeSet;

use super::{COVERAGE_ID_TAG, COVERAGE_TAG};

/// The tags of the provider's `ignore_tags` block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoredTags {
    /// Exact keys.
    pub keys: BTreeSet<String>,
    /// Beginnings of keys.
    pub key_prefixes: BTreeSet<String>,
    /// Whether every tag is left alone: the block is known only after apply.
    pub all: bool,
}

impl IgnoredTags {
    /// Whether the tag is left alone. Those that mark the owner never are.
    pub fn contains(&self, key: &str) -> bool {
        let ours = key == COVERAGE_TAG || key == COVERAGE_ID_TAG;
        !ours
            && (self.all
                || self.keys.contains(key)
                || self
                    .key_prefixes
                    .iter()
                    .any(|prefix| key.starts_with(prefix.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_key_and_by_prefix() {
        let ignored = IgnoredTags {
            keys: ["owner".to_owned()].into(),
            key_prefixes: ["cost:".to_owned()].into(),
            all: false,
        };
        for (key, expected) in [
            ("owner", true),
            ("owner2", false),
            ("Owner", false),
            ("cost:centre", true),
            ("cost", false),
        ] {
            assert_eq!(ignored.contains(key), expected, "{key}");
        }
        assert!(!IgnoredTags::default().contains("owner"));
    }

    #[test]
    fn the_marks_of_the_owner_are_never_left_alone() {
        let all = IgnoredTags {
            key_prefixes: [String::new()].into(),
            all: true,
            ..IgnoredTags::default()
        };
        assert!(all.contains("owner"));
        assert!(!all.contains(COVERAGE_TAG) && !all.contains(COVERAGE_ID_TAG));
    }
}
