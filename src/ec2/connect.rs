//! Region, credentials and how calls are made, from the configuration or from where the AWS SDKs find them.

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_types::sdk_ua_metadata::FrameworkMetadata;

use super::call::Manner;
use super::error::{Details, ErrorKind};
use super::shared_files::SharedFiles;
use super::{AccountConfig, Ec2Error, RetryMode, credentials, metadata, retry, transport};

/// What the clients of an account are made from.
pub(super) struct Loaded {
    pub(super) region: String,
    /// The configuration that all clients share.
    pub(super) sdk: SdkConfig,
    /// That of the clients of STS, which may be in a region of its own.
    pub(super) sts: SdkConfig,
    pub(super) manner: Manner,
}

/// Reads the configuration, the environment and the shared files.
pub(super) async fn load(config: &AccountConfig) -> Result<Loaded, Ec2Error> {
    let endpoints = &config.endpoints;
    for (name, url) in [
        ("ec2", &endpoints.ec2),
        ("sts", &endpoints.sts),
        ("elbv2", &endpoints.elbv2),
    ] {
        check_endpoint(name, url.as_deref())?;
    }
    let shared = SharedFiles::load(config).await?;
    let client = transport::client(&config.transport)?;
    let mut calls = ProviderConfig::without_region();
    if let Some(client) = &client {
        calls = calls.with_http_client(client.clone());
    }
    let region = region(config, &shared, &calls).await?;
    check_region(&region)?;
    let attempts = attempts(config, &shared)?;
    let manner = Manner {
        max_attempts: attempts.unwrap_or(retry::MAX_ATTEMPTS),
        is_chosen: attempts.is_some(),
        is_paced: false,
        user_agent: config.append_user_agent.as_deref().map(Into::into),
    };
    let sts_region = config.sts_region.as_ref().unwrap_or(&region);
    check_region(sts_region)?;
    let sts_region = Region::new(sts_region.clone());
    // Of what gives credentials only STS is regional.
    let mut calls = calls.with_region(Some(sts_region.clone()));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.clone()))
        .retry_config(retry::config(mode(config, &shared)?, manner.max_attempts))
        .timeout_config(retry::timeouts())
        .profile_files(shared.files.clone())
        .no_credentials();
    for product in &config.user_agent {
        if let Ok(metadata) = FrameworkMetadata::new(product.name.clone(), product.version.clone()) {
            loader = loader.framework_metadata(metadata);
        }
    }
    if let Some(profile) = &shared.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(fips) = config.use_fips_endpoint {
        loader = loader.use_fips(fips);
        calls = calls.with_use_fips(Some(fips));
    }
    if let Some(dualstack) = config.use_dualstack_endpoint {
        loader = loader.use_dual_stack(dualstack);
        calls = calls.with_use_dual_stack(Some(dualstack));
    }
    if let Some(client) = client {
        loader = loader.http_client(client);
    }
    let sdk = loader.load().await;
    let sts = sdk.clone().into_builder().region(sts_region).build();
    let provider = credentials::provider(config, &shared, &sts, &calls, &manner).await?;
    let signed = |sdk: SdkConfig| sdk.into_builder().credentials_provider(provider.clone()).build();
    Ok(Loaded {
        region,
        sdk: signed(sdk),
        sts: signed(sts),
        manner,
    })
}

/// The region; `calls` is how the instance metadata service is reached.
async fn region(
    config: &AccountConfig,
    shared: &SharedFiles,
    calls: &ProviderConfig,
) -> Result<String, Ec2Error> {
    if let Some(region) = &config.region {
        return Ok(region.clone());
    }
    let mut profile = ProfileFileRegionProvider::builder().profile_files(shared.files.clone());
    if let Some(name) = &shared.profile {
        profile = profile.profile_name(name);
    }
    let chain =
        RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(profile.build());
    let mut found = chain.region().await.map(|region| region.to_string());
    let metadata = metadata::Service::new(&config.metadata, calls)?;
    if let (None, Some(service)) = (&found, &metadata) {
        found = service.region().await;
    }
    found.filter(|region| !region.is_empty()).ok_or_else(|| {
        let profile = shared.name();
        let asked = match metadata {
            Some(_) => ", and the EC2 instance metadata service gives none",
            None => "",
        };
        let message = format!(
            "no region in the provider block, in AWS_REGION or AWS_DEFAULT_REGION, or in the profile {profile:?}{asked}"
        );
        Ec2Error::new(Details::new(None, ErrorKind::NoRegion, message), None)
    })
}

/// As good as without end: with 20 seconds between two it is days. The SDK's cache of credentials adds up the waits between all
/// attempts before the first one, which of any number takes minutes.
const MOST_ATTEMPTS: u32 = 10_000;

/// Attempts of a call in all, if somebody chose their number.
fn attempts(config: &AccountConfig, shared: &SharedFiles) -> Result<Option<u32>, Ec2Error> {
    if let Some(retries) = config.max_retries {
        return Ok(Some(retries.saturating_add(1).min(MOST_ATTEMPTS)));
    }
    let Some(text) = shared.setting("AWS_MAX_ATTEMPTS", "max_attempts") else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number: &u32| *number > 0);
    let number = number.map(|number| Some(number.min(MOST_ATTEMPTS)));
    number.ok_or_else(|| {
        contradiction(&format!(
            "AWS_MAX_ATTEMPTS or the profile's max_attempts must be a whole number from 1, not {text:?}"
        ))
    })
}

fn mode(config: &AccountConfig, shared: &SharedFiles) -> Result<RetryMode, Ec2Error> {
    if let Some(mode) = config.retry_mode {
        return Ok(mode);
    }
    match shared.setting("AWS_RETRY_MODE", "retry_mode").as_deref() {
        None | Some("standard" | "legacy") => Ok(RetryMode::Standard),
        Some("adaptive") => Ok(RetryMode::Adaptive),
        Some(other) => Err(contradiction(&format!(
            "AWS_RETRY_MODE or the profile's retry_mode must be \"standard\" or \"adaptive\", not {other:?}"
        ))),
    }
}

fn check_endpoint(name: &str, url: Option<&str>) -> Result<(), Ec2Error> {
    let Some(url) = url else { return Ok(()) };
    let rest = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    if host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace)) {
        return Ok(());
    }
    Err(contradiction(&format!(
        "`endpoints.{name}` must be a URL such as \"https://HOST\" or \"http://HOST:PORT\""
    )))
}

/// The region becomes a part of host names, which is all that is known of its shape.
fn check_region(region: &str) -> Result<(), Ec2Error> {
    let label = region
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if label && (1..=63).contains(&region.len()) && !region.starts_with('-') && !region.ends_with('-') {
        return Ok(());
    }
    Err(contradiction(&format!(
        "{region:?} is no name of a region, such as \"eu-west-1\""
    )))
}

/// The error for a configuration that cannot be used, before any call.
pub(super) fn contradiction(message: &str) -> Ec2Error {
    Ec2Error::new(Details::new(None, ErrorKind::Configuration, message), None)
}
