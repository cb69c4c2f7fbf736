//! What an account is reached with.

use std::fmt;

/// The arguments of the provider block that concern AWS. Whatever is none is looked up as the AWS SDKs do: environment,
/// shared configuration files, the credentials of the machine.
#[derive(Debug, Clone, Default)]
pub struct AccountConfig {
    /// For example `eu-west-1`; none: `AWS_REGION`, `AWS_DEFAULT_REGION`, then the profile's.
    pub region: Option<String>,
    /// Profile in the shared configuration files; none: `AWS_PROFILE`, then `default`.
    pub profile: Option<String>,
    /// Only together with `secret_key`.
    pub access_key: Option<Secret>,
    /// Only together with `access_key`.
    pub secret_key: Option<Secret>,
    /// Session token of temporary credentials; only together with both keys.
    pub token: Option<Secret>,
    pub endpoints: Endpoints,
    /// Named in the User-Agent header of every call.
    pub user_agent: Vec<UserAgent>,
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
