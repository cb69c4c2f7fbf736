//! The warning of sessions that another create of the same name is making, or left behind, where nobody here can look.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::model::CoverageModel;
use crate::framework::Diagnostic;
use crate::planner::Fleet;

/// Names the objects, and says what to do if their create was killed. `exists`: the coverage that is planned has a state.
pub fn warning(fleet: &Fleet, exists: bool, planned: &CoverageModel) -> Option<Diagnostic> {
    let (first, until) = fleet.in_the_making.first_key_value()?;
    let name = planned.name.known()?;
    let all: Vec<String> = fleet
        .in_the_making
        .iter()
        .map(|(id, until)| format!("{id} (until {})", at(*until)))
        .collect();
    let at_once = match exists {
        true => String::new(),
        false => format!(" To have it at once: terraform import ADDRESS {first}."),
    };
    let detail = format!(
        "Sessions are marked as being made for {name:?} by a process that cannot be seen from here, on another machine or in another \
         container: {}. They are left alone until then. If that create goes on, give one of the two coverages another name. If it was \
         killed, a plan after {} takes over what it left, and removes what is double by then.{at_once}",
        all.join(", "),
        at(*until)
    );
    Some(Diagnostic::warning(
        "Another create of this coverage may still run",
        detail,
    ))
}

fn at(seconds: u64) -> String {
    let time = i64::try_from(seconds)
        .ok()
        .map(OffsetDateTime::from_unix_timestamp);
    let text = time.and_then(|time| time.ok()?.format(&Rfc3339).ok());
    text.unwrap_or_else(|| "an unknown time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_as_everywhere() {
        assert_eq!(at(1_764_000_000), "2025-11-24T16:00:00Z");
        assert_eq!(at(u64::MAX), "an unknown time");
    }
}
