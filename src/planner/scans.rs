//! From selectors to what EC2 is asked: as much as its filters can judge, and never less than the selectors mean.

use std::collections::BTreeMap;

use super::{EC2_DEFAULT_STATES, Filter, Interface, Selector, TagSource};

/// Sets of filters, each of one scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scans {
    /// Of DescribeInstances.
    pub instances: Vec<Vec<Filter>>,
    /// Of DescribeNetworkInterfaces.
    pub network_interfaces: Vec<Vec<Filter>>,
    /// Whether interfaces are found that only DescribeInstances tells of: it does not say which of them a service manages.
    pub lacks_requesters: bool,
}

/// The distinct scans that find every interface that the selectors mean, with what the exclusions have to know of it.
pub fn scans(selectors: &[Selector], excludes: &[Selector]) -> Scans {
    let mut scans = Scans::default();
    for selector in selectors {
        selector.add_scans(&mut scans);
    }
    if !selectors.is_empty() {
        let by_tag = excludes.iter().filter(|exclude| exclude.reads_interface_tags());
        scans
            .network_interfaces
            .extend(by_tag.map(|exclude| exclude.interface_filters("")));
    }
    for sets in [&mut scans.instances, &mut scans.network_interfaces] {
        sets.sort();
        sets.dedup();
    }
    scans
}

/// One list of what both kinds of scans found. DescribeInstances tells more of an interface, DescribeNetworkInterfaces its tags and
/// who manages it.
pub fn joined<'a>(
    of_instances: impl IntoIterator<Item = &'a Interface>,
    network_interfaces: impl IntoIterator<Item = &'a Interface>,
) -> Vec<Interface> {
    let by_id = |interface: &Interface| (interface.id.clone(), interface.clone());
    let mut found: BTreeMap<String, Interface> = of_instances.into_iter().map(by_id).collect();
    for told in network_interfaces {
        match found.get_mut(&told.id) {
            Some(known) => {
                known.tags = told.tags.clone();
                note_requester(known, told);
                known.availability_zone_id = known
                    .availability_zone_id
                    .take()
                    .or_else(|| told.availability_zone_id.clone());
            }
            None => drop(found.insert(told.id.clone(), told.clone())),
        }
    }
    found.into_values().collect()
}

/// Notes of the interfaces in `found` who manages them, as `told` has it; both are in order of their ids.
pub fn note_requesters(found: &mut [Interface], told: &[Interface]) {
    for told in told {
        if let Ok(index) = found.binary_search_by(|known| known.id.cmp(&told.id)) {
            note_requester(&mut found[index], told);
        }
    }
}

fn note_requester(known: &mut Interface, told: &Interface) {
    known.requester_managed = told.requester_managed;
    known.requester_id = told.requester_id.clone();
    known.operator = known.operator.take().or_else(|| told.operator.clone());
}

/// The same block as if it read the tags of instances, if it reads those of interfaces: to tell a user who looked in the wrong place.
pub fn by_instance_tags(selector: &Selector) -> Option<Selector> {
    (!selector.tags.is_empty() && selector.tag_source == TagSource::NetworkInterface).then(|| Selector {
        tag_source: TagSource::Instance,
        ..selector.clone()
    })
}

impl Selector {
    /// Whether the block asks for something that only instances have.
    fn asks_of_instances(&self) -> bool {
        !(self.instance_ids.is_empty()
            && self.instance_types.is_empty()
            && self.instance_state_names.is_empty())
            || !self.tags.is_empty() && self.tag_source != TagSource::NetworkInterface
    }

    /// Whether the block reads the interfaces' own tags.
    fn reads_interface_tags(&self) -> bool {
        !self.tags.is_empty() && self.tag_source != TagSource::Instance
    }

    /// Adds to `scans` what finds every interface that [`Selector::matches`]: the part of the block that EC2 can judge; the rest is
    /// judged here.
    fn add_scans(&self, scans: &mut Scans) {
        let by_instance = self.asks_of_instances();
        if by_instance && (self.tags.is_empty() || self.tag_source != TagSource::NetworkInterface) {
            scans.instances.push(self.instance_filters());
            scans.lacks_requesters = true;
        }
        if self.reads_interface_tags() || !by_instance {
            scans.network_interfaces.push(self.interface_filters(""));
            // Their instances, of every state: one that is not found is taken for one that is not visible.
            let mut of_interfaces = self.interface_filters("network-interface.");
            if by_instance {
                of_interfaces.extend(listed("instance-id", &self.instance_ids));
            }
            scans.instances.push(of_interfaces);
        }
    }

    /// Filters of DescribeInstances for what the instance has.
    fn instance_filters(&self) -> Vec<Filter> {
        let mut filters = Vec::new();
        if !self.ignore_tag_case {
            filters.extend(self.tags.iter().map(|(key, value)| Filter {
                name: format!("tag:{key}"),
                values: vec![value.clone()],
            }));
        }
        filters.extend(listed("instance-id", &self.instance_ids));
        filters.extend(self.place_filters("network-interface."));
        // Not every implementation of the API knows wildcards in this filter; those are judged here.
        if !self
            .instance_types
            .iter()
            .any(|name| name.contains(['*', '?', '\\']))
        {
            filters.extend(listed("instance-type", &self.instance_types));
        }
        let states = match self.instance_state_names.is_empty() {
            true => EC2_DEFAULT_STATES.map(str::to_owned).to_vec(),
            false => self.instance_state_names.clone(),
        };
        filters.extend(listed("instance-state-name", &states));
        filters
    }

    /// Filters for what the interface has: of DescribeNetworkInterfaces, or with the prefix `network-interface.` of
    /// DescribeInstances, which knows of the tags only their keys.
    fn interface_filters(&self, prefix: &str) -> Vec<Filter> {
        let mut filters = Vec::new();
        if self.reads_interface_tags() && !self.ignore_tag_case {
            filters.extend(self.tags.iter().map(|(key, value)| match prefix {
                "" => Filter {
                    name: format!("tag:{key}"),
                    values: vec![value.clone()],
                },
                _ => Filter {
                    name: format!("{prefix}tag-key"),
                    values: vec![key.clone()],
                },
            }));
        }
        filters.extend(self.place_filters(prefix));
        filters
    }

    fn place_filters(&self, prefix: &str) -> Vec<Filter> {
        let places = [
            ("network-interface-id", &self.network_interface_ids),
            ("vpc-id", &self.vpc_ids),
            ("subnet-id", &self.subnet_ids),
            ("group-id", &self.security_group_ids),
        ];
        let filters = places
            .into_iter()
            .filter_map(|(name, values)| listed(&format!("{prefix}{name}"), values));
        filters.collect()
    }
}

/// A filter of listed values; none without values. EC2 refuses more than 200 of them in a filter: then the whole is read and judged
/// here.
fn listed(name: &str, values: &[String]) -> Option<Filter> {
    (!values.is_empty() && values.len() <= 200).then(|| Filter {
        name: name.to_owned(),
        values: values.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Tags;
    use super::*;

    fn tagged(source: TagSource) -> Selector {
        Selector {
            tags: Tags::from([("Mirror".into(), "True".into())]),
            tag_source: source,
            ..Selector::default()
        }
    }

    fn names(filters: &[Filter]) -> Vec<&str> {
        filters.iter().map(|filter| filter.name.as_str()).collect()
    }

    #[test]
    fn equal_filter_sets_are_one_scan_and_ec2_judges_what_it_can() {
        let one = tagged(TagSource::Instance);
        assert_eq!(scans(&[one.clone(), one.clone()], &[]).instances.len(), 1);
        let placed = Selector {
            vpc_ids: vec!["vpc-1".into()],
            ..one.clone()
        };
        let found = scans(&[placed], &[]);
        assert_eq!(
            names(&found.instances[0]),
            ["tag:Mirror", "network-interface.vpc-id", "instance-state-name"]
        );
        assert!(
            found.network_interfaces.is_empty(),
            "an instance's tags are on instances only"
        );
        let many = Selector {
            instance_ids: vec!["i".into(); 201],
            ..one
        };
        assert!(!names(&scans(&[many], &[]).instances[0]).contains(&"instance-id"));
    }

    #[test]
    fn interfaces_are_asked_for_where_an_instance_is_not_needed() {
        let found = scans(&[tagged(TagSource::NetworkInterface)], &[]);
        assert_eq!(names(&found.network_interfaces[0]), ["tag:Mirror"]);
        assert_eq!(names(&found.instances[0]), ["network-interface.tag-key"]);
        assert_eq!(scans(&[tagged(TagSource::Either)], &[]).instances.len(), 2);
        let subnet = Selector {
            subnet_ids: vec!["subnet-1".into()],
            ..Selector::default()
        };
        let found = scans(
            std::slice::from_ref(&subnet),
            &[tagged(TagSource::NetworkInterface)],
        );
        assert_eq!(found.network_interfaces.len(), 2, "the exclusion reads tags too");
        let any_case = Selector {
            ignore_tag_case: true,
            ..tagged(TagSource::NetworkInterface)
        };
        let found = scans(&[any_case], &[]);
        assert_eq!(
            (found.instances, found.network_interfaces),
            (vec![vec![]], vec![vec![]]),
            "whole"
        );
        assert_eq!(scans(&[], &[subnet]), Scans::default());
    }

    #[test]
    fn who_manages_an_interface_is_asked_where_only_instances_tell_of_it() {
        for (source, lacks) in [
            (TagSource::Instance, true),
            (TagSource::Either, true),
            (TagSource::NetworkInterface, false),
        ] {
            assert_eq!(
                scans(&[tagged(source)], &[]).lacks_requesters,
                lacks,
                "{source:?}"
            );
        }
        let mut found = ["eni-1", "eni-2"].map(|id| Interface {
            id: id.into(),
            operator: Some("eks.amazonaws.com".into()),
            ..Interface::default()
        });
        let told = ["eni-0", "eni-2"].map(|id| Interface {
            id: id.into(),
            requester_managed: true,
            requester_id: Some("amazon-redshift".into()),
            ..Interface::default()
        });
        note_requesters(&mut found, &told);
        assert!(!found[0].requester_managed && found[1].requester_managed);
        assert_eq!(found[1].requester_id.as_deref(), Some("amazon-redshift"));
        assert_eq!(found[1].operator.as_deref(), Some("eks.amazonaws.com"));
    }

    #[test]
    fn what_both_tell_is_one_interface() {
        let of_instance = Interface {
            id: "eni-1".into(),
            instance_type: Some("m5.large".into()),
            ..Interface::default()
        };
        let own = Interface {
            id: "eni-1".into(),
            tags: Tags::from([("a".into(), "b".into())]),
            ..Interface::default()
        };
        let alone = Interface {
            id: "eni-2".into(),
            ..Interface::default()
        };
        let found = joined([&of_instance], [&own, &alone]);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].instance_type.as_deref(), found[0].tags.len()),
            (Some("m5.large"), 1)
        );
    }
}
