//! What a session must be, beyond being there, to count in an audit.

use super::{COVERAGE_TAG, MirrorSession, Reason};

/// A length from this on is the whole packet: what a network load balancer target reports for it.
const WHOLE_PACKET: i64 = 8500;

/// What the configuration requires of a session; empty lists require nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirement {
    /// Targets, any of which will do.
    pub traffic_mirror_target_ids: Vec<String>,
    /// Filters, any of which will do.
    pub traffic_mirror_filter_ids: Vec<String>,
    /// Whether packets must be mirrored whole.
    pub untruncated: bool,
    /// Coverages, by name, any of which must have made the session.
    pub coverage_names: Vec<String>,
}

impl Requirement {
    /// The first that is not met, without the length, and what was found; in the order of [`Reason`].
    pub fn unmet(&self, session: &MirrorSession) -> Option<(Reason, String)> {
        let (target, filter) = (
            &session.traffic_mirror_target_id,
            &session.traffic_mirror_filter_id,
        );
        if !admits(&self.traffic_mirror_target_ids, target) {
            return Some((Reason::WrongTarget, format!("it sends to {target}")));
        }
        if !admits(&self.traffic_mirror_filter_ids, filter) {
            return Some((Reason::WrongFilter, format!("its filter is {filter}")));
        }
        if !self.admits_coverage(session) {
            let found = match session.tags.get(COVERAGE_TAG) {
                Some(name) => format!("it is of coverage {name}, which is not required"),
                None => "it is of no coverage".to_owned(),
            };
            return Some((Reason::Missing, found));
        }
        None
    }

    /// Whether the session shortens packets although it must not.
    pub fn truncated(&self, session: &MirrorSession) -> Option<(Reason, String)> {
        let length = shortens(session).filter(|_| self.untruncated)?;
        Some((
            Reason::Truncated,
            format!("it mirrors {length} bytes of each packet"),
        ))
    }

    /// Whether the session is of a required coverage.
    fn admits_coverage(&self, session: &MirrorSession) -> bool {
        self.coverage_names.is_empty() || self.names_coverage_of(session)
    }

    /// Whether the session is of a coverage that is named.
    pub fn names_coverage_of(&self, session: &MirrorSession) -> bool {
        session
            .tags
            .get(COVERAGE_TAG)
            .is_some_and(|name| self.coverage_names.contains(name))
    }
}

/// The bytes that the session mirrors of each packet, where that is not the whole.
pub(super) fn shortens(session: &MirrorSession) -> Option<i64> {
    session.packet_length.filter(|length| *length < WHOLE_PACKET)
}

fn admits(allowed: &[String], id: &String) -> bool {
    allowed.is_empty() || allowed.contains(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_requirement_has_its_reason() {
        let strings = |text: &str| vec![text.to_owned()];
        let session = MirrorSession {
            traffic_mirror_target_id: "tmt-1".into(),
            traffic_mirror_filter_id: "tmf-1".into(),
            tags: [(COVERAGE_TAG.to_owned(), "prod".to_owned())].into(),
            ..MirrorSession::default()
        };
        let unmet = |require: Requirement| require.unmet(&session).map(|(reason, _)| reason);
        let require = |targets: &str, filters: &str, names: &str| Requirement {
            traffic_mirror_target_ids: strings(targets),
            traffic_mirror_filter_ids: strings(filters),
            coverage_names: strings(names),
            ..Requirement::default()
        };
        assert_eq!(unmet(Requirement::default()), None);
        assert_eq!(unmet(require("tmt-1", "tmf-1", "prod")), None);
        assert_eq!(unmet(require("tmt-2", "tmf-2", "dev")), Some(Reason::WrongTarget));
        assert_eq!(unmet(require("tmt-1", "tmf-2", "dev")), Some(Reason::WrongFilter));
        assert_eq!(unmet(require("tmt-1", "tmf-1", "dev")), Some(Reason::Missing));
    }

    #[test]
    fn a_length_truncates_only_where_whole_packets_are_required() {
        let session = |packet_length| MirrorSession {
            packet_length,
            ..MirrorSession::default()
        };
        let require = Requirement {
            untruncated: true,
            ..Requirement::default()
        };
        assert!(require.truncated(&session(Some(100))).is_some());
        for whole in [None, Some(8500)] {
            assert!(require.truncated(&session(whole)).is_none());
        }
        assert!(Requirement::default().truncated(&session(Some(100))).is_none());
    }
}
