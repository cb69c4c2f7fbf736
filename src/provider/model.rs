//! The arguments of the provider block.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tags::{DefaultTagsBlock, IgnoreTagsBlock};
use crate::framework::{Attr, AttributePath, BLOCK_SINGLE, Diagnostic, Diagnostics, OPTIONAL_SENSITIVE};

/// Mirrors the traffic of tagged EC2 instances: one AWS VPC Traffic Mirroring session for every network interface that a
/// selector means.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderModel {
    /// AWS region, for example `eu-west-1`. Defaults to `AWS_REGION`, `AWS_DEFAULT_REGION` or the region of the profile.
    pub region: Attr<String>,
    /// Profile of the shared configuration and credentials files. Defaults to `AWS_PROFILE`.
    pub profile: Attr<String>,
    /// Access key id. Defaults to the AWS SDK's credential chain: environment, shared files, SSO, container and instance
    /// roles. Set together with `secret_key`.
    pub access_key: Attr<String>,
    /// Secret access key that belongs to `access_key`.
    #[schemars(extend("x-terraform" = OPTIONAL_SENSITIVE))]
    pub secret_key: Attr<String>,
    /// Session token of temporary credentials.
    #[schemars(extend("x-terraform" = OPTIONAL_SENSITIVE))]
    pub token: Attr<String>,
    /// URLs to use instead of AWS's own, for a private endpoint or an emulator.
    #[schemars(extend("x-terraform" = BLOCK_SINGLE))]
    pub endpoints: Attr<EndpointsBlock>,
    /// Tags of every traffic mirror session that this provider creates.
    #[schemars(extend("x-terraform" = BLOCK_SINGLE))]
    pub default_tags: Attr<DefaultTagsBlock>,
    /// Tags that other systems write on the sessions: they are neither changed nor removed, and no deviation.
    #[schemars(extend("x-terraform" = BLOCK_SINGLE))]
    pub ignore_tags: Attr<IgnoreTagsBlock>,
}

/// Without keys and tokens, so that no log can hold them.
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
    /// URL of the EC2 API, for example `http://127.0.0.1:8080`.
    pub ec2: Attr<String>,
    /// URL of the STS API, which tells the account id.
    pub sts: Attr<String>,
    /// URL of the Elastic Load Balancing v2 API.
    pub elbv2: Attr<String>,
}

impl EndpointsBlock {
    fn fields(&self) -> [(&'static str, &Attr<String>); 3] {
        [("ec2", &self.ec2), ("sts", &self.sts), ("elbv2", &self.elbv2)]
    }
}

impl ProviderModel {
    fn fields(&self) -> [(&'static str, &Attr<String>); 5] {
        [
            ("region", &self.region),
            ("profile", &self.profile),
            ("access_key", &self.access_key),
            ("secret_key", &self.secret_key),
            ("token", &self.token),
        ]
    }

    /// Whether any argument that leads to the account is known only after apply; those about tags do not.
    pub fn has_unknown(&self) -> bool {
        let endpoints = match &self.endpoints {
            Attr::Unknown => true,
            Attr::Null => false,
            Attr::Known(endpoints) => endpoints.fields().iter().any(|(_, value)| value.is_unknown()),
        };
        endpoints || self.fields().iter().any(|(_, value)| value.is_unknown())
    }

    /// Checks what is known; needs no network.
    pub fn validate(&self, diagnostics: &mut Diagnostics) {
        if let Some(tags) = self.default_tags.known() {
            tags.validate(diagnostics);
        }
        if let Some(tags) = self.ignore_tags.known() {
            tags.validate(diagnostics);
        }
        for (name, value) in self.fields() {
            if value.as_str() == Some("") {
                diagnostics.push(
                    Diagnostic::error(
                        format!("Empty {name}"),
                        format!("{name} is an empty string. Give a value, or leave it out to use the AWS SDK's default."),
                    )
                    .at(AttributePath::root(name)),
                );
            }
        }
        let region = self.region.as_str().filter(|region| !region.is_empty());
        if let Some(region) = region.filter(|region| !looks_like_region(region)) {
            diagnostics.push(not_a_region(region).at(AttributePath::root("region")));
        }
        let pair = [
            ("access_key", &self.access_key, &self.secret_key),
            ("secret_key", &self.secret_key, &self.access_key),
        ];
        for (name, one, other) in pair {
            if one.is_known() && other.is_null() {
                diagnostics.push(
                    Diagnostic::error(
                        "Incomplete credentials",
                        "access_key and secret_key belong together. Set both, or neither to use the AWS SDK's chain.",
                    )
                    .at(AttributePath::root(name)),
                );
            }
        }
        if self.token.is_known() && self.access_key.is_null() {
            diagnostics.push(
                Diagnostic::error(
                    "Incomplete credentials",
                    "token is the session token of temporary credentials. Set access_key and secret_key with it.",
                )
                .at(AttributePath::root("token")),
            );
        }
        for (name, value) in self
            .endpoints
            .known()
            .map(EndpointsBlock::fields)
            .into_iter()
            .flatten()
        {
            let url = value.as_str().unwrap_or("http://unknown");
            let rest = url
                .strip_prefix("http://")
                .or_else(|| url.strip_prefix("https://"));
            if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
                diagnostics.push(
                    Diagnostic::error(
                        "Endpoint is not a URL",
                        format!(
                            "endpoints.{name} is not the URL of an endpoint. Write it as https://host or http://host:port."
                        ),
                    )
                    .at(AttributePath::root("endpoints").attribute(name)),
                );
            }
        }
    }
}

/// Whether the text has the form of a region name: `eu-west-1`, `us-gov-east-1`, `mx-central-1`.
pub fn looks_like_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    parts.len() >= 3
        && parts[..parts.len() - 1].iter().all(letters)
        && parts
            .last()
            .is_some_and(|last| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()))
}

/// The error for a region that cannot be one.
pub fn not_a_region(region: &str) -> Diagnostic {
    Diagnostic::error(
        "Not an AWS region",
        format!(
            "{region:?} does not have the form of an AWS region. Use its code, for example \"eu-west-1\"."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(model: ProviderModel) -> Vec<String> {
        let mut diagnostics = Diagnostics::new();
        model.validate(&mut diagnostics);
        diagnostics
            .iter()
            .map(|d| d.path.as_ref().map(ToString::to_string).unwrap_or_default())
            .collect()
    }

    #[test]
    fn regions_by_their_form() {
        for good in ["eu-west-1", "us-gov-east-1", "ap-southeast-10", "us-iso-east-1"] {
            assert!(looks_like_region(good), "{good}");
        }
        for bad in [
            "",
            "eu-west",
            "eu-west-1a",
            "EU-WEST-1",
            "nowhere",
            "eu--1",
            "http://x-y-1",
        ] {
            assert!(!looks_like_region(bad), "{bad}");
        }
    }

    #[test]
    fn keys_are_not_printed() {
        let model = ProviderModel {
            access_key: "AKIA-1".into(),
            secret_key: "secret-2".into(),
            token: "token-3".into(),
            ..Default::default()
        };
        let shown = format!("{model:?}");
        assert!(
            !["AKIA-1", "secret-2", "token-3"]
                .iter()
                .any(|secret| shown.contains(secret)),
            "{shown}"
        );
    }

    #[test]
    fn bad_arguments_are_named() {
        assert_eq!(
            problems(ProviderModel {
                region: "Ireland".into(),
                ..Default::default()
            }),
            ["region"]
        );
        assert_eq!(
            problems(ProviderModel {
                region: "".into(),
                ..Default::default()
            }),
            ["region"]
        );
        assert_eq!(
            problems(ProviderModel {
                access_key: "AKIA".into(),
                ..Default::default()
            }),
            ["access_key"]
        );
        assert_eq!(
            problems(ProviderModel {
                token: "t".into(),
                ..Default::default()
            }),
            ["token"]
        );
        let endpoints = EndpointsBlock {
            ec2: "localhost:80".into(),
            ..Default::default()
        };
        assert_eq!(
            problems(ProviderModel {
                endpoints: endpoints.into(),
                ..Default::default()
            }),
            ["endpoints.ec2"]
        );
        let unknown = ProviderModel {
            access_key: Attr::Unknown,
            secret_key: "s".into(),
            ..Default::default()
        };
        assert!(problems(unknown.clone()).is_empty() && unknown.has_unknown());
    }
}
