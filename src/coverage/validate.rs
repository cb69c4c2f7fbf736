//! Checks of the configuration that need no network; what is unknown is left for later.

use super::model::CoverageModel;
use super::{validate_choices as choices, validate_sessions as sessions};
use crate::framework::{AttributePath, Diagnostic, Diagnostics};
use crate::planner::{CoverageId, Fleet, MAX_SESSION_NUMBER};
use crate::provider::{check_tags, looks_like_region, not_a_region};
use crate::selection;

/// Longest name: a tag value has 256 characters, and `name@region` should fit one too.
const MAX_NAME: usize = 200;

/// Checks a configuration of `mirror_coverage`.
pub fn validate(config: &CoverageModel) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    // Core lets a required argument pass that is null by way of a variable.
    for (argument, null) in [
        ("name", config.name.is_null()),
        (
            "traffic_mirror_target_ids",
            config.traffic_mirror_target_ids.is_null(),
        ),
    ] {
        if null {
            let detail = format!("{argument} is required, and its value is null. Give it a value.");
            let missing = Diagnostic::error(format!("Missing {argument}"), detail);
            diagnostics.push(missing.at(AttributePath::root(argument)));
        }
    }
    name(config, &mut diagnostics);
    if let Some(region) = config.region.as_str().filter(|region| !looks_like_region(region)) {
        diagnostics.push(not_a_region(region).at(AttributePath::root("region")));
    }
    selecting(config, &mut diagnostics);
    let targets = AttributePath::root("traffic_mirror_target_ids");
    let no_target = config
        .traffic_mirror_target_ids
        .known()
        .is_some_and(Vec::is_empty);
    if !(no_target && is_off(config)) {
        selection::check_list(&config.traffic_mirror_target_ids, &targets, &mut diagnostics);
    }
    filter(config, &mut diagnostics);
    number(config, &mut diagnostics);
    sessions::validate(config, &mut diagnostics);
    choices::validate(config, &mut diagnostics);
    if config.description.as_str() == Some("") {
        diagnostics.push(
            Diagnostic::error(
                "Empty description",
                "EC2 has no empty description. Give a text, or leave description out to leave it alone.",
            )
            .at(AttributePath::root("description")),
        );
    }
    tags(config, &mut diagnostics);
    diagnostics
}

fn name(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    let Some(name) = config.name.as_str() else { return };
    let problem = if name.trim().is_empty() {
        "is empty"
    } else if name.chars().count() > MAX_NAME {
        "has more than 200 characters"
    } else if name.contains('@') {
        "contains @, which separates name and region in an import"
    } else if name.parse::<CoverageId>().is_ok() {
        "has the form of a coverage id, which an import could not tell from a name"
    } else {
        return;
    };
    diagnostics.push(
        Diagnostic::error(
            "Unusable name",
            format!("The name {name:?} {problem}. Give a short name such as \"prod\"."),
        )
        .at(AttributePath::root("name")),
    );
}

fn selecting(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    selection::validate("selector", &config.selector, diagnostics);
    selection::validate("exclude", &config.exclude, diagnostics);
    let path = AttributePath::root("selection");
    if config.selection.is_null() {
        if selection::is_absent(&config.selector) && !is_off(config) {
            diagnostics.push(Diagnostic::error(
                "Nothing is selected",
                "The coverage has neither a selector block nor selection, and nothing is never taken for everything. Add for \
                 example selector { tags = { Mirror = \"True\" } }.",
            ));
        }
        return;
    }
    for (block, blocks) in [("selector", &config.selector), ("exclude", &config.exclude)] {
        if !selection::is_absent(blocks) {
            diagnostics.push(
                Diagnostic::error(
                    format!("Both selection and {block}"),
                    format!(
                        "selection already says which network interfaces are mirrored. Remove the {block} block (put it into \
                         the mirror_interfaces data source), or remove selection."
                    ),
                )
                .at(AttributePath::root(block)),
            );
        }
    }
    if let Some(Err(error)) = config.selection.as_str().map(Fleet::decode) {
        diagnostics.push(
            Diagnostic::error(
                "Not a selection",
                format!(
                    "selection is not the selection of a mirror_interfaces data source: {error}. Write selection = \
                     data.mirror_interfaces.NAME.selection."
                ),
            )
            .at(path),
        );
    }
}

/// One that is switched off needs nothing to mirror and no target.
fn is_off(config: &CoverageModel) -> bool {
    config.enabled.known() == Some(&false)
}

fn filter(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    if config.traffic_mirror_filter_id.as_str() == Some("") {
        let detail = "traffic_mirror_filter_id is an empty string. Give the id of a traffic mirror filter, or leave it out for one that \
                      accepts everything.";
        let path = AttributePath::root("traffic_mirror_filter_id");
        diagnostics.push(Diagnostic::error("Empty traffic_mirror_filter_id", detail).at(path));
    }
}

fn number(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    if let Some(number) = config
        .session_number
        .known()
        .filter(|number| !(1..=MAX_SESSION_NUMBER).contains(*number))
    {
        diagnostics.push(
            Diagnostic::error(
                "Session number out of range",
                format!(
                    "{number} is not a session number: EC2 takes 1 to {MAX_SESSION_NUMBER}. The number orders the sessions of \
                     one network interface; leave it out to take the next free one on each."
                ),
            )
            .at(AttributePath::root("session_number")),
        );
    }
}

fn tags(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    if let Some(tags) = config.tags.known() {
        check_tags(tags, Some(&AttributePath::root("tags")), diagnostics);
    }
}

/// Where diagnostics point, for the tests of all checks.
#[cfg(test)]
pub(super) fn paths_of(diagnostics: &Diagnostics) -> Vec<String> {
    let path = |d: &Diagnostic| d.path.as_ref().map(ToString::to_string).unwrap_or_default();
    diagnostics.iter().map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Attr;
    use crate::selection::SelectorBlock;

    fn good() -> CoverageModel {
        let block = SelectorBlock {
            tags: Attr::Known([("Mirror".to_owned(), Attr::from("True"))].into()),
            ..Default::default()
        };
        CoverageModel {
            name: "prod".into(),
            selector: Attr::Known(vec![Attr::Known(block)]),
            traffic_mirror_target_ids: Attr::Known(vec!["tmt-1".into()]),
            traffic_mirror_filter_id: "tmf-1".into(),
            ..Default::default()
        }
    }

    fn problems(change: impl FnOnce(&mut CoverageModel)) -> Vec<String> {
        let mut model = good();
        change(&mut model);
        paths_of(&validate(&model))
    }

    #[test]
    fn the_least_configuration_is_good() {
        assert!(validate(&good()).is_empty());
    }

    #[test]
    fn each_mistake_points_at_its_argument() {
        assert_eq!(problems(|m| m.name = Attr::Null), ["name"]);
        assert_eq!(
            problems(|m| m.traffic_mirror_target_ids = Attr::Null),
            ["traffic_mirror_target_ids"]
        );
        assert_eq!(problems(|m| m.name = "".into()), ["name"]);
        assert_eq!(problems(|m| m.name = "a@b".into()), ["name"]);
        assert_eq!(problems(|m| m.name = "mc-0123456789abcdef0".into()), ["name"]);
        assert_eq!(problems(|m| m.name = "x".repeat(201).into()), ["name"]);
        assert_eq!(problems(|m| m.region = "Ireland".into()), ["region"]);
        assert_eq!(problems(|m| m.selector = Attr::Known(vec![])), [""]);
        assert_eq!(
            problems(|m| m.selection = "junk".into()),
            ["selector", "selection"]
        );
        assert_eq!(
            problems(|m| m.traffic_mirror_target_ids = Attr::Known(vec!["a".into(), "a".into()])),
            ["traffic_mirror_target_ids[1]"]
        );
        assert_eq!(
            problems(|m| m.traffic_mirror_target_ids = Attr::Known(vec![])),
            ["traffic_mirror_target_ids"]
        );
        assert_eq!(
            problems(|m| m.traffic_mirror_filter_id = "".into()),
            ["traffic_mirror_filter_id"]
        );
        for number in [0, -1, 32767] {
            assert_eq!(problems(|m| m.session_number = number.into()), ["session_number"]);
        }
        assert_eq!(problems(|m| m.description = "".into()), ["description"]);
        for key in ["", "aws:x", "mirror:coverage"] {
            let tags = [(key.to_owned(), Attr::from("v"))].into();
            assert_eq!(
                problems(|m| m.tags = Attr::Known(tags)),
                [format!("tags[{key:?}]")]
            );
        }
    }

    #[test]
    fn one_that_is_switched_off_needs_nothing_to_mirror_and_no_target() {
        let bare = |m: &mut CoverageModel| {
            m.selector = Attr::Known(vec![]);
            m.traffic_mirror_target_ids = Attr::Known(vec![]);
        };
        assert_eq!(problems(bare), ["", "traffic_mirror_target_ids"]);
        for (enabled, expected) in [
            (Attr::Known(false), 0),
            (Attr::Known(true), 2),
            (Attr::Unknown, 2),
        ] {
            let found = problems(|m| {
                bare(m);
                m.enabled = enabled;
            });
            assert_eq!(found.len(), expected, "{found:?}");
        }
    }

    #[test]
    fn unknown_values_are_left_for_later() {
        let all_unknown = |m: &mut CoverageModel| {
            m.selector = Attr::Unknown;
            m.traffic_mirror_target_ids = Attr::Unknown;
            m.traffic_mirror_filter_id = Attr::Unknown;
            m.session_number = Attr::Unknown;
            m.tags = Attr::Unknown;
            m.name = Attr::Unknown;
        };
        assert!(problems(all_unknown).is_empty());
        assert!(problems(|m| m.selection = Attr::Unknown).contains(&"selector".to_owned()));
    }
}
