//! HCP Terraform: those resources of `hashicorp/tfe` that a guide uses, after that provider's source, without what is deprecated there.
//! The same program serves them, under that provider's name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use terraform_provider_mirror::framework::{
    Attr, BLOCK_LIST, COMPUTED, OPTIONAL_COMPUTED, OPTIONAL_SENSITIVE, REQUIRED,
};

use super::Declared;

type Texts = Attr<Vec<Attr<String>>>;

/// A workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Workspace {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its name.
    #[schemars(extend("x-terraform" = REQUIRED))]
    name: Attr<String>,
    /// Its organization.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    organization: Attr<String>,
    /// What it is for.
    description: Attr<String>,
    /// Whether a plan may destroy everything.
    allow_destroy_plan: Attr<bool>,
    /// Whether a plan without errors is applied.
    auto_apply: Attr<bool>,
    /// The same of a run that another workspace triggers.
    auto_apply_run_trigger: Attr<bool>,
    /// Whether drift is looked for.
    assessments_enabled: Attr<bool>,
    /// Whether only changes of certain files trigger a run.
    file_triggers_enabled: Attr<bool>,
    /// Whether it is deleted although it manages something.
    force_delete: Attr<bool>,
    /// Its project.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    project_id: Attr<String>,
    /// Whether the first run waits for nobody.
    queue_all_runs: Attr<bool>,
    /// Whether a pull request gets a plan.
    speculative_enabled: Attr<bool>,
    /// Its SSH key.
    ssh_key_id: Attr<String>,
    /// Its tags.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    tag_names: Texts,
    /// The version of Terraform.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    terraform_version: Attr<String>,
    /// Folders whose changes trigger a run.
    trigger_prefixes: Texts,
    /// Files whose changes trigger a run.
    trigger_patterns: Texts,
    /// The folder of the configuration.
    working_directory: Attr<String>,
    /// Where it is seen.
    #[schemars(extend("x-terraform" = COMPUTED))]
    html_url: Attr<String>,
    /// Where the configuration comes from.
    #[schemars(extend("x-terraform" = BLOCK_LIST, "maxItems" = 1))]
    vcs_repo: Attr<Vec<Attr<VcsRepo>>>,
}

impl Declared for Workspace {
    const TYPE_NAME: &'static str = "tfe_workspace";
}

/// A repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct VcsRepo {
    /// Organization and repository.
    #[schemars(extend("x-terraform" = REQUIRED))]
    identifier: Attr<String>,
    /// Its branch.
    branch: Attr<String>,
    /// Whether submodules are fetched.
    ingress_submodules: Attr<bool>,
    /// The token of its connection.
    oauth_token_id: Attr<String>,
    /// The installation of the GitHub App, instead of a token.
    github_app_installation_id: Attr<String>,
    /// Tags that trigger a run.
    tags_regex: Attr<String>,
}

/// A variable of a workspace or of a set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Variable {
    /// Its id.
    #[schemars(extend("x-terraform" = COMPUTED))]
    id: Attr<String>,
    /// Its name.
    #[schemars(extend("x-terraform" = REQUIRED))]
    key: Attr<String>,
    /// Its value.
    #[schemars(extend("x-terraform" = OPTIONAL_SENSITIVE))]
    value: Attr<String>,
    /// `terraform` or `env`.
    #[schemars(extend("x-terraform" = REQUIRED))]
    category: Attr<String>,
    /// What it is for.
    description: Attr<String>,
    /// Whether the value is an expression.
    hcl: Attr<bool>,
    /// Whether nobody reads the value.
    sensitive: Attr<bool>,
    /// Its workspace.
    workspace_id: Attr<String>,
    /// Its set.
    variable_set_id: Attr<String>,
}

impl Declared for Variable {
    const TYPE_NAME: &'static str = "tfe_variable";
}

/// A set of variables.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct VariableSet {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its name.
    #[schemars(extend("x-terraform" = REQUIRED))]
    name: Attr<String>,
    /// What it is for.
    description: Attr<String>,
    /// Whether every workspace has it.
    global: Attr<bool>,
    /// Whether it wins over variables of a workspace.
    priority: Attr<bool>,
    /// Its organization.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    organization: Attr<String>,
}

impl Declared for VariableSet {
    const TYPE_NAME: &'static str = "tfe_variable_set";
}

/// A workspace gets a set of variables.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct WorkspaceVariableSet {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// The set.
    #[schemars(extend("x-terraform" = REQUIRED))]
    variable_set_id: Attr<String>,
    /// The workspace.
    #[schemars(extend("x-terraform" = REQUIRED))]
    workspace_id: Attr<String>,
}

impl Declared for WorkspaceVariableSet {
    const TYPE_NAME: &'static str = "tfe_workspace_variable_set";
}
