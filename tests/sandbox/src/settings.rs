//! How the sandbox behaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::Attached;
use crate::state::Millis;
use crate::throttle::Rate;

/// What can be set on the command line and while running.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether calls are throttled.
    pub throttle: bool,
    /// Rates that differ from the documented ones, by action.
    pub rates: BTreeMap<String, Rate>,
    /// How long a change is hidden from describe calls, in milliseconds of the sandbox's clock.
    pub consistency_delay_ms: Millis,
    /// How long every answer takes, in real milliseconds.
    pub latency_ms: u64,
    /// Whether pages hold fewer rows than asked for.
    pub short_pages: bool,
    /// IAM policies, by principal.
    pub policies: Vec<Attached>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            throttle: true,
            rates: Default::default(),
            consistency_delay_ms: 0,
            latency_ms: 0,
            short_pages: false,
            policies: Vec::new(),
        }
    }
}
