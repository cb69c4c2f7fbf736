use super::*;

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect()
}

fn interface() -> Interface {
    Interface {
        id: "eni-1".into(),
        instance_id: Some("i-1".into()),
        instance_type: Some("m5.large".into()),
        instance_state: Some("running".into()),
        instance_tags: tags(&[("Mirror", "True"), ("Team", "web")]),
        vpc_id: Some("vpc-1".into()),
        subnet_id: Some("subnet-1".into()),
        availability_zone: Some("eu-west-1a".into()),
        availability_zone_id: Some("euw1-az2".into()),
        security_group_ids: vec!["sg-1".into(), "sg-2".into()],
        device_index: Some(0),
        ..Interface::default()
    }
}

#[test]
fn within_a_block_all_must_match() {
    let both = Selector {
        tags: tags(&[("Mirror", "True"), ("Team", "db")]),
        ..Selector::default()
    };
    assert!(!both.matches(&interface()));
    let one = Selector {
        tags: tags(&[("Mirror", "T*"), ("Team", "web")]),
        ..Selector::default()
    };
    assert!(one.matches(&interface()));
    let elsewhere = Selector {
        vpc_ids: vec!["vpc-2".into()],
        ..one
    };
    assert!(!elsewhere.matches(&interface()));
}

#[test]
fn between_blocks_one_suffices_and_an_exclusion_wins() {
    let wrong = Selector {
        vpc_ids: vec!["vpc-2".into()],
        ..Selector::default()
    };
    let right = Selector {
        subnet_ids: vec!["subnet-1".into()],
        ..Selector::default()
    };
    let one = std::slice::from_ref(&right);
    assert_eq!(selected(&[wrong, right.clone()], &[], &interface()), Meant::Yes);
    assert_eq!(selected(one, one, &interface()), Meant::No);
    assert_eq!(
        selected(&[], &[], &interface()),
        Meant::No,
        "no selector is never all"
    );
}

#[test]
fn what_only_the_instance_has_is_not_guessed_without_it() {
    let hidden = Interface {
        id: "eni-1".into(),
        vpc_id: Some("vpc-1".into()),
        tags: tags(&[("Watch", "yes")]),
        ..Interface::default()
    };
    let by_id = Selector {
        network_interface_ids: ["eni-1".to_owned()].into(),
        ..Selector::default()
    };
    let of = |selector: &Selector, exclude: Option<&Selector>, interface: &Interface| {
        selected(
            std::slice::from_ref(selector),
            exclude.cloned().as_slice(),
            interface,
        )
    };
    assert_eq!(of(&by_id, None, &hidden), Meant::Yes);
    type Ask = fn(&mut Selector);
    let asks: [(Ask, &str); 3] = [
        (|s| s.instance_types = vec!["m5.*".into()], "instance_types"),
        (
            |s| s.instance_state_names = vec!["running".into()],
            "instance_state_names",
        ),
        (
            |s| s.tags = [("Mirror".to_owned(), "*".to_owned())].into(),
            "tags",
        ),
    ];
    for (ask, argument) in asks {
        let mut asking = by_id.clone();
        ask(&mut asking);
        let words = format!("what {argument} of the selector ask for");
        assert_eq!(of(&asking, None, &hidden), Meant::Unseen(words));
        for certain in [
            // No instance of anybody's, one that a service runs, and one that is seen.
            Interface {
                unattached: true,
                ..hidden.clone()
            },
            Interface {
                requester_managed: true,
                ..hidden.clone()
            },
            Interface {
                instance_id: Some("i-1".into()),
                instance_type: Some("c5.large".into()),
                instance_state: Some("stopped".into()),
                ..hidden.clone()
            },
        ] {
            assert_eq!(of(&asking, None, &certain), Meant::No, "{argument} {certain:?}");
        }
        let mut in_place = Selector {
            vpc_ids: vec!["vpc-1".into()],
            ..Selector::default()
        };
        ask(&mut in_place);
        assert_eq!(of(&in_place, None, &hidden), Meant::No, "it is not named");
        let words = format!("what {argument} of an exclude block ask for");
        assert_eq!(of(&by_id, Some(&in_place), &hidden), Meant::Unseen(words));
        in_place.vpc_ids = vec!["vpc-2".into()];
        assert_eq!(
            of(&by_id, Some(&in_place), &hidden),
            Meant::Yes,
            "excluded elsewhere"
        );
    }
    let either = Selector {
        tags: hidden.tags.clone(),
        tag_source: TagSource::Either,
        instance_types: vec!["m5.*".into()],
        ..Selector::default()
    };
    let words = "what instance_types of the selector ask for".to_owned();
    assert_eq!(of(&either, None, &hidden), Meant::Unseen(words));
    assert_eq!(of(&by_id, Some(&by_id), &hidden), Meant::No);
}

#[test]
fn case_matters_unless_asked_otherwise() {
    let lower = Selector {
        tags: tags(&[("mirror", "true")]),
        ..Selector::default()
    };
    assert!(!lower.matches(&interface()));
    assert!(
        Selector {
            ignore_tag_case: true,
            ..lower
        }
        .matches(&interface())
    );
}

#[test]
fn each_argument_is_judged() {
    let all = Selector {
        instance_ids: ["i-1".to_owned()].into(),
        network_interface_ids: ["eni-1".to_owned()].into(),
        availability_zones: vec!["euw1-az2".into()],
        security_group_ids: vec!["sg-2".into()],
        instance_types: vec!["m5.*".into()],
        instance_state_names: vec!["running".into()],
        primary_only: true,
        ..Selector::default()
    };
    assert!(all.matches(&interface()));
    let changes: [fn(&mut Interface); 7] = [
        |i| i.instance_id = None,
        |i| i.id = "eni-2".into(),
        |i| i.availability_zone_id = None,
        |i| i.security_group_ids.clear(),
        |i| i.instance_type = Some("c5.large".into()),
        |i| i.instance_state = Some("stopped".into()),
        |i| i.network_card_index = Some(1),
    ];
    for change in changes {
        let mut other = interface();
        change(&mut other);
        assert!(!all.matches(&other), "{other:?}");
    }
}

#[test]
fn dying_instances_are_left_out_by_default() {
    let selector = Selector {
        vpc_ids: vec!["vpc-1".into()],
        ..Selector::default()
    };
    for (state, expected) in [
        ("pending", true),
        ("running", true),
        ("stopped", true),
        ("shutting-down", false),
        ("terminated", false),
    ] {
        let interface = Interface {
            instance_state: Some(state.into()),
            ..interface()
        };
        assert_eq!(selector.matches(&interface), expected, "{state}");
    }
}
