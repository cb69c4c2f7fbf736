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
