//! The tfplugin6 service over traits: values, schemas, diagnostics, resources, data sources.
//!
//! A resource is a [`Resource`] over a model struct; the struct is the one definition of schema, documentation,
//! configuration and state. Nothing here knows AWS.

mod action;
mod any;
mod attr;
mod data_source;
mod decode_json;
mod decode_msgpack;
mod diagnostics;
mod encode_json;
mod encode_msgpack;
mod erased;
mod error;
mod from_value;
mod function;
mod late;
mod list_resource;
pub mod mark;
pub mod model;
mod model_elements;
mod model_msgpack;
mod model_shapes;
pub mod number;
mod parts;
mod path;
mod provider;
mod resource;
pub mod schema;
mod service;
#[cfg(test)]
mod tests;
mod to_value;
mod types;
pub mod value;
pub mod walker;

pub use action::{Action, AnyAction, InvokeRequest, PlanActionRequest, Progress, action};
pub use any::Any;
pub use attr::Attr;
pub use data_source::{DataSource, ReadDataRequest, ReadDataResponse};
pub use decode_json::{Attributes, decode_json};
pub use decode_msgpack::decode_msgpack;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use encode_json::encode_json;
pub use encode_msgpack::encode_msgpack;
pub use erased::{AnyDataSource, AnyResource, data_source, resource};
pub use error::{Reason, ValueError};
pub use function::{AnyFunction, Function, FunctionError, function};
pub use late::Late;
pub use list_resource::{AnyListResource, Found, ListRequest, ListResource, Listed, list_resource};
pub use mark::{
    BLOCK_LIST, BLOCK_MAP, BLOCK_SET, BLOCK_SINGLE, COMPUTED, COMPUTED_SENSITIVE, OPTIONAL,
    OPTIONAL_COMPUTED, OPTIONAL_FOR_IMPORT, OPTIONAL_OBJECT, OPTIONAL_SENSITIVE, REQUIRED,
    REQUIRED_FOR_IMPORT, REQUIRED_SENSITIVE,
};
pub use model::{Model, from_value, to_value};
pub use model_msgpack::{Encoded, encode_model};
pub use number::Number;
pub use parts::Parts;
pub use path::{AttributePath, Step};
pub use provider::{ClientCapabilities, ConfigureRequest, Provider, ValidateConfigRequest};
pub use resource::{
    ApplyRequest, ApplyResponse, ImportRequest, ImportResponse, NoIdentity, PlanRequest, PlanResponse,
    ReadRequest, ReadResponse, Resource, UpgradeRequest,
};
pub use schema::{Schema, Type};
pub use service::routes;
pub use value::Value;
pub use walker::{SchemaError, schema_of};
