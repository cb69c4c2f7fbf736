//! Region and credentials, from the configuration or from where the AWS SDKs find them.

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_types::sdk_ua_metadata::FrameworkMetadata;

use super::error::{Details, ErrorKind};
use super::{AccountConfig, Ec2Error, retry};

/// The region and the configuration that all clients share.
pub(super) async fn load(config: &AccountConfig) -> Result<(String, SdkConfig), Ec2Error> {
    let endpoints = &config.endpoints;
    for (name, url) in [
        ("ec2", &endpoints.ec2),
        ("sts", &endpoints.sts),
        ("elbv2", &endpoints.elbv2),
    ] {
        check_endpoint(name, url.as_deref())?;
    }
    let keys = keys(config)?;
    let region = region(config).await?;
    check_region(&region)?;
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.clone()))
        .retry_config(retry::config())
        .timeout_config(retry::timeouts());
    for product in &config.user_agent {
        if let Ok(metadata) = FrameworkMetadata::new(product.name.clone(), product.version.clone()) {
            loader = loader.framework_metadata(metadata);
        }
    }
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(keys) = keys {
        loader = loader.credentials_provider(keys);
    } else if let Some(profile) = &config.profile {
        // In the default chain the environment comes before any profile; a profile that is configured comes first.
        let region = ProviderConfig::without_region().with_region(Some(Region::new(region.clone())));
        let profile = ProfileFileCredentialsProvider::builder()
            .configure(&region)
            .profile_name(profile);
        loader = loader.credentials_provider(profile.build());
    }
    Ok((region, loader.load().await))
}

async fn region(config: &AccountConfig) -> Result<String, Ec2Error> {
    if let Some(region) = &config.region {
        return Ok(region.clone());
    }
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &config.profile {
        profile = profile.profile_name(name);
    }
    let chain =
        RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(profile.build());
    match chain
        .region()
        .await
        .map(|region| region.to_string())
        .filter(|region| !region.is_empty())
    {
        Some(region) => Ok(region),
        None => {
            let profile = config.profile.as_deref().unwrap_or("default");
            let message = format!(
                "no region in the provider block, in AWS_REGION or AWS_DEFAULT_REGION, or in the profile {profile:?}"
            );
            Err(Ec2Error::new(
                Details::new(None, ErrorKind::NoRegion, message),
                None,
            ))
        }
    }
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

fn contradiction(message: &str) -> Ec2Error {
    Ec2Error::new(Details::new(None, ErrorKind::Configuration, message), None)
}
