//! `default_tags` and `ignore_tags`: the tags that every session gets, and those that somebody else writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics};
use crate::planner::{COVERAGE_ID_TAG, COVERAGE_TAG, IgnoredTags};

const DEFAULT_TAG_VARIABLE: &str = "TF_AWS_DEFAULT_TAGS_";
const IGNORED_KEYS_VARIABLE: &str = "TF_AWS_IGNORE_TAGS_KEYS";
const IGNORED_PREFIXES_VARIABLE: &str = "TF_AWS_IGNORE_TAGS_KEY_PREFIXES";

/// A map of tags in a configuration or a state.
pub type TagsAttr = Attr<BTreeMap<String, Attr<String>>>;

/// Tags of every traffic mirror session that this provider creates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DefaultTagsBlock {
    /// Tags of every session, as far as the resource's own `tags` do not have the same key. A tag can also be set by an
    /// environment variable, for example `TF_AWS_DEFAULT_TAGS_Environment`; one that is given here wins. Left out,
    /// there are only those.
    pub tags: TagsAttr,
}

/// Tags that other systems write on the sessions: they are left as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IgnoreTagsBlock {
    /// Keys of tags that are ignored, together with the comma-separated ones of `TF_AWS_IGNORE_TAGS_KEYS`. Left out, only those
    /// are.
    #[schemars(extend("uniqueItems" = true))]
    pub keys: Attr<Vec<Attr<String>>>,
    /// Beginnings of the keys of tags that are ignored, together with the comma-separated ones of
    /// `TF_AWS_IGNORE_TAGS_KEY_PREFIXES`. Left out, only those are.
    #[schemars(extend("uniqueItems" = true))]
    pub key_prefixes: Attr<Vec<Attr<String>>>,
}

/// What the provider block says of tags.
#[derive(Debug, Clone, PartialEq)]
pub struct TagPolicy {
    defaults: TagsAttr,
    ignored: Attr<Arc<IgnoredTags>>,
}

/// The policy before there is a provider block.
impl Default for TagPolicy {
    fn default() -> Self {
        Self {
            defaults: Attr::Unknown,
            ignored: Attr::Unknown,
        }
    }
}

impl TagPolicy {
    /// The policy of these blocks and environment variables.
    pub fn new(
        defaults: &Attr<DefaultTagsBlock>,
        ignored: &Attr<IgnoreTagsBlock>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut given = BTreeMap::new();
        let mut keys = BTreeSet::new();
        let mut key_prefixes = BTreeSet::new();
        let listed = |value: &str| -> Vec<String> {
            let words = value.split(',').map(str::trim);
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        for (name, value) in environment {
            if let Some(key) = name
                .strip_prefix(DEFAULT_TAG_VARIABLE)
                .filter(|key| !key.is_empty())
            {
                given.insert(key.to_owned(), Attr::Known(value));
            } else if name == IGNORED_KEYS_VARIABLE {
                keys.extend(listed(&value));
            } else if name == IGNORED_PREFIXES_VARIABLE {
                key_prefixes.extend(listed(&value));
            }
        }
        let defaults = match defaults {
            Attr::Unknown => Attr::Unknown,
            Attr::Null => Attr::Known(given),
            Attr::Known(block) => match &block.tags {
                Attr::Unknown => Attr::Unknown,
                tags => {
                    given.extend(tags.known().cloned().unwrap_or_default());
                    Attr::Known(given)
                }
            },
        };
        let written = match ignored {
            Attr::Unknown => None,
            Attr::Null => Some(Default::default()),
            Attr::Known(block) => words(&block.keys).zip(words(&block.key_prefixes)),
        };
        let ignored = match written {
            None => Attr::Unknown,
            Some((more_keys, more_prefixes)) => {
                keys.extend(more_keys);
                key_prefixes.extend(more_prefixes);
                let all = false;
                Attr::Known(Arc::new(IgnoredTags {
                    keys,
                    key_prefixes,
                    all,
                }))
            }
        };
        Self { defaults, ignored }
    }

    /// `tags_all` of a resource with these tags: the defaults and over them its own, without what is ignored. Unknown while
    /// its keys are.
    pub fn all(&self, tags: &TagsAttr) -> TagsAttr {
        let (Some(defaults), Some(ignored), Some(own)) =
            (self.defaults.known(), self.ignored.known(), tags.decided())
        else {
            return Attr::Unknown;
        };
        let mut all = defaults.clone();
        all.extend(own.cloned().unwrap_or_default());
        all.retain(|key, _| !ignored.contains(key));
        Attr::Known(all)
    }

    /// The tags that somebody else writes: every one while that is not known.
    pub fn ignored(&self) -> Arc<IgnoredTags> {
        match &self.ignored {
            Attr::Known(ignored) => Arc::clone(ignored),
            _ => Arc::new(IgnoredTags {
                all: true,
                ..IgnoredTags::default()
            }),
        }
    }

    /// Whether the tag comes from the provider block with this very value.
    pub fn is_default(&self, key: &str, value: &str) -> bool {
        let known = self.defaults.known();
        known.and_then(|tags| tags.get(key)).and_then(|tag| tag.as_str()) == Some(value)
    }

    /// Checks what the environment variables give, which no path of the configuration leads to.
    pub fn validate(&self, diagnostics: &mut Diagnostics) {
        if let Some(defaults) = self.defaults.known() {
            check_tags(defaults, None, diagnostics);
        }
        let ignored = self.ignored();
        let words = ignored.keys.iter().chain(&ignored.key_prefixes);
        let prefixes = |word: &&String| ignored.key_prefixes.contains(*word);
        diagnostics.extend(words.filter_map(|word| cannot_be_ignored(word, prefixes(&word))));
    }
}

/// The known words of a list; none while any is unknown.
fn words(list: &Attr<Vec<Attr<String>>>) -> Option<Vec<String>> {
    let words = list.decided()?.into_iter().flatten();
    words
        .filter(|word| !word.is_null())
        .map(|word| word.known().cloned())
        .collect()
}

impl DefaultTagsBlock {
    /// Checks what is known.
    pub fn validate(&self, diagnostics: &mut Diagnostics) {
        if let Some(tags) = self.tags.known() {
            let path = AttributePath::root("default_tags").attribute("tags");
            check_tags(tags, Some(&path), diagnostics);
        }
    }
}

impl IgnoreTagsBlock {
    /// Checks what is known.
    pub fn validate(&self, diagnostics: &mut Diagnostics) {
        for (name, list) in [("keys", &self.keys), ("key_prefixes", &self.key_prefixes)] {
            // No path leads to an element of a set.
            let path = AttributePath::root("ignore_tags").attribute(name);
            let known = list.known().into_iter().flatten().filter_map(Attr::as_str);
            diagnostics.extend(
                known
                    .filter_map(|word| cannot_be_ignored(word, name == "key_prefixes"))
                    .map(|diagnostic| diagnostic.at(path.clone())),
            );
        }
    }
}

/// The provider's own tags cannot be somebody else's.
fn cannot_be_ignored(word: &str, is_prefix: bool) -> Option<Diagnostic> {
    let ours = |key: &str| {
        if is_prefix {
            key.starts_with(word)
        } else {
            key == word
        }
    };
    let reserved = [COVERAGE_TAG, COVERAGE_ID_TAG]
        .into_iter()
        .find(|key| ours(key))?;
    let detail = format!(
        "{word:?} means {reserved} too, by which the provider knows its own sessions: it cannot be ignored. Write the other \
         keys, or a longer prefix."
    );
    Some(Diagnostic::error("Reserved tag key", detail))
}

/// Checks the keys and values of tags that somebody configured.
pub fn check_tags(
    tags: &BTreeMap<String, Attr<String>>,
    path: Option<&AttributePath>,
    diagnostics: &mut Diagnostics,
) {
    for (key, value) in tags {
        let length = key.chars().count();
        let (title, detail) = if !(1..=128).contains(&length) {
            let detail = format!("A tag key has 1 to 128 characters, not {length}.");
            ("Unusable tag key", detail)
        } else if key.starts_with("aws:") || key.starts_with("mirror:") {
            let detail = format!("Tag keys with the prefix of {key:?} are reserved. Choose another key.");
            ("Reserved tag key", detail)
        } else if value.is_null() {
            let detail = format!("The value of tag {key:?} is null. Give a value, or remove the tag.");
            ("Null tag value", detail)
        } else if value.as_str().is_some_and(|value| value.chars().count() > 256) {
            let detail = format!("The value of tag {key:?} has more than 256 characters.");
            ("Tag value too long", detail)
        } else {
            continue;
        };
        let diagnostic = Diagnostic::error(title, detail);
        diagnostics.push(match path {
            Some(path) => diagnostic.at(path.clone().key(key)),
            None => diagnostic,
        });
    }
}

#[cfg(test)]
#[path = "tags_tests.rs"]
mod tests;
