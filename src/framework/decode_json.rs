//! Values from JSON, led by a type: stored states, and values from cores that prefer JSON.
//!
//! The text is scanned once for its syntax and then once for each level of the type; numbers are taken from their
//! text, so that no digit is lost.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::decode_msgpack::{MAX_DEPTH, MAX_VALUES, dynamic_type};
use super::error::{Reason, ValueError};
use super::number::Number;
use super::path::Step;
use super::types::Type;
use super::value::Value;

/// How exactly an object must have the attributes of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attributes {
    /// Neither more nor fewer.
    Exact,
    /// Others are ignored, missing ones are null: for states that another version wrote.
    Lenient,
}

/// Reads a value of the type `kind` from a JSON document.
pub fn decode_json(bytes: &[u8], kind: &Type, attributes: Attributes) -> Result<Value, ValueError> {
    let text = std::str::from_utf8(bytes).map_err(|_| Reason::NotUtf8)?;
    let mut reader = Reader {
        attributes,
        left: MAX_VALUES,
    };
    reader.value(serde_json::from_str(text).map_err(Reason::Json)?, kind, MAX_DEPTH)
}

struct Reader {
    attributes: Attributes,
    /// How many values may still come.
    left: usize,
}

impl Reader {
    fn value(&mut self, json: &RawValue, kind: &Type, depth: usize) -> Result<Value, ValueError> {
        let depth = depth.checked_sub(1).ok_or(Reason::TooDeep)?;
        self.left = self.left.checked_sub(1).ok_or(Reason::TooMany)?;
        let text = json.get();
        if text == "null" {
            return Ok(Value::Null);
        }
        match (kind, text.as_bytes().first().copied().unwrap_or_default()) {
            (Type::Bool, b't') => Ok(Value::Bool(true)),
            (Type::Bool, b'f') => Ok(Value::Bool(false)),
            (Type::Number, b'-' | b'0'..=b'9') => Ok(Value::Number(Number::parse(text)?)),
            // Cores write large numbers as text.
            (Type::Number, b'"') => Ok(Value::Number(Number::parse(&string(text)?)?)),
            (Type::String, b'"') => Ok(Value::String(string(text)?)),
            (Type::List(element) | Type::Set(element), b'[') => {
                let elements = self.elements(text)?;
                self.list(&elements, std::iter::repeat(element.as_ref()), depth)
            }
            (Type::Tuple(kinds), b'[') => {
                let elements = self.elements(text)?;
                if elements.len() != kinds.len() {
                    return Err(Reason::Length {
                        wanted: kinds.len(),
                        found: elements.len(),
                    }
                    .into());
                }
                self.list(&elements, kinds.iter(), depth)
            }
            (Type::Map(element), b'{') => {
                let entries = self.entries(text)?.into_iter();
                let read = |(key, json): (String, &RawValue)| {
                    let value = self.value(json, element, depth);
                    value
                        .map_err(|error| error.within(Step::Key(key.clone())))
                        .map(|value| (key, value))
                };
                entries.map(read).collect::<Result<_, _>>().map(Value::Map)
            }
            (Type::Object(kinds), b'{') => self.object(self.entries(text)?, kinds, depth),
            (Type::Dynamic, b'{') => {
                let parts = self.entries(text)?;
                let part = |name: &str| {
                    let missing =
                        || ValueError::from(Reason::Missing).within(Step::Attribute(name.to_owned()));
                    parts.get(name).copied().ok_or_else(missing)
                };
                let kind = dynamic_type(part("type")?.get().as_bytes())?;
                self.value(part("value")?, &kind, depth)
                    .map(|value| value.typed(kind))
            }
            (kind, first) => Err(ValueError::wrong(
                kind,
                match first {
                    b't' | b'f' => "a bool",
                    b'"' => "a string",
                    b'[' => "a list",
                    b'{' => "an object",
                    _ => "a number",
                },
            )),
        }
    }

    /// The elements of an array, no more than there may be values.
    fn elements<'j>(&self, text: &'j str) -> Result<Vec<&'j RawValue>, ValueError> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let elements = deserializer.deserialize_seq(Elements(self.left));
        Ok(elements.map_err(Reason::Json)?.ok_or(Reason::TooMany)?)
    }

    /// The entries of an object, no more than there may be values.
    fn entries<'j>(&self, text: &'j str) -> Result<BTreeMap<String, &'j RawValue>, ValueError> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        match deserializer
            .deserialize_map(Entries(self.left))
            .map_err(Reason::Json)?
        {
            Found::Entries(entries) => Ok(entries),
            Found::Twice(key) => Err(ValueError::from(Reason::Duplicate).within(Step::Key(key))),
            Found::TooMany => Err(Reason::TooMany.into()),
        }
    }

    fn list<'t>(
        &mut self,
        elements: &[&RawValue],
        kinds: impl Iterator<Item = &'t Type>,
        depth: usize,
    ) -> Result<Value, ValueError> {
        let read = |((json, kind), index): ((&&RawValue, &Type), i64)| {
            self.value(json, kind, depth)
                .map_err(|error| error.within(Step::Index(index)))
        };
        elements
            .iter()
            .zip(kinds)
            .zip(0_i64..)
            .map(read)
            .collect::<Result<_, _>>()
            .map(Value::List)
    }

    fn object(
        &mut self,
        mut parts: BTreeMap<String, &RawValue>,
        kinds: &BTreeMap<String, Type>,
        depth: usize,
    ) -> Result<Value, ValueError> {
        let lenient = self.attributes == Attributes::Lenient;
        let mut object = BTreeMap::new();
        for (name, kind) in kinds {
            let within = |error: ValueError| error.within(Step::Attribute(name.clone()));
            let value = match parts.remove(name) {
                Some(json) => self.value(json, kind, depth).map_err(within)?,
                None if lenient => Value::Null,
                None => return Err(within(Reason::Missing.into())),
            };
            object.insert(name.clone(), value);
        }
        match parts.into_keys().next() {
            Some(name) if !lenient => {
                Err(ValueError::from(Reason::NoSuchAttribute).within(Step::Attribute(name)))
            }
            _ => Ok(Value::Map(object)),
        }
    }
}

fn string(text: &str) -> Result<String, ValueError> {
    Ok(serde_json::from_str(text).map_err(Reason::Json)?)
}

/// The elements of an array; none if there are more than this.
struct Elements(usize);

impl<'de> Visitor<'de> for Elements {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        let mut fit = true;
        while let Some(json) = access.next_element()? {
            fit &= elements.len() < self.0;
            if fit {
                elements.push(json);
            }
        }
        Ok(fit.then_some(elements))
    }
}

/// The entries of an object, read to its end.
struct Entries(usize);

enum Found<'de> {
    Entries(BTreeMap<String, &'de RawValue>),
    /// The first key that is there twice.
    Twice(String),
    TooMany,
}

impl<'de> Visitor<'de> for Entries {
    type Value = Found<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut entries = BTreeMap::new();
        let mut wrong = None;
        while let Some((key, json)) = access.next_entry::<String, &'de RawValue>()? {
            if wrong.is_some() {
                continue;
            }
            if entries.contains_key(&key) {
                wrong = Some(Found::Twice(key));
            } else if entries.len() >= self.0 {
                wrong = Some(Found::TooMany);
            } else {
                entries.insert(key, json);
            }
        }
        Ok(wrong.unwrap_or(Found::Entries(entries)))
    }
}
