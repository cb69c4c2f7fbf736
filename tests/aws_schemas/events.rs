//! Amazon EventBridge.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use terraform_provider_mirror::framework::{
    Attr, BLOCK_LIST, COMPUTED, OPTIONAL_COMPUTED, REQUIRED, REQUIRED_SENSITIVE,
};

use super::Declared;

/// A rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Rule {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its region.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    region: Attr<String>,
    /// Its ARN.
    #[schemars(extend("x-terraform" = COMPUTED))]
    arn: Attr<String>,
    /// Its name.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    name: Attr<String>,
    /// The beginning of its name.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    name_prefix: Attr<String>,
    /// What it is for.
    description: Attr<String>,
    /// Its event bus.
    event_bus_name: Attr<String>,
    /// The events that it matches, in JSON.
    event_pattern: Attr<String>,
    /// Whether managed rules are deleted too.
    force_destroy: Attr<bool>,
    /// Whether it matches anything.
    is_enabled: Attr<bool>,
    /// The role that invokes its targets.
    role_arn: Attr<String>,
    /// When it matches by itself.
    schedule_expression: Attr<String>,
    /// `ENABLED`, `DISABLED` or another state.
    state: Attr<String>,
    /// Its tags.
    tags: Attr<BTreeMap<String, Attr<String>>>,
    /// Its tags and the default ones.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    tags_all: Attr<BTreeMap<String, Attr<String>>>,
}

impl Declared for Rule {
    const TYPE_NAME: &'static str = "aws_cloudwatch_event_rule";
}

/// A connection: how an API destination knows the caller.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Connection {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its region.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    region: Attr<String>,
    /// Its ARN.
    #[schemars(extend("x-terraform" = COMPUTED))]
    arn: Attr<String>,
    /// The secret that it keeps its parameters in.
    #[schemars(extend("x-terraform" = COMPUTED))]
    secret_arn: Attr<String>,
    /// Its name.
    #[schemars(extend("x-terraform" = REQUIRED))]
    name: Attr<String>,
    /// What it is for.
    description: Attr<String>,
    /// `API_KEY`, `BASIC` or `OAUTH_CLIENT_CREDENTIALS`.
    #[schemars(extend("x-terraform" = REQUIRED))]
    authorization_type: Attr<String>,
    /// The key that encrypts them.
    kms_key_identifier: Attr<String>,
    /// The parameters.
    #[schemars(extend("x-terraform" = BLOCK_LIST, "minItems" = 1, "maxItems" = 1))]
    auth_parameters: Attr<Vec<Attr<AuthParameters>>>,
}

impl Declared for Connection {
    const TYPE_NAME: &'static str = "aws_cloudwatch_event_connection";
}

/// One of three ways; what is sent beside it is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct AuthParameters {
    /// A header.
    #[schemars(extend("x-terraform" = BLOCK_LIST, "maxItems" = 1))]
    api_key: Attr<Vec<Attr<ApiKey>>>,
    /// A name and a password.
    #[schemars(extend("x-terraform" = BLOCK_LIST, "maxItems" = 1))]
    basic: Attr<Vec<Attr<Basic>>>,
    /// OAuth.
    #[schemars(extend("x-terraform" = BLOCK_LIST, "maxItems" = 1))]
    oauth: Attr<Vec<Attr<Oauth>>>,
}

/// A header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct ApiKey {
    /// Its name.
    #[schemars(extend("x-terraform" = REQUIRED))]
    key: Attr<String>,
    /// Its value.
    #[schemars(extend("x-terraform" = REQUIRED_SENSITIVE))]
    value: Attr<String>,
}

/// A name and a password.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Basic {
    /// The name.
    #[schemars(extend("x-terraform" = REQUIRED))]
    username: Attr<String>,
    /// The password.
    #[schemars(extend("x-terraform" = REQUIRED_SENSITIVE))]
    password: Attr<String>,
}

/// OAuth, without the parameters of its request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Oauth {
    /// Where the token is asked for.
    #[schemars(extend("x-terraform" = REQUIRED))]
    authorization_endpoint: Attr<String>,
    /// How.
    #[schemars(extend("x-terraform" = REQUIRED))]
    http_method: Attr<String>,
}

/// An API destination: the request that an event becomes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct ApiDestination {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its region.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    region: Attr<String>,
    /// Its ARN.
    #[schemars(extend("x-terraform" = COMPUTED))]
    arn: Attr<String>,
    /// Its name.
    #[schemars(extend("x-terraform" = REQUIRED))]
    name: Attr<String>,
    /// What it is for.
    description: Attr<String>,
    /// Its connection.
    #[schemars(extend("x-terraform" = REQUIRED))]
    connection_arn: Attr<String>,
    /// The method of the request.
    #[schemars(extend("x-terraform" = REQUIRED))]
    http_method: Attr<String>,
    /// The URL of the request.
    #[schemars(extend("x-terraform" = REQUIRED))]
    invocation_endpoint: Attr<String>,
    /// Requests in a second, at most.
    invocation_rate_limit_per_second: Attr<i64>,
}

impl Declared for ApiDestination {
    const TYPE_NAME: &'static str = "aws_cloudwatch_event_api_destination";
}

/// A target of a rule, without the blocks of particular kinds of targets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Target {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its region.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    region: Attr<String>,
    /// The rule, by name.
    #[schemars(extend("x-terraform" = REQUIRED))]
    rule: Attr<String>,
    /// What is invoked.
    #[schemars(extend("x-terraform" = REQUIRED))]
    arn: Attr<String>,
    /// The event bus of the rule.
    event_bus_name: Attr<String>,
    /// Whether it goes from a managed rule too.
    force_destroy: Attr<bool>,
    /// What it is sent, in JSON.
    input: Attr<String>,
    /// Which part of the event it is sent.
    input_path: Attr<String>,
    /// The role that invokes it.
    role_arn: Attr<String>,
    /// Its id within the rule.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    target_id: Attr<String>,
    /// Where events go that never arrive.
    #[schemars(extend("x-terraform" = BLOCK_LIST, "maxItems" = 1))]
    dead_letter_config: Attr<Vec<Attr<DeadLetterConfig>>>,
    /// What the request has.
    #[schemars(extend("x-terraform" = BLOCK_LIST, "maxItems" = 1))]
    http_target: Attr<Vec<Attr<HttpTarget>>>,
    /// What is made of the event.
    #[schemars(extend("x-terraform" = BLOCK_LIST, "maxItems" = 1))]
    input_transformer: Attr<Vec<Attr<InputTransformer>>>,
    /// How often it is tried again.
    #[schemars(extend("x-terraform" = BLOCK_LIST, "maxItems" = 1))]
    retry_policy: Attr<Vec<Attr<RetryPolicy>>>,
}

impl Declared for Target {
    const TYPE_NAME: &'static str = "aws_cloudwatch_event_target";
}

/// A queue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct DeadLetterConfig {
    /// Its ARN.
    arn: Attr<String>,
}

/// What a request has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct HttpTarget {
    /// Headers.
    header_parameters: Attr<BTreeMap<String, Attr<String>>>,
    /// Values of the asterisks in the URL.
    path_parameter_values: Attr<Vec<Attr<String>>>,
    /// The query.
    query_string_parameters: Attr<BTreeMap<String, Attr<String>>>,
}

/// What is made of an event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct InputTransformer {
    /// Parts of the event, by name.
    input_paths: Attr<BTreeMap<String, Attr<String>>>,
    /// The text that they stand in.
    #[schemars(extend("x-terraform" = REQUIRED))]
    input_template: Attr<String>,
}

/// How often a target is tried again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct RetryPolicy {
    /// For how long.
    maximum_event_age_in_seconds: Attr<i64>,
    /// How often.
    maximum_retry_attempts: Attr<i64>,
}
