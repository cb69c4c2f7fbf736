//! Where the credentials come from.

use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::{Profile, ProfileFileCredentialsProvider};
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::assume_role::{self, Sts};
use super::call::Manner;
use super::connect::contradiction;
use super::metadata;
use super::shared_files::{SharedFiles, variable_of};
use super::{AccountConfig, Ec2Error, WebIdentity};

/// The credentials of the configuration, at the end of all roles. `sdk` is the configuration of the STS client, and `calls` how
/// the sources themselves are reached.
pub(super) async fn provider(
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
    let sources = Sources {
        sts: &sts,
        shared,
        calls,
        metadata: metadata::Service::new(&config.metadata, calls)?,
    };
    let base = match &config.assume_role_with_web_identity {
        Some(identity) => assume_role::for_web_identity(&sts, identity)?,
        None => sources.base(config).await?,
    };
    Ok(config.assume_role.iter().fold(base, |credentials, role| {
        assume_role::role(&sts, role, credentials)
    }))
}

/// What the credentials can come from, besides the provider block.
pub(super) struct Sources<'a> {
    pub(super) sts: &'a Sts,
    pub(super) shared: &'a SharedFiles,
    calls: &'a ProviderConfig,
    pub(super) metadata: Option<metadata::Service>,
}

impl Sources<'_> {
    /// The credentials before any role of the configuration.
    async fn base(&self, config: &AccountConfig) -> Result<SharedCredentialsProvider, Ec2Error> {
        if let Some(keys) = keys(config)? {
            return Ok(SharedCredentialsProvider::new(keys));
        }
        // The environment comes before any profile, also that of AWS_PROFILE; a profile that is configured comes first.
        if config.profile.is_none() {
            let environment = environment();
            if environment.provide_credentials().await.is_ok() {
                return Ok(environment);
            }
            if let Some(identity) = web_identity()? {
                return assume_role::for_web_identity(self.sts, &identity);
            }
        }
        self.of_profile()
    }

    /// What the SDK finds in a profile that assumes no role: keys, SSO, the output of a process.
    ///
    /// # Errors
    /// A profile of `aws login`.
    pub(super) fn plain_profile(&self, name: &str) -> Result<SharedCredentialsProvider, Ec2Error> {
        let signs_in = |profile: &Profile| {
            profile.get("login_session").is_some()
                && profile
                    .get("sso_session")
                    .or(profile.get("sso_start_url"))
                    .is_none()
        };
        if self.shared.get(name).is_some_and(signs_in) {
            return Err(contradiction(&format!(
                "the profile {name:?} is one of \"aws login\", whose `login_session` is not read here. Use a profile that has \
                 credential_process = aws configure export-credentials --profile {name} --format process"
            )));
        }
        let profile = ProfileFileCredentialsProvider::builder()
            .configure(self.calls)
            .profile_files(self.shared.files.clone())
            .profile_name(name);
        Ok(SharedCredentialsProvider::new(profile.build()))
    }

    /// The role of the container.
    pub(super) fn container(&self) -> SharedCredentialsProvider {
        let container = EcsCredentialsProvider::builder().configure(self.calls).build();
        SharedCredentialsProvider::new(container)
    }

    /// The role of the container, else of the instance.
    pub(super) fn machine(&self) -> SharedCredentialsProvider {
        let mut chain = CredentialsProviderChain::first_try("EcsContainer", self.container());
        if let Some(service) = &self.metadata {
            chain = chain.or_else("Ec2InstanceMetadata", service.credentials());
        }
        SharedCredentialsProvider::new(chain)
    }

    /// The credentials of the machine, where `first` gives none.
    pub(super) fn or_machine(&self, first: SharedCredentialsProvider) -> SharedCredentialsProvider {
        let chain = CredentialsProviderChain::first_try("Profile", first);
        SharedCredentialsProvider::new(chain.or_else("Machine", self.machine()))
    }
}

/// The keys of the environment.
pub(super) fn environment() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
}

/// The web identity of the environment, as Kubernetes gives it to a pod.
fn web_identity() -> Result<Option<WebIdentity>, Ec2Error> {
    let Some(file) = variable_of("AWS_WEB_IDENTITY_TOKEN_FILE") else {
        return Ok(None);
    };
    let role = variable_of("AWS_ROLE_ARN").ok_or_else(|| {
        contradiction(
            "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN, the role to assume with it, is not",
        )
    })?;
    Ok(Some(WebIdentity {
        role_arn: Some(role),
        token_file: Some(file),
        ..WebIdentity::default()
    }))
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
