//! Plans with zones, capacities, tags that pick, sessions of others, and targets that are known only at apply.

use super::super::{TargetKind, TargetSite};
use super::*;

#[path = "plan_late_tests.rs"]
mod late;
#[path = "plan_law_tests.rs"]
mod laws;
#[path = "plan_limit_tests.rs"]
mod limits;

const ZONES: [&str; 2] = ["az1", "az2"];

/// A small target in a zone: its instance's type takes ten sources.
fn small(zone: &str) -> TargetSite {
    TargetSite {
        kind: Some(TargetKind::NetworkInterface),
        zone_ids: [zone.to_owned()].into(),
        instance_type: Some("m5.large".into()),
        shared: false,
    }
}

fn member(zone: &str, tags: &[(&str, &str)]) -> Member {
    Member {
        instance_id: Some("i-1".into()),
        instance_type: Some("m5.large".into()),
        interface_type: "interface".into(),
        availability_zone_id: Some(zone.into()),
        tags: tags
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
        ..Member::default()
    }
}

fn fleet_of(count: usize) -> Fleet {
    Fleet {
        interfaces: (0..count)
            .map(|i| (format!("eni-{i:03}"), member("az1", &[])))
            .collect(),
        targets: [("t1".to_owned(), small("az1")), ("t2".to_owned(), small("az2"))].into(),
        ..Fleet::default()
    }
}

fn wish_of(targets: &[Option<&str>]) -> Wish {
    Wish {
        enabled: true,
        targets: targets.iter().map(|target| target.map(str::to_owned)).collect(),
        limits: Limits {
            allow_empty: true,
            ..Limits::default()
        },
        ..Wish::default()
    }
}

fn planned(wish: &Wish, fleet: &Fleet, prior: &BTreeMap<String, Row>) -> Plan {
    plan(wish, fleet, prior).unwrap()
}

/// What an apply of the plan leaves in the state; a row without a target is not made.
fn applied(plan: &Plan) -> BTreeMap<String, Row> {
    let made = plan
        .sessions
        .iter()
        .filter(|(_, row)| row.traffic_mirror_target_id.is_some());
    made.map(|(id, row)| {
        let id_of_session = row.id.clone().unwrap_or(format!("tms-{id}"));
        let row = Row {
            id: Some(id_of_session),
            session_number: row.session_number.or(Some(1)),
            virtual_network_id: row.virtual_network_id.or(Some(7)),
            ..row.clone()
        };
        (id.clone(), row)
    })
    .collect()
}

#[test]
fn an_eleventh_source_of_a_small_target_goes_to_the_other_zone_or_is_refused() {
    let none = BTreeMap::new();
    let plan = planned(&wish_of(&[Some("t1"), Some("t2")]), &fleet_of(12), &none);
    let on = |target: &str| {
        plan.sessions
            .values()
            .filter(|row| row.traffic_mirror_target_id.as_deref() == Some(target))
            .count()
    };
    assert_eq!(
        (on("t1"), on("t2")),
        (10, 2),
        "the zone first, then whatever has room"
    );
    let full = planned(&wish_of(&[Some("t1")]), &fleet_of(12), &none);
    assert_eq!((full.sessions.len(), full.without_room.len()), (10, 2));
    assert!(
        full.without_room
            .values()
            .all(|skip| skip.reason == Reason::TargetFull)
    );
    let partial = Wish {
        allow_partial: true,
        ..wish_of(&[Some("t1")])
    };
    let partial = planned(&partial, &fleet_of(12), &none);
    assert!(partial.without_room.is_empty() && partial.skipped.len() == 2);
    let raised = Limits {
        max_sources_per_target: Some(12),
        ..Limits::default()
    };
    let raised = planned(
        &Wish {
            limits: raised,
            ..wish_of(&[Some("t1")])
        },
        &fleet_of(12),
        &none,
    );
    assert_eq!(raised.sessions.len(), 12);
}

#[test]
fn a_shared_targets_capacity_is_not_guessed() {
    let mut fleet = fleet_of(12);
    fleet.targets.insert(
        "t1".into(),
        TargetSite {
            shared: true,
            ..small("az1")
        },
    );
    assert!(
        planned(&wish_of(&[Some("t1")]), &fleet, &BTreeMap::new())
            .without_room
            .is_empty()
    );
}

#[test]
fn others_load_is_an_error_and_decides_no_placement() {
    let none = BTreeMap::new();
    let mut fleet = fleet_of(5);
    let alone = planned(&wish_of(&[Some("t1"), Some("t2")]), &fleet, &none);
    fleet.other_sources.insert("t1".into(), 6);
    let beside = planned(&wish_of(&[Some("t1"), Some("t2")]), &fleet, &none);
    assert_eq!(alone.sessions, beside.sessions);
    assert_eq!(beside.overfull.keys().collect::<Vec<_>>(), ["t1"]);
    assert!(beside.overfull["t1"].contains("takes 10 sources, has 6 of others, and would get 5"));
    // Nothing new for it: no error, or an unrelated change could not be applied.
    let state = applied(&alone);
    assert!(
        planned(&wish_of(&[Some("t1"), Some("t2")]), &fleet, &state)
            .overfull
            .is_empty()
    );
    let partial = Wish {
        allow_partial: true,
        ..wish_of(&[Some("t1")])
    };
    let partial = planned(&partial, &fleet, &none);
    assert!(partial.overfull.is_empty());
    assert_eq!(
        (partial.sessions.len(), partial.skipped.len()),
        (4, 1),
        "as many as there is room for"
    );
    assert_eq!(partial.skipped["eni-004"].reason, Reason::TargetFull);
}

#[test]
fn the_error_of_others_load_says_what_helps() {
    let none = BTreeMap::new();
    let mut fleet = fleet_of(6);
    fleet.other_sources.insert("t1".into(), 8);
    let advice = |wish: &Wish, fleet: &Fleet| planned(wish, fleet, &none).overfull["t1"].clone();
    let two = wish_of(&[Some("t1"), Some("t2")]);
    let found = advice(&two, &fleet);
    assert!(
        found.contains("take it off the list, since t2 has room"),
        "{found}"
    );
    fleet.other_sources.insert("t2".into(), 5);
    assert!(
        advice(&two, &fleet).ends_with("Add another target"),
        "t2 has room for its own only"
    );
    // A source that others send there already is one source with ours.
    let mut fleet = fleet_of(10);
    fleet
        .other_sources_here
        .insert("t1".into(), fleet.interfaces.keys().take(9).cloned().collect());
    let one = wish_of(&[Some("t1")]);
    assert!(planned(&one, &fleet, &none).overfull.is_empty());
    // What they send elsewhere of ours counts there.
    let two = Wish {
        placement: Placement::Balanced,
        ..two
    };
    fleet
        .other_sources_here
        .insert("t2".into(), fleet.interfaces.keys().cloned().collect());
    let placed = planned(&two, &fleet, &none);
    assert!(placed.overfull.is_empty(), "each is a source of t2 already");
    fleet.interfaces.remove("eni-000");
    fleet.other_sources.insert("t2".into(), 2);
    let placed = planned(&two, &fleet, &none);
    assert!(
        placed.overfull["t2"].contains("has 8 of others, and would get 4"),
        "{:?}",
        placed.overfull
    );
}

#[test]
fn quotas_of_the_interface_and_the_region() {
    let none = BTreeMap::new();
    let mut fleet = fleet_of(5);
    fleet.crowded.insert("eni-001".into());
    fleet.other_sessions = super::super::SESSIONS_PER_REGION - 3;
    let plan = planned(&wish_of(&[Some("t1")]), &fleet, &none);
    assert_eq!(
        plan.without_room.keys().collect::<Vec<_>>(),
        ["eni-001", "eni-004"]
    );
    assert!(
        plan.without_room
            .values()
            .all(|skip| skip.reason == Reason::Quota)
    );
    // What exists has its room already.
    let state = applied(&planned(&wish_of(&[Some("t1")]), &fleet_of(5), &none));
    assert!(
        planned(&wish_of(&[Some("t1")]), &fleet, &state)
            .without_room
            .is_empty()
    );
}

#[test]
fn an_adopted_session_keeps_its_id_number_and_target() {
    let mut fleet = fleet_of(1);
    let adopted = Row {
        id: Some("tms-9".into()),
        traffic_mirror_target_id: Some("t2".into()),
        session_number: Some(4),
        virtual_network_id: Some(77),
        ..Row::default()
    };
    fleet.adoptable.insert("eni-000".into(), adopted.clone());
    fleet.crowded.insert("eni-000".into());
    let plan = planned(&wish_of(&[Some("t1"), Some("t2")]), &fleet, &BTreeMap::new());
    let expected = Row {
        instance_id: Some("i-1".into()),
        ..adopted
    };
    assert_eq!(plan.sessions["eni-000"], expected);
    let elsewhere = planned(&wish_of(&[Some("t1")]), &fleet, &BTreeMap::new());
    assert_eq!(
        elsewhere.sessions["eni-000"].traffic_mirror_target_id.as_deref(),
        Some("t1")
    );
    assert_eq!(
        elsewhere.sessions["eni-000"].id.as_deref(),
        Some("tms-9"),
        "moved, not made anew"
    );
}

#[test]
fn an_instance_that_is_not_visible_has_no_tags_to_follow() {
    let mut fleet = fleet_of(1);
    fleet.interfaces.insert(
        "eni-999".into(),
        Member {
            interface_type: "interface".into(),
            ..Member::default()
        },
    );
    let rule = Override {
        target_tag: Some("T".into()),
        target_ids: vec!["t2".into()],
        ..Override::default()
    };
    let wish = Wish {
        override_rule: rule,
        ..wish_of(&[Some("t1")])
    };
    let skip = &planned(&wish, &fleet, &BTreeMap::new()).skipped["eni-999"];
    assert_eq!(skip.reason, Reason::NotVisible);
    assert!(
        skip.detail.contains("the tag T, which override.target_tag reads"),
        "{}",
        skip.detail
    );
    assert!(
        planned(&wish_of(&[Some("t1")]), &fleet, &BTreeMap::new())
            .skipped
            .is_empty()
    );
}
