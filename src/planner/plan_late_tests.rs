//! Targets that the first plan did not know.

use super::*;

/// The first plan listed the session, so that the final one cannot skip it.
#[test]
fn what_a_late_target_forbids_is_refused_with_its_reason() {
    let mut fleet = fleet_of(3);
    fleet.late_targets = true;
    fleet.late_receivers.interface_ids = ["eni-001".to_owned()].into();
    let state: BTreeMap<String, Row> = [(
        "eni-002".to_owned(),
        Row {
            id: Some("tms-1".into()),
            traffic_mirror_target_id: Some("t1".into()),
            ..Row::default()
        },
    )]
    .into();
    let plan = planned(&wish_of(&[Some("t1")]), &fleet, &state);
    assert_eq!(plan.sessions.len(), 3);
    let target = |id: &str| plan.sessions[id].traffic_mirror_target_id.as_deref();
    assert_eq!(
        [target("eni-000"), target("eni-001"), target("eni-002")],
        [Some("t1"), None, Some("t1")]
    );
    assert_eq!(plan.late_refusals.len(), 1);
    assert_eq!(plan.late_refusals["eni-001"].reason, Reason::Sensor);

    // One instance for all of them: a session that exists and stays is left to the next plan.
    fleet.late_receivers.instance_ids = ["i-1".to_owned()].into();
    let plan = planned(&wish_of(&[Some("t1")]), &fleet, &state);
    assert_eq!(
        plan.late_refusals.keys().collect::<Vec<_>>(),
        ["eni-000", "eni-001"]
    );
    let mirrored = Wish {
        eligibility: EligibilityRules {
            include_sensors: true,
            ..EligibilityRules::default()
        },
        ..wish_of(&[Some("t1")])
    };
    let plan = planned(&mirrored, &fleet, &state);
    assert_eq!(
        plan.late_refusals.keys().collect::<Vec<_>>(),
        ["eni-001"],
        "EC2 refuses a target's own interface"
    );

    // So with room and zone.
    fleet.late_receivers = Default::default();
    let near = Wish {
        placement: Placement::SameAz,
        ..wish_of(&[Some("t2")])
    };
    let plan = planned(&near, &fleet, &BTreeMap::new());
    assert_eq!(plan.late_refusals.len(), 3);
    assert!(
        plan.late_refusals
            .values()
            .all(|skip| skip.reason == Reason::TargetFull)
    );
}

fn picking(count: usize, value: &str) -> BTreeMap<String, Member> {
    (0..count)
        .map(|i| {
            (
                format!("eni-pick-{i:02}"),
                member("az1", &[("Mirror-Target", value)]),
            )
        })
        .collect()
}

/// A wish with a tag that may name these.
fn by_tag(target_ids: &[&str], unknown_target_ids: bool, targets: &[Option<&str>]) -> Wish {
    Wish {
        override_rule: Override {
            target_tag: Some("Mirror-Target".into()),
            target_ids: target_ids.iter().map(|id| id.to_string()).collect(),
            unknown_target_ids,
            ..Override::default()
        },
        ..wish_of(targets)
    }
}

/// An interface whose tag was changed to name what is not listed loses its session by the plan, and one that was skipped stays so.
#[test]
fn a_tag_that_no_late_target_can_satisfy_is_refused_by_the_plan() {
    let mut fleet = fleet_of(1);
    fleet.interfaces.extend(picking(2, "tmt-unlisted"));
    let state = BTreeMap::from([(
        "eni-pick-01".to_owned(),
        Row {
            id: Some("tms-1".into()),
            traffic_mirror_target_id: Some("t2".into()),
            ..Row::default()
        },
    )]);
    let first = by_tag(&["t2"], false, &[None]);
    fleet.note_known_first(&first);
    for wish in [first, by_tag(&["t2"], false, &[Some("t1")])] {
        let plan = planned(&wish, &fleet, &state);
        assert_eq!(plan.sessions.keys().collect::<Vec<_>>(), ["eni-000"]);
        assert_eq!(plan.skipped.len(), 2);
        assert!(
            plan.skipped
                .values()
                .all(|skip| skip.reason == Reason::OverrideRefused)
        );
        assert_eq!(plan.late_refusals, BTreeMap::new());
    }
}

#[test]
fn whoever_picks_a_late_target_beyond_its_room_is_refused_late_and_no_other() {
    for (allow_partial, late) in [(true, "t2"), (false, "t2"), (true, "t1"), (false, "t1")] {
        let mut fleet = fleet_of(3);
        fleet.interfaces.extend(picking(12, late));
        let first = Wish {
            allow_partial,
            ..by_tag(&[], true, &[Some("t1")])
        };
        fleet.note_known_first(&first);
        let before = planned(&first, &fleet, &BTreeMap::new());
        assert_eq!(before.sessions.len(), 15);
        let last = Wish {
            allow_partial,
            ..by_tag(&[late], false, &[Some("t1")])
        };
        let plan = planned(&last, &fleet, &BTreeMap::new());
        assert_eq!(
            plan.sessions.keys().collect::<Vec<_>>(),
            before.sessions.keys().collect::<Vec<_>>()
        );
        assert!(plan.skipped.is_empty() && plan.without_room.is_empty());
        // Those that the first plan placed on the same target keep their room.
        let beyond = if late == "t1" { 5 } else { 2 };
        assert_eq!(plan.late_refusals.len(), beyond);
        for (id, skip) in &plan.late_refusals {
            assert!(
                id.starts_with("eni-pick-") && skip.reason == Reason::TargetFull,
                "{id}"
            );
        }
        for id in ["eni-000", "eni-001", "eni-002"] {
            assert_eq!(plan.sessions[id].traffic_mirror_target_id.as_deref(), Some("t1"));
        }
    }
}

/// Only a tag waits for a late target here: who has no room on those for all is told by the plan.
#[test]
fn missing_room_on_known_targets_is_an_error_of_the_plan_while_a_tag_waits() {
    let mut fleet = fleet_of(12);
    let wish = by_tag(&[], true, &[Some("t1")]);
    fleet.note_known_first(&wish);
    let plan = planned(&wish, &fleet, &BTreeMap::new());
    assert_eq!((plan.sessions.len(), plan.without_room.len()), (10, 2));
    assert_eq!(plan.late_refusals, BTreeMap::new());
}

/// As private data was written before it said which targets the first plan knew.
#[test]
fn private_data_that_does_not_say_what_was_known_is_read() {
    let mut fleet = fleet_of(1);
    fleet.note_known_first(&by_tag(&["t2"], true, &[Some("t1"), None]));
    let known = fleet.known_first.clone().unwrap();
    assert_eq!(known.listed, Some(["t1".to_owned()].into()));
    assert_eq!(known.by_tag, Some(["t2".to_owned()].into()));
    let text = fleet.encode().unwrap();
    assert_eq!(Fleet::decode(&text).unwrap(), fleet);
    assert_eq!(Fleet::decode(&text).unwrap().encode().unwrap(), text);

    fleet.known_first = None;
    let json = serde_json::to_string(&fleet).unwrap();
    assert!(json.contains("late_targets") && !json.contains("known_first"));
    assert_eq!(Fleet::decode(&fleet.encode().unwrap()).unwrap(), fleet);
    let plan = planned(&by_tag(&["t2"], false, &[Some("t1")]), &fleet, &BTreeMap::new());
    assert_eq!(plan.sessions.len(), 1);
}
