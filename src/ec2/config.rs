//! What an account is reached with.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The arguments of the provider block that concern AWS. Whatever is none is looked up as the AWS SDKs do: environment,
/// shared configuration files, the credentials of the machine.
#[derive(Debug, Clone, Default)]
pub struct AccountConfig {
    /// For example `eu-west-1`; none: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's, then that of the instance metadata.
    pub region: Option<String>,
    /// Region whose STS is asked; none: `region`.
    pub sts_region: Option<String>,
    /// Profile in the shared configuration files, which must be there; none: `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, then `default`.
    pub profile: Option<String>,
    /// Only together with `secret_key`.
    pub access_key: Option<Secret>,
    /// Only together with `access_key`.
    pub secret_key: Option<Secret>,
    /// Session token of temporary credentials; only together with both keys.
    pub token: Option<Secret>,
    /// Shared configuration files instead of `AWS_CONFIG_FILE` or `~/.aws/config`; none given: that one.
    pub shared_config_files: Vec<String>,
    /// Shared credentials files instead of `AWS_SHARED_CREDENTIALS_FILE` or `~/.aws/credentials`; none given: that one.
    pub shared_credentials_files: Vec<String>,
    /// A role that an identity token gives instead of the credentials above.
    pub assume_role_with_web_identity: Option<WebIdentity>,
    /// Roles, each assumed with the credentials of the one before.
    pub assume_role: Vec<AssumeRole>,
    pub endpoints: Endpoints,
    /// The only accounts to work in; none given: any.
    pub allowed_account_ids: Vec<String>,
    /// Accounts never to work in.
    pub forbidden_account_ids: Vec<String>,
    pub use_fips_endpoint: Option<bool>,
    pub use_dualstack_endpoint: Option<bool>,
    /// How often a call is tried again; none: `AWS_MAX_ATTEMPTS`, the profile's `max_attempts`, then 25.
    pub max_retries: Option<u32>,
    /// None: `AWS_RETRY_MODE`, the profile's `retry_mode`, then standard.
    pub retry_mode: Option<RetryMode>,
    pub transport: Transport,
    pub metadata: Metadata,
    /// Whether STS is not asked whose the credentials are: the account is not known then.
    pub skip_account: bool,
    /// Named in the User-Agent header of every call.
    pub user_agent: Vec<UserAgent>,
    /// Appended to the User-Agent header of every call as it stands.
    pub append_user_agent: Option<String>,
}

/// A role to assume (STS AssumeRole).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssumeRole {
    pub role_arn: String,
    /// None: a name with the time in it.
    pub session_name: Option<String>,
    pub external_id: Option<String>,
    /// 15 minutes to 12 hours; none: an hour.
    pub duration: Option<Duration>,
    /// A session policy in JSON.
    pub policy: Option<String>,
    pub policy_arns: Vec<String>,
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    pub transitive_tag_keys: Vec<String>,
}

/// A role to assume for the token of an identity provider (STS AssumeRoleWithWebIdentity).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebIdentity {
    /// None: `AWS_ROLE_ARN`.
    pub role_arn: Option<String>,
    /// None: `AWS_ROLE_SESSION_NAME`, then a name with the time in it.
    pub session_name: Option<String>,
    pub token: Option<Secret>,
    /// Read anew for each session; none, and no token: `TF_AWS_WEB_IDENTITY_TOKEN` or `AWS_WEB_IDENTITY_TOKEN_FILE`.
    pub token_file: Option<String>,
    /// 15 minutes to 12 hours; none: an hour.
    pub duration: Option<Duration>,
    /// A session policy in JSON.
    pub policy: Option<String>,
    pub policy_arns: Vec<String>,
}

/// How the wait between two tries is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryMode {
    Standard,
    /// Besides, calls are held back while the service throttles.
    Adaptive,
}

/// How connections are made.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Transport {
    /// File with the only certificates to trust, in PEM; none: `AWS_CA_BUNDLE`, then those of the system.
    pub custom_ca_bundle: Option<String>,
    /// URL of the proxy; none: `HTTP_PROXY`.
    pub http_proxy: Option<String>,
    /// URL of the proxy for HTTPS, empty for none; none: `HTTPS_PROXY`, then `http_proxy`.
    pub https_proxy: Option<String>,
    /// Hosts that are reached directly, separated by commas; none: `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// Whether any certificate is believed.
    pub insecure: bool,
}

/// Without the URLs of proxies, which may hold passwords.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("custom_ca_bundle", &self.custom_ca_bundle)
            .field("insecure", &self.insecure)
            .finish_non_exhaustive()
    }
}

/// The EC2 instance metadata service, the last source of credentials and of the region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Whether it is not asked; none: `AWS_EC2_METADATA_DISABLED`.
    pub skip: Option<bool>,
    /// None: `AWS_EC2_METADATA_SERVICE_ENDPOINT`, then the link-local address.
    pub endpoint: Option<String>,
    /// Whether the link-local address is the one of IPv6; none: `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.
    pub ipv6: Option<bool>,
}

/// URLs to use instead of AWS's own, for example of a VPC endpoint or of a test server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    pub ec2: Option<String>,
    pub sts: Option<String>,
    pub elbv2: Option<String>,
}

/// A product in the User-Agent header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent {
    /// Letters, digits and ``!#$%&'*+-.^_`|~``; a product that contains anything else is left out of the header.
    pub name: String,
    pub version: Option<String>,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: for signing only.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
