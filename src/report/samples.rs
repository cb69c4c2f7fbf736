//! Audits for the tests of this room.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use strum::IntoEnumIterator;

use super::{Audit, AuditInterface, AuditSession, Scope};
use crate::planner::{Reason, Verdict};

/// A network interface that was judged so; `place` is its VPC and zone.
pub fn interface(reason: Reason, instance: &str, place: (&str, &str), targets: &[&str]) -> AuditInterface {
    AuditInterface {
        status: reason.verdict(),
        reason,
        detail: if reason == Reason::Missing {
            "no session has this interface as its source".into()
        } else {
            String::new()
        },
        advice: reason.advice().into(),
        instance_id: Some(instance.into()),
        instance_name: Some(format!("name of {instance}")),
        instance_type: Some("m5.large".into()),
        vpc_id: Some(place.0.into()),
        subnet_id: Some("subnet-1".into()),
        availability_zone: Some(place.1.into()),
        region: "eu-west-1".into(),
        session_ids: (0..targets.len())
            .map(|n| format!("tms-{instance}-{n}"))
            .collect(),
        session_statuses: targets.iter().map(|_| reason.verdict()).collect(),
        traffic_mirror_target_ids: targets.iter().map(|target| (*target).to_owned()).collect(),
        virtual_network_id: (!targets.is_empty()).then_some(7),
    }
}

fn scope() -> Scope {
    Scope {
        account_id: "111122223333".into(),
        partition: "aws".into(),
        regions: BTreeSet::from(["eu-west-1".into()]),
        as_of: "2026-03-01T12:00:00Z".parse().ok(),
        delivery_checked: true,
    }
}

/// Every verdict, two VPCs, two zones.
pub fn mixed() -> Audit {
    let (a, b) = (("vpc-1", "eu-west-1a"), ("vpc-1", "eu-west-1b"));
    let interfaces = [
        interface(Reason::Covered, "i-1", a, &["tmt-1"]),
        interface(Reason::Missing, "i-1", a, &[]),
        AuditInterface {
            session_statuses: vec![Verdict::Compliant, Verdict::Compliant, Verdict::NonCompliant],
            ..interface(Reason::Covered, "i-2", a, &["tmt-1", "tmt-1", "tmt-2"])
        },
        interface(Reason::NotVisible, "i-3", b, &[]),
        interface(Reason::Sensor, "i-4", b, &[]),
        interface(Reason::Covered, "i-5", ("vpc-2", "eu-west-1a"), &["tmt-1"]),
    ];
    let interfaces = (1..)
        .zip(interfaces)
        .map(|(n, interface)| (format!("eni-{n}"), interface));
    let unmanaged = AuditSession {
        detail: "no tag mirror:coverage-id".into(),
        region: "eu-west-1".into(),
        network_interface_id: "eni-9".into(),
        session_number: 1,
        ..AuditSession::default()
    };
    let sessions = BTreeMap::from([("tms-9".to_owned(), unmanaged)]);
    Audit::of(
        scope(),
        interfaces.collect(),
        Some(sessions.clone()),
        Some(sessions),
    )
}

/// What an attacker with the right to tag, and a careless emulator, could put into a report.
pub const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "a\"b'c\\d\r\ne\tf\u{0}g\u{7f}",
    "\u{202e}gnp.exe\u{2028}x",
    "{{ 7 * 7 }} ${7} <!-- ]]> -->",
    "",
    "🦀é",
];

/// Hostile text in every field that holds text.
pub fn hostile() -> Audit {
    let long = "\u{e9}<".repeat(4000);
    let texts = HOSTILE.iter().copied().chain([long.as_str()]);
    let mut interfaces = BTreeMap::new();
    let mut sessions = BTreeMap::new();
    for (n, text) in texts.enumerate() {
        let some = Some(text.to_owned());
        let judged = AuditInterface {
            detail: text.into(),
            advice: text.into(),
            instance_id: some.clone(),
            instance_name: some.clone(),
            instance_type: some.clone(),
            vpc_id: some.clone(),
            subnet_id: some.clone(),
            availability_zone: some.clone(),
            session_ids: vec![text.into()],
            traffic_mirror_target_ids: vec![text.into()],
            ..interface(Reason::Missing, "i-1", ("vpc-1", "eu-west-1a"), &[])
        };
        interfaces.insert(format!("eni-{n}{text}"), judged);
        let session = AuditSession {
            detail: text.into(),
            network_interface_id: text.into(),
            name: some.clone(),
            description: some.clone(),
            coverage_name: some,
            ..AuditSession::default()
        };
        sessions.insert(format!("tms-{n}{text}"), session);
    }
    Audit::of(scope(), interfaces, Some(sessions.clone()), Some(sessions))
}

/// Audits of up to twelve network interfaces, with any text.
pub fn any_audit() -> impl Strategy<Value = Audit> {
    let reasons: Vec<Reason> = Reason::iter().collect();
    let text = || {
        prop_oneof![
            any::<String>(),
            prop::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned)
        ]
    };
    let judged = (
        prop::sample::select(reasons),
        text(),
        prop::option::of(text()),
        prop::option::of("[ab]"),
        "[xy]{0,2}",
    )
        .prop_map(|(reason, detail, name, place, targets)| {
            let targets: Vec<String> = targets.chars().map(|c| format!("tmt-{c}")).collect();
            let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
            AuditInterface {
                detail,
                instance_id: name.clone(),
                instance_name: name,
                vpc_id: place.clone(),
                availability_zone: place,
                ..interface(reason, "i", ("", ""), &targets)
            }
        });
    let interfaces = prop::collection::btree_map(text(), judged, 0..12);
    (interfaces, any::<bool>()).prop_map(|(interfaces, delivery_checked)| {
        let scope = Scope {
            delivery_checked,
            ..scope()
        };
        Audit::of(scope, interfaces, None, Some(BTreeMap::new()))
    })
}
