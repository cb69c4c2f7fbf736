//! The laws, and what is said beside the verdict.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{COVERAGE_TAG, Fact};
use super::tests::{FILTERS, TARGETS, assessed, interfaces, plain, session, skip, world};
use super::*;

#[test]
fn duplicates_are_told_of_whatever_the_verdict() {
    let world = world();
    let detail = |sessions: &[MirrorSession], delivery| {
        let finding = assessed(1, &[], sessions, &Requirement::default(), delivery).findings["eni-0"].clone();
        (finding.reason, finding.detail)
    };
    // Of nobody, to one target: with the same filter, and with one that is written otherwise.
    let twins = [
        session(0, 1, "tmt-ok", "tmf-ok"),
        session(0, 2, "tmt-ok", "tmf-ok"),
    ];
    let alike = [
        session(0, 1, "tmt-ok", "tmf-ok"),
        session(0, 2, "tmt-ok", "tmf-twin"),
    ];
    for (sessions, delivery) in [(&twins, None), (&twins, Some(&world)), (&alike, Some(&world))] {
        let (reason, detail) = detail(sessions, delivery);
        assert_eq!(reason, Reason::Covered);
        assert!(detail.contains("DUPLICATE: tms-0-1 and tms-0-2"), "{detail}");
    }
    let mut stopped = [
        session(0, 1, "tmt-stopped", "tmf-part"),
        session(0, 2, "tmt-closed", "tmf-ok"),
    ];
    assert!(!detail(&stopped, Some(&world)).1.contains("DUPLICATE"));
    for session in &mut stopped {
        session.tags = [(COVERAGE_ID_TAG.to_owned(), "mc-1".to_owned())].into();
    }
    let (reason, detail) = detail(&stopped, Some(&world));
    assert_eq!(reason, Reason::TargetStopped);
    assert!(
        detail.contains("DUPLICATE: tms-0-1 and tms-0-2 are of the same coverage"),
        "{detail}"
    );
}

#[test]
fn a_lower_number_with_a_part_of_the_packets_is_only_a_remark() {
    let sessions = [
        session(0, 1, "tmt-closed", "tmf-part"),
        session(0, 2, "tmt-ok", "tmf-ok"),
    ];
    let assessment = assessed(1, &[], &sessions, &Requirement::default(), Some(&world()));
    let finding = &assessment.findings["eni-0"];
    assert_eq!(finding.reason, Reason::Covered);
    assert!(
        finding.detail.contains("tms-0-1 is tried before tms-0-2"),
        "{}",
        finding.detail
    );
    assert_eq!(
        finding.session_verdicts,
        [Verdict::NonCompliant, Verdict::Compliant]
    );
}

#[test]
fn the_virtual_network_is_that_of_the_session_that_decides() {
    let mut sessions = [session(0, 1, "tmt-1", "tmf-1"), session(0, 2, "tmt-2", "tmf-2")];
    for session in &mut sessions {
        session.virtual_network_id = Some(session.session_number * 11);
    }
    let of = |target: &str| {
        let require = Requirement {
            traffic_mirror_target_ids: vec![target.into()],
            ..Requirement::default()
        };
        assessed(1, &[], &sessions, &require, None).findings["eni-0"].virtual_network_id
    };
    assert_eq!((of("tmt-1"), of("tmt-2")), (Some(11), Some(22)));
}

#[test]
fn three_sessions_of_others_are_a_quota() {
    let sessions = [1, 2, 3].map(|number| session(0, number, "tmt-ok", "tmf-ok"));
    let require = Requirement {
        coverage_names: vec!["prod".into()],
        ..Requirement::default()
    };
    let reason =
        |sessions: &[MirrorSession]| assessed(1, &[], sessions, &require, None).findings["eni-0"].reason;
    assert_eq!(reason(&sessions), Reason::Quota);
    assert_eq!(reason(&sessions[..2]), Reason::Missing);
    // The region is full.
    let elsewhere: Vec<_> = (0..SESSIONS_PER_REGION as i64)
        .map(|n| session(1, n, "tmt-ok", "tmf-ok"))
        .collect();
    assert_eq!(reason(&elsewhere), Reason::Quota);
    assert_eq!(reason(&elsewhere[1..]), Reason::Missing);
}

#[test]
fn what_may_be_a_sensor_is_not_missing() {
    let judged = |sessions: &[MirrorSession]| {
        let assessment = assess(&View {
            interfaces: &interfaces(2),
            skips: &[("eni-1".to_owned(), skip())].into(),
            sessions,
            require: &Requirement::default(),
            delivery: None,
            sensors_unseen: Some("without the permission ec2:DescribeX"),
        });
        ["eni-0", "eni-1"].map(|id| assessment.findings[id].clone())
    };
    let [unknown, skipped] = judged(&[]);
    assert_eq!(
        (unknown.reason, skipped.verdict()),
        (Reason::NotVisible, Verdict::NotApplicable)
    );
    assert!(unknown.detail.contains("ec2:DescribeX"), "{}", unknown.detail);
    assert_eq!(
        judged(&[session(0, 1, "tmt-1", "tmf-1")])[0].reason,
        Reason::Covered
    );
}

#[test]
fn nothing_is_mirrored_of_what_is_attached_to_nothing_or_excluded() {
    let world = world();
    let judged = |unattached, reason, delivery| {
        let mut interfaces = interfaces(1);
        interfaces
            .entry("eni-0".into())
            .and_modify(|member| member.unattached = unattached);
        let skips = [("eni-0".to_owned(), Skip { reason, ..skip() })].into();
        let sessions = [session(0, 1, "tmt-ok", "tmf-ok")];
        let assessment = assess(&View {
            interfaces: &interfaces,
            skips: &skips,
            sessions: &sessions,
            require: &Requirement::default(),
            delivery,
            sensors_unseen: None,
        });
        assessment.findings["eni-0"].clone()
    };
    for delivery in [None, Some(&world)] {
        let unattached = judged(true, Reason::UnsupportedInterface, delivery);
        assert_eq!(unattached.verdict(), Verdict::NotApplicable);
        assert!(unattached.detail.contains("billed"), "{}", unattached.detail);
        assert_eq!(unattached.session_verdicts, [Verdict::NotApplicable]);
        let excluded = judged(false, Reason::Excluded, delivery);
        assert_eq!(excluded.reason, Reason::Excluded);
        assert_eq!(
            excluded.session_verdicts,
            [Verdict::NotApplicable],
            "it was not looked at"
        );
        for reason in [
            Reason::UnsupportedInterface,
            Reason::RequesterManaged,
            Reason::Sensor,
        ] {
            assert_eq!(
                judged(false, reason, delivery).reason,
                Reason::Covered,
                "EC2 made one"
            );
        }
    }
    // EC2 keeps the session of an instance that gets such a type later, and mirrors nothing.
    let of_type = |delivery| judged(false, Reason::UnsupportedInstanceType, delivery);
    let later = of_type(Some(&world));
    assert_eq!(later.reason, Reason::UnsupportedInstanceType);
    assert!(later.detail.contains("billed"), "{}", later.detail);
    assert_eq!(of_type(None).reason, Reason::Covered, "only existence is judged");
}

/// A target, a filter, whether it is of the coverage, whether it cuts packets.
type Drawn = (usize, usize, bool, bool);

fn any_sessions() -> impl Strategy<Value = Vec<Vec<Drawn>>> {
    let one = (0..TARGETS.len(), 0..FILTERS.len(), any::<bool>(), any::<bool>());
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
        unattached in prop::collection::btree_set(0_usize..6, 0..3), hide_sensors in any::<bool>(),
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
            for (n, (target, filter, named, short)) in of_interface.iter().enumerate() {
                let mut one = session(i, n as i64 + 1, TARGETS[*target].0, FILTERS[*filter].0);
                if *named {
                    one.tags.insert(COVERAGE_TAG.into(), "prod".into());
                }
                one.packet_length = short.then_some(64);
                sessions.push(one);
            }
        }
        let mut interfaces = interfaces(drawn.len());
        let skips = (0..drawn.len()).filter(|i| skipped.contains(i) || unattached.contains(i));
        let skips = skips.map(|i| (format!("eni-{i}"), skip())).collect();
        for i in unattached.iter().filter(|i| **i < drawn.len()) {
            interfaces.entry(format!("eni-{i}")).and_modify(|member| member.unattached = true);
        }
        let assessment = assess(&View {
            interfaces: &interfaces,
            skips: &skips,
            sessions: &sessions,
            require: &require,
            delivery: check.then_some(&world),
            sensors_unseen: hide_sensors.then_some("without a permission"),
        });
        for (i, of_interface) in drawn.iter().enumerate() {
            let finding = &assessment.findings[&format!("eni-{i}")];
            // Written anew, and not by what assess() calls.
            let good = of_interface.iter().enumerate().any(|(n, (target, filter, named, short))| {
                let accepted = (require.traffic_mirror_target_ids.is_empty() || *target == 0)
                    && (require.traffic_mirror_filter_ids.is_empty() || *filter == 0)
                    && (require.coverage_names.is_empty() || *named)
                    && (!require.untruncated || !*short);
                let taken = of_interface[..n].iter().fold(0, |taken, (_, other, ..)| taken | FILTERS[*other].1);
                let delivers = TARGETS[*target].1 == Reason::Covered && FILTERS[*filter].1 & !taken != 0;
                accepted && (!check || delivers && !hide_targets && !hide_filters)
            });
            let good = good && !unattached.contains(&i);
            prop_assert_eq!(finding.verdict() == Verdict::Compliant, good);
            if of_interface.is_empty() {
                prop_assert!(finding.verdict() != Verdict::Compliant);
            }
        }
        for (session, (i, n)) in sessions.iter().zip(drawn.iter().enumerate().flat_map(|(i, list)| (0..list.len()).map(move |n| (i, n)))) {
            let finding = &assessment.findings[&format!("eni-{i}")];
            prop_assert_eq!(&finding.session_ids[n], &session.id);
            // Where no session is compliant, the interface is not.
            let any = finding.session_verdicts.contains(&Verdict::Compliant);
            prop_assert!(any || finding.verdict() != Verdict::Compliant);
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
