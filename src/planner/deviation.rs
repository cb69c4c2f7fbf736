//! Where sessions differ from what was asked for, in words, so that every drift shows in a plan.

use std::collections::BTreeMap;

use super::{
    Blueprint, Fleet, MirrorFilter, MirrorSession, Row, SessionSpec, Tags, TargetKind, filter_repair,
};

/// The coverage's own sessions of each interface. Where there are several, the one of the state comes first, else the one
/// with the lowest number; the others are duplicates.
pub fn by_interface<'a>(
    own: impl IntoIterator<Item = &'a MirrorSession>,
    rows: &BTreeMap<String, Row>,
) -> BTreeMap<String, Vec<&'a MirrorSession>> {
    let mut sessions: BTreeMap<String, Vec<&MirrorSession>> = BTreeMap::new();
    for session in own {
        sessions
            .entry(session.network_interface_id.clone())
            .or_default()
            .push(session);
    }
    for (interface, list) in &mut sessions {
        let recorded = rows.get(interface).and_then(|row| row.id.as_deref());
        list.sort_by_key(|s| (Some(s.id.as_str()) != recorded, s.session_number, s.id.clone()));
    }
    sessions
}

/// What differs, by interface id; several differences of one session are joined with a semicolon. The `fleet` has the target, number and
/// virtual network id of those sessions that somebody moved (`intended`). A session whose interface is no longer selected is not
/// judged: it goes.
pub fn deviations(
    blueprint: &Blueprint,
    fleet: &Fleet,
    own: &BTreeMap<String, Vec<&MirrorSession>>,
) -> BTreeMap<String, String> {
    own.iter()
        .filter_map(|(interface, sessions)| {
            let (first, duplicates) = sessions.split_first()?;
            let spec = blueprint.spec(interface, fleet.interfaces.get(interface)?);
            let mut found: Vec<String> = fleet
                .intended
                .get(interface)
                .map(|meant| moved(meant, first))
                .unwrap_or_default();
            let site = fleet.targets.get(&first.traffic_mirror_target_id);
            found.extend(differences(&spec, first, site.and_then(|site| site.kind)));
            found.extend(
                duplicates
                    .iter()
                    .filter(|session| !fleet.is_left(interface, &session.id))
                    .map(|s| format!("{} is a second session of this coverage", s.id)),
            );
            (!found.is_empty()).then(|| (interface.clone(), found.join("; ")))
        })
        .collect()
}

fn moved(meant: &Row, session: &MirrorSession) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(target) = meant.traffic_mirror_target_id.as_ref()
        && *target != session.traffic_mirror_target_id
    {
        found.push(format!(
            "traffic_mirror_target_id is {}",
            session.traffic_mirror_target_id
        ));
    }
    if meant
        .session_number
        .is_some_and(|number| number != session.session_number)
    {
        found.push(format!("session_number is {}", session.session_number));
    }
    if let (Some(meant), Some(id)) = (meant.virtual_network_id, session.virtual_network_id)
        && meant != id
    {
        found.push(format!("virtual_network_id is {id}"));
    }
    found
}

fn differences(spec: &SessionSpec, session: &MirrorSession, kind: Option<TargetKind>) -> Vec<String> {
    let mut found = Vec::new();
    if session.traffic_mirror_filter_id != spec.traffic_mirror_filter_id {
        found.push(format!(
            "traffic_mirror_filter_id is {}",
            session.traffic_mirror_filter_id
        ));
    }
    if let Some(wanted) = &spec.description {
        match &session.description {
            Some(description) if description == wanted => {}
            Some(description) => found.push(format!("description is {description:?}")),
            None => found.push("description is missing".to_owned()),
        }
    }
    if let (true, Some(description)) = (spec.remove_description, &session.description) {
        found.push(format!("description is {description:?}"));
    }
    if !spec.has_length_of(session, kind) {
        found.push(match session.packet_length {
            Some(length) => format!("packet_length is {length}"),
            None => "packet_length is not set".to_owned(),
        });
    }
    found.extend(tag_differences(spec, &session.tags));
    found
}

fn tag_differences(spec: &SessionSpec, tags: &Tags) -> Vec<String> {
    let set = spec.tags_to_set(tags);
    let set = set.keys().map(|key| match tags.get(key) {
        Some(value) => format!("tag {key} is {value:?}"),
        None => format!("tag {key} is missing"),
    });
    let remove = spec.tags_to_remove(tags);
    let remove = remove
        .iter()
        .map(|key| format!("tag {key} is not in the configuration"));
    set.chain(remove).collect()
}

/// What differs of the filter that the coverage owns; empty when nothing does.
pub fn filter_deviation(blueprint: &Blueprint, filter: &MirrorFilter) -> String {
    let mut found = filter_repair(filter).found;
    if blueprint.filter_as_found.leaves_rules(&filter.id, &found) {
        found.clear();
    }
    found.extend(tag_differences(&blueprint.filter_tags(), &filter.tags));
    found.join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::{COVERAGE_TAG, Member, NAME_TAG, TargetSite, Template};
    use super::*;

    fn blueprint() -> Blueprint {
        Blueprint {
            name: "prod".into(),
            id_tag: "mc-1".into(),
            traffic_mirror_filter_id: "tmf-1".into(),
            description: Some(Template::parse("watched").unwrap()),
            tags: Tags::from([("team".into(), "sec".into())]),
            ..Blueprint::default()
        }
    }

    fn fleet(meant: BTreeMap<String, Row>) -> Fleet {
        let site = |kind| TargetSite {
            kind: Some(kind),
            ..TargetSite::default()
        };
        Fleet {
            interfaces: BTreeMap::from([("eni-1".into(), Member::default())]),
            targets: BTreeMap::from([
                ("tmt-nlb".into(), site(TargetKind::NetworkLoadBalancer)),
                ("tmt-eni".into(), site(TargetKind::NetworkInterface)),
            ]),
            intended: meant,
            ..Fleet::default()
        }
    }

    fn session() -> MirrorSession {
        let mut tags = blueprint().spec("eni-1", &Member::default()).tags;
        tags.insert(NAME_TAG.into(), "i-1".into());
        MirrorSession {
            id: "tms-1".into(),
            network_interface_id: "eni-1".into(),
            traffic_mirror_filter_id: "tmf-1".into(),
            session_number: 2,
            description: Some("watched".into()),
            tags,
            ..MirrorSession::default()
        }
    }

    fn found(sessions: &[MirrorSession]) -> Option<String> {
        let rows = BTreeMap::from([(
            "eni-1".into(),
            Row {
                id: Some("tms-1".into()),
                ..Row::default()
            },
        )]);
        let meant = BTreeMap::from([(
            "eni-1".into(),
            Row {
                session_number: Some(2),
                traffic_mirror_target_id: Some(String::new()),
                virtual_network_id: Some(7),
                ..Row::default()
            },
        )]);
        deviations(&blueprint(), &fleet(meant), &by_interface(sessions, &rows)).remove("eni-1")
    }

    #[test]
    fn a_session_as_asked_for_does_not_deviate() {
        assert_eq!(found(&[session()]), None);
        // What a load balancer calls the whole packet is cut elsewhere.
        for (target, words) in [("tmt-nlb", ""), ("tmt-eni", "; packet_length is 8500")] {
            let session = MirrorSession {
                packet_length: Some(8500),
                traffic_mirror_target_id: target.into(),
                ..session()
            };
            let expected = format!("traffic_mirror_target_id is {target}{words}");
            assert_eq!(found(&[session]), Some(expected));
        }
    }

    #[test]
    fn each_drift_is_named() {
        type Drift = fn(&mut MirrorSession);
        let cases: [(Drift, &str); 10] = [
            (
                |s| s.traffic_mirror_target_id = "tmt-2".into(),
                "traffic_mirror_target_id is tmt-2",
            ),
            (|s| s.session_number = 9, "session_number is 9"),
            (|s| s.virtual_network_id = Some(8), "virtual_network_id is 8"),
            (
                |s| s.traffic_mirror_filter_id = "tmf-2".into(),
                "traffic_mirror_filter_id is tmf-2",
            ),
            (|s| s.description = None, "description is missing"),
            (|s| s.description = Some("x".into()), "description is \"x\""),
            (|s| s.packet_length = Some(100), "packet_length is 100"),
            (|s| drop(s.tags.remove("team")), "tag team is missing"),
            (
                |s| drop(s.tags.insert(COVERAGE_TAG.into(), "dev".into())),
                "tag mirror:coverage is \"dev\"",
            ),
            (
                |s| drop(s.tags.insert("extra".into(), "1".into())),
                "tag extra is not in the configuration",
            ),
        ];
        for (change, words) in cases {
            let mut drifted = session();
            change(&mut drifted);
            assert_eq!(found(&[drifted]).as_deref(), Some(words));
        }
    }

    #[test]
    fn a_second_session_is_a_deviation_and_the_recorded_one_stays() {
        let second = MirrorSession {
            id: "tms-0".into(),
            session_number: 1,
            ..session()
        };
        assert_eq!(
            found(&[second, session()]).as_deref(),
            Some("tms-0 is a second session of this coverage")
        );
    }

    #[test]
    fn what_is_not_asked_for_is_left_alone() {
        let blueprint = Blueprint {
            description: None,
            ..blueprint()
        };
        let own = [MirrorSession {
            description: Some("by hand".into()),
            ..session()
        }];
        assert!(
            deviations(
                &blueprint,
                &fleet(BTreeMap::new()),
                &by_interface(&own, &BTreeMap::new())
            )
            .is_empty()
        );
    }
}
