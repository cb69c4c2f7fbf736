//! Roles: AssumeRole, one after the other, and AssumeRoleWithWebIdentity.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::types::{Credentials as Given, PolicyDescriptorType, Tag};

use super::call::{Call, Manner};
use super::connect::contradiction;
use super::error::{Details, ErrorKind};
use super::shared_files::{expanded, variable_of, with_home};
use super::{Action, AssumeRole, Ec2Error, Secret, WebIdentity, retry};

/// How STS is reached.
#[derive(Clone)]
pub(super) struct Sts {
    pub(super) sdk: SdkConfig,
    pub(super) endpoint: Option<String>,
    pub(super) manner: Manner,
}

impl Sts {
    fn client(&self, credentials: Option<SharedCredentialsProvider>) -> Client {
        let mut config = aws_sdk_sts::config::Builder::from(&self.sdk).retry_partition(retry::partition());
        if let Some(url) = &self.endpoint {
            config = config.endpoint_url(url);
        }
        if let Some(credentials) = credentials {
            config = config.credentials_provider(credentials);
        }
        Client::from_conf(config.build())
    }

    fn call(&self, action: Action) -> Call {
        let region = self.sdk.region().map(ToString::to_string).unwrap_or_default();
        Call::start(action, &region, &self.manner)
    }
}

/// The credentials of a role that is assumed with these credentials.
pub(super) fn role(
    sts: &Sts,
    role: &AssumeRole,
    credentials: SharedCredentialsProvider,
) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Assumed {
        client: sts.client(Some(credentials)),
        sts: sts.clone(),
        way: Way::Role(role.clone()),
    })
}

/// The credentials of a role that is assumed for the token of an identity provider.
///
/// # Errors
/// No role, or no token, here or in the environment.
pub(super) fn for_web_identity(
    sts: &Sts,
    identity: &WebIdentity,
) -> Result<SharedCredentialsProvider, Ec2Error> {
    let role_arn = identity.role_arn.clone().or_else(|| variable_of("AWS_ROLE_ARN"));
    let token = match (&identity.token, &identity.token_file) {
        (Some(token), _) => Token::Here(token.clone()),
        (None, Some(file)) => Token::File(expanded(file)),
        (None, None) => token_of_environment()?,
    };
    let Some(role_arn) = role_arn else {
        return Err(contradiction(
            "`assume_role_with_web_identity` has no `role_arn`, and AWS_ROLE_ARN is not set",
        ));
    };
    let session_name = identity.session_name.clone();
    let identity = WebIdentity {
        role_arn: Some(role_arn),
        session_name: session_name.or_else(|| variable_of("AWS_ROLE_SESSION_NAME")),
        ..identity.clone()
    };
    Ok(SharedCredentialsProvider::new(Assumed {
        client: sts.client(None),
        sts: sts.clone(),
        way: Way::WebIdentity(identity, token),
    }))
}

fn token_of_environment() -> Result<Token, Ec2Error> {
    let text = variable_of("TF_AWS_WEB_IDENTITY_TOKEN");
    let file = variable_of("AWS_WEB_IDENTITY_TOKEN_FILE");
    match (text, file) {
        (Some(text), None) => Ok(Token::Here(text.into())),
        (None, Some(file)) => Ok(Token::File(with_home(&file))),
        (Some(_), Some(_)) => Err(contradiction(
            "`assume_role_with_web_identity` names no token, and both TF_AWS_WEB_IDENTITY_TOKEN and AWS_WEB_IDENTITY_TOKEN_FILE \
             are set. Unset one of them, or give `web_identity_token` or `web_identity_token_file`",
        )),
        (None, None) => Err(contradiction(
            "`assume_role_with_web_identity` has neither `web_identity_token` nor `web_identity_token_file`, and neither \
             TF_AWS_WEB_IDENTITY_TOKEN nor AWS_WEB_IDENTITY_TOKEN_FILE is set",
        )),
    }
}

struct Assumed {
    client: Client,
    sts: Sts,
    way: Way,
}

enum Way {
    Role(AssumeRole),
    WebIdentity(WebIdentity, Token),
}

enum Token {
    Here(Secret),
    File(PathBuf),
}

/// Shows neither policies nor tokens.
impl fmt::Debug for Assumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assumed").finish_non_exhaustive()
    }
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let given = match &self.way {
                Way::Role(role) => self.role(role).await,
                Way::WebIdentity(identity, token) => self.web_identity(identity, token).await,
            };
            given
                .and_then(|(action, given)| credentials(action, given))
                .map_err(CredentialsError::provider_error)
        })
    }
}

impl Assumed {
    async fn role(&self, role: &AssumeRole) -> Result<(Action, Option<Given>), Ec2Error> {
        let tags = role.tags.iter().map(|(key, value)| {
            let tag = Tag::builder().key(key).value(value);
            tag.build().map_err(|error| contradiction(&error.to_string()))
        });
        let tags: Vec<Tag> = tags.collect::<Result<_, _>>()?;
        let action = Action::AssumeRole;
        let call = self.sts.call(action);
        let answer = self
            .client
            .assume_role()
            .role_arn(&role.role_arn)
            .role_session_name(session_name(&role.session_name))
            .set_external_id(role.external_id.clone())
            .set_duration_seconds(seconds(role.duration))
            .set_policy(role.policy.clone())
            .set_policy_arns(policies(&role.policy_arns))
            .set_source_identity(role.source_identity.clone())
            .set_tags(some(tags))
            .set_transitive_tag_keys(some(role.transitive_tag_keys.clone()))
            .customize()
            .interceptor(call.probe())
            .send()
            .await;
        Ok((action, call.end(answer)?.credentials))
    }

    async fn web_identity(
        &self,
        identity: &WebIdentity,
        token: &Token,
    ) -> Result<(Action, Option<Given>), Ec2Error> {
        let token = match token {
            Token::Here(token) => token.expose().to_owned(),
            Token::File(path) => {
                let text = tokio::fs::read_to_string(path).await.map_err(|error| {
                    contradiction(&format!(
                        "the `web_identity_token_file` {} cannot be read: {error}",
                        path.display()
                    ))
                })?;
                text.trim().to_owned()
            }
        };
        let action = Action::AssumeRoleWithWebIdentity;
        let call = self.sts.call(action);
        let answer = self
            .client
            .assume_role_with_web_identity()
            .set_role_arn(identity.role_arn.clone())
            .role_session_name(session_name(&identity.session_name))
            .web_identity_token(token)
            .set_duration_seconds(seconds(identity.duration))
            .set_policy(identity.policy.clone())
            .set_policy_arns(policies(&identity.policy_arns))
            .customize()
            .interceptor(call.probe())
            .send()
            .await;
        Ok((action, call.end(answer)?.credentials))
    }
}

fn credentials(action: Action, given: Option<Given>) -> Result<Credentials, Ec2Error> {
    let given = given.ok_or_else(|| {
        let kind = ErrorKind::Incomplete("Credentials".to_owned());
        Ec2Error::new(
            Details::new(Some(action), kind, "the answer has no Credentials"),
            None,
        )
    })?;
    let ends = SystemTime::try_from(given.expiration).ok();
    Ok(Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.session_token),
        ends,
        "AssumeRole",
    ))
}

/// The configured name, or one that tells who made the session, and when.
fn session_name(configured: &Option<String>) -> String {
    let made = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("{}-{}", env!("CARGO_PKG_NAME"), since.as_millis())
    };
    configured.clone().unwrap_or_else(made)
}

fn seconds(duration: Option<Duration>) -> Option<i32> {
    duration.map(|duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX))
}

fn policies(arns: &[String]) -> Option<Vec<PolicyDescriptorType>> {
    let policy = |arn: &String| PolicyDescriptorType::builder().arn(arn).build();
    some(arns.iter().map(policy).collect())
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}
