//! Failures in words.

use std::collections::BTreeMap;

use super::failure::Failure;

/// Lines of a diagnostic before the rest is only counted.
const SHOWN: usize = 20;

/// Titles and details of failures: one for each kind of call. `of` says how many calls of a kind there were at most.
pub fn failures(failed: &[(String, Failure)], of: usize) -> Vec<(String, String)> {
    let kinds = ["delete", "change", "create"].map(|what| {
        let of_kind: Vec<_> = failed
            .iter()
            .filter(|(_, failure)| failure.what == what)
            .cloned()
            .collect();
        (what, of_kind)
    });
    let said = kinds.iter().filter(|(_, failed)| !failed.is_empty());
    said.map(|(what, failed)| {
        (
            failures_title(what, failed, of.max(failed.len())),
            failures_detail(failed, true),
        )
    })
    .collect()
}

/// The title: what failed and how much of it.
fn failures_title(what: &str, failed: &[(String, Failure)], of: usize) -> String {
    let past = match what {
        "create" => "created",
        "delete" => "deleted",
        _ => "changed",
    };
    format!(
        "{} of {of} traffic mirror sessions could not be {past}",
        failed.len()
    )
}

/// Each failed interface with AWS's code and message, then what to do, once for each kind. Beyond some, `failures` of the state has
/// them; where no state is saved, the rest is named here by its code.
pub fn failures_detail(failed: &[(String, Failure)], is_saved: bool) -> String {
    let mut lines: Vec<String> = failed
        .iter()
        .take(SHOWN)
        .map(|(interface, failure)| format!("{interface}: {}: {}", failure.code, failure.message))
        .collect();
    let rest = failed.get(SHOWN..).unwrap_or_default();
    if is_saved && !rest.is_empty() {
        lines.push(format!("and {} more, each in the attribute failures", rest.len()));
    } else if !rest.is_empty() {
        lines.push(format!("and {} more:", rest.len()));
        let mut by_code: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (interface, failure) in rest {
            by_code.entry(&failure.code).or_default().push(interface);
        }
        lines.extend(
            by_code
                .iter()
                .map(|(code, ids)| format!("{code}: {}", ids.join(", "))),
        );
    }
    let mut codes: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (_, failure) in failed {
        let (count, _) = codes.entry(&failure.code).or_insert((0, &failure.advice));
        *count += 1;
    }
    lines.push(String::new());
    lines.extend(codes.iter().map(|(code, (count, advice))| match codes.len() {
        1 => format!("{code}: {advice}"),
        _ => format!("{code} ({count} of {}): {advice}", failed.len()),
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::failure::FailureKind;
    use super::*;

    #[test]
    fn each_interface_and_each_kind_of_advice_is_named() {
        let failure = |code: &str| Failure {
            what: "create",
            code: code.into(),
            message: "no".into(),
            advice: format!("Mend {code}."),
            kind: FailureKind::Error,
        };
        let failed: Vec<(String, Failure)> = (0..30)
            .map(|i| (format!("eni-{i:02}"), failure(if i == 0 { "A" } else { "B" })))
            .collect();
        let text = failures_detail(&failed, true);
        assert!(text.starts_with("eni-00: A: no\neni-01: B: no"));
        assert!(text.contains("and 10 more, each in the attribute failures\n\n"));
        assert!(text.ends_with("A (1 of 30): Mend A.\nB (29 of 30): Mend B."));
        assert!(failures_detail(&failed[1..], true).ends_with("\nB: Mend B."));
        assert_eq!(
            failures_detail(&failed[..20], true),
            failures_detail(&failed[..20], false)
        );
        // Without a state the attribute would have none of them.
        let text = failures_detail(&failed[..22], false);
        assert!(
            text.contains("\nand 2 more:\nB: eni-20, eni-21\n\nA (1 of 22)"),
            "{text}"
        );
        assert_eq!(
            failures_title("create", &failed, 40),
            "30 of 40 traffic mirror sessions could not be created"
        );
    }
}
