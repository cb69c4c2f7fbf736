//! IAM.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use terraform_provider_mirror::framework::{Attr, BLOCK_SET, COMPUTED, OPTIONAL_COMPUTED, REQUIRED};

use super::Declared;

/// A role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Role {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its ARN.
    #[schemars(extend("x-terraform" = COMPUTED))]
    arn: Attr<String>,
    /// When it was made.
    #[schemars(extend("x-terraform" = COMPUTED))]
    create_date: Attr<String>,
    /// Its lasting id.
    #[schemars(extend("x-terraform" = COMPUTED))]
    unique_id: Attr<String>,
    /// Its name.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    name: Attr<String>,
    /// The beginning of its name.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    name_prefix: Attr<String>,
    /// Who may assume it, in JSON.
    #[schemars(extend("x-terraform" = REQUIRED))]
    assume_role_policy: Attr<String>,
    /// What it is for.
    description: Attr<String>,
    /// Whether its policies are detached before it goes.
    force_detach_policies: Attr<bool>,
    /// Its managed policies.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED, "uniqueItems" = true))]
    managed_policy_arns: Attr<Vec<Attr<String>>>,
    /// Seconds that a session may last.
    max_session_duration: Attr<i64>,
    /// Its path.
    path: Attr<String>,
    /// The policy that bounds it.
    permissions_boundary: Attr<String>,
    /// Its tags.
    tags: Attr<BTreeMap<String, Attr<String>>>,
    /// Its tags and the default ones.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    tags_all: Attr<BTreeMap<String, Attr<String>>>,
    /// Its own policies.
    #[schemars(extend("x-terraform" = BLOCK_SET, "uniqueItems" = true))]
    inline_policy: Attr<Vec<Attr<InlinePolicy>>>,
}

impl Declared for Role {
    const TYPE_NAME: &'static str = "aws_iam_role";
}

/// A policy of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct InlinePolicy {
    /// Its name.
    name: Attr<String>,
    /// The document.
    policy: Attr<String>,
}

/// A policy of a role's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct RolePolicy {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its name.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    name: Attr<String>,
    /// The beginning of its name.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    name_prefix: Attr<String>,
    /// The document, in JSON.
    #[schemars(extend("x-terraform" = REQUIRED))]
    policy: Attr<String>,
    /// The role, by name.
    #[schemars(extend("x-terraform" = REQUIRED))]
    role: Attr<String>,
}

impl Declared for RolePolicy {
    const TYPE_NAME: &'static str = "aws_iam_role_policy";
}
