//! What the sessions of others mean to a plan: room that they take, and those that are to be adopted.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Adoption, Fleet, MirrorSession, Owner, Row, SESSIONS_PER_INTERFACE, SESSIONS_PER_REGION, by_interface,
    crowded,
};

impl Fleet {
    /// Forgets what others' sessions take of the room.
    pub fn forget_others_load(&mut self) {
        self.crowded.clear();
        self.other_sessions = 0;
        self.other_sources.clear();
        self.other_sources_here.clear();
    }

    /// Forgets the targets that are no longer listed, and what others send there.
    pub fn keep_targets(&mut self, listed: &BTreeSet<String>) {
        self.targets.retain(|id, _| listed.contains(id));
        self.other_sources.retain(|id, _| listed.contains(id));
        self.other_sources_here.retain(|id, _| listed.contains(id));
    }

    /// Notes the account's sessions that are not of this coverage; `own` are the interfaces that have one of it.
    pub fn note_others(&mut self, others: &[&MirrorSession], own: &BTreeSet<&str>, adoption: &Adoption) {
        let selected = |id: &str| self.interfaces.contains_key(id);
        let uncovered = |id: &str| selected(id) && !own.contains(id);
        let mut adoptable = BTreeMap::new();
        let mut adopted_from = BTreeSet::new();
        let mut not_adopted = BTreeMap::new();
        for (interface, sessions) in adoption.candidates(others.iter().copied()) {
            let mut rest = sessions.into_iter();
            if uncovered(interface)
                && let Some(first) = rest.next()
            {
                adoptable.insert(interface.to_owned(), adopted(first));
                adopted_from.extend(Owner::of(&first.tags).map(|owner| owner.id.to_string()));
            }
            let mut rest: Vec<String> = rest.map(|session| session.id.clone()).collect();
            rest.sort();
            if selected(interface) && !rest.is_empty() {
                not_adopted.insert(interface.to_owned(), rest);
            }
        }
        let full = crowded(others.iter().copied(), SESSIONS_PER_INTERFACE);
        let full = full
            .into_iter()
            .filter(|id| uncovered(id) && !adoptable.contains_key(*id));
        let crowded = full.map(str::to_owned).collect();
        let others = others.len() - adoptable.len();
        let is_near = others + self.interfaces.len() > SESSIONS_PER_REGION;
        self.other_sessions = if is_near { others } else { 0 };
        self.crowded = crowded;
        self.adoptable = adoptable;
        self.adopted_from = adopted_from;
        self.not_adopted = not_adopted;
    }

    /// Notes the sessions of this coverage that any plan deletes, since their interface has another one of it.
    pub fn note_second(&mut self, own: &[&MirrorSession], recorded: &BTreeMap<String, Row>) {
        let of_each = by_interface(own.iter().copied(), recorded).into_iter();
        let second = of_each.map(|(interface, sessions)| {
            let ids = sessions.iter().skip(1).map(|session| session.id.clone());
            (interface, ids.collect::<Vec<_>>())
        });
        self.second_sessions = second.filter(|(_, ids)| !ids.is_empty()).collect();
    }

    /// Forgets those second sessions that were deleted.
    pub fn forget_second(&mut self, deleted: &BTreeSet<String>) {
        for ids in self.second_sessions.values_mut() {
            ids.retain(|id| !deleted.contains(id));
        }
        self.second_sessions.retain(|_, ids| !ids.is_empty());
    }

    /// Notes what others send to network interface targets; `sessions` are all on these targets, `own` those of this coverage.
    pub fn note_sources(&mut self, sessions: &[MirrorSession], own: &BTreeSet<&str>) {
        let mut elsewhere: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let adopted: BTreeSet<&str> = self
            .adoptable
            .values()
            .filter_map(|row| row.id.as_deref())
            .collect();
        let others = sessions.iter().filter(|session| {
            ![own, &adopted]
                .iter()
                .any(|ours| ours.contains(session.id.as_str()))
        });
        let mut here: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for session in others {
            let (target, interface) = (&session.traffic_mirror_target_id, &session.network_interface_id);
            if self.interfaces.contains_key(interface) {
                here.entry(target.clone()).or_default().insert(interface.clone());
            } else {
                elsewhere.entry(target.clone()).or_default().insert(interface);
            }
        }
        let count = |(target, interfaces): (String, BTreeSet<&str>)| (target, interfaces.len());
        self.other_sources.extend(elsewhere.into_iter().map(count));
        self.other_sources_here.extend(here);
    }
}

/// The row of a session that is taken over.
fn adopted(session: &MirrorSession) -> Row {
    Row {
        id: Some(session.id.clone()),
        instance_id: None,
        traffic_mirror_target_id: Some(session.traffic_mirror_target_id.clone()),
        session_number: Some(session.session_number),
        virtual_network_id: session.virtual_network_id,
        traffic_mirror_filter_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Member;
    use super::*;

    fn session(id: &str, interface: &str, number: i64, description: &str) -> MirrorSession {
        MirrorSession {
            id: id.into(),
            network_interface_id: interface.into(),
            traffic_mirror_target_id: "tmt-1".into(),
            session_number: number,
            description: Some(description.into()),
            ..MirrorSession::default()
        }
    }

    fn fleet(interfaces: &[&str]) -> Fleet {
        let member = |id: &&str| ((*id).to_owned(), Member::default());
        Fleet {
            interfaces: interfaces.iter().map(member).collect(),
            ..Fleet::default()
        }
    }

    #[test]
    fn the_first_of_an_uncovered_interface_is_adopted_and_the_rest_is_reported() {
        let sessions = [
            session("a", "eni-1", 2, "old"),
            session("b", "eni-1", 1, "old"),
            session("c", "eni-2", 1, "old"),
            session("d", "eni-3", 1, "old"),
            session("e", "eni-4", 1, "other"),
        ];
        let mut fleet = fleet(&["eni-1", "eni-2", "eni-4"]);
        let adoption = Adoption {
            descriptions: vec!["old".into()],
            ..Adoption::default()
        };
        fleet.note_others(
            &sessions.iter().collect::<Vec<_>>(),
            &BTreeSet::from(["eni-2"]),
            &adoption,
        );
        let ids: Vec<_> = fleet
            .adoptable
            .iter()
            .map(|(eni, row)| (eni.as_str(), row.id.as_deref()))
            .collect();
        assert_eq!(ids, [("eni-1", Some("b"))]);
        let reported = BTreeMap::from([
            ("eni-1".to_owned(), vec!["a".to_owned()]),
            ("eni-2".to_owned(), vec!["c".to_owned()]),
        ]);
        assert_eq!(fleet.not_adopted, reported);
        assert_eq!(fleet.other_sessions, 0, "far from the quota");
    }

    #[test]
    fn three_sessions_of_others_leave_no_room() {
        let sessions: Vec<_> = (1..=3)
            .map(|n| session(&format!("s-{n}"), "eni-1", n, "x"))
            .collect();
        let others: Vec<_> = sessions.iter().collect();
        let mut crowded = fleet(&["eni-1"]);
        crowded.note_others(&others, &BTreeSet::new(), &Adoption::default());
        assert_eq!(crowded.crowded, BTreeSet::from(["eni-1".to_owned()]));
        let mut covered = fleet(&["eni-1"]);
        covered.note_others(&others, &BTreeSet::from(["eni-1"]), &Adoption::default());
        assert!(covered.crowded.is_empty());
        let mut elsewhere = fleet(&["eni-2"]);
        elsewhere.note_others(&others, &BTreeSet::new(), &Adoption::default());
        assert!(elsewhere.crowded.is_empty());
    }

    #[test]
    fn the_session_of_the_state_is_the_first_and_the_rest_goes() {
        let sessions = [
            session("a", "eni-1", 1, "x"),
            session("b", "eni-1", 2, "x"),
            session("c", "eni-2", 1, "x"),
        ];
        let recorded = Row {
            id: Some("b".into()),
            ..Row::default()
        };
        let mut fleet = fleet(&["eni-1"]);
        fleet.note_second(
            &sessions.iter().collect::<Vec<_>>(),
            &BTreeMap::from([("eni-1".into(), recorded)]),
        );
        assert_eq!(
            fleet.second_sessions,
            BTreeMap::from([("eni-1".to_owned(), vec!["a".to_owned()])])
        );
    }

    #[test]
    fn others_sources_are_interfaces_and_those_that_are_selected_here_are_named() {
        let sessions = [
            session("a", "eni-1", 1, "x"),
            session("e", "eni-2", 1, "to be adopted"),
            session("b", "eni-8", 1, "x"),
            session("c", "eni-8", 2, "x"),
            session("d", "eni-9", 1, "x"),
        ];
        let mut fleet = fleet(&["eni-1", "eni-2"]);
        fleet.adoptable.insert("eni-2".into(), adopted(&sessions[1]));
        fleet.note_sources(&sessions, &BTreeSet::from(["d"]));
        assert_eq!(fleet.other_sources, BTreeMap::from([("tmt-1".to_owned(), 1)]));
        let here = BTreeSet::from(["eni-1".to_owned()]);
        assert_eq!(
            fleet.other_sources_here,
            BTreeMap::from([("tmt-1".to_owned(), here)])
        );
        fleet.forget_others_load();
        assert!(fleet.other_sources.is_empty() && fleet.other_sources_here.is_empty());
    }
}
