//! Changes of a JSON document that leave it one: values, keys, what is there twice or not at all.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// One change of a value somewhere in the document.
#[derive(Debug, Clone)]
pub enum Turn {
    Replace(Value),
    /// By another value of its kind, so that it gets past the decoder.
    Vary(Value, String),
    /// By another part of the document, or a key by another key.
    Copy(Index),
    Remove,
    Rename(String),
    /// The same once more: under this key, or at the end of the list.
    Twice(String),
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("x".repeat(200_000)),
        Just("eni-0eeeeeeeeeeeeee10".to_owned()),
        Just("{instance_id}{".to_owned()),
        Just("\u{0}\u{202e}\n%s*?".to_owned()),
        "[a-z]{1,4}-[0-9a-f]{0,17}",
    ]
}

fn hostile_number() -> impl Strategy<Value = Value> {
    let numbers = [
        json!(0),
        json!(1),
        json!(-1),
        json!(16_777_216),
        json!(u32::MAX),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!(0.5),
    ];
    prop::sample::select(numbers.to_vec())
}

fn hostile_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        hostile_number(),
        hostile_text().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!(vec!["eni-0eeeeeeeeeeeeee10"; 3])),
    ]
}

pub fn turn() -> impl Strategy<Value = (Index, Turn)> {
    let turn = prop_oneof![
        9 => (hostile_number(), hostile_text()).prop_map(|(number, text)| Turn::Vary(number, text)),
        1 => hostile_value().prop_map(Turn::Replace),
        3 => any::<Index>().prop_map(Turn::Copy),
        1 => Just(Turn::Remove),
        2 => hostile_text().prop_map(Turn::Rename),
        2 => hostile_text().prop_map(Turn::Twice),
    ];
    (any::<Index>(), turn)
}

/// Where there are values, the root apart.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut go = |key: &str, value: &Value| {
        let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        places(value, &place, found);
        found.push(place);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| go(key, value)),
        Value::Array(items) => (0..)
            .zip(items)
            .for_each(|(i, value): (usize, _)| go(&i.to_string(), value)),
        _ => {}
    }
}

pub fn turned(document: &mut Value, index: Index, turn: &Turn) {
    let mut all = Vec::new();
    places(document, "", &mut all);
    if all.is_empty() {
        return;
    }
    let place = index.get(&all).clone();
    let Some(here) = document.pointer(&place).cloned() else {
        return;
    };
    let new = match turn {
        Turn::Replace(value) => value.clone(),
        Turn::Vary(number, text) => match &here {
            Value::Number(_) => number.clone(),
            Value::String(_) => text.as_str().into(),
            Value::Bool(is_set) => (!is_set).into(),
            _ => here.clone(),
        },
        Turn::Copy(from) => document
            .pointer(from.get(&all).as_str())
            .cloned()
            .unwrap_or_default(),
        _ => Value::Null,
    };
    let (parent, key) = place.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent), turn) {
        (Some(Value::Object(fields)), Turn::Rename(name)) => {
            fields.remove(&key);
            fields.insert(name.clone(), here);
        }
        (Some(Value::Object(fields)), Turn::Twice(name)) => {
            fields.insert(name.clone(), here);
        }
        (Some(Value::Object(fields)), Turn::Remove) => {
            fields.remove(&key);
        }
        (Some(Value::Object(fields)), Turn::Replace(_) | Turn::Vary(..) | Turn::Copy(_)) => {
            fields.insert(key, new);
        }
        (Some(Value::Array(items)), turn) => {
            let i: usize = key.parse().unwrap();
            match turn {
                Turn::Replace(_) | Turn::Vary(..) | Turn::Copy(_) => items[i] = new,
                Turn::Remove => drop(items.remove(i)),
                Turn::Rename(_) | Turn::Twice(_) => items.push(here),
            }
        }
        _ => {}
    }
}
