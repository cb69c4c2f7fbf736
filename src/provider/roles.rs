//! `assume_role` and `assume_role_with_web_identity`.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::duration;
use super::model::Texts;
use super::tags::TagsAttr;
use crate::ec2::{AssumeRole, WebIdentity};
use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics, OPTIONAL_SENSITIVE};

/// A role to assume.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssumeRoleBlock {
    /// ARN of the role. Left out of a single block, or empty, no role is assumed, with a warning; of several blocks each must have it.
    pub role_arn: Attr<String>,
    /// Name that the session gets, 2 to 64 letters, digits and `_+=,.@-`. Defaults to the provider's name and the time.
    pub session_name: Attr<String>,
    /// External id that the trust policy of the role asks for. Left out, none is sent.
    pub external_id: Attr<String>,
    /// How long the credentials are good, for example `1h`, `1.5h` or `30m15s`: 15 minutes to the longest time that the role allows,
    /// and an hour at most for a role that is assumed with a role. They are renewed by themselves. Defaults to an hour.
    pub duration: Attr<String>,
    /// IAM policy in JSON that narrows what the session may do. Left out, it may do all that the role may.
    pub policy: Attr<String>,
    /// ARNs of IAM policies that narrow what the session may do. Left out, none does.
    #[schemars(extend("uniqueItems" = true))]
    pub policy_arns: Texts,
    /// Source identity that CloudTrail shows of the session. Left out, none is sent.
    pub source_identity: Attr<String>,
    /// Tags that the session gets. Left out, it has none.
    pub tags: TagsAttr,
    /// Keys of those tags that are passed on to the sessions of further roles. Left out, none is.
    #[schemars(extend("uniqueItems" = true))]
    pub transitive_tag_keys: Texts,
}

/// A role to assume for a token of an identity provider.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WebIdentityBlock {
    /// ARN of the role that is assumed. Defaults to `AWS_ROLE_ARN`.
    pub role_arn: Attr<String>,
    /// Name that the session gets, 2 to 64 letters, digits and `_+=,.@-`. Defaults to `AWS_ROLE_SESSION_NAME`, then to the provider's
    /// name and the time.
    pub session_name: Attr<String>,
    /// Token of the identity provider, which no log, plan or state shows. It conflicts with `web_identity_token_file`. Left out, it
    /// is read from that file, else from `TF_AWS_WEB_IDENTITY_TOKEN`.
    #[schemars(extend("x-terraform" = OPTIONAL_SENSITIVE))]
    pub web_identity_token: Attr<String>,
    /// Path of a file with the token, which is read again whenever the credentials are renewed. Defaults to
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`, which conflicts with `TF_AWS_WEB_IDENTITY_TOKEN`. Conflicts with `web_identity_token`.
    pub web_identity_token_file: Attr<String>,
    /// How long the credentials are good, for example `1h`, `1.5h` or `30m15s`: 15 minutes to the longest time that the role allows.
    /// They are renewed by themselves. Defaults to an hour.
    pub duration: Attr<String>,
    /// IAM policy in JSON that narrows what the session may do. Left out, it may do all that the role may.
    pub policy: Attr<String>,
    /// ARNs of IAM policies that narrow what the session may do. Left out, none does.
    #[schemars(extend("uniqueItems" = true))]
    pub policy_arns: Texts,
}

/// Without the token.
impl fmt::Debug for WebIdentityBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebIdentityBlock")
            .field("role_arn", &self.role_arn)
            .finish_non_exhaustive()
    }
}

impl AssumeRoleBlock {
    /// Checks what is known.
    pub fn validate(&self, path: &AttributePath, diagnostics: &mut Diagnostics) {
        check(
            &self.role_arn,
            &self.session_name,
            &self.duration,
            path,
            diagnostics,
        );
        refuse_null(
            &self.policy_arns,
            path.clone().attribute("policy_arns"),
            diagnostics,
        );
        let keys = path.clone().attribute("transitive_tag_keys");
        refuse_null(&self.transitive_tag_keys, keys, diagnostics);
        let tags = self.tags.known().into_iter().flatten();
        for (key, _) in tags.filter(|(_, value)| value.is_null()) {
            let detail = format!("The value of tag {key:?} is null. Give a value, or remove the tag.");
            let at = path.clone().attribute("tags").key(key);
            diagnostics.push(Diagnostic::error("Null tag value", detail).at(at));
        }
        let id = self.external_id.as_str();
        if id.is_some_and(|id| !(2..=1224).contains(&id.len())) {
            let detail = "An external id has 2 to 1224 characters. Leave it out if the role asks for none.";
            let wrong = Diagnostic::error("Unusable external_id", detail);
            diagnostics.push(wrong.at(path.clone().attribute("external_id")));
        }
    }

    /// The role, once everything is known.
    pub fn role(&self) -> AssumeRole {
        AssumeRole {
            role_arn: self.role_arn.known().cloned().unwrap_or_default(),
            session_name: self.session_name.known().cloned(),
            external_id: self.external_id.known().cloned(),
            duration: known_duration(&self.duration),
            policy: self.policy.known().cloned(),
            policy_arns: texts(&self.policy_arns),
            source_identity: self.source_identity.known().cloned(),
            tags: self
                .tags
                .known()
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), value.known()?.clone())))
                .collect(),
            transitive_tag_keys: texts(&self.transitive_tag_keys),
        }
    }
}

impl WebIdentityBlock {
    /// Checks what is known.
    pub fn validate(&self, path: &AttributePath, diagnostics: &mut Diagnostics) {
        check(
            &self.role_arn,
            &self.session_name,
            &self.duration,
            path,
            diagnostics,
        );
        refuse_null(
            &self.policy_arns,
            path.clone().attribute("policy_arns"),
            diagnostics,
        );
        if self.web_identity_token.is_known() && self.web_identity_token_file.is_known() {
            let detail = "web_identity_token and web_identity_token_file are two ways to give the same token. Remove one.";
            let both = Diagnostic::error("Two tokens", detail);
            diagnostics.push(both.at(path.clone().attribute("web_identity_token_file")));
        }
        for (name, value) in [
            ("web_identity_token", &self.web_identity_token),
            ("web_identity_token_file", &self.web_identity_token_file),
        ] {
            if value.as_str() == Some("") {
                let detail = format!("{name} is an empty string. Give a value, or leave it out.");
                let empty = Diagnostic::error(format!("Empty {name}"), detail);
                diagnostics.push(empty.at(path.clone().attribute(name)));
            }
        }
    }

    /// The role, once everything is known.
    pub fn identity(&self) -> WebIdentity {
        WebIdentity {
            role_arn: self.role_arn.known().cloned(),
            session_name: self.session_name.known().cloned(),
            token: self.web_identity_token.known().cloned().map(Into::into),
            token_file: self.web_identity_token_file.known().cloned(),
            duration: known_duration(&self.duration),
            policy: self.policy.known().cloned(),
            policy_arns: texts(&self.policy_arns),
        }
    }
}

/// The known texts of a list.
pub fn texts(list: &Texts) -> Vec<String> {
    let known = list.known().into_iter().flatten();
    known.filter_map(|text| text.known().cloned()).collect()
}

/// Refuses null in a set: it would be left out, and what the set forbids or narrows would be free.
pub fn refuse_null(set: &Texts, path: AttributePath, diagnostics: &mut Diagnostics) {
    // No path leads to an element of a set.
    if set.known().into_iter().flatten().any(Attr::is_null) {
        let detail = format!("An entry of {path} is null. Give a value, or remove the entry.");
        diagnostics.push(Diagnostic::error("Null value in a set", detail).at(path));
    }
}

fn known_duration(text: &Attr<String>) -> Option<Duration> {
    text.as_str().and_then(duration)
}

/// What both kinds of roles have in common.
fn check(
    role_arn: &Attr<String>,
    session_name: &Attr<String>,
    time: &Attr<String>,
    path: &AttributePath,
    diagnostics: &mut Diagnostics,
) {
    let mut wrong = |name: &str, detail: String| {
        let diagnostic = Diagnostic::error(format!("Unusable {name}"), detail);
        diagnostics.push(diagnostic.at(path.clone().attribute(name)));
    };
    if let Some(arn) = role_arn.as_str() {
        // arn:PARTITION:iam::ACCOUNT:role/PATH/NAME
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        if !matches!(parts[..], ["arn", _, "iam", "", _, role] if role.starts_with("role/")) {
            let detail = format!(
                "{arn:?} is not the ARN of a role. It looks like arn:aws:iam::111122223333:role/NAME."
            );
            wrong("role_arn", detail);
        }
    }
    if let Some(name) = session_name.as_str() {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !(2..=64).contains(&name.len()) || !name.chars().all(allowed) {
            let detail = format!("{name:?} is not 2 to 64 letters, digits and characters of _+=,.@-.");
            wrong("session_name", detail);
        }
    }
    if let Some(text) = time.as_str() {
        let range = Duration::from_secs(900)..=Duration::from_secs(12 * 3600);
        if !duration(text).is_some_and(|time| range.contains(&time)) {
            let detail = format!(
                "{text:?} is not a duration from 15 minutes to 12 hours. Write it as 1h, 1.5h, 2h45m or 30m15s."
            );
            wrong("duration", detail);
        }
    }
}
