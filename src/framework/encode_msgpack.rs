//! Values into msgpack, led by a type.

use std::collections::BTreeMap;

use rmp::encode as write;
use rmp::encode::ByteBuf;

use super::decode_msgpack::MAX_DEPTH;
use super::error::{Reason, ValueError};
use super::number::Number;
use super::path::Step;
use super::types::Type;
use super::value::Value;

/// The value in msgpack. The same value always has the same bytes: sets are sorted and without duplicates.
pub fn encode_msgpack(value: &Value, kind: &Type) -> Result<Vec<u8>, ValueError> {
    let mut out = ByteBuf::new();
    encode(&mut out, value, kind, MAX_DEPTH)?;
    Ok(out.into_vec())
}

pub(super) fn encode(out: &mut ByteBuf, value: &Value, kind: &Type, depth: usize) -> Result<(), ValueError> {
    let depth = depth.checked_sub(1).ok_or(Reason::TooDeep)?;
    match (value, kind) {
        (Value::Null, _) => infallible(write::write_nil(out)),
        (Value::Unknown, _) => {
            // Extension 0 with one byte that says nothing: unknown, without refinement.
            out.as_mut_vec().extend([0xd4, 0, 0]);
        }
        (Value::Typed(_, value), kind) if *kind != Type::Dynamic => encode(out, value, kind, depth)?,
        (_, Type::Dynamic) => {
            let kind = value.implied_type();
            write::write_array_len(out, 2).map_err(too_many)?;
            write::write_bin(out, &kind.to_json()).map_err(too_many)?;
            encode(out, value.untyped(), &kind, depth)?;
        }
        (Value::Bool(value), Type::Bool) => infallible(write::write_bool(out, *value)),
        (Value::Number(value), Type::Number) => number(out, value)?,
        (Value::String(value), Type::String) => write::write_str(out, value).map_err(too_many)?,
        (Value::List(elements), Type::List(kind)) => {
            list(
                out,
                elements.iter(),
                elements.len(),
                std::iter::repeat(kind.as_ref()),
                depth,
            )?;
        }
        (Value::List(elements), Type::Set(kind)) => {
            let elements = set_of(elements);
            list(
                out,
                elements.iter().copied(),
                elements.len(),
                std::iter::repeat(kind.as_ref()),
                depth,
            )?;
        }
        (Value::List(elements), Type::Tuple(kinds)) => {
            if elements.len() != kinds.len() {
                return Err(Reason::Length {
                    wanted: kinds.len(),
                    found: elements.len(),
                }
                .into());
            }
            list(out, elements.iter(), elements.len(), kinds.iter(), depth)?;
        }
        (Value::Map(elements), Type::Map(kind)) => {
            write::write_map_len(out, length(elements.len())?).map_err(too_many)?;
            for (key, element) in elements {
                write::write_str(out, key).map_err(too_many)?;
                encode(out, element, kind, depth).map_err(|error| error.within(Step::Key(key.clone())))?;
            }
        }
        (Value::Map(elements), Type::Object(attributes)) => {
            write::write_map_len(out, length(attributes.len())?).map_err(too_many)?;
            for (name, element, kind) in object(elements, attributes)? {
                write::write_str(out, name).map_err(too_many)?;
                encode(out, element, kind, depth)
                    .map_err(|error| error.within(Step::Attribute(name.clone())))?;
            }
        }
        _ => return Err(ValueError::wrong(kind, value.kind())),
    }
    Ok(())
}

fn list<'a>(
    out: &mut ByteBuf,
    elements: impl Iterator<Item = &'a Value>,
    count: usize,
    kinds: impl Iterator<Item = &'a Type>,
    depth: usize,
) -> Result<(), ValueError> {
    write::write_array_len(out, length(count)?).map_err(too_many)?;
    for ((element, kind), index) in elements.zip(kinds).zip(0_i64..) {
        encode(out, element, kind, depth).map_err(|error| error.within(Step::Index(index)))?;
    }
    Ok(())
}

/// As cores write numbers themselves: a whole number if it fits, else a float if that is exact, else text.
pub(super) fn number(out: &mut ByteBuf, value: &Number) -> Result<(), ValueError> {
    if let Some(whole) = value.as_i64() {
        write::write_sint(out, whole).map_err(too_many)?;
    } else if let Some(float) = value.as_exact_f64() {
        write::write_f64(out, float).map_err(too_many)?;
    } else {
        write::write_str(out, &value.to_string()).map_err(too_many)?;
    }
    Ok(())
}

/// The elements of a set in order, each once. Two unknown elements may turn out to differ, so both stay.
pub(super) fn set_of(elements: &[Value]) -> Vec<&Value> {
    let mut sorted: Vec<&Value> = elements.iter().collect();
    sorted.sort();
    sorted.dedup_by(|left, right| left == right && left.is_wholly_known());
    sorted
}

/// The attributes of an object beside their types; the value has neither more nor fewer than the type.
pub(super) fn object<'a>(
    elements: &'a BTreeMap<String, Value>,
    attributes: &'a BTreeMap<String, Type>,
) -> Result<Vec<(&'a String, &'a Value, &'a Type)>, ValueError> {
    if let Some(name) = elements.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(ValueError::from(Reason::NoSuchAttribute).within(Step::Attribute(name.clone())));
    }
    attributes
        .iter()
        .map(|(name, kind)| match elements.get(name) {
            Some(element) => Ok((name, element, kind)),
            None => Err(ValueError::from(Reason::Missing).within(Step::Attribute(name.clone()))),
        })
        .collect()
}

pub(super) fn length(length: usize) -> Result<u32, ValueError> {
    Ok(u32::try_from(length).map_err(|_| Reason::TooMany)?)
}

/// Writing to memory fails only for a length that msgpack cannot write.
pub(super) fn too_many<E>(_: E) -> ValueError {
    Reason::TooMany.into()
}

pub(super) fn infallible(written: Result<(), std::convert::Infallible>) {
    match written {
        Ok(()) => (),
        Err(never) => match never {},
    }
}
