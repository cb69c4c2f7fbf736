//! Values into JSON, led by a type, as cores store them.

use super::decode_msgpack::MAX_DEPTH;
use super::encode_msgpack::{object, set_of};
use super::error::{Reason, ValueError};
use super::path::Step;
use super::types::Type;
use super::value::Value;

/// The value as a JSON document. What is unknown has none.
pub fn encode_json(value: &Value, kind: &Type) -> Result<Vec<u8>, ValueError> {
    let mut out = Vec::new();
    encode(&mut out, value, kind, MAX_DEPTH)?;
    Ok(out)
}

fn encode(out: &mut Vec<u8>, value: &Value, kind: &Type, depth: usize) -> Result<(), ValueError> {
    let depth = depth.checked_sub(1).ok_or(Reason::TooDeep)?;
    match (value, kind) {
        (Value::Null, _) => out.extend(b"null"),
        (Value::Unknown, _) => return Err(Reason::Unknown.into()),
        (Value::Typed(_, value), kind) if *kind != Type::Dynamic => encode(out, value, kind, depth)?,
        (_, Type::Dynamic) => {
            let kind = value.implied_type();
            out.extend(b"{\"type\":");
            out.extend(kind.to_json());
            out.extend(b",\"value\":");
            encode(out, value.untyped(), &kind, depth)?;
            out.push(b'}');
        }
        (Value::Bool(value), Type::Bool) => out.extend(if *value { "true" } else { "false" }.as_bytes()),
        (Value::Number(value), Type::Number) if value.is_infinite() => return Err(Reason::Infinite.into()),
        (Value::Number(value), Type::Number) => out.extend(value.to_string().as_bytes()),
        (Value::String(value), Type::String) => string(out, value)?,
        (Value::List(elements), Type::List(kind)) => {
            list(out, elements.iter(), std::iter::repeat(kind.as_ref()), depth)?;
        }
        (Value::List(elements), Type::Set(kind)) => {
            list(
                out,
                set_of(elements).into_iter(),
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
            list(out, elements.iter(), kinds.iter(), depth)?;
        }
        (Value::Map(elements), Type::Map(kind)) => {
            let elements = elements
                .iter()
                .map(|(key, element)| (key, element, kind.as_ref()));
            map(out, elements, Step::Key, depth)?;
        }
        (Value::Map(elements), Type::Object(kinds)) => {
            map(out, object(elements, kinds)?.into_iter(), Step::Attribute, depth)?;
        }
        _ => return Err(ValueError::wrong(kind, value.kind())),
    }
    Ok(())
}

fn list<'a>(
    out: &mut Vec<u8>,
    elements: impl Iterator<Item = &'a Value>,
    kinds: impl Iterator<Item = &'a Type>,
    depth: usize,
) -> Result<(), ValueError> {
    out.push(b'[');
    for ((element, kind), index) in elements.zip(kinds).zip(0_i64..) {
        if index > 0 {
            out.push(b',');
        }
        encode(out, element, kind, depth).map_err(|error| error.within(Step::Index(index)))?;
    }
    out.push(b']');
    Ok(())
}

fn map<'a>(
    out: &mut Vec<u8>,
    elements: impl Iterator<Item = (&'a String, &'a Value, &'a Type)>,
    step: impl Fn(String) -> Step,
    depth: usize,
) -> Result<(), ValueError> {
    out.push(b'{');
    for (position, (name, element, kind)) in elements.enumerate() {
        if position > 0 {
            out.push(b',');
        }
        string(out, name)?;
        out.push(b':');
        encode(out, element, kind, depth).map_err(|error| error.within(step(name.clone())))?;
    }
    out.push(b'}');
    Ok(())
}

fn string(out: &mut Vec<u8>, text: &str) -> Result<(), ValueError> {
    Ok(serde_json::to_writer(out, text).map_err(Reason::Json)?)
}
