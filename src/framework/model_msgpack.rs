//! From a model straight to msgpack, led by a type: the bytes that [`super::to_value`] and [`super::encode_msgpack`] give together,
//! without a tree of values in between. What a tree must sort or carry a type in, sets and `any`, goes through one.

use rmp::encode as write;
use rmp::encode::ByteBuf;
use serde::ser::{Serialize, Serializer};

use super::attr::{ATTR, UNKNOWN};
use super::decode_msgpack::MAX_DEPTH;
use super::encode_msgpack::{encode, infallible, length, number, too_many};
use super::error::{Reason, ValueError};
use super::late::{LATE, handed};
use super::model_elements::{ElementSerializer, FieldSerializer};
use super::model_shapes::shapes_of_every_model;
use super::number::{NUMBER, Number};
use super::parts::{Gap, Parts};
use super::schema::Schema;
use super::to_value::{ValueSerializer, unsupported};
use super::types::Type;
use super::value::Value;

/// A model in msgpack.
#[derive(Debug)]
pub struct Encoded<B = Vec<u8>> {
    /// The bytes. The same model always has the same.
    pub msgpack: B,
    /// Whether something in it is unknown.
    pub has_unknown: bool,
}

/// The model in msgpack, for the schema that was made of it. `kind` is the type that the schema implies.
pub fn encode_model<M: Serialize>(model: &M, schema: &Schema, kind: &Type) -> Result<Encoded, ValueError> {
    let out = written(model, schema, kind, None)?;
    Ok(Encoded {
        msgpack: out.bytes.into_vec(),
        has_unknown: out.has_unknown,
    })
}

/// The same bytes, without the late texts.
pub fn encode_model_in_parts<M: Serialize>(
    model: &M,
    schema: &Schema,
    kind: &Type,
) -> Result<Encoded<Parts>, ValueError> {
    let out = written(model, schema, kind, Some(Vec::new()))?;
    let mut gaps = out.gaps.unwrap_or_default();
    gaps.sort_by_key(|gap| gap.offset);
    Ok(Encoded {
        msgpack: Parts::with_gaps(out.bytes.into_vec(), gaps),
        has_unknown: out.has_unknown,
    })
}

fn written<M: Serialize>(
    model: &M,
    schema: &Schema,
    kind: &Type,
    gaps: Option<Vec<Gap>>,
) -> Result<Out, ValueError> {
    let mut out = Out {
        bytes: ByteBuf::new(),
        has_unknown: false,
        attributes: Vec::new(),
        gaps,
    };
    model.serialize(ModelSerializer {
        out: &mut out,
        kind,
        depth: MAX_DEPTH,
        schema: Some(schema),
    })?;
    Ok(out)
}

/// Where the bytes go.
pub(super) struct Out {
    pub bytes: ByteBuf,
    has_unknown: bool,
    /// Name and beginning of the attributes that are written, of each object that is not finished, in order.
    attributes: Vec<(&'static str, usize)>,
    /// Where late texts belong; none when they are written.
    gaps: Option<Vec<Gap>>,
}

impl Out {
    pub fn value(&mut self, value: &Value, kind: &Type, depth: usize) -> Result<(), ValueError> {
        self.has_unknown |= !value.is_wholly_known();
        encode(&mut self.bytes, value, kind, depth)
    }

    /// How many attributes are noted, those of the objects around included.
    pub fn attributes(&self) -> usize {
        self.attributes.len()
    }

    /// Forgets the attributes of an object that is finished.
    pub fn finish_object(&mut self, first: usize) {
        self.attributes.truncate(first);
    }

    /// Brings the attribute whose bytes begin at `start` and are the last ones to its place among those of its object, the notes
    /// of which begin at `first`: cores write attributes in the order of their names.
    pub fn place(&mut self, name: &'static str, start: usize, first: usize) {
        let before = self
            .attributes
            .iter()
            .skip(first)
            .take_while(|(other, _)| *other < name);
        let place = first + before.count();
        let mut begins = start;
        if let Some((_, next)) = self.attributes.get(place) {
            begins = *next;
            let bytes = self.bytes.as_mut_vec();
            let length = bytes.len() - start;
            if let Some(moved) = bytes.get_mut(begins..) {
                moved.rotate_right(length);
            }
            for (_, later) in self.attributes.iter_mut().skip(place) {
                *later += length;
            }
            // A gap at the very end of an attribute has the offset of the next one's beginning.
            for gap in self.gaps.iter_mut().flatten() {
                if gap.offset > start {
                    gap.offset -= start - begins;
                } else if gap.offset > begins {
                    gap.offset += length;
                }
            }
        }
        self.attributes.insert(place, (name, begins));
    }

    /// An element of something, of whatever type.
    pub fn element<T: Serialize + ?Sized>(
        &mut self,
        element: &T,
        kind: &Type,
        depth: usize,
    ) -> Result<(), ValueError> {
        match kind {
            Type::Set(_) | Type::Dynamic | Type::Tuple(_) => {
                self.value(&element.serialize(ValueSerializer)?, kind, depth)
            }
            _ => element.serialize(ModelSerializer {
                out: self,
                kind,
                depth,
                schema: None,
            }),
        }
    }
}

struct ModelSerializer<'a> {
    out: &'a mut Out,
    kind: &'a Type,
    depth: usize,
    /// The schema of the whole model: its blocks are completed.
    schema: Option<&'a Schema>,
}

impl<'a> ModelSerializer<'a> {
    fn deeper(&self) -> Result<usize, ValueError> {
        Ok(self.depth.checked_sub(1).ok_or(Reason::TooDeep)?)
    }

    fn wrong<T>(&self, found: &'static str) -> Result<T, ValueError> {
        Err(ValueError::wrong(self.kind, found))
    }

    fn number(self, value: &Number) -> Result<(), ValueError> {
        match self.kind {
            Type::Number => number(&mut self.out.bytes, value),
            _ => self.wrong("a number"),
        }
    }

    /// The elements of a map or an object, this many as far as it is known.
    fn fields(self, count: Option<usize>) -> Result<FieldSerializer<'a>, ValueError> {
        let depth = self.deeper()?;
        let count = match self.kind {
            Type::Object(attributes) => attributes.len(),
            Type::Map(_) => count.ok_or_else(|| Reason::Model("a map must tell its length".to_owned()))?,
            _ => return self.wrong("a map or an object"),
        };
        write::write_map_len(&mut self.out.bytes, length(count)?).map_err(too_many)?;
        Ok(FieldSerializer {
            first: self.out.attributes(),
            out: self.out,
            kind: self.kind,
            depth,
            left: count,
            key: None,
            schema: self.schema,
        })
    }
}

impl<'a> Serializer for ModelSerializer<'a> {
    type Ok = ();
    type Error = ValueError;
    type SerializeSeq = ElementSerializer<'a>;
    type SerializeTuple = ElementSerializer<'a>;
    type SerializeMap = FieldSerializer<'a>;
    type SerializeStruct = FieldSerializer<'a>;

    shapes_of_every_model! {}

    fn serialize_i64(self, value: i64) -> Result<(), ValueError> {
        self.number(&value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), ValueError> {
        self.number(&value.into())
    }

    fn serialize_bool(self, value: bool) -> Result<(), ValueError> {
        match self.kind {
            Type::Bool => {
                infallible(write::write_bool(&mut self.out.bytes, value));
                Ok(())
            }
            _ => self.wrong("a bool"),
        }
    }

    fn serialize_f64(self, value: f64) -> Result<(), ValueError> {
        self.number(&Number::from_f64(value)?)
    }

    fn serialize_char(self, value: char) -> Result<(), ValueError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), ValueError> {
        match self.kind {
            Type::String => write::write_str(&mut self.out.bytes, value).map_err(too_many),
            _ => self.wrong("a string"),
        }
    }

    /// Only [`super::Any`] has bytes, and goes through a value.
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), ValueError> {
        let value = ValueSerializer.serialize_bytes(bytes)?;
        self.out.value(&value, self.kind, self.depth)
    }

    fn serialize_none(self) -> Result<(), ValueError> {
        infallible(write::write_nil(&mut self.out.bytes));
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), ValueError> {
        match (name, variant) {
            (ATTR, UNKNOWN) => self.out.value(&Value::Unknown, self.kind, self.depth),
            (ATTR, _) => self.serialize_none(),
            _ => self.serialize_str(variant),
        }
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), ValueError> {
        match name {
            NUMBER => match value.serialize(ValueSerializer)? {
                Value::String(text) => self.number(&Number::parse(&text)?),
                _ => value.serialize(self),
            },
            LATE => match (self.kind, &mut self.out.gaps, handed()) {
                (Type::String, Some(gaps), Some(late)) => {
                    let text = late.measure().map_err(Reason::Model)?;
                    write::write_str_len(&mut self.out.bytes, length(text)?).map_err(too_many)?;
                    gaps.push(Gap {
                        offset: self.out.bytes.as_slice().len(),
                        late,
                        length: text,
                    });
                    Ok(())
                }
                _ => value.serialize(self),
            },
            _ => value.serialize(self),
        }
    }

    fn serialize_seq(self, count: Option<usize>) -> Result<ElementSerializer<'a>, ValueError> {
        let depth = self.deeper()?;
        let Type::List(kind) = self.kind else {
            return self.wrong("a list");
        };
        let count = count.ok_or_else(|| Reason::Model("a list must tell its length".to_owned()))?;
        write::write_array_len(&mut self.out.bytes, length(count)?).map_err(too_many)?;
        Ok(ElementSerializer {
            out: self.out,
            kind,
            depth,
            count,
            index: 0,
        })
    }

    fn serialize_map(self, count: Option<usize>) -> Result<FieldSerializer<'a>, ValueError> {
        self.fields(count)
    }

    fn serialize_struct(self, _: &'static str, count: usize) -> Result<FieldSerializer<'a>, ValueError> {
        self.fields(Some(count))
    }
}
