use super::super::{
    COVERAGE_TAG, Fact, FilterRule, Guard, IngressRule, Listener, MirrorFilter, Origin, Receiver,
    ReceivingGroup, ReceivingInstance, ReceivingInterface, RegisteredSensor,
};
use super::*;

pub(super) fn interfaces(count: usize) -> BTreeMap<String, Member> {
    let member = Member {
        availability_zone: Some("a".into()),
        ..Member::default()
    };
    (0..count).map(|i| (format!("eni-{i}"), member.clone())).collect()
}

pub(super) fn session(interface: usize, number: i64, target: &str, filter: &str) -> MirrorSession {
    MirrorSession {
        id: format!("tms-{interface}-{number}"),
        network_interface_id: format!("eni-{interface}"),
        traffic_mirror_target_id: target.into(),
        traffic_mirror_filter_id: filter.into(),
        session_number: number,
        ..MirrorSession::default()
    }
}

pub(super) fn skip() -> Skip {
    Skip {
        instance_id: None,
        reason: Reason::UnsupportedInterface,
        detail: "efa".into(),
    }
}

pub(super) fn assessed(
    count: usize,
    skipped: &[usize],
    sessions: &[MirrorSession],
    require: &Requirement,
    delivery: Option<&Delivery>,
) -> Assessment {
    assess(&View {
        interfaces: &interfaces(count),
        skips: &skipped.iter().map(|i| (format!("eni-{i}"), skip())).collect(),
        sessions,
        require,
        delivery,
        sensors_unseen: None,
    })
}

pub(super) fn plain(count: usize, skipped: &[usize], covered: &[usize]) -> Assessment {
    let sessions: Vec<_> = covered.iter().map(|i| session(*i, 1, "tmt-1", "tmf-1")).collect();
    assessed(count, skipped, &sessions, &Requirement::default(), None)
}

fn accept_all() -> FilterRule {
    FilterRule {
        accept: true,
        source_cidr: "0.0.0.0/0".into(),
        destination_cidr: "0.0.0.0/0".into(),
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
    (id.into(), filter)
}

fn open(port: i32, from: &str) -> Guard {
    let mut rule = IngressRule {
        protocol: "udp".into(),
        ports: Some((port, port)),
        ..IngressRule::default()
    };
    match from {
        list if list.starts_with("pl-") => rule.prefix_list_ids.push(list.into()),
        block => rule.cidr_blocks.push(block.into()),
    }
    Guard {
        security_group_ids: vec!["sg-s".into()],
        ingress: Fact::Known(vec![rule]),
    }
}

fn sensor(state: &str, guard: Guard) -> Receiver {
    Receiver::NetworkInterface(Fact::Known(Some(ReceivingInterface {
        id: "eni-s".into(),
        instance: Some(ReceivingInstance {
            id: "i-s".into(),
            state: state.into(),
        }),
        guard,
    })))
}

/// One target for each way to deliver or not, filters that accept all, in two ways of writing, a part, and nothing.
pub(super) fn world() -> Delivery {
    let group = |zone: &str, guard: Guard| ReceivingGroup {
        sensors: Fact::Known(vec![RegisteredSensor {
            id: "i-b".into(),
            zone: Fact::Known(Some(zone.into())),
            port: 4789,
            guard: Fact::Known(guard),
        }]),
        cross_zone: Fact::Known(false),
    };
    let balancer = |listens, own: Option<Guard>, group: ReceivingGroup| {
        Receiver::LoadBalancer(Fact::Known(Some(Listener {
            listens,
            guard: Fact::Known(own),
            groups: vec![group],
        })))
    };
    let all = || open(4789, "10.0.0.0/8");
    let targets = [
        ("tmt-ok", sensor("running", all())),
        ("tmt-stopped", sensor("stopped", all())),
        ("tmt-closed", sensor("running", open(22, "0.0.0.0/0"))),
        ("tmt-deaf", balancer(false, None, group("a", all()))),
        ("tmt-ill", balancer(true, None, group("b", all()))),
        ("tmt-hidden", Receiver::Shared),
        ("tmt-far", sensor("running", open(4789, "192.0.2.0/24"))),
        ("tmt-list", sensor("running", open(4789, "pl-1"))),
        (
            "tmt-shut",
            balancer(true, None, group("a", open(4789, "192.0.2.0/24"))),
        ),
        (
            "tmt-shut-balancer",
            balancer(true, Some(open(22, "0.0.0.0/0")), group("a", all())),
        ),
        ("tmt-endpoint", Receiver::GatewayEndpoint(Fact::Known(true))),
        ("tmt-balancer", balancer(true, None, group("a", all()))),
    ];
    let reject = FilterRule {
        accept: false,
        ..accept_all()
    };
    let late = FilterRule {
        number: 2,
        ..accept_all()
    };
    let part = FilterRule {
        protocol: Some(6),
        ..accept_all()
    };
    let filters = [
        filter("tmf-ok", vec![accept_all()]),
        filter("tmf-empty", vec![]),
        filter("tmf-twin", vec![late.clone()]),
        filter("tmf-late", vec![reject, late]),
        filter("tmf-part", vec![part]),
    ];
    let origin = Origin {
        addresses: vec!["10.1.2.3".into()],
        security_group_ids: vec![],
    };
    Delivery {
        targets: Fact::Known(targets.map(|(id, receiver)| (id.to_owned(), receiver)).into()),
        filters: Fact::Known(filters.into()),
        origins: (0..20).map(|i| (format!("eni-{i}"), origin.clone())).collect(),
    }
}

pub(super) const TARGETS: [(&str, Reason); 13] = [
    ("tmt-ok", Reason::Covered),
    ("tmt-stopped", Reason::TargetStopped),
    ("tmt-closed", Reason::TargetPortClosed),
    ("tmt-deaf", Reason::TargetNoListener),
    ("tmt-ill", Reason::TargetUnhealthy),
    ("tmt-hidden", Reason::NotVisible),
    ("tmt-gone", Reason::TargetGone),
    ("tmt-far", Reason::TargetPortClosed),
    ("tmt-list", Reason::NotVisible),
    ("tmt-shut", Reason::TargetPortClosed),
    ("tmt-shut-balancer", Reason::TargetPortClosed),
    ("tmt-endpoint", Reason::NotVisible),
    ("tmt-balancer", Reason::Covered),
];

/// Filters with what they accept, as bits: what is TCP, and what is not.
pub(super) const FILTERS: [(&str, u8); 5] = [
    ("tmf-ok", 0b11),
    ("tmf-empty", 0),
    ("tmf-twin", 0b11),
    ("tmf-late", 0),
    ("tmf-part", 0b01),
];

#[test]
fn zero_sessions_are_never_compliant() {
    let assessment = plain(3, &[], &[]);
    assert_eq!(assessment.status, OverallStatus::NonCompliant);
    assert_eq!(assessment.counts.coverage_percent(), Some(0.0));
}

#[test]
fn an_empty_match_is_no_match() {
    for assessment in [plain(0, &[], &[]), plain(2, &[0, 1], &[])] {
        assert_eq!(assessment.status, OverallStatus::NoMatch);
        assert_eq!(assessment.counts.coverage_percent(), None);
    }
}

#[test]
fn a_skipped_interface_does_not_count() {
    let assessment = plain(3, &[1], &[0]);
    assert_eq!(assessment.counts.coverage_percent(), Some(50.0));
    assert_eq!(assessment.findings["eni-1"].verdict(), Verdict::NotApplicable);
    assert_eq!(assessment.findings["eni-2"].reason, Reason::Missing);
}

#[test]
fn each_way_not_to_deliver_has_its_reason() {
    let world = world();
    let judged = |sessions: &[MirrorSession], delivery| {
        assessed(1, &[], sessions, &Requirement::default(), delivery).findings["eni-0"].clone()
    };
    for (target, reason) in TARGETS {
        let sessions = [session(0, 1, target, "tmf-ok")];
        let finding = judged(&sessions, Some(&world));
        assert_eq!(finding.reason, reason, "{target}");
        assert_eq!(finding.detail.is_empty(), reason == Reason::Covered);
        // Not asked for, delivery is not judged.
        assert_eq!(judged(&sessions, None).reason, Reason::Covered);
    }
    let empty = judged(&[session(0, 1, "tmt-ok", "tmf-empty")], Some(&world));
    assert_eq!(empty.reason, Reason::FilterEmpty);
}

#[test]
fn one_that_delivers_is_enough_and_the_rest_is_told() {
    let world = world();
    let require = Requirement {
        traffic_mirror_target_ids: vec!["tmt-ok".into()],
        ..Requirement::default()
    };
    let sessions = [
        session(0, 1, "tmt-ok", "tmf-ok"),
        session(0, 2, "tmt-gone", "tmf-ok"),
    ];
    let finding = &assessed(1, &[], &sessions, &require, Some(&world)).findings["eni-0"];
    assert_eq!(finding.reason, Reason::Covered);
    assert!(
        finding.detail.contains("WRONG_TARGET: tms-0-2"),
        "{}",
        finding.detail
    );
    // In the other order the first takes every packet, and for a wrong target.
    let sessions = [
        session(0, 1, "tmt-stopped", "tmf-ok"),
        session(0, 2, "tmt-ok", "tmf-ok"),
    ];
    let finding = &assessed(1, &[], &sessions, &require, Some(&world)).findings["eni-0"];
    assert_eq!(finding.reason, Reason::WrongTarget);
    let finding = &assessed(1, &[], &sessions, &Requirement::default(), Some(&world)).findings["eni-0"];
    assert_eq!(finding.reason, Reason::TargetStopped);
}

#[test]
fn a_shadowed_session_and_a_duplicate() {
    let world = world();
    let mut sessions = [
        session(0, 1, "tmt-ok", "tmf-ok"),
        session(0, 2, "tmt-ok", "tmf-ok"),
    ];
    for session in &mut sessions {
        session.tags = [(COVERAGE_ID_TAG.to_owned(), "mc-1".to_owned())].into();
    }
    let detail = assessed(1, &[], &sessions, &Requirement::default(), Some(&world)).findings["eni-0"]
        .detail
        .clone();
    assert!(detail.contains("SHADOWED: tms-0-2"), "{detail}");
    assert!(detail.contains("DUPLICATE: tms-0-1 and tms-0-2"), "{detail}");
    // The accepted one is behind one that is not.
    sessions[1].tags = [(COVERAGE_TAG.to_owned(), "prod".to_owned())].into();
    let require = Requirement {
        coverage_names: vec!["prod".into()],
        ..Requirement::default()
    };
    let finding = &assessed(1, &[], &sessions, &require, Some(&world)).findings["eni-0"];
    assert_eq!(finding.reason, Reason::Shadowed);
}

#[test]
fn truncation_is_judged_where_it_is_required() {
    let mut sessions = [session(0, 1, "tmt-ok", "tmf-ok")];
    sessions[0].packet_length = Some(128);
    let reason = |untruncated| {
        let require = Requirement {
            untruncated,
            ..Requirement::default()
        };
        assessed(1, &[], &sessions, &require, Some(&world())).findings["eni-0"].reason
    };
    assert_eq!(reason(true), Reason::Truncated);
    assert_eq!(reason(false), Reason::Covered);
    let told = assessed(1, &[], &sessions, &Requirement::default(), None);
    assert_eq!(
        told.findings["eni-0"].detail,
        "tms-0-1 mirrors 128 bytes of each packet"
    );
}
