//! The argument `override`: an object that may leave out attributes, which no static type says.

use std::collections::BTreeMap;

use crate::framework::{Any, AttributePath, Diagnostic, Diagnostics, Value};
use crate::planner::Override;

const ATTRIBUTES: [&str; 4] = ["target_tag", "target_ids", "filter_tag", "filter_ids"];

/// What the argument says.
#[derive(Debug, Default)]
pub struct Read {
    /// None while a part of it is unknown that every session depends on; a target may be.
    pub rule: Option<Override>,
    /// What is wrong with it.
    pub problems: Diagnostics,
}

/// Reads the argument.
pub fn read(argument: &Any) -> Read {
    let root = AttributePath::root("override");
    let mut read = Read::default();
    match argument.0.untyped() {
        Value::Null => read.rule = Some(Override::default()),
        Value::Unknown => {}
        Value::Map(attributes) => read_object(attributes, &root, &mut read),
        _ => {
            let detail =
                "override is an object: { target_tag = \"Mirror-Target\", target_ids = [\u{2026}] }.";
            problem(&mut read.problems, detail.to_owned(), root);
        }
    }
    read
}

fn problem(problems: &mut Diagnostics, detail: String, path: AttributePath) {
    problems.push(Diagnostic::error("Not an override", detail).at(path));
}

fn read_object(attributes: &BTreeMap<String, Value>, root: &AttributePath, read: &mut Read) {
    for name in attributes
        .keys()
        .filter(|name| !ATTRIBUTES.contains(&name.as_str()))
    {
        let detail = format!(
            "override has no attribute {name}; it has {}.",
            ATTRIBUTES.join(", ")
        );
        problem(&mut read.problems, detail, root.clone().attribute(name));
    }
    let target_tag = text(attributes, "target_tag", root, &mut read.problems);
    let filter_tag = text(attributes, "filter_tag", root, &mut read.problems);
    let (target_ids, unknown_target_ids) = list(attributes, "target_ids", root, &mut read.problems);
    let (filter_ids, unknown_filter_ids) = list(attributes, "filter_ids", root, &mut read.problems);
    let (Ok(target_tag), Ok(filter_tag), false) = (target_tag, filter_tag, unknown_filter_ids) else {
        return;
    };
    let halves = [
        (
            "target_tag",
            target_tag.is_some(),
            "target_ids",
            !target_ids.is_empty() || unknown_target_ids,
        ),
        (
            "filter_tag",
            filter_tag.is_some(),
            "filter_ids",
            !filter_ids.is_empty(),
        ),
    ];
    for (tag, has_tag, ids, has_ids) in halves {
        if has_tag != has_ids {
            let detail = format!("{tag} and {ids} belong together: the tag picks among the ids. Set both.");
            problem(
                &mut read.problems,
                detail,
                root.clone().attribute(if has_tag { ids } else { tag }),
            );
        }
    }
    if target_tag.is_none() && filter_tag.is_none() && read.problems.is_empty() {
        let detail = "override needs target_tag with target_ids, or filter_tag with filter_ids. Set them, or leave override out.";
        problem(&mut read.problems, detail.to_owned(), root.clone());
    }
    read.rule = Some(Override {
        target_tag,
        target_ids,
        unknown_target_ids,
        filter_tag,
        filter_ids,
    });
}

/// A text that may be left out; an error while it is unknown.
fn text(
    attributes: &BTreeMap<String, Value>,
    name: &str,
    root: &AttributePath,
    problems: &mut Diagnostics,
) -> Result<Option<String>, ()> {
    match attributes.get(name).map(Value::untyped) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Unknown) => Err(()),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => {
            let detail = format!("override.{name} is the key of a tag, a text that is not empty.");
            problem(problems, detail, root.clone().attribute(name));
            Ok(None)
        }
    }
}

/// The known ids of a list, and whether there are unknown ones.
fn list(
    attributes: &BTreeMap<String, Value>,
    name: &str,
    root: &AttributePath,
    problems: &mut Diagnostics,
) -> (Vec<String>, bool) {
    let path = root.clone().attribute(name);
    let elements = match attributes.get(name).map(Value::untyped) {
        None | Some(Value::Null) => return (Vec::new(), false),
        Some(Value::Unknown) => return (Vec::new(), true),
        Some(Value::List(elements)) => elements,
        Some(_) => {
            problem(problems, format!("override.{name} is a list of ids."), path);
            return (Vec::new(), false);
        }
    };
    let mut ids = Vec::new();
    let mut unknown = false;
    for (index, element) in elements.iter().enumerate() {
        match element.untyped() {
            Value::Unknown => unknown = true,
            Value::String(id) if !id.is_empty() && !ids.contains(id) => ids.push(id.clone()),
            _ => {
                let detail = format!("override.{name}[{index}] is not an id, or stands in the list twice.");
                problem(problems, detail, path.clone().index(index));
            }
        }
    }
    (ids, unknown)
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

    fn ids(ids: &[&str]) -> Value {
        Value::List(ids.iter().map(|id| (*id).into()).collect())
    }

    #[test]
    fn attributes_may_be_left_out() {
        let read_rule = |argument: &Any| {
            let read = read(argument);
            assert!(read.problems.is_empty(), "{:?}", read.problems);
            read.rule
        };
        assert_eq!(read_rule(&Any::default()), Some(Override::default()));
        let target = object(&[("target_tag", "T".into()), ("target_ids", ids(&["a", "b"]))]);
        let rule = read_rule(&target).unwrap();
        assert_eq!(
            (rule.target_tag.as_deref(), rule.target_ids),
            (Some("T"), vec!["a".into(), "b".into()])
        );
        let filter = object(&[
            ("filter_tag", "F".into()),
            ("filter_ids", ids(&["c"])),
            ("target_tag", Value::Null),
        ]);
        assert_eq!(read_rule(&filter).unwrap().filter_ids, ["c"]);
    }

    #[test]
    fn a_target_may_be_unknown_and_nothing_else() {
        let some = Value::List(vec!["a".into(), Value::Unknown]);
        let rule = read(&object(&[
            ("target_tag", "T".into()),
            ("target_ids", some.clone()),
        ]))
        .rule
        .unwrap();
        assert!(rule.unknown_target_ids && rule.target_ids == ["a"]);
        assert!(
            read(&object(&[("filter_tag", "F".into()), ("filter_ids", some)]))
                .rule
                .is_none()
        );
        assert!(read(&Any(Value::Unknown)).rule.is_none());
        assert!(
            read(&object(&[
                ("target_tag", Value::Unknown),
                ("target_ids", ids(&["a"]))
            ]))
            .rule
            .is_none()
        );
    }

    #[test]
    fn each_mistake_points_at_its_place() {
        for (argument, path) in [
            (Any("text".into()), "override"),
            (object(&[]), "override"),
            (object(&[("target", "T".into())]), "override.target"),
            (object(&[("target_tag", "T".into())]), "override.target_ids"),
            (object(&[("filter_ids", ids(&["a"]))]), "override.filter_tag"),
            (
                object(&[("target_tag", "".into()), ("target_ids", ids(&["a"]))]),
                "override.target_tag",
            ),
            (
                object(&[("target_tag", "T".into()), ("target_ids", "a".into())]),
                "override.target_ids",
            ),
            (
                object(&[("target_tag", "T".into()), ("target_ids", ids(&["a", "a"]))]),
                "override.target_ids[1]",
            ),
        ] {
            let problems = read(&argument).problems;
            let first = problems.iter().next().and_then(|problem| problem.path.clone());
            assert_eq!(first.map(|path| path.to_string()).as_deref(), Some(path));
        }
    }
}
