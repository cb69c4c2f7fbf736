//! [`Any`]: a leaf of a typed model whose type the user chooses.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{self, Serialize, Serializer};

use super::types::Type;
use super::value::Value;
use super::{decode_msgpack, encode_msgpack};

/// Name of the serde newtype by which an [`Any`] tells the value bridge that it is one. It passes as msgpack, since serde's data
/// model has no place for a type beside a value.
pub(crate) const ANY: &str = "$any";
/// Title of its JSON Schema, by which the walker knows it.
pub(crate) const TITLE: &str = "any value";

/// A value of the type that the configuration gives it, `any` in the schema. Use it where an object may leave out attributes: no
/// static type says that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Any(pub Value);

impl Any {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.0.untyped().is_null()
    }
}

impl Default for Any {
    fn default() -> Self {
        Self(Value::Null)
    }
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = encode_msgpack(&self.0, &Type::Dynamic).map_err(ser::Error::custom)?;
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ANY, AnyVisitor)
    }
}

struct AnyVisitor;

impl Visitor<'_> for AnyVisitor {
    type Value = Any;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value with its type")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Any, E> {
        decode_msgpack(bytes, &Type::Dynamic).map(Any).map_err(E::custom)
    }
}

impl JsonSchema for Any {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Any".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "title": TITLE })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as De;
    use serde::Serialize as Se;

    use super::super::{decode_msgpack, encode_model, encode_msgpack, from_value, schema_of, to_value};
    use super::*;

    /// A model with such a field.
    #[derive(Debug, Default, PartialEq, Se, De, JsonSchema)]
    struct Sample {
        /// Of any type.
        rule: Any,
    }

    #[test]
    fn the_type_comes_back_with_the_value() {
        let schema = schema_of::<Sample>(0).unwrap();
        let Type::Object(kinds) = schema.block.implied_type() else {
            panic!("a block is an object");
        };
        assert_eq!(kinds["rule"], Type::Dynamic);
        for (kind, value) in [
            (r#"["list","string"]"#, Value::List(vec!["a".into()])),
            (r#"["object",{"a":"string","b":["list","string"]}]"#, {
                Value::Map(
                    [
                        ("a".to_owned(), Value::Null),
                        ("b".to_owned(), Value::List(vec![Value::Unknown])),
                    ]
                    .into(),
                )
            }),
            (r#""string""#, Value::Null),
            (r#"["map","string"]"#, Value::Unknown),
            (r#""dynamic""#, Value::Null),
            (r#""dynamic""#, Value::Unknown),
        ] {
            let kind = Type::from_json(kind.as_bytes()).unwrap();
            let typed = Value::Map([("rule".to_owned(), value.clone().typed(kind))].into());
            let bytes = encode_msgpack(&typed, &Type::Object(kinds.clone())).unwrap();
            let read = decode_msgpack(&bytes, &Type::Object(kinds.clone())).unwrap();
            assert_eq!(read, typed);
            let model: Sample = from_value(read).unwrap();
            assert_eq!(*model.rule.0.untyped(), value);
            assert_eq!(
                encode_msgpack(&to_value(&model).unwrap(), &Type::Object(kinds.clone())).unwrap(),
                bytes
            );
            let encoded = encode_model(&model, &schema, &Type::Object(kinds.clone())).unwrap();
            assert_eq!(encoded.msgpack, bytes);
            assert_eq!(encoded.has_unknown, !value.is_wholly_known());
        }
    }
}
