//! From a provider block that is wholly known to what an account is reached with.

use super::model::ProviderModel;
use super::roles::texts;
use super::validate::truth;
use crate::ec2::{AccountConfig, Endpoints, Metadata, RetryMode, Transport, UserAgent};
use crate::framework::Attr;

/// The configuration of the account. What the environment gives is the account's to find, but for `TF_APPEND_USER_AGENT`.
pub fn account_config(model: ProviderModel) -> AccountConfig {
    let skip_account = model.skips_account();
    let endpoints = model.endpoints.into_known().unwrap_or_default();
    let appended = std::env::var("TF_APPEND_USER_AGENT").unwrap_or_default();
    let products = texts(&model.user_agent);
    let appended = products.iter().map(String::as_str).chain([appended.trim()]);
    let appended: Vec<&str> = appended.filter(|text| !text.is_empty()).collect();
    let roles = model
        .assume_role
        .known()
        .into_iter()
        .flatten()
        .filter_map(Attr::known);
    let roles = roles.filter(|role| role.role_arn.is_known());
    AccountConfig {
        region: model.region.into_known(),
        sts_region: model.sts_region.into_known(),
        profile: model.profile.into_known(),
        access_key: model.access_key.into_known().map(Into::into),
        secret_key: model.secret_key.into_known().map(Into::into),
        token: model.token.into_known().map(Into::into),
        shared_config_files: texts(&model.shared_config_files),
        shared_credentials_files: texts(&model.shared_credentials_files),
        assume_role_with_web_identity: model
            .assume_role_with_web_identity
            .known()
            .map(|block| block.identity()),
        assume_role: roles.map(|block| block.role()).collect(),
        endpoints: Endpoints {
            ec2: endpoints.ec2.into_known(),
            sts: endpoints.sts.into_known(),
            elbv2: endpoints.elbv2.into_known(),
        },
        allowed_account_ids: texts(&model.allowed_account_ids),
        forbidden_account_ids: texts(&model.forbidden_account_ids),
        use_fips_endpoint: model.use_fips_endpoint.into_known(),
        use_dualstack_endpoint: model.use_dualstack_endpoint.into_known(),
        max_retries: model.max_retries.into_known().and_then(|n| n.try_into().ok()),
        retry_mode: model.retry_mode.as_str().map(|mode| match mode {
            "adaptive" => RetryMode::Adaptive,
            _ => RetryMode::Standard,
        }),
        transport: Transport {
            custom_ca_bundle: model.custom_ca_bundle.into_known(),
            http_proxy: model.http_proxy.into_known(),
            https_proxy: model.https_proxy.into_known(),
            no_proxy: model.no_proxy.into_known(),
            insecure: model.insecure.into_known().unwrap_or(false),
        },
        metadata: Metadata {
            skip: model.skip_metadata_api_check.as_str().and_then(truth),
            endpoint: model.ec2_metadata_service_endpoint.into_known(),
            ipv6: model
                .ec2_metadata_service_endpoint_mode
                .as_str()
                .map(|mode| mode == "IPv6"),
        },
        skip_account,
        user_agent: vec![UserAgent {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }],
        append_user_agent: Some(appended.join(" ")).filter(|text| !text.is_empty()),
    }
}
