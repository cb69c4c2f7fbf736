//! Which sessions are to go.

use crate::planner::{Adoption, MirrorSession, Owner};

/// What `mirror_remove` means. Patterns have the wildcards of EC2 filters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Criterion {
    /// Names of coverages.
    pub coverage_names: Vec<String>,
    /// Descriptions, of anybody's sessions.
    pub descriptions: Vec<String>,
    /// Whether only orphans go.
    pub orphans_only: bool,
}

impl Criterion {
    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        !self.names_something() && !self.orphans_only
    }

    fn names_something(&self) -> bool {
        !self.coverage_names.is_empty() || !self.descriptions.is_empty()
    }

    /// The sessions that may go; of those, `orphans_only` leaves the orphans. What a create is still making is left to it, and a session
    /// of nobody's coverage goes only by its description.
    pub fn candidates<'a>(&self, sessions: &'a [MirrorSession]) -> Vec<&'a MirrorSession> {
        let named = Adoption {
            descriptions: self.descriptions.clone(),
            coverage_names: self.coverage_names.clone(),
            ..Adoption::default()
        };
        let means = |session: &&MirrorSession| match self.names_something() {
            true => named.means(session),
            false => {
                self.orphans_only && Owner::of(&session.tags).is_some_and(|owner| owner.pending.is_none())
            }
        };
        sessions.iter().filter(means).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::{COVERAGE_ID_TAG, COVERAGE_TAG, CoverageId};

    fn session(id: &str, coverage: Option<(&str, String)>, description: Option<&str>) -> MirrorSession {
        let tags = coverage.map(|(name, owner)| {
            [
                (COVERAGE_TAG.to_owned(), name.to_owned()),
                (COVERAGE_ID_TAG.to_owned(), owner),
            ]
        });
        MirrorSession {
            id: id.into(),
            description: description.map(str::to_owned),
            tags: tags.map(Into::into).unwrap_or_default(),
            ..MirrorSession::default()
        }
    }

    #[test]
    fn a_foreign_session_goes_only_by_its_description() {
        let id = CoverageId::from_bits(1);
        let sessions = [
            session("prod", Some(("prod", id.to_string())), None),
            session("test", Some(("test", id.to_string())), None),
            session("made", Some(("prod", id.pending("1"))), Some("old tool")),
            session("old", None, Some("old tool 7")),
            session("foreign", None, None),
        ];
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (names, descriptions, orphans_only, wanted) in [
            (texts(&["prod"]), texts(&[]), false, vec!["prod"]),
            (texts(&["*"]), texts(&[]), false, vec!["prod", "test"]),
            (
                texts(&["te?t"]),
                texts(&["old tool*"]),
                false,
                vec!["test", "old"],
            ),
            (texts(&[]), texts(&["*"]), false, vec!["old"]),
            (texts(&[]), texts(&[]), true, vec!["prod", "test"]),
            (texts(&["prod"]), texts(&[]), true, vec!["prod"]),
            (texts(&[]), texts(&[]), false, vec![]),
        ] {
            let criterion = Criterion {
                coverage_names: names,
                descriptions,
                orphans_only,
            };
            let found = criterion.candidates(&sessions);
            let found: Vec<&str> = found.iter().map(|session| session.id.as_str()).collect();
            assert_eq!(found, wanted, "{criterion:?}");
        }
    }
}
