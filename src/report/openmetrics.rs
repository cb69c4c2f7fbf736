//! The report for Prometheus: gauges in the OpenMetrics text format, which is also valid in the older format that the textfile
//! collector of node_exporter reads.
//!
//! Written by hand: the registry of `prometheus-client` keeps labelled series in a hash map, and so in no order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use strum::IntoEnumIterator;

use super::text::plain;
use super::{Audit, AuditCounts};
use crate::planner::Verdict;

/// Renders the audit. A coverage of nothing eligible has no sample.
pub fn render(audit: &Audit) -> String {
    let mut text = Exposition::of(&audit.account_id);
    text.family(
        "compliant",
        None,
        "Whether every eligible network interface is mirrored.",
    );
    text.sample("compliant", &[], u8::from(audit.compliant));

    text.family("interfaces", None, "Audited network interfaces by status.");
    for verdict in Verdict::iter() {
        let status = verdict.to_string();
        text.sample(
            "interfaces",
            &[("status", &status)],
            audit.summary.counts.with(verdict),
        );
    }
    text.family(
        "reason_interfaces",
        None,
        "Audited network interfaces by status and reason.",
    );
    let mut reasons: BTreeMap<_, usize> = BTreeMap::new();
    for interface in audit.interfaces.values() {
        *reasons.entry((interface.status, interface.reason)).or_default() += 1;
    }
    for ((status, reason), count) in reasons {
        let labels = [("status", status.to_string()), ("reason", reason.to_string())];
        text.sample(
            "reason_interfaces",
            &labels.each_ref().map(|(name, value)| (*name, value.as_str())),
            count,
        );
    }

    text.family(
        "coverage_ratio",
        Some("ratio"),
        "Mirrored ones of the eligible network interfaces.",
    );
    text.ratio("coverage_ratio", &[], &audit.summary.counts);
    text.groups("vpc", "vpc_id", "VPC", &audit.by_vpc);
    text.groups(
        "availability_zone",
        "availability_zone",
        "availability zone",
        &audit.by_availability_zone,
    );

    text.family(
        "target_sessions",
        None,
        "Sessions of audited network interfaces by traffic mirror target.",
    );
    for (id, target) in &audit.by_target {
        let labels = [
            ("region", target.region.as_str()),
            ("traffic_mirror_target_id", id.as_str()),
        ];
        text.sample("target_sessions", &labels, target.sessions);
    }
    if let Some(sessions) = &audit.orphaned_sessions {
        text.family(
            "orphaned_sessions",
            None,
            "Sessions that mirror nothing that should be mirrored.",
        );
        text.sample("orphaned_sessions", &[], sessions.len());
    }
    if let Some(sessions) = &audit.unmanaged_sessions {
        text.family("unmanaged_sessions", None, "Sessions that no coverage manages.");
        text.sample("unmanaged_sessions", &[], sessions.len());
    }
    if let Some(time) = audit.as_of {
        text.family(
            "as_of_timestamp_seconds",
            Some("seconds"),
            "The time that the audit carries.",
        );
        text.sample("as_of_timestamp_seconds", &[], time.seconds());
    }
    text.end()
}

struct Exposition<'a> {
    text: String,
    account_id: &'a str,
    /// Series of the family so far: names that differ only in characters that were replaced must not repeat one.
    seen: BTreeSet<String>,
}

impl<'a> Exposition<'a> {
    fn of(account_id: &'a str) -> Self {
        Self {
            text: String::new(),
            account_id,
            seen: BTreeSet::new(),
        }
    }

    fn family(&mut self, name: &str, unit: Option<&str>, help: &str) {
        self.seen.clear();
        self.text.push_str(&format!("# TYPE mirror_audit_{name} gauge\n"));
        if let Some(unit) = unit {
            self.text
                .push_str(&format!("# UNIT mirror_audit_{name} {unit}\n"));
        }
        self.text
            .push_str(&format!("# HELP mirror_audit_{name} {help}\n"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let account = [("account_id", self.account_id)];
        let pairs = account
            .iter()
            .chain(labels)
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
        let series = format!("mirror_audit_{name}{{{}}}", pairs.collect::<Vec<_>>().join(","));
        if self.seen.insert(series.clone()) {
            self.text.push_str(&format!("{series} {value}\n"));
        }
    }

    fn ratio(&mut self, name: &str, labels: &[(&str, &str)], counts: &AuditCounts) {
        if let Some(percent) = counts.coverage_percent {
            self.sample(name, labels, percent / 100.0);
        }
    }

    fn groups(&mut self, kind: &str, label: &str, words: &str, groups: &BTreeMap<String, AuditCounts>) {
        let (interfaces, ratio) = (format!("{kind}_interfaces"), format!("{kind}_coverage_ratio"));
        self.family(
            &interfaces,
            None,
            &format!("Audited network interfaces by {words} and status."),
        );
        for (id, counts) in groups {
            for verdict in Verdict::iter() {
                self.sample(
                    &interfaces,
                    &[(label, id), ("status", &verdict.to_string())],
                    counts.with(verdict),
                );
            }
        }
        self.family(
            &ratio,
            Some("ratio"),
            &format!("Mirrored ones of the eligible network interfaces by {words}."),
        );
        for (id, counts) in groups {
            self.ratio(&ratio, &[(label, id)], counts);
        }
    }

    fn end(mut self) -> String {
        self.text.push_str("# EOF\n");
        self.text
    }
}

fn escaped(value: &str) -> String {
    plain(value).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::super::samples::mixed;
    use super::*;

    #[test]
    fn the_figures() {
        let text = render(&mixed());
        for line in [
            "mirror_audit_compliant{account_id=\"111122223333\"} 0",
            "mirror_audit_coverage_ratio{account_id=\"111122223333\"} 0.6",
            "mirror_audit_interfaces{account_id=\"111122223333\",status=\"UNKNOWN\"} 1",
            "mirror_audit_vpc_coverage_ratio{account_id=\"111122223333\",vpc_id=\"vpc-2\"} 1",
            "mirror_audit_as_of_timestamp_seconds{account_id=\"111122223333\"} 1772366400",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn nothing_eligible_has_no_coverage() {
        assert!(!render(&Audit::default()).contains("coverage_ratio{"));
    }
}
