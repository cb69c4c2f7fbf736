//! From selectors to what EC2 is asked: as much as its filters can judge, and never less than the selectors mean.

use std::collections::{BTreeMap, BTreeSet};

use super::{EC2_DEFAULT_STATES, Filter, Interface, Selector, TagSource};

/// Longest value of a filter, in characters (EC2 API reference, Filter).
const MAX_VALUE: usize = 255;
/// Most values of all filters of a call: the API reference says so of one filter, EC2's own FilterLimitExceeded of "a single call".
const MAX_VALUES: usize = 200;
/// Of these, what is left to the other filters when a list is asked for in parts.
const MAX_BESIDE: usize = 100;
/// Most filters by tags; a call takes 50 filters, and eight are for other things.
const MAX_TAGS: usize = 40;

/// Sets of filters, each of one scan, and what is asked for by its id. The instances of interfaces that DescribeNetworkInterfaces tells
/// of are no part of it: they are asked for by their ids once these are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scans {
    /// Of DescribeInstances.
    pub instances: Vec<Vec<Filter>>,
    /// Listed instances that are more than one filter takes.
    pub instance_ids: BTreeSet<String>,
    /// Of DescribeNetworkInterfaces.
    pub network_interfaces: Vec<Vec<Filter>>,
    /// Listed network interfaces that are more than one filter takes.
    pub network_interface_ids: BTreeSet<String>,
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
            .extend(by_tag.flat_map(Selector::interface_scans));
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

    /// Adds to `scans` what finds every interface that [`Selector::means`]: the part of the block that EC2 can judge; the rest is
    /// judged here.
    fn add_scans(&self, scans: &mut Scans) {
        if self.may_hide_instances() {
            // Each is asked for by its id, also one whose instance is not visible.
            let ids = self.network_interface_ids.iter().cloned();
            match self.network_interface_ids.len() <= MAX_VALUES {
                true => scans.network_interfaces.push(vec![Filter {
                    name: "network-interface-id".to_owned(),
                    values: ids.collect(),
                }]),
                false => scans.network_interface_ids.extend(ids),
            }
            return;
        }
        let by_instance = self.asks_of_instances();
        if by_instance && (self.tags.is_empty() || self.tag_source != TagSource::NetworkInterface) {
            match self.instance_ids.len() <= MAX_VALUES {
                true => scans.instances.extend(self.instance_scans()),
                false => scans.instance_ids.extend(self.instance_ids.iter().cloned()),
            }
        }
        if self.reads_interface_tags() || !by_instance {
            scans.network_interfaces.extend(self.interface_scans());
        }
    }

    /// Sets of filters of DescribeInstances for what the instance has.
    pub fn instance_scans(&self) -> Vec<Vec<Filter>> {
        let mut filters = Vec::new();
        if !self.ignore_tag_case {
            filters.extend(self.tag_filters());
        }
        let states = match self.instance_state_names.is_empty() {
            true => EC2_DEFAULT_STATES.map(str::to_owned).to_vec(),
            false => self.instance_state_names.clone(),
        };
        filters.extend(listed("instance-state-name", &states));
        // An implementation of the API that knows no wildcards in types is met in `ec2::Account::instances`.
        let lists = vec![
            List::whole("instance-type", &self.instance_types),
            List::new(
                "instance-id".to_owned(),
                self.instance_ids.iter().cloned().collect(),
            ),
        ];
        self.placed(filters, "network-interface.", lists)
    }

    /// Sets of filters of DescribeNetworkInterfaces for what the interface has.
    fn interface_scans(&self) -> Vec<Vec<Filter>> {
        let mut filters = Vec::new();
        if self.reads_interface_tags() && !self.ignore_tag_case {
            filters.extend(self.tag_filters());
        }
        // Not by `attachment.device-index`: that primary ones are meant is judged here, since other implementations do not know it.
        let ids = List::new(
            "attachment.instance-id".to_owned(),
            self.instance_ids.iter().cloned().collect(),
        );
        self.placed(filters, "", vec![ids])
    }

    /// By as many tags as a call takes; the others are judged here.
    fn tag_filters(&self) -> impl Iterator<Item = Filter> {
        self.tags
            .iter()
            .take(MAX_TAGS)
            .map(|(key, value)| by_tag(key, value))
    }

    /// The filters together with those for the place, and with `more` lists. EC2 refuses a call of more than 200 values: the longest list
    /// is asked for in several scans, whatever else is too much is judged here. Zones by name and by id are different filters, so
    /// they are scans of their own.
    fn placed(&self, filters: Vec<Filter>, prefix: &str, more: Vec<List>) -> Vec<Vec<Filter>> {
        let interfaces = self.network_interface_ids.iter().cloned().collect();
        let places = [
            ("network-interface-id", interfaces),
            ("vpc-id", self.vpc_ids.clone()),
            ("subnet-id", self.subnet_ids.clone()),
            ("group-id", self.security_group_ids.clone()),
        ];
        let places = places.map(|(name, values)| List::new(format!("{prefix}{name}"), values));
        let (ids, names): (Vec<String>, Vec<String>) = self
            .availability_zones
            .iter()
            .cloned()
            .partition(|zone| is_zone_id(zone));
        let zones = [("availability-zone", names), ("availability-zone-id", ids)];
        let of_zones = zones
            .iter()
            .map(|(_, values)| values.len())
            .max()
            .unwrap_or_default();

        let mut lists: Vec<List> = more.into_iter().chain(places).collect();
        let fixed: usize = filters.iter().map(|filter| filter.values.len()).sum();
        let sum = |lists: &[List]| lists.iter().map(|list| list.values.len()).sum::<usize>();
        let mut parted = None;
        let mut room = MAX_VALUES.saturating_sub(fixed);
        if sum(&lists) + of_zones > room {
            let longest = (0..lists.len())
                .rev()
                .filter(|index| lists[*index].may_be_parted)
                .max_by_key(|index| lists[*index].values.len())
                .filter(|index| !lists[*index].values.is_empty());
            if let Some(longest) = longest {
                parted = Some(lists.remove(longest));
                room = MAX_BESIDE.saturating_sub(fixed);
            }
        }
        let with_zones = of_zones > 0 && of_zones <= room;
        room -= if with_zones { of_zones } else { 0 };
        while sum(&lists) > room {
            let longest = (0..lists.len()).max_by_key(|index| lists[*index].values.len());
            let Some(longest) = longest else { break };
            lists.remove(longest);
        }
        room -= sum(&lists);

        let beside = lists.iter().filter_map(|list| listed(&list.name, &list.values));
        let mut sets = vec![filters.into_iter().chain(beside).collect::<Vec<_>>()];
        if let Some(List { name, values, .. }) = parted {
            let chunks = values.chunks(MAX_VALUES - MAX_BESIDE + room);
            sets = each_with(&sets, chunks.filter_map(|chunk| listed(&name, chunk)));
        }
        let zones = zones.iter().filter_map(|(name, values)| listed(name, values));
        match with_zones {
            true => each_with(&sets, zones),
            false => sets,
        }
    }
}

/// Values of one filter, one of which must match.
struct List {
    name: String,
    values: Vec<String>,
    /// Whether it may be asked for in several scans.
    may_be_parted: bool,
}

impl List {
    fn new(name: String, values: Vec<String>) -> Self {
        Self {
            name,
            values,
            may_be_parted: true,
        }
    }

    fn whole(name: &str, values: &[String]) -> Self {
        Self {
            may_be_parted: false,
            ..Self::new(name.to_owned(), values.to_vec())
        }
    }
}

/// Each of the sets with each of these filters.
fn each_with(sets: &[Vec<Filter>], filters: impl IntoIterator<Item = Filter>) -> Vec<Vec<Filter>> {
    let with = |filter: Filter| {
        sets.iter()
            .map(move |set| set.iter().cloned().chain([filter.clone()]).collect())
    };
    filters.into_iter().flat_map(with).collect()
}

/// A zone's id, such as `euw1-az2`, `usw2-lax1-az1` or `use1-wl1-bos-wlz1`; names end in a letter or in a dash and a number.
fn is_zone_id(zone: &str) -> bool {
    let end = zone.rsplit('-').next().unwrap_or_default();
    let number = end.strip_prefix("az").or_else(|| end.strip_prefix("wlz"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A filter by a tag; by its key alone where the value is longer than a filter takes, and then the value is judged here.
fn by_tag(key: &str, value: &str) -> Filter {
    match value.chars().count() <= MAX_VALUE {
        true => Filter {
            name: format!("tag:{key}"),
            values: vec![value.to_owned()],
        },
        false => Filter {
            name: "tag-key".to_owned(),
            values: vec![key.to_owned()],
        },
    }
}

/// A filter of listed values; none without values.
fn listed(name: &str, values: &[String]) -> Option<Filter> {
    (!values.is_empty()).then(|| Filter {
        name: name.to_owned(),
        values: values.to_vec(),
    })
}

#[cfg(test)]
#[path = "scans_tests.rs"]
mod tests;
