use proptest::prelude::*;

use super::any;
use crate::framework::number::NumberError;
use crate::framework::{Number, Type, Value, decode_json, decode_msgpack, encode_msgpack};

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn equal_numbers_are_equal_however_they_were_written() {
    for (left, right) in [
        ("1", "1.0"),
        ("1", "+1"),
        ("100", "1e2"),
        ("100", "0.001E5"),
        ("0", "-0.000e9"),
        ("0.1", "1e-1"),
        ("9223372036854775808", "9.223372036854775808e18"),
        ("1e400", "10e399"),
    ] {
        assert_eq!(number(left), number(right), "{left} {right}");
    }
    assert_eq!(number("0.5"), Number::from_f64(0.5).unwrap());
    assert_eq!(number("1e20"), Number::from_f64(1e20).unwrap());
    assert_eq!(Number::from_f64(-0.0).unwrap(), Number::from(0_i64));
    assert_eq!(number("18446744073709551615"), Number::from(u64::MAX));
    assert_eq!(number("18446744073709551615").as_u64(), Some(u64::MAX));
    // A float is not the decimal that prints like it.
    assert_ne!(number("0.1"), Number::from_f64(0.1).unwrap());
    assert_ne!(number("1e300"), Number::from_f64(1e300).unwrap());
}

#[test]
fn texts_that_are_no_number() {
    for text in [
        "", "-", ".", "1e", "e5", "1e+", "0x10", "NaN", "Inf", "1 ", " 1", "1_000", "--1", "1.2.3", "١",
    ] {
        assert!(
            matches!(Number::parse(text), Err(NumberError::Syntax(_))),
            "{text:?}"
        );
    }
    for text in [
        "1e99999999999999999999",
        "1e1000001",
        "1e-1000002",
        "1e9223372036854775807",
    ] {
        assert_eq!(Number::parse(text), Err(NumberError::Exponent), "{text}");
    }
    assert_eq!(Number::from_f64(f64::NAN), Err(NumberError::NotANumber));
}

#[test]
fn the_wire_has_what_core_writes() {
    for (text, bytes) in [
        ("0", vec![0x00]),
        ("-1", vec![0xff]),
        ("1.5", vec![0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
        ("0.1", vec![0xa3, b'0', b'.', b'1']),
        ("18446744073709551616", vec![0xcb, 0x43, 0xf0, 0, 0, 0, 0, 0, 0]),
        (
            "18446744073709551615",
            [&[0xb4_u8][..], b"18446744073709551615"].concat(),
        ),
    ] {
        assert_eq!(
            encode_msgpack(&Value::Number(number(text)), &Type::Number).unwrap(),
            bytes,
            "{text}"
        );
    }
    for (bytes, wanted) in [
        (
            vec![0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            Number::from(u64::MAX),
        ),
        (vec![0xca, 0x3f, 0xc0, 0, 0], number("1.5")),
        (vec![0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0], number("0")),
        (vec![0xd0, 0x80], number("-128")),
        (b"\xa51e400".to_vec(), number("1e400")),
    ] {
        assert_eq!(
            decode_msgpack(&bytes, &Type::Number).unwrap(),
            Value::Number(wanted),
            "{bytes:x?}"
        );
    }
    let infinity = decode_msgpack(&[0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], &Type::Number).unwrap();
    assert_eq!(infinity, Value::Number(Number::from_f64(f64::INFINITY).unwrap()));
    let nan = decode_msgpack(&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], &Type::Number);
    assert!(nan.is_err());
}

#[test]
fn json_keeps_every_digit() {
    let text = "123456789012345678901234567890.12345678901234567890";
    let value = decode_json(
        text.as_bytes(),
        &Type::Number,
        crate::framework::Attributes::Exact,
    )
    .unwrap();
    let Value::Number(number) = value else {
        panic!("{value:?}")
    };
    assert_eq!(
        number.to_string(),
        "123456789012345678901234567890.1234567890123456789"
    );
}

proptest! {
    #[test]
    fn a_number_reads_what_it_writes(number in any::number()) {
        prop_assume!(!number.is_infinite());
        prop_assert_eq!(Number::parse(&number.to_string()).unwrap(), number);
    }

    #[test]
    fn floats_are_exact(float in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
        let number = Number::from_f64(float).unwrap();
        prop_assert_eq!(number.as_exact_f64(), Some(float));
        let text = number.to_string();
        prop_assert_eq!(text.parse::<f64>().unwrap(), float);
        prop_assert_eq!(Number::parse(&text).unwrap().as_exact_f64(), Some(float));
    }

    #[test]
    fn any_text_is_a_number_or_an_error(text in "[-+0-9.eE]{0,30}") {
        if let Ok(number) = Number::parse(&text) {
            prop_assert_eq!(Number::parse(&number.to_string()).unwrap(), number);
        }
    }
}
