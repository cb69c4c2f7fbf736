//! Encoding and decoding, and the bridge to models, change nothing.

use proptest::prelude::*;

use super::any;
use super::sample::Sample;
use crate::framework::{
    Attr, Attributes, Type, Value, decode_json, decode_msgpack, encode_json, encode_model, encode_msgpack,
    from_value, schema_of, to_value,
};

fn writable_as_json(value: &Value) -> bool {
    match value {
        Value::Unknown => false,
        Value::Number(number) => !number.is_infinite(),
        Value::List(elements) => elements.iter().all(writable_as_json),
        Value::Map(elements) => elements.values().all(writable_as_json),
        _ => true,
    }
}

/// Numbers as the sample's `i64` fields take them.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_i64().unwrap_or(7)),
        Value::List(elements) => elements.into_iter().map(whole).collect(),
        Value::Map(elements) => elements
            .into_iter()
            .map(|(name, element)| (name, whole(element)))
            .collect(),
        other => other,
    }
}

fn sample_type() -> Type {
    schema_of::<Sample>(1).unwrap().implied_type()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn msgpack((kind, value) in any::typed_value()) {
        let bytes = encode_msgpack(&value, &kind).unwrap();
        prop_assert_eq!(decode_msgpack(&bytes, &kind).unwrap(), value);
    }

    #[test]
    fn json((kind, value) in any::typed_value()) {
        match encode_json(&value, &kind) {
            Ok(bytes) => {
                prop_assert_eq!(&decode_json(&bytes, &kind, Attributes::Exact).unwrap(), &value);
                prop_assert_eq!(decode_json(&bytes, &kind, Attributes::Lenient).unwrap(), value);
            }
            Err(_) => prop_assert!(!writable_as_json(&value)),
        }
    }

    #[test]
    fn types(kind in any::kind()) {
        prop_assert_eq!(Type::from_json(&kind.to_json()).unwrap(), kind);
    }

    #[test]
    fn models(value in any::value(&sample_type())) {
        let value = whole(value);
        let model: Attr<Sample> = from_value(value.clone()).unwrap();
        prop_assert_eq!(to_value(&model).unwrap(), value);
    }

    /// The way without values in between comes out where the way through them does.
    #[test]
    fn models_straight_to_msgpack(value in any::value(&sample_type())) {
        let model: Attr<Sample> = from_value(whole(value)).unwrap();
        let Attr::Known(model) = model else { return Ok(()) };
        let schema = schema_of::<Sample>(1).unwrap();
        let kind = schema.implied_type();
        let mut value = to_value(&model).unwrap();
        schema.complete(&mut value);
        let encoded = encode_model(&model, &schema, &kind).unwrap();
        prop_assert_eq!(encoded.has_unknown, !value.is_wholly_known());
        prop_assert_eq!(encoded.msgpack, encode_msgpack(&value, &kind).unwrap());
    }
}

#[test]
fn a_model_that_is_no_value_of_its_type_is_an_error_that_says_where() {
    let schema = schema_of::<Sample>(1).unwrap();
    let Type::Object(mut kinds) = schema.implied_type() else {
        panic!()
    };
    let sample = Sample {
        target_ids: Attr::Known(vec!["tmt-1".to_owned().into()]),
        ..Sample::default()
    };
    let mut said = |name: &str, kind: Option<Type>| {
        let before = kinds.clone();
        match kind {
            Some(kind) => kinds.insert(name.to_owned(), kind),
            None => kinds.remove(name),
        };
        let error = encode_model(&sample, &schema, &Type::Object(kinds.clone())).unwrap_err();
        kinds = before;
        error.to_string()
    };
    let numbers = Type::List(Box::new(Type::Number));
    assert_eq!(
        said("target_ids", Some(numbers)),
        "target_ids[0]: a number is wanted, this is a string"
    );
    assert_eq!(
        said("target_ids", Some(Type::Bool)),
        "target_ids: a bool is wanted, this is a list"
    );
    assert_eq!(said("weight", None), "weight: there is no such attribute");
    assert_eq!(said("more", Some(Type::String)), "the attribute is missing");
}

#[test]
fn a_set_has_one_order_and_no_duplicates() {
    let kind = Type::Set(Box::new(Type::String));
    let one: Value = ["b", "a", "b"].into_iter().map(Value::from).collect();
    let other: Value = ["a", "b"].into_iter().map(Value::from).collect();
    assert_eq!(
        encode_msgpack(&one, &kind).unwrap(),
        encode_msgpack(&other, &kind).unwrap()
    );
    assert_eq!(encode_json(&one, &kind).unwrap(), br#"["a","b"]"#);
    // Two unknown elements may turn out to differ.
    let unknown: Value = [Value::Unknown, Value::Unknown].into_iter().collect();
    assert_eq!(
        decode_msgpack(&encode_msgpack(&unknown, &kind).unwrap(), &kind).unwrap(),
        unknown
    );
}

#[test]
fn a_value_of_another_type_is_an_error_that_says_where() {
    let mut value = to_value(&Sample::default()).unwrap();
    let Value::Map(fields) = &mut value else { panic!() };
    fields.insert("session_number".to_owned(), Value::Number("1.5".parse().unwrap()));
    let error = from_value::<Sample>(value).unwrap_err();
    assert_eq!(error.to_string(), "session_number: a whole number is wanted");

    let session: Value = [("id", Value::from(true)), ("number", Value::Null)]
        .into_iter()
        .collect();
    let mut value = to_value(&Sample::default()).unwrap();
    let Value::Map(fields) = &mut value else { panic!() };
    fields.insert("sessions".to_owned(), [("eni-1", session)].into_iter().collect());
    let kind = sample_type();
    let error = encode_msgpack(&value, &kind).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"sessions["eni-1"].id: a string is wanted, this is a bool"#
    );
    let error = from_value::<Sample>(value).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"sessions["eni-1"].id: a string is wanted, this is a bool"#
    );
}

#[test]
fn errors_never_repeat_a_value() {
    let secret = "correct horse battery staple";
    let mut value = to_value(&Sample::default()).unwrap();
    let Value::Map(fields) = &mut value else { panic!() };
    fields.insert("session_number".to_owned(), Value::from(secret));
    let error = from_value::<Sample>(value).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("horse"), "{error:?}");
    let json = format!("{{\"a\":\"{secret}\"}}");
    let kind = Type::Object([("a".to_owned(), Type::Bool)].into());
    let error = decode_json(json.as_bytes(), &kind, Attributes::Exact).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("horse"), "{error:?}");
}

#[test]
fn a_stored_state_of_another_version_is_read_leniently() {
    let kind = Type::Object([("a".to_owned(), Type::String), ("b".to_owned(), Type::Number)].into());
    let json = br#"{"a":"x","gone":{"deep":[1,2,{"more":null}]}}"#;
    let wanted: Value = [("a", Value::from("x")), ("b", Value::Null)]
        .into_iter()
        .collect();
    assert_eq!(decode_json(json, &kind, Attributes::Lenient).unwrap(), wanted);
    let error = decode_json(json, &kind, Attributes::Exact).unwrap_err();
    assert_eq!(error.to_string(), "b: the attribute is missing");
}
