//! Sessions of others that a coverage takes over.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{MirrorSession, Owner, wildcard};

/// The argument `adopt`; patterns with the wildcards of EC2 filters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Adoption {
    pub descriptions: Vec<String>,
    /// Names of coverages.
    pub coverage_names: Vec<String>,
    /// Ids of sessions that another coverage of the run takes over; no argument.
    #[serde(skip)]
    pub taken: BTreeSet<String>,
    /// Ids of the filters and targets that the coverage uses, as far as they are known; no argument.
    #[serde(skip)]
    pub used: BTreeSet<String>,
}

impl Adoption {
    /// Whether the session is to be taken over. One that a create is still making is not: it would be taken from under it.
    pub fn means(&self, session: &MirrorSession) -> bool {
        let any =
            |patterns: &[String], text: &str| patterns.iter().any(|pattern| wildcard::matches(pattern, text));
        if self.taken.contains(&session.id) {
            return false;
        }
        match Owner::of(&session.tags) {
            Some(owner) if owner.pending.is_some() => false,
            Some(owner) => any(&self.coverage_names, &owner.name),
            None => session
                .description
                .as_deref()
                .is_some_and(|text| any(&self.descriptions, text)),
        }
    }

    /// The sessions to take over of these, by interface: those with a filter and a target that the coverage uses first, then those with
    /// the lowest number.
    pub fn candidates<'a>(
        &self,
        sessions: impl IntoIterator<Item = &'a MirrorSession>,
    ) -> BTreeMap<&'a str, Vec<&'a MirrorSession>> {
        let mut found: BTreeMap<&str, Vec<&MirrorSession>> = BTreeMap::new();
        for session in sessions.into_iter().filter(|session| self.means(session)) {
            found
                .entry(&session.network_interface_id)
                .or_default()
                .push(session);
        }
        for list in found.values_mut() {
            let is_other = |id: &String| !self.used.contains(id);
            list.sort_by_key(|session| {
                (
                    is_other(&session.traffic_mirror_filter_id),
                    is_other(&session.traffic_mirror_target_id),
                    session.session_number,
                )
            });
        }
        found
    }
}

/// Interfaces that have `limit` sessions or more among these.
pub fn crowded<'a>(sessions: impl IntoIterator<Item = &'a MirrorSession>, limit: usize) -> BTreeSet<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for session in sessions {
        *counts.entry(&session.network_interface_id).or_default() += 1;
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count >= limit)
        .map(|(id, _)| id)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{COVERAGE_ID_TAG, COVERAGE_TAG, CoverageId};
    use super::*;

    fn session(
        id: &str,
        number: i64,
        description: Option<&str>,
        coverage: Option<(&str, &str)>,
    ) -> MirrorSession {
        let tags = coverage.map(|(name, id)| {
            [
                (COVERAGE_TAG.to_owned(), name.to_owned()),
                (COVERAGE_ID_TAG.to_owned(), id.to_owned()),
            ]
        });
        MirrorSession {
            id: id.into(),
            network_interface_id: "eni-1".into(),
            session_number: number,
            description: description.map(str::to_owned),
            tags: tags.map(Into::into).unwrap_or_default(),
            ..MirrorSession::default()
        }
    }

    #[test]
    fn by_description_or_name_and_the_lowest_number_first() {
        let id = CoverageId::from_bits(1);
        let sessions = [
            session("a", 7, Some("Created by AutoMirror"), None),
            session("b", 2, Some("Created by AutoMirror"), None),
            session("c", 1, Some("mine"), None),
            session("d", 3, None, Some(("old", id.as_str()))),
            session("e", 4, None, Some(("old", &id.pending("1")))),
            session("f", 5, None, None),
            session("g", 6, Some("Created by AutoMirror"), Some(("new", id.as_str()))),
        ];
        let adoption = |descriptions: &[&str], names: &[&str]| Adoption {
            descriptions: descriptions.iter().map(|text| (*text).to_owned()).collect(),
            coverage_names: names.iter().map(|text| (*text).to_owned()).collect(),
            ..Adoption::default()
        };
        let ids = |adoption: Adoption| -> Vec<String> {
            let found = adoption.candidates(&sessions);
            found
                .into_values()
                .flatten()
                .map(|session| session.id.clone())
                .collect()
        };
        assert_eq!(
            ids(adoption(&["Created by *"], &[])),
            ["b", "a"],
            "no description makes it a coverage's"
        );
        assert_eq!(ids(adoption(&[], &["old"])), ["d"]);
        let mut with_filter = sessions.clone();
        with_filter[0].traffic_mirror_filter_id = "tmf-1".into();
        with_filter[1].traffic_mirror_target_id = "tmt-1".into();
        let of = |used: &[&str]| Adoption {
            used: used.iter().map(|id| (*id).to_owned()).collect(),
            ..adoption(&["Created by *"], &[])
        };
        let order = |adoption: Adoption| -> Vec<String> {
            let found = adoption.candidates(&with_filter);
            let ids = found.into_values().flatten();
            ids.map(|session| session.id.clone()).collect()
        };
        assert_eq!(order(of(&["tmf-1"])), ["a", "b"], "whose filter is used");
        assert_eq!(order(of(&["tmt-1"])), ["b", "a"]);
        assert_eq!(order(of(&["tmt-1", "tmf-1"])), ["a", "b"], "the filter first");
        assert_eq!(order(of(&[])), ["b", "a"], "the lowest number");
        let taken = Adoption {
            taken: BTreeSet::from(["b".to_owned()]),
            ..adoption(&["Created by *"], &[])
        };
        assert_eq!(ids(taken), ["a"], "another coverage takes it over");
        assert!(ids(Adoption::default()).is_empty());
    }

    #[test]
    fn an_interface_is_crowded_from_the_limit_on() {
        let sessions = [session("a", 1, None, None), session("b", 2, None, None)];
        assert_eq!(crowded(&sessions, 2), BTreeSet::from(["eni-1"]));
        assert!(crowded(&sessions, 3).is_empty());
    }
}
