use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{
    COVERAGE_TAG, Fact, FilterRule, IngressRule, Listener, MirrorFilter, Receiver, ReceivingGroup,
    ReceivingInstance, ReceivingInterface,
};
use super::*;

fn interfaces(count: usize) -> BTreeMap<String, Member> {
    let member = Member {
        availability_zone: Some("a".into()),
        ..Member::default()
    };
    (0..count).map(|i| (format!("eni-{i}"), member.clone())).collect()
}

fn session(interface: usize, number: i64, target: &str, filter: &str) -> MirrorSession {
    MirrorSession {
        id: format!("tms-{interface}-{number}"),
        network_interface_id: format!("eni-{interface}"),
        traffic_mirror_target_id: target.into(),
        traffic_mirror_filter_id: filter.into(),
        session_number: number,
        ..MirrorSession::default()
    }
}

fn skip() -> Skip {
    Skip {
        instance_id: None,
        reason: Reason::UnsupportedInterface,
        detail: "efa".into(),
    }
}

fn assessed(
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
    })
}

fn plain(count: usize, skipped: &[usize], covered: &[usize]) -> Assessment {
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

fn sensor(state: &str, port: i32) -> Receiver {
    Receiver::NetworkInterface(Fact::Known(Some(ReceivingInterface {
        id: "eni-s".into(),
        instance: Some(ReceivingInstance {
            id: "i-s".into(),
            state: state.into(),
        }),
        security_group_ids: vec!["sg-s".into()],
        ingress: Fact::Known(vec![IngressRule {
            protocol: "udp".into(),
            ports: Some((port, port)),
            cidr_blocks: vec!["0.0.0.0/0".into()],
            ..IngressRule::default()
        }]),
    })))
}

/// One target and filter that deliver, and one for each way in which they do not; `…-hidden` is not seen.
fn world() -> Delivery {
    let group = |zones: &[&str]| ReceivingGroup {
        healthy_zones: Fact::Known(zones.iter().map(ToString::to_string).collect()),
        cross_zone: Fact::Known(false),
    };
    let balancer = |listens, zones: &[&str]| {
        Receiver::LoadBalancer(Fact::Known(Some(Listener {
            listens,
            groups: vec![group(zones)],
        })))
    };
    let targets = [
        ("tmt-ok", sensor("running", 4789)),
        ("tmt-stopped", sensor("stopped", 4789)),
        ("tmt-closed", sensor("running", 22)),
        ("tmt-deaf", balancer(false, &["a"])),
        ("tmt-ill", balancer(true, &["b"])),
        ("tmt-hidden", Receiver::Shared),
    ];
    Delivery {
        targets: Fact::Known(targets.map(|(id, receiver)| (id.to_owned(), receiver)).into()),
        filters: Fact::Known([filter("tmf-ok", vec![accept_all()]), filter("tmf-empty", vec![])].into()),
        source_security_groups: Default::default(),
    }
}

const TARGETS: [(&str, Reason); 7] = [
    ("tmt-ok", Reason::Covered),
    ("tmt-stopped", Reason::TargetStopped),
    ("tmt-closed", Reason::TargetPortClosed),
    ("tmt-deaf", Reason::TargetNoListener),
    ("tmt-ill", Reason::TargetUnhealthy),
    ("tmt-hidden", Reason::NotVisible),
    ("tmt-gone", Reason::TargetGone),
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
}

/// A target, a filter, a coverage and a length.
type Drawn = (usize, bool, bool, bool);

fn any_sessions() -> impl Strategy<Value = Vec<Vec<Drawn>>> {
    let one = (0..TARGETS.len(), any::<bool>(), any::<bool>(), any::<bool>());
    prop::collection::vec(prop::collection::vec(one, 0..4), 0..6)
}

fn any_requirement() -> impl Strategy<Value = Requirement> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(target, filter, untruncated, named)| {
            let of = |required: bool, id: &str| if required { vec![id.to_owned()] } else { Vec::new() };
            Requirement {
                traffic_mirror_target_ids: of(target, "tmt-ok"),
                traffic_mirror_filter_ids: of(filter, "tmf-ok"),
                untruncated,
                coverage_names: of(named, "prod"),
            }
        },
    )
}

proptest! {
    #[test]
    fn compliant_means_that_every_eligible_interface_has_a_session(
        n in 0_usize..20, covered in prop::collection::btree_set(0_usize..20, 0..20),
    ) {
        let covered: Vec<usize> = covered.into_iter().filter(|i| *i < n).collect();
        let assessment = plain(n, &[], &covered);
        prop_assert_eq!(assessment.status == OverallStatus::Compliant, n > 0 && covered.len() == n);
        prop_assert_eq!(assessment.counts.compliant, covered.len());
    }

    /// The laws: without a session that is accepted and delivers no interface is compliant, nothing eligible is NO_MATCH, and what
    /// is unknown is never compliant, whatever else there is.
    #[test]
    fn the_laws_hold(
        drawn in any_sessions(), require in any_requirement(), skipped in prop::collection::btree_set(0_usize..6, 0..6),
        check in any::<bool>(), hide_targets in any::<bool>(), hide_filters in any::<bool>(),
    ) {
        let mut world = world();
        if hide_targets {
            world.targets = Fact::Unseen("hidden".into());
        }
        if hide_filters {
            world.filters = Fact::Unseen("hidden".into());
        }
        let mut sessions = Vec::new();
        for (i, of_interface) in drawn.iter().enumerate() {
            for (n, (target, full, named, short)) in of_interface.iter().enumerate() {
                let filter = if *full { "tmf-ok" } else { "tmf-empty" };
                let mut one = session(i, n as i64 + 1, TARGETS[*target].0, filter);
                if *named {
                    one.tags.insert(COVERAGE_TAG.into(), "prod".into());
                }
                one.packet_length = short.then_some(64);
                sessions.push(one);
            }
        }
        let skipped: Vec<usize> = skipped.into_iter().filter(|i| *i < drawn.len()).collect();
        let assessment = assessed(drawn.len(), &skipped, &sessions, &require, check.then_some(&world));
        for (i, of_interface) in drawn.iter().enumerate() {
            let finding = &assessment.findings[&format!("eni-{i}")];
            // Written anew, and not by what assess() calls.
            let good = of_interface.iter().enumerate().any(|(n, (target, full, named, short))| {
                let accepted = (require.traffic_mirror_target_ids.is_empty() || *target == 0)
                    && (require.traffic_mirror_filter_ids.is_empty() || *full)
                    && (require.coverage_names.is_empty() || *named)
                    && (!require.untruncated || !*short);
                let first = of_interface[..n].iter().all(|(_, other, ..)| other != full);
                accepted && (!check || *target == 0 && *full && first && !hide_targets && !hide_filters)
            });
            prop_assert_eq!(finding.verdict() == Verdict::Compliant, good);
            if of_interface.is_empty() {
                prop_assert!(finding.verdict() != Verdict::Compliant);
            }
        }
        let eligible = assessment.findings.values().filter(|f| f.verdict() != Verdict::NotApplicable).count();
        prop_assert_eq!(assessment.status == OverallStatus::NoMatch, eligible == 0);
        let all = assessment.findings.values().all(|f| {
            matches!(f.verdict(), Verdict::Compliant | Verdict::NotApplicable)
        });
        prop_assert_eq!(assessment.status == OverallStatus::Compliant, all && eligible > 0);
        let ids: BTreeSet<_> = assessment.findings.keys().cloned().collect();
        prop_assert_eq!(ids.len(), drawn.len());
    }
}
