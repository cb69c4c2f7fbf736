//! Filters, security groups, and sessions with lower numbers.

use super::super::FilterRule;
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
