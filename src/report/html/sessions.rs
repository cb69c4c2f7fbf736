//! Sessions that someone should look at, as tables of the page itself.

use std::collections::BTreeMap;

use super::thousands;
use crate::report::text::limited;
use crate::report::{Audit, AuditSession};

/// More than these are left to the json report.
const SHOWN: usize = 100;
const TEXT: usize = 400;

pub struct Sessions {
    pub id: &'static str,
    pub title: &'static str,
    /// The same after its number.
    pub short: String,
    pub what: &'static str,
    pub count: String,
    pub rows: Vec<SessionRow>,
    /// How many are left out, when there are any.
    pub left_out: Option<String>,
}

pub struct SessionRow {
    pub id: String,
    pub name: String,
    pub interface: String,
    pub target: String,
    pub region: String,
    pub number: i64,
    pub detail: String,
}

impl Sessions {
    /// The tables of those sessions that were looked for.
    pub fn all(audit: &Audit) -> Vec<Self> {
        let orphaned = Self::of(
            ["orphaned", "Orphaned sessions"],
            "They mirror nothing that should be mirrored, and AWS bills some of them all the same.",
            audit.orphaned_sessions.as_ref(),
        );
        let unmanaged = Self::of(
            ["unmanaged", "Unmanaged sessions"],
            "No coverage made them, so none repairs or removes them.",
            audit.unmanaged_sessions.as_ref(),
        );
        orphaned.into_iter().chain(unmanaged).collect()
    }

    fn of(
        [id, title]: [&'static str; 2],
        what: &'static str,
        sessions: Option<&BTreeMap<String, AuditSession>>,
    ) -> Option<Self> {
        let sessions = sessions?;
        let left_out = sessions.len().saturating_sub(SHOWN);
        Some(Self {
            id,
            title,
            short: format!("{id} session{}", if sessions.len() == 1 { "" } else { "s" }),
            what,
            count: thousands(sessions.len()),
            rows: sessions
                .iter()
                .take(SHOWN)
                .map(|(id, session)| row(id, session))
                .collect(),
            left_out: (left_out > 0).then(|| thousands(left_out)),
        })
    }
}

fn row(id: &str, session: &AuditSession) -> SessionRow {
    let text = |text: &str| limited(text, TEXT);
    let name = session.name.as_ref().or(session.description.as_ref());
    SessionRow {
        id: text(id),
        name: name.map(|name| text(name)).unwrap_or_default(),
        interface: text(&session.network_interface_id),
        target: text(&session.traffic_mirror_target_id),
        region: text(&session.region),
        number: session.session_number,
        detail: text(&session.detail),
    }
}
