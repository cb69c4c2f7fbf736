//! Everything that a plan needs to know of the cloud, small enough to travel.
//!
//! A refresh writes it to the resource's private state, a plan of a create to `planned_private`, `mirror_interfaces` to
//! `selection`. Each carries the same text, so that the plan at apply is made from what the first plan saw.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::few::{MOST_ENTRIES, few};
use super::override_rule::same_key;
use super::{
    Adoption, AllAsFound, FilterAsFound, Interface, KnownFirst, Meant, MirrorTarget, Receivers, Row,
    Selector, Skip, SourceZones, Tags, TakenNumber, TargetSite, selected,
};

/// Marks the text and its format; a later format gets another number.
const MAGIC: &str = "mirror1:";
/// Five times what 10,000 interfaces with long tags need: more is an attack or a mistake. Read, it may take eight times as much.
const MAX_BYTES: u64 = 32 << 20;

/// One selected interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// Zone name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// Zone id, which is the same in every account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_zone_id: Option<String>,
    pub interface_type: String,
    /// Whether EC2 reports no attachment at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unattached: bool,
    /// Whether an AWS service manages the interface.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requester_managed: bool,
    /// Alias or account of whoever created the interface, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester_id: Option<String>,
    /// The service that operates the interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Those instance tags that were asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    /// What of its instance, which is not visible, decides whether it is selected at all: in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided: Option<String>,
}

impl Member {
    /// The member made of an interface, with the instance tags of these keys, in whatever case: `override` reads them so.
    pub fn of(interface: &Interface, tag_keys: &[String]) -> Self {
        let tags = interface
            .instance_tags
            .iter()
            .filter(|(key, _)| tag_keys.iter().any(|wanted| same_key(wanted, key)));
        Self {
            instance_id: interface.instance_id.clone(),
            instance_type: interface.instance_type.clone(),
            vpc_id: interface.vpc_id.clone(),
            subnet_id: interface.subnet_id.clone(),
            availability_zone: interface.availability_zone.clone(),
            availability_zone_id: interface.availability_zone_id.clone(),
            interface_type: interface.interface_type.clone(),
            unattached: interface.unattached,
            requester_managed: interface.requester_managed,
            // Of a user it is an id that says nothing.
            requester_id: interface
                .requester_id
                .clone()
                .filter(|id| interface.requester_managed || id.starts_with("amazon-")),
            operator: interface.operator.clone(),
            tags: tags.map(|(key, value)| (key.clone(), value.clone())).collect(),
            undecided: None,
        }
    }

    /// As [`Interface::hides_instance`].
    pub fn hides_instance(&self) -> bool {
        let is_visible = self.instance_id.is_some() && self.instance_type.is_some();
        !(is_visible || self.unattached || self.requester_managed)
    }
}

/// What a missing permission hides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hidden {
    /// AWS's own code of the refusal, for example `AccessDenied`.
    pub code: String,
    /// Targets of which something is unknown.
    pub target_ids: BTreeSet<String>,
}

/// What a plan knows of the cloud.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    pub account_id: String,
    pub region: String,
    /// Digest of the arguments that selected the interfaces, see [`Fleet::selecting`]; empty in a `selection`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub selecting: String,
    /// Keys of the instance tags that a `selection` carries; empty elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag_keys: Vec<String>,
    /// The selected interfaces, by id.
    #[serde(deserialize_with = "few")]
    pub interfaces: BTreeMap<String, Member>,
    /// Settled ids of other objects whose sessions carry the same coverage name. They stay in the process that saw them: an apply does
    /// not know which of them the same run destroys after it.
    #[serde(skip)]
    pub namesakes: BTreeSet<String>,
    /// Other objects of this name whose create may still run where nobody here can look, and until when, in Unix seconds.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub in_the_making: BTreeMap<String, u64>,
    /// What sessions should be that somebody changed by hand, by interface.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub intended: BTreeMap<String, Row>,
    /// Permissions that are missing to see all of the targets, with the targets that each concerns.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub unseen: BTreeMap<String, Hidden>,
    /// Instances that own the interface of a traffic mirror target or are registered behind its load balancer: they are sensors.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sensor_instance_ids: BTreeSet<String>,
    /// Interfaces that traffic mirror targets deliver to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub target_interface_ids: BTreeSet<String>,
    /// What is known of the targets that the configuration lists, by id.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, TargetSite>,
    /// Sources that others' sessions send to the listed network interface targets, by target; without those that are selected
    /// here too.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub other_sources: BTreeMap<String, usize>,
    /// Those that are selected here too: with a session of this coverage on the same target such an interface is one source.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub other_sources_here: BTreeMap<String, BTreeSet<String>>,
    /// Sessions of the account in the region that are not of this coverage, where they and the selected interfaces come near
    /// the quota; else 0, so that others' comings and goings change nothing here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other_sessions: usize,
    /// Selected interfaces that have no session of this coverage and no room for one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub crowded: BTreeSet<String>,
    /// Others' sessions that are to be adopted, by interface.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub adoptable: BTreeMap<String, Row>,
    /// Settled ids of the objects that have those sessions now.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adopted_from: BTreeSet<String>,
    /// Further such sessions, which are left alone, by interface.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub not_adopted: BTreeMap<String, Vec<String>>,
    /// Set when a selector reads tags of interfaces and matches none, though instances have those tags.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tags_are_of_instances: bool,
    /// Set when the first plan did not know every target: no row that it showed can be dropped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late_targets: bool,
    /// Which it knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_first: Option<KnownFirst>,
    /// Who receives what those targets take that the first plan did not know.
    #[serde(default, skip_serializing_if = "Receivers::is_empty")]
    pub late_receivers: Receivers,
    /// Sessions that those targets turned out to forbid, by interface: the apply does not make them.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub late_refusals: BTreeMap<String, Skip>,
    /// Interfaces that EC2 refused for good, with the instance type that each had then.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, Option<String>>,
    /// How often the session of an interface could not be made, by its id: these come last, so that they hold up no other.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<String, u32>,
    /// The fixed session number that the fleet was looked at for, and which others have it. Only a plan says it: it stays in the process
    /// that saw it too.
    #[serde(skip)]
    pub taken_number: Option<TakenNumber>,
    /// Sessions of this coverage beside the one that it keeps of an interface: any plan deletes them.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub second_sessions: BTreeMap<String, Vec<String>>,
    /// Sessions of the object that a plan changes: if that is to be replaced, the plan of the object in its place gets this fleet too.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replaced: usize,
    /// The filter that the coverage still owns although the configuration gave another while the plan was held: it is still to
    /// be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_filter: Option<String>,
    /// What an import found and no argument says, by interface.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "BTreeMap::is_empty")]
    pub as_found: AllAsFound,
    /// The same of the filter that the coverage owns.
    #[serde(default, skip_serializing_if = "FilterAsFound::is_empty")]
    pub filter_as_found: FilterAsFound,
    /// Set when the configuration dropped its description while the plan was held: it is still to be removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remove_description: bool,
    /// Set when the plan could not know the selection and left everything as it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// The text is not a fleet that this version reads.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    #[error("it does not begin with {MAGIC:?}")]
    Magic,
    #[error("it is not base64 text")]
    Base64(#[from] base64::DecodeError),
    #[error("its compressed content is damaged")]
    Compression(#[source] std::io::Error),
    #[error("it unpacks to more than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    #[error("it would have more than {MOST_ENTRIES} network interfaces")]
    TooMany,
    #[error("its content is not what this version of the provider writes")]
    Content(#[from] serde_json::Error),
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Fleet {
    /// The selected ones of these interfaces, those included of which that is not decided.
    pub fn select(
        selectors: &[Selector],
        excludes: &[Selector],
        interfaces: &[Interface],
        tag_keys: &[String],
    ) -> BTreeMap<String, Member> {
        interfaces
            .iter()
            .filter_map(|interface| {
                let undecided = match selected(selectors, excludes, interface) {
                    Meant::Yes => None,
                    Meant::No => return None,
                    Meant::Unseen(what) => Some(what),
                };
                let member = Member {
                    undecided,
                    ..Member::of(interface, tag_keys)
                };
                Some((interface.id.clone(), member))
            })
            .collect()
    }

    /// Notes what traffic mirror targets deliver to, and the instances that receive it.
    pub fn note_sensors(&mut self, targets: &[MirrorTarget], instance_ids: BTreeSet<String>) {
        self.target_interface_ids = targets
            .iter()
            .filter_map(|target| target.network_interface_id.clone())
            .collect();
        self.sensor_instance_ids = instance_ids;
    }

    /// Notes that something of these targets is unknown for want of a permission.
    pub fn note_unseen(&mut self, permission: String, code: &str, target_ids: &BTreeSet<String>) {
        let unseen = self.unseen.entry(permission).or_default();
        unseen.code = code.to_owned();
        unseen.target_ids.extend(target_ids.iter().cloned());
    }

    /// Whether a `selection` has the instance tags of this key: with each key, in whatever case, come those that differ in case.
    pub fn carries(&self, tag_key: &str) -> bool {
        self.tag_keys.iter().any(|key| same_key(key, tag_key))
    }

    /// The zones of the selected interfaces; none where the account is not known, since a `selection` may then be another one's, to
    /// which the same names mean other zones.
    pub fn zones(&self) -> SourceZones {
        if self.account_id.is_empty() {
            return SourceZones::default();
        }
        let zone = |member: &Member| {
            let name = member.availability_zone.clone()?;
            Some((name, member.availability_zone_id.clone()?))
        };
        let members = self.interfaces.values();
        SourceZones {
            ids: members.clone().filter_map(zone).collect(),
            are_all: members.into_iter().all(|member| zone(member).is_some()),
        }
    }

    /// How often the session of this interface could not be made.
    pub fn failed_creates(&self, interface: &str) -> u32 {
        self.failed.get(interface).copied().unwrap_or_default()
    }

    /// Notes what came of the creates of an apply: the interfaces that have a session now, and those whose session could not be made.
    pub fn note_creates(&mut self, made: &BTreeSet<&str>, failed: &BTreeSet<&str>) {
        self.failed.retain(|id, _| !made.contains(id.as_str()));
        for id in failed.difference(made) {
            let failed = self.failed.entry((*id).to_owned()).or_default();
            *failed = failed.saturating_add(1);
        }
    }

    /// Takes over what an earlier fleet remembers of interfaces that are still selected.
    pub fn remember(&mut self, earlier: &Self) {
        self.intended = earlier.intended.clone();
        self.remove_description = earlier.remove_description;
        self.owned_filter = earlier.owned_filter.clone();
        self.as_found = earlier.as_found.clone();
        self.as_found.retain(|id, _| self.interfaces.contains_key(id));
        self.filter_as_found = earlier.filter_as_found.clone();
        self.failed = earlier.failed.clone();
        self.failed.retain(|id, _| self.interfaces.contains_key(id));
        // An instance that got another type since may be tried again.
        let interfaces = &self.interfaces;
        let same = |id: &String, then: &Option<String>| {
            interfaces
                .get(id)
                .is_some_and(|member| member.instance_type == *then)
        };
        self.refused = earlier.refused.clone();
        self.refused.retain(|id, then| same(id, then));
    }

    /// SHA-256 of the arguments that say what to look for, the tag keys that are carried along among them, to tell whether a fleet was made with
    /// the same ones.
    pub fn selecting(
        selectors: &[Selector],
        excludes: &[Selector],
        selection: Option<&str>,
        tag_keys: &[String],
        adoption: &Adoption,
    ) -> Result<String, FleetError> {
        let arguments = serde_json::to_vec(&(selectors, excludes, selection, tag_keys, adoption))?;
        Ok(Sha256::digest(arguments)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }

    /// The text that carries the fleet; the same fleet is always the same text.
    pub fn encode(&self) -> Result<String, FleetError> {
        // It could not be read back.
        if self.interfaces.len() > MOST_ENTRIES {
            return Err(FleetError::TooMany);
        }
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&serde_json::to_vec(&*self.packed())?)
            .map_err(FleetError::Compression)?;
        let packed = zlib.finish().map_err(FleetError::Compression)?;
        Ok(format!("{MAGIC}{}", STANDARD_NO_PAD.encode(packed)))
    }

    /// Reads the text back. Text of any kind ends in an error, with bounded memory.
    pub fn decode(text: &str) -> Result<Self, FleetError> {
        let packed = STANDARD_NO_PAD.decode(text.strip_prefix(MAGIC).ok_or(FleetError::Magic)?)?;
        let mut json = Vec::new();
        ZlibDecoder::new(packed.as_slice())
            .take(MAX_BYTES + 1)
            .read_to_end(&mut json)
            .map_err(FleetError::Compression)?;
        if json.len() as u64 > MAX_BYTES {
            return Err(FleetError::TooLarge);
        }
        Ok(serde_json::from_slice::<Self>(&json)?.unpacked())
    }
}

#[cfg(test)]
#[path = "fleet_tests.rs"]
mod tests;
