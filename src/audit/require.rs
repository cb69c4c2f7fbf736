//! The argument `require`: an object that may leave out attributes, which no static type says.

use std::collections::BTreeMap;

use crate::framework::{Any, AttributePath, Diagnostic, Diagnostics, Value};
use crate::planner::Requirement;

const ATTRIBUTES: [&str; 4] = [
    "traffic_mirror_target_ids",
    "traffic_mirror_filter_ids",
    "untruncated",
    "coverage_names",
];

/// What the argument says.
#[derive(Debug, Default)]
pub struct Read {
    /// None while a part of it is unknown.
    pub requirement: Option<Requirement>,
    /// What is wrong with it.
    pub problems: Diagnostics,
}

/// Reads the argument.
pub fn read(argument: &Any) -> Read {
    let mut problems = Diagnostics::new();
    let requirement = match argument.0.untyped() {
        Value::Null => Some(Requirement::default()),
        Value::Unknown => None,
        Value::Map(attributes) => read_object(attributes, &mut problems),
        _ => {
            let detail = "require is an object: { traffic_mirror_target_ids = [\u{2026}] }.";
            problem(&mut problems, detail.to_owned(), root());
            None
        }
    };
    Read {
        requirement,
        problems,
    }
}

fn root() -> AttributePath {
    AttributePath::root("require")
}

fn problem(problems: &mut Diagnostics, detail: String, path: AttributePath) {
    problems.push(Diagnostic::error("Not a requirement", detail).at(path));
}

fn read_object(attributes: &BTreeMap<String, Value>, problems: &mut Diagnostics) -> Option<Requirement> {
    for name in attributes
        .keys()
        .filter(|name| !ATTRIBUTES.contains(&name.as_str()))
    {
        let detail = format!(
            "require has no attribute {name}; it has {}.",
            ATTRIBUTES.join(", ")
        );
        problem(problems, detail, root().attribute(name));
    }
    let untruncated = match attributes.get("untruncated").map(Value::untyped) {
        None | Some(Value::Null) => Some(false),
        Some(Value::Unknown) => None,
        Some(Value::Bool(untruncated)) => Some(*untruncated),
        Some(_) => {
            let detail = "require.untruncated is true or false.";
            problem(problems, detail.to_owned(), root().attribute("untruncated"));
            None
        }
    };
    // All of them, so that every problem is told at once.
    let mut list = |name| list(attributes, name, problems);
    let targets = list("traffic_mirror_target_ids");
    let filters = list("traffic_mirror_filter_ids");
    let names = list("coverage_names");
    Some(Requirement {
        traffic_mirror_target_ids: targets?,
        traffic_mirror_filter_ids: filters?,
        untruncated: untruncated?,
        coverage_names: names?,
    })
}

/// The texts of a list; none while any is unknown. An empty list would require what nothing can be.
fn list(attributes: &BTreeMap<String, Value>, name: &str, problems: &mut Diagnostics) -> Option<Vec<String>> {
    let path = root().attribute(name);
    let elements = match attributes.get(name).map(Value::untyped) {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(Value::Unknown) => return None,
        Some(Value::List(elements)) if !elements.is_empty() => elements,
        Some(_) => {
            let detail =
                format!("require.{name} is a list with at least one text. Leave it out to require nothing.");
            problem(problems, detail, path);
            return None;
        }
    };
    let mut found = Some(Vec::new());
    for (index, element) in elements.iter().enumerate() {
        match (element.untyped(), &mut found) {
            (Value::String(text), Some(texts)) if !text.is_empty() => texts.push(text.clone()),
            (Value::String(text), None) if !text.is_empty() => {}
            (Value::Unknown, _) => found = None,
            _ => {
                let detail = format!("require.{name}[{index}] is not a text, or is empty.");
                problem(problems, detail, path.clone().index(index));
                found = None;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(entries: &[(&str, Value)]) -> Any {
        Any(Value::Map(
            entries
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        ))
    }

    fn texts(texts: &[&str]) -> Value {
        Value::List(
            texts
                .iter()
                .map(|text| Value::String((*text).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn some_of_its_attributes_are_enough() {
        let read = read(&object(&[
            ("traffic_mirror_target_ids", texts(&["tmt-1", "tmt-2"])),
            ("untruncated", Value::Bool(true)),
            ("coverage_names", Value::Null),
        ]));
        assert!(read.problems.is_empty());
        let requirement = read.requirement.unwrap();
        assert_eq!(requirement.traffic_mirror_target_ids, ["tmt-1", "tmt-2"]);
        assert!(requirement.untruncated && requirement.coverage_names.is_empty());
        assert_eq!(
            super::read(&Any::default()).requirement,
            Some(Requirement::default())
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_path() {
        let cases = [
            (object(&[("targets", texts(&["tmt-1"]))]), "require.targets"),
            (object(&[("untruncated", texts(&[]))]), "require.untruncated"),
            (
                object(&[("coverage_names", texts(&[]))]),
                "require.coverage_names",
            ),
            (
                object(&[("coverage_names", texts(&["a", ""]))]),
                "require.coverage_names[1]",
            ),
            (Any(Value::Bool(true)), "require"),
        ];
        for (argument, path) in cases {
            let problems = read(&argument).problems;
            let paths: Vec<_> = problems
                .iter()
                .filter_map(|problem| Some(problem.path.as_ref()?.to_string()))
                .collect();
            assert_eq!(paths, [path]);
        }
        let late = read(&object(&[("coverage_names", Value::Unknown)]));
        assert!(late.requirement.is_none() && late.problems.is_empty());
    }
}
