//! Strategies: any type, and any value of a type.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::framework::encode_msgpack::set_of;
use crate::framework::{Number, Type, Value};

pub fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        (-3_i64..300).prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("NaN is no number", |value| Number::from_f64(value).ok()),
        "-?[0-9]{1,60}(\\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?".prop_map(|text| Number::parse(&text).unwrap()),
        Just(Number::parse("1e400").unwrap()),
    ]
}

pub fn kind() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        3 => Just(Type::String),
        2 => Just(Type::Number),
        1 => Just(Type::Bool),
        1 => Just(Type::Dynamic),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(Type::List),
            boxed.clone().prop_map(Type::Set),
            boxed.prop_map(Type::Map),
            btree_map("[a-z_]{1,8}", inner.clone(), 0..5).prop_map(Type::Object),
            vec(inner, 0..4).prop_map(Type::Tuple),
        ]
    })
}

/// Any value of the type; sets in their canonical order.
pub fn value(kind: &Type) -> BoxedStrategy<Value> {
    let known = match kind {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => number().prop_map(Value::Number).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Dynamic => return dynamic().boxed(),
        Type::List(element) => vec(value(element), 0..5).prop_map(Value::List).boxed(),
        Type::Set(element) => vec(value(element), 0..5)
            .prop_map(|elements| Value::List(set_of(&elements).into_iter().cloned().collect()))
            .boxed(),
        Type::Map(element) => btree_map(any::<String>(), value(element), 0..5)
            .prop_map(Value::Map)
            .boxed(),
        Type::Object(attributes) => {
            let names: Vec<String> = attributes.keys().cloned().collect();
            let values: Vec<_> = attributes.values().map(value).collect();
            values
                .prop_map(move |values| {
                    Value::Map(names.iter().cloned().zip(values).collect::<BTreeMap<_, _>>())
                })
                .boxed()
        }
        Type::Tuple(kinds) => kinds
            .iter()
            .map(value)
            .collect::<Vec<_>>()
            .prop_map(Value::List)
            .boxed(),
    };
    prop_oneof![1 => Just(Value::Null), 1 => Just(Value::Unknown), 8 => known].boxed()
}

/// A value that carries its own type.
fn dynamic() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(Value::Unknown),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Number),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            btree_map("[a-z]{1,4}", inner, 0..4).prop_map(Value::Map),
        ]
    })
}

/// A type with any value of it.
pub fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    kind().prop_flat_map(|kind| {
        let value = value(&kind);
        (Just(kind), value)
    })
}
