//! What exists: tables of resources, by region, with the owner on each row.

mod balancer_resources;
mod fleet_resources;
pub mod ids;
mod mirror_resources;
pub mod region;
pub mod table;
pub mod world;

pub use balancer_resources::*;
pub use fleet_resources::*;
pub use mirror_resources::*;
pub use region::Region;
pub use table::Table;
pub use world::World;

/// A time on the sandbox's clock: milliseconds since the Unix epoch.
pub type Millis = u64;

/// The tags of a resource.
pub type Tags = std::collections::BTreeMap<String, String>;
