//! The roles of profiles. The SDK's own way would ask AWS's host for them whatever `endpoints.sts` says, in another manner
//! than all other calls, and for an hour whatever `duration_seconds` says.

use std::time::Duration;

use aws_config::profile::Profile;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::connect::contradiction;
use super::credentials::{Sources, environment};
use super::{AssumeRole, Ec2Error, WebIdentity, assume_role};

/// STS takes 15 minutes to 12 hours.
const SECONDS: std::ops::RangeInclusive<u64> = 900..=43_200;

impl Sources<'_> {
    /// The credentials of the profile in use; where it has none, of the container or the instance.
    ///
    /// # Errors
    /// A role without a source that could be used.
    pub(super) fn of_profile(&self) -> Result<SharedCredentialsProvider, Ec2Error> {
        let name = self.shared.name();
        match self.shared.get(name) {
            Some(profile) if profile.get("role_arn").is_some() => self.role_of(profile, &mut Vec::new()),
            _ => Ok(self.or_machine(self.plain_profile(name)?)),
        }
    }

    /// The role of a profile; `before` are the profiles that led here.
    fn role_of(
        &self,
        profile: &Profile,
        before: &mut Vec<String>,
    ) -> Result<SharedCredentialsProvider, Ec2Error> {
        let name = profile.name();
        let wrong = |what: &str| contradiction(&format!("the profile {name:?} {what}"));
        if before.iter().any(|seen| seen == name) {
            return Err(wrong(&format!(
                "is its own source, by way of {}",
                before.join(", ")
            )));
        }
        before.push(name.to_owned());
        let text = |property: &str| profile.get(property).map(str::to_owned);
        let role_arn = text("role_arn").unwrap_or_default();
        let session_name = text("role_session_name");
        let duration = duration(profile)?;
        if let Some(file) = text("web_identity_token_file") {
            let identity = WebIdentity {
                role_arn: Some(role_arn),
                session_name,
                token_file: Some(file),
                duration,
                ..WebIdentity::default()
            };
            return assume_role::for_web_identity(self.sts, &identity);
        }
        if profile.get("mfa_serial").is_some() {
            return Err(wrong(
                "has `mfa_serial`, and a provider can ask nobody for the code. Assume its role with the AWS CLI, and give the \
                 credentials by the environment, for example by \"aws configure export-credentials --format env\"",
            ));
        }
        let source = match (profile.get("source_profile"), profile.get("credential_source")) {
            (Some(_), Some(_)) => {
                return Err(wrong("has both `source_profile` and `credential_source`"));
            }
            (Some(source), None) if source != name => self.source(name, source, before)?,
            (None, Some(source)) => self.named(source).ok_or_else(|| {
                wrong(&format!(
                    "has {source:?} for `credential_source`. It is \"Environment\", \"EcsContainer\" or \"Ec2InstanceMetadata\", and \
                     the last only where the instance metadata service may be asked"
                ))
            })?,
            (own, None) => match (keys(profile), own) {
                (Some(keys), _) => SharedCredentialsProvider::new(keys),
                (None, Some(_)) => {
                    return Err(wrong(
                        "is its own `source_profile`, and has no keys. Give the source a profile of its own",
                    ));
                }
                (None, None) => self.machine(),
            },
        };
        let role = AssumeRole {
            role_arn,
            session_name,
            external_id: text("external_id"),
            duration,
            ..AssumeRole::default()
        };
        Ok(assume_role::role(self.sts, &role, source))
    }

    /// The profile that another has for its source: its keys before its own role.
    fn source(
        &self,
        name: &str,
        source: &str,
        before: &mut Vec<String>,
    ) -> Result<SharedCredentialsProvider, Ec2Error> {
        let Some(profile) = self.shared.get(source) else {
            return Err(contradiction(&format!(
                "{source:?}, the `source_profile` of the profile {name:?}, is in none of the shared files"
            )));
        };
        match keys(profile) {
            Some(keys) => Ok(SharedCredentialsProvider::new(keys)),
            None if profile.get("role_arn").is_some() => self.role_of(profile, before),
            None => self.plain_profile(source),
        }
    }

    fn named(&self, source: &str) -> Option<SharedCredentialsProvider> {
        match source.to_ascii_lowercase().as_str() {
            "environment" => Some(environment()),
            "ecscontainer" => Some(self.container()),
            "ec2instancemetadata" => Some(self.metadata.as_ref()?.credentials()),
            _ => None,
        }
    }
}

/// The keys that stand in the profile itself.
fn keys(profile: &Profile) -> Option<Credentials> {
    Some(Credentials::new(
        profile.get("aws_access_key_id")?,
        profile.get("aws_secret_access_key")?,
        profile.get("aws_session_token").map(str::to_owned),
        None,
        "profile",
    ))
}

fn duration(profile: &Profile) -> Result<Option<Duration>, Ec2Error> {
    let Some(text) = profile.get("duration_seconds") else {
        return Ok(None);
    };
    let seconds = text.parse().ok().filter(|seconds| SECONDS.contains(seconds));
    seconds.map(Duration::from_secs).map(Some).ok_or_else(|| {
        contradiction(&format!(
            "the profile {:?} has {text:?} for `duration_seconds`, which is a whole number from 900 to 43200",
            profile.name()
        ))
    })
}
