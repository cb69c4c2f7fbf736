//! The one definition of `mirror_remove`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::criterion::Criterion;
use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics};
use crate::provider::check_regions;
use crate::selection;

/// Deletes traffic mirror sessions, chosen by the coverage that made them, by their description, or because they mirror nothing any
/// more. It looks at the account anew when it runs and deletes only what is chosen then. A session that no coverage made is deleted only
/// where `descriptions` names it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RemoveModel {
    /// Names of coverages whose sessions are to go, with the wildcards `*` and `?`. Left out, no coverage is named.
    pub coverage_names: Attr<Vec<Attr<String>>>,
    /// Descriptions of sessions that no coverage owns and that are to go, with the wildcards `*` and `?`. Left out, none of
    /// them goes.
    pub descriptions: Attr<Vec<Attr<String>>>,
    /// Whether only sessions go whose target is gone, or whose network interface is gone or attached to nothing. Alone it means those of
    /// every coverage; beside `coverage_names` or `descriptions`, those among what they name. Defaults to `false`.
    pub orphans_only: Attr<bool>,
    /// Regions that are looked in. Defaults to that of the provider block.
    pub regions: Attr<Vec<Attr<String>>>,
    /// At most as many sessions may go, 0 or more; if it would be more, none goes. Defaults to any number.
    pub max_deletes: Attr<i64>,
}

impl RemoveModel {
    /// Judges the arguments as far as they are known.
    pub fn validate(&self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        for (list, name) in [
            (&self.coverage_names, "coverage_names"),
            (&self.descriptions, "descriptions"),
            (&self.regions, "regions"),
        ] {
            selection::check_list(list, &AttributePath::root(name), &mut diagnostics);
        }
        check_regions(&self.regions, &mut diagnostics);
        if let Some(number) = self.max_deletes.known().filter(|number| **number < 0) {
            let detail =
                format!("max_deletes is {number}. Give the number of sessions that may go, or leave it out.");
            let path = AttributePath::root("max_deletes");
            diagnostics.push(Diagnostic::error("A negative number of sessions", detail).at(path));
        }
        if self.criterion().is_some_and(|criterion| criterion.is_empty()) {
            diagnostics.error(
                "Nothing says which sessions are to go",
                "mirror_remove has none of coverage_names, descriptions and orphans_only = true. Without one it would mean every \
                 session, so it means none. Give one of them.",
            );
        }
        diagnostics
    }

    /// What is to go; none while any of it is unknown.
    pub fn criterion(&self) -> Option<Criterion> {
        let list = |list: &Attr<Vec<Attr<String>>>| match list {
            Attr::Unknown => None,
            Attr::Null => Some(Vec::new()),
            Attr::Known(items) => items
                .iter()
                .filter(|item| !matches!(item, Attr::Null))
                .map(|item| item.known().cloned())
                .collect(),
        };
        let orphans_only = match &self.orphans_only {
            Attr::Unknown => return None,
            value => value.known().copied().unwrap_or_default(),
        };
        Some(Criterion {
            coverage_names: list(&self.coverage_names)?,
            descriptions: list(&self.descriptions)?,
            orphans_only,
        })
    }

    /// The regions to look in, `None` being the provider's; none while any of it is unknown.
    pub fn places(&self) -> Option<Vec<Option<String>>> {
        match &self.regions {
            Attr::Unknown => None,
            Attr::Null => Some(vec![None]),
            Attr::Known(regions) => regions
                .iter()
                .map(|region| Some(Some(region.known()?.clone())))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Attr<Vec<Attr<String>>> {
        Attr::Known(items.iter().map(|item| Attr::from(*item)).collect())
    }

    fn titles(model: &RemoveModel) -> Vec<String> {
        let diagnostics = model.validate();
        diagnostics.iter().map(|found| found.summary.clone()).collect()
    }

    #[test]
    fn an_empty_criterion_is_refused_and_an_unknown_one_waits() {
        let nothing = "Nothing says which sessions are to go";
        assert_eq!(titles(&RemoveModel::default()), [nothing]);
        let model = RemoveModel {
            orphans_only: false.into(),
            ..RemoveModel::default()
        };
        assert_eq!(titles(&model), [nothing]);
        for model in [
            RemoveModel {
                orphans_only: true.into(),
                ..RemoveModel::default()
            },
            RemoveModel {
                coverage_names: list(&["prod"]),
                ..RemoveModel::default()
            },
            RemoveModel {
                descriptions: Attr::Unknown,
                ..RemoveModel::default()
            },
        ] {
            assert_eq!(titles(&model), Vec::<String>::new());
        }
        let model = RemoveModel {
            descriptions: list(&[""]),
            max_deletes: (-1).into(),
            regions: list(&["here"]),
            ..RemoveModel::default()
        };
        assert_eq!(model.validate().len(), 3);
    }
}
