//! Bars: the whole, each VPC, each zone, each target; and the reasons of what is not mirrored.

use std::collections::BTreeMap;

use super::thousands;
use crate::planner::Verdict;
use crate::report::text::{limited, plain};
use crate::report::{Audit, AuditCounts};

/// As long as in the data of the table, so that a name here finds its rows there.
const NAME: usize = super::data::TEXT;
/// So many are shown at once, the rest on demand.
const SHOWN: usize = 8;

/// The parts of a bar whose whole length is 100.
pub struct Bar {
    pub parts: Vec<Part>,
    /// The same in words.
    pub words: String,
}

pub struct Part {
    pub class: &'static str,
    pub from: String,
    pub length: String,
}

impl Bar {
    /// Eligible network interfaces by verdict.
    pub fn of(counts: &AuditCounts) -> Self {
        let eligible = [Verdict::Compliant, Verdict::Unknown, Verdict::NonCompliant];
        let share = |count: usize| 100.0 * count as f64 / counts.eligible.max(1) as f64;
        let mut from = 0.0;
        let mut parts = Vec::new();
        let mut words = Vec::new();
        for verdict in eligible {
            let count = counts.with(verdict);
            if count > 0 {
                let length = share(count);
                parts.push(Part {
                    class: class(verdict),
                    from: format!("{from:.3}"),
                    length: format!("{length:.3}"),
                });
                from += length;
                words.push(format!("{} {}", thousands(count), self::words(verdict)));
            }
        }
        let words = if words.is_empty() {
            "nothing can be mirrored".into()
        } else {
            words.join(", ")
        };
        Self { parts, words }
    }
}

/// Several bars under one heading.
pub struct Group {
    pub title: &'static str,
    /// The table's filter that a name here sets.
    pub filter: &'static str,
    pub shown: Vec<Row>,
    pub hidden: Vec<Row>,
    pub hidden_words: String,
}

pub struct Row {
    pub name: String,
    pub percent: String,
    pub words: String,
    pub bar: Bar,
}

impl Group {
    pub fn vpcs(audit: &Audit) -> Self {
        Self::of("By VPC", "vpc", counted(&audit.by_vpc))
    }

    pub fn zones(audit: &Audit) -> Self {
        Self::of(
            "By availability zone",
            "zone",
            counted(&audit.by_availability_zone),
        )
    }

    pub fn targets(audit: &Audit) -> Self {
        let rows = audit.by_target.iter().map(|(id, target)| {
            let mut row = Row::of(id, &target.counts);
            let sessions = match target.sessions {
                1 => "1 session".to_owned(),
                count => format!("{} sessions", thousands(count)),
            };
            row.words = format!("{sessions}, {}", row.words);
            (target.counts.coverage_percent, row)
        });
        Self::of("By traffic mirror target", "target", rows.collect())
    }

    /// The worst first, those without coverage last.
    fn of(title: &'static str, filter: &'static str, mut rows: Vec<(Option<f64>, Row)>) -> Self {
        let key = |percent: Option<f64>| percent.unwrap_or(f64::INFINITY);
        rows.sort_by(|(a, _), (b, _)| key(*a).total_cmp(&key(*b)));
        let mut shown: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        let hidden = shown.split_off(SHOWN.min(shown.len()));
        Self {
            title,
            filter,
            hidden_words: format!("{} more", thousands(hidden.len())),
            shown,
            hidden,
        }
    }
}

fn counted(groups: &BTreeMap<String, AuditCounts>) -> Vec<(Option<f64>, Row)> {
    groups
        .iter()
        .map(|(id, counts)| (counts.coverage_percent, Row::of(id, counts)))
        .collect()
}

impl Row {
    fn of(id: &str, counts: &AuditCounts) -> Self {
        let apart = match counts.not_applicable {
            0 => String::new(),
            count => format!(", {} not applicable", thousands(count)),
        };
        Self {
            name: limited(id, NAME),
            percent: counts
                .coverage_percent
                .map_or("–".into(), |share| percent(share) + "\u{2009}%"),
            words: format!(
                "{} of {} mirrored{apart}",
                thousands(counts.compliant),
                thousands(counts.eligible)
            ),
            bar: Bar::of(counts),
        }
    }
}

/// One reason why network interfaces are not mirrored.
pub struct Problem {
    pub class: &'static str,
    pub reason: String,
    pub count: String,
    pub advice: String,
}

/// What is wrong, the most frequent first.
pub fn problems(audit: &Audit) -> Vec<Problem> {
    let mut found: BTreeMap<_, (usize, &str)> = BTreeMap::new();
    for interface in audit.interfaces.values() {
        if matches!(interface.status, Verdict::NonCompliant | Verdict::Unknown) {
            let entry = found
                .entry((interface.reason, interface.status))
                .or_insert((0, &interface.advice));
            entry.0 += 1;
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(reason, (count, _))| (std::cmp::Reverse(*count), *reason));
    found
        .into_iter()
        .map(|((reason, status), (count, advice))| Problem {
            class: class(status),
            reason: reason.to_string(),
            count: thousands(count),
            advice: plain(advice).into_owned(),
        })
        .collect()
}

/// A percentage with at most one decimal, rounded down: nothing looks complete that is not.
pub fn percent(percent: f64) -> String {
    let tenths = (percent * 10.0 + 1e-9).floor();
    if tenths < 1.0 && percent > 0.0 {
        return "0.1".into();
    }
    let text = format!("{:.1}", tenths / 10.0);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The name of a verdict in `page.css`.
pub fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compliant => "ok",
        Verdict::NonCompliant => "bad",
        Verdict::NotApplicable => "na",
        Verdict::Unknown => "unknown",
    }
}

/// A verdict for people.
pub fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compliant => "mirrored",
        Verdict::NonCompliant => "not mirrored",
        Verdict::NotApplicable => "not applicable",
        Verdict::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::Reason;
    use crate::report::samples::mixed;

    #[test]
    fn almost_everything_is_not_everything() {
        let text = [0.0, 0.01, 33.333, 60.0, 99.99, 100.0].map(percent);
        assert_eq!(text, ["0", "0.1", "33.3", "60", "99.9", "100"].map(str::to_owned));
    }

    #[test]
    fn bars_are_full_and_the_worst_comes_first() {
        let audit = mixed();
        let zones = Group::zones(&audit);
        let names: Vec<_> = zones.shown.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["eu-west-1b", "eu-west-1a"]);
        let length: f64 = Bar::of(&audit.summary.counts)
            .parts
            .iter()
            .map(|part| part.length.parse::<f64>().unwrap())
            .sum();
        assert!((length - 100.0).abs() < 0.01, "{length}");
    }

    #[test]
    fn problems_are_those_of_open_findings() {
        let reasons: Vec<_> = problems(&mixed())
            .into_iter()
            .map(|problem| problem.reason)
            .collect();
        assert_eq!(
            reasons,
            [Reason::NotVisible.to_string(), Reason::Missing.to_string()]
        );
    }
}
