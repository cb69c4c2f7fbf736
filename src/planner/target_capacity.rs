//! How many sources a traffic mirror target takes that delivers to a network interface.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::data_table::DataTable;
use super::wildcard;

static TABLE: LazyLock<DataTable> = LazyLock::new(|| DataTable::parse(include_str!("target_capacity.txt")));

/// Sources of a target on an instance of any other type (Traffic Mirroring quotas).
const SMALL: usize = 10;
/// Sources of a target on an instance of a type that the table lists.
const LARGE: usize = 100;

/// How many sources a network interface target takes on an instance of this type. Case does not matter.
///
/// `overrides` says otherwise, by type or wildcard, since the documented list changes often; an exact type goes before a
/// wildcard, and of several wildcards the greatest number counts. Load balancer targets take any number.
pub fn sources_per_interface_target(instance_type: &str, overrides: &BTreeMap<String, usize>) -> usize {
    let instance_type = instance_type.to_lowercase();
    let matching = |pattern: &&String| wildcard::matches(&pattern.to_lowercase(), &instance_type);
    let exact = overrides
        .iter()
        .find(|(name, _)| name.to_lowercase() == instance_type);
    let overridden = exact.map(|(_, count)| *count).or_else(|| {
        let patterns = overrides.iter().filter(|(pattern, _)| matching(pattern));
        patterns.map(|(_, count)| *count).max()
    });
    overridden.unwrap_or(if TABLE.has("large", &instance_type) {
        LARGE
    } else {
        SMALL
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(TABLE.sizes(), BTreeMap::from([("date", 1), ("large", 141)]));
    }

    #[test]
    fn listed_types_take_a_hundred_and_others_ten() {
        let none = BTreeMap::new();
        for (instance_type, expected) in [
            ("m5.24xlarge", 100),
            ("M5.24XLARGE", 100),
            ("c5.18xlarge", 100),
            ("c5.24xlarge", 100),
            ("m6i.32xlarge", 100),
            ("hpc7a.12xlarge", 100),
            ("m5.12xlarge", 10),
            ("m5.metal", 10),
            ("m99.48xlarge", 10),
            ("", 10),
        ] {
            assert_eq!(
                sources_per_interface_target(instance_type, &none),
                expected,
                "{instance_type}"
            );
        }
    }

    #[test]
    fn the_table_can_be_overruled() {
        let overrides = BTreeMap::from([
            ("m99.*".into(), 100),
            ("m99.large".into(), 10),
            ("*.big".into(), 500),
        ]);
        assert_eq!(sources_per_interface_target("m99.48xlarge", &overrides), 100);
        assert_eq!(sources_per_interface_target("m99.large", &overrides), 10);
        assert_eq!(sources_per_interface_target("m99.big", &overrides), 500);
        assert_eq!(sources_per_interface_target("m5.24xlarge", &overrides), 100);
    }
}
