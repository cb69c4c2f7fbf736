//! The building blocks of a plan keep what AutoMirror promises.

use std::collections::{BTreeMap, BTreeSet};

use super::parity::{Case, automirror_override, automirror_selectors, cases};
use super::{
    Candidate, EligibilityRules, Interface, Meant, Pick, Placement, PlacementTarget, Source, Surroundings,
    ineligible, place, selected,
};

/// Sessions on one source interface (Traffic Mirroring quotas).
const SESSIONS_OF_AN_INTERFACE: usize = 3;

fn can_be_mirrored(interface: &Interface) -> bool {
    let nothing = BTreeSet::new();
    let around = Surroundings {
        sensor_instance_ids: &nothing,
        target_interface_ids: &nothing,
        refused: &BTreeMap::new(),
        needs_of_instance: None,
    };
    let candidate = Candidate {
        id: &interface.id,
        instance_id: interface.instance_id.as_deref(),
        instance_type: interface.instance_type.as_deref(),
        interface_type: &interface.interface_type,
        ..Candidate::default()
    };
    ineligible(&EligibilityRules::default(), &around, &candidate).is_none()
}

/// Interface to target and, where a tag picks one, filter.
fn sessions(case: &Case) -> BTreeMap<String, (String, Option<String>)> {
    let rule = automirror_override();
    let mut filters = BTreeMap::new();
    let mut picks = BTreeMap::new();
    for interface in &case.fleet {
        let wanted =
            selected(&automirror_selectors(), &[], interface) == Meant::Yes && can_be_mirrored(interface);
        let foreign = case.foreign_sessions.get(interface.id.as_str()).copied();
        if !wanted || foreign.is_some_and(|count| count >= SESSIONS_OF_AN_INTERFACE) {
            continue;
        }
        let filter = match rule.filter(&interface.instance_tags) {
            Pick::Picked(id) => Some(id),
            Pick::NotTagged => None,
            Pick::Unlisted(_) | Pick::Contradictory(_) => continue,
        };
        let target = match rule.target(&interface.instance_tags) {
            Pick::Picked(id) => Some(id),
            Pick::NotTagged => None,
            Pick::Unlisted(_) | Pick::Contradictory(_) => continue,
        };
        filters.insert(interface.id.as_str(), filter);
        picks.insert(interface.id.as_str(), target);
    }
    let sources: Vec<Source<'_>> = picks
        .iter()
        .map(|(id, picked)| Source {
            id,
            zone_id: Some("euw1-az1"),
            current: case.earlier.get(id).copied(),
            picked: picked.as_deref(),
            waits: false,
            failed: 0,
        })
        .collect();
    let targets: Vec<PlacementTarget> = case
        .target_ids
        .iter()
        .map(|id| PlacementTarget {
            target_id: (*id).to_owned(),
            ..PlacementTarget::default()
        })
        .collect();
    place(Placement::default(), &targets, &sources)
        .into_iter()
        .filter_map(|(id, placed)| Some((id.to_owned(), (placed.ok()?, filters[id].clone()))))
        .collect()
}

#[test]
fn at_least_what_automirror_promises() {
    for case in cases() {
        let sessions = sessions(&case);
        for promised in &case.at_least {
            let found = sessions.get(promised.network_interface_id);
            let Some((target, filter)) = found else {
                panic!(
                    "{}: {} has no session",
                    case.promise, promised.network_interface_id
                );
            };
            if let Some(wanted) = promised.traffic_mirror_target_id {
                assert_eq!(target, wanted, "{}", case.promise);
            }
            if let Some(wanted) = promised.traffic_mirror_filter_id {
                assert_eq!(filter.as_deref(), Some(wanted), "{}", case.promise);
            }
        }
        for interface in &case.none {
            assert!(
                !sessions.contains_key(*interface),
                "{}: {interface}",
                case.promise
            );
        }
        if case.evenly {
            let load = |id: &str| sessions.values().filter(|(target, _)| target == id).count();
            let loads: Vec<usize> = case.target_ids.iter().map(|id| load(id)).collect();
            assert!(
                loads.iter().max() <= loads.iter().min().map(|least| least + 1).as_ref(),
                "{}: {loads:?}",
                case.promise
            );
        }
    }
}

#[test]
fn every_interface_of_an_instance_and_each_once() {
    let of_two = cases()
        .into_iter()
        .find(|case| case.promise.starts_with("the first interface"));
    assert_eq!(of_two.map(|case| sessions(&case).len()), Some(2));
}

#[test]
fn the_table_means_interfaces_of_its_fleets() {
    for case in cases() {
        let ids: BTreeSet<&str> = case.fleet.iter().map(|interface| interface.id.as_str()).collect();
        assert_eq!(
            ids.len(),
            case.fleet.len(),
            "{}: an interface twice",
            case.promise
        );
        let named = case.at_least.iter().map(|promised| promised.network_interface_id);
        for id in named.chain(case.none.iter().copied()) {
            assert!(ids.contains(id), "{}: {id}", case.promise);
        }
        assert!(!case.at_least.is_empty(), "{}", case.promise);
    }
}
