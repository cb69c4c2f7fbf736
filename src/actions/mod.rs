//! The actions: what is done on request, and leaves nothing in a state.

mod criterion;
mod look;
mod model;
mod remove;

pub use model::RemoveModel;
pub use remove::Remove;
