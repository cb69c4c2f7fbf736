use super::*;
use proptest::prelude::*;

fn fleet(n: usize) -> Fleet {
    let member = |i: usize| Member {
        instance_id: Some(format!("i-{i:017x}")),
        instance_type: Some("m5.large".into()),
        vpc_id: Some("vpc-0123456789abcdef0".into()),
        interface_type: "interface".into(),
        tags: Tags::from([("Name".into(), format!("web-{i}"))]),
        ..Member::default()
    };
    let interfaces = (0..n).map(|i| (format!("eni-{i:017x}"), member(i))).collect();
    Fleet {
        account_id: "123456789012".into(),
        region: "eu-west-1".into(),
        interfaces,
        ..Fleet::default()
    }
}

#[test]
fn the_text_is_read_back_and_stays_the_same() {
    let fleet = fleet(10);
    let text = fleet.encode().unwrap();
    assert_eq!(Fleet::decode(&text).unwrap(), fleet);
    assert_eq!(fleet.encode().unwrap(), text);
}

/// As many random digits as an id has, and always the same.
fn digits(salt: &str, i: usize) -> String {
    let digest = Sha256::digest(format!("{salt}{i}"));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    hex[..17].to_owned()
}

/// The most that somebody honest asks for: each session is another tool's and to be adopted, templates, copy_tags and override read
/// seven tags; or the sessions are its own, and each was moved by hand.
#[test]
fn ten_thousand_interfaces_with_all_that_can_be_asked_for_are_less_than_a_megabyte() {
    let interface = |i: usize| format!("eni-{}", digits("eni", i));
    let instance = |i: usize| format!("i-{}", digits("i", i - usize::from(i % 4 == 1)));
    let tags = |i: usize| {
        [
            ("Name", format!("web-{i}")),
            ("Owner", format!("team-{}@example.com", i % 40)),
            ("CostCenter", format!("{}", 4000 + i % 30)),
            ("Environment", ["prod", "stage", "dev"][i % 3].to_owned()),
            ("Application", format!("application-{}", i % 200)),
            ("Mirror-Target", format!("tmt-{}", digits("tmt", i % 10))),
            ("Mirror-Filter", format!("tmf-{}", digits("tmf", i % 3))),
        ]
        .map(|(key, value)| (key.to_owned(), value))
    };
    let member = |i: usize| Member {
        instance_id: Some(instance(i)),
        instance_type: Some(["m5.large", "c6i.xlarge", "t3.micro"][i % 3].into()),
        vpc_id: Some(format!("vpc-{}", digits("vpc", i % 20))),
        subnet_id: Some(format!("subnet-{}", digits("subnet", i % 60))),
        availability_zone: Some(format!("eu-west-1{}", ["a", "b", "c"][i % 3])),
        availability_zone_id: Some(format!("euw1-az{}", i % 3)),
        interface_type: "interface".into(),
        tags: tags(i).into(),
        ..Member::default()
    };
    let row = |i: usize, id: String| Row {
        id: Some(id),
        instance_id: Some(instance(i)),
        traffic_mirror_target_id: Some(format!("tmt-{}", digits("tmt", i % 10))),
        session_number: Some(1),
        virtual_network_id: Some(i64::from_str_radix(&digits("vni", i)[..6], 16).unwrap()),
        traffic_mirror_filter_id: Some(format!("tmf-{}", digits("tmf", i % 3))),
    };
    let tms = |i: usize| format!("tms-{}", digits("tms", i));
    // Each session is either another tool's or the coverage's own.
    let rows = |from: usize, to: usize| (from..to).map(|i| (interface(i), row(i, tms(i)))).collect();
    let fleet = Fleet {
        interfaces: (0..10_000).map(|i| (interface(i), member(i))).collect(),
        adoptable: rows(0, 5_000),
        intended: rows(5_000, 10_000),
        ..fleet(0)
    };
    let text = fleet.encode().unwrap();
    assert!(text.len() < 1_000_000, "{} bytes", text.len());
    assert_eq!(Fleet::decode(&text).unwrap(), fleet);
}

#[test]
fn rows_of_interfaces_elsewhere_or_of_another_instance_are_read_back() {
    let row = |instance: Option<&str>| Row {
        id: Some("tms-1".into()),
        instance_id: instance.map(str::to_owned),
        ..Row::default()
    };
    let mut fleet = fleet(3);
    let ids: Vec<String> = fleet.interfaces.keys().cloned().collect();
    let instance = fleet.interfaces[&ids[0]].instance_id.clone();
    fleet.adoptable = [
        (ids[0].clone(), row(instance.as_deref())),
        (ids[1].clone(), row(Some("i-another"))),
        (ids[2].clone(), row(None)),
        ("eni-elsewhere".to_owned(), row(None)),
    ]
    .into();
    fleet.intended = fleet.adoptable.clone();
    let text = fleet.encode().unwrap();
    assert_eq!(Fleet::decode(&text).unwrap(), fleet);
    // As it was written before places were.
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&serde_json::to_vec(&fleet).unwrap()).unwrap();
    let plain = format!("{MAGIC}{}", STANDARD_NO_PAD.encode(zlib.finish().unwrap()));
    assert_eq!(Fleet::decode(&plain).unwrap(), fleet);
}

/// Private data travels with every plan and state: ids at random, as AWS gives them, so that nothing compresses by luck.
#[test]
fn ten_thousand_interfaces_are_less_than_a_megabyte_and_the_same_in_any_order() {
    let zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
    let mut seen: Vec<Interface> = (0..10_000)
        .map(|i| Interface {
            id: format!("eni-{}", digits("eni", i)),
            // Every third instance has a second interface.
            instance_id: Some(format!("i-{}", digits("i", i - usize::from(i % 4 == 1)))),
            instance_type: Some(["m5.large", "c6i.xlarge", "t3.micro"][i % 3].into()),
            vpc_id: Some(format!("vpc-{}", digits("vpc", i % 20))),
            subnet_id: Some(format!("subnet-{}", digits("subnet", i % 60))),
            availability_zone: Some(zones[i % 3].into()),
            availability_zone_id: Some(format!("euw1-az{}", i % 3)),
            interface_type: "interface".into(),
            instance_tags: Tags::from([
                ("Name".into(), format!("web-{i}")),
                ("Mirror".into(), "True".into()),
            ]),
            ..Interface::default()
        })
        .collect();
    let encode = |seen: &[Interface]| {
        let selectors = [Selector {
            tags: Tags::from([("Mirror".into(), "True".into())]),
            ..Selector::default()
        }];
        let interfaces = Fleet::select(&selectors, &[], seen, &["Name".to_owned()]);
        assert_eq!(interfaces.len(), seen.len());
        Fleet {
            interfaces,
            ..fleet(0)
        }
        .encode()
        .unwrap()
    };
    let text = encode(&seen);
    assert!(text.len() < 1_000_000, "{} bytes", text.len());
    seen.reverse();
    assert_eq!(encode(&seen), text);
}

#[test]
fn foreign_text_is_an_error() {
    for text in [
        "",
        "mirror1:",
        "mirror1:%%%",
        "mirror1:AAAA",
        "mirror2:AAAA",
        "eni-1",
    ] {
        assert!(Fleet::decode(text).is_err(), "{text}");
    }
}

#[test]
fn a_bomb_is_refused() {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..65 {
        zlib.write_all(&chunk).unwrap();
    }
    let text = format!("{MAGIC}{}", STANDARD_NO_PAD.encode(zlib.finish().unwrap()));
    assert!(matches!(Fleet::decode(&text), Err(FleetError::TooLarge)));
}

/// A plan of millions would take gigabytes and minutes, though the text is within its limit.
#[test]
fn no_more_interfaces_are_read_or_written_than_anybody_has() {
    let text = |entries: usize| {
        let map: Vec<String> = (0..entries).map(|i| format!("\"{i}\":1")).collect();
        let json = format!(
            "{{\"account_id\":\"\",\"region\":\"\",\"interfaces\":{{}},\"failed\":{{{}}}}}",
            map.join(",")
        );
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(json.as_bytes()).unwrap();
        format!("{MAGIC}{}", STANDARD_NO_PAD.encode(zlib.finish().unwrap()))
    };
    assert_eq!(
        Fleet::decode(&text(MOST_ENTRIES)).unwrap().failed.len(),
        MOST_ENTRIES
    );
    assert!(matches!(
        Fleet::decode(&text(MOST_ENTRIES + 1)),
        Err(FleetError::Content(_))
    ));
    let members = (0..=MOST_ENTRIES).map(|i| (i.to_string(), Member::default()));
    let mut fleet = Fleet {
        interfaces: members.collect(),
        ..fleet(0)
    };
    assert!(matches!(fleet.encode(), Err(FleetError::TooMany)));
    fleet.interfaces.pop_last();
    assert!(Fleet::decode(&fleet.encode().unwrap()).is_ok());
}

proptest! {
    #[test]
    fn any_text_ends_in_an_error(text in "(mirror1:)?[A-Za-z0-9+/]{0,200}") {
        prop_assert!(Fleet::decode(&text).is_err());
    }
}

#[test]
fn failed_creates_are_counted_until_one_succeeds_or_the_interface_goes() {
    let set = |ids: &[&'static str]| ids.iter().copied().collect::<BTreeSet<&str>>();
    let mut fleet = Fleet::default();
    fleet.note_creates(&set(&["eni-3"]), &set(&["eni-1", "eni-2"]));
    fleet.note_creates(&set(&["eni-3"]), &set(&["eni-1", "eni-3"]));
    let counts = |fleet: &Fleet| ["eni-1", "eni-2", "eni-3"].map(|id| fleet.failed_creates(id));
    assert_eq!(counts(&fleet), [2, 1, 0]);
    let mut next = Fleet {
        interfaces: [("eni-1".to_owned(), Member::default())].into(),
        ..Fleet::default()
    };
    next.remember(&fleet);
    assert_eq!(counts(&next), [2, 0, 0]);
    next.note_creates(&set(&["eni-1"]), &set(&[]));
    assert_eq!(next.failed, BTreeMap::new());
}
