use super::*;

#[path = "placement_law_tests.rs"]
mod laws;

fn listed(target_id: &str, capacity: Option<usize>, zones: &[&str]) -> PlacementTarget {
    PlacementTarget {
        target_id: target_id.into(),
        capacity,
        others: 0,
        shared_sources: BTreeSet::new(),
        zone_ids: zones.iter().map(|zone| (*zone).to_owned()).collect(),
        by_override_only: false,
    }
}

fn source<'a>(id: &'a str, zone_id: Option<&'a str>, current: Option<&'a str>) -> Source<'a> {
    Source {
        id,
        zone_id,
        current,
        picked: None,
        waits: false,
        failed: 0,
    }
}

fn targets_of<'a>(placed: &'a BTreeMap<&str, Placed>) -> Vec<(&'a str, &'a str)> {
    placed
        .iter()
        .map(|(id, target)| (*id, target.as_deref().unwrap_or("-")))
        .collect()
}

fn refusal_of(placed: &BTreeMap<&str, Placed>, id: &str) -> (Reason, String) {
    placed[id].clone().unwrap_err()
}

#[test]
fn what_others_take_of_a_target_leaves_less_room_and_no_less_balance() {
    let targets = [
        PlacementTarget {
            others: 1,
            shared_sources: BTreeSet::from(["d".to_owned()]),
            ..listed("t1", Some(3), &[])
        },
        listed("t2", Some(2), &[]),
    ];
    let sources = ["a", "b", "c", "d", "e"].map(|id| source(id, None, None));
    let placed = place(Placement::Balanced, &targets, &sources);
    assert_eq!(
        targets_of(&placed),
        [("a", "t1"), ("b", "t2"), ("c", "t2"), ("d", "t1"), ("e", "-")],
        "d is a source of t1 already"
    );
    let (reason, detail) = refusal_of(&placed, "e");
    assert_eq!(reason, Reason::TargetFull);
    assert_eq!(
        detail,
        "no room: t1 (capacity 3, part of it taken by others), t2 (capacity 2)"
    );
    let stays = [source("a", None, Some("t1")), source("b", None, Some("t1"))];
    assert_eq!(
        targets_of(&place(Placement::Balanced, &targets, &stays)),
        [("a", "t1"), ("b", "t1")],
        "what exists stays"
    );
}

#[test]
fn six_sources_on_three_targets_end_even() {
    let targets = [
        listed("t1", None, &[]),
        listed("t2", None, &[]),
        listed("t3", None, &[]),
    ];
    let sources = ["a", "b", "c", "d", "e", "f"].map(|id| source(id, None, None));
    for placement in [Placement::Balanced, Placement::PreferSameAz, Placement::SameAz] {
        let placed = place(placement, &targets, &sources);
        assert_eq!(
            targets_of(&placed),
            [
                ("a", "t1"),
                ("b", "t2"),
                ("c", "t3"),
                ("d", "t1"),
                ("e", "t2"),
                ("f", "t3")
            ],
            "{placement}"
        );
    }
}

#[test]
fn what_is_there_counts_and_the_configuration_breaks_ties() {
    let targets = [listed("t2", None, &[]), listed("t1", None, &[])];
    let sources = [
        source("x", None, Some("t1")),
        source("y", None, Some("t1")),
        source("a", None, None),
        source("b", None, None),
        source("c", None, None),
    ];
    let placed = place(Placement::Balanced, &targets, &sources);
    assert_eq!(
        targets_of(&placed),
        [("a", "t2"), ("b", "t2"), ("c", "t2"), ("x", "t1"), ("y", "t1")]
    );
}

#[test]
fn the_zone_decides_before_the_load_and_only_same_az_insists() {
    let targets = [listed("t1", None, &["az1"]), listed("t2", None, &["az2", "az3"])];
    let sources = [
        source("a", Some("az2"), None),
        source("b", Some("az3"), None),
        source("c", Some("az4"), None),
    ];
    let preferred = place(Placement::PreferSameAz, &targets, &sources);
    assert_eq!(targets_of(&preferred), [("a", "t2"), ("b", "t2"), ("c", "t1")]);
    let strict = place(Placement::SameAz, &targets, &sources);
    assert_eq!(targets_of(&strict), [("a", "t2"), ("b", "t2"), ("c", "-")]);
    assert_eq!(
        refusal_of(&strict, "c"),
        (
            Reason::TargetFull,
            "no traffic mirror target is in its zone az4, and placement is same_az".into()
        )
    );
    let balanced = place(Placement::Balanced, &targets, &sources);
    assert_eq!(targets_of(&balanced), [("a", "t1"), ("b", "t2"), ("c", "t1")]);
}

#[test]
fn a_zone_that_is_not_visible_is_not_guessed() {
    let targets = [listed("t1", None, &["az1"])];
    let fresh = [source("a", None, None)];
    assert_eq!(
        refusal_of(&place(Placement::SameAz, &targets, &fresh), "a").0,
        Reason::NotVisible
    );
    assert_eq!(
        targets_of(&place(Placement::PreferSameAz, &targets, &fresh)),
        [("a", "t1")]
    );
    let there = [source("a", None, Some("t1"))];
    assert_eq!(
        targets_of(&place(Placement::SameAz, &targets, &there)),
        [("a", "t1")]
    );
}

#[test]
fn full_targets_overflow_or_refuse() {
    let targets = [listed("t1", Some(1), &["az1"]), listed("t2", Some(1), &["az2"])];
    let sources = ["a", "b", "c"].map(|id| source(id, Some("az1"), None));
    let preferred = place(Placement::PreferSameAz, &targets, &sources);
    assert_eq!(targets_of(&preferred), [("a", "t1"), ("b", "t2"), ("c", "-")]);
    assert_eq!(
        refusal_of(&preferred, "c"),
        (
            Reason::TargetFull,
            "no room: t1 (capacity 1), t2 (capacity 1)".into()
        )
    );
    let strict = place(Placement::SameAz, &targets, &sources);
    assert_eq!(targets_of(&strict), [("a", "t1"), ("b", "-"), ("c", "-")]);
    assert_eq!(refusal_of(&strict, "b").1, "no room: t1 (capacity 1)");
}

#[test]
fn many_full_targets_are_not_all_named() {
    let targets = ["t1", "t2", "t3", "t4", "t5"].map(|id| listed(id, Some(0), &[]));
    let (_, detail) = refusal_of(
        &place(Placement::Balanced, &targets, &[source("a", None, None)]),
        "a",
    );
    assert!(
        detail.ends_with("t3 (capacity 0) and 2 more") && !detail.contains("t4"),
        "{detail}"
    );
    let (reason, detail) = refusal_of(&place(Placement::Balanced, &[], &[source("a", None, None)]), "a");
    assert_eq!(
        (reason, detail.as_str()),
        (Reason::TargetFull, "no traffic mirror target is listed")
    );
}

#[test]
fn what_exists_stays_on_a_full_target_and_goes_first_when_it_must_move() {
    let targets = [listed("t1", Some(1), &[]), listed("t2", Some(1), &[])];
    let sources = [
        source("a", None, None),
        source("x", None, Some("t1")),
        source("y", None, Some("t1")),
        source("z", None, Some("gone")),
    ];
    assert_eq!(
        targets_of(&place(Placement::Balanced, &targets, &sources)),
        [("a", "-"), ("x", "t1"), ("y", "t1"), ("z", "t2")]
    );
}

#[test]
fn same_az_moves_what_is_in_another_zone_and_prefer_same_az_does_not() {
    let targets = [listed("t1", None, &["az1"]), listed("t2", None, &["az2"])];
    let sources = [source("a", Some("az1"), Some("t2"))];
    assert_eq!(
        targets_of(&place(Placement::PreferSameAz, &targets, &sources)),
        [("a", "t2")]
    );
    assert_eq!(
        targets_of(&place(Placement::SameAz, &targets, &sources)),
        [("a", "t1")]
    );
}

#[test]
fn a_pick_decides_and_a_target_of_override_serves_nobody_else() {
    let mut own = listed("t9", Some(1), &["az9"]);
    own.by_override_only = true;
    let targets = [listed("t1", Some(1), &["az1"]), own];
    let picking = |id, picked| Source {
        picked: Some(picked),
        ..source(id, Some("az1"), None)
    };
    let sources = [
        source("a", Some("az1"), None),
        picking("b", "t9"),
        // Later by id than a, yet it has no other choice.
        picking("c", "t1"),
        picking("d", "t8"),
        source("e", Some("az9"), Some("t9")),
    ];
    let placed = place(Placement::SameAz, &targets, &sources);
    assert_eq!(
        targets_of(&placed),
        [("a", "-"), ("b", "t9"), ("c", "t1"), ("d", "-"), ("e", "-")]
    );
    assert_eq!(refusal_of(&placed, "d").0, Reason::OverrideRefused);
    let moved = [Source {
        current: Some("t1"),
        ..picking("b", "t9")
    }];
    assert_eq!(
        targets_of(&place(Placement::Balanced, &targets, &moved)),
        [("b", "t9")]
    );
}

#[test]
fn the_names_are_those_of_the_argument() {
    for placement in [Placement::Balanced, Placement::PreferSameAz, Placement::SameAz] {
        assert_eq!(placement.to_string().parse(), Ok(placement));
    }
    assert_eq!("same_az".parse(), Ok(Placement::SameAz));
    assert_eq!(Placement::default().to_string(), "prefer_same_az");
}

/// It may go nowhere else, whatever came of it before; the others leave it room if they find some elsewhere.
#[test]
fn a_picked_target_has_room_also_after_a_failed_create() {
    let targets = [listed("t1", Some(1), &[]), listed("t2", None, &[])];
    let failed = Source {
        picked: Some("t1"),
        failed: 3,
        ..source("b", None, None)
    };
    let placed = place(Placement::Balanced, &targets, &[source("a", None, None), failed]);
    assert_eq!(targets_of(&placed), [("a", "t2"), ("b", "t1")]);
    let failed = Source {
        picked: Some("t1"),
        failed: 3,
        ..source("b", None, None)
    };
    let placed = place(
        Placement::Balanced,
        &targets[..1],
        &[source("a", None, None), failed],
    );
    assert_eq!(targets_of(&placed), [("a", "t1"), ("b", "-")]);
}
