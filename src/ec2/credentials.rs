//! Where the credentials come from.

use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::imds::client::EndpointMode;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::assume_role::{self, Sts};
use super::call::Manner;
use super::connect::contradiction;
use super::shared_files::{SharedFiles, variable_of};
use super::{AccountConfig, Ec2Error};

/// The credentials of the configuration, at the end of all roles. `sdk` is the configuration of the STS client, and `calls` how
/// the sources themselves are reached.
pub(super) fn provider(
    config: &AccountConfig,
    shared: &SharedFiles,
    sdk: &SdkConfig,
    calls: &ProviderConfig,
    manner: &Manner,
) -> Result<SharedCredentialsProvider, Ec2Error> {
    let sts = Sts {
        sdk: sdk.clone(),
        endpoint: config.endpoints.sts.clone(),
        manner: manner.clone(),
    };
    let base = match &config.assume_role_with_web_identity {
        Some(identity) => assume_role::for_web_identity(&sts, identity)?,
        None => base(config, shared, calls)?,
    };
    Ok(config.assume_role.iter().fold(base, |credentials, role| {
        assume_role::role(&sts, role, credentials)
    }))
}

/// The credentials before any role of the configuration.
fn base(
    config: &AccountConfig,
    shared: &SharedFiles,
    calls: &ProviderConfig,
) -> Result<SharedCredentialsProvider, Ec2Error> {
    if let Some(keys) = keys(config)? {
        return Ok(SharedCredentialsProvider::new(keys));
    }
    let mut profile = ProfileFileCredentialsProvider::builder()
        .configure(calls)
        .profile_files(shared.files.clone());
    if let Some(name) = &shared.profile {
        profile = profile.profile_name(name);
    }
    let profile = profile.build();
    // In the chain the environment comes before any profile; a profile that is configured comes first.
    if config.profile.is_some() {
        return Ok(SharedCredentialsProvider::new(profile));
    }
    let web_identity = WebIdentityTokenCredentialsProvider::builder()
        .configure(calls)
        .build();
    let container = EcsCredentialsProvider::builder().configure(calls).build();
    let mut chain =
        CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("Profile", profile)
            .or_else("WebIdentityToken", web_identity)
            .or_else("EcsContainer", container);
    if let Some(client) = metadata_client(config, calls)? {
        let metadata = ImdsCredentialsProvider::builder()
            .configure(calls)
            .imds_client(client)
            .build();
        chain = chain.or_else("Ec2InstanceMetadata", metadata);
    }
    Ok(SharedCredentialsProvider::new(chain))
}

/// A client of the EC2 instance metadata service; none where it is not to be asked.
///
/// # Errors
/// An endpoint that is no URL.
pub(super) fn metadata_client(
    config: &AccountConfig,
    calls: &ProviderConfig,
) -> Result<Option<imds::Client>, Ec2Error> {
    let wanted = &config.metadata;
    let disabled = variable_of("AWS_EC2_METADATA_DISABLED");
    if wanted.skip || disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let mut client = imds::Client::builder().configure(calls);
    if let Some(url) = &wanted.endpoint {
        client = client.endpoint(url).map_err(|_| {
            contradiction("`ec2_metadata_service_endpoint` must be a URL such as \"http://169.254.169.254\"")
        })?;
    }
    client = match wanted.ipv6 {
        Some(true) => client.endpoint_mode(EndpointMode::IpV6),
        Some(false) => client.endpoint_mode(EndpointMode::IpV4),
        None => client,
    };
    Ok(Some(client.build()))
}

fn keys(config: &AccountConfig) -> Result<Option<Credentials>, Ec2Error> {
    match (&config.access_key, &config.secret_key) {
        (Some(access), Some(secret)) => Ok(Some(Credentials::new(
            access.expose(),
            secret.expose(),
            config.token.as_ref().map(|token| token.expose().to_owned()),
            None,
            "provider block",
        ))),
        (None, None) if config.token.is_none() => Ok(None),
        (None, None) => Err(contradiction(
            "`token` is set without `access_key` and `secret_key`",
        )),
        (Some(_), None) => Err(contradiction("`access_key` is set without `secret_key`")),
        (None, Some(_)) => Err(contradiction("`secret_key` is set without `access_key`")),
    }
}
