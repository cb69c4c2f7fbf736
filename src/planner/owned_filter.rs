//! The filter that a coverage owns when none is given: it accepts everything, in both directions.

use super::{FilterRule, MirrorFilter};

/// Traffic of each direction and address family, with the number of its rule.
const EVERYTHING: [(i64, &str); 2] = [(100, "0.0.0.0/0"), (200, "::/0")];

/// What makes a filter accept everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterRepair {
    /// Ids of rules that have no place in it; deleted first, since a number exists once in each direction.
    pub delete: Vec<String>,
    /// Rules to make; their ids are empty.
    pub create: Vec<FilterRule>,
    /// Whether the Amazon DNS server is still to be added.
    pub add_amazon_dns: bool,
    /// What was found, in words.
    pub found: Vec<String>,
}

impl FilterRepair {
    /// Whether the filter is as it should be.
    pub fn is_empty(&self) -> bool {
        self.delete.is_empty() && self.create.is_empty() && !self.add_amazon_dns
    }
}

/// Compares a filter with one that accepts everything; an empty one gives all that is to be made.
pub fn filter_repair(filter: &MirrorFilter) -> FilterRepair {
    let mut repair = FilterRepair {
        add_amazon_dns: !filter.amazon_dns,
        ..FilterRepair::default()
    };
    let mut rest: Vec<&FilterRule> = filter.rules.iter().collect();
    for egress in [false, true] {
        for (number, cidr) in EVERYTHING {
            let accepts = |rule: &&FilterRule| {
                rule.egress == egress
                    && rule.accept
                    && !rule.is_narrowed()
                    && [&rule.source_cidr, &rule.destination_cidr]
                        .iter()
                        .all(|side| *side == cidr)
            };
            match rest.iter().position(accepts) {
                Some(index) => drop(rest.remove(index)),
                None => {
                    let direction = direction(egress);
                    repair
                        .found
                        .push(format!("the {direction} rule that accepts {cidr} is missing"));
                    repair.create.push(FilterRule {
                        egress,
                        number,
                        accept: true,
                        source_cidr: cidr.to_owned(),
                        destination_cidr: cidr.to_owned(),
                        ..FilterRule::default()
                    });
                }
            }
        }
    }
    for rule in rest {
        let direction = direction(rule.egress);
        repair.found.push(format!(
            "the {direction} rule {} ({}) is not its own",
            rule.number, rule.id
        ));
        repair.delete.push(rule.id.clone());
    }
    // A rule that stays may have one of the two numbers, when somebody renumbered it.
    let stays = |rule: &&FilterRule| !repair.delete.contains(&rule.id);
    let taken: Vec<(bool, i64)> = filter
        .rules
        .iter()
        .filter(stays)
        .map(|rule| (rule.egress, rule.number))
        .collect();
    for rule in &mut repair.create {
        while taken.contains(&(rule.egress, rule.number)) {
            rule.number += 1;
        }
    }
    if repair.add_amazon_dns {
        repair
            .found
            .push("amazon-dns is not among its network services".to_owned());
    }
    repair
}

fn direction(egress: bool) -> &'static str {
    if egress { "egress" } else { "ingress" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the calls of a repair make of a filter.
    fn repaired(filter: &MirrorFilter) -> MirrorFilter {
        let repair = filter_repair(filter);
        let mut filter = filter.clone();
        filter.rules.retain(|rule| !repair.delete.contains(&rule.id));
        for rule in repair.create {
            let taken = filter
                .rules
                .iter()
                .any(|r| (r.egress, r.number) == (rule.egress, rule.number));
            assert!(!taken, "{rule:?}");
            filter.rules.push(FilterRule {
                id: format!("new-{}-{}", rule.egress, rule.number),
                ..rule
            });
        }
        filter.amazon_dns |= repair.add_amazon_dns;
        filter
    }

    fn empty() -> MirrorFilter {
        MirrorFilter {
            id: "tmf-1".into(),
            rules: Vec::new(),
            amazon_dns: false,
            tags: Default::default(),
        }
    }

    #[test]
    fn an_empty_filter_gets_both_families_both_ways_and_dns() {
        let filter = repaired(&empty());
        assert!(filter_repair(&filter).is_empty());
        assert!(filter.amazon_dns);
        let mut cidrs: Vec<_> = filter
            .rules
            .iter()
            .map(|rule| (rule.egress, rule.source_cidr.as_str()))
            .collect();
        cidrs.sort();
        assert_eq!(
            cidrs,
            [
                (false, "0.0.0.0/0"),
                (false, "::/0"),
                (true, "0.0.0.0/0"),
                (true, "::/0")
            ]
        );
    }

    #[test]
    fn every_drift_is_named_and_mended() {
        let whole = repaired(&empty());
        let changed = |change: &dyn Fn(&mut MirrorFilter)| {
            let mut filter = whole.clone();
            change(&mut filter);
            filter
        };
        let reject = FilterRule {
            id: "tmfr-x".into(),
            number: 1,
            ..FilterRule::default()
        };
        let drifted = [
            changed(&|filter| drop(filter.rules.remove(0))),
            changed(&|filter| filter.rules.push(reject.clone())),
            changed(&|filter| filter.rules[1].protocol = Some(6)),
            changed(&|filter| filter.rules[2].accept = false),
            changed(&|filter| filter.rules[3].destination_cidr = "10.0.0.0/8".into()),
            changed(&|filter| filter.amazon_dns = false),
            changed(&|filter| {
                filter.rules.remove(0);
                filter.rules[0].number = 100;
            }),
        ];
        for filter in drifted {
            let repair = filter_repair(&filter);
            assert!(!repair.is_empty() && !repair.found.is_empty());
            assert!(filter_repair(&repaired(&filter)).is_empty());
        }
        assert!(filter_repair(&whole).found.is_empty());
    }
}
