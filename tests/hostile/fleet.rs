//! What a plan knows of the cloud, changed where its checksum and compression do not reach, and sent to a configured provider.
//!
//! Bytes that are changed after they were packed end at the checksum. So these are changed before, and packed as the provider packs them:
//! as private data of every call, and as `selection`.

use std::cell::Cell;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use terraform_provider_mirror::framework::{Attributes, decode_json, encode_msgpack};
use terraform_provider_mirror::planner::{
    AsFound, FilterAsFound, Fleet, Hidden, KnownFirst, Member, Reason, Receivers, Row, Skip, TargetKind,
    TargetSite,
};
use tokio::runtime::Runtime;

use crate::sandbox::Sandbox;
use crate::service::{COVERAGE, Hostile, kinds, msgpack};
use crate::turn::{turn, turned};
use crate::{change, changed};

const TARGET: &str = "tmt-0ffffffffffffff01";

/// Configurations that read different parts of a fleet.
const CONFIGS: [&str; 2] = [
    r#"{"name": "prod", "traffic_mirror_target_ids": ["tmt-0ffffffffffffff01"], "selector": [{"tags": {"Mirror": "True"}}],
        "placement": "balanced", "allow_partial": true, "timeouts": {"create": "1s", "update": "1s", "delete": "1s"}}"#,
    r#"{"name": "prod", "traffic_mirror_target_ids": ["tmt-0ffffffffffffff01"], "selector": [{"tags": {"Mirror": "True"}}],
        "traffic_mirror_filter_id": "tmf-0ffffffffffffff01", "virtual_network_id_range": {"first": 1, "last": 8},
        "description": "{instance_id} {instance_name}", "name_tag": "{instance_name}", "copy_tags": ["Name", "Owner"],
        "override": {"type": ["object", {"target_tag": "string", "target_ids": ["tuple", ["string"]], "filter_tag": "string",
        "filter_ids": ["tuple", ["string"]]}], "value": {"target_tag": "Sensor", "target_ids": ["tmt-0ffffffffffffff01"],
        "filter_tag": "Filter", "filter_ids": ["tmf-0ffffffffffffff01"]}},
        "adopt": {"descriptions": ["old*"]}, "allow_partial": true,
        "limits": {"max_creates": "50%", "max_deletes": "100%", "allow_empty": "true"},
        "timeouts": {"create": "1s", "update": "1s", "delete": "1s"}}"#,
];

/// Text as the provider packs it.
pub fn packed(json: &[u8]) -> String {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(json).unwrap();
    format!("mirror1:{}", STANDARD_NO_PAD.encode(zlib.finish().unwrap()))
}

/// The fleet with something in every field that it can have.
fn full(fleet: Fleet) -> Fleet {
    let id = |number: u8| format!("eni-0eeeeeeeeeeeeee{number}");
    let row = |session: &str| Row {
        id: Some(session.into()),
        instance_id: Some("i-0ddddddddddddddd1".into()),
        traffic_mirror_target_id: Some(TARGET.into()),
        session_number: Some(1),
        virtual_network_id: Some(7),
        traffic_mirror_filter_id: Some("tmf-0ffffffffffffff01".into()),
    };
    let skip = Skip {
        instance_id: None,
        reason: Reason::Sensor,
        detail: "x".into(),
    };
    let site = TargetSite {
        kind: Some(TargetKind::NetworkInterface),
        zone_ids: ["euw1-az1".to_owned()].into(),
        instance_type: Some("m5.large".into()),
        shared: false,
    };
    let strange = Member {
        requester_id: Some("amazon-elb".into()),
        operator: Some("x".into()),
        undecided: Some("its type".into()),
        interface_type: "interface".into(),
        ..Member::default()
    };
    let found = AsFound {
        traffic_mirror_filter_id: Some("tmf-0ffffffffffffff01".into()),
        packet_length: Some(100),
        tag_keys: ["Stray".to_owned()].into(),
        stays: true,
        second_session_ids: ["tms-9".to_owned()].into(),
    };
    let mut interfaces = fleet.interfaces;
    interfaces.insert("eni-strange".into(), strange);
    let mut targets = fleet.targets;
    targets.insert("tmt-2".into(), site);
    Fleet {
        interfaces,
        targets,
        in_the_making: [("mc-0123456789abcdef0".to_owned(), 1_764_000_000)].into(),
        intended: [(id(10), row("tms-1"))].into(),
        unseen: [(
            "ec2:DescribeX".to_owned(),
            Hidden {
                code: "AccessDenied".into(),
                target_ids: [TARGET.to_owned()].into(),
            },
        )]
        .into(),
        other_sources: [(TARGET.to_owned(), 3)].into(),
        other_sources_here: [(TARGET.to_owned(), [id(20)].into())].into(),
        other_sessions: 9_000,
        crowded: [id(50)].into(),
        adoptable: [(id(20), row("tms-2"))].into(),
        adopted_from: ["mc-0123456789abcdef1".to_owned()].into(),
        not_adopted: [(id(20), vec!["tms-3".to_owned()])].into(),
        known_first: Some(KnownFirst {
            listed: Some([TARGET.to_owned()].into()),
            by_tag: Some([TARGET.to_owned()].into()),
        }),
        late_receivers: Receivers {
            instance_ids: ["i-9".to_owned()].into(),
            interface_ids: ["eni-9".to_owned()].into(),
        },
        late_refusals: [(id(31), skip)].into(),
        refused: [(id(30), Some("r5.large".to_owned()))].into(),
        failed: [(id(10), 3)].into(),
        second_sessions: [(id(10), vec!["tms-8".to_owned(), "tms-9".to_owned()])].into(),
        replaced: 5,
        owned_filter: Some("tmf-3".into()),
        as_found: [(id(10), found)].into(),
        filter_as_found: FilterAsFound {
            id: "tmf-3".into(),
            rules: ["a".to_owned()].into(),
            tag_keys: ["b".to_owned()].into(),
        },
        ..fleet
    }
}

/// Null, in msgpack.
const NOTHING: [u8; 1] = [0xc0];

/// A fleet of so many interfaces, as small as they get: the text has room for more than a million.
pub fn many(interfaces: usize) -> Vec<u8> {
    let all: Vec<String> = (0..interfaces)
        .map(|i| format!("\"{i:x}\":{{\"interface_type\":\"\"}}"))
        .collect();
    format!(
        "{{\"account_id\":\"\",\"region\":\"eu-west-1\",\"interfaces\":{{{}}}}}",
        all.join(",")
    )
    .into_bytes()
}

/// A configured provider, its honest private data for each configuration, and the sandbox that it asks.
pub struct Honest {
    hostile: Hostile,
    fleets: Vec<Value>,
    /// Runs as long as this lives.
    _sandbox: Sandbox,
}

fn value(config: &str) -> Vec<u8> {
    let kind = &kinds()[COVERAGE];
    encode_msgpack(
        &decode_json(config.as_bytes(), kind, Attributes::Lenient).unwrap(),
        kind,
    )
    .unwrap()
}

fn with_selection(text: &str) -> String {
    let mut config: Value = serde_json::from_str(CONFIGS[1]).unwrap();
    config["selector"] = json!([]);
    config["selection"] = text.into();
    config.to_string()
}

impl Honest {
    pub async fn start() -> Self {
        let sandbox = Sandbox::sample();
        let hostile = Hostile::start().await;
        hostile.configure(&sandbox.url).await;
        let mut fleets = Vec::new();
        for config in CONFIGS {
            let planned = hostile.plan(None, &value(config), b"", b"").await;
            assert!(!planned.is_error(), "{planned:?}");
            let fleet = Fleet::decode(std::str::from_utf8(&planned.private).unwrap()).unwrap();
            assert_eq!(fleet.interfaces.len(), 6);
            fleets.push(serde_json::to_value(full(fleet)).unwrap());
        }
        Self {
            hostile,
            fleets,
            _sandbox: sandbox,
        }
    }

    /// Sends this private data with every call of the life of a coverage. Returns the errors.
    pub async fn live(&self, config: &str, private: &[u8]) -> Vec<String> {
        let hostile = &self.hostile;
        let config = value(config);
        let mut answers = Vec::new();
        let first = hostile.plan(None, &config, private, private).await;
        // What a plan refuses is sent to an apply all the same.
        let planned = match first.is_error() {
            true => hostile.plan(None, &config, b"", b"").await.state,
            false => first.state.clone(),
        };
        answers.push(first);
        let made = hostile.apply(None, &planned, &config, private).await;
        let state = made.state.clone();
        let prior = Some(state.as_slice());
        answers.push(made);
        answers.push(hostile.read(&state, private).await);
        for planned_private in [b"".as_slice(), private] {
            let planned = hostile.plan(prior, &config, private, planned_private).await;
            if !planned.is_error() {
                answers.push(hostile.apply(prior, &planned.state, &config, private).await);
            }
            answers.push(planned);
        }
        answers.push(hostile.plan(prior, &NOTHING, private, private).await);
        hostile.apply(prior, &NOTHING, &NOTHING, private).await;
        // Whatever is left would have no room for the next one.
        hostile.apply(prior, &NOTHING, &NOTHING, b"").await;
        answers.into_iter().flat_map(|answer| answer.errors).collect()
    }

    /// The fleet of an honest `selection`.
    fn selection(&self) -> Vec<u8> {
        let full = serde_json::from_value::<Fleet>(self.fleets[0].clone()).unwrap();
        let fleet = Fleet {
            account_id: full.account_id,
            region: full.region,
            interfaces: full.interfaces,
            tag_keys: ["Name", "Owner", "Sensor", "Filter"].map(str::to_owned).to_vec(),
            ..Fleet::default()
        };
        serde_json::to_vec(&fleet).unwrap()
    }

    /// Sends this fleet as private data of a coverage that it makes a plan for, and as `selection`, without carrying that out.
    pub async fn plan(&self, fleet: &[u8]) {
        let digest = format!("{{\"selecting\":{},", self.fleets[0]["selecting"]);
        let private = packed(&[digest.as_bytes(), &fleet[1..]].concat());
        let private = private.as_bytes();
        self.hostile
            .plan(None, &value(CONFIGS[0]), private, private)
            .await;
        let config = value(&with_selection(&packed(fleet)));
        self.hostile.plan(None, &config, b"", b"").await;
    }

    /// Sends this fleet as private data of coverages that were planned with the same arguments, and as `selection`.
    pub async fn send(&self, fleet: &[u8]) {
        for (config, honest) in CONFIGS.iter().zip(&self.fleets) {
            let mut json = fleet.to_vec();
            // Without the digest of its arguments a plan would not look at it.
            if let Some(start) = json.strip_prefix(b"{").map(<[u8]>::to_vec) {
                json = format!("{{\"selecting\": {}, ", honest["selecting"]).into_bytes();
                json.extend(start);
            }
            self.live(config, packed(&json).as_bytes()).await;
        }
        self.select(&packed(fleet)).await;
    }

    /// Sends this text as `selection`, to everything that reads a configuration or a state.
    pub async fn select(&self, text: &str) -> Vec<String> {
        let config = with_selection(text);
        self.hostile.send(&msgpack(&value(&config)), b"").await;
        self.hostile.upgrade(config.as_bytes(), 0).await;
        self.live(&config, b"").await
    }
}

/// Each case makes, changes and removes a coverage.
fn fewer() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases / 10,
        ..usual
    }
}

#[test]
fn an_honest_fleet_gets_through_every_call() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let honest = Honest::start().await;
        for (config, fleet) in CONFIGS.iter().zip(&honest.fleets) {
            let private = packed(fleet.to_string().as_bytes());
            assert_eq!(
                honest.live(config, private.as_bytes()).await,
                Vec::<String>::new(),
                "{config}"
            );
        }
        assert_eq!(
            honest.select(&packed(&honest.selection())).await,
            Vec::<String>::new()
        );
    });
}

#[test]
fn changed_private_data_is_taken_or_refused() {
    let runtime = Runtime::new().unwrap();
    let honest = runtime.block_on(Honest::start());
    let taken = Cell::new(0_u32);
    proptest!(fewer(), |(which in 0..CONFIGS.len(), turns in vec(turn(), 1..4))| {
        let mut fleet = honest.fleets[which].clone();
        turns.iter().for_each(|(place, turn)| turned(&mut fleet, *place, turn));
        let private = packed(fleet.to_string().as_bytes());
        taken.set(taken.get() + u32::from(Fleet::decode(&private).is_ok()));
        runtime.block_on(honest.live(CONFIGS[which], private.as_bytes()));
    });
    assert!(
        taken.get() >= fewer().cases / 3,
        "hardly anything got past the decoder: {}",
        taken.get()
    );
}

#[test]
fn changed_bytes_of_private_data_are_taken_or_refused() {
    let runtime = Runtime::new().unwrap();
    let honest = runtime.block_on(Honest::start());
    proptest!(fewer(), |(which in 0..CONFIGS.len(), changes in vec(change(), 1..3))| {
        let json = changed(honest.fleets[which].to_string().as_bytes(), &changes);
        runtime.block_on(honest.live(CONFIGS[which], packed(&json).as_bytes()));
    });
}

#[test]
fn a_changed_selection_is_taken_or_refused() {
    let runtime = Runtime::new().unwrap();
    let honest = runtime.block_on(Honest::start());
    let selection: Value = serde_json::from_slice(&honest.selection()).unwrap();
    proptest!(fewer(), |(turns in vec(turn(), 1..4))| {
        let mut fleet = selection.clone();
        turns.iter().for_each(|(place, turn)| turned(&mut fleet, *place, turn));
        runtime.block_on(honest.select(&packed(fleet.to_string().as_bytes())));
    });
}
