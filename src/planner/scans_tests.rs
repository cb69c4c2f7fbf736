use proptest::prelude::*;

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
        ["tag:Mirror", "instance-state-name", "network-interface.vpc-id"]
    );
    assert!(
        found.network_interfaces.is_empty(),
        "an instance's tags are on instances only"
    );
}

#[test]
fn what_is_too_much_for_one_filter_is_asked_in_parts_or_judged_here() {
    let ids = |count: usize| (0..count).map(|n| format!("i-{n}")).collect::<Vec<_>>();
    let many = Selector {
        instance_types: ids(201),
        vpc_ids: ids(450),
        subnet_ids: ids(201),
        availability_zones: ["eu-west-1a", "euw1-az2", "us-east-1-wl1-bos-wlz-1"]
            .map(str::to_owned)
            .into(),
        ..Selector::default()
    };
    let found = scans(&[many], &[]).instances;
    assert_eq!(found.len(), 6, "three parts, by names and by ids");
    let values = |name: &str| -> std::collections::BTreeSet<&String> {
        let filters = found.iter().flatten().filter(|filter| filter.name == name);
        filters.flat_map(|filter| &filter.values).collect()
    };
    assert_eq!(values("network-interface.vpc-id").len(), 450);
    assert_eq!(values("instance-type").len(), 0, "judged here");
    assert_eq!(values("network-interface.subnet-id").len(), 0, "judged here");
    assert_eq!(values("availability-zone").len(), 2);
    assert_eq!(values("availability-zone-id").len(), 1);
    let values = |set: &[Filter]| set.iter().map(|filter| filter.values.len()).sum::<usize>();
    assert!(found.iter().all(|set| values(set) <= 200));
    let long = Selector {
        tags: Tags::from([("Long".into(), "v".repeat(256))]),
        instance_types: vec!["m5.*".into()],
        ..Selector::default()
    };
    let found = &scans(&[long], &[]).instances[0];
    assert_eq!(names(found), ["tag-key", "instance-state-name", "instance-type"]);
    assert_eq!(found[0].values, ["Long"]);
    assert_eq!(found[2].values, ["m5.*"]);
}

proptest! {
    /// EC2 counts the values of a whole call, and its filters.
    #[test]
    fn no_call_is_too_large_and_what_is_asked_in_parts_is_whole(
        source in prop_oneof![Just(TagSource::Instance), Just(TagSource::NetworkInterface), Just(TagSource::Either)],
        tags in 0_usize..60,
        counts in prop::array::uniform6(prop_oneof![0_usize..3, 90_usize..260, Just(1000)]),
        zones in (0_usize..210, 0_usize..210),
    ) {
        let ids = |count: usize, of: &str| (0..count).map(|n| format!("{of}-{n}")).collect::<Vec<_>>();
        let [types, instances, interfaces, vpcs, subnets, groups] = counts;
        let mut availability_zones = ids(zones.0, "eu-west");
        availability_zones.extend((0..zones.1).map(|n| format!("euw1-az{n}")));
        let selector = Selector {
            tags: ids(tags, "key").into_iter().map(|key| (key, "value".to_owned())).collect(),
            tag_source: source,
            instance_types: ids(types, "m5"),
            instance_ids: ids(instances, "i").into_iter().collect(),
            network_interface_ids: ids(interfaces, "eni").into_iter().collect(),
            vpc_ids: ids(vpcs, "vpc"),
            subnet_ids: ids(subnets, "subnet"),
            security_group_ids: ids(groups, "sg"),
            availability_zones,
            ..Selector::default()
        };
        let found = scans(std::slice::from_ref(&selector), &[]);
        let lists = [ids(vpcs, "vpc"), ids(subnets, "subnet"), ids(groups, "sg"), ids(instances, "i"), ids(interfaces, "eni")];
        for sets in [&found.instances, &found.network_interfaces] {
            let mut asked: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
            for set in sets {
                prop_assert!(set.len() <= 50);
                prop_assert!(set.iter().map(|filter| filter.values.len()).sum::<usize>() <= 200);
                for filter in set {
                    asked.entry(&filter.name).or_default().extend(&filter.values);
                }
            }
            for (name, values) in asked {
                let short = name.trim_start_matches("network-interface.");
                if ["vpc-id", "subnet-id", "group-id", "instance-id", "network-interface-id"].contains(&short) {
                    let whole = lists.iter().any(|list| values == list.iter().collect());
                    prop_assert!(whole, "{name} is asked for in part only: {} values", values.len());
                }
            }
        }
    }
}

#[test]
fn listed_ids_that_no_filter_takes_are_asked_for_one_by_one() {
    let ids = |count: usize| (0..count).map(|n| format!("x-{n}")).collect::<BTreeSet<_>>();
    let of = |instances: usize, interfaces: usize| {
        let selector = Selector {
            instance_ids: ids(instances),
            network_interface_ids: ids(interfaces),
            vpc_ids: vec!["vpc-1".into()],
            ..Selector::default()
        };
        scans(&[selector], &[])
    };
    let found = of(201, 0);
    assert_eq!((found.instance_ids.len(), found.instances), (201, vec![]));
    assert_eq!(
        (found.network_interface_ids.len(), found.network_interfaces),
        (0, vec![])
    );
    let found = of(200, 0);
    assert_eq!(
        (found.instance_ids.len(), found.instances.len()),
        (0, 2),
        "beside states and place"
    );
    let found = of(0, 201);
    assert_eq!(
        (found.network_interface_ids.len(), found.network_interfaces),
        (201, vec![])
    );
    assert_eq!((found.instance_ids.len(), found.instances), (0, vec![]));
    let found = of(0, 200);
    assert_eq!(
        (found.network_interface_ids.len(), found.network_interfaces.len()),
        (0, 1)
    );
}

#[test]
fn what_names_an_interface_is_looked_for_where_its_instance_is_hidden() {
    let named = Selector {
        network_interface_ids: ["eni-1".to_owned()].into(),
        instance_types: vec!["m5.*".into()],
        vpc_ids: vec!["vpc-1".into()],
        ..Selector::default()
    };
    let found = scans(std::slice::from_ref(&named), &[]);
    assert_eq!(names(&found.network_interfaces[0]), ["network-interface-id"]);
    assert!(
        found.instances.is_empty(),
        "its instance is asked for by the id that the interface tells"
    );
    let by_instance = Selector {
        instance_ids: ["i-1".to_owned()].into(),
        ..named
    };
    assert!(
        scans(&[by_instance], &[]).network_interfaces.is_empty(),
        "that instance is visible"
    );
}

#[test]
fn interfaces_are_asked_for_where_an_instance_is_not_needed() {
    let found = scans(&[tagged(TagSource::NetworkInterface)], &[]);
    assert_eq!(names(&found.network_interfaces[0]), ["tag:Mirror"]);
    let either = scans(&[tagged(TagSource::Either)], &[]);
    assert_eq!((either.instances.len(), either.network_interfaces.len()), (1, 1));
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
    assert_eq!(found.network_interfaces, [vec![]], "whole");
    assert_eq!(scans(&[], &[subnet]), Scans::default());
}

#[test]
fn who_manages_an_interface_is_noted() {
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

#[test]
fn interfaces_of_listed_instances_are_asked_for_by_them() {
    for source in [TagSource::NetworkInterface, TagSource::Either] {
        let of_two = Selector {
            instance_ids: ["i-1", "i-2"].map(str::to_owned).into(),
            ..tagged(source)
        };
        let found = scans(&[of_two], &[]).network_interfaces;
        assert_eq!(
            names(&found[0]),
            ["tag:Mirror", "attachment.instance-id"],
            "{source:?}"
        );
        assert_eq!(found[0][1].values, ["i-1", "i-2"]);
    }
}
