use proptest::prelude::*;

use super::*;

/// Owned values that [`Surroundings`] borrows.
#[derive(Default)]
struct Around {
    sensors: BTreeSet<String>,
    targets: BTreeSet<String>,
    refused: BTreeMap<String, Option<String>>,
    needs: Option<&'static str>,
}

impl Around {
    fn judge(&self, rules: &EligibilityRules, interface: &Candidate<'_>) -> Option<(Reason, String)> {
        let around = Surroundings {
            sensor_instance_ids: &self.sensors,
            target_interface_ids: &self.targets,
            refused: &self.refused,
            needs_of_instance: self.needs,
        };
        ineligible(rules, &around, interface)
    }

    fn reason(&self, rules: &EligibilityRules, interface: &Candidate<'_>) -> Option<Reason> {
        self.judge(rules, interface).map(|(reason, _)| reason)
    }
}

fn plain() -> EligibilityRules {
    EligibilityRules::default()
}

fn ordinary() -> Candidate<'static> {
    Candidate {
        id: "eni-1",
        instance_id: Some("i-1"),
        instance_type: Some("m5.large"),
        interface_type: "interface",
        ..Candidate::default()
    }
}

/// A shared VPC's participant owns the instance.
fn invisible() -> Candidate<'static> {
    Candidate {
        instance_id: None,
        instance_type: None,
        ..ordinary()
    }
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn an_ordinary_interface_is_eligible() {
    assert_eq!(Around::default().judge(&plain(), &ordinary()), None);
}

#[test]
fn sensors_are_no_sources_unless_asked_for_and_target_interfaces_never() {
    let included = EligibilityRules {
        include_sensors: true,
        ..plain()
    };
    let sensor = Around {
        sensors: set(&["i-1"]),
        ..Around::default()
    };
    assert_eq!(
        sensor.judge(&plain(), &ordinary()),
        Some((
            Reason::Sensor,
            "i-1 receives the traffic of a traffic mirror target".into()
        ))
    );
    assert_eq!(sensor.judge(&included, &ordinary()), None);
    let target = Around {
        targets: set(&["eni-1"]),
        ..Around::default()
    };
    assert_eq!(target.reason(&included, &ordinary()), Some(Reason::Sensor));
}

#[test]
fn interfaces_that_aws_manages_are_left_out_but_those_of_databases() {
    let managed = Candidate {
        requester_managed: true,
        ..invisible()
    };
    let requested = |id| Candidate {
        requester_id: Some(id),
        ..managed
    };
    let around = Around::default();
    assert_eq!(
        around.judge(&plain(), &requested("amazon-elb")),
        Some((Reason::RequesterManaged, "managed by amazon-elb".into()))
    );
    assert_eq!(
        around.judge(&plain(), &managed),
        Some((Reason::RequesterManaged, "managed by AWS".into()))
    );
    for allowed in ["amazon-rds", "amazon-elasticache"] {
        assert_eq!(around.judge(&plain(), &requested(allowed)), None, "{allowed}");
    }
    let included = EligibilityRules {
        include_requester_managed: true,
        ..plain()
    };
    assert_eq!(around.judge(&included, &requested("amazon-elb")), None);
}

#[test]
fn whoever_created_an_ordinary_interface_does_not_make_it_managed() {
    // An API call by a user or role leaves its id as the requester.
    let by_user = Candidate {
        requester_id: Some("AROAEXAMPLE:i-0123"),
        ..ordinary()
    };
    assert_eq!(Around::default().judge(&plain(), &by_user), None);
}

#[test]
fn nodes_that_a_service_operates_are_sources_and_its_own_interfaces_are_not() {
    let operated = |interface| Candidate {
        operator: Some("eks.amazonaws.com"),
        ..interface
    };
    assert_eq!(Around::default().judge(&plain(), &operated(ordinary())), None);
    assert_eq!(
        Around::default().judge(&plain(), &operated(invisible())),
        Some((Reason::RequesterManaged, "managed by eks.amazonaws.com".into()))
    );
}

#[test]
fn only_interfaces_of_type_interface_that_are_attached() {
    for raw in [
        "efa",
        "efa-only",
        "branch",
        "natGateway",
        "nat_gateway",
        "Interface",
        "",
    ] {
        let other = Candidate {
            interface_type: raw,
            ..ordinary()
        };
        assert_eq!(
            Around::default().judge(&plain(), &other),
            Some((Reason::UnsupportedInterface, format!("interface type {raw}")))
        );
    }
    let loose = Candidate {
        unattached: true,
        ..invisible()
    };
    assert_eq!(
        Around::default().judge(&plain(), &loose),
        Some((Reason::UnsupportedInterface, "attached to no instance".into()))
    );
}

#[test]
fn the_table_can_be_overruled_and_unknown_types_are_tried() {
    let on = |name| Candidate {
        instance_type: Some(name),
        ..ordinary()
    };
    let around = Around::default();
    let (reason, detail) = around.judge(&plain(), &on("t2.micro")).unwrap();
    assert_eq!(reason, Reason::UnsupportedInstanceType);
    assert!(detail.starts_with("t2.micro: family t2 "), "{detail}");
    assert!(detail.contains("2025-08-28"), "{detail}");
    assert_eq!(around.judge(&plain(), &on("m8g.large")), None);
    for pattern in ["T2.*", "t2.micro", "*"] {
        let tried = EligibilityRules {
            try_instance_types: vec!["c1.*".into(), pattern.into()],
            ..plain()
        };
        assert_eq!(around.judge(&tried, &on("t2.micro")), None, "{pattern}");
    }
}

#[test]
fn a_refusal_counts_for_this_interface_on_that_type() {
    let around = Around {
        refused: BTreeMap::from([("eni-1".into(), Some("m8g.large".into())), ("eni-2".into(), None)]),
        ..Around::default()
    };
    let on = |id, instance_type| Candidate {
        id,
        instance_type,
        ..ordinary()
    };
    let tried = EligibilityRules {
        try_instance_types: vec!["*".into()],
        ..plain()
    };
    assert_eq!(
        around.judge(&tried, &on("eni-1", Some("m8g.large"))),
        Some((
            Reason::UnsupportedInstanceType,
            "EC2 refused it on m8g.large as a traffic mirror source".into()
        ))
    );
    assert_eq!(
        around.judge(&plain(), &on("eni-1", Some("m8g.xlarge"))),
        None,
        "resized since"
    );
    assert_eq!(around.judge(&plain(), &on("eni-3", Some("m8g.large"))), None);
    assert_eq!(
        around.reason(&plain(), &on("eni-2", None)),
        Some(Reason::UnsupportedInstanceType)
    );
    assert_eq!(
        around.judge(&plain(), &on("eni-2", Some("m5.large"))),
        None,
        "visible since"
    );
}

#[test]
fn what_is_not_visible_is_tried_unless_the_configuration_needs_it() {
    assert_eq!(Around::default().judge(&plain(), &invisible()), None);
    let needing = Around {
        needs: Some("the tag Mirror-Target, which override.target_tag reads"),
        ..Around::default()
    };
    assert_eq!(
        needing.judge(&plain(), &invisible()),
        Some((
            Reason::NotVisible,
            "its instance is not visible, and with it the tag Mirror-Target, which override.target_tag reads"
                .into()
        ))
    );
    assert_eq!(needing.judge(&plain(), &ordinary()), None);
}

proptest! {
    /// Every reason alone gives itself; together the first in the order of `Reason` wins.
    #[test]
    fn the_first_reason_in_the_order_of_precedence_wins(
        sensor: bool, managed: bool, efa: bool, t2: bool, unseen: bool,
    ) {
        let around = Around {
            // By its interface, so that an interface without a visible instance can be one.
            targets: if sensor { set(&["eni-1"]) } else { set(&[]) },
            refused: if t2 { BTreeMap::from([("eni-1".into(), None)]) } else { BTreeMap::new() },
            needs: Some("its tags"),
            ..Around::default()
        };
        let interface = Candidate {
            requester_managed: managed,
            interface_type: if efa { "efa" } else { "interface" },
            instance_id: (!unseen).then_some("i-1"),
            instance_type: if t2 { None } else { Some("m5.large") },
            ..ordinary()
        };
        let expected = [
            (sensor, Reason::Sensor),
            (managed, Reason::RequesterManaged),
            (efa, Reason::UnsupportedInterface),
            (t2, Reason::UnsupportedInstanceType),
            (unseen, Reason::NotVisible),
        ];
        let expected: Vec<Reason> = expected.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect();
        prop_assert!(expected.is_sorted());
        prop_assert_eq!(around.reason(&plain(), &interface), expected.first().copied());
    }

    #[test]
    fn more_permission_never_makes_less_eligible(
        index in 0_usize..6, managed: bool, sensors: bool, requested: bool,
    ) {
        let instance_type = ["m5.large", "t2.micro", "m8g.large", "c5n.metal", "?", ""][index];
        let interface = Candidate { instance_type: Some(instance_type), requester_managed: requested, ..ordinary() };
        let around = Around { sensors: set(&["i-1"]), ..Around::default() };
        let wide = EligibilityRules {
            try_instance_types: vec!["*".into()],
            include_requester_managed: true,
            include_sensors: true,
        };
        let narrow = EligibilityRules {
            try_instance_types: vec![],
            include_requester_managed: managed,
            include_sensors: sensors,
        };
        prop_assert_eq!(around.judge(&wide, &interface), None);
        if around.judge(&plain(), &interface).is_none() {
            prop_assert_eq!(around.judge(&narrow, &interface), None);
        }
    }
}
