//! What the configured provider block gives to the resources and data sources.

use std::sync::{PoisonError, RwLock};

use super::TagPolicy;
use crate::ec2::{Account, Ec2Error};
use crate::framework::Diagnostic;

/// The account of the provider block, once that is known.
#[derive(Debug, Default)]
pub struct Connection {
    account: RwLock<Option<Account>>,
    terraform_version: RwLock<String>,
    tags: RwLock<TagPolicy>,
}

impl Connection {
    /// Takes the account of a provider block that is wholly known.
    pub fn set(&self, account: Account) {
        *self.account.write().unwrap_or_else(PoisonError::into_inner) = Some(account);
    }

    /// The provider block has values that are known only after apply: nothing is read until it comes again.
    pub fn wait_for_provider_block(&self) {
        *self.account.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Takes what the provider block says of tags, which may be known before the account is.
    pub fn set_tags(&self, tags: TagPolicy) {
        *self.tags.write().unwrap_or_else(PoisonError::into_inner) = tags;
    }

    /// What the provider block says of tags.
    pub fn tags(&self) -> TagPolicy {
        self.tags.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// This walk is known to plan: what one request reads is good for the others.
    pub fn begin_plan(&self) {
        if let Some(account) = &*self.account.read().unwrap_or_else(PoisonError::into_inner) {
            account.begin_plan();
        }
    }

    /// Something is about to be changed: requests that arrive from now on see nothing older than themselves.
    pub fn begin_apply(&self) {
        if let Some(account) = &*self.account.read().unwrap_or_else(PoisonError::into_inner) {
            account.begin_apply();
        }
    }

    /// Takes the version of the calling core.
    pub fn set_terraform_version(&self, version: String) {
        *self
            .terraform_version
            .write()
            .unwrap_or_else(PoisonError::into_inner) = version;
    }

    /// Major and minor version of the calling core; of OpenTofu its own.
    pub fn terraform_version(&self) -> (u32, u32) {
        let version = self
            .terraform_version
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }

    /// The account in this region, by default the provider's, for a request that arrives now; none while the provider block is
    /// unknown.
    pub fn account(&self, region: Option<&str>) -> Option<Account> {
        let account = self
            .account
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()?
            .reader();
        Some(match region {
            Some(region) if region != account.region() => account.in_region(region),
            _ => account,
        })
    }
}

/// An error of EC2 as a diagnostic: what failed, the API's code, what to do next.
pub fn ec2_diagnostic(what_failed: &str, error: &Ec2Error) -> Diagnostic {
    Diagnostic::error(what_failed, error.detail())
}
