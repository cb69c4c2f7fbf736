//! What AutoMirror's documentation promises, as fleets with the sessions worked out by hand: this provider creates at
//! least those.
//!
//! The promises are those of its README (0.4): any instance tagged `Mirror=True` gets a session, the tags without regard to
//! case; sessions are spread evenly over the targets; the tags `Mirror-Target` and `Mirror-Filter` choose; an instance
//! whose type cannot be mirrored gets none. It mirrors the first interface of an instance, which counts here as its least.

use std::collections::BTreeMap;

use super::{Interface, Override, Selector, Tags};

/// A session that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    pub network_interface_id: &'static str,
    /// Where the documentation says which.
    pub traffic_mirror_target_id: Option<&'static str>,
    /// Where the documentation says which.
    pub traffic_mirror_filter_id: Option<&'static str>,
}

/// One fleet and what must come of it.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// The promise, in our words.
    pub promise: &'static str,
    pub fleet: Vec<Interface>,
    /// Targets of the account, and of `traffic_mirror_target_ids`.
    pub target_ids: Vec<&'static str>,
    /// Sessions that others made, by interface.
    pub foreign_sessions: BTreeMap<&'static str, usize>,
    /// Sessions of an earlier run, interface to target.
    pub earlier: BTreeMap<&'static str, &'static str>,
    pub at_least: Vec<Promised>,
    /// Interfaces that must have none.
    pub none: Vec<&'static str>,
    /// Whether the numbers of sessions of the targets differ by one at most.
    pub evenly: bool,
}

/// The selector that replaces AutoMirror's two queries for `Mirror` and `mirror` with `true` or `True`.
pub fn automirror_selectors() -> Vec<Selector> {
    vec![Selector {
        tags: Tags::from([("Mirror".into(), "True".into())]),
        ignore_tag_case: true,
        ..Selector::default()
    }]
}

/// The argument that replaces its tags `Mirror-Target` and `Mirror-Filter`.
pub fn automirror_override() -> Override {
    Override {
        target_tag: Some("Mirror-Target".into()),
        target_ids: TARGETS.map(str::to_owned).to_vec(),
        filter_tag: Some("Mirror-Filter".into()),
        filter_ids: vec!["tmf-all".into(), "tmf-web".into()],
        ..Override::default()
    }
}

const TARGETS: [&str; 3] = ["tmt-1", "tmt-2", "tmt-3"];

/// The first interface of a running m5.large with these tags.
fn interface(id: &str, instance: &str, tags: &[(&str, &str)]) -> Interface {
    Interface {
        id: id.into(),
        instance_id: Some(instance.into()),
        instance_type: Some("m5.large".into()),
        instance_state: Some("running".into()),
        instance_tags: tags.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
        vpc_id: Some("vpc-1".into()),
        subnet_id: Some("subnet-1".into()),
        availability_zone: Some("eu-west-1a".into()),
        availability_zone_id: Some("euw1-az1".into()),
        interface_type: "interface".into(),
        device_index: Some(0),
        ..Interface::default()
    }
}

fn mirrored(id: &str, instance: &str) -> Interface {
    interface(id, instance, &[("Mirror", "True"), ("Name", "web")])
}

fn promised(network_interface_id: &'static str) -> Promised {
    Promised {
        network_interface_id,
        traffic_mirror_target_id: None,
        traffic_mirror_filter_id: None,
    }
}

fn one_target() -> Vec<&'static str> {
    vec![TARGETS[0]]
}

/// The table.
pub fn cases() -> Vec<Case> {
    let mut cases = selection();
    cases.extend(targets_and_filters());
    cases.extend(other_sessions());
    cases
}

fn selection() -> Vec<Case> {
    let second = Interface {
        device_index: Some(1),
        ..mirrored("eni-a2", "i-a")
    };
    let in_state = |id, instance, state: &str| Interface {
        instance_state: Some(state.into()),
        ..mirrored(id, instance)
    };
    vec![
        Case {
            promise: "a tagged instance gets a session, others get none",
            fleet: vec![
                mirrored("eni-a", "i-a"),
                interface("eni-b", "i-b", &[]),
                interface("eni-c", "i-c", &[("Mirror", "False")]),
                interface("eni-d", "i-d", &[("Mirror-Target", "tmt-1")]),
            ],
            target_ids: one_target(),
            at_least: vec![promised("eni-a")],
            none: vec!["eni-b", "eni-c", "eni-d"],
            ..Case::default()
        },
        Case {
            promise: "key and value without regard to case",
            fleet: vec![
                interface("eni-a", "i-a", &[("mirror", "true")]),
                interface("eni-b", "i-b", &[("mirror", "True")]),
                interface("eni-c", "i-c", &[("Mirror", "true")]),
            ],
            target_ids: one_target(),
            at_least: vec![promised("eni-a"), promised("eni-b"), promised("eni-c")],
            ..Case::default()
        },
        Case {
            promise: "both spellings on one instance are one session",
            fleet: vec![interface(
                "eni-a",
                "i-a",
                &[("Mirror", "True"), ("mirror", "true")],
            )],
            target_ids: one_target(),
            at_least: vec![promised("eni-a")],
            ..Case::default()
        },
        Case {
            promise: "the first interface of an instance, at least",
            fleet: vec![mirrored("eni-a1", "i-a"), second],
            target_ids: one_target(),
            at_least: vec![promised("eni-a1")],
            ..Case::default()
        },
        Case {
            promise: "instances that are starting or stopped, so that they are mirrored when they run",
            fleet: vec![
                in_state("eni-a", "i-a", "pending"),
                in_state("eni-b", "i-b", "stopping"),
                in_state("eni-c", "i-c", "stopped"),
            ],
            target_ids: one_target(),
            at_least: vec![promised("eni-a"), promised("eni-b"), promised("eni-c")],
            ..Case::default()
        },
        Case {
            promise: "a type that cannot be mirrored gets none and hinders nobody",
            fleet: vec![
                Interface {
                    instance_type: Some("t2.micro".into()),
                    ..mirrored("eni-a", "i-a")
                },
                mirrored("eni-b", "i-b"),
            ],
            target_ids: one_target(),
            at_least: vec![promised("eni-b")],
            none: vec!["eni-a"],
            ..Case::default()
        },
        Case {
            promise: "a whole fleet, however many pages it takes",
            fleet: (0..1200)
                .map(|n| mirrored(&format!("eni-{n}"), &format!("i-{n}")))
                .collect(),
            target_ids: TARGETS.to_vec(),
            at_least: vec![promised("eni-0"), promised("eni-999"), promised("eni-1199")],
            evenly: true,
            ..Case::default()
        },
    ]
}

fn targets_and_filters() -> Vec<Case> {
    let six = ["a", "b", "c", "d", "e", "f"].map(|n| mirrored(&format!("eni-{n}"), &format!("i-{n}")));
    let choosing = |id: &str, tags: &[(&str, &str)]| {
        let mut all = vec![("Mirror", "True")];
        all.extend(tags);
        interface(id, &id.replace("eni", "i"), &all)
    };
    vec![
        Case {
            promise: "six instances on three targets end two each",
            fleet: six.to_vec(),
            target_ids: TARGETS.to_vec(),
            at_least: ["eni-a", "eni-b", "eni-c", "eni-d", "eni-e", "eni-f"]
                .map(promised)
                .to_vec(),
            evenly: true,
            ..Case::default()
        },
        Case {
            promise: "the only target is everybody's",
            fleet: vec![mirrored("eni-a", "i-a")],
            target_ids: one_target(),
            at_least: vec![Promised {
                traffic_mirror_target_id: Some("tmt-1"),
                ..promised("eni-a")
            }],
            ..Case::default()
        },
        Case {
            promise: "tags choose target and filter, their keys without regard to case",
            fleet: vec![
                choosing(
                    "eni-a",
                    &[("Mirror-Target", "tmt-3"), ("Mirror-Filter", "tmf-web")],
                ),
                choosing("eni-b", &[("mirror-target", "tmt-2")]),
                choosing("eni-c", &[("MIRROR-FILTER", "tmf-all")]),
            ],
            target_ids: TARGETS.to_vec(),
            at_least: vec![
                Promised {
                    traffic_mirror_target_id: Some("tmt-3"),
                    traffic_mirror_filter_id: Some("tmf-web"),
                    ..promised("eni-a")
                },
                Promised {
                    traffic_mirror_target_id: Some("tmt-2"),
                    ..promised("eni-b")
                },
                Promised {
                    traffic_mirror_filter_id: Some("tmf-all"),
                    ..promised("eni-c")
                },
            ],
            ..Case::default()
        },
        Case {
            promise: "a tag that names a target that is not there hinders nobody else",
            fleet: vec![
                choosing("eni-a", &[("Mirror-Target", "tmt-9")]),
                choosing("eni-b", &[]),
            ],
            target_ids: one_target(),
            at_least: vec![promised("eni-b")],
            none: vec!["eni-a"],
            ..Case::default()
        },
    ]
}

fn other_sessions() -> Vec<Case> {
    vec![
        Case {
            promise: "one or two sessions of somebody else leave room for ours",
            fleet: vec![mirrored("eni-a", "i-a"), mirrored("eni-b", "i-b")],
            target_ids: one_target(),
            foreign_sessions: BTreeMap::from([("eni-a", 1), ("eni-b", 2)]),
            at_least: vec![promised("eni-a"), promised("eni-b")],
            ..Case::default()
        },
        Case {
            promise: "three sessions of somebody else leave none, and hinder no other interface",
            fleet: vec![mirrored("eni-a", "i-a"), mirrored("eni-b", "i-b")],
            target_ids: one_target(),
            foreign_sessions: BTreeMap::from([("eni-a", 3)]),
            at_least: vec![promised("eni-b")],
            none: vec!["eni-a"],
            ..Case::default()
        },
        Case {
            promise: "a later run leaves what is there and spreads what is new",
            fleet: vec![
                mirrored("eni-a", "i-a"),
                mirrored("eni-b", "i-b"),
                mirrored("eni-c", "i-c"),
                mirrored("eni-d", "i-d"),
            ],
            target_ids: vec!["tmt-1", "tmt-2"],
            earlier: BTreeMap::from([("eni-a", "tmt-1"), ("eni-b", "tmt-1")]),
            at_least: vec![
                Promised {
                    traffic_mirror_target_id: Some("tmt-1"),
                    ..promised("eni-a")
                },
                Promised {
                    traffic_mirror_target_id: Some("tmt-1"),
                    ..promised("eni-b")
                },
                Promised {
                    traffic_mirror_target_id: Some("tmt-2"),
                    ..promised("eni-c")
                },
                Promised {
                    traffic_mirror_target_id: Some("tmt-2"),
                    ..promised("eni-d")
                },
            ],
            evenly: true,
            ..Case::default()
        },
        Case {
            promise: "a target of an earlier run that is no longer listed hinders nobody",
            fleet: vec![mirrored("eni-a", "i-a"), mirrored("eni-b", "i-b")],
            target_ids: one_target(),
            earlier: BTreeMap::from([("eni-a", "tmt-9")]),
            at_least: vec![
                Promised {
                    traffic_mirror_target_id: Some("tmt-1"),
                    ..promised("eni-a")
                },
                promised("eni-b"),
            ],
            ..Case::default()
        },
    ]
}
