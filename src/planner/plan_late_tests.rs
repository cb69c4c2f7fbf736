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
