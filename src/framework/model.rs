//! Typed models: from [`Value`] to a struct and back, over serde.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ValueError;
use super::from_value::ValueDeserializer;
use super::to_value::ValueSerializer;
use super::value::Value;

/// A struct that defines a block: schema, documentation, configuration and state in one. Every field is an
/// [`super::Attr`]; [`super::mark`] has the words for `#[schemars(extend("x-terraform" = …))]`.
pub trait Model: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static> Model for T {}

/// The value of a model.
pub fn to_value<M: Model>(model: &M) -> Result<Value, ValueError> {
    model.serialize(ValueSerializer)
}

/// The model of a value. An error names the attribute: a number that is not whole where one is wanted, for example.
pub fn from_value<M: Model>(value: Value) -> Result<M, ValueError> {
    M::deserialize(ValueDeserializer(value))
}
