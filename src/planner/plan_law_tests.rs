//! What holds of every plan, whatever the fleet and the arguments.

use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// What may be listed, or named by a tag.
const TARGETS: [&str; 4] = ["t1", "t2", "t3", "t9"];

prop_compose! {
    pub(super) fn some_fleet()(
        interfaces in btree_map(0_u8..40, (select(&ZONES[..]), option::of(select(vec!["t1", "t2", "t3", "t9"]))), 0..30),
        crowded in btree_set(0_u8..40, 0..4),
        sites in btree_map(select(vec!["t1", "t2", "t3"]), option::of(select(&ZONES[..])), 3),
    ) -> Fleet {
        let id = |n: u8| format!("eni-{n:02}");
        let site = |zone: Option<&str>| match zone {
            Some(zone) => small(zone),
            None => TargetSite { kind: Some(TargetKind::NetworkLoadBalancer), ..TargetSite::default() },
        };
        Fleet {
            crowded: crowded.into_iter().map(id).collect(),
            interfaces: interfaces.into_iter().map(|(n, (zone, pick))| {
                let tags: Vec<_> = pick.into_iter().map(|target| ("Mirror-Target", target)).collect();
                (id(n), member(zone, &tags))
            }).collect(),
            targets: sites.into_iter().map(|(id, zone)| (id.to_owned(), site(zone))).collect(),
            ..Fleet::default()
        }
    }
}

pub(super) fn some_wish() -> impl Strategy<Value = Wish> {
    let placement = select(vec![
        Placement::Balanced,
        Placement::PreferSameAz,
        Placement::SameAz,
    ]);
    (placement, any::<bool>(), option::of(select(vec!["t2", "t3"]))).prop_map(
        |(placement, allow_partial, by_tag)| Wish {
            placement,
            allow_partial,
            override_rule: Override {
                target_tag: by_tag.map(|_| "Mirror-Target".to_owned()),
                target_ids: by_tag.map(str::to_owned).into_iter().collect(),
                ..Override::default()
            },
            ..wish_of(&[Some("t1"), Some("t2")])
        },
    )
}

proptest! {
    #[test]
    fn nothing_is_left_to_do_after_an_apply(fleet in some_fleet(), wish in some_wish()) {
        let first = planned(&wish, &fleet, &BTreeMap::new());
        let state = applied(&first);
        let second = planned(&wish, &fleet, &state);
        prop_assert_eq!(&second.sessions, &state);
        prop_assert_eq!(second.skipped, first.skipped);
        prop_assert_eq!(second.without_room, first.without_room);
    }

    #[test]
    fn every_interface_has_a_session_or_a_reason(fleet in some_fleet(), wish in some_wish()) {
        let plan = planned(&wish, &fleet, &BTreeMap::new());
        for id in fleet.interfaces.keys() {
            let places = [plan.sessions.contains_key(id), plan.skipped.contains_key(id), plan.without_room.contains_key(id)];
            prop_assert_eq!(places.into_iter().filter(|there| *there).count(), 1, "{}", id);
        }
        prop_assert!(!wish.allow_partial || plan.without_room.is_empty());
    }

    /// Some of the targets are made by the same run, or exist and are told by it, some of those that a tag may name too.
    #[test]
    fn a_final_plan_that_knows_every_target_agrees_with_the_first(
        before in some_fleet(),
        after in some_fleet(),
        wish in some_wish(),
        early in (btree_set(select(&TARGETS[..]), 0..3), btree_set(select(&TARGETS[..]), 0..3)),
        late in (btree_set(select(&TARGETS[..]), 0..3), btree_set(select(&TARGETS[..]), 0..3)),
        last_first in any::<bool>(),
        failed in btree_set(0_u8..40, 0..6),
        receivers in btree_set(select(vec!["eni-00", "eni-01", "eni-02"]), 0..3),
    ) {
        let state = applied(&planned(&wish, &before, &BTreeMap::new()));
        let mut fleet = after;
        fleet.failed = failed.into_iter().map(|n| (format!("eni-{n:02}"), 1)).collect();
        let has_rule = wish.override_rule.target_tag.is_some();
        let mut unknown = wish.clone();
        let named = |ids: &BTreeSet<&str>| ids.iter().map(|id| id.to_string()).collect::<Vec<_>>();
        let is_new = |id: &&str| !early.0.contains(id);
        let mut late_targets: Vec<_> = late.0.iter().copied().filter(is_new).map(str::to_owned).collect();
        let mut targets = named(&early.0);
        unknown.targets = targets.iter().cloned().map(Some).collect();
        if !late_targets.is_empty() {
            unknown.targets.push(None);
        }
        if last_first {
            std::mem::swap(&mut targets, &mut late_targets);
        }
        targets.append(&mut late_targets);
        let mut known = wish;
        known.targets = targets.into_iter().map(Some).collect();
        if has_rule {
            unknown.override_rule.target_ids = named(&early.1);
            unknown.override_rule.unknown_target_ids = !late.1.is_empty();
            known.override_rule.target_ids = named(&early.1.union(&late.1).copied().collect());
        }
        prop_assume!(unknown.targets.contains(&None) || unknown.override_rule.unknown_target_ids);
        fleet.note_known_first(&unknown);
        prop_assert!(fleet.late_targets);
        let first = planned(&unknown, &fleet, &state);
        prop_assume!(first.without_room.is_empty());
        prop_assert!(first.late_refusals.is_empty(), "certain, hence no failure of an apply: {:?}", first.late_refusals);
        fleet = Fleet::decode(&fleet.encode().unwrap()).unwrap();
        fleet.late_receivers.interface_ids = receivers.iter().map(|id| id.to_string()).collect();
        fleet.note_known_first(&known);
        let second = planned(&known, &fleet, &state);
        prop_assert!(second.without_room.is_empty() && second.overfull.is_empty());
        prop_assert_eq!(&first.skipped, &second.skipped);
        prop_assert_eq!(first.sessions.keys().collect::<Vec<_>>(), second.sessions.keys().collect::<Vec<_>>());
        for (id, row) in &first.sessions {
            let later = &second.sessions[id];
            let target = row.traffic_mirror_target_id.is_none() || row.traffic_mirror_target_id == later.traffic_mirror_target_id;
            prop_assert!(target, "{:?} then {:?}", row, later);
            let bare = |row: &Row| Row { traffic_mirror_target_id: None, ..row.clone() };
            prop_assert_eq!(bare(row), bare(later));
            let is_new = row.id.is_none();
            let refused = second.late_refusals.contains_key(id);
            let is_sensor = receivers.contains(id.as_str());
            prop_assert!(refused || later.traffic_mirror_target_id.is_some(), "{}: without a word", id);
            prop_assert!(!is_new || refused || !is_sensor, "{}: a sensor is a source", id);
            prop_assert!(!refused || is_sensor || row.traffic_mirror_target_id.is_none(), "{}: it had a place", id);
        }
        for (id, refusal) in &second.late_refusals {
            let certain = refusal.reason == Reason::OverrideRefused && !unknown.override_rule.unknown_target_ids;
            prop_assert!(!certain, "{}: the first plan knew", id);
        }
    }
}
