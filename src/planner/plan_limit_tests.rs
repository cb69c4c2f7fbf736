//! Limits are kept by what the plan does in the end, and a staged roll-out ends.

use std::collections::BTreeSet;

use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::super::{Limit, LimitArgument};
use super::laws::{some_fleet, some_wish};
use super::*;

fn limited(limits: Limits, targets: &[Option<&str>]) -> Wish {
    Wish {
        allow_partial: true,
        limits,
        ..wish_of(targets)
    }
}

fn at_most(count: u64) -> Option<Limit> {
    Some(Limit::Count(count))
}

fn deleted(plan: &Plan, state: &BTreeMap<String, Row>) -> usize {
    state.keys().filter(|id| !plan.sessions.contains_key(*id)).count()
}

fn arguments(plan: &Plan) -> Vec<LimitArgument> {
    plan.violations
        .iter()
        .map(|violation| violation.argument)
        .collect()
}

#[test]
fn sessions_that_lose_their_room_count_as_deleted() {
    let fleet = fleet_of(3);
    let state = applied(&planned(&wish_of(&[Some("t1")]), &fleet, &BTreeMap::new()));
    let elsewhere = Wish {
        placement: Placement::SameAz,
        ..limited(
            Limits {
                max_deletes: at_most(1),
                ..Limits::default()
            },
            &[Some("t2")],
        )
    };
    let plan = planned(&elsewhere, &fleet, &state);
    assert_eq!(
        arguments(&plan),
        [LimitArgument::MaxDeletes, LimitArgument::AllowEmpty]
    );
    let refused = Wish {
        allow_partial: false,
        ..elsewhere
    };
    let plan = planned(&refused, &fleet, &state);
    assert_eq!(plan.without_room.len(), 3);
    assert!(
        plan.violations.is_empty(),
        "missing room is the error there: {plan:?}"
    );
}

#[test]
fn second_sessions_count_as_deleted() {
    let mut fleet = fleet_of(3);
    let state = applied(&planned(&wish_of(&[Some("t1")]), &fleet, &BTreeMap::new()));
    fleet
        .second_sessions
        .insert("eni-001".into(), vec!["tms-8".into(), "tms-9".into()]);
    let allowing = |count| {
        let limits = Limits {
            max_deletes: at_most(count),
            ..Limits::default()
        };
        planned(&limited(limits, &[Some("t1")]), &fleet, &state)
    };
    assert_eq!(arguments(&allowing(1)), [LimitArgument::MaxDeletes]);
    assert!(
        allowing(1).violations[0]
            .detail
            .starts_with("The plan deletes 2 of 5 sessions")
    );
    assert!(allowing(2).violations.is_empty());
}

#[test]
fn who_waits_is_looked_at_for_room_before() {
    let none = BTreeMap::new();
    let limits = Limits {
        max_creates: at_most(1),
        ..Limits::default()
    };
    let mut fleet = fleet_of(12);
    fleet.crowded.insert("eni-000".into());
    let partial = limited(limits, &[Some("t1")]);
    let plan = planned(&partial, &fleet, &none);
    assert_eq!(plan.sessions.keys().collect::<Vec<_>>(), ["eni-001"]);
    assert_eq!(plan.skipped["eni-000"].reason, Reason::Quota);
    assert_eq!(plan.skipped["eni-011"].reason, Reason::TargetFull);
    assert_eq!(plan.skipped["eni-002"].reason, Reason::MaxCreates);
    let whole = Wish {
        allow_partial: false,
        ..partial
    };
    let lacking = planned(&whole, &fleet, &none).without_room;
    assert_eq!(
        lacking.keys().collect::<Vec<_>>(),
        ["eni-000", "eni-011"],
        "the first stage says what a later one would lack"
    );
    fleet.other_sources.insert("t1".into(), 1);
    assert_eq!(planned(&whole, &fleet, &none).overfull.len(), 1);
}

fn some_limit() -> impl Strategy<Value = Option<Limit>> {
    option::of(prop_oneof![
        (0_u64..12).prop_map(Limit::Count),
        (0_u8..=100).prop_map(Limit::Percent)
    ])
}

proptest! {
    /// Whatever becomes of the fleet, of zones, room and tags.
    #[test]
    fn a_plan_without_errors_keeps_its_limits(
        before in some_fleet(),
        after in some_fleet(),
        wish in some_wish(),
        placement in select(vec![Placement::Balanced, Placement::SameAz]),
        targets in select(vec![["t1", "t2"], ["t2", "t3"], ["t3", "t9"]]),
        second in btree_map(select(vec!["eni-00", "eni-01"]), Just(vec!["tms-second".to_owned()]), 0..2),
        max in [some_limit(), some_limit()],
        max_deletes in option::of((0_u64..4).prop_map(Limit::Count)),
        allow_empty: bool,
    ) {
        let state = applied(&planned(&wish, &before, &BTreeMap::new()));
        let [max_sessions, max_creates] = max;
        let limits = Limits { max_sessions, max_creates, max_deletes, allow_empty, max_sources_per_target: Some(4) };
        let targets = targets.map(|target| Some(target.to_owned())).to_vec();
        let wish = Wish { limits, placement, targets, allow_partial: true, ..wish };
        let second: BTreeMap<String, Vec<String>> = second.into_iter().map(|(id, list)| (id.to_owned(), list)).collect();
        let fleet = Fleet { second_sessions: second, ..after };
        let plan = planned(&wish, &fleet, &state);
        prop_assume!(plan.violations.is_empty() && plan.without_room.is_empty());
        let deletes = deleted(&plan, &state) + fleet.second_sessions.len();
        let keeps = |limit: Option<Limit>, of: usize, count: usize| limit.is_none_or(|limit| count <= limit.allowed(of));
        prop_assert!(keeps(max_deletes, state.len() + fleet.second_sessions.len(), deletes));
        let creates = plan.sessions.values().filter(|row| row.id.is_none()).count();
        prop_assert!(keeps(max_creates, plan.summary.eligible, creates));
        prop_assert!(keeps(max_sessions, plan.summary.eligible, plan.sessions.len()));
        prop_assert!(allow_empty || !plan.sessions.is_empty() || deletes == 0);
    }

    /// Some interfaces are crowded, targets are small, EC2 refuses some for ever and others a few times.
    #[test]
    fn a_staged_roll_out_ends_with_all_covered_that_have_room(
        fleet in some_fleet(),
        wish in some_wish(),
        max_creates in prop_oneof![(1_u64..4).prop_map(Limit::Count), (1_u8..40).prop_map(Limit::Percent)],
        refused in btree_set(0_u8..40, 0..8),
        patience in 0_u32..3,
    ) {
        let limits = Limits { max_creates: Some(max_creates), max_sources_per_target: Some(4), ..Limits::default() };
        let wish = Wish { limits, allow_partial: true, ..wish };
        let refused: BTreeSet<String> = refused.into_iter().map(|n| format!("eni-{n:02}")).collect();
        let mut fleet = fleet;
        let mut state = BTreeMap::new();
        let rounds = (fleet.interfaces.len() + 1) * (patience as usize + 2);
        for _ in 0..rounds {
            let plan = planned(&wish, &fleet, &state);
            let fails = |id: &str| refused.contains(id) || fleet.failed_creates(id) < patience;
            let (failed, made): (Vec<_>, Vec<_>) = applied(&plan)
                .into_iter()
                .partition(|(id, _)| !state.contains_key(id) && fails(id));
            let ids = |rows: &[(String, Row)]| rows.iter().map(|(id, _)| id.clone()).collect::<BTreeSet<String>>();
            let (failed, covered) = (ids(&failed), ids(&made));
            state = made.into_iter().collect();
            fleet.note_creates(&covered.iter().map(String::as_str).collect(), &failed.iter().map(String::as_str).collect());
        }
        fleet.interfaces.retain(|id, _| !refused.contains(id));
        let unlimited = Wish { limits: Limits { max_creates: None, ..wish.limits }, ..wish };
        let rest = planned(&unlimited, &fleet, &state);
        prop_assert_eq!(rest.sessions.keys().collect::<Vec<_>>(), state.keys().collect::<Vec<_>>());
    }
}
