//! The report as one page for a browser: no network, no other file.
//!
//! What a reader needs first is in the page itself: the coverage, the reasons, the groups. The network interfaces are data
//! inside it that `page.js` shows a page at a time, so that ten thousand of them cost no time before the first look.
//!
//! Text of the fleet is escaped by askama here and set as text, never as markup, there. A content security policy names the
//! page's own style and script by their digests, so nothing else could run if both failed.

mod data;
mod group;
mod sessions;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::text::plain;
use super::{Audit, ReportError};
use crate::planner::{OverallStatus, Verdict};
use data::Data;
use group::{Bar, Group, Problem, percent, problems};
use sessions::Sessions;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    policy: String,
    style: &'static str,
    script: &'static str,
    account: String,
    regions: String,
    several_regions: bool,
    as_of: Option<String>,
    status: &'static str,
    class: &'static str,
    percent: Option<String>,
    sentence: String,
    delivery_checked: bool,
    bar: Bar,
    figures: Vec<Figure>,
    problems: Vec<Problem>,
    groups: [Group; 3],
    sessions: Vec<Sessions>,
    matched: usize,
    data: String,
}

struct Figure {
    class: &'static str,
    count: String,
    words: &'static str,
}

/// Renders the audit.
pub fn render(audit: &Audit) -> Result<String, ReportError> {
    let counts = &audit.summary.counts;
    let (status, class) = match counts.status {
        OverallStatus::Compliant => ("Compliant", "ok"),
        OverallStatus::NonCompliant => ("Not compliant", "bad"),
        OverallStatus::Unknown => ("Unknown", "unknown"),
        OverallStatus::NoMatch => ("Nothing to mirror", "none"),
    };
    let regions: Vec<_> = audit.regions.iter().map(|region| plain(region)).collect();
    let figures = [
        Verdict::Compliant,
        Verdict::NonCompliant,
        Verdict::Unknown,
        Verdict::NotApplicable,
    ]
    .map(|verdict| Figure {
        class: group::class(verdict),
        count: thousands(counts.with(verdict)),
        words: group::words(verdict),
    });
    let page = Page {
        policy: format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
            digest(STYLE),
            digest(SCRIPT)
        ),
        style: STYLE,
        script: SCRIPT,
        account: plain(&audit.account_id).into_owned(),
        several_regions: regions.len() > 1,
        regions: regions.join(", "),
        as_of: audit.as_of.map(|time| time.to_string()),
        status,
        class,
        percent: counts.coverage_percent.map(percent),
        sentence: sentence(audit),
        delivery_checked: audit.summary.delivery_checked,
        bar: Bar::of(counts),
        figures: figures.into(),
        problems: problems(audit),
        groups: [Group::vpcs(audit), Group::zones(audit), Group::targets(audit)],
        sessions: Sessions::all(audit),
        matched: counts.matched,
        data: Data::of(audit).to_script()?,
    };
    Ok(page.render()?.trim_end().to_owned() + "\n")
}

fn sentence(audit: &Audit) -> String {
    let counts = &audit.summary.counts;
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (matched, eligible) = (counts.matched, counts.eligible);
    match (counts.status, matched) {
        (OverallStatus::NoMatch, 0) => "No network interface matched. That is not compliance.".into(),
        (OverallStatus::NoMatch, _) => format!(
            "{} network interface{} matched, and none can be mirrored. That is not compliance.",
            thousands(matched),
            plural(matched)
        ),
        _ => format!(
            "{} of {} eligible network interface{} mirrored.",
            thousands(counts.compliant),
            thousands(eligible),
            plural(eligible)
        ),
    }
}

/// 1234567 as `1,234,567`.
fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{HOSTILE, hostile, mixed};
    use super::*;

    #[test]
    fn counts_are_readable() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"].map(str::to_owned),
            [0, 999, 1000, 1_234_567].map(thousands)
        );
    }

    #[test]
    fn nothing_of_the_fleet_is_markup() {
        let page = render(&hostile()).unwrap();
        for text in HOSTILE.iter().filter(|text| text.contains('<')) {
            assert!(!page.contains(text), "{text}");
        }
        // The page's own script and the data, nothing else.
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script").count(), 2);
    }

    #[test]
    fn the_page_says_what_it_is_about() {
        let page = render(&mixed()).unwrap();
        for text in [
            "3 of 5 eligible network interfaces mirrored.",
            "111122223333",
            "2026-03-01T12:00:00Z",
            "60",
        ] {
            assert!(page.contains(text), "{text}");
        }
        let empty = render(&Audit::default()).unwrap();
        assert!(empty.contains("Nothing to mirror"));
        assert!(!empty.contains("100\u{2009}%"));
    }
}
