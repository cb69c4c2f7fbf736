use super::super::FilterRule;
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

fn interface(state: &str, ingress: Fact<Vec<IngressRule>>) -> Receiver {
    Receiver::NetworkInterface(Fact::Known(Some(ReceivingInterface {
        id: "eni-9".into(),
        instance: Some(ReceivingInstance {
            id: "i-9".into(),
            state: state.into(),
        }),
        security_group_ids: vec!["sg-9".into()],
        ingress,
    })))
}

fn group(zones: &[&str], cross_zone: Fact<bool>) -> ReceivingGroup {
    ReceivingGroup {
        healthy_zones: Fact::Known(zones.iter().map(ToString::to_string).collect()),
        cross_zone,
    }
}

fn balancer(groups: Vec<ReceivingGroup>) -> Receiver {
    Receiver::LoadBalancer(Fact::Known(Some(Listener {
        listens: true,
        groups,
    })))
}

fn unseen<T>() -> Fact<T> {
    Fact::Unseen("without the permission ec2:Describe".into())
}

fn delivery(receiver: Receiver) -> Delivery {
    Delivery {
        targets: Fact::Known([("tmt-1".to_owned(), receiver)].into()),
        filters: Fact::Known([filter("tmf-1", everything())].into()),
        source_security_groups: [("eni-1".to_owned(), vec!["sg-source".to_owned()])].into(),
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
            Receiver::LoadBalancer(Fact::Known(Some(Listener::default()))),
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
        (
            Receiver::GatewayEndpoint(Fact::Known(None)),
            Some(Reason::TargetGone),
        ),
        (
            Receiver::GatewayEndpoint(Fact::Known(Some(vec![]))),
            Some(Reason::NotVisible),
        ),
        (
            Receiver::GatewayEndpoint(Fact::Known(Some(vec![group(&["b"], no())]))),
            None,
        ),
        (Receiver::Shared, Some(Reason::NotVisible)),
    ];
    for (receiver, expected) in cases {
        let shown = format!("{receiver:?}");
        assert_eq!(outcome(&delivery(receiver)), expected, "{shown}");
    }
}

#[test]
fn a_withdrawn_target_and_an_empty_filter() {
    let mut delivery = delivery(interface("running", Fact::Known(vec![open()])));
    delivery.filters = Fact::Known([filter("tmf-1", vec![])].into());
    assert_eq!(outcome(&delivery), Some(Reason::FilterEmpty));
    let reject = FilterRule::default();
    delivery.filters = Fact::Known([filter("tmf-1", vec![reject])].into());
    assert_eq!(outcome(&delivery), Some(Reason::FilterEmpty));
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
    delivery
        .source_security_groups
        .insert("eni-1".into(), vec!["sg-other".into()]);
    assert_eq!(outcome(&delivery), Some(Reason::TargetPortClosed));
}

#[test]
fn a_lower_number_shadows_only_what_it_takes_wholly() {
    let narrowed = FilterRule {
        narrowed: true,
        ..rule(false, "0.0.0.0/0")
    };
    let before = FilterRule {
        number: 1,
        accept: false,
        ..rule(false, "10.0.0.0/8")
    };
    let reject_first = everything().into_iter().chain([before]).collect();
    let ipv6 = everything().into_iter().chain([rule(false, "::/0")]).collect();
    let mut delivery = delivery(interface("running", Fact::Known(vec![open()])));
    delivery.filters = Fact::Known(
        [
            filter("tmf-1", everything()),
            filter("tmf-2", everything()),
            filter("tmf-web", vec![narrowed.clone()]),
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
    ] {
        assert!(shadowed(first, second), "{first} {second}");
    }
    for (first, second) in [
        ("tmf-web", "tmf-1"),
        ("tmf-1", "tmf-6"),
        ("tmf-not", "tmf-1"),
        ("tmf-empty", "tmf-1"),
    ] {
        assert!(!shadowed(first, second), "{first} {second}");
    }
}
