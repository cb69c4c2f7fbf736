use proptest::option;
use proptest::prelude::*;

use super::*;

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("eni-{index:03}")).collect()
}

/// A plan that makes and deletes sessions of interfaces that exist.
fn change(creates: usize, deletes: usize, stays: usize) -> PlannedChange {
    PlannedChange {
        enabled: true,
        creates: ids(creates),
        deletes,
        stays,
        lacking: 0,
        deletes_of_existing_interfaces: deletes,
        in_state: deletes + stays,
        eligible: creates + stays,
    }
}

fn arguments(verdict: &LimitVerdict) -> Vec<LimitArgument> {
    verdict
        .violations
        .iter()
        .map(|violation| violation.argument)
        .collect()
}

#[test]
fn without_limits_all_goes_but_emptying() {
    let verdict = check_limits(&Limits::default(), &change(500, 300, 1));
    assert_eq!(verdict, LimitVerdict::default());
    let emptied = check_limits(&Limits::default(), &change(0, 3, 0));
    assert_eq!(arguments(&emptied), [LimitArgument::AllowEmpty]);
    assert_eq!(
        emptied.violations[0].detail,
        "No eligible interface is selected any more, and the plan deletes 3 sessions, 3 of an interface that still exists. \
         See whether tags or the selector changed by mistake; if this is meant, set limits.allow_empty = true. To remove \
         every session, set enabled = false, which no limit stops. If this came up in terraform destroy, run terraform \
         destroy -refresh=false."
    );
}

#[test]
fn emptying_is_fine_when_allowed_or_when_the_interfaces_are_gone() {
    let allowed = Limits {
        allow_empty: true,
        ..Limits::default()
    };
    assert_eq!(check_limits(&allowed, &change(0, 3, 0)), LimitVerdict::default());
    let gone = PlannedChange {
        deletes_of_existing_interfaces: 0,
        ..change(0, 3, 0)
    };
    assert_eq!(check_limits(&Limits::default(), &gone), LimitVerdict::default());
    let replaced = change(1, 3, 0);
    assert_eq!(
        check_limits(&Limits::default(), &replaced),
        LimitVerdict::default()
    );
}

#[test]
fn who_waits_or_lacks_room_keeps_no_coverage_alive() {
    let none = Limits {
        max_creates: Some(Limit::Count(0)),
        ..Limits::default()
    };
    let verdict = check_limits(&none, &change(2, 3, 0));
    assert_eq!(arguments(&verdict), [LimitArgument::AllowEmpty]);
    let words = "None of the 2 eligible interfaces gets its session by this apply: 2 would wait for the next one \
                 (limits.max_creates), and the plan deletes 3 sessions";
    assert!(verdict.violations[0].detail.starts_with(words), "{verdict:?}");
    let crowded = PlannedChange {
        eligible: 4,
        ..change(0, 3, 0)
    };
    let verdict = check_limits(&Limits::default(), &crowded);
    let words = "None of the 4 eligible interfaces has room for a session, and the plan deletes 3 sessions";
    assert!(verdict.violations[0].detail.starts_with(words), "{verdict:?}");
    // Where missing room is the error, that one is enough.
    let refused = PlannedChange {
        lacking: 3,
        ..crowded
    };
    assert_eq!(
        check_limits(&Limits::default(), &refused),
        LimitVerdict::default()
    );
}

#[test]
fn an_empty_match_on_create_is_only_told() {
    let verdict = check_limits(&Limits::default(), &change(0, 0, 0));
    assert!(verdict.empty && verdict.violations.is_empty());
    assert!(!check_limits(&Limits::default(), &change(1, 0, 0)).empty);
}

#[test]
fn too_many_deletes_are_an_error_with_the_ways_out() {
    let limits = Limits {
        max_deletes: Some(Limit::Percent(10)),
        ..Limits::default()
    };
    assert_eq!(check_limits(&limits, &change(0, 4, 36)), LimitVerdict::default());
    let verdict = check_limits(&limits, &change(0, 5, 35));
    assert_eq!(arguments(&verdict), [LimitArgument::MaxDeletes]);
    let Violation { title, detail, .. } = &verdict.violations[0];
    assert_eq!(title, "Too many sessions would be deleted");
    assert!(
        detail.starts_with(
            "The plan deletes 5 of 40 sessions, and limits.max_deletes = \"10%\" allows 4. See whether"
        ),
        "{detail}"
    );
}

#[test]
fn each_error_names_both_ways_out() {
    let none = Some(Limit::Count(0));
    let limits = Limits {
        max_sessions: none,
        max_deletes: none,
        ..Limits::default()
    };
    let mut violations = check_limits(&limits, &change(1, 1, 1)).violations;
    violations.extend(check_limits(&limits, &change(0, 1, 0)).violations);
    let named: Vec<String> = violations.iter().map(|v| v.argument.to_string()).collect();
    assert_eq!(
        named,
        ["max_sessions", "max_deletes", "max_deletes", "allow_empty"]
    );
    for Violation { detail, .. } in violations {
        assert!(detail.contains("enabled = false"), "{detail}");
        assert!(detail.contains("terraform destroy -refresh=false"), "{detail}");
    }
}

#[test]
fn too_many_sessions_are_noticed_by_the_first_plan_of_a_roll_out() {
    let limits = Limits {
        max_sessions: Some(Limit::Count(50)),
        max_creates: Some(Limit::Count(10)),
        ..Limits::default()
    };
    assert_eq!(
        arguments(&check_limits(&limits, &change(60, 0, 0))),
        [LimitArgument::MaxSessions]
    );
    let verdict = check_limits(&limits, &change(50, 0, 0));
    assert!(verdict.violations.is_empty());
    assert_eq!(verdict.waiting.len(), 40);
}

#[test]
fn what_exceeds_max_creates_waits_in_order() {
    let limits = Limits {
        max_creates: Some(Limit::Count(2)),
        ..Limits::default()
    };
    let verdict = check_limits(&limits, &change(4, 0, 0));
    assert_eq!(
        verdict.waiting,
        BTreeSet::from(["eni-002".to_owned(), "eni-003".to_owned()])
    );
    assert_eq!(
        verdict.waiting_detail,
        "limits.max_creates = \"2\" lets one apply make no more sessions"
    );
    assert_eq!(check_limits(&limits, &change(2, 0, 0)), LimitVerdict::default());
    let share = Limits {
        max_creates: Some(Limit::Percent(10)),
        ..Limits::default()
    };
    // Ten per cent of four eligible interfaces are less than one, and yet the roll-out goes on.
    assert_eq!(check_limits(&share, &change(4, 0, 0)).waiting.len(), 3);
}

proptest! {
    #[test]
    fn no_limit_stands_in_the_way_of_disabling(
        creates in 0_usize..9, deletes in 0_usize..9, stays in 0_usize..9, count in option::of(0_u64..3),
    ) {
        let limits = Limits {
            max_sessions: count.map(Limit::Count),
            max_creates: count.map(Limit::Count),
            max_deletes: count.map(Limit::Count),
            ..Limits::default()
        };
        let disabled = PlannedChange { enabled: false, ..change(creates, deletes, stays) };
        prop_assert_eq!(check_limits(&limits, &disabled), LimitVerdict::default());
    }

    #[test]
    fn a_staged_roll_out_ends_with_every_interface_covered(creates in 0_usize..60, percent in 1_u8..=100) {
        let limits = Limits { max_creates: Some(Limit::Percent(percent)), ..Limits::default() };
        let mut left = ids(creates);
        let mut covered = 0;
        for _ in 0..=creates {
            let verdict = check_limits(&limits, &PlannedChange {
                enabled: true,
                creates: left.clone(),
                stays: covered,
                in_state: covered,
                eligible: creates,
                ..PlannedChange::default()
            });
            prop_assert!(verdict.waiting.iter().all(|id| left.contains(id)));
            covered += left.len() - verdict.waiting.len();
            left.retain(|id| verdict.waiting.contains(id));
        }
        prop_assert!(left.is_empty());
    }
}
