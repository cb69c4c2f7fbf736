//! The arguments of the provider block: those of the AWS provider that concern a client of EC2, by the same names.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::roles::{AssumeRoleBlock, WebIdentityBlock};
use super::tags::{DefaultTagsBlock, IgnoreTagsBlock};
use crate::framework::{Attr, BLOCK_LIST, BLOCK_SINGLE, OPTIONAL_SENSITIVE, to_value};

/// A list or set of texts.
pub type Texts = Attr<Vec<Attr<String>>>;

/// Mirrors the traffic of tagged EC2 instances: one AWS VPC Traffic Mirroring session for every network interface that a
/// selector means.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderModel {
    /// AWS region that the provider works in, for example `eu-west-1`; it must be given somewhere. Defaults to `AWS_REGION`,
    /// `AWS_DEFAULT_REGION`, the region of the profile or, on an EC2 instance, that of the instance metadata.
    pub region: Attr<String>,
    /// Region whose STS is asked for roles and for the account id, for example where that of `region` is turned off. Defaults to `region`.
    pub sts_region: Attr<String>,
    /// Profile of the shared configuration and credentials files. Defaults to `AWS_PROFILE`, `AWS_DEFAULT_PROFILE` or `default`. A
    /// profile that is given here comes before the credentials of the environment. One that is named here or by `AWS_PROFILE` must be
    /// in the files.
    pub profile: Attr<String>,
    /// Access key id, which is set together with `secret_key`. Defaults to what is found first of keys in the environment, its web
    /// identity, the profile (keys, SSO, `credential_process`, roles), and the roles of the container and of the instance.
    pub access_key: Attr<String>,
    /// Secret access key that belongs to `access_key`. Left out, both come from the AWS SDK's credential chain.
    #[schemars(extend("x-terraform" = OPTIONAL_SENSITIVE))]
    pub secret_key: Attr<String>,
    /// Session token that temporary credentials have beside `access_key` and `secret_key`. Left out, those two are taken for lasting
    /// ones.
    #[schemars(extend("x-terraform" = OPTIONAL_SENSITIVE))]
    pub token: Attr<String>,
    /// Paths of the shared configuration files, which must exist. A leading `~/` is the home, and `$NAME` or `${NAME}` a variable of the
    /// environment, as in every path of this block. Defaults to `AWS_CONFIG_FILE` or `~/.aws/config`.
    pub shared_config_files: Texts,
    /// Paths of the shared credentials files, which must exist. Defaults to `AWS_SHARED_CREDENTIALS_FILE` or `~/.aws/credentials`.
    pub shared_credentials_files: Texts,
    /// Roles to assume. With several blocks each is assumed with the credentials of the one before, the first with those
    /// that the other arguments give. Without a block, none is assumed but what the profile names.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    pub assume_role: Attr<Vec<Attr<AssumeRoleBlock>>>,
    /// Role to assume for a token of an OpenID Connect or OAuth provider, instead of credentials of AWS. `assume_role` goes on
    /// from there. Without the block, the environment's web identity (`AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`) is used where
    /// neither `profile` nor keys are given, here or in the environment.
    #[schemars(extend("x-terraform" = BLOCK_SINGLE))]
    pub assume_role_with_web_identity: Attr<WebIdentityBlock>,
    /// URLs that are used instead of AWS's own, for a private endpoint or an emulator. Without the block, the environment's or AWS's
    /// own are used.
    #[schemars(extend("x-terraform" = BLOCK_SINGLE))]
    pub endpoints: Attr<EndpointsBlock>,
    /// Ids of the only AWS accounts to work in, so that nothing is done in another by mistake. It conflicts with
    /// `forbidden_account_ids`. Left out, any account will do.
    #[schemars(extend("uniqueItems" = true))]
    pub allowed_account_ids: Texts,
    /// Ids of AWS accounts that the provider never works in. It conflicts with `allowed_account_ids`. Left out, none is forbidden.
    #[schemars(extend("uniqueItems" = true))]
    pub forbidden_account_ids: Texts,
    /// Tags that every traffic mirror session of this provider gets. Without the block, there are only those of the environment
    /// (`TF_AWS_DEFAULT_TAGS_<key>`).
    #[schemars(extend("x-terraform" = BLOCK_SINGLE))]
    pub default_tags: Attr<DefaultTagsBlock>,
    /// Tags that other systems write on the sessions: they are neither changed nor removed, and no deviation. Without the block, only
    /// those of the environment are ignored.
    #[schemars(extend("x-terraform" = BLOCK_SINGLE))]
    pub ignore_tags: Attr<IgnoreTagsBlock>,
    /// Path of a file with the certificates to trust, in PEM; no others are trusted then. Defaults to `AWS_CA_BUNDLE` or the
    /// certificates of the system.
    pub custom_ca_bundle: Attr<String>,
    /// Whether the endpoints that are validated for FIPS 140 are used. Defaults to `AWS_USE_FIPS_ENDPOINT`, the profile's
    /// `use_fips_endpoint` or `false`.
    pub use_fips_endpoint: Attr<bool>,
    /// Whether the endpoints that answer over IPv6 too are used. Defaults to `AWS_USE_DUALSTACK_ENDPOINT`, the profile's
    /// `use_dualstack_endpoint` or `false`.
    pub use_dualstack_endpoint: Attr<bool>,
    /// How often a call is tried again while AWS throttles it or fails inside. Defaults to one less than `AWS_MAX_ATTEMPTS` or the
    /// profile's `max_attempts`, else 25 for throttling and 4 for other failures that may pass. Where nobody answers, a call is tried
    /// no more than twice again. More than 9,999 count as 9,999.
    pub max_retries: Attr<i64>,
    /// How the wait before another attempt is chosen: `standard` (the default), or `adaptive`, which also holds calls back while
    /// AWS throttles. Defaults to `AWS_RETRY_MODE` or the profile's `retry_mode`.
    pub retry_mode: Attr<String>,
    /// URL of the proxy for HTTP, and for HTTPS unless `https_proxy` is set. Defaults to `HTTP_PROXY` or `http_proxy`.
    pub http_proxy: Attr<String>,
    /// URL of the proxy for HTTPS; an empty string means none. Defaults to `HTTPS_PROXY` or `https_proxy`, then to the argument
    /// `http_proxy`.
    pub https_proxy: Attr<String>,
    /// Hosts that are reached without a proxy, separated by commas: domain names, IP addresses, CIDR blocks, or `*` for all.
    /// Defaults to `NO_PROXY` or `no_proxy`.
    pub no_proxy: Attr<String>,
    /// Products that the User-Agent header of every call names beside the provider, each as `name/version (comment)` with the version and
    /// the comment at will; `TF_APPEND_USER_AGENT` comes after them. Left out, there are none.
    pub user_agent: Texts,
    /// Whether any certificate of an endpoint is believed: then nothing protects the credentials on the way. Defaults to
    /// `false`.
    pub insecure: Attr<bool>,
    /// URL where the EC2 instance metadata service is asked. Defaults to `AWS_EC2_METADATA_SERVICE_ENDPOINT` or the link-local address.
    pub ec2_metadata_service_endpoint: Attr<String>,
    /// Whether the link-local address of the metadata service is that of `IPv4` or `IPv6`. Defaults to
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` or `IPv4`.
    pub ec2_metadata_service_endpoint_mode: Attr<String>,
    /// Whether the EC2 instance metadata service is not asked for credentials and region: `true`, or `false`, which holds against
    /// `AWS_EC2_METADATA_DISABLED` too. Defaults to that variable, else to `false`; an empty string means the default.
    pub skip_metadata_api_check: Attr<String>,
    /// Whether STS is not asked if the credentials are good. It is asked all the same for the account id, unless
    /// `skip_requesting_account_id` is set too. Defaults to `false`.
    pub skip_credentials_validation: Attr<bool>,
    /// Whether a region of the provider block may have a name that does not look like one of AWS's; that of a resource or a data
    /// source never may. Defaults to `false`.
    pub skip_region_validation: Attr<bool>,
    /// Whether STS is not asked for the account id. It comes with the answer that validates the credentials all the same,
    /// unless `skip_credentials_validation` is set too: then the account id is not known, an import by identity cannot be
    /// checked against it, and `allowed_account_ids` cannot be used. Defaults to `false`.
    pub skip_requesting_account_id: Attr<bool>,
}

/// Without keys, tokens and proxies, so that no log can hold them.
impl fmt::Debug for ProviderModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderModel")
            .field("region", &self.region)
            .field("profile", &self.profile)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// URLs to use instead of AWS's own, for a private endpoint or an emulator.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointsBlock {
    /// URL where the EC2 API is called, for example `http://127.0.0.1:8080`. Defaults to `AWS_ENDPOINT_URL_EC2`, `AWS_ENDPOINT_URL` or the
    /// region's endpoint.
    pub ec2: Attr<String>,
    /// URL of the STS API, which gives out roles, also those of profiles, and tells the account id. Defaults to `AWS_ENDPOINT_URL_STS`,
    /// `AWS_ENDPOINT_URL` or the region's endpoint.
    pub sts: Attr<String>,
    /// URL where the Elastic Load Balancing v2 API is called. Defaults to `AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2`, `AWS_ENDPOINT_URL`
    /// or the region's endpoint.
    pub elbv2: Attr<String>,
}

impl EndpointsBlock {
    /// The endpoints by name.
    pub fn fields(&self) -> [(&'static str, &Attr<String>); 3] {
        [("ec2", &self.ec2), ("sts", &self.sts), ("elbv2", &self.elbv2)]
    }
}

impl ProviderModel {
    /// The same without texts that are empty: as in the AWS provider, they are not set. That of a proxy says that there is none.
    #[must_use]
    pub fn without_empty(mut self) -> Self {
        for text in [
            &mut self.region,
            &mut self.sts_region,
            &mut self.profile,
            &mut self.access_key,
            &mut self.secret_key,
            &mut self.token,
            &mut self.custom_ca_bundle,
            &mut self.retry_mode,
            &mut self.ec2_metadata_service_endpoint,
            &mut self.ec2_metadata_service_endpoint_mode,
            &mut self.skip_metadata_api_check,
        ] {
            unset_if_empty(text);
        }
        if let Some(endpoints) = self.endpoints.known_mut() {
            for url in [&mut endpoints.ec2, &mut endpoints.sts, &mut endpoints.elbv2] {
                unset_if_empty(url);
            }
        }
        for role in self.assume_role.known_mut().into_iter().flatten() {
            if let Some(role) = role.known_mut() {
                unset_if_empty(&mut role.role_arn);
            }
        }
        if let Some(identity) = self.assume_role_with_web_identity.known_mut() {
            unset_if_empty(&mut identity.role_arn);
            unset_if_empty(&mut identity.web_identity_token_file);
        }
        self
    }

    /// Whether the one block for a role names none. It assumes nothing then, as in the AWS provider, so that a module can leave the
    /// choice to a variable.
    pub fn has_role_without_arn(&self) -> bool {
        let roles = self.assume_role.known().map(Vec::as_slice).unwrap_or_default();
        matches!(roles, [role] if role.known().is_some_and(|role| role.role_arn.is_null()))
    }

    /// Whether any argument that leads to the account is known only after apply; those about tags do not.
    pub fn has_unknown(&self) -> bool {
        let account = Self {
            default_tags: Attr::Null,
            ignore_tags: Attr::Null,
            ..self.clone()
        };
        !to_value(&account).is_ok_and(|value| value.is_wholly_known())
    }

    /// Whether nothing tells the account id.
    pub fn skips_account(&self) -> bool {
        self.skip_credentials_validation == Attr::Known(true)
            && self.skip_requesting_account_id == Attr::Known(true)
    }
}

fn unset_if_empty(text: &mut Attr<String>) {
    if text.as_str() == Some("") {
        *text = Attr::Null;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_printed() {
        let identity = WebIdentityBlock {
            web_identity_token: "token-4".into(),
            ..Default::default()
        };
        let model = ProviderModel {
            access_key: "AKIA-1".into(),
            secret_key: "secret-2".into(),
            token: "token-3".into(),
            http_proxy: "http://me:pass-5@proxy".into(),
            assume_role_with_web_identity: identity.clone().into(),
            ..Default::default()
        };
        let shown = format!("{model:?} {identity:?}");
        for secret in ["AKIA-1", "secret-2", "token-3", "token-4", "pass-5"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn whatever_leads_to_the_account_must_be_known() {
        assert!(!ProviderModel::default().has_unknown());
        let cases: [fn(&mut ProviderModel); 5] = [
            |m| m.region = Attr::Unknown,
            |m| {
                m.endpoints = EndpointsBlock {
                    ec2: Attr::Unknown,
                    ..Default::default()
                }
                .into()
            },
            |m| m.assume_role = Attr::Unknown,
            |m| m.allowed_account_ids = Attr::Known(vec![Attr::Unknown]),
            |m| m.insecure = Attr::Unknown,
        ];
        for change in cases {
            let mut model = ProviderModel::default();
            change(&mut model);
            assert!(model.has_unknown());
        }
        let tags = ProviderModel {
            default_tags: Attr::Unknown,
            ignore_tags: Attr::Unknown,
            ..Default::default()
        };
        assert!(!tags.has_unknown());
    }
}
