use super::super::{
    FilterRule, Guard, IngressRule, Listener, ReceivingGroup, ReceivingInstance, ReceivingInterface,
    RegisteredSensor,
};
use super::*;

pub(super) fn rule(egress: bool, cidr: &str) -> FilterRule {
    FilterRule {
        egress,
        number: 100,
        accept: true,
        source_cidr: cidr.into(),
        destination_cidr: cidr.into(),
        ..FilterRule::default()
    }
}

pub(super) fn filter(id: &str, rules: Vec<FilterRule>) -> (String, MirrorFilter) {
    let filter = MirrorFilter {
        id: id.into(),
        rules,
        amazon_dns: false,
        tags: BTreeMap::new(),
    };
    (id.to_owned(), filter)
}

pub(super) fn everything() -> Vec<FilterRule> {
    vec![rule(false, "0.0.0.0/0"), rule(true, "0.0.0.0/0")]
}

pub(super) fn open() -> IngressRule {
    IngressRule {
        protocol: "udp".into(),
        ports: Some((4789, 4789)),
        security_group_ids: vec!["sg-source".into()],
        ..IngressRule::default()
    }
}

/// Lets in what comes from here.
pub(super) fn from(cidr: &str) -> IngressRule {
    IngressRule {
        cidr_blocks: vec![cidr.into()],
        security_group_ids: vec![],
        ..open()
    }
}

pub(super) fn from_list() -> IngressRule {
    IngressRule {
        prefix_list_ids: vec!["pl-1".into()],
        security_group_ids: vec![],
        ..open()
    }
}

pub(super) fn guard(ingress: Fact<Vec<IngressRule>>) -> Guard {
    Guard {
        security_group_ids: vec!["sg-9".into()],
        ingress,
    }
}

pub(super) fn interface(state: &str, ingress: Fact<Vec<IngressRule>>) -> Receiver {
    Receiver::NetworkInterface(Fact::Known(Some(ReceivingInterface {
        id: "eni-9".into(),
        instance: Some(ReceivingInstance {
            id: "i-9".into(),
            state: state.into(),
        }),
        guard: guard(ingress),
    })))
}

pub(super) fn sensor(zone: &str, ingress: Fact<Vec<IngressRule>>) -> RegisteredSensor {
    RegisteredSensor {
        id: format!("i-{zone}"),
        zone: Fact::Known(Some(zone.to_owned()).filter(|zone| zone != "all")),
        port: 4789,
        guard: Fact::Known(guard(ingress)),
    }
}

pub(super) fn group(zones: &[&str], cross_zone: Fact<bool>) -> ReceivingGroup {
    let sensors = zones
        .iter()
        .map(|zone| sensor(zone, Fact::Known(vec![from("10.0.0.0/8")])));
    ReceivingGroup {
        sensors: Fact::Known(sensors.collect()),
        cross_zone,
    }
}

pub(super) fn guarded(groups: Vec<ReceivingGroup>, guard: Fact<Option<Guard>>) -> Receiver {
    Receiver::LoadBalancer(Fact::Known(Some(Listener {
        listens: true,
        guard,
        groups,
    })))
}

pub(super) fn balancer(groups: Vec<ReceivingGroup>) -> Receiver {
    guarded(groups, Fact::Known(None))
}

/// One sensor in the zone of the source, behind a load balancer with these security groups.
pub(super) fn behind(ingress: Vec<IngressRule>, groups: Fact<Option<Guard>>) -> Receiver {
    let group = ReceivingGroup {
        sensors: Fact::Known(vec![sensor("a", Fact::Known(ingress))]),
        cross_zone: Fact::Known(false),
    };
    guarded(vec![group], groups)
}

pub(super) fn unseen<T>() -> Fact<T> {
    Fact::Unseen("without the permission ec2:Describe".into())
}

pub(super) fn delivery(receiver: Receiver) -> Delivery {
    Delivery {
        targets: Fact::Known([("tmt-1".to_owned(), receiver)].into()),
        filters: Fact::Known([filter("tmf-1", everything())].into()),
        origins: [("eni-1".to_owned(), origin("sg-source"))].into(),
    }
}

pub(super) fn origin(group: &str) -> Origin {
    Origin {
        addresses: vec!["10.1.2.3".into()],
        security_group_ids: vec![group.into()],
    }
}

pub(super) fn session(number: i64, filter: &str) -> MirrorSession {
    MirrorSession {
        id: format!("tms-{number}"),
        network_interface_id: "eni-1".into(),
        traffic_mirror_target_id: "tmt-1".into(),
        traffic_mirror_filter_id: filter.into(),
        session_number: number,
        ..MirrorSession::default()
    }
}

pub(super) fn outcome(delivery: &Delivery) -> Option<Reason> {
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
            Receiver::NetworkInterface(Fact::Known(Some(ReceivingInterface {
                id: "eni-9".into(),
                instance: None,
                guard: guard(Fact::Known(vec![open()])),
            }))),
            Some(Reason::TargetStopped),
        ),
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
        (
            balancer(vec![group(&["b", "a"], no()), group(&["a"], no())]),
            None,
        ),
        // Each group gets a part of the packets.
        (
            balancer(vec![group(&["a"], no()), group(&["b"], no())]),
            Some(Reason::TargetUnhealthy),
        ),
        (
            balancer(vec![group(&["a"], no()), group(&[], no())]),
            Some(Reason::TargetUnhealthy),
        ),
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
