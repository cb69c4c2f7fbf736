//! What an import found on the sessions of a coverage and no argument says: it stays so.
//!
//! EC2 has the sessions and not the configuration that they were made by. What they have in common becomes arguments; where they
//! differ, nobody can tell whether that was meant, so nothing of it is changed until the argument that would decide it does.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Fleet, Pick};

/// What stays as it was found of the session of one interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsFound {
    /// Its filter, where that is not the coverage's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_mirror_filter_id: Option<String>,
    /// Bytes of each packet, where the sessions have no length in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_length: Option<i64>,
    /// Keys of tags that are neither written nor removed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tag_keys: BTreeSet<String>,
    /// Whether the session stays although its interface could not have one by the rules.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays: bool,
    /// Further sessions of the coverage on this interface.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub second_session_ids: BTreeSet<String>,
}

/// What stays as it was found of the filter that the coverage owns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterAsFound {
    /// The filter that this is about: one that takes its place has nothing left as it was.
    pub id: String,
    /// What its rules lacked or had beside, in words: when they change again, they are put right.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub rules: BTreeSet<String>,
    /// Keys of tags that are not removed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tag_keys: BTreeSet<String>,
}

impl FilterAsFound {
    /// Whether nothing is left as it was found.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.tag_keys.is_empty()
    }

    /// Whether these faults of this filter's rules, in words, are just those that it was found with.
    pub fn leaves_rules(&self, filter: &str, faults: &[String]) -> bool {
        self.id == filter
            && !faults.is_empty()
            && self.rules.iter().eq(&BTreeSet::from_iter(faults.iter().cloned()))
    }
}

/// By interface.
pub type AllAsFound = BTreeMap<String, AsFound>;

/// What a plan decides by arguments that the state had otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decided {
    /// The filter, or what picks one.
    pub filter: bool,
    pub packet_length: bool,
    /// Which interfaces are meant.
    pub selection: bool,
}

impl Fleet {
    /// The filter of this interface's session, where it is not the coverage's: its instance's tag picks it, or it was found so.
    pub fn own_choice(&self, interface: &str, picked: Pick) -> Option<String> {
        let found = || self.as_found.get(interface)?.traffic_mirror_filter_id.clone();
        picked.picked().or_else(found)
    }

    /// Whether this second session of the interface stays, since it was found so.
    pub fn is_left(&self, interface: &str, session: &str) -> bool {
        let found = self.as_found.get(interface);
        found.is_some_and(|found| found.second_session_ids.contains(session))
    }

    /// The second sessions that a plan deletes, each with its interface.
    pub fn surplus(&self) -> impl Iterator<Item = (&str, &str)> {
        self.second_sessions
            .iter()
            .flat_map(move |(interface, sessions)| {
                let goes = sessions
                    .iter()
                    .filter(move |session| !self.is_left(interface, session));
                goes.map(move |session| (interface.as_str(), session.as_str()))
            })
    }

    /// What the configuration decides now is no longer left as it was found.
    pub fn forget_found(&mut self, decided: Decided) {
        for found in self.as_found.values_mut() {
            if decided.filter {
                found.traffic_mirror_filter_id = None;
            }
            if decided.packet_length {
                found.packet_length = None;
            }
            if decided.selection {
                found.stays = false;
                found.second_session_ids.clear();
            }
        }
        self.as_found.retain(|_, found| *found != AsFound::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::{Blueprint, Member, Reason, Row, Wish, skips};

    fn found() -> AsFound {
        AsFound {
            traffic_mirror_filter_id: Some("tmf-2".into()),
            packet_length: Some(100),
            tag_keys: ["Stray".to_owned()].into(),
            stays: true,
            second_session_ids: ["tms-9".to_owned()].into(),
        }
    }

    #[test]
    fn what_was_found_stays_until_an_argument_decides() {
        let as_found: AllAsFound = [("eni-1".to_owned(), found())].into();
        let blueprint = Blueprint {
            traffic_mirror_filter_id: "tmf-1".into(),
            as_found: as_found.clone(),
            ..Blueprint::default()
        };
        let spec = blueprint.spec("eni-1", &Member::default());
        assert_eq!(spec.traffic_mirror_filter_id, "tmf-2");
        assert_eq!(spec.packet_length, Some(100));
        let actual = [
            ("Stray".to_owned(), "1".to_owned()),
            ("More".to_owned(), "1".to_owned()),
        ]
        .into();
        assert_eq!(spec.tags_to_remove(&actual), ["More"]);
        assert!(!spec.tags_to_set(&actual).contains_key("Stray"));
        let given = Blueprint {
            packet_length: Some(64),
            ..blueprint
        };
        assert_eq!(given.spec("eni-1", &Member::default()).packet_length, Some(64));
        assert_eq!(
            given.spec("eni-2", &Member::default()).traffic_mirror_filter_id,
            "tmf-1"
        );

        let mut fleet = Fleet {
            as_found,
            ..Fleet::default()
        };
        fleet.forget_found(Decided::default());
        assert_eq!(fleet.as_found["eni-1"], found());
        let everything = Decided {
            filter: true,
            packet_length: true,
            selection: true,
        };
        fleet.forget_found(everything);
        let left = AsFound {
            tag_keys: found().tag_keys,
            ..AsFound::default()
        };
        assert_eq!(fleet.as_found["eni-1"], left, "no argument takes tags away");
    }

    #[test]
    fn only_a_session_that_exists_stays_against_the_rules() {
        let detached = Member {
            interface_type: "interface".into(),
            unattached: true,
            ..Member::default()
        };
        let mut fleet = Fleet {
            interfaces: [("eni-1".to_owned(), detached)].into(),
            as_found: [("eni-1".to_owned(), found())].into(),
            ..Fleet::default()
        };
        let row = Row {
            id: Some("tms-1".into()),
            ..Row::default()
        };
        let prior = [("eni-1".to_owned(), row)].into();
        let wish = Wish {
            enabled: true,
            ..Wish::default()
        };
        assert!(skips(&wish, &fleet, &prior).is_empty());
        assert_eq!(
            skips(&wish, &fleet, &BTreeMap::new())["eni-1"].reason,
            Reason::UnsupportedInterface
        );
        fleet.as_found.clear();
        assert_eq!(skips(&wish, &fleet, &prior).len(), 1);
    }

    #[test]
    fn a_second_session_stays_where_it_was_found() {
        let mut fleet = Fleet {
            as_found: [("eni-1".to_owned(), found())].into(),
            second_sessions: [("eni-1".to_owned(), ["tms-8", "tms-9"].map(str::to_owned).into())].into(),
            ..Fleet::default()
        };
        assert_eq!(fleet.surplus().collect::<Vec<_>>(), [("eni-1", "tms-8")]);
        assert!(fleet.is_left("eni-1", "tms-9") && !fleet.is_left("eni-2", "tms-9"));
        fleet.forget_found(Decided {
            selection: true,
            ..Decided::default()
        });
        assert_eq!(fleet.surplus().count(), 2);
    }

    #[test]
    fn the_rules_of_a_filter_stay_until_they_change_again() {
        let faults = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let found = FilterAsFound {
            id: "tmf-1".into(),
            rules: ["a".to_owned(), "b".to_owned()].into(),
            ..FilterAsFound::default()
        };
        assert!(found.leaves_rules("tmf-1", &faults(&["b", "a"])));
        assert!(!found.leaves_rules("tmf-2", &faults(&["b", "a"])));
        assert!(!found.leaves_rules("tmf-1", &faults(&["a"])));
        assert!(!found.leaves_rules("tmf-1", &faults(&["a", "b", "c"])));
        assert!(!FilterAsFound::default().leaves_rules("", &[]));
    }

    #[test]
    fn it_travels_with_the_fleet_while_the_interface_is_selected() {
        let earlier = Fleet {
            as_found: ["eni-1", "eni-2"].map(|id| (id.to_owned(), found())).into(),
            ..Fleet::default()
        };
        let earlier = Fleet::decode(&earlier.encode().unwrap()).unwrap();
        let mut fleet = Fleet {
            interfaces: [("eni-2".to_owned(), Member::default())].into(),
            ..Fleet::default()
        };
        fleet.remember(&earlier);
        assert_eq!(fleet.as_found, [("eni-2".to_owned(), found())].into());
    }
}
