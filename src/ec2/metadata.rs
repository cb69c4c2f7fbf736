//! The EC2 instance metadata service: the credentials of the instance's role, and its region.

use std::time::SystemTime;

use aws_config::imds;
use aws_config::imds::client::EndpointMode;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Deserialize;

use super::connect::contradiction;
use super::shared_files::variable_of;
use super::{Ec2Error, Metadata};

const ROLE: &str = "/latest/meta-data/iam/security-credentials/";
const REGION: &str = "/latest/meta-data/placement/region";

/// The service, where it may be asked.
#[derive(Clone)]
pub(super) struct Service {
    client: imds::Client,
    calls: ProviderConfig,
}

impl Service {
    /// None where it is not to be asked; `calls` is how it is reached.
    ///
    /// # Errors
    /// An endpoint that is no URL.
    pub(super) fn new(wanted: &Metadata, calls: &ProviderConfig) -> Result<Option<Self>, Ec2Error> {
        if wanted.skip.unwrap_or_else(is_disabled) {
            return Ok(None);
        }
        let mut client = imds::Client::builder().configure(calls);
        if let Some(url) = &wanted.endpoint {
            client = client.endpoint(url).map_err(|_| {
                contradiction(
                    "`ec2_metadata_service_endpoint` must be a URL such as \"http://169.254.169.254\"",
                )
            })?;
        }
        client = match wanted.ipv6 {
            Some(true) => client.endpoint_mode(EndpointMode::IpV6),
            Some(false) => client.endpoint_mode(EndpointMode::IpV4),
            None => client,
        };
        Ok(Some(Self {
            client: client.build(),
            calls: calls.clone(),
        }))
    }

    /// The credentials of the instance's role.
    pub(super) fn credentials(&self) -> SharedCredentialsProvider {
        if is_disabled() {
            return SharedCredentialsProvider::new(InSpite(self.client.clone()));
        }
        let provider = ImdsCredentialsProvider::builder()
            .configure(&self.calls)
            .imds_client(self.client.clone());
        SharedCredentialsProvider::new(provider.build())
    }

    /// The region of the instance.
    pub(super) async fn region(&self) -> Option<String> {
        let answer = self.client.get(REGION).await;
        answer.ok().map(String::from)
    }
}

fn is_disabled() -> bool {
    variable_of("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The SDK's own source obeys `AWS_EC2_METADATA_DISABLED` whatever the provider block says.
#[derive(Debug)]
struct InSpite(imds::Client);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Role {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: String,
}

impl InSpite {
    async fn credentials(&self) -> provider::Result {
        let name = self.0.get(ROLE).await;
        let name = name.map_err(CredentialsError::provider_error)?;
        let role = self.0.get(format!("{ROLE}{}", name.as_ref().trim())).await;
        let role = role.map_err(CredentialsError::provider_error)?;
        // The cause would quote the answer, which holds the key.
        let role: Role = serde_json::from_str(role.as_ref()).map_err(|_| {
            CredentialsError::provider_error("the instance metadata service gives no credentials of a role")
        })?;
        let ends = DateTime::from_str(&role.expiration, Format::DateTime);
        let ends = ends.ok().and_then(|time| SystemTime::try_from(time).ok());
        Ok(Credentials::new(
            role.access_key_id,
            role.secret_access_key,
            Some(role.token),
            ends,
            "instance metadata",
        ))
    }
}

impl ProvideCredentials for InSpite {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
