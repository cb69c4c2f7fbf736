//! The audit's judgement: which interface is covered, and what the whole amounts to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::Display;

use super::{Member, MirrorSession, Reason, Skip, Verdict};

/// The judgement of one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub reason: Reason,
    /// What was found, in words; may be empty.
    pub detail: String,
    /// The sessions whose source the interface is, in the order in which EC2 tries them.
    pub session_ids: Vec<String>,
    /// VXLAN network identifier of the first of them.
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

/// Judges each interface by the sessions of the account, and the whole.
pub fn assess(
    interfaces: &BTreeMap<String, Member>,
    skips: &BTreeMap<String, Skip>,
    sessions: &[MirrorSession],
) -> Assessment {
    let mut of_interface: BTreeMap<&str, Vec<&MirrorSession>> = BTreeMap::new();
    for session in sessions {
        of_interface
            .entry(&session.network_interface_id)
            .or_default()
            .push(session);
    }
    for list in of_interface.values_mut() {
        list.sort_by_key(|session| (session.session_number, &session.id));
    }
    let none = Vec::new();
    let findings: BTreeMap<String, Finding> = interfaces
        .keys()
        .map(|id| {
            let own = of_interface.get(id.as_str()).unwrap_or(&none);
            (id.clone(), finding(skips.get(id), own))
        })
        .collect();
    let counts = Counts::of(findings.values().map(Finding::verdict));
    Assessment {
        status: counts.status(),
        findings,
        counts,
    }
}

fn finding(skip: Option<&Skip>, sessions: &[&MirrorSession]) -> Finding {
    let (reason, detail) = match (skip, sessions) {
        (_, [_, ..]) => (Reason::Covered, String::new()),
        (Some(skip), []) => (skip.reason, skip.detail.clone()),
        (None, []) => (
            Reason::Missing,
            "no traffic mirror session has this interface as its source".to_owned(),
        ),
    };
    Finding {
        reason,
        detail,
        session_ids: sessions.iter().map(|session| session.id.clone()).collect(),
        virtual_network_id: sessions.first().and_then(|session| session.virtual_network_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assessed(interfaces: usize, covered: &[usize], skipped: &[usize]) -> Assessment {
        let name = |i: &usize| format!("eni-{i}");
        let skip = Skip {
            instance_id: None,
            reason: Reason::UnsupportedInterface,
            detail: "efa".into(),
        };
        let sessions: Vec<MirrorSession> = covered
            .iter()
            .map(|i| MirrorSession {
                id: format!("tms-{i}"),
                network_interface_id: name(i),
                ..Default::default()
            })
            .collect();
        assess(
            &(0..interfaces).map(|i| (name(&i), Member::default())).collect(),
            &skipped.iter().map(|i| (name(i), skip.clone())).collect(),
            &sessions,
        )
    }

    #[test]
    fn zero_sessions_are_never_compliant() {
        let assessment = assessed(3, &[], &[]);
        assert_eq!(assessment.status, OverallStatus::NonCompliant);
        assert_eq!(assessment.counts.coverage_percent(), Some(0.0));
    }

    #[test]
    fn an_empty_match_is_no_match() {
        for assessment in [assessed(0, &[], &[]), assessed(2, &[], &[0, 1])] {
            assert_eq!(assessment.status, OverallStatus::NoMatch);
            assert_eq!(assessment.counts.coverage_percent(), None);
        }
    }

    #[test]
    fn a_skipped_interface_does_not_count() {
        let assessment = assessed(3, &[0], &[1]);
        assert_eq!(assessment.counts.coverage_percent(), Some(50.0));
        assert_eq!(assessment.findings["eni-1"].verdict(), Verdict::NotApplicable);
        assert_eq!(assessment.findings["eni-2"].reason, Reason::Missing);
    }

    proptest! {
        #[test]
        fn compliant_means_that_every_eligible_interface_has_a_session(
            n in 0_usize..20, covered in proptest::collection::btree_set(0_usize..20, 0..20),
        ) {
            let covered: Vec<usize> = covered.into_iter().filter(|i| *i < n).collect();
            let assessment = assessed(n, &covered, &[]);
            prop_assert_eq!(assessment.status == OverallStatus::Compliant, n > 0 && covered.len() == n);
            prop_assert_eq!(assessment.counts.compliant, covered.len());
        }
    }
}
