//! What of the traffic mirror targets these credentials cannot see.

use std::collections::BTreeSet;

use crate::ec2::{Action, Unseen};
use crate::framework::Diagnostic;
use crate::planner::Fleet;

/// Targets that are named before the rest is only counted.
const SHOWN: usize = 10;

/// Notes in the fleet what could not be seen, and for want of which permission.
pub fn note_unseen<'a>(fleet: &mut Fleet, unseen: impl IntoIterator<Item = &'a Unseen>) {
    for one in unseen {
        let permission = one.error.action().map(Action::iam_name).unwrap_or_default();
        fleet.note_unseen(permission, one.error.code(), &one.target_ids);
    }
}

/// The warning of it: what is unknown, and what that may lead to; none where everything is seen.
pub fn unseen_warning(fleet: &Fleet) -> Option<Diagnostic> {
    let targets: BTreeSet<&str> = fleet
        .unseen
        .values()
        .flat_map(|hidden| hidden.target_ids.iter().map(String::as_str))
        .collect();
    let refusals: Vec<String> = fleet
        .unseen
        .iter()
        .map(|(permission, hidden)| format!("{permission} ({})", hidden.code))
        .collect();
    let mut named = targets.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if targets.len() > SHOWN {
        named.push_str(&format!(" and {} more", targets.len() - SHOWN));
    }
    (!refusals.is_empty()).then(|| {
        Diagnostic::warning(
            "Some of what is behind the traffic mirror targets cannot be seen",
            format!(
                "AWS refuses {} to these credentials. So it is not known, or not wholly, which zones {named} serve and which instances \
                 receive there. A sensor that is selected is taken for a source like any other instance, and would mirror what it receives; \
                 sessions are placed without regard to unknown zones. Allow {}, or name the sensors in an exclude block.",
                refusals.join(", "),
                if refusals.len() == 1 { "it" } else { "them" },
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permission_the_code_and_the_targets_are_named() {
        let mut fleet = Fleet::default();
        assert_eq!(unseen_warning(&fleet), None);
        let targets = (10..30).map(|i| format!("tmt-{i}")).collect();
        fleet.note_unseen(
            "elasticloadbalancing:DescribeTargetHealth".into(),
            "AccessDenied",
            &targets,
        );
        let warning = unseen_warning(&fleet).unwrap();
        for part in [
            "elasticloadbalancing:DescribeTargetHealth (AccessDenied)",
            "tmt-19 and 10 more",
        ] {
            assert!(warning.detail.contains(part), "{}", warning.detail);
        }
    }
}
