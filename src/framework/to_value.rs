//! From a model to a [`Value`]: a serde serializer that knows [`super::Attr`].

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{self, Serialize, Serializer};

use super::attr::{ATTR, UNKNOWN};
use super::decode_msgpack::decode_msgpack;
use super::error::{Reason, ValueError};
use super::model_shapes::shapes_of_every_model;
use super::number::{NUMBER, Number};
use super::path::Step;
use super::types::Type;
use super::value::Value;

impl ser::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Reason::Model(message.to_string()).into()
    }
}

pub(super) struct ValueSerializer;

pub(super) fn unsupported<T>(what: &str) -> Result<T, ValueError> {
    Err(ser::Error::custom(format!("a model cannot hold {what}")))
}

/// The key of an element of a map.
pub(super) fn key_of<T: Serialize + ?Sized>(key: &T) -> Result<String, ValueError> {
    match key.serialize(ValueSerializer)? {
        Value::String(key) => Ok(key),
        _ => unsupported("a map whose keys are no text"),
    }
}

impl Serializer for ValueSerializer {
    type Ok = Value;
    type Error = ValueError;
    type SerializeSeq = ListSerializer;
    type SerializeTuple = ListSerializer;
    type SerializeMap = MapSerializer;
    type SerializeStruct = MapSerializer;

    shapes_of_every_model! {}

    fn serialize_bool(self, value: bool) -> Result<Value, ValueError> {
        Ok(Value::Bool(value))
    }

    fn serialize_i64(self, value: i64) -> Result<Value, ValueError> {
        Ok(Value::Number(value.into()))
    }

    fn serialize_u64(self, value: u64) -> Result<Value, ValueError> {
        Ok(Value::Number(value.into()))
    }

    fn serialize_f64(self, value: f64) -> Result<Value, ValueError> {
        Ok(Value::Number(Number::from_f64(value)?))
    }

    fn serialize_char(self, value: char) -> Result<Value, ValueError> {
        Ok(Value::String(value.into()))
    }

    fn serialize_str(self, value: &str) -> Result<Value, ValueError> {
        Ok(Value::String(value.to_owned()))
    }

    /// Only [`super::Any`] has bytes: a value that carries its type.
    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, ValueError> {
        decode_msgpack(bytes, &Type::Dynamic)
    }

    fn serialize_none(self) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, ValueError> {
        Ok(match (name, variant) {
            (ATTR, UNKNOWN) => Value::Unknown,
            (ATTR, _) => Value::Null,
            _ => Value::String(variant.to_owned()),
        })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, ValueError> {
        match (name, value.serialize(self)?) {
            (NUMBER, Value::String(text)) => Ok(Value::Number(Number::parse(&text)?)),
            (_, value) => Ok(value),
        }
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<ListSerializer, ValueError> {
        Ok(ListSerializer(Vec::with_capacity(length.unwrap_or(0))))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<MapSerializer, ValueError> {
        Ok(MapSerializer {
            elements: BTreeMap::new(),
            key: None,
        })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<MapSerializer, ValueError> {
        self.serialize_map(None)
    }
}

pub(super) struct ListSerializer(Vec<Value>);

impl ListSerializer {
    fn push<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), ValueError> {
        let index = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        self.0.push(
            element
                .serialize(ValueSerializer)
                .map_err(|error| error.within(Step::Index(index)))?,
        );
        Ok(())
    }
}

impl ser::SerializeSeq for ListSerializer {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), ValueError> {
        self.push(element)
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::List(self.0))
    }
}

impl ser::SerializeTuple for ListSerializer {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), ValueError> {
        self.push(element)
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::List(self.0))
    }
}

pub(super) struct MapSerializer {
    elements: BTreeMap<String, Value>,
    key: Option<String>,
}

impl ser::SerializeMap for MapSerializer {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        self.key = Some(key_of(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), ValueError> {
        let key = self.key.take().unwrap_or_default();
        let value = element
            .serialize(ValueSerializer)
            .map_err(|error| error.within(Step::Key(key.clone())))?;
        self.elements.insert(key, value);
        Ok(())
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::Map(self.elements))
    }
}

impl ser::SerializeStruct for MapSerializer {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        field: &T,
    ) -> Result<(), ValueError> {
        let value = field
            .serialize(ValueSerializer)
            .map_err(|error| error.within(Step::Attribute(name.to_owned())))?;
        self.elements.insert(name.to_owned(), value);
        Ok(())
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(Value::Map(self.elements))
    }
}
