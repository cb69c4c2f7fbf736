//! Which interfaces a configuration means.
//!
//! Several blocks are alternatives; within a block every argument must match. The same predicates decide for
//! `mirror_coverage`, `mirror_interfaces` and `mirror_audit`, and for whatever EC2 already filtered on its side.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Interface, Tags, wildcard};

/// Instance states that count when a selector names none: an instance that is stopped keeps its interfaces and their
/// sessions, one that is shutting down loses them.
pub const EC2_DEFAULT_STATES: [&str; 4] = ["pending", "running", "stopping", "stopped"];

/// A filter of an EC2 describe call: any of the values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter {
    /// For example `tag:Mirror`.
    pub name: String,
    /// At most 200 a filter, `*` and `?` are wildcards.
    pub values: Vec<String>,
}

/// Whose tags a block means.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum TagSource {
    /// Those of the instance.
    #[default]
    Instance,
    /// Those of the network interface itself.
    NetworkInterface,
    /// All tags of the block are on the instance, or all on the interface.
    Either,
}

/// One `selector` or `exclude` block. An absent argument matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selector {
    /// Tags of `tag_source`; values with EC2's wildcards.
    pub tags: Tags,
    pub tag_source: TagSource,
    /// Whether keys and values of tags match without regard to case.
    pub ignore_tag_case: bool,
    /// Thousands may be listed, of as many that there are: they are looked up.
    pub instance_ids: BTreeSet<String>,
    pub network_interface_ids: BTreeSet<String>,
    pub vpc_ids: Vec<String>,
    pub subnet_ids: Vec<String>,
    /// Names (`eu-west-1a`) or ids (`euw1-az2`).
    pub availability_zones: Vec<String>,
    pub security_group_ids: Vec<String>,
    /// Types with EC2's wildcards, for example `m5.*`.
    pub instance_types: Vec<String>,
    /// [`EC2_DEFAULT_STATES`] when empty.
    pub instance_state_names: Vec<String>,
    /// Only network card 0, device 0.
    pub primary_only: bool,
}

/// Whether a configuration, or one block of it, means an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    Yes,
    No,
    /// What decides is the instance's, which is not visible: the arguments that would have to know, in words.
    Unseen(String),
}

impl Selector {
    /// Whether the block certainly means this interface.
    pub fn matches(&self, interface: &Interface) -> bool {
        self.means(interface, "") == Meant::Yes
    }

    /// Whether the block means this interface; `block` is how it is called in words. Without a visible instance nothing that only
    /// an instance has is taken for wrong.
    pub fn means(&self, interface: &Interface, block: &str) -> Meant {
        if !self.matches_interface(interface) {
            return Meant::No;
        }
        let hidden = interface.hides_instance();
        let mut unseen = Vec::new();
        let judged = [
            (
                "instance_types",
                self.instance_types.is_empty(),
                any_pattern(&self.instance_types, interface.instance_type.as_deref()),
            ),
            (
                "instance_state_names",
                self.instance_state_names.is_empty(),
                self.state_matches(interface.instance_state.as_deref()),
            ),
            (
                "tags",
                self.tag_source == TagSource::NetworkInterface,
                self.source_matches(interface),
            ),
        ];
        for (argument, is_of_interface, matches) in judged {
            match (matches, hidden && !is_of_interface) {
                (true, _) => {}
                (false, true) => unseen.push(argument),
                (false, false) => return Meant::No,
            }
        }
        match unseen.is_empty() {
            true => Meant::Yes,
            false => Meant::Unseen(format!("what {} of {block} ask for", unseen.join(" and "))),
        }
    }

    /// What is the interface's own, or says which instance it is: that is known wherever the instance can be seen.
    fn matches_interface(&self, interface: &Interface) -> bool {
        any_or_among(&self.instance_ids, interface.instance_id.as_deref())
            && any_or_among(&self.network_interface_ids, Some(&interface.id))
            && any_or_listed(&self.vpc_ids, interface.vpc_id.as_deref())
            && any_or_listed(&self.subnet_ids, interface.subnet_id.as_deref())
            && (any_or_listed(&self.availability_zones, interface.availability_zone.as_deref())
                || any_or_listed(
                    &self.availability_zones,
                    interface.availability_zone_id.as_deref(),
                ))
            && (self.security_group_ids.is_empty()
                || interface
                    .security_group_ids
                    .iter()
                    .any(|id| self.security_group_ids.contains(id)))
            && (!self.primary_only || interface.is_primary())
    }

    fn source_matches(&self, interface: &Interface) -> bool {
        match self.tag_source {
            TagSource::Instance => self.tags_match(&interface.instance_tags),
            TagSource::NetworkInterface => self.tags_match(&interface.tags),
            TagSource::Either => {
                self.tags_match(&interface.instance_tags) || self.tags_match(&interface.tags)
            }
        }
    }

    /// Whether the block names interfaces by id, and asks besides for something that only a visible instance has.
    pub(super) fn may_hide_instances(&self) -> bool {
        !self.network_interface_ids.is_empty() && self.instance_ids.is_empty()
    }

    /// Whether the block means this very interface, by its id or its own tags, rather than whatever has such an instance: of what is
    /// merely in the same place as others, nobody asks why it has no session.
    fn names(&self, interface: &Interface) -> bool {
        let by_tags = !self.tags.is_empty() && self.tag_source != TagSource::Instance;
        self.may_hide_instances() || by_tags && self.tags_match(&interface.tags)
    }

    fn state_matches(&self, state: Option<&str>) -> bool {
        let Some(state) = state else {
            return self.instance_state_names.is_empty();
        };
        if self.instance_state_names.is_empty() {
            EC2_DEFAULT_STATES.contains(&state)
        } else {
            self.instance_state_names.iter().any(|name| name == state)
        }
    }

    fn tags_match(&self, tags: &Tags) -> bool {
        self.tags.iter().all(|(key, pattern)| {
            if self.ignore_tag_case {
                let (key, pattern) = (key.to_lowercase(), pattern.to_lowercase());
                tags.iter()
                    .any(|(k, v)| k.to_lowercase() == key && wildcard::matches(&pattern, &v.to_lowercase()))
            } else {
                tags.get(key)
                    .is_some_and(|value| wildcard::matches(pattern, value))
            }
        })
    }
}

fn any_or_listed(list: &[String], value: Option<&str>) -> bool {
    list.is_empty() || value.is_some_and(|value| list.iter().any(|item| item == value))
}

fn any_or_among(set: &BTreeSet<String>, value: Option<&str>) -> bool {
    set.is_empty() || value.is_some_and(|value| set.contains(value))
}

fn any_pattern(list: &[String], value: Option<&str>) -> bool {
    list.is_empty() || value.is_some_and(|value| list.iter().any(|item| wildcard::matches(item, value)))
}

/// Whether any selector and no exclusion means the interface. No selector selects nothing. What is not decided for want of the
/// instance counts of selectors only where they name the interface itself.
pub fn selected(selectors: &[Selector], excludes: &[Selector], interface: &Interface) -> Meant {
    let unseen = |meant| match meant {
        Meant::Unseen(what) => Some(what),
        Meant::Yes | Meant::No => None,
    };
    let wanted = if selectors.iter().any(|selector| selector.matches(interface)) {
        Meant::Yes
    } else {
        let naming = selectors.iter().filter(|selector| selector.names(interface));
        let mut hidden = naming.filter_map(|selector| unseen(selector.means(interface, "the selector")));
        hidden.next().map_or(Meant::No, Meant::Unseen)
    };
    if wanted == Meant::No || excludes.iter().any(|exclude| exclude.matches(interface)) {
        return Meant::No;
    }
    let mut hidden = excludes
        .iter()
        .filter_map(|exclude| unseen(exclude.means(interface, "an exclude block")));
    hidden.next().map_or(wanted, Meant::Unseen)
}

#[cfg(test)]
#[path = "selector_tests.rs"]
mod tests;
