//! From a [`Value`] to a model: a serde deserializer that knows [`super::Attr`].

use std::collections::btree_map;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::any::ANY;
use super::attr::{ATTR, KNOWN, NULL, UNKNOWN};
use super::encode_msgpack::encode_msgpack;
use super::error::{Reason, ValueError};
use super::number::{NUMBER, Number};
use super::path::Step;
use super::types::Type;
use super::value::Value;

impl de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Reason::Model(message.to_string()).into()
    }

    // serde's own words would repeat the value, which may be secret.
    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::wrong(&expected.to_string(), unexpected_kind(&unexpected))
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Reason::Model(format!(
            "{expected} is wanted, this {} is not",
            unexpected_kind(&unexpected)
        ))
        .into()
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Reason::Model(format!("one of {} is wanted", expected.join(", "))).into()
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::from(Reason::NoSuchAttribute).within(Step::Attribute(field.to_owned()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::from(Reason::Missing).within(Step::Attribute(field.to_owned()))
    }
}

fn unexpected_kind(unexpected: &de::Unexpected<'_>) -> &'static str {
    match unexpected {
        de::Unexpected::Bool(_) => "a bool",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) | de::Unexpected::Float(_) => "a number",
        de::Unexpected::Str(_) | de::Unexpected::Char(_) => "a string",
        de::Unexpected::Option | de::Unexpected::Unit => "null",
        de::Unexpected::Seq => "a list",
        de::Unexpected::Map | de::Unexpected::StructVariant => "a map or an object",
        _ => "something else",
    }
}

pub(super) struct ValueDeserializer(pub Value);

impl ValueDeserializer {
    /// A whole number; the visitor judges its range.
    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let Value::Number(number) = &self.0 else {
            return self.deserialize_any(visitor);
        };
        if let Some(value) = number.as_i64() {
            visitor.visit_i64(value)
        } else if let Some(value) = number.as_u64() {
            visitor.visit_u64(value)
        } else if number.is_whole() {
            Err(Reason::Model("the number is too large".to_owned()).into())
        } else {
            Err(Reason::Model("a whole number is wanted".to_owned()).into())
        }
    }
}

macro_rules! whole_numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            self.whole(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for ValueDeserializer {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Unknown => Err(Reason::Model("it must be known".to_owned()).into()),
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => number_to(&number, visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::List(elements) => visitor.visit_seq(Elements(elements.into_iter().zip(0..))),
            Value::Map(elements) => visitor.visit_map(Entries {
                entries: elements.into_iter(),
                current: None,
                step: Step::Key,
            }),
            Value::Typed(_, value) => Self(*value).deserialize_any(visitor),
        }
    }

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match &self.0 {
            Value::Number(number) => visitor.visit_f64(number.to_f64()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if name == ANY {
            return visitor.visit_byte_buf(encode_msgpack(&self.0, &Type::Dynamic)?);
        }
        // A text is no number, though the visitor would read one.
        if name == NUMBER && !matches!(self.0, Value::Number(_)) {
            return Err(ValueError::wrong(&"a number", self.0.kind()));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Map(elements) => visitor.visit_map(Entries {
                entries: elements.into_iter(),
                current: None,
                step: Step::Attribute,
            }),
            other => Err(ValueError::wrong(&"an object", other.kind())),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if name == ATTR {
            return visitor.visit_enum(AttrAccess(self.0));
        }
        match self.0 {
            Value::String(variant) => visitor.visit_enum(variant.into_deserializer()),
            other => Err(ValueError::wrong(&"a string", other.kind())),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
    }
}

fn number_to<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, ValueError> {
    if let Some(value) = number.as_i64() {
        visitor.visit_i64(value)
    } else if let Some(value) = number.as_exact_f64() {
        visitor.visit_f64(value)
    } else {
        visitor.visit_string(number.to_string())
    }
}

struct Elements(std::iter::Zip<std::vec::IntoIter<Value>, std::ops::RangeFrom<i64>>);

impl<'de> de::SeqAccess<'de> for Elements {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ValueError> {
        let Some((value, index)) = self.0.next() else {
            return Ok(None);
        };
        let element = seed.deserialize(ValueDeserializer(value));
        element
            .map(Some)
            .map_err(|error| error.within(Step::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint().1
    }
}

struct Entries {
    entries: btree_map::IntoIter<String, Value>,
    current: Option<(String, Value)>,
    /// What a key is a step to: an attribute of an object, or an element of a map.
    step: fn(String) -> Step,
}

impl<'de> de::MapAccess<'de> for Entries {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        let Some(entry) = self.entries.next() else {
            return Ok(None);
        };
        let key = StrDeserializer::<ValueError>::new(&entry.0);
        let key = seed
            .deserialize(key)
            .map_err(|error| error.within((self.step)(entry.0.clone())))?;
        self.current = Some(entry);
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValueError> {
        let (key, value) = self.current.take().unwrap_or((String::new(), Value::Null));
        seed.deserialize(ValueDeserializer(value))
            .map_err(|error| error.within((self.step)(key)))
    }
}

/// An [`super::Attr`] as the enum that it is.
struct AttrAccess(Value);

impl<'de> de::EnumAccess<'de> for AttrAccess {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), ValueError> {
        let variant = match self.0 {
            Value::Null => NULL,
            Value::Unknown => UNKNOWN,
            _ => KNOWN,
        };
        seed.deserialize(StrDeserializer::<ValueError>::new(variant))
            .map(|variant| (variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for AttrAccess {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ValueError> {
        seed.deserialize(ValueDeserializer(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ValueError> {
        ValueDeserializer(self.0).deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        ValueDeserializer(self.0).deserialize_any(visitor)
    }
}
