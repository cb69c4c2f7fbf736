//! What a handler is given, and the parts that many handlers share.

use std::time::{Duration, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::id_kinds::{IdKind, NETWORK_INTERFACE};
use crate::failure::Failure;
use crate::state::ids::Ids;
use crate::state::world::{Account, Accounts, Caller};
use crate::state::{Millis, NetworkInterface, Region, Subnet, Table, Tags};

/// A ClientToken has at most this many characters.
const LONGEST_CLIENT_TOKEN: usize = 64;

/// One call of one action.
pub struct Call<'a> {
    /// The action's name.
    pub action: &'a str,
    /// The region's name.
    pub region_name: &'a str,
    /// Who is calling.
    pub caller: Caller,
    /// The decoded parameters, by the model's member names.
    pub input: Value,
    /// The region's resources.
    pub region: &'a mut Region,
    /// The accounts.
    pub accounts: &'a mut Accounts,
    /// Where new ids come from.
    pub ids: &'a mut Ids,
    /// The time on the sandbox's clock.
    pub now: Millis,
    /// Whether pages are shorter than asked for, as EC2's may be.
    pub short_pages: bool,
    /// Traffic mirror sessions that the caller's account has in other regions.
    pub sessions_elsewhere: usize,
    /// Set when a ClientToken is repeated: the call answers, and changes nothing.
    pub replayed: bool,
}

impl Call<'_> {
    /// The parameters as a struct of the model's names and types.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.input).map_err(|error| Failure::internal(format!("{}: {error}", self.action)))
    }

    /// How many rows a page holds when `asked` were asked for.
    pub fn page_size(&self, asked: usize) -> usize {
        if self.short_pages {
            (asked * 2 / 3).max(1)
        } else {
            asked
        }
    }

    /// A flag of the request.
    pub fn flag(&self, name: &str) -> bool {
        self.input.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether the caller owns what `owner` owns.
    pub fn owns(&self, owner: &str) -> bool {
        self.caller.account == owner
    }

    /// What the caller calls the zone that the sandbox knows by this name, and the other way round. Ids name the same zone to everybody,
    /// names do not: to each account but the first, a and b are swapped.
    pub fn zone_name(&self, zone: &str) -> String {
        let is_first = |account: &Account| account.id == self.caller.account;
        if self.accounts.list.first().is_some_and(is_first) {
            return zone.to_owned();
        }
        match (zone.strip_suffix('a'), zone.strip_suffix('b')) {
            (Some(region), _) => format!("{region}b"),
            (_, Some(region)) => format!("{region}a"),
            (None, None) => zone.to_owned(),
        }
    }

    /// Ends a DryRun: `DryRunOperation` once everything before it was right.
    pub fn dry_run(&self) -> Result<(), Failure> {
        if self.flag("DryRun") {
            Err(Failure::dry_run())
        } else {
            Ok(())
        }
    }

    /// An ARN of this region and the caller's account.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{resource}",
            self.region_name, self.caller.account
        )
    }

    /// The caller's own row of this id; malformed and missing ids have their codes.
    pub fn own<'r, T: Clone + Owned>(
        &self,
        table: &'r Table<T>,
        kind: &IdKind,
        id: &str,
    ) -> Result<&'r T, Failure> {
        kind.well_formed(id)?;
        table
            .get(id)
            .filter(|row| self.owns(row.owner()))
            .ok_or_else(|| kind.missing(&[id]))
    }

    /// An interface that the caller owns, or whose subnet is the caller's.
    pub fn interface(&self, id: &str) -> Result<&NetworkInterface, Failure> {
        NETWORK_INTERFACE.well_formed(id)?;
        self.region
            .interfaces
            .get(id)
            .filter(|row| self.sees_interface(row))
            .ok_or_else(|| NETWORK_INTERFACE.missing(&[id]))
    }

    /// Owners of a shared VPC see the participants' interfaces.
    pub fn sees_interface(&self, interface: &NetworkInterface) -> bool {
        self.owns(&interface.owner)
            || self
                .region
                .subnets
                .get(&interface.subnet_id)
                .is_some_and(|subnet| self.owns(&subnet.owner))
    }

    /// A subnet that the caller owns or that is shared with it.
    pub fn sees_subnet(&self, subnet: &Subnet) -> bool {
        self.owns(&subnet.owner) || subnet.shared_with.contains(&self.caller.account)
    }

    /// The tags that the caller sees on a resource: tags are seen by the account that set them.
    pub fn tags_seen<'r>(&'r self, owner: &str, id: &str, tags: &'r Tags) -> Option<&'r Tags> {
        if self.owns(owner) {
            return Some(tags);
        }
        self.region
            .foreign_tags
            .get(&(self.caller.account.clone(), id.to_owned()))
    }

    /// Runs a create once for each ClientToken: the same request gets the
    /// first answer again, even when what it made is gone by now.
    ///
    /// Errors: `IdempotentParameterMismatch`, `InvalidParameterValue`.
    pub fn once(
        &mut self,
        create: impl FnOnce(&mut Self) -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        let Some(token) = self
            .input
            .get("ClientToken")
            .and_then(Value::as_str)
            .map(str::to_owned)
        else {
            return create(self);
        };
        if token.len() > LONGEST_CLIENT_TOKEN || !token.is_ascii() {
            return Err(Failure::invalid_parameter(
                "ClientToken must be at most 64 ASCII characters",
            ));
        }
        let mut request = self.input.clone();
        if let Some(fields) = request.as_object_mut() {
            fields.remove("DryRun");
        }
        let key = (self.caller.account.clone(), self.action.to_owned(), token);
        match self.region.client_tokens.get(&key) {
            Some((first, _)) if *first != request => Err(Failure::new(
                "IdempotentParameterMismatch",
                "The client token is used with other parameters than before",
            )),
            Some((_, answer)) => {
                self.dry_run()?;
                self.replayed = true;
                Ok(answer.clone())
            }
            None => {
                let answer = create(self)?;
                self.region.client_tokens.insert(key, (request, answer.clone()));
                Ok(answer)
            }
        }
    }

    /// The ClientToken to answer with: EC2 makes one up when none came.
    pub fn client_token(&mut self) -> String {
        match self.input.get("ClientToken").and_then(Value::as_str) {
            Some(token) => token.to_owned(),
            None => self.ids.uuid(),
        }
    }
}

/// A row with an owner.
pub trait Owned {
    /// The owning account.
    fn owner(&self) -> &str;
}

macro_rules! owned {
    ($($name:ident)*) => { $(impl Owned for crate::state::$name {
        fn owner(&self) -> &str {
            &self.owner
        }
    })* };
}
owned! { Vpc Subnet SecurityGroup Instance NetworkInterface VpcEndpoint TrafficMirrorTarget TrafficMirrorFilter
TrafficMirrorFilterRule TrafficMirrorSession LoadBalancer Listener TargetGroup }

/// Tags as EC2 lists them.
pub fn tag_list(tags: Option<&Tags>) -> Value {
    let tags = tags.into_iter().flatten();
    Value::Array(
        tags.map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect(),
    )
}

/// A time as AWS writes it.
pub fn timestamp(at: Millis) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(at)).to_string()
}
