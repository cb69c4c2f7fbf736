//! Everything that exists: accounts, their credentials, and the regions.

use std::collections::{BTreeMap, HashMap};

use super::ids::Ids;
use super::{Millis, Region};

/// The whole of the sandbox's cloud.
#[derive(Debug)]
pub struct World {
    /// The accounts; the first is the default.
    pub accounts: Accounts,
    /// Resources by region name.
    pub regions: BTreeMap<String, Region>,
    /// The source of resource ids and random numbers.
    pub ids: Ids,
}

/// The accounts and who may sign for them.
#[derive(Debug, Default)]
pub struct Accounts {
    /// In the order of the fleet file.
    pub list: Vec<Account>,
    /// Credentials that AssumeRole gave out, by access key.
    pub assumed: HashMap<String, Credential>,
}

/// One AWS account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Its users' access keys.
    pub credentials: Vec<Credential>,
    /// Roles that can be assumed.
    pub roles: Vec<Role>,
}

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// The last part of its ARN.
    pub name: String,
    /// What the caller must send, if anything.
    pub external_id: Option<String>,
    /// The token of the identity provider that the role trusts, if it trusts one.
    pub web_identity_token: Option<String>,
}

/// An access key and whom it stands for.
#[derive(Debug, Clone)]
pub struct Credential {
    /// `AKIA…` or `ASIA…`.
    pub access_key_id: String,
    /// The signing secret.
    pub secret_access_key: String,
    /// The session token that must come with a temporary key.
    pub session_token: Option<String>,
    /// When a temporary key ends.
    pub expires: Option<Millis>,
    /// Who signs with it.
    pub caller: Caller,
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: String,
    /// The principal's ARN.
    pub arn: String,
    /// `AIDA…` or `AROA…:session`.
    pub user_id: String,
}

impl Accounts {
    /// The credential of an access key.
    pub fn credential(&self, access_key_id: &str) -> Option<&Credential> {
        self.list
            .iter()
            .flat_map(|account| &account.credentials)
            .find(|credential| credential.access_key_id == access_key_id)
            .or_else(|| self.assumed.get(access_key_id))
    }

    /// The account and the role that an ARN names.
    pub fn role(&self, arn: &str) -> Option<(&str, &Role)> {
        let (account, name) = arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
        let account = self.get(account)?;
        let role = account.roles.iter().find(|role| role.name == name)?;
        Some((&account.id, role))
    }

    /// An account by id.
    pub fn get(&self, id: &str) -> Option<&Account> {
        self.list.iter().find(|account| account.id == id)
    }
}
