//! Where sessions differ from what was asked for, in words, so that every drift shows in a plan.

use std::collections::BTreeMap;

use super::{COVERAGE_ID_TAG, COVERAGE_TAG, MirrorSession, NAME_TAG, Row, Tags};

/// What every session of a coverage shares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionSpec {
    /// The coverage's name.
    pub name: String,
    /// Value of the tag `mirror:coverage-id`: the settled or the pending form of the id.
    pub id_tag: String,
    pub traffic_mirror_filter_id: String,
    /// None: whatever the session has is left alone.
    pub description: Option<String>,
    /// The user's tags.
    pub tags: Tags,
}

impl SessionSpec {
    /// The tags that every session must carry.
    pub fn wanted_tags(&self) -> Tags {
        let mut tags = self.tags.clone();
        tags.insert(COVERAGE_TAG.to_owned(), self.name.clone());
        tags.insert(COVERAGE_ID_TAG.to_owned(), self.id_tag.clone());
        tags
    }

    /// Tags to write on a session with these tags: what is missing or differs.
    pub fn tags_to_set(&self, actual: &Tags) -> Tags {
        self.wanted_tags()
            .into_iter()
            .filter(|(key, value)| actual.get(key) != Some(value))
            .collect()
    }

    /// Keys that a session carries without being asked for. The Name is written at creation and then left alone, and
    /// tags of AWS itself cannot be removed.
    pub fn tags_to_remove(&self, actual: &Tags) -> Vec<String> {
        let wanted = self.wanted_tags();
        let left_alone = |key: &str| key == NAME_TAG || key.starts_with("aws:");
        actual
            .keys()
            .filter(|key| !wanted.contains_key(*key) && !left_alone(key))
            .cloned()
            .collect()
    }

    /// Whether the length truncates packets that should be mirrored whole: a network load balancer target reports 8500
    /// for the whole packet.
    pub fn truncates(session: &MirrorSession) -> bool {
        session.packet_length.is_some_and(|length| length != 8500)
    }
}

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

/// What differs, by interface id; several differences of one session are joined with a semicolon. The attributes that the
/// state shows of each session (target, number, virtual network id) are not repeated here.
pub fn deviations(
    spec: &SessionSpec,
    own: &BTreeMap<String, Vec<&MirrorSession>>,
) -> BTreeMap<String, String> {
    own.iter()
        .filter_map(|(interface, sessions)| {
            let (first, duplicates) = sessions.split_first()?;
            let mut found = differences(spec, first);
            found.extend(
                duplicates
                    .iter()
                    .map(|s| format!("{} is a second session of this coverage", s.id)),
            );
            (!found.is_empty()).then(|| (interface.clone(), found.join("; ")))
        })
        .collect()
}

fn differences(spec: &SessionSpec, session: &MirrorSession) -> Vec<String> {
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
    if let (true, Some(length)) = (SessionSpec::truncates(session), session.packet_length) {
        found.push(format!("packet_length is {length}"));
    }
    for key in spec.tags_to_set(&session.tags).keys() {
        match session.tags.get(key) {
            Some(value) => found.push(format!("tag {key} is {value:?}")),
            None => found.push(format!("tag {key} is missing")),
        }
    }
    found.extend(
        spec.tags_to_remove(&session.tags)
            .iter()
            .map(|key| format!("tag {key} is not in the configuration")),
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> SessionSpec {
        SessionSpec {
            name: "prod".into(),
            id_tag: "mc-1".into(),
            traffic_mirror_filter_id: "tmf-1".into(),
            description: Some("watched".into()),
            tags: Tags::from([("team".into(), "sec".into())]),
        }
    }

    fn session() -> MirrorSession {
        let mut tags = spec().wanted_tags();
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
        deviations(&spec(), &by_interface(sessions, &rows)).remove("eni-1")
    }

    #[test]
    fn a_session_as_asked_for_does_not_deviate() {
        assert_eq!(found(&[session()]), None);
        assert_eq!(
            found(&[MirrorSession {
                packet_length: Some(8500),
                ..session()
            }]),
            None
        );
    }

    #[test]
    fn each_drift_is_named() {
        let cases: [(fn(&mut MirrorSession), &str); 7] = [
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
        let spec = SessionSpec {
            description: None,
            ..spec()
        };
        let session = MirrorSession {
            description: Some("by hand".into()),
            ..session()
        };
        let own = [session];
        assert!(deviations(&spec, &by_interface(&own, &BTreeMap::new())).is_empty());
    }
}
