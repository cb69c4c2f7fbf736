//! Values in msgpack, led by a type: the encoding in which cores and providers exchange them.
//!
//! Lengths on the wire are claims: nothing is reserved by them, and the number of values and their depth are
//! bounded.

use std::collections::BTreeMap;

use rmp::Marker;

use super::error::{Reason, ValueError};
use super::number::Number;
use super::path::Step;
use super::types::Type;
use super::value::Value;

/// Deeper than any schema, shallow enough for any stack.
pub(super) const MAX_DEPTH: usize = 128;

/// More values than the largest state; as many bytes on the wire could otherwise become 32 times as many here.
pub(super) const MAX_VALUES: usize = 1 << 22;

/// Longer than the type of any schema, in bytes; read, a type takes ten times as much.
const MAX_TYPE: usize = 1 << 20;

/// Reads a value of the type `kind` that fills `bytes`.
pub fn decode_msgpack(bytes: &[u8], kind: &Type) -> Result<Value, ValueError> {
    decode_within(bytes, kind, MAX_VALUES)
}

/// The same with another bound on the number of values.
pub(super) fn decode_within(bytes: &[u8], kind: &Type, values: usize) -> Result<Value, ValueError> {
    let mut reader = Reader { bytes, left: values };
    let value = reader.value(kind, MAX_DEPTH)?;
    if reader.bytes.is_empty() {
        Ok(value)
    } else {
        Err(Reason::Trailing.into())
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// How many values may still come.
    left: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, kind: &Type, depth: usize) -> Result<Value, ValueError> {
        let depth = depth.checked_sub(1).ok_or(Reason::TooDeep)?;
        self.left = self.left.checked_sub(1).ok_or(Reason::TooMany)?;
        let marker = Marker::from_u8(self.array::<1>()?[0]);
        if marker == Marker::Null {
            return Ok(Value::Null);
        }
        // Whatever an extension says about a value, the value is unknown.
        if let Some(length) = self.extension_length(marker)? {
            self.take(length.saturating_add(1))?;
            return Ok(Value::Unknown);
        }
        match (kind, marker) {
            (Type::Bool, Marker::True) => Ok(Value::Bool(true)),
            (Type::Bool, Marker::False) => Ok(Value::Bool(false)),
            (Type::Number, _) => self.number(marker).map(Value::Number),
            (Type::String, _) => Ok(Value::String(self.string(marker, kind)?.to_owned())),
            (Type::List(element) | Type::Set(element), _) => {
                let length = self
                    .array_length(marker)
                    .transpose()?
                    .ok_or_else(|| wrong(kind, marker))?;
                self.list(length, std::iter::repeat(element.as_ref()), depth)
            }
            (Type::Tuple(elements), _) => {
                let length = self
                    .array_length(marker)
                    .transpose()?
                    .ok_or_else(|| wrong(kind, marker))?;
                if length != elements.len() {
                    return Err(Reason::Length {
                        wanted: elements.len(),
                        found: length,
                    }
                    .into());
                }
                self.list(length, elements.iter(), depth)
            }
            (Type::Map(element), _) => {
                let length = self
                    .map_length(marker)
                    .transpose()?
                    .ok_or_else(|| wrong(kind, marker))?;
                self.map(length, |_| Some(element), Step::Key, depth)
                    .map(Value::Map)
            }
            (Type::Object(attributes), _) => {
                let length = self
                    .map_length(marker)
                    .transpose()?
                    .ok_or_else(|| wrong(kind, marker))?;
                let object = self.map(length, |name| attributes.get(name), Step::Attribute, depth)?;
                match attributes.keys().find(|name| !object.contains_key(*name)) {
                    None => Ok(Value::Map(object)),
                    Some(name) => {
                        Err(ValueError::from(Reason::Missing).within(Step::Attribute(name.clone())))
                    }
                }
            }
            (Type::Dynamic, _) => {
                if self.array_length(marker).transpose()? != Some(2) {
                    return Err(wrong(kind, marker));
                }
                let marker = Marker::from_u8(self.array::<1>()?[0]);
                let text = self.text(marker)?.ok_or_else(|| wrong(kind, marker))?;
                let kind = dynamic_type(text)?;
                self.value(&kind, depth).map(|value| value.typed(kind))
            }
            (Type::Bool, _) => Err(wrong(kind, marker)),
        }
    }

    fn list<'t>(
        &mut self,
        length: usize,
        kinds: impl Iterator<Item = &'t Type>,
        depth: usize,
    ) -> Result<Value, ValueError> {
        // A value has at least one byte.
        let mut elements = Vec::with_capacity(length.min(self.bytes.len()).min(1024));
        for ((_, kind), index) in (0..length).zip(kinds).zip(0_i64..) {
            elements.push(
                self.value(kind, depth)
                    .map_err(|error| error.within(Step::Index(index)))?,
            );
        }
        Ok(Value::List(elements))
    }

    fn map<'t>(
        &mut self,
        length: usize,
        kind_of: impl Fn(&str) -> Option<&'t Type>,
        step: impl Fn(String) -> Step,
        depth: usize,
    ) -> Result<BTreeMap<String, Value>, ValueError> {
        let mut elements = BTreeMap::new();
        for _ in 0..length {
            let marker = Marker::from_u8(self.array::<1>()?[0]);
            let name = self.string(marker, &Type::String)?;
            let within = |error: ValueError| error.within(step(name.to_owned()));
            let kind = kind_of(name).ok_or_else(|| within(Reason::NoSuchAttribute.into()))?;
            let value = self.value(kind, depth).map_err(within)?;
            if elements.insert(name.to_owned(), value).is_some() {
                return Err(within(Reason::Duplicate.into()));
            }
        }
        Ok(elements)
    }

    fn number(&mut self, marker: Marker) -> Result<Number, ValueError> {
        Ok(match marker {
            Marker::FixPos(value) => i64::from(value).into(),
            Marker::FixNeg(value) => i64::from(value).into(),
            Marker::U8 => i64::from(u8::from_be_bytes(self.array()?)).into(),
            Marker::U16 => i64::from(u16::from_be_bytes(self.array()?)).into(),
            Marker::U32 => i64::from(u32::from_be_bytes(self.array()?)).into(),
            Marker::U64 => u64::from_be_bytes(self.array()?).into(),
            Marker::I8 => i64::from(i8::from_be_bytes(self.array()?)).into(),
            Marker::I16 => i64::from(i16::from_be_bytes(self.array()?)).into(),
            Marker::I32 => i64::from(i32::from_be_bytes(self.array()?)).into(),
            Marker::I64 => i64::from_be_bytes(self.array()?).into(),
            Marker::F32 => Number::from_f64(f64::from(f32::from_be_bytes(self.array()?)))?,
            Marker::F64 => Number::from_f64(f64::from_be_bytes(self.array()?))?,
            // What no float holds exactly comes as decimal text.
            _ => Number::parse(self.string(marker, &Type::Number)?)?,
        })
    }

    fn string(&mut self, marker: Marker, wanted: &Type) -> Result<&'a str, ValueError> {
        let length = match marker {
            Marker::FixStr(length) => usize::from(length),
            Marker::Str8 => usize::from(u8::from_be_bytes(self.array()?)),
            Marker::Str16 => usize::from(u16::from_be_bytes(self.array()?)),
            Marker::Str32 => self.length32()?,
            _ => return Err(wrong(wanted, marker)),
        };
        Ok(std::str::from_utf8(self.take(length)?).map_err(|_| Reason::NotUtf8)?)
    }

    /// Text or bytes.
    fn text(&mut self, marker: Marker) -> Result<Option<&'a [u8]>, ValueError> {
        let length = match marker {
            Marker::Bin8 => usize::from(u8::from_be_bytes(self.array()?)),
            Marker::Bin16 => usize::from(u16::from_be_bytes(self.array()?)),
            Marker::Bin32 => self.length32()?,
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                return self
                    .string(marker, &Type::String)
                    .map(|text| Some(text.as_bytes()));
            }
            _ => return Ok(None),
        };
        self.take(length).map(Some)
    }

    fn array_length(&mut self, marker: Marker) -> Option<Result<usize, ValueError>> {
        match marker {
            Marker::FixArray(length) => Some(Ok(usize::from(length))),
            Marker::Array16 => Some(self.array().map(|bytes| usize::from(u16::from_be_bytes(bytes)))),
            Marker::Array32 => Some(self.length32()),
            _ => None,
        }
    }

    fn map_length(&mut self, marker: Marker) -> Option<Result<usize, ValueError>> {
        match marker {
            Marker::FixMap(length) => Some(Ok(usize::from(length))),
            Marker::Map16 => Some(self.array().map(|bytes| usize::from(u16::from_be_bytes(bytes)))),
            Marker::Map32 => Some(self.length32()),
            _ => None,
        }
    }

    /// Length of an extension's content, without the byte of its code.
    fn extension_length(&mut self, marker: Marker) -> Result<Option<usize>, ValueError> {
        Ok(Some(match marker {
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            Marker::Ext8 => usize::from(u8::from_be_bytes(self.array()?)),
            Marker::Ext16 => usize::from(u16::from_be_bytes(self.array()?)),
            Marker::Ext32 => self.length32()?,
            _ => return Ok(None),
        }))
    }

    fn length32(&mut self) -> Result<usize, ValueError> {
        let length = u32::from_be_bytes(self.array()?);
        Ok(usize::try_from(length).map_err(|_| Reason::TooMany)?)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ValueError> {
        let (array, rest) = self.bytes.split_first_chunk::<N>().ok_or(Reason::Truncated)?;
        self.bytes = rest;
        Ok(*array)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ValueError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Reason::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }
}

/// The type that a value carries with it.
pub(super) fn dynamic_type(text: &[u8]) -> Result<Type, ValueError> {
    if text.len() > MAX_TYPE {
        return Err(Reason::TooMany.into());
    }
    Ok(Type::from_json(text)?)
}

fn wrong(wanted: &Type, found: Marker) -> ValueError {
    let found = match found {
        Marker::Null => "null",
        Marker::True | Marker::False => "a bool",
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => "a string",
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => "bytes",
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => "a list",
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => "a map",
        Marker::Reserved => "no value at all",
        _ => "a number or an extension",
    };
    ValueError::wrong(wanted, found)
}
