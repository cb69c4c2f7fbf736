//! What exists at the start: read from a file, or generated.

pub mod file;
pub mod generate;
pub mod load;

use std::path::PathBuf;

use crate::state::{Millis, World};

/// Where a fleet comes from, so that a reset can make it again.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The fleet.
    pub fleet: file::Fleet,
    /// Where ids and random numbers start.
    pub seed: u64,
}

/// Why there is no fleet.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The file cannot be read.
    #[error("cannot read the fleet file {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no fleet.
    #[error("the fleet file {path} is not valid: {source}")]
    Parse {
        /// Which.
        path: PathBuf,
        /// Where and why.
        source: Box<serde_saphyr::Error>,
    },
    /// Something refers to what does not exist, or exists twice.
    #[error("the fleet is not consistent: {0}")]
    Inconsistent(String),
}

impl Origin {
    /// The world at the start.
    pub fn world(&self, now: Millis) -> Result<World, FleetError> {
        load::load(&self.fleet, self.seed, now)
    }
}
