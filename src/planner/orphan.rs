//! Sessions that mirror nothing that should be mirrored.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fact, Member, MirrorSession, Requirement};

/// What is wrong with those sessions, in words, by id; several things are joined with a semicolon. `targets` are the ids of the visible
/// targets, `gone` says of which of them nothing is left to deliver to, `unattached` are those interfaces that are attached to nothing.
pub fn orphans(
    interfaces: &BTreeMap<String, Member>,
    sessions: &[MirrorSession],
    require: &Requirement,
    targets: &Fact<BTreeSet<String>>,
    gone: &BTreeMap<String, String>,
    unattached: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for session in sessions {
        let (target, interface) = (&session.traffic_mirror_target_id, &session.network_interface_id);
        let mut why = Vec::new();
        if targets.known().is_some_and(|targets| !targets.contains(target)) {
            why.push(format!(
                "its target {target} does not exist, or is no longer shared with this account"
            ));
        }
        if let Some(gone) = gone.get(target) {
            why.push(format!("its target {target} delivers to nothing: {gone}"));
        }
        if unattached.contains(interface) {
            why.push("its network interface is attached to nothing, and it is still billed".to_owned());
        }
        if require.names_coverage_of(session) && !interfaces.contains_key(interface) {
            why.push("its coverage is audited here, and its network interface is not selected".to_owned());
        }
        if !why.is_empty() {
            found.insert(session.id.clone(), why.join("; "));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::COVERAGE_TAG;
    use super::*;

    #[test]
    fn each_kind_is_found() {
        let session = |id: &str, interface: &str, target: &str, coverage: &str| MirrorSession {
            id: id.into(),
            network_interface_id: interface.into(),
            traffic_mirror_target_id: target.into(),
            tags: [(COVERAGE_TAG.to_owned(), coverage.to_owned())].into(),
            ..MirrorSession::default()
        };
        let sessions = [
            session("tms-1", "eni-1", "tmt-1", "prod"),
            session("tms-2", "eni-1", "tmt-2", "prod"),
            session("tms-3", "eni-3", "tmt-1", "dev"),
            session("tms-4", "eni-4", "tmt-1", "prod"),
            session("tms-5", "eni-5", "tmt-1", "dev"),
            session("tms-6", "eni-6", "tmt-3", "dev"),
        ];
        let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let interfaces = [("eni-1".to_owned(), Member::default())].into();
        let require = Requirement {
            coverage_names: vec!["prod".into()],
            ..Requirement::default()
        };
        let targets = Fact::Known(ids(&["tmt-1", "tmt-3"]));
        let gone = [("tmt-3".to_owned(), "eni-9 does not exist".to_owned())].into();
        let found = orphans(
            &interfaces,
            &sessions,
            &require,
            &targets,
            &gone,
            &ids(&["eni-3"]),
        );
        assert_eq!(
            found.keys().cloned().collect::<BTreeSet<_>>(),
            ids(&["tms-2", "tms-3", "tms-4", "tms-6"])
        );
        assert!(found["tms-2"].contains("tmt-2"));
        assert!(found["tms-3"].contains("billed"));
        assert!(found["tms-4"].contains("not selected"));
        assert!(found["tms-6"].contains("eni-9 does not exist"));
        // Without the permission nothing is claimed of targets.
        let unseen = Fact::Unseen("without a permission".into());
        let found = orphans(
            &interfaces,
            &sessions,
            &Requirement::default(),
            &unseen,
            &BTreeMap::new(),
            &BTreeSet::new(),
        );
        assert!(found.is_empty());
    }
}
