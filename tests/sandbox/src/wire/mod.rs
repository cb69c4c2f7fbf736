//! The AWS Query protocols, driven by the model in `wire/wire.json`.
//!
//! Nothing here knows an action: [`decode`] turns form parameters into a JSON
//! tree whose keys are the model's member names, [`encode`] turns such a tree
//! into XML. Both refuse what the model does not know, so a handler can
//! neither miss a parameter nor answer with a field that EC2 does not have.

pub mod decode;
pub mod encode;
pub mod model;

pub use model::{Model, Service};
