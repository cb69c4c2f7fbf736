//! The elements of lists, maps and objects of a model on their way to msgpack.

use rmp::encode as write;
use serde::ser::{self, Serialize};

use super::encode_msgpack::too_many;
use super::error::{Reason, ValueError};
use super::model_msgpack::Out;
use super::path::Step;
use super::schema::Schema;
use super::to_value::{ValueSerializer, key_of};
use super::types::Type;

pub(super) struct ElementSerializer<'a> {
    pub out: &'a mut Out,
    pub kind: &'a Type,
    pub depth: usize,
    /// What the length on the wire says.
    pub count: usize,
    pub index: usize,
}

impl ElementSerializer<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), ValueError> {
        let index = i64::try_from(self.index).unwrap_or(i64::MAX);
        self.index += 1;
        self.out
            .element(element, self.kind, self.depth)
            .map_err(|error| error.within(Step::Index(index)))
    }

    fn finish(self) -> Result<(), ValueError> {
        match self.index == self.count {
            true => Ok(()),
            false => Err(Reason::Model("a list told another length".to_owned()).into()),
        }
    }
}

impl ser::SerializeSeq for ElementSerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), ValueError> {
        self.push(element)
    }

    fn end(self) -> Result<(), ValueError> {
        self.finish()
    }
}

impl ser::SerializeTuple for ElementSerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), ValueError> {
        self.push(element)
    }

    fn end(self) -> Result<(), ValueError> {
        self.finish()
    }
}

pub(super) struct FieldSerializer<'a> {
    pub out: &'a mut Out,
    /// Where the notes of its attributes begin.
    pub first: usize,
    /// A map or an object.
    pub kind: &'a Type,
    pub depth: usize,
    /// How many the length on the wire still promises.
    pub left: usize,
    pub key: Option<String>,
    /// The schema of the whole model: its blocks are completed.
    pub schema: Option<&'a Schema>,
}

impl FieldSerializer<'_> {
    fn put<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), ValueError> {
        let kind = match self.kind {
            Type::Map(kind) => kind.as_ref(),
            Type::Object(attributes) => attributes.get(key).ok_or(Reason::NoSuchAttribute)?,
            _ => return Err(ValueError::wrong(self.kind, "a map or an object")),
        };
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| Reason::Model("a map told another length".to_owned()))?;
        write::write_str(&mut self.out.bytes, key).map_err(too_many)?;
        match self.schema.and_then(|schema| schema.nested_block(key)) {
            Some(block) => {
                let mut value = value.serialize(ValueSerializer)?;
                block.complete(&mut value);
                self.out.value(&value, kind, self.depth)
            }
            None => self.out.element(value, kind, self.depth),
        }
    }

    fn finish(self) -> Result<(), ValueError> {
        self.out.finish_object(self.first);
        match (self.left, self.kind) {
            (0, _) => Ok(()),
            (_, Type::Object(_)) => Err(Reason::Missing.into()),
            _ => Err(Reason::Model("a map told another length".to_owned()).into()),
        }
    }
}

impl ser::SerializeMap for FieldSerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        self.key = Some(key_of(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        let key = self.key.take().unwrap_or_default();
        self.put(&key, value)
            .map_err(|error| error.within(Step::Key(key)))
    }

    fn end(self) -> Result<(), ValueError> {
        self.finish()
    }
}

impl ser::SerializeStruct for FieldSerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        field: &T,
    ) -> Result<(), ValueError> {
        let start = self.out.bytes.as_slice().len();
        self.put(name, field)
            .map_err(|error| error.within(Step::Attribute(name.to_owned())))?;
        self.out.place(name, start, self.first);
        Ok(())
    }

    fn end(self) -> Result<(), ValueError> {
        self.finish()
    }
}
