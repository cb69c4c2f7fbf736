use proptest::prelude::*;

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
    Wish {
        enabled: true,
        targets,
        session_number: Wanted::Unset,
    }
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
