use super::*;
use crate::planner::{Member, Template};

fn session(interface: &str, filter: &str, tags: &[(&str, &str)]) -> MirrorSession {
    MirrorSession {
        id: interface.replace("eni", "tms"),
        network_interface_id: interface.into(),
        traffic_mirror_filter_id: filter.into(),
        tags: tags
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        ..MirrorSession::default()
    }
}

#[test]
fn the_commonest_filter_and_of_equals_the_first() {
    let sessions = ["tmf-2", "tmf-1", "tmf-2", "tmf-1"].map(|filter| session("eni-1", filter, &[]));
    let all: Vec<&MirrorSession> = sessions.iter().collect();
    assert_eq!(commonest(&all).as_deref(), Some("tmf-1"));
    assert_eq!(commonest(&all[..3]).as_deref(), Some("tmf-2"));
    assert_eq!(commonest(&[]), None);
}

#[test]
fn a_text_becomes_a_template_that_yields_it() {
    for text in ["plain", "{instance_id}", "a {b} }}{{ c", "{", "}"] {
        let template = Template::parse(&literal(text)).unwrap();
        assert_eq!(template.render(&Default::default(), 255), text);
    }
}

#[test]
fn a_copy_is_on_every_session_whose_instance_has_the_tag() {
    let member = |instance: Option<&str>, tags: &[(&str, &str)]| Member {
        instance_id: instance.map(str::to_owned),
        tags: session("", "", tags).tags,
        ..Member::default()
    };
    let fleet = Fleet {
        interfaces: [
            ("eni-1".to_owned(), member(Some("i-1"), &[("Owner", "ann")])),
            ("eni-2".to_owned(), member(Some("i-2"), &[])),
            ("eni-3".to_owned(), member(None, &[])),
        ]
        .into(),
        ..Fleet::default()
    };
    let ann = [("Owner", "ann")];
    let bob = [("Owner", "bob")];
    for (tags, expected) in [
        ([&ann[..], &[], &[]], true),
        // What its instance had is not known any more.
        ([&ann, &[], &bob], true),
        ([&[], &[], &bob], false),
        ([&bob, &[], &[]], false),
        ([&ann, &ann, &[]], false),
    ] {
        let sessions: Vec<MirrorSession> = (1..)
            .zip(tags)
            .map(|(number, tags)| session(&format!("eni-{number}"), "tmf-1", tags))
            .collect();
        let all: Vec<&MirrorSession> = sessions.iter().collect();
        assert_eq!(is_copied(&all, &fleet, "Owner"), expected, "{tags:?}");
    }
}

#[test]
fn each_flag_that_a_session_needs_is_set_and_no_other() {
    let member = |instance: &str, kind: &str| Member {
        instance_id: Some(instance.into()),
        instance_type: Some(kind.into()),
        interface_type: "interface".into(),
        ..Member::default()
    };
    let fleet = Fleet {
        interfaces: [
            ("eni-plain".to_owned(), member("i-1", "m5.large")),
            ("eni-sensor".to_owned(), member("i-2", "t2.micro")),
            ("eni-old".to_owned(), member("i-3", "t2.small")),
            (
                "eni-managed".to_owned(),
                Member {
                    requester_id: Some("amazon-workspaces".into()),
                    ..member("i-1", "m5.large")
                },
            ),
            ("eni-receives".to_owned(), member("i-2", "m5.large")),
            (
                "eni-branch".to_owned(),
                Member {
                    interface_type: "branch".into(),
                    ..member("i-1", "m5.large")
                },
            ),
        ]
        .into(),
        sensor_instance_ids: ["i-2".to_owned()].into(),
        target_interface_ids: ["eni-receives".to_owned()].into(),
        ..Fleet::default()
    };
    let mut state = CoverageModel::default();
    let left = admit(&mut state, &fleet);
    assert_eq!(left.keys().collect::<Vec<_>>(), ["eni-branch", "eni-receives"]);
    assert_eq!(state.include_sensors, true.into());
    assert_eq!(state.include_requester_managed, true.into());
    assert_eq!(
        state.try_instance_types,
        list(["t2.micro", "t2.small"].into_iter())
    );

    let mut state = CoverageModel::default();
    let plain = Fleet {
        interfaces: [("eni-plain".to_owned(), member("i-1", "m5.large"))].into(),
        ..fleet
    };
    assert!(admit(&mut state, &plain).is_empty());
    assert_eq!(state, CoverageModel::default());
}

#[test]
fn what_differs_is_left_as_it_is_and_said() {
    let tags = [("Copied", "a"), ("Odd", "1")];
    let sessions = [session("eni-1", "tmf-1", &tags), session("eni-2", "tmf-2", &[])];
    let twin = MirrorSession {
        id: "tms-twin".into(),
        ..sessions[0].clone()
    };
    let all = planner::by_interface(sessions.iter().chain([&twin]), &Rows::new());
    let state = CoverageModel {
        filter_id: "tmf-1".into(),
        ..CoverageModel::default()
    };
    let is_told = |_: &MirrorSession, key: &str| key == "Copied";
    let none = Fleet::default();
    let found = as_found(&state, &none, &all, &is_told, &BTreeMap::new());
    assert_eq!(found["eni-1"].tag_keys, ["Odd".to_owned()].into());
    assert_eq!(found["eni-2"].traffic_mirror_filter_id.as_deref(), Some("tmf-2"));
    assert_eq!(found["eni-1"].second_session_ids, ["tms-twin".to_owned()].into());
    let filter = MirrorFilter {
        id: "tmf-1".into(),
        rules: Vec::new(),
        amazon_dns: true,
        tags: session("", "", &tags).tags,
    };
    let left = Fleet {
        as_found: found,
        filter_as_found: filter_as_found(&state, &TagPolicy::default(), Some(&filter)),
        ..Fleet::default()
    };
    let words = in_words(&left, &BTreeMap::new());
    assert!(words[0].starts_with("eni-1: tags that are neither"), "{words:?}");
    assert!(words[0].contains("tms-twin is a second session"), "{words:?}");
    assert!(words[1].contains("the filter tmf-2, until"), "{words:?}");
    assert!(
        words[2].contains("tmf-1") && words[2].contains("0.0.0.0/0"),
        "{words:?}"
    );
}

#[test]
fn what_a_load_balancer_calls_the_whole_packet_is_a_length_elsewhere() {
    let sent = MirrorSession {
        packet_length: Some(LOAD_BALANCER_LENGTH),
        traffic_mirror_target_id: "tmt-1".into(),
        ..MirrorSession::default()
    };
    let to = |kind| Fleet {
        targets: [(
            "tmt-1".to_owned(),
            planner::TargetSite {
                kind: Some(kind),
                ..planner::TargetSite::default()
            },
        )]
        .into(),
        ..Fleet::default()
    };
    assert_eq!(length(&sent, &Fleet::default()), None);
    assert_eq!(length(&sent, &to(TargetKind::NetworkLoadBalancer)), None);
    assert_eq!(length(&sent, &to(TargetKind::NetworkInterface)), Some(8500));
}
