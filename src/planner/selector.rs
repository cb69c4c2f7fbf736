//! Which interfaces a configuration means.
//!
//! Several blocks are alternatives; within a block every argument must match. The same predicates decide for
//! `mirror_coverage`, `mirror_interfaces` and `mirror_audit`, and for whatever EC2 already filtered on its side.

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
    pub instance_ids: Vec<String>,
    pub network_interface_ids: Vec<String>,
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

impl Selector {
    /// Whether the block means this interface.
    pub fn matches(&self, interface: &Interface) -> bool {
        any_or_listed(&self.instance_ids, interface.instance_id.as_deref())
            && any_or_listed(&self.network_interface_ids, Some(&interface.id))
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
            && any_pattern(&self.instance_types, interface.instance_type.as_deref())
            && self.state_matches(interface.instance_state.as_deref())
            && (!self.primary_only || interface.is_primary())
            && match self.tag_source {
                TagSource::Instance => self.tags_match(&interface.instance_tags),
                TagSource::NetworkInterface => self.tags_match(&interface.tags),
                TagSource::Either => {
                    self.tags_match(&interface.instance_tags) || self.tags_match(&interface.tags)
                }
            }
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

fn any_pattern(list: &[String], value: Option<&str>) -> bool {
    list.is_empty() || value.is_some_and(|value| list.iter().any(|item| wildcard::matches(item, value)))
}

/// Whether any selector and no exclusion means the interface. No selector selects nothing.
pub fn is_selected(selectors: &[Selector], excludes: &[Selector], interface: &Interface) -> bool {
    selectors.iter().any(|s| s.matches(interface)) && !excludes.iter().any(|e| e.matches(interface))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
    }

    fn interface() -> Interface {
        Interface {
            id: "eni-1".into(),
            instance_id: Some("i-1".into()),
            instance_type: Some("m5.large".into()),
            instance_state: Some("running".into()),
            instance_tags: tags(&[("Mirror", "True"), ("Team", "web")]),
            vpc_id: Some("vpc-1".into()),
            subnet_id: Some("subnet-1".into()),
            availability_zone: Some("eu-west-1a".into()),
            availability_zone_id: Some("euw1-az2".into()),
            security_group_ids: vec!["sg-1".into(), "sg-2".into()],
            device_index: Some(0),
            ..Interface::default()
        }
    }

    #[test]
    fn within_a_block_all_must_match() {
        let both = Selector {
            tags: tags(&[("Mirror", "True"), ("Team", "db")]),
            ..Selector::default()
        };
        assert!(!both.matches(&interface()));
        let one = Selector {
            tags: tags(&[("Mirror", "T*"), ("Team", "web")]),
            ..Selector::default()
        };
        assert!(one.matches(&interface()));
        let elsewhere = Selector {
            vpc_ids: vec!["vpc-2".into()],
            ..one
        };
        assert!(!elsewhere.matches(&interface()));
    }

    #[test]
    fn between_blocks_one_suffices_and_an_exclusion_wins() {
        let wrong = Selector {
            vpc_ids: vec!["vpc-2".into()],
            ..Selector::default()
        };
        let right = Selector {
            subnet_ids: vec!["subnet-1".into()],
            ..Selector::default()
        };
        assert!(is_selected(&[wrong.clone(), right.clone()], &[], &interface()));
        assert!(!is_selected(
            std::slice::from_ref(&right),
            std::slice::from_ref(&right),
            &interface()
        ));
        assert!(!is_selected(&[], &[], &interface()), "no selector is never all");
    }

    #[test]
    fn case_matters_unless_asked_otherwise() {
        let lower = Selector {
            tags: tags(&[("mirror", "true")]),
            ..Selector::default()
        };
        assert!(!lower.matches(&interface()));
        assert!(
            Selector {
                ignore_tag_case: true,
                ..lower
            }
            .matches(&interface())
        );
    }

    #[test]
    fn each_argument_is_judged() {
        let all = Selector {
            instance_ids: vec!["i-1".into()],
            network_interface_ids: vec!["eni-1".into()],
            availability_zones: vec!["euw1-az2".into()],
            security_group_ids: vec!["sg-2".into()],
            instance_types: vec!["m5.*".into()],
            instance_state_names: vec!["running".into()],
            primary_only: true,
            ..Selector::default()
        };
        assert!(all.matches(&interface()));
        let changes: [fn(&mut Interface); 7] = [
            |i| i.instance_id = None,
            |i| i.id = "eni-2".into(),
            |i| i.availability_zone_id = None,
            |i| i.security_group_ids.clear(),
            |i| i.instance_type = Some("c5.large".into()),
            |i| i.instance_state = Some("stopped".into()),
            |i| i.network_card_index = Some(1),
        ];
        for change in changes {
            let mut other = interface();
            change(&mut other);
            assert!(!all.matches(&other), "{other:?}");
        }
    }

    #[test]
    fn dying_instances_are_left_out_by_default() {
        let selector = Selector {
            vpc_ids: vec!["vpc-1".into()],
            ..Selector::default()
        };
        for (state, expected) in [
            ("pending", true),
            ("running", true),
            ("stopped", true),
            ("shutting-down", false),
            ("terminated", false),
        ] {
            let interface = Interface {
                instance_state: Some(state.into()),
                ..interface()
            };
            assert_eq!(selector.matches(&interface), expected, "{state}");
        }
    }
}
