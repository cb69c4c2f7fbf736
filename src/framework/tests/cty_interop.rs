//! pyvider-cty, an independent implementation, reads what this one writes, and the reverse.
//!
//! It runs where `MIRROR_TEST_PYTHON` names a Python that has pyvider-cty, as `make test` sees to.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use super::any;
use crate::framework::encode_msgpack::set_of;
use crate::framework::{Number, Type, Value, decode_msgpack, encode_msgpack};

const COUNT: usize = 1000;

/// What the peer prints, line by line; `None` where there is no peer.
fn peer(arguments: &[&str], input: String) -> Option<Vec<Json>> {
    let Some(python) = std::env::var_os("MIRROR_TEST_PYTHON") else {
        eprintln!("MIRROR_TEST_PYTHON is not set: nothing was compared with pyvider-cty");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cty_interop/peer.py");
    let mut child = Command::new(python)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("MIRROR_TEST_PYTHON names a Python");
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let lines: Vec<Json> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), COUNT);
    Some(lines)
}

/// The value of a description.
fn described(json: &Json) -> Value {
    match json[0].as_str().unwrap() {
        "unknown" => Value::Unknown,
        "null" => Value::Null,
        "bool" => Value::Bool(json[1].as_bool().unwrap()),
        "number" => Value::Number(match json[1].as_str().unwrap() {
            "Infinity" => Number::from_f64(f64::INFINITY).unwrap(),
            "-Infinity" => Number::from_f64(f64::NEG_INFINITY).unwrap(),
            text => text.parse().unwrap(),
        }),
        "string" => Value::from(json[1].as_str().unwrap()),
        "list" => json[1].as_array().unwrap().iter().map(described).collect(),
        "map" => json[1]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, json)| (name.clone(), described(json)))
            .collect(),
        other => panic!("{other}"),
    }
}

/// The same value with its sets in order: each side has its own.
fn ordered(value: Value, kind: &Type) -> Value {
    match (value, kind) {
        (Value::List(elements), Type::Set(kind)) => {
            let elements: Vec<Value> = elements
                .into_iter()
                .map(|element| ordered(element, kind))
                .collect();
            set_of(&elements).into_iter().cloned().collect()
        }
        (Value::List(elements), Type::List(kind)) => elements
            .into_iter()
            .map(|element| ordered(element, kind))
            .collect(),
        (Value::List(elements), Type::Tuple(kinds)) => elements
            .into_iter()
            .zip(kinds)
            .map(|(element, kind)| ordered(element, kind))
            .collect(),
        (Value::Map(elements), Type::Map(kind)) => elements
            .into_iter()
            .map(|(key, element)| (key, ordered(element, kind)))
            .collect(),
        (Value::Map(elements), Type::Object(kinds)) => elements
            .into_iter()
            .map(|(name, element)| {
                let element = ordered(element, &kinds[&name]);
                (name, element)
            })
            .collect(),
        (value, _) => value,
    }
}

/// The same value with texts that are in normal form C: cty brings all texts there, this project leaves them.
fn normal(value: Value) -> Value {
    let text = |text: String| {
        text.chars()
            .map(|letter| if letter.is_ascii() { letter } else { 'ß' })
            .collect::<String>()
    };
    match value {
        Value::String(content) => Value::String(text(content)),
        Value::List(elements) => elements.into_iter().map(normal).collect(),
        Value::Map(elements) => elements
            .into_iter()
            .map(|(name, element)| (text(name), normal(element)))
            .collect(),
        other => other,
    }
}

/// Whether a set in it has an unknown element, of which each implementation makes what it likes, or a tuple in it is
/// null, which pyvider-cty 0.6.3 writes but does not read.
fn is_beyond_the_peer(value: &Value, kind: &Type) -> bool {
    match (value, kind) {
        (Value::Null, Type::Tuple(_)) => true,
        (Value::List(elements), Type::Set(kind))
            if elements.iter().any(|element| is_beyond_the_peer(element, kind)) =>
        {
            true
        }
        (Value::List(elements), Type::Set(_)) => !elements.iter().all(Value::is_wholly_known),
        (Value::List(elements), Type::List(kind)) => {
            elements.iter().any(|element| is_beyond_the_peer(element, kind))
        }
        (Value::List(elements), Type::Tuple(kinds)) => elements
            .iter()
            .zip(kinds)
            .any(|(element, kind)| is_beyond_the_peer(element, kind)),
        (Value::Map(elements), Type::Map(kind)) => {
            elements.values().any(|element| is_beyond_the_peer(element, kind))
        }
        (Value::Map(elements), Type::Object(kinds)) => elements
            .iter()
            .any(|(name, element)| is_beyond_the_peer(element, &kinds[name])),
        _ => false,
    }
}

/// The value without the types that parts of type `any` came with.
fn bare(value: &Value) -> Value {
    match value.untyped() {
        Value::List(elements) => Value::List(elements.iter().map(bare).collect()),
        Value::Map(elements) => Value::Map(
            elements
                .iter()
                .map(|(name, element)| (name.clone(), bare(element)))
                .collect(),
        ),
        value => value.clone(),
    }
}

#[test]
fn pyvider_reads_what_we_write_and_we_read_what_it_writes_again() {
    let mut runner = TestRunner::deterministic();
    let strategy = any::typed_value().prop_map(|(kind, value)| {
        let value = ordered(normal(value), &kind);
        (kind, value)
    });
    let mut values = Vec::new();
    while values.len() < COUNT {
        let (kind, value) = strategy.new_tree(&mut runner).unwrap().current();
        if !is_beyond_the_peer(&value, &kind) {
            values.push((kind, value));
        }
    }
    let line = |(kind, value): &(Type, Value)| {
        let bytes = STANDARD.encode(encode_msgpack(value, kind).unwrap());
        let kind: Json = serde_json::from_slice(&kind.to_json()).unwrap();
        format!("{}\n", json!({ "type": kind, "bytes": bytes }))
    };
    let Some(answers) = peer(&["decode"], values.iter().map(line).collect()) else {
        return;
    };
    for ((kind, value), answer) in values.iter().zip(answers) {
        assert_eq!(answer.get("error"), None, "{kind:?} {value:?}");
        assert_eq!(ordered(described(&answer["value"]), kind), *value, "{kind:?}");
        let bytes = STANDARD.decode(answer["bytes"].as_str().unwrap()).unwrap();
        assert_eq!(
            ordered(decode_msgpack(&bytes, kind).unwrap(), kind),
            *value,
            "{kind:?}"
        );
    }
}

#[test]
fn we_read_what_pyvider_writes() {
    let Some(made) = peer(&["make", &COUNT.to_string(), "7"], String::new()) else {
        return;
    };
    let mut refined = 0;
    for made in made {
        let kind = Type::from_json(made["type"].to_string().as_bytes()).unwrap();
        let bytes = STANDARD.decode(made["bytes"].as_str().unwrap()).unwrap();
        // Extension 12 in its three sizes: unknown, with refinements.
        refined += usize::from(
            bytes
                .windows(2)
                .any(|pair| matches!(pair, [0xc7, _] | [0xd4..=0xd8, 0x0c])),
        );
        let value = ordered(decode_msgpack(&bytes, &kind).unwrap(), &kind);
        // The description has no types; that the value keeps the one it came with shows when it is written again.
        assert_eq!(
            bare(&value),
            ordered(described(&made["value"]), &kind),
            "{kind:?}"
        );
        let again = encode_msgpack(&value, &kind).unwrap();
        assert_eq!(decode_msgpack(&again, &kind).unwrap(), value);
    }
    assert!(refined > 100, "only {refined} values with refinements");
}
