//! What exists: tables of resources, by region, with the owner on each row.

pub mod ids;
pub mod region;
pub mod resources;
pub mod table;
pub mod world;

pub use region::Region;
pub use resources::*;
pub use table::Table;
pub use world::World;

/// A time on the sandbox's clock: milliseconds since the Unix epoch.
pub type Millis = u64;

/// The tags of a resource.
pub type Tags = std::collections::BTreeMap<String, String>;
