//! Which instance types can be the source of a traffic mirror session, by AWS's documentation.
//!
//! Neither `hypervisor = nitro` nor the older list of what is *not* supported decides it: since 2025-08-28 the Traffic
//! Mirroring guide names the families. What it does not name is tried, since new families come faster than tables.

use std::sync::LazyLock;

use strum::Display;

use super::data_table::DataTable;

static TABLE: LazyLock<DataTable> = LazyLock::new(|| DataTable::parse(include_str!("instance_types.txt")));

/// What the documentation says of an instance type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Display)]
#[strum(serialize_all = "snake_case")]
pub enum Support {
    Supported,
    Unsupported,
    /// On no list: worth trying, EC2 judges.
    Unknown,
}

/// Whether interfaces of this instance type can be mirrored, and why, in words. Case does not matter.
pub fn instance_type_support(instance_type: &str) -> (Support, String) {
    let lower = instance_type.to_lowercase();
    let date = instance_types_date();
    let Some((family, size)) = lower
        .split_once('.')
        .filter(|(family, size)| !family.is_empty() && !size.is_empty())
    else {
        return (
            Support::Unknown,
            format!("{instance_type:?} is not of the form FAMILY.SIZE"),
        );
    };
    let is_metal = size == "metal" || size.starts_with("metal-");
    let (support, why) = if is_metal {
        metal_support(family)
    } else {
        virtual_support(family)
    };
    let kind = if is_metal { "bare metal " } else { "" };
    (
        support,
        format!("{kind}family {family} {why} (AWS documentation of {date})"),
    )
}

/// Date of the documentation that [`instance_type_support`] speaks for, for example `2025-08-28`.
pub fn instance_types_date() -> &'static str {
    TABLE.first("date")
}

fn virtual_support(family: &str) -> (Support, &'static str) {
    if TABLE.has("virtual", family) {
        (Support::Supported, "is listed as a traffic mirror source")
    } else if TABLE.has("earlier", family) {
        (
            Support::Supported,
            "is among the non-Nitro families that an earlier edition admits",
        )
    } else if TABLE.has("excluded", family) {
        (
            Support::Unsupported,
            "is not built on Nitro and not among the exceptions",
        )
    } else {
        (Support::Unknown, "is on no list of supported families")
    }
}

fn metal_support(family: &str) -> (Support, &'static str) {
    if TABLE.has("metal", family) {
        (Support::Supported, "is listed as a traffic mirror source")
    } else if TABLE.has("virtual", family) || TABLE.has("earlier", family) || TABLE.has("excluded", family) {
        // The guide knows the family and leaves its bare metal out: "only Nitro v2".
        (
            Support::Unsupported,
            "is not among the bare metal families that are listed as a traffic mirror source",
        )
    } else {
        (Support::Unknown, "is on no list of supported families")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(
            TABLE.sizes(),
            BTreeMap::from([
                ("date", 1),
                ("virtual", 126),
                ("metal", 23),
                ("earlier", 2),
                ("excluded", 16),
            ])
        );
        for key in ["earlier", "excluded"] {
            for family in ["t2", "g3s", "p2", "r3"] {
                assert!(
                    !(TABLE.has(key, family) && TABLE.has("virtual", family)),
                    "{family}"
                );
            }
        }
    }

    #[test]
    fn each_kind_of_answer() {
        use Support::{Supported, Unknown, Unsupported};
        for (instance_type, expected) in [
            ("m5.large", Supported),
            ("M5.Large", Supported),
            ("c7i-flex.large", Supported),
            ("m6i.32xlarge", Supported),
            ("u7in-16tb.224xlarge", Supported),
            ("z1d.large", Supported),
            ("t3.micro", Supported),
            ("p2.xlarge", Supported),
            ("g3s.xlarge", Supported),
            ("x1e.xlarge", Supported),
            ("mac1.metal", Supported),
            ("mac2-m2pro.metal", Supported),
            ("m5.metal", Supported),
            ("g5g.metal", Supported),
            ("c5n.metal", Unsupported),
            ("m6i.metal", Unsupported),
            ("u-6tb1.metal", Unsupported),
            ("m7i.metal-24xl", Unsupported),
            ("t2.micro", Unsupported),
            ("m3.large", Unsupported),
            ("r3.8xlarge", Unsupported),
            ("m8g.large", Unknown),
            ("m8g.metal-24xl", Unknown),
            ("c7gn.large", Unknown),
            ("hpc7g.4xlarge", Unknown),
            ("i7ie.large", Unknown),
            ("p5en.48xlarge", Unknown),
            ("trn2.48xlarge", Unknown),
            // A family is compared whole: neither a prefix nor a longer name of a listed one.
            ("m.large", Unknown),
            ("m5x.large", Unknown),
            ("mac2-m4.metal", Unknown),
            ("", Unknown),
            ("m5", Unknown),
            ("m5.", Unknown),
            (".metal", Unknown),
        ] {
            let (support, why) = instance_type_support(instance_type);
            assert_eq!(support, expected, "{instance_type}: {why}");
        }
    }

    #[test]
    fn the_answer_says_why_and_of_when() {
        let (_, why) = instance_type_support("t2.micro");
        assert_eq!(
            why,
            "family t2 is not built on Nitro and not among the exceptions (AWS documentation of 2025-08-28)"
        );
        assert!(
            instance_type_support("c5n.metal")
                .1
                .starts_with("bare metal family c5n ")
        );
    }
}
