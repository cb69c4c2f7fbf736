//! Filters, security groups, and sessions with lower numbers.

use super::super::{FilterRule, ReceivingGroup};
use super::tests::*;
use super::*;

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
fn what_is_not_seen_of_filters() {
    let mut delivery = delivery(interface("running", Fact::Known(vec![open()])));
    let twins = |delivery: &Delivery| delivery.of(&session(2, "tmf-1"), Some("a"), &[&session(1, "tmf-1")]);
    for filters in [Fact::Known(BTreeMap::new()), unseen()] {
        delivery.filters = filters;
        assert_eq!(outcome(&delivery), Some(Reason::NotVisible));
        // Whatever it accepts, two sessions of it accept the same.
        assert!(matches!(twins(&delivery), Outcome::Fails(Reason::Shadowed, _)));
    }
}

#[test]
fn each_fact_that_is_not_seen_is_told_once() {
    fn hidden<T>(why: &str) -> Fact<T> {
        Fact::Unseen(why.to_owned())
    }
    let mut group = group(&["a", "b"], hidden("cross-zone"));
    if let Fact::Known(sensors) = &mut group.sensors {
        sensors[0].zone = hidden("zone");
        sensors[0].guard = hidden("sensor");
        sensors[1].guard = Fact::Known(guard(hidden("rules")));
    }
    let blind = ReceivingGroup {
        sensors: hidden("health"),
        cross_zone: Fact::Known(true),
    };
    let receivers = [
        interface("running", hidden("rules")),
        Receiver::NetworkInterface(hidden("interface")),
        Receiver::LoadBalancer(hidden("listeners")),
        guarded(vec![group, blind], hidden("balancer")),
        guarded(vec![], Fact::Known(Some(guard(hidden("balancer's rules"))))),
        Receiver::GatewayEndpoint(hidden("endpoint")),
        Receiver::Shared,
    ];
    let mut delivery = delivery(Receiver::Shared);
    assert!(delivery.unseen().is_empty());
    let named = receivers.into_iter().enumerate();
    delivery.targets = Fact::Known(
        named
            .map(|(n, receiver)| (format!("tmt-{n}"), receiver))
            .collect(),
    );
    let expected = [
        "balancer",
        "balancer's rules",
        "cross-zone",
        "endpoint",
        "health",
        "interface",
        "listeners",
        "rules",
        "sensor",
        "zone",
    ];
    let found: Vec<String> = delivery.unseen().into_iter().collect();
    assert_eq!(found, expected);
    delivery.targets = hidden("targets");
    delivery.filters = hidden("filters");
    let found: Vec<String> = delivery.unseen().into_iter().collect();
    assert_eq!(found, ["filters", "targets"]);
}

#[test]
fn only_the_sources_own_groups_open_the_port() {
    let mut delivery = delivery(interface("running", Fact::Known(vec![open()])));
    delivery.origins.insert("eni-1".into(), origin("sg-other"));
    assert_eq!(outcome(&delivery), Some(Reason::TargetPortClosed));
}

fn both_families() -> Origin {
    Origin {
        addresses: vec!["10.1.2.3".into(), "2001:db8::1".into()],
        ..origin("sg-source")
    }
}

fn with_dns(id: &str, rules: Vec<FilterRule>) -> (String, MirrorFilter) {
    let (id, filter) = filter(id, rules);
    let filter = MirrorFilter {
        amazon_dns: true,
        ..filter
    };
    (id, filter)
}

#[test]
fn who_accepts_all_takes_what_a_filter_with_more_families_was_made_for() {
    let ipv6 = || vec![rule(false, "::/0"), rule(true, "::/0")];
    let all = || everything().into_iter().chain(ipv6()).collect::<Vec<_>>();
    let mut delivery = delivery(interface("running", Fact::Known(vec![open()])));
    delivery.filters = Fact::Known(
        [
            filter("tmf-4", everything()),
            filter("tmf-6", ipv6()),
            filter("tmf-46", all()),
            with_dns("tmf-all", all()),
            with_dns("tmf-dns", vec![]),
        ]
        .into(),
    );
    let judged = |addresses: &[&str], first: &str, second: &str| {
        let mut delivery = delivery.clone();
        let origin = Origin {
            addresses: addresses.iter().map(ToString::to_string).collect(),
            ..origin("sg-source")
        };
        delivery.origins.insert("eni-1".into(), origin);
        match delivery.of(&session(2, second), Some("a"), &[&session(1, first)]) {
            Outcome::Fails(reason, detail) => (Some(reason), detail),
            Outcome::Delivers => (None, String::new()),
            unseen => panic!("{unseen:?}"),
        }
    };
    let (ipv4_only, both) = (&["10.1.2.3"][..], &["10.1.2.3", "2001:db8::1"][..]);
    // A source without an IPv6 address has no IPv6 packets; those to the Amazon DNS server are what is left of all.
    let (reason, detail) = judged(ipv4_only, "tmf-4", "tmf-all");
    assert_eq!(reason, Some(Reason::Shadowed));
    assert!(
        detail.ends_with("takes every packet but those to the Amazon DNS server"),
        "{detail}"
    );
    let (reason, detail) = judged(ipv4_only, "tmf-4", "tmf-46");
    assert_eq!(reason, Some(Reason::Shadowed));
    assert!(detail.ends_with("takes every packet"), "{detail}");
    assert_eq!(judged(both, "tmf-46", "tmf-all").0, Some(Reason::Shadowed));
    for (addresses, first, second) in [
        (both, "tmf-4", "tmf-all"),
        (both, "tmf-4", "tmf-6"),
        (both, "tmf-46", "tmf-dns"),
        (ipv4_only, "tmf-dns", "tmf-all"),
        (ipv4_only, "tmf-6", "tmf-4"),
    ] {
        assert_eq!(judged(addresses, first, second).0, None, "{first} {second}");
    }
    // Nothing that such a filter accepts is ever there.
    assert_eq!(judged(ipv4_only, "tmf-dns", "tmf-6").0, Some(Reason::FilterEmpty));
    // Where no address is known, nothing is made of it.
    let mut unknown = delivery.clone();
    unknown.origins.insert("eni-1".into(), Origin::default());
    assert_eq!(unknown.filter(&session(2, "tmf-6")), Outcome::Delivers);
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
    delivery.origins.insert("eni-1".into(), both_families());
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
        ("tmf-6", "tmf-dns"),
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

#[test]
fn what_certainly_drops_packets_of_anybody() {
    let drops = |receiver: &Receiver| receiver.drops("tmt-1").map(|(reason, _)| reason);
    let closed = || Fact::Known(Some(guard(Fact::Known(vec![]))));
    let of = |ingress| behind(ingress, Fact::Known(None));
    let somewhere = || vec![from("192.0.2.0/24")];
    for (receiver, reason) in [
        (
            Receiver::LoadBalancer(Fact::Known(None)),
            Some(Reason::TargetGone),
        ),
        (Receiver::LoadBalancer(unseen()), None),
        (
            Receiver::GatewayEndpoint(Fact::Known(false)),
            Some(Reason::TargetGone),
        ),
        (Receiver::GatewayEndpoint(Fact::Known(true)), None),
        (Receiver::Shared, None),
        (of(vec![]), Some(Reason::TargetPortClosed)),
        (of(vec![open()]), Some(Reason::TargetPortClosed)),
        (of(somewhere()), None),
        (of(vec![from_list()]), None),
        (behind(somewhere(), closed()), Some(Reason::TargetPortClosed)),
        (behind(somewhere(), unseen()), None),
        // Its rules may name the load balancer's groups, which are not seen.
        (behind(vec![open()], unseen()), None),
        // Nobody is healthy: that may pass.
        (balancer(vec![]), None),
        (balancer(vec![group(&[], Fact::Known(false))]), None),
    ] {
        assert_eq!(drops(&receiver), reason, "{receiver:?}");
    }
}
