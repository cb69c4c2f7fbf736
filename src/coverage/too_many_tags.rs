//! How many tags the sessions would have, where all of them are known.

use std::sync::Arc;

use super::model::CoverageModel;
use crate::framework::{AttributePath, Diagnostic, Diagnostics};
use crate::planner::{Blueprint, Fleet, IgnoredTags, MAX_TAGS};

/// More tags than EC2 takes are an error of the plan.
pub(super) fn refuse(
    planned: &CoverageModel,
    ignored: Arc<IgnoredTags>,
    fleet: &Fleet,
    diagnostics: &mut Diagnostics,
) {
    let blueprint = Blueprint {
        ignored_tags: ignored,
        ..planned.blueprint("")
    };
    let counted = fleet
        .interfaces
        .iter()
        .map(|(interface, member)| (blueprint.tag_count(interface, member), interface));
    let Some((count, interface)) = counted.max().filter(|(count, _)| *count > MAX_TAGS) else {
        return;
    };
    let detail = format!(
        "The session of {interface} would have {count} tags, and EC2 takes {MAX_TAGS}. Counted are default_tags of the provider block, \
         tags, copy_tags, mirror:coverage, mirror:coverage-id and Name. Remove {} of them.",
        count - MAX_TAGS
    );
    diagnostics.push(Diagnostic::error("Too many tags", detail).at(AttributePath::root("tags")));
}
