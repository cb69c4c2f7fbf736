//! The zones in which sources are.

use std::collections::{BTreeMap, BTreeSet};

/// Zones by name and by id: load balancers know only names, and those differ between accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceZones {
    /// Ids by name, as far as they are known.
    pub ids: BTreeMap<String, String>,
    /// Whether no source is in a further zone, or in one that is not known.
    pub are_all: bool,
}

impl SourceZones {
    /// The ids of the zones with these names, if the sources are in no others.
    pub fn if_all_in<'a>(&self, names: impl Iterator<Item = Option<&'a str>>) -> Option<BTreeSet<String>> {
        let found: BTreeSet<&str> = names.flatten().collect();
        let is_found = |name: &String| found.contains(name.as_str());
        let covers = self.are_all && !self.ids.is_empty() && self.ids.keys().all(is_found);
        covers.then(|| self.ids.values().cloned().collect())
    }

    /// What tells the zone with this name, where something receives, from those of the sources: its id, or its name where no source is.
    pub fn of_target(&self, name: &str) -> Option<String> {
        let id = self.ids.get(name).cloned();
        id.or_else(|| (self.are_all && !self.ids.is_empty()).then(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sources_are_in_these_zones_or_it_is_not_said() {
        let zones = |names: &[&str], are_all| SourceZones {
            ids: names
                .iter()
                .map(|name| (name.to_string(), format!("id-{name}")))
                .collect(),
            are_all,
        };
        let of = |zones: SourceZones, names: &[&str]| {
            zones.if_all_in(names.iter().copied().map(Some).chain([None]))
        };
        let ids = Some(BTreeSet::from(["id-a".to_owned()]));
        assert_eq!(
            of(zones(&["a"], true), &["a", "b"]),
            ids,
            "a zone without sources does not matter"
        );
        assert_eq!(of(zones(&["a", "c"], true), &["a", "b"]), None);
        assert_eq!(
            of(zones(&["a"], false), &["a", "b"]),
            None,
            "some source may be elsewhere"
        );
        assert_eq!(
            of(zones(&[], true), &["a"]),
            None,
            "nothing is known of no source"
        );
    }

    #[test]
    fn a_zone_without_sources_needs_no_id() {
        let zones = |ids: &[(&str, &str)], are_all| SourceZones {
            ids: ids
                .iter()
                .map(|(name, id)| (name.to_string(), id.to_string()))
                .collect(),
            are_all,
        };
        let one = zones(&[("a", "id-a")], true);
        assert_eq!(one.of_target("a").as_deref(), Some("id-a"));
        assert_eq!(
            one.of_target("b").as_deref(),
            Some("b"),
            "no source has a name for its id"
        );
        let some = zones(&[("a", "id-a")], false);
        assert_eq!(some.of_target("a").as_deref(), Some("id-a"));
        assert_eq!(some.of_target("b"), None, "a source may be there");
        assert_eq!(zones(&[], true).of_target("a"), None);
    }
}
