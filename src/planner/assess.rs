//! The audit's judgement: which interface is covered, and what the whole amounts to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::Display;

use super::requirement::shortens;
use super::{
    COVERAGE_ID_TAG, Delivery, Member, MirrorSession, Outcome, Reason, Requirement, SESSIONS_PER_INTERFACE,
    SESSIONS_PER_REGION, Skip, Verdict,
};

/// The judgement of one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub reason: Reason,
    /// What was found, in words; may be empty.
    pub detail: String,
    /// The sessions whose source the interface is, in the order in which EC2 tries them.
    pub session_ids: Vec<String>,
    /// What each of them is worth by itself, in the same order.
    pub session_verdicts: Vec<Verdict>,
    /// VXLAN network identifier of the one that decides.
    pub virtual_network_id: Option<i64>,
}

impl Finding {
    /// Compliant, not compliant, not applicable or unknown.
    pub fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }
}

/// The judgement of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, Serialize, Deserialize, JsonSchema)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OverallStatus {
    Compliant,
    NonCompliant,
    Unknown,
    /// Nothing is eligible: that is not compliance.
    NoMatch,
}

/// Interfaces by verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub matched: usize,
    /// All but the not applicable ones.
    pub eligible: usize,
    pub compliant: usize,
    pub non_compliant: usize,
    pub not_applicable: usize,
    pub unknown: usize,
}

impl Counts {
    /// Counts these verdicts.
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            counts.matched += 1;
            *match verdict {
                Verdict::Compliant => &mut counts.compliant,
                Verdict::NonCompliant => &mut counts.non_compliant,
                Verdict::NotApplicable => &mut counts.not_applicable,
                Verdict::Unknown => &mut counts.unknown,
            } += 1;
        }
        counts.eligible = counts.matched - counts.not_applicable;
        counts
    }

    /// What they amount to.
    pub fn status(&self) -> OverallStatus {
        match self {
            Self { eligible: 0, .. } => OverallStatus::NoMatch,
            Self {
                non_compliant: 1.., ..
            } => OverallStatus::NonCompliant,
            Self { unknown: 1.., .. } => OverallStatus::Unknown,
            _ => OverallStatus::Compliant,
        }
    }

    /// Compliant interfaces of the eligible ones, 0 to 100; none when nothing is eligible.
    pub fn coverage_percent(&self) -> Option<f64> {
        (self.eligible > 0).then(|| 100.0 * self.compliant as f64 / self.eligible as f64)
    }
}

/// What the audit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// By interface id.
    pub findings: BTreeMap<String, Finding>,
    pub counts: Counts,
    pub status: OverallStatus,
}

/// What is judged, and by what.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The selected interfaces, excluded ones too, by id.
    pub interfaces: &'a BTreeMap<String, Member>,
    /// Those of them that are excluded or can never have a session.
    pub skips: &'a BTreeMap<String, Skip>,
    /// Every session of the account.
    pub sessions: &'a [MirrorSession],
    pub require: &'a Requirement,
    /// What decides whether sessions deliver; none when that is not to be judged.
    pub delivery: Option<&'a Delivery>,
    /// Why it is not seen which interfaces are those of sensors, in the words of [`super::Fact::Unseen`]; none where it is, or does
    /// not matter.
    pub sensors_unseen: Option<&'a str>,
}

/// Judges each interface by the sessions of the account, and the whole. One session that is accepted and delivers is enough; what
/// else is wrong with the interface then stands in the detail.
pub fn assess(view: &View<'_>) -> Assessment {
    let mut of_interface: BTreeMap<&str, Vec<&MirrorSession>> = BTreeMap::new();
    for session in view.sessions {
        of_interface
            .entry(&session.network_interface_id)
            .or_default()
            .push(session);
    }
    for list in of_interface.values_mut() {
        list.sort_by_key(|session| (session.session_number, &session.id));
    }
    let none = Vec::new();
    let findings: BTreeMap<String, Finding> = view
        .interfaces
        .iter()
        .map(|(id, member)| {
            let own = of_interface.get(id.as_str()).unwrap_or(&none);
            (id.clone(), finding(view, member, view.skips.get(id), own))
        })
        .collect();
    let counts = Counts::of(findings.values().map(Finding::verdict));
    Assessment {
        status: counts.status(),
        findings,
        counts,
    }
}

fn finding(view: &View<'_>, member: &Member, skip: Option<&Skip>, sessions: &[&MirrorSession]) -> Finding {
    let judged: Vec<(Reason, String)> = sessions
        .iter()
        .enumerate()
        .map(|(n, session)| judge(view, member, session, &sessions[..n]))
        .collect();
    // In the order of precedence, of several alike the first.
    let best = (0..judged.len()).min_by_key(|n| judged[*n].0);
    let by_session = best.map(|n| judged[n].clone());
    let by_skip = skip.map(|skip| (skip.reason, skip.detail.clone()));
    let unjudged =
        skip.is_some_and(|skip| skip.reason == Reason::Excluded || is_mute(view, member, skip.reason));
    let (reason, detail) = match (by_session, by_skip) {
        (Some(_), Some((reason, detail))) if is_mute(view, member, reason) => (
            reason,
            format!("{detail}, and its sessions are billed all the same"),
        ),
        (by_session, by_skip) => by_session
            .into_iter()
            .chain(by_skip)
            .min_by_key(|(reason, _)| *reason)
            .unwrap_or_else(|| missing(view)),
    };
    let (reason, mut detail) = match reason {
        Reason::Covered => (reason, remarks(view, sessions, &judged).join("; ")),
        Reason::Missing if sessions.len() >= SESSIONS_PER_INTERFACE => {
            let full = format!(
                "the interface has {} sessions, none of them of a required coverage",
                sessions.len()
            );
            (Reason::Quota, full)
        }
        _ => (reason, detail),
    };
    if reason.verdict() != Verdict::NotApplicable {
        for duplicate in duplicates(view, sessions) {
            let separator = if detail.is_empty() { "" } else { "; " };
            detail = format!("{detail}{separator}{duplicate}");
        }
    }
    Finding {
        reason,
        detail,
        session_ids: sessions.iter().map(|session| session.id.clone()).collect(),
        session_verdicts: judged
            .iter()
            .map(|(reason, _)| match unjudged {
                true => Verdict::NotApplicable,
                false => reason.verdict(),
            })
            .collect(),
        virtual_network_id: best.and_then(|n| sessions[n].virtual_network_id),
    }
}

/// Nothing is mirrored of an interface that is attached to nothing. Nor of an instance whose type cannot be mirrored: EC2 makes no
/// session there, but keeps one when the instance gets such a type later.
fn is_mute(view: &View<'_>, member: &Member, reason: Reason) -> bool {
    member.unattached && member.instance_id.is_none()
        || view.delivery.is_some() && reason == Reason::UnsupportedInstanceType
}

/// What is to be said where there is no session.
fn missing(view: &View<'_>) -> (Reason, String) {
    let missing = "no traffic mirror session has this interface as its source";
    if let Some(why) = view.sensors_unseen {
        let detail = format!("{missing}, and whether it is one of a sensor cannot be seen {why}");
        return (Reason::NotVisible, detail);
    }
    if view.sessions.len() >= SESSIONS_PER_REGION {
        let detail = format!(
            "{missing}, and the account has {} sessions in the region",
            view.sessions.len()
        );
        return (Reason::Quota, detail);
    }
    (Reason::Missing, missing.to_owned())
}

/// What one session is worth; `earlier` are those of the same interface that EC2 tries before it.
fn judge(
    view: &View<'_>,
    member: &Member,
    session: &MirrorSession,
    earlier: &[&MirrorSession],
) -> (Reason, String) {
    let zone = member.availability_zone.as_deref();
    let of_session = |(reason, detail): (Reason, String)| (reason, format!("{}: {detail}", session.id));
    if let Some(unmet) = view.require.unmet(session) {
        return of_session(unmet);
    }
    let outcome = view
        .delivery
        .map_or(Outcome::Delivers, |delivery| delivery.of(session, zone, earlier));
    match (outcome, view.require.truncated(session)) {
        (Outcome::Fails(reason, detail), _) => of_session((reason, detail)),
        (_, Some(truncated)) => of_session(truncated),
        (Outcome::Unseen(detail), None) => of_session((Reason::NotVisible, detail)),
        (Outcome::Delivers, None) => (Reason::Covered, String::new()),
    }
}

/// What else there is to say of a covered interface.
fn remarks(view: &View<'_>, sessions: &[&MirrorSession], judged: &[(Reason, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (n, (session, (reason, detail))) in sessions.iter().zip(judged).enumerate() {
        if *reason != Reason::Covered {
            found.push(format!("{reason}: {detail}"));
            continue;
        }
        if let (Some(first), true) = (sessions[..n].first(), view.delivery.is_some()) {
            found.push(format!("{} is tried before {}", first.id, session.id));
        }
        if let Some(length) = shortens(session) {
            found.push(format!("{} mirrors {length} bytes of each packet", session.id));
        }
    }
    found
}

/// Sessions that do what an earlier one of the interface does: of the same coverage, or for the same target and of the same packets.
fn duplicates(view: &View<'_>, sessions: &[&MirrorSession]) -> Vec<String> {
    let coverage = |session: &MirrorSession| session.tags.get(COVERAGE_ID_TAG).cloned();
    let takes_all = |one: &MirrorSession, other: &MirrorSession| {
        one.traffic_mirror_filter_id == other.traffic_mirror_filter_id
            || view
                .delivery
                .is_some_and(|delivery| delivery.takes_all_of(one, other))
    };
    let mut found = Vec::new();
    for (n, session) in sessions.iter().enumerate() {
        let twin = sessions[..n].iter().find_map(|other| {
            if coverage(other).is_some() && coverage(other) == coverage(session) {
                return Some((other, "are of the same coverage"));
            }
            let alike = other.traffic_mirror_target_id == session.traffic_mirror_target_id;
            (alike && takes_all(other, session))
                .then_some((other, "send the same packets to the same target"))
        });
        if let Some((other, what)) = twin {
            let reason = Reason::Duplicate;
            found.push(format!("{reason}: {} and {} {what}", other.id, session.id));
        }
    }
    found
}

#[cfg(test)]
#[path = "assess_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "assess_law_tests.rs"]
mod law_tests;
