use proptest::prelude::*;

use super::*;

fn rule(number: i64, accept: bool, cidr: &str) -> FilterRule {
    FilterRule {
        number,
        accept,
        source_cidr: cidr.into(),
        destination_cidr: cidr.into(),
        ..FilterRule::default()
    }
}

fn filter(rules: Vec<FilterRule>) -> MirrorFilter {
    MirrorFilter {
        id: "tmf-1".into(),
        rules,
        amazon_dns: false,
        tags: Default::default(),
    }
}

#[test]
fn what_is_rejected_first_is_not_accepted() {
    let empty = |rules: Vec<FilterRule>| Packets::of(&filter(rules)).unwrap().is_empty();
    assert!(empty(vec![]));
    assert!(empty(vec![
        rule(2, true, "0.0.0.0/0"),
        rule(1, false, "0.0.0.0/0")
    ]));
    assert!(!empty(vec![
        rule(1, true, "0.0.0.0/0"),
        rule(2, false, "0.0.0.0/0")
    ]));
    assert!(!empty(vec![rule(1, false, "::/0"), rule(2, true, "0.0.0.0/0")]));
    let egress = FilterRule {
        egress: true,
        ..rule(1, false, "0.0.0.0/0")
    };
    assert!(!empty(vec![egress, rule(2, true, "0.0.0.0/0")]));
    // Several that reject a part each reject the whole together.
    let half = |number, accept, source: &str| FilterRule {
        source_cidr: source.into(),
        ..rule(number, accept, "0.0.0.0/0")
    };
    let halves = [half(1, false, "0.0.0.0/1"), half(2, false, "128.0.0.0/1")];
    assert!(empty([&halves[..], &[rule(3, true, "0.0.0.0/0")]].concat()));
    assert!(!empty([&halves[..1], &[rule(3, true, "0.0.0.0/0")]].concat()));
    let udp = FilterRule {
        protocol: Some(17),
        ..rule(1, false, "0.0.0.0/0")
    };
    assert!(!empty(vec![udp, rule(2, true, "0.0.0.0/0")]));
    let dns = MirrorFilter {
        amazon_dns: true,
        ..filter(vec![])
    };
    assert!(!Packets::of(&dns).unwrap().is_empty());
}

#[test]
fn what_cannot_be_read_is_not_judged() {
    let mixed = FilterRule {
        destination_cidr: "::/0".into(),
        ..rule(1, true, "0.0.0.0/0")
    };
    for rule in [FilterRule::default(), rule(1, true, "10.0.0.0/33"), mixed] {
        assert_eq!(Packets::of(&filter(vec![rule])), None);
    }
}

/// Small worlds: two bits of address, two ports, two protocols.
fn any_rules() -> impl Strategy<Value = Vec<FilterRule>> {
    let cidr = || {
        prop::sample::select(vec![
            "0.0.0.0/0",
            "0.0.0.0/31",
            "0.0.0.0/32",
            "0.0.0.1/32",
            "128.0.0.0/1",
        ])
    };
    let ports = || {
        prop::option::of(prop::sample::select(vec![
            (0, 0),
            (1, 1),
            (0, 65535),
            (443, 65535),
        ]))
    };
    let one = (
        1..20_i64,
        any::<bool>(),
        cidr(),
        cidr(),
        prop::option::of(6..8_i32),
        ports(),
    );
    let rule = one.prop_map(
        |(number, accept, source, destination, protocol, ports)| FilterRule {
            number,
            accept,
            source_cidr: source.into(),
            destination_cidr: destination.into(),
            protocol,
            destination_ports: ports,
            ..FilterRule::default()
        },
    );
    prop::collection::btree_map(1..20_i64, rule, 0..6).prop_map(|rules| {
        let numbered = |(number, rule)| FilterRule { number, ..rule };
        rules.into_iter().map(numbered).collect()
    })
}

/// Corners of all ranges above.
fn probes() -> Vec<[u128; 4]> {
    let mut probes = Vec::new();
    for source in [0, 1, 2, u128::from(u32::MAX)] {
        for destination in [0, 1, 2, u128::from(u32::MAX)] {
            for protocol in [6, 7, 8] {
                probes.extend([0, 1, 2, 443].map(|port| [source, destination, protocol, port]));
            }
        }
    }
    probes
}

/// Rule after rule, as EC2 does it.
fn takes(rules: &[FilterRule], probe: &[u128; 4]) -> bool {
    let within = |rule: &&FilterRule| {
        let holds = |cidr: &str, address| {
            let (_, (first, last)) = addresses(cidr).unwrap();
            (first..=last).contains(&address)
        };
        holds(&rule.source_cidr, probe[0])
            && holds(&rule.destination_cidr, probe[1])
            && rule.protocol.is_none_or(|protocol| protocol as u128 == probe[2])
            && rule
                .destination_ports
                .is_none_or(|(first, last)| (first as u128..=last as u128).contains(&probe[3]))
    };
    rules.iter().find(within).is_some_and(|rule| rule.accept)
}

fn holds(packets: &Packets, probe: &[u128; 4]) -> bool {
    let at = |packet: &Packet| {
        [(2, 0), (3, 1), (4, 2), (6, 3)].iter().all(|(way, of)| {
            let (first, last) = packet[*way];
            (first..=last).contains(&probe[*of])
        })
    };
    packets.0.iter().any(at)
}

proptest! {
    #[test]
    fn a_packet_is_taken_as_rule_after_rule_says(one in any_rules(), other in any_rules()) {
        let sets = [&one, &other].map(|rules| Packets::of(&filter(rules.clone())).unwrap());
        let left = sets[0].minus(&sets[1]).unwrap();
        for probe in probes() {
            prop_assert_eq!(holds(&sets[0], &probe), takes(&one, &probe));
            prop_assert_eq!(holds(&left, &probe), takes(&one, &probe) && !takes(&other, &probe));
        }
        prop_assert!(sets[0].minus(&sets[0]).unwrap().is_empty());
    }
}
