//! A model with something of everything.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::framework::mark::*;
use crate::framework::{Attr, Number};

/// A sample of a resource.
///
/// Its second paragraph.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Name of the sample, in two lines of source
    /// that are one sentence.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub name: Attr<String>,
    /// Whether it is on.
    pub enabled: Attr<bool>,
    /// A number.
    pub session_number: Attr<i64>,
    /// A number of any size.
    pub weight: Attr<Number>,
    /// What it selects.
    #[schemars(extend("x-terraform" = BLOCK_LIST), length(min = 1, max = 3))]
    pub selector: Attr<Vec<Attr<Selector>>>,
    /// Ids.
    pub target_ids: Attr<Vec<Attr<String>>>,
    /// A set.
    #[schemars(extend("uniqueItems" = true))]
    pub zones: Attr<Vec<Attr<String>>>,
    /// Tags.
    pub tags: Attr<BTreeMap<String, Attr<String>>>,
    /// An optional nested object.
    pub placement: Attr<Placement>,
    /// Called like a keyword.
    #[serde(rename = "override")]
    pub override_: Attr<String>,
    /// Time limits.
    #[schemars(extend("x-terraform" = BLOCK_SINGLE))]
    pub timeouts: Attr<Timeouts>,
    /// Where it is.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    pub region: Attr<String>,
    /// What was made.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub sessions: Attr<BTreeMap<String, Attr<Session>>>,
    /// A secret.
    #[schemars(extend("x-terraform" = COMPUTED_SENSITIVE))]
    pub selection: Attr<String>,
}

/// One selector.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Selector {
    /// Tags.
    pub tags: Attr<BTreeMap<String, Attr<String>>>,
    /// Ids.
    pub ids: Attr<Vec<Attr<String>>>,
}

/// One session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Id of the session.
    pub id: Attr<String>,
    /// Its number.
    pub number: Attr<i64>,
}

/// Where to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Placement {
    /// How.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub strategy: Attr<String>,
    /// How much.
    pub limit: Attr<i64>,
}

/// Time limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timeouts {
    /// Of a create.
    pub create: Attr<String>,
}

/// What identifies a sample.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampleIdentity {
    /// Name.
    #[schemars(extend("x-terraform" = REQUIRED_FOR_IMPORT))]
    pub name: Attr<String>,
    /// Region.
    #[schemars(extend("x-terraform" = OPTIONAL_FOR_IMPORT))]
    pub region: Attr<String>,
}
