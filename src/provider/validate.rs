//! Checks of the provider block that need no network; what is unknown is left for later.

use super::model::{EndpointsBlock, ProviderModel, Texts};
use super::region::{looks_like_region, not_a_region};
use super::roles::refuse_null;
use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics};

impl ProviderModel {
    /// Checks what is known.
    pub fn validate(&self, diagnostics: &mut Diagnostics) {
        self.validate_texts(diagnostics);
        self.validate_credentials(diagnostics);
        self.validate_accounts(diagnostics);
        self.validate_urls(diagnostics);
        self.validate_words(diagnostics);
        if let Some(tags) = self.default_tags.known() {
            tags.validate(diagnostics);
        }
        if let Some(tags) = self.ignore_tags.known() {
            tags.validate(diagnostics);
        }
    }

    fn validate_texts(&self, diagnostics: &mut Diagnostics) {
        let any_name = self.skip_region_validation == Attr::Known(true);
        for (name, region) in [("region", &self.region), ("sts_region", &self.sts_region)] {
            if let Some(region) = region
                .as_str()
                .filter(|region| !any_name && !looks_like_region(region))
            {
                diagnostics.push(not_a_region(region).at(AttributePath::root(name)));
            }
        }
        for (name, files) in [
            ("shared_config_files", &self.shared_config_files),
            ("shared_credentials_files", &self.shared_credentials_files),
        ] {
            for (index, file) in (0..).zip(files.known().into_iter().flatten()) {
                if file.is_null() || file.as_str() == Some("") {
                    let detail = format!("An entry of {name} is not the path of a file. Remove it.");
                    let path = AttributePath::root(name).index(index);
                    diagnostics.push(Diagnostic::error(format!("Empty path in {name}"), detail).at(path));
                }
            }
        }
    }

    fn validate_credentials(&self, diagnostics: &mut Diagnostics) {
        let pair = [
            ("access_key", &self.access_key, &self.secret_key),
            ("secret_key", &self.secret_key, &self.access_key),
        ];
        for (name, one, other) in pair {
            if one.is_known() && other.is_null() {
                let detail = "access_key and secret_key belong together. Set both, or neither to use the AWS SDK's chain.";
                diagnostics.push(wrong(name, "Incomplete credentials", detail));
            }
        }
        if self.token.is_known() && self.access_key.is_null() {
            let detail =
                "token is the session token of temporary credentials. Set access_key and secret_key with it.";
            diagnostics.push(wrong("token", "Incomplete credentials", detail));
        }
        let path = AttributePath::root("assume_role");
        for (index, role) in (0..).zip(self.assume_role.known().into_iter().flatten()) {
            let Some(role) = role.known() else { continue };
            let path = path.clone().index(index);
            if role.role_arn.is_null() && !self.has_role_without_arn() {
                let detail = "Each of several assume_role blocks needs the ARN of a role. Give role_arn, or remove the block.";
                diagnostics.push(Diagnostic::error("Missing role_arn", detail).at(path.clone()));
            }
            role.validate(&path, diagnostics);
        }
        if let Some(identity) = self.assume_role_with_web_identity.known() {
            let path = AttributePath::root("assume_role_with_web_identity");
            identity.validate(&path, diagnostics);
        }
    }

    fn validate_accounts(&self, diagnostics: &mut Diagnostics) {
        let lists = [
            ("allowed_account_ids", &self.allowed_account_ids),
            ("forbidden_account_ids", &self.forbidden_account_ids),
        ];
        for (name, list) in lists {
            refuse_null(list, AttributePath::root(name), diagnostics);
            let known = list.known().into_iter().flatten().filter_map(Attr::as_str);
            let digits = |id: &&str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
            for id in known.filter(|id| !digits(id)) {
                let detail = format!("{id:?} is not the id of an AWS account: twelve digits, in quotes.");
                diagnostics.push(wrong(name, "Not an AWS account id", detail));
            }
            if has_any(list) && self.skips_account() {
                let detail = format!(
                    "With skip_credentials_validation and skip_requesting_account_id the account id is not known, so {name} cannot be \
                     checked. Remove one of the three."
                );
                diagnostics.push(wrong(name, "The account id is not known", detail));
            }
        }
        if has_any(&self.allowed_account_ids) && has_any(&self.forbidden_account_ids) {
            let detail = "allowed_account_ids and forbidden_account_ids exclude each other: what is not allowed is \
                          forbidden. Remove one of them.";
            diagnostics.push(wrong("forbidden_account_ids", "Conflicting account ids", detail));
        }
    }

    fn validate_urls(&self, diagnostics: &mut Diagnostics) {
        let endpoints = self.endpoints.known().map(EndpointsBlock::fields);
        for (name, value) in endpoints.into_iter().flatten() {
            if value.as_str().is_some_and(|url| !is_url(url)) {
                let detail = format!(
                    "endpoints.{name} is not the URL of an endpoint. Write it as https://host or http://host:port."
                );
                let path = AttributePath::root("endpoints").attribute(name);
                diagnostics.push(Diagnostic::error("Endpoint is not a URL", detail).at(path));
            }
        }
        for (name, value) in [
            ("http_proxy", &self.http_proxy),
            ("https_proxy", &self.https_proxy),
            (
                "ec2_metadata_service_endpoint",
                &self.ec2_metadata_service_endpoint,
            ),
        ] {
            // An empty text is none; the URL may hold a password and is not repeated.
            if value.as_str().is_some_and(|url| !url.is_empty() && !is_url(url)) {
                let detail = format!("{name} is not a URL. Write it as http://host:port.");
                diagnostics.push(wrong(name, format!("Unusable {name}"), detail));
            }
        }
    }

    fn validate_words(&self, diagnostics: &mut Diagnostics) {
        for (index, product) in (0..).zip(self.user_agent.known().into_iter().flatten()) {
            // What a header may carry without a doubt.
            let printable =
                |text: &str| !text.trim().is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b));
            if product.is_null() || product.as_str().is_some_and(|text| !printable(text)) {
                let detail = "An entry of user_agent is a product such as \"my-pipeline/1.2 (nightly)\", in printable ASCII characters.";
                let path = AttributePath::root("user_agent").index(index);
                diagnostics.push(Diagnostic::error("Not a product for the User-Agent", detail).at(path));
            }
        }
        let mode = self.retry_mode.as_str();
        if let Some(mode) = mode.filter(|mode| !["standard", "adaptive"].contains(mode)) {
            let detail = format!("retry_mode is {mode:?}. It is \"standard\" or \"adaptive\".");
            diagnostics.push(wrong("retry_mode", "Unusable retry_mode", detail));
        }
        let mode = self.ec2_metadata_service_endpoint_mode.as_str();
        if let Some(mode) = mode.filter(|mode| !["IPv4", "IPv6"].contains(mode)) {
            let name = "ec2_metadata_service_endpoint_mode";
            let detail = format!("{name} is {mode:?}. It is \"IPv4\" or \"IPv6\".");
            diagnostics.push(wrong(name, format!("Unusable {name}"), detail));
        }
        let skip = self.skip_metadata_api_check.as_str();
        if let Some(skip) = skip.filter(|skip| truth(skip).is_none()) {
            let name = "skip_metadata_api_check";
            let detail = format!("{name} is {skip:?}. It is true or false.");
            diagnostics.push(wrong(name, format!("Unusable {name}"), detail));
        }
        if self
            .max_retries
            .known()
            .is_some_and(|n| u32::try_from(*n).is_err())
        {
            let detail = "max_retries is a whole number from 0.";
            diagnostics.push(wrong("max_retries", "Unusable max_retries", detail));
        }
    }
}

fn wrong(name: &str, title: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
    Diagnostic::error(title, detail).at(AttributePath::root(name))
}

/// The truth value that a text stands for, in the words that the AWS provider takes.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "t" | "T" | "1" => Some(true),
        "false" | "False" | "FALSE" | "f" | "F" | "0" => Some(false),
        _ => None,
    }
}

fn has_any(list: &Texts) -> bool {
    list.known().is_some_and(|list| !list.is_empty())
}

fn is_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
