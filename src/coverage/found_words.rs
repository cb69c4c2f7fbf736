//! What an import leaves as it is, in words.

use std::collections::{BTreeMap, BTreeSet};

use crate::planner::{AsFound, Fleet, Skip};

/// What is left as it is, and until when.
pub(super) fn in_words(fleet: &Fleet, against_the_rules: &BTreeMap<String, Skip>) -> Vec<String> {
    let of = |(interface, found): (&String, &AsFound)| {
        let mut parts = Vec::new();
        if let Some(filter) = &found.traffic_mirror_filter_id {
            parts.push(format!(
                "its session has the filter {filter}, until traffic_mirror_filter_id or override is changed"
            ));
        }
        if let Some(length) = found.packet_length {
            parts.push(format!(
                "{length} bytes of each packet are mirrored, until packet_length is set"
            ));
        }
        if !found.tag_keys.is_empty() {
            let keys = joined(&found.tag_keys, ", ");
            parts.push(format!("tags that are neither written nor removed: {keys}"));
        }
        if let Some(skip) = against_the_rules.get(interface) {
            parts.push(format!(
                "{}: {}; its session stays while the selector is this one",
                skip.reason, skip.detail
            ));
        }
        for id in &found.second_session_ids {
            parts.push(format!(
                "{id} is a second session of this coverage, which stays while the selector is this one"
            ));
        }
        format!("{interface}: {}", parts.join("; "))
    };
    let filter = &fleet.filter_as_found;
    let mut lines: Vec<String> = fleet.as_found.iter().map(of).collect();
    if !filter.rules.is_empty() {
        lines.push(format!(
            "{}, the coverage's own filter: {}; its rules stay so until they change again or traffic_mirror_filter_id is set",
            filter.id,
            joined(&filter.rules, "; ")
        ));
    }
    if !filter.tag_keys.is_empty() {
        lines.push(format!(
            "{}, the coverage's own filter: tags that are not removed: {}",
            filter.id,
            joined(&filter.tag_keys, ", ")
        ));
    }
    lines
}

fn joined(texts: &BTreeSet<String>, between: &str) -> String {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    texts.join(between)
}
