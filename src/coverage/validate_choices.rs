//! Checks of the arguments that choose how a plan is made: words, limits, times, and what is adopted.

use strum::IntoEnumIterator;

use super::model::CoverageModel;
use super::override_argument;
use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics};
use crate::planner::{Limit, Placement};
use crate::selection;

/// Checks what is known.
pub fn validate(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    let placements = Placement::iter()
        .map(|placement| placement.to_string())
        .collect::<Vec<_>>();
    let choices = [
        (
            "on_ineligible",
            &config.on_ineligible,
            vec!["skip".to_owned(), "error".to_owned()],
        ),
        ("placement", &config.placement, placements),
    ];
    for (argument, value, allowed) in choices {
        if let Some(other) = value
            .as_str()
            .filter(|text| !allowed.iter().any(|choice| choice == text))
        {
            let allowed: Vec<String> = allowed.iter().map(|choice| format!("{choice:?}")).collect();
            let detail = format!("{other:?} is not a choice. Use {}.", allowed.join(" or "));
            let path = AttributePath::root(argument);
            diagnostics.push(Diagnostic::error(format!("Unknown {argument}"), detail).at(path));
        }
    }
    diagnostics.extend(override_argument::read(&config.override_rule).problems);
    adopt(config, diagnostics);
    timeouts(config, diagnostics);
    limits(config, diagnostics);
}

fn adopt(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    for (name, list) in config.adopt.known().into_iter().flatten() {
        let path = AttributePath::root("adopt").key(name);
        if !["descriptions", "coverage_names"].contains(&name.as_str()) {
            let detail = format!("There is no {name:?} in adopt; it has descriptions and coverage_names.");
            diagnostics.push(Diagnostic::error("Not a way to adopt", detail).at(path));
            continue;
        }
        selection::check_list(list, &path, diagnostics);
        let everything = |text: &&Attr<String>| {
            text.as_str()
                .is_some_and(|text| !text.is_empty() && text.chars().all(|c| c == '*'))
        };
        if list
            .known()
            .is_some_and(|list| list.iter().any(|text| everything(&text)))
        {
            let detail = format!(
                "{path} means every session of the account, which is never meant. Give a narrower pattern."
            );
            diagnostics.push(Diagnostic::error("Too much to adopt", detail).at(path));
        }
    }
    let own = config
        .adopt
        .known()
        .and_then(|lists| lists.get("coverage_names"))
        .and_then(Attr::known);
    if own.is_some_and(|names| config.name.is_known() && names.contains(&config.name)) {
        let path = AttributePath::root("adopt").key("coverage_names");
        let detail = "adopt.coverage_names has the name of this coverage itself. Sessions of a lost state are imported instead: terraform \
                      import ADDRESS NAME.";
        diagnostics.push(Diagnostic::error("A coverage cannot adopt its own sessions", detail).at(path));
    }
}

fn timeouts(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    let Some(timeouts) = config.timeouts.known() else {
        return;
    };
    let times = [
        ("create", &timeouts.create),
        ("update", &timeouts.update),
        ("delete", &timeouts.delete),
    ];
    for (name, time) in times {
        let Some(text) = time.as_str() else { continue };
        if humantime::parse_duration(text).is_ok_and(|time| !time.is_zero()) {
            continue;
        }
        let detail =
            format!("timeouts.{name} is {text:?}. Write a time such as \"90s\", \"20m\" or \"1h30m\".");
        let path = AttributePath::root("timeouts").attribute(name);
        diagnostics.push(Diagnostic::error("Not a time", detail).at(path));
    }
}

fn limits(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    for (name, value) in config.limits.known().into_iter().flatten() {
        let path = AttributePath::root("limits").key(name);
        let problem = match (name.as_str(), value) {
            (_, Attr::Unknown) => continue,
            ("max_sessions" | "max_creates" | "max_deletes", Attr::Known(text)) => {
                match text.parse::<Limit>() {
                    Ok(_) => continue,
                    Err(error) => error.to_string(),
                }
            }
            ("max_sources_per_target", Attr::Known(text)) if text.parse::<usize>().is_ok_and(|n| n > 0) => continue,
            ("max_sources_per_target", _) => "it is a whole number, at least 1".to_owned(),
            ("allow_empty", Attr::Known(text)) if ["true", "false"].contains(&text.as_str()) => continue,
            ("allow_empty", _) => "allow_empty is true or false".to_owned(),
            ("max_sessions" | "max_creates" | "max_deletes", Attr::Null) => {
                "its value is null; leave the key out for no limit".to_owned()
            }
            _ => "there is no such limit; there are max_sessions, max_creates, max_deletes, max_sources_per_target and allow_empty"
                .to_owned(),
        };
        diagnostics.push(Diagnostic::error("Not a limit", format!("In {path}, {problem}.")).at(path));
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::TimeoutsBlock;
    use super::super::validate::paths_of;
    use super::*;

    fn problems(change: impl FnOnce(&mut CoverageModel)) -> Vec<String> {
        let mut model = CoverageModel::default();
        change(&mut model);
        let mut diagnostics = Diagnostics::new();
        validate(&model, &mut diagnostics);
        paths_of(&diagnostics)
    }

    #[test]
    fn each_mistake_points_at_its_argument() {
        assert!(problems(|_| {}).is_empty());
        assert_eq!(problems(|m| m.on_ineligible = "stop".into()), ["on_ineligible"]);
        assert_eq!(problems(|m| m.placement = "same".into()), ["placement"]);
        for placement in ["prefer_same_az", "same_az", "balanced"] {
            assert!(
                problems(|m| m.placement = placement.into()).is_empty(),
                "{placement}"
            );
        }
        for (name, value) in [
            ("max_deletes", "ten"),
            ("max_delete", "10"),
            ("allow_empty", "yes"),
        ] {
            let limits = [(name.to_owned(), Attr::from(value))].into();
            assert_eq!(
                problems(|m| m.limits = Attr::Known(limits)),
                [format!("limits[{name:?}]")]
            );
        }
        for (time, good) in [
            ("90s", true),
            ("1h30m", true),
            ("20m", true),
            ("0s", false),
            ("soon", false),
            ("5", false),
        ] {
            let timeouts = TimeoutsBlock {
                update: time.into(),
                ..Default::default()
            };
            let found = problems(|m| m.timeouts = timeouts.into());
            assert_eq!(found.is_empty(), good, "{time}");
            assert!(good || found == ["timeouts.update"]);
        }
    }

    #[test]
    fn what_is_adopted_is_narrow_and_not_its_own() {
        let adopt = |name: &str, pattern: &str| {
            let lists = [(name.to_owned(), Attr::Known(vec![pattern.into()]))].into();
            problems(|m| {
                m.name = "prod".into();
                m.adopt = Attr::Known(lists);
            })
        };
        assert!(adopt("descriptions", "Created by *").is_empty());
        assert!(adopt("coverage_names", "old").is_empty());
        assert_eq!(adopt("coverage_names", "prod"), ["adopt[\"coverage_names\"]"]);
        assert_eq!(adopt("descriptions", "**"), ["adopt[\"descriptions\"]"]);
        assert_eq!(adopt("names", "old"), ["adopt[\"names\"]"]);
        assert_eq!(adopt("descriptions", ""), ["adopt[\"descriptions\"][0]"]);
    }
}
