//! A fleet file → the world at the start.

mod balancers;
mod machines;
mod mirroring;
mod network;

use std::collections::BTreeMap;

use super::{FleetError, file};
use crate::actions::places::region_exists;
use crate::state::ids::Ids;
use crate::state::world::{Account, Accounts, Caller, Credential, Role};
use crate::state::{Millis, Region, Table, World};

/// The account when the file names none.
const DEFAULT_ACCOUNT: &str = "111122223333";
/// The image of instances that name none.
const DEFAULT_IMAGE: &str = "ami-0123456789abcdef0";

/// Makes the world. Rules of the API do not apply, so that a fleet can hold what predates a rule.
pub fn load(fleet: &file::Fleet, seed: u64, now: Millis) -> Result<World, FleetError> {
    let accounts = accounts(&fleet.accounts);
    let mut world = World {
        accounts,
        regions: BTreeMap::new(),
        ids: Ids::new(seed),
    };
    for (name, resources) in &fleet.regions {
        if !region_exists(name) {
            return Err(FleetError::Inconsistent(format!("there is no region {name}")));
        }
        let owner = world
            .accounts
            .list
            .first()
            .map(|a| a.id.clone())
            .unwrap_or_default();
        let mut loader = Loader {
            region: Region::default(),
            ids: &mut world.ids,
            name,
            owner,
            now,
        };
        loader.network(resources)?;
        loader.machines(resources)?;
        loader.balancers(resources)?;
        loader.mirroring(resources)?;
        world.regions.insert(name.clone(), loader.region);
    }
    Ok(world)
}

fn accounts(listed: &[file::Account]) -> Accounts {
    let default = [file::Account {
        id: DEFAULT_ACCOUNT.to_owned(),
        ..file::Account::default()
    }];
    let listed = if listed.is_empty() { &default[..] } else { listed };
    let list = listed.iter().enumerate().map(|(n, account)| {
        let user = account.user.as_deref().unwrap_or("sandbox");
        let credential = Credential {
            access_key_id: account
                .access_key_id
                .clone()
                .unwrap_or_else(|| format!("AKIASANDBOX{n:09}")),
            secret_access_key: account
                .secret_access_key
                .clone()
                .unwrap_or_else(|| "sandbox".to_owned()),
            session_token: None,
            expires: None,
            caller: Caller {
                account: account.id.clone(),
                arn: format!("arn:aws:iam::{}:user/{user}", account.id),
                user_id: format!("AIDASANDBOX{n:010}"),
            },
        };
        let role = |r: &file::Role| Role {
            name: r.name.clone(),
            external_id: r.external_id.clone(),
            web_identity_token: r.web_identity_token.clone(),
        };
        Account {
            id: account.id.clone(),
            credentials: vec![credential, administrator(&account.id, n)],
            roles: account.roles.iter().map(role).collect(),
        }
    });
    Accounts {
        list: list.collect(),
        assumed: Default::default(),
    }
}

/// The second user of every account, to look and to change things beside the one whom a test restricts.
fn administrator(account: &str, n: usize) -> Credential {
    Credential {
        access_key_id: format!("AKIAADMINISTRATOR{n:03}"),
        secret_access_key: "sandbox".to_owned(),
        session_token: None,
        expires: None,
        caller: Caller {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:user/administrator"),
            user_id: format!("AIDAADMINISTRATOR{n:04}"),
        },
    }
}

struct Loader<'a> {
    region: Region,
    ids: &'a mut Ids,
    name: &'a str,
    owner: String,
    now: Millis,
}

impl Loader<'_> {
    pub(super) fn owner(&self, named: &Option<String>) -> String {
        named.clone().unwrap_or_else(|| self.owner.clone())
    }

    pub(super) fn id(&mut self, named: &Option<String>, prefix: &str) -> String {
        named.clone().unwrap_or_else(|| self.ids.resource(prefix))
    }
}

pub(super) fn put<T: Clone>(table: &mut Table<T>, id: &str, row: T) -> Result<(), FleetError> {
    if table.get(id).is_some() {
        return Err(FleetError::Inconsistent(format!("{id} stands twice in the file")));
    }
    table.insert(id, row);
    Ok(())
}

pub(super) fn exists<T: Clone>(table: &Table<T>, id: &str) -> Result<(), FleetError> {
    table.get(id).map(|_| ()).ok_or_else(|| missing(id))
}

pub(super) fn missing(id: &str) -> FleetError {
    FleetError::Inconsistent(format!("'{id}' is named but does not exist"))
}
