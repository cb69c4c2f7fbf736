use proptest::prelude::*;

use super::super::{Limit, LimitArgument, VirtualNetworkId, VirtualNetworkRange};
use super::*;

fn fleet(ids: impl IntoIterator<Item = u8>) -> Fleet {
    let member = |id: u8| Member {
        instance_id: Some(format!("i-{id}")),
        interface_type: if id % 7 == 6 {
            "efa".into()
        } else {
            "interface".into()
        },
        ..Member::default()
    };
    Fleet {
        interfaces: ids
            .into_iter()
            .map(|id| (format!("eni-{id}"), member(id)))
            .collect(),
        ..Fleet::default()
    }
}

fn wish(targets: &[Option<&str>]) -> Wish {
    let targets = targets.iter().map(|target| target.map(str::to_owned)).collect();
    // Randomly changing fleets drop to nothing now and then: that is not what these tests are about.
    let limits = Limits {
        allow_empty: true,
        ..Limits::default()
    };
    Wish {
        enabled: true,
        targets,
        placement: Placement::Balanced,
        limits,
        ..Wish::default()
    }
}

/// A plan whose range of virtual network ids suffices.
fn plan(wish: &Wish, fleet: &Fleet, prior: &BTreeMap<String, Row>) -> Plan {
    super::plan(wish, fleet, prior).unwrap()
}

/// What an apply of the plan leaves in the state.
fn applied(plan: &Plan) -> BTreeMap<String, Row> {
    let fill = |(index, (id, row)): (usize, (&String, &Row))| {
        let row = Row {
            id: row.id.clone().or(Some(format!("tms-{id}"))),
            traffic_mirror_target_id: row.traffic_mirror_target_id.clone().or(Some("late".into())),
            session_number: row.session_number.or(Some(1)),
            virtual_network_id: row.virtual_network_id.or(Some(index as i64)),
            ..row.clone()
        };
        (id.clone(), row)
    };
    plan.sessions.iter().enumerate().map(fill).collect()
}

/// Whether what `first` said is what `second` says; unknown may become known.
fn agrees(first: &Row, second: &Row) -> bool {
    fn leaf<T: PartialEq>(first: &Option<T>, second: &Option<T>) -> bool {
        first.is_none() || first == second
    }
    leaf(&first.id, &second.id)
        && first.instance_id == second.instance_id
        && leaf(&first.traffic_mirror_target_id, &second.traffic_mirror_target_id)
        && leaf(&first.session_number, &second.session_number)
        && leaf(&first.virtual_network_id, &second.virtual_network_id)
}

#[test]
fn a_fixed_number_is_known_in_the_plan_and_a_chosen_one_is_not() {
    let chosen = plan(&wish(&[Some("t")]), &fleet([1]), &BTreeMap::new());
    assert_eq!(chosen.sessions["eni-1"].session_number, None);
    assert_eq!(
        chosen.sessions["eni-1"].traffic_mirror_target_id.as_deref(),
        Some("t")
    );
    let fixed = Wish {
        session_number: Wanted::Set(7),
        ..wish(&[Some("t")])
    };
    assert_eq!(
        plan(&fixed, &fleet([1]), &BTreeMap::new()).sessions["eni-1"].session_number,
        Some(7)
    );
}

#[test]
fn a_failed_row_is_planned_anew() {
    let prior = BTreeMap::from([(
        "eni-1".to_owned(),
        Row {
            instance_id: Some("i-1".into()),
            ..Row::default()
        },
    )]);
    let planned = plan(&wish(&[Some("t")]), &fleet([1]), &prior);
    assert_eq!(
        planned.sessions["eni-1"].traffic_mirror_target_id.as_deref(),
        Some("t")
    );
}

#[test]
fn disabled_means_no_session_and_the_counts_stay() {
    let prior = applied(&plan(&wish(&[Some("t")]), &fleet([1, 2]), &BTreeMap::new()));
    let disabled = plan(
        &Wish {
            enabled: false,
            ..wish(&[Some("t")])
        },
        &fleet([1, 2]),
        &prior,
    );
    assert!(disabled.sessions.is_empty());
    assert_eq!(
        disabled.summary,
        Summary {
            matched: 2,
            eligible: 2,
            skipped: 0
        }
    );
}

#[test]
fn an_interface_of_another_type_is_skipped_with_its_type() {
    let planned = plan(&wish(&[Some("t")]), &fleet([6]), &BTreeMap::new());
    assert!(planned.sessions.is_empty());
    assert_eq!(planned.skipped["eni-6"].reason, Reason::UnsupportedInterface);
    assert_eq!(planned.skipped["eni-6"].detail, "interface type efa");
}

#[test]
fn an_unsupported_type_is_skipped_unless_a_session_exists_or_it_is_to_be_tried() {
    let mut fleet = fleet([1]);
    fleet.interfaces.get_mut("eni-1").unwrap().instance_type = Some("t2.micro".into());
    let wish = wish(&[Some("t")]);
    assert_eq!(
        plan(&wish, &fleet, &BTreeMap::new()).skipped["eni-1"].reason,
        Reason::UnsupportedInstanceType
    );
    let row = Row {
        id: Some("tms-1".into()),
        ..Row::default()
    };
    let exists = BTreeMap::from([("eni-1".to_owned(), row)]);
    assert!(plan(&wish, &fleet, &exists).skipped.is_empty());
    let eligibility = EligibilityRules {
        try_instance_types: vec!["t2.*".into()],
        ..EligibilityRules::default()
    };
    assert!(
        plan(&Wish { eligibility, ..wish }, &fleet, &BTreeMap::new())
            .skipped
            .is_empty()
    );
}

#[test]
fn a_sensor_and_a_refused_interface_are_no_sources() {
    let mut fleet = fleet([1, 2, 3]);
    fleet.sensor_instance_ids.insert("i-1".into());
    fleet.target_interface_ids.insert("eni-3".into());
    fleet.refused.insert("eni-2".into(), None);
    let planned = plan(&wish(&[Some("t")]), &fleet, &BTreeMap::new());
    assert_eq!(planned.skipped["eni-1"].reason, Reason::Sensor);
    assert_eq!(planned.skipped["eni-2"].reason, Reason::UnsupportedInstanceType);
    assert_eq!(planned.skipped["eni-3"].reason, Reason::Sensor);
    assert!(planned.sessions.is_empty());
}

#[test]
fn a_staged_roll_out_makes_the_first_ones_and_the_rest_waits() {
    let limits = Limits {
        max_creates: Some(Limit::Count(2)),
        ..Limits::default()
    };
    let wish = Wish {
        limits,
        ..wish(&[Some("t")])
    };
    let first = plan(&wish, &fleet([1, 2, 3]), &BTreeMap::new());
    assert_eq!(first.sessions.keys().collect::<Vec<_>>(), ["eni-1", "eni-2"]);
    assert_eq!(first.skipped["eni-3"].reason, Reason::MaxCreates);
    let second = plan(&wish, &fleet([1, 2, 3]), &applied(&first));
    assert_eq!(second.sessions.len(), 3);
    assert!(second.skipped.is_empty());
}

#[test]
fn dropping_to_nothing_is_refused_unless_allowed() {
    let refused = Wish {
        limits: Limits::default(),
        ..wish(&[Some("t")])
    };
    let state = applied(&plan(&refused, &fleet([1]), &BTreeMap::new()));
    let emptied = plan(&refused, &fleet([]), &state);
    assert_eq!(emptied.violations[0].argument, LimitArgument::AllowEmpty);
    assert!(
        plan(&wish(&[Some("t")]), &fleet([]), &state)
            .violations
            .is_empty()
    );
    let disabled = Wish {
        enabled: false,
        ..refused
    };
    assert!(
        plan(&disabled, &fleet([1]), &state).violations.is_empty(),
        "nothing stands in the way of disabling"
    );
}

#[test]
fn a_range_gives_each_session_its_own_network() {
    let id = |n| VirtualNetworkId::new(n).unwrap();
    let range = VirtualNetworkRange::new(id(1000), id(1001)).unwrap();
    let wish = Wish {
        virtual_network: VirtualNetwork::Range(range),
        ..wish(&[Some("t")])
    };
    let planned = plan(&wish, &fleet([1, 2]), &BTreeMap::new());
    assert_eq!(planned.sessions["eni-1"].virtual_network_id, Some(1000));
    assert_eq!(planned.sessions["eni-2"].virtual_network_id, Some(1001));
    assert!(super::plan(&wish, &fleet([1, 2, 3]), &BTreeMap::new()).is_err());
}

#[test]
fn what_somebody_changed_by_hand_is_planned_back() {
    let prior = applied(&plan(
        &wish(&[Some("t1"), Some("t2")]),
        &fleet([1]),
        &BTreeMap::new(),
    ));
    let mut drifted = prior.clone();
    let row = drifted.get_mut("eni-1").unwrap();
    row.session_number = Some(99);
    row.traffic_mirror_target_id = Some("t2".into());
    let fleet = Fleet {
        intended: prior.clone(),
        ..fleet([1])
    };
    assert_eq!(
        plan(&wish(&[Some("t1"), Some("t2")]), &fleet, &drifted).sessions,
        prior
    );
}

#[test]
fn while_a_target_is_unknown_only_listed_ones_stay() {
    let prior = applied(&plan(&wish(&[Some("t1")]), &fleet([1]), &BTreeMap::new()));
    let planned = plan(&wish(&[None, Some("t1")]), &fleet([1, 2]), &prior);
    assert_eq!(
        planned.sessions["eni-1"].traffic_mirror_target_id.as_deref(),
        Some("t1")
    );
    assert_eq!(planned.sessions["eni-2"].traffic_mirror_target_id, None);
    let replaced = plan(&wish(&[None]), &fleet([1]), &prior);
    assert_eq!(replaced.sessions["eni-1"].traffic_mirror_target_id, None);
    assert_eq!(
        replaced.sessions["eni-1"].id, prior["eni-1"].id,
        "moved, not made anew"
    );
}

proptest! {
    #[test]
    fn one_session_for_each_eligible_interface_and_none_besides(
        ids in proptest::collection::btree_set(0_u8..60, 0..40),
        before in proptest::collection::btree_set(0_u8..60, 0..40),
    ) {
        let prior = applied(&plan(&wish(&[Some("t")]), &fleet(before), &BTreeMap::new()));
        let fleet = fleet(ids);
        let planned = plan(&wish(&[Some("t")]), &fleet, &prior);
        for (id, member) in &fleet.interfaces {
            let eligible = member.interface_type == "interface";
            prop_assert_eq!(planned.sessions.contains_key(id), eligible);
            prop_assert_eq!(planned.skipped.contains_key(id), !eligible);
        }
        prop_assert_eq!(planned.sessions.len() + planned.skipped.len(), fleet.interfaces.len());
    }

    #[test]
    fn the_plan_of_an_applied_plan_is_empty(
        ids in proptest::collection::btree_set(0_u8..60, 0..40),
        targets in proptest::sample::subsequence(vec!["t1", "t2", "t3"], 1..=3),
        number in proptest::option::of(1_i64..9),
    ) {
        let targets: Vec<_> = targets.into_iter().map(Some).collect();
        let number = number.map_or(Wanted::Unset, Wanted::Set);
        let wish = Wish { session_number: number, ..wish(&targets) };
        let state = applied(&plan(&wish, &fleet(ids.clone()), &BTreeMap::new()));
        prop_assert_eq!(plan(&wish, &fleet(ids), &state).sessions, state);
    }

    #[test]
    fn another_instance_or_target_moves_no_session(
        before in proptest::collection::btree_set(0_u8..60, 1..40),
        after in proptest::collection::btree_set(0_u8..60, 1..40),
    ) {
        let state = applied(&plan(&wish(&[Some("t1"), Some("t2")]), &fleet(before), &BTreeMap::new()));
        let later = plan(&wish(&[Some("t0"), Some("t1"), Some("t2")]), &fleet(after), &state);
        for (id, row) in &later.sessions {
            if let Some(old) = state.get(id) {
                prop_assert_eq!(row, old);
            }
        }
    }

    #[test]
    fn what_the_first_plan_knows_is_in_the_second(
        before in proptest::collection::btree_set(0_u8..60, 0..40),
        after in proptest::collection::btree_set(0_u8..60, 0..40),
        late in proptest::sample::select(vec!["t1", "t9"]),
    ) {
        let state = applied(&plan(&wish(&[Some("t1"), Some("t2")]), &fleet(before), &BTreeMap::new()));
        let fleet = fleet(after);
        let first = plan(&wish(&[None, Some("t2")]), &fleet, &state);
        let second = plan(&wish(&[Some(late), Some("t2")]), &fleet, &state);
        prop_assert_eq!(first.sessions.len(), second.sessions.len());
        for (id, row) in &first.sessions {
            prop_assert!(agrees(row, &second.sessions[id]), "{:?} then {:?}", row, second.sessions[id]);
        }
    }
}
