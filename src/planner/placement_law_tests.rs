//! What holds of every placement, whatever the fleet.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const ZONES: [&str; 3] = ["az1", "az2", "az3"];

fn placements() -> impl Strategy<Value = Placement> {
    select(vec![
        Placement::Balanced,
        Placement::PreferSameAz,
        Placement::SameAz,
    ])
}

fn some_targets() -> impl Strategy<Value = Vec<PlacementTarget>> {
    let one = (option::of(0_usize..6), btree_set(select(ZONES.to_vec()), 0..3));
    vec(one, 1..5).prop_map(|list| {
        let target = |(index, (capacity, zones)): (usize, (Option<usize>, BTreeSet<&str>))| {
            let zones: Vec<&str> = zones.into_iter().collect();
            listed(&format!("t{index}"), capacity, &zones)
        };
        list.into_iter().enumerate().map(target).collect()
    })
}

/// Interfaces by id, with their zones.
fn some_fleet() -> impl Strategy<Value = BTreeMap<String, Option<&'static str>>> {
    btree_map("eni-[0-9a-f]", option::of(select(ZONES.to_vec())), 0..14)
}

fn fresh<'a>(fleet: &'a BTreeMap<String, Option<&'static str>>) -> Vec<Source<'a>> {
    fleet.iter().map(|(id, zone)| source(id, *zone, None)).collect()
}

/// The same fleet after the placement was applied.
fn settled<'a>(
    fleet: &'a BTreeMap<String, Option<&'static str>>,
    state: &'a BTreeMap<String, String>,
) -> Vec<Source<'a>> {
    fleet
        .iter()
        .map(|(id, zone)| source(id, *zone, state.get(id).map(String::as_str)))
        .collect()
}

fn state_of(placed: &BTreeMap<&str, Placed>) -> BTreeMap<String, String> {
    placed
        .iter()
        .filter_map(|(id, target)| Some(((*id).to_owned(), target.clone().ok()?)))
        .collect()
}

fn loads(placed: &BTreeMap<&str, Placed>) -> BTreeMap<String, usize> {
    let mut loads = BTreeMap::new();
    for target in placed.values().flatten() {
        *loads.entry(target.clone()).or_default() += 1;
    }
    loads
}

proptest! {
    #[test]
    fn instances_that_come_and_go_move_no_session(
        placement in placements(), targets in some_targets(), before in some_fleet(), after in some_fleet(),
    ) {
        let state = state_of(&place(placement, &targets, &fresh(&before)));
        // An interface's zone never changes.
        let after: BTreeMap<_, _> = after.into_iter().map(|(id, zone)| {
            let zone = before.get(&id).copied().unwrap_or(zone);
            (id, zone)
        }).collect();
        let later = place(placement, &targets, &settled(&after, &state));
        for (id, target) in later {
            if let Some(old) = state.get(id) {
                prop_assert_eq!(target.as_ref(), Ok(old), "{}", id);
            }
        }
    }

    #[test]
    fn another_target_moves_no_session(
        placement in placements(), targets in some_targets(), fleet in some_fleet(),
        capacity in option::of(0_usize..6), zone in select(ZONES.to_vec()), at in any::<Index>(),
    ) {
        let state = state_of(&place(placement, &targets, &fresh(&fleet)));
        let mut more = targets.clone();
        more.insert(at.index(targets.len() + 1), listed("new", capacity, &[zone]));
        let later = place(placement, &more, &settled(&fleet, &state));
        for (id, old) in &state {
            prop_assert_eq!(later[id.as_str()].as_ref(), Ok(old), "{}", id);
        }
    }

    #[test]
    fn a_target_that_goes_moves_only_its_own_sessions(
        placement in placements(), targets in some_targets(), fleet in some_fleet(), at in any::<Index>(),
    ) {
        let state = state_of(&place(placement, &targets, &fresh(&fleet)));
        let mut fewer = targets.clone();
        let gone = fewer.remove(at.index(targets.len()));
        let later = place(placement, &fewer, &settled(&fleet, &state));
        for (id, old) in state.iter().filter(|(_, old)| **old != gone.target_id) {
            prop_assert_eq!(later[id.as_str()].as_ref(), Ok(old), "{}", id);
        }
    }

    #[test]
    fn fresh_loads_differ_by_one_at_most(count in 1_usize..6, fleet in some_fleet()) {
        let targets: Vec<_> = (0..count).map(|index| listed(&format!("t{index}"), None, &["az1"])).collect();
        let loads = loads(&place(Placement::Balanced, &targets, &fresh(&fleet)));
        let of = |target: &PlacementTarget| loads.get(&target.target_id).copied().unwrap_or(0);
        let (least, most) = (targets.iter().map(of).min(), targets.iter().map(of).max());
        prop_assert!(most <= least.map(|least| least + 1), "{:?}", loads);
    }

    #[test]
    fn new_sessions_never_exceed_a_capacity_and_none_is_refused_while_there_is_room(
        placement in placements(), targets in some_targets(), before in some_fleet(), after in some_fleet(),
        shrunk in 0_usize..4,
    ) {
        let state = state_of(&place(placement, &targets, &fresh(&before)));
        let smaller: Vec<_> = targets.iter().cloned().map(|target| PlacementTarget {
            capacity: target.capacity.map(|capacity| capacity.min(shrunk)),
            ..target
        }).collect();
        let placed = place(placement, &smaller, &settled(&after, &state));
        prop_assert_eq!(placed.len(), after.len());
        let loads = loads(&placed);
        for target in &smaller {
            let load = loads.get(&target.target_id).copied().unwrap_or(0);
            let stayed = placed.iter()
                .filter(|(id, now)| now.as_ref() == Ok(&target.target_id) && state.get(**id) == Some(&target.target_id))
                .count();
            if let Some(capacity) = target.capacity {
                prop_assert!(load <= capacity.max(stayed), "{}: {} > {}", target.target_id, load, capacity);
            }
            let roomy = target.capacity.is_none_or(|capacity| load < capacity);
            if roomy && placement != Placement::SameAz {
                prop_assert!(placed.values().all(Result::is_ok));
            }
        }
    }

    #[test]
    fn same_az_never_leaves_the_zone(targets in some_targets(), fleet in some_fleet()) {
        for (id, placed) in place(Placement::SameAz, &targets, &fresh(&fleet)) {
            if let Ok(target_id) = placed {
                let target = targets.iter().find(|target| target.target_id == target_id).unwrap();
                let zone = fleet[id];
                prop_assert!(target.zone_ids.is_empty() || zone.is_some_and(|zone| target.zone_ids.contains(zone)));
            }
        }
    }

    #[test]
    fn the_order_of_the_sources_decides_nothing(
        placement in placements(), targets in some_targets(), fleet in some_fleet(),
    ) {
        let mut sources = fresh(&fleet);
        let first = place(placement, &targets, &sources);
        sources.reverse();
        prop_assert_eq!(first, place(placement, &targets, &sources));
    }
}
