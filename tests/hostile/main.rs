//! Bytes of any kind, sent to the provider's own service: the answer is a value or an error, never a panic, and takes little memory.
//!
//! The corpus is in `tests/corpus`; the rest is drawn from honest configurations and states by changing bytes.

mod fleet;
#[path = "../ec2_account/sandbox.rs"]
#[expect(dead_code, reason = "shared with the tests of the account")]
mod sandbox;
mod service;
mod turn;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use service::{COVERAGE, Hostile, json, kinds, msgpack};
use terraform_provider_mirror::framework::{
    Attributes, Type, decode_json, decode_msgpack, encode_json, encode_msgpack,
};
use terraform_provider_mirror::planner::Fleet;
use tokio::runtime::Runtime;

/// What the whole corpus and the long lists below may take, where one list alone claims 100 GiB.
const MOST_MEMORY: u64 = 700 << 20;

const CONFIG: &str = r#"{
  "name": "prod", "enabled": true, "traffic_mirror_target_ids": ["tmt-0123456789abcdef0", "tmt-0123456789abcdef1"],
  "selector": [{"tags": {"Mirror": "True", "Tier": "web-*"}, "vpc_ids": ["vpc-0123456789abcdef0"], "primary_only": true}],
  "exclude": [{"instance_ids": ["i-0123456789abcdef0"]}], "placement": "same_az", "session_number": 7,
  "packet_length": 200, "virtual_network_id_range": {"first": 1, "last": 4000}, "description": "${instance_id}",
  "copy_tags": ["Owner"], "tags": {"a": "b"}, "limits": {"max_creates": "50%", "max_deletes": "10"},
  "adopt": {"descriptions": ["AutoMirror*"]}, "timeouts": {"create": "30m"}, "id": "mc-0123456789abcdef0",
  "region": "eu-west-1", "assume_role": [{"role_arn": "arn:aws:iam::123456789012:role/a", "duration": "1h"}],
  "endpoints": {"ec2": "http://127.0.0.1:1"}, "max_retries": 3, "default_tags": {"tags": {"a": "b"}}, "formats": ["html"],
  "sessions": {"eni-0123456789abcdef0": {"id": "tms-0123456789abcdef0", "session_number": 1, "virtual_network_id": 4711}},
  "skipped": {"eni-1": {"reason": "UNATTACHED", "detail": "x"}}, "summary": {"matched": 2, "eligible": 1, "skipped": 1},
  "account_id": "123456789012"
}"#;

/// The files of a kind; `least` tells an emptied folder.
fn corpus(kind: &str, least: usize) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(kind);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > least, "{kind}");
    files
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// An honest value of each type, in msgpack; attributes that the type does not have are left out.
fn honest() -> Vec<Vec<u8>> {
    let encode = |kind: &Type| {
        let value = decode_json(CONFIG.as_bytes(), kind, Attributes::Lenient).unwrap();
        encode_msgpack(&value, kind).unwrap()
    };
    kinds().values().map(encode).collect()
}

fn honest_state() -> Vec<u8> {
    let kind = &kinds()[COVERAGE];
    encode_json(
        &decode_json(CONFIG.as_bytes(), kind, Attributes::Lenient).unwrap(),
        kind,
    )
    .unwrap()
}

fn honest_selection() -> String {
    let fleet = Fleet {
        account_id: "123456789012".into(),
        region: "eu-west-1".into(),
        ..Fleet::default()
    };
    fleet.encode().unwrap()
}

/// One change: at this place so many bytes are replaced by these.
type Change = (Index, usize, Vec<u8>);

/// Lies about lengths, markers of every kind, unknown values, single bytes.
fn change() -> impl Strategy<Value = Change> {
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..4),
        prop::sample::select(vec![0xdd_u8, 0xdf, 0xdb, 0xc6, 0xc9])
            .prop_map(|marker| vec![marker, 255, 255, 255, 255]),
        prop::sample::select(vec![0xdc_u8, 0xde, 0xda, 0xc5, 0xc8]).prop_map(|marker| vec![marker, 255, 255]),
        Just(vec![0xd4, 0, 0]),
        Just(vec![0xc0]),
        Just(vec![0x91; 300]),
        Just(b"\x81\xa1a".repeat(300)),
        Just(b"\xaa1e99999999".to_vec()),
        Just(b"[[[[[[[[".to_vec()),
        Just(b"{\"a\":".repeat(300)),
    ];
    (any::<Index>(), 0..6_usize, bytes)
}

fn changed(honest: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    for (place, length, new) in changes {
        let start = place.index(bytes.len() + 1);
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, new.iter().copied());
    }
    bytes
}

#[test]
fn honest_values_are_read() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let hostile = Hostile::start().await;
        assert_eq!(hostile.upgrade(&honest_state(), 0).await.len(), 0);
        assert!(Fleet::decode(&honest_selection()).is_ok());
        let value = encode_msgpack(
            &decode_json(&honest_state(), &kinds()[COVERAGE], Attributes::Exact).unwrap(),
            &kinds()[COVERAGE],
        );
        let answers = hostile.send(&msgpack(&value.unwrap()), b"").await;
        let unsuitable = |call: &str| {
            answers[call]
                .iter()
                .any(|found| found.summary == "Unsuitable value")
        };
        assert!(!unsuitable("ValidateResourceConfig") && unsuitable("mirror_audit"));
    });
}

/// Run by [`memory_is_bounded`] in a process of its own.
#[test]
#[ignore = "a part of memory_is_bounded"]
fn the_corpus_in_a_process_of_its_own() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let hostile = Hostile::start().await;
        // The honest part is what any process takes.
        hostile.send(&msgpack(&honest()[0]), b"").await;
        let before = most_memory();
        for (path, bytes) in corpus("msgpack", 20) {
            let answers = hostile.send(&msgpack(&bytes), &bytes).await;
            let refused = |call: &str| answers[call].iter().any(|found| found.severity == 1);
            // No bytes at all are a value that is not there.
            assert!(
                refused("ValidateResourceConfig") || bytes.is_empty(),
                "{} was taken",
                path.display()
            );
            for kind in kinds().values() {
                let _ = decode_msgpack(&bytes, kind);
                let _ = decode_msgpack(&bytes, &Type::Dynamic);
                let _ = decode_msgpack(&bytes, &Type::List(Box::new(Type::Dynamic)));
            }
        }
        for (_, bytes) in corpus("json", 20) {
            hostile.send(&json(&bytes), &bytes).await;
            for version in [0, 1, -1] {
                hostile.upgrade(&bytes, version).await;
            }
            let _ = decode_json(&bytes, &Type::Dynamic, Attributes::Exact);
        }
        for (path, bytes) in corpus("selection", 20) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(Fleet::decode(&text).is_err(), "{} was taken", path.display());
            let config = format!("{{\"name\": \"a\", \"selection\": {text:?}}}");
            let kind = &kinds()[COVERAGE];
            let value = decode_json(config.as_bytes(), kind, Attributes::Lenient).unwrap();
            hostile
                .send(&msgpack(&encode_msgpack(&value, kind).unwrap()), &bytes)
                .await;
        }
        let honest = fleet::Honest::start().await;
        for (_, bytes) in corpus("fleet", 15) {
            honest.send(&bytes).await;
        }
        honest.plan(&fleet::many(1_100_000)).await;
        // Too large for a file: 8 million values, in each encoding and as a type.
        let many = 8_000_000;
        let mut list = b"\xdd\x00\x7a\x12\x00".to_vec();
        list.resize(list.len() + many, 0xc0);
        let strings = Type::List(Box::new(Type::String));
        decode_msgpack(&list, &strings).unwrap_err();
        list.clear();
        let text = format!("[{}0]", "0,".repeat(many));
        decode_json(text.as_bytes(), &strings, Attributes::Exact).unwrap_err();
        decode_json(
            text.as_bytes(),
            &Type::List(Box::new(Type::Number)),
            Attributes::Exact,
        )
        .unwrap_err();
        drop(text);
        let kind = format!("[\"tuple\",[{}\"bool\"]]", "\"bool\",".repeat(many / 4));
        let mut dynamic = vec![0x92, 0xc6];
        dynamic.extend(u32::try_from(kind.len()).unwrap().to_be_bytes());
        dynamic.extend(kind.as_bytes());
        dynamic.push(0xc0);
        drop(kind);
        decode_msgpack(&dynamic, &Type::Dynamic).unwrap_err();
        println!("memory: {} {}", before, most_memory());
    });
}

/// The most memory of this process so far, in bytes.
fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_bounded() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "the_corpus_in_a_process_of_its_own",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = text
        .lines()
        .find_map(|line| line.split_once("memory: "))
        .unwrap()
        .1;
    let (before, most) = line.split_once(' ').unwrap();
    let (before, most): (u64, u64) = (before.parse().unwrap(), most.parse().unwrap());
    assert!(most - before < MOST_MEMORY, "{} MiB", (most - before) >> 20);
}

#[test]
fn changed_bytes_are_a_value_or_an_error() {
    let runtime = Runtime::new().unwrap();
    let hostile = runtime.block_on(Hostile::start());
    let honest = honest();
    let private = honest_selection();
    let changes = || vec(change(), 1..5);
    proptest!(|(which: Index, in_value in changes(), in_private in changes())| {
        let value = changed(&honest[which.index(honest.len())], &in_value);
        let private = changed(private.as_bytes(), &in_private);
        runtime.block_on(hostile.send(&msgpack(&value), &private));
        let _ = Fleet::decode(&String::from_utf8_lossy(&private));
        // What is read all the same can be written again.
        for kind in kinds().values() {
            if let Ok(value) = decode_msgpack(&value, kind) {
                encode_msgpack(&value, kind).unwrap();
            }
        }
    });
}

#[test]
fn changed_states_are_a_value_or_an_error() {
    let runtime = Runtime::new().unwrap();
    let hostile = runtime.block_on(Hostile::start());
    let honest = honest_state();
    proptest!(|(changes in vec(change(), 1..5), version in -1_i64..2)| {
        let stored = changed(&honest, &changes);
        runtime.block_on(async {
            hostile.upgrade(&stored, version).await;
            hostile.send(&json(&stored), b"").await;
        });
    });
}
