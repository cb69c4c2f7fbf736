use super::super::{
    FilterRule, Guard, IngressRule, Listener, ReceivingGroup, ReceivingInstance, ReceivingInterface,
    RegisteredSensor,
};
use super::*;

fn rule(egress: bool, cidr: &str) -> FilterRule {
    FilterRule {
        egress,
        number: 100,
        accept: true,
        source_cidr: cidr.into(),
        destination_cidr: cidr.into(),
        ..FilterRule::default()
    }
}

fn filter(id: &str, rules: Vec<FilterRule>) -> (String, MirrorFilter) {
    let filter = MirrorFilter {
        id: id.into(),
        rules,
        amazon_dns: false,
        tags: BTreeMap::new(),
    };
    (id.to_owned(), filter)
}

fn everything() -> Vec<FilterRule> {
    vec![rule(false, "0.0.0.0/0"), rule(true, "0.0.0.0/0")]
}

fn open() -> IngressRule {
    IngressRule {
        protocol: "udp".into(),
        ports: Some((4789, 4789)),
        security_group_ids: vec!["sg-source".into()],
        ..IngressRule::default()
    }
}

/// Lets in what comes from here.
fn from(cidr: &str) -> IngressRule {
    IngressRule {
        cidr_blocks: vec![cidr.into()],
        security_group_ids: vec![],
        ..open()
    }
}

fn from_list() -> IngressRule {
    IngressRule {
        prefix_list_ids: vec!["pl-1".into()],
        security_group_ids: vec![],
        ..open()
    }
}

fn guard(ingress: Fact<Vec<IngressRule>>) -> Guard {
    Guard {
        security_group_ids: vec!["sg-9".into()],
        ingress,
    }
}

fn interface(state: &str, ingress: Fact<Vec<IngressRule>>) -> Receiver {
    Receiver::NetworkInterface(Fact::Known(Some(ReceivingInterface {
        id: "eni-9".into(),
        instance: Some(ReceivingInstance {
            id: "i-9".into(),
            state: state.into(),
        }),
        guard: guard(ingress),
    })))
}

fn sensor(zone: &str, ingress: Fact<Vec<IngressRule>>) -> RegisteredSensor {
    RegisteredSensor {
        id: format!("i-{zone}"),
        zone: Fact::Known(Some(zone.to_owned()).filter(|zone| zone != "all")),
        port: 4789,
        guard: Fact::Known(guard(ingress)),
    }
}

fn group(zones: &[&str], cross_zone: Fact<bool>) -> ReceivingGroup {
    let sensors = zones
        .iter()
        .map(|zone| sensor(zone, Fact::Known(vec![from("10.0.0.0/8")])));
    ReceivingGroup {
        sensors: Fact::Known(sensors.collect()),
        cross_zone,
    }
}

fn guarded(groups: Vec<ReceivingGroup>, guard: Fact<Option<Guard>>) -> Receiver {
    Receiver::LoadBalancer(Fact::Known(Some(Listener {
        listens: true,
        guard,
        groups,
    })))
}

fn balancer(groups: Vec<ReceivingGroup>) -> Receiver {
    guarded(groups, Fact::Known(None))
}

/// One sensor in the zone of the source, behind a load balancer with these security groups.
fn behind(ingress: Vec<IngressRule>, groups: Fact<Option<Guard>>) -> Receiver {
    let group = ReceivingGroup {
        sensors: Fact::Known(vec![sensor("a", Fact::Known(ingress))]),
        cross_zone: Fact::Known(false),
    };
    guarded(vec![group], groups)
}

fn unseen<T>() -> Fact<T> {
    Fact::Unseen("without the permission ec2:Describe".into())
}

fn delivery(receiver: Receiver) -> Delivery {
    Delivery {
        targets: Fact::Known([("tmt-1".to_owned(), receiver)].into()),
        filters: Fact::Known([filter("tmf-1", everything())].into()),
        origins: [("eni-1".to_owned(), origin("sg-source"))].into(),
    }
}

fn origin(group: &str) -> Origin {
    Origin {
        addresses: vec!["10.1.2.3".into()],
        security_group_ids: vec![group.into()],
    }
}

fn session(number: i64, filter: &str) -> MirrorSession {
    MirrorSession {
        id: format!("tms-{number}"),
        network_interface_id: "eni-1".into(),
        traffic_mirror_target_id: "tmt-1".into(),
        traffic_mirror_filter_id: filter.into(),
        session_number: number,
        ..MirrorSession::default()
    }
}

fn outcome(delivery: &Delivery) -> Option<Reason> {
    match delivery.of(&session(1, "tmf-1"), Some("a"), &[]) {
        Outcome::Delivers => None,
        Outcome::Unseen(_) => Some(Reason::NotVisible),
        Outcome::Fails(reason, _) => Some(reason),
    }
}

#[test]
fn what_keeps_a_session_from_delivering() {
    let no = || Fact::Known(false);
    let cases = [
        (interface("running", Fact::Known(vec![open()])), None),
        (
            Receiver::NetworkInterface(Fact::Known(None)),
            Some(Reason::TargetGone),
        ),
        (
            interface("stopped", Fact::Known(vec![open()])),
            Some(Reason::TargetStopped),
        ),
        (interface("stopped", unseen()), Some(Reason::TargetStopped)),
        (
            interface("running", Fact::Known(vec![])),
            Some(Reason::TargetPortClosed),
        ),
        (interface("running", unseen()), Some(Reason::NotVisible)),
        (Receiver::NetworkInterface(unseen()), Some(Reason::NotVisible)),
        (
            Receiver::LoadBalancer(Fact::Known(None)),
            Some(Reason::TargetGone),
        ),
        (Receiver::LoadBalancer(unseen()), Some(Reason::NotVisible)),
        (
            Receiver::LoadBalancer(Fact::Known(Some(Listener {
                listens: false,
                guard: Fact::Known(None),
                groups: vec![],
            }))),
            Some(Reason::TargetNoListener),
        ),
        (balancer(vec![]), Some(Reason::TargetUnhealthy)),
        (
            balancer(vec![group(&[], unseen())]),
            Some(Reason::TargetUnhealthy),
        ),
        (balancer(vec![group(&["a"], unseen())]), None),
        (balancer(vec![group(&["b"], no())]), Some(Reason::TargetUnhealthy)),
        (balancer(vec![group(&["b"], Fact::Known(true))]), None),
        (balancer(vec![group(&["b"], unseen())]), Some(Reason::NotVisible)),
        (balancer(vec![group(&["b"], no()), group(&["a"], no())]), None),
        (balancer(vec![group(&["all"], no())]), None),
        (
            Receiver::GatewayEndpoint(Fact::Known(false)),
            Some(Reason::TargetGone),
        ),
        (
            Receiver::GatewayEndpoint(Fact::Known(true)),
            Some(Reason::NotVisible),
        ),
        (Receiver::GatewayEndpoint(unseen()), Some(Reason::NotVisible)),
        (Receiver::Shared, Some(Reason::NotVisible)),
    ];
    for (receiver, expected) in cases {
        let shown = format!("{receiver:?}");
        assert_eq!(outcome(&delivery(receiver)), expected, "{shown}");
    }
}

#[test]
fn security_groups_of_the_sensor_the_source_and_the_load_balancer() {
    let of = |rules: Vec<IngressRule>| Fact::Known(rules);
    let own = |rules: Vec<IngressRule>| Fact::Known(Some(guard(Fact::Known(rules))));
    let by_balancer = IngressRule {
        security_group_ids: vec!["sg-9".into()],
        ..open()
    };
    let closed = Some(Reason::TargetPortClosed);
    let hidden = Some(Reason::NotVisible);
    let cases = [
        (interface("running", of(vec![from("10.0.0.0/8")])), None),
        (interface("running", of(vec![from("192.0.2.0/24")])), closed),
        (interface("running", of(vec![from_list()])), hidden),
        (
            interface("running", of(vec![from_list(), from("10.1.2.3/32")])),
            None,
        ),
        // Behind a load balancer.
        (behind(vec![], Fact::Known(None)), closed),
        (behind(vec![from("192.0.2.0/24")], Fact::Known(None)), closed),
        (behind(vec![from_list()], Fact::Known(None)), hidden),
        // Rules behind it cannot name the groups of its clients, but its own.
        (behind(vec![open()], Fact::Known(None)), closed),
        (behind(vec![by_balancer.clone()], own(vec![open()])), None),
        (
            behind(vec![by_balancer.clone()], own(vec![from("10.0.0.0/8")])),
            None,
        ),
        (behind(vec![from("10.0.0.0/8")], own(vec![])), closed),
        (behind(vec![from("10.0.0.0/8")], own(vec![from_list()])), hidden),
        (behind(vec![from("10.0.0.0/8")], unseen()), hidden),
        (behind(vec![by_balancer], unseen()), hidden),
    ];
    for (receiver, expected) in cases {
        let shown = format!("{receiver:?}");
        assert_eq!(outcome(&delivery(receiver)), expected, "{shown}");
    }
    // One of several sensors loses its part, if it is sent to.
    let two = |other: RegisteredSensor, cross_zone: Fact<bool>| {
        let first = sensor("a", of(vec![from("10.0.0.0/8")]));
        let sensors = Fact::Known(vec![first, other]);
        outcome(&delivery(balancer(vec![ReceivingGroup { sensors, cross_zone }])))
    };
    assert_eq!(two(sensor("a", of(vec![])), Fact::Known(false)), closed);
    assert_eq!(two(sensor("b", of(vec![])), Fact::Known(false)), None);
    assert_eq!(two(sensor("b", of(vec![])), Fact::Known(true)), closed);
    assert_eq!(two(sensor("b", of(vec![])), unseen()), hidden);
    let elsewhere = RegisteredSensor {
        port: 4790,
        ..sensor("a", of(vec![from("10.0.0.0/8")]))
    };
    assert_eq!(
        two(elsewhere, Fact::Known(false)),
        closed,
        "the port that it receives on counts"
    );
    let invisible = RegisteredSensor {
        guard: unseen(),
        ..sensor("a", of(vec![]))
    };
    assert_eq!(two(invisible, Fact::Known(false)), hidden);
}

#[test]
fn what_is_not_known_of_a_source_is_no_guess() {
    let mut delivery = delivery(interface("running", Fact::Known(vec![from("10.0.0.0/8")])));
    delivery.origins.clear();
    assert_eq!(outcome(&delivery), Some(Reason::NotVisible));
    let other = Origin {
        addresses: vec!["192.0.2.1".into(), "10.1.2.3".into()],
        ..origin("sg-source")
    };
    delivery.origins.insert("eni-1".into(), other);
    assert_eq!(
        outcome(&delivery),
        Some(Reason::NotVisible),
        "only a secondary address is let in"
    );
}

#[test]
fn a_withdrawn_target_and_an_empty_filter() {
    let mut delivery = delivery(interface("running", Fact::Known(vec![open()])));
    delivery.filters = Fact::Known([filter("tmf-1", vec![])].into());
    assert_eq!(outcome(&delivery), Some(Reason::FilterEmpty));
    let reject = |number| FilterRule {
        accept: false,
        number,
        ..rule(false, "0.0.0.0/0")
    };
    delivery.filters = Fact::Known([filter("tmf-1", vec![reject(1)])].into());
    assert_eq!(outcome(&delivery), Some(Reason::FilterEmpty));
    let after_all = vec![reject(1), rule(false, "0.0.0.0/0")];
    delivery.filters = Fact::Known([filter("tmf-1", after_all)].into());
    assert_eq!(outcome(&delivery), Some(Reason::FilterEmpty));
    let before_all = vec![reject(101), rule(false, "0.0.0.0/0")];
    delivery.filters = Fact::Known([filter("tmf-1", before_all)].into());
    assert_eq!(outcome(&delivery), None);
    delivery.filters = Fact::Known([filter("tmf-1", vec![FilterRule::default()])].into());
    assert_eq!(
        outcome(&delivery),
        Some(Reason::NotVisible),
        "a rule that cannot be read"
    );
    delivery.filters = unseen();
    assert_eq!(outcome(&delivery), Some(Reason::NotVisible));
    // What is certain goes before what is not seen.
    delivery.targets = Fact::Known(BTreeMap::new());
    assert_eq!(outcome(&delivery), Some(Reason::TargetGone));
    delivery.targets = unseen();
    delivery.filters = Fact::Known([filter("tmf-1", vec![])].into());
    assert_eq!(outcome(&delivery), Some(Reason::FilterEmpty));
}

#[test]
fn only_the_sources_own_groups_open_the_port() {
    let mut delivery = delivery(interface("running", Fact::Known(vec![open()])));
    delivery.origins.insert("eni-1".into(), origin("sg-other"));
    assert_eq!(outcome(&delivery), Some(Reason::TargetPortClosed));
}

#[test]
fn a_lower_number_shadows_only_what_it_takes_wholly() {
    let narrowed = FilterRule {
        protocol: Some(6),
        destination_ports: Some((443, 443)),
        ..rule(false, "0.0.0.0/0")
    };
    let before = FilterRule {
        number: 1,
        accept: false,
        ..rule(false, "10.0.0.0/8")
    };
    let reject_first = everything().into_iter().chain([before]).collect();
    let ipv6 = everything().into_iter().chain([rule(false, "::/0")]).collect();
    let dns = |id: &str| {
        let (id, filter) = filter(id, vec![]);
        (
            id,
            MirrorFilter {
                amazon_dns: true,
                ..filter
            },
        )
    };
    let mut delivery = delivery(interface("running", Fact::Known(vec![open()])));
    delivery.filters = Fact::Known(
        [
            filter("tmf-1", everything()),
            filter("tmf-2", everything()),
            filter("tmf-web", vec![narrowed.clone()]),
            filter(
                "tmf-web-too",
                vec![FilterRule {
                    number: 7,
                    ..narrowed.clone()
                }],
            ),
            filter("tmf-in", vec![rule(false, "0.0.0.0/0")]),
            filter("tmf-out", vec![rule(true, "0.0.0.0/0")]),
            dns("tmf-dns"),
            dns("tmf-dns-too"),
            filter("tmf-6", ipv6),
            filter("tmf-not", reject_first),
            filter("tmf-empty", vec![]),
        ]
        .into(),
    );
    let shadowed = |first: &str, second: &str| {
        let outcome = delivery.of(&session(2, second), Some("a"), &[&session(1, first)]);
        matches!(outcome, Outcome::Fails(Reason::Shadowed, _))
    };
    for (first, second) in [
        ("tmf-web", "tmf-web"),
        ("tmf-1", "tmf-2"),
        ("tmf-1", "tmf-web"),
        ("tmf-6", "tmf-1"),
        ("tmf-web", "tmf-web-too"),
        ("tmf-dns", "tmf-dns-too"),
    ] {
        assert!(shadowed(first, second), "{first} {second}");
    }
    for (first, second) in [
        ("tmf-web", "tmf-1"),
        ("tmf-1", "tmf-6"),
        ("tmf-not", "tmf-1"),
        ("tmf-empty", "tmf-1"),
        ("tmf-1", "tmf-dns"),
        ("tmf-dns", "tmf-1"),
        ("tmf-in", "tmf-1"),
    ] {
        assert!(!shadowed(first, second), "{first} {second}");
    }
    // Two that take a part each leave nothing over together.
    let earlier = [session(1, "tmf-in"), session(2, "tmf-out")];
    let earlier: Vec<_> = earlier.iter().collect();
    match delivery.of(&session(3, "tmf-1"), Some("a"), &earlier) {
        Outcome::Fails(Reason::Shadowed, detail) => {
            assert!(detail.contains("tms-1") && detail.contains("tms-2"))
        }
        outcome => panic!("{outcome:?}"),
    }
    let unknown = delivery.of(&session(2, "tmf-1"), Some("a"), &[&session(1, "tmf-unseen")]);
    assert!(matches!(unknown, Outcome::Unseen(_)), "{unknown:?}");
}
