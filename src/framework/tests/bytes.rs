//! Bytes of any kind are a value or an error.

use proptest::collection::vec;
use proptest::prelude::*;

use super::any;
use crate::framework::decode_msgpack::decode_within;
use crate::framework::error::Reason;
use crate::framework::{Attributes, Type, Value, decode_json, decode_msgpack, encode_msgpack};

fn list(element: Type) -> Type {
    Type::List(Box::new(element))
}

fn reason(bytes: &[u8], kind: &Type) -> Reason {
    decode_msgpack(bytes, kind).unwrap_err().reason
}

proptest! {
    #[test]
    fn msgpack_noise(kind in any::kind(), bytes in vec(any::<u8>(), 0..200)) {
        let _ = decode_msgpack(&bytes, &kind);
        let _ = decode_msgpack(&bytes, &Type::Dynamic);
    }

    #[test]
    fn msgpack_with_a_wrong_byte((kind, value) in any::typed_value(), position in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = encode_msgpack(&value, &kind).unwrap();
        let position = position.index(bytes.len());
        bytes[position] = byte;
        // What is read all the same can be written again.
        if let Ok(value) = decode_msgpack(&bytes, &kind) {
            encode_msgpack(&value, &kind).unwrap();
        }
    }

    #[test]
    fn msgpack_cut_short((kind, value) in any::typed_value(), cut in any::<prop::sample::Index>()) {
        let bytes = encode_msgpack(&value, &kind).unwrap();
        prop_assert!(decode_msgpack(&bytes[..cut.index(bytes.len())], &kind).is_err());
    }

    #[test]
    fn json_noise(kind in any::kind(), text in "[\\[\\]{}\",:0-9a-z\\\\ -]{0,80}", bytes in vec(any::<u8>(), 0..80)) {
        let _ = decode_json(text.as_bytes(), &kind, Attributes::Exact);
        let _ = decode_json(&bytes, &kind, Attributes::Lenient);
    }
}

#[test]
fn lengths_of_four_billion() {
    let kinds = [
        (0xdd, list(Type::String)),
        (0xdf, Type::Map(Box::new(Type::String))),
        (0xdf, Type::Object([("a".to_owned(), Type::String)].into())),
        (0xdb, Type::String),
        (0xdb, Type::Number),
        (0xc9, Type::String),
    ];
    for (marker, kind) in kinds {
        let bytes = [marker, 0xff, 0xff, 0xff, 0xff];
        assert!(matches!(reason(&bytes, &kind), Reason::Truncated), "{kind:?}");
    }
    let tuple = Type::Tuple(vec![Type::Bool]);
    assert!(matches!(
        reason(&[0xdd, 0xff, 0xff, 0xff, 0xff], &tuple),
        Reason::Length { .. }
    ));
}

#[test]
fn more_values_than_any_state() {
    let bytes = b"\x94\xc0\xc0\xc0\xc0";
    assert!(decode_within(bytes, &list(Type::Bool), 5).is_ok());
    assert!(matches!(
        decode_within(bytes, &list(Type::Bool), 4).unwrap_err().reason,
        Reason::TooMany
    ));
}

#[test]
fn depth() {
    let deep = (0..100_000).fold(Type::String, |kind, _| list(kind));
    let bytes = vec![0x91; 100_000];
    assert!(matches!(reason(&bytes, &deep), Reason::TooDeep));
    let json = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(matches!(
        decode_json(json.as_bytes(), &deep, Attributes::Exact)
            .unwrap_err()
            .reason,
        Reason::TooDeep
    ));
    // Dropping a type of such depth would itself overflow the stack; a schema is never so deep.
    std::mem::forget(deep);

    // A dynamic value in a dynamic value in …
    let kind = br#"["tuple",["dynamic"]]"#;
    let layer = [
        &[0x92, 0xc4, u8::try_from(kind.len()).unwrap()][..],
        kind,
        &[0x91],
    ]
    .concat();
    let bytes = layer.repeat(10_000);
    assert!(matches!(reason(&bytes, &Type::Dynamic), Reason::TooDeep));

    let kind = "[\"list\",".repeat(10_000);
    let length = u16::try_from(kind.len()).unwrap_or(u16::MAX);
    let bytes = [
        &[0x92, 0xc5][..],
        &length.to_be_bytes(),
        &kind.as_bytes()[..usize::from(length)],
        &[0xc0],
    ]
    .concat();
    assert!(matches!(reason(&bytes, &Type::Dynamic), Reason::Type(_)));
}

#[test]
fn each_fault_has_its_reason_and_place() {
    let object = Type::Object([("a".to_owned(), list(Type::Bool))].into());
    let error = |bytes: &[u8]| decode_msgpack(bytes, &object).unwrap_err().to_string();
    assert_eq!(
        error(b"\x81\xa1a\x92\xc3\xa1x"),
        "a[1]: a bool is wanted, this is a string"
    );
    assert_eq!(error(b"\x81\xa1b\xc0"), "b: there is no such attribute");
    assert_eq!(error(b"\x80"), "a: the attribute is missing");
    assert_eq!(error(b"\x82\xa1a\xc0\xa1a\xc0"), "a: it is there twice");
    assert_eq!(
        error(b"\x81\xa1a\x91\xc1"),
        "a[0]: a bool is wanted, this is no value at all"
    );
    assert_eq!(
        error(b"\x81\xa1a\xc0\xc0"),
        "the encoded value is followed by more bytes"
    );
    assert_eq!(error(b""), "the encoded value ends early");
    assert!(matches!(reason(b"\xa1\xff", &Type::String), Reason::NotUtf8));
    assert!(matches!(
        reason(b"\xc4\x01x", &Type::String),
        Reason::Wrong { .. }
    ));

    let error = |json: &str| {
        decode_json(json.as_bytes(), &object, Attributes::Exact)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(r#"{"a":[true,"x"]}"#),
        "a[1]: a bool is wanted, this is a string"
    );
    assert_eq!(error(r#"{"a":null,"a":null}"#), "[\"a\"]: it is there twice");
    assert_eq!(
        error(r#"{"a":null} 1"#),
        "it is not valid JSON: trailing characters at line 1 column 12"
    );
    assert!(matches!(
        decode_json(b"\"\xff\"", &Type::String, Attributes::Exact)
            .unwrap_err()
            .reason,
        Reason::NotUtf8
    ));
}

#[test]
fn any_extension_is_unknown() {
    for bytes in [
        &b"\xd4\x00\x00"[..],
        b"\xd4\x0c\x00",
        // Code 12 with refinements: not null, prefix "ami-".
        b"\xc7\x08\x0c\x82\x01\xc2\x02\xa4ami",
        b"\xc7\x00\x0c",
        b"\xd8\x7f0123456789abcdef",
    ] {
        for kind in [Type::String, list(Type::Number), Type::Dynamic] {
            assert_eq!(
                decode_msgpack(bytes, &kind).unwrap(),
                Value::Unknown,
                "{bytes:x?}"
            );
        }
    }
    assert!(matches!(
        reason(b"\xc7\x09\x0c\x00", &Type::String),
        Reason::Truncated
    ));
}
