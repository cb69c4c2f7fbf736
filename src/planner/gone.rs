//! Sessions that a coverage lost while their interfaces are still wanted. A plan makes others; these words tell them from the
//! sessions of interfaces that are new.

use std::collections::{BTreeMap, HashSet};

use super::{MirrorSession, Row};

/// What became of the sessions that are no longer there, in words, by interface id. `before` are those of the state that is refreshed,
/// `sessions` all of the account; `is_wanted` says of an interface without a session whether it is to have one. The state knows a lost
/// session for one refresh only, so what `earlier` deviations say of an interface stands until it has a session again or wants none.
pub fn gone(
    before: &BTreeMap<String, Row>,
    sessions: &[MirrorSession],
    earlier: &BTreeMap<String, String>,
    is_wanted: impl Fn(&String) -> bool,
) -> BTreeMap<String, String> {
    let lost: Vec<_> = before
        .iter()
        .filter_map(|(interface, row)| Some((interface, row.id.as_deref()?)))
        .filter(|(interface, _)| is_wanted(interface))
        .collect();
    let there: HashSet<&str> = match lost.is_empty() {
        true => HashSet::new(),
        false => sessions.iter().map(|session| session.id.as_str()).collect(),
    };
    let words = |id: &str| match there.contains(id) {
        true => format!("{id} no longer has the tags of this coverage"),
        false => format!("{id} is gone"),
    };
    let said = earlier
        .iter()
        .filter(|(interface, _)| is_wanted(interface))
        .map(|(interface, words)| (interface.clone(), words.clone()));
    let new = lost
        .into_iter()
        .map(|(interface, id)| (interface.clone(), words(id)));
    said.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str) -> Row {
        Row {
            id: Some(id.into()),
            ..Row::default()
        }
    }

    fn map<T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
        let entries = entries.into_iter();
        entries.map(|(key, value)| (key.to_owned(), value)).collect()
    }

    #[test]
    fn lost_sessions_of_wanted_interfaces_are_told_of() {
        let is_wanted =
            |id: &String| !["eni-there", "eni-skipped", "eni-away", "tmf-1"].contains(&id.as_str());
        let earlier = map([
            ("eni-told", "tms-0 is gone".to_owned()),
            ("eni-there", "tms-7 is gone".to_owned()),
            ("eni-away", "tms-8 is gone".to_owned()),
            // Of a session that was there then.
            ("eni-lost", "description is \"x\"".to_owned()),
            ("tmf-1", "the filter of this coverage is gone".to_owned()),
        ]);
        let before = map([
            ("eni-lost", row("tms-1")),
            ("eni-left", row("tms-2")),
            ("eni-there", row("tms-3")),
            ("eni-skipped", row("tms-4")),
            ("eni-away", row("tms-5")),
            ("eni-failed", Row::default()),
        ]);
        let sessions = [MirrorSession {
            id: "tms-2".into(),
            network_interface_id: "eni-left".into(),
            ..MirrorSession::default()
        }];
        let expected = map([
            (
                "eni-left",
                "tms-2 no longer has the tags of this coverage".to_owned(),
            ),
            ("eni-lost", "tms-1 is gone".to_owned()),
            ("eni-told", "tms-0 is gone".to_owned()),
        ]);
        let now = gone(&before, &sessions, &earlier, is_wanted);
        assert_eq!(now, expected);
        // The state that this refresh makes is refreshed again.
        let found = map([("eni-there", row("tms-3"))]);
        assert_eq!(gone(&found, &sessions, &now, is_wanted), expected);
    }
}
