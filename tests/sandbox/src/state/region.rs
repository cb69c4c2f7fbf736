//! One region's resources, of all accounts, and the look-ups the rules need.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::*;

/// The resources of a region. Each row names its owner, so that sharing
/// between accounts is a matter of who may see a row.
#[derive(Debug, Default)]
pub struct Region {
    /// VPCs.
    pub vpcs: Table<Vpc>,
    /// Subnets.
    pub subnets: Table<Subnet>,
    /// Security groups.
    pub security_groups: Table<SecurityGroup>,
    /// Instances.
    pub instances: Table<Instance>,
    /// Network interfaces.
    pub interfaces: Table<NetworkInterface>,
    /// VPC endpoints.
    pub endpoints: Table<VpcEndpoint>,
    /// Traffic mirror targets.
    pub targets: Table<TrafficMirrorTarget>,
    /// Traffic mirror filters.
    pub filters: Table<TrafficMirrorFilter>,
    /// Their rules.
    pub filter_rules: Table<TrafficMirrorFilterRule>,
    /// Traffic mirror sessions; change them by `put_session` and `drop_session`.
    pub sessions: Table<TrafficMirrorSession>,
    /// Load balancers, by ARN.
    pub load_balancers: Table<LoadBalancer>,
    /// Listeners, by ARN.
    pub listeners: Table<Listener>,
    /// Target groups, by ARN.
    pub target_groups: Table<TargetGroup>,
    /// Tags that an account set on what others own; only that account sees them.
    pub foreign_tags: BTreeMap<(String, String), Tags>,
    /// ClientTokens with the request they came with and its answer. They outlive what they made.
    pub client_tokens: HashMap<ClientTokenKey, (Value, Value)>,
    /// Session ids by each id they refer to: interface, target, filter, owner.
    sessions_by: HashMap<String, BTreeSet<String>>,
}

/// Account, action, token.
pub type ClientTokenKey = (String, String, String);

impl Region {
    /// Sets the time of the reads and writes that follow.
    pub fn tick(&mut self, now: Millis, delay: Millis) {
        self.vpcs.tick(now, delay);
        self.subnets.tick(now, delay);
        self.security_groups.tick(now, delay);
        self.instances.tick(now, delay);
        self.interfaces.tick(now, delay);
        self.endpoints.tick(now, delay);
        self.targets.tick(now, delay);
        self.filters.tick(now, delay);
        self.filter_rules.tick(now, delay);
        self.sessions.tick(now, delay);
        self.load_balancers.tick(now, delay);
        self.listeners.tick(now, delay);
        self.target_groups.tick(now, delay);
    }

    /// The sessions that refer to an interface, target, filter or owner.
    pub fn sessions_of(&self, id: &str) -> impl Iterator<Item = &TrafficMirrorSession> {
        self.sessions_by
            .get(id)
            .into_iter()
            .flatten()
            .filter_map(|id| self.sessions.get(id))
    }

    /// How many those are.
    pub fn session_count(&self, id: &str) -> usize {
        self.sessions_by.get(id).map_or(0, BTreeSet::len)
    }

    /// Adds or replaces a session.
    pub fn put_session(&mut self, session: TrafficMirrorSession) {
        self.unlink_session(&session.id);
        for key in session_keys(&session) {
            self.sessions_by
                .entry(key)
                .or_default()
                .insert(session.id.clone());
        }
        self.sessions.insert(&session.id.clone(), session);
    }

    /// Deletes a session.
    pub fn drop_session(&mut self, id: &str) {
        self.unlink_session(id);
        self.sessions.remove(id);
    }

    fn unlink_session(&mut self, id: &str) {
        let Some(old) = self.sessions.get(id) else { return };
        for key in session_keys(old) {
            if let Some(set) = self.sessions_by.get_mut(&key) {
                set.remove(id);
            }
        }
    }

    /// How many sessions of an account have this virtual network id.
    pub fn virtual_network_id_uses(&self, owner: &str, id: i64) -> usize {
        self.session_count(&format!("{owner}/{id}"))
    }

    /// Deletes an interface; its sessions end with it.
    pub fn drop_interface(&mut self, id: &str) {
        let ended: Vec<String> = self.sessions_of(id).map(|s| s.id.clone()).collect();
        for session in ended {
            self.drop_session(&session);
        }
        self.interfaces.remove(id);
    }

    /// The target that sends its copies to this interface, load balancer or endpoint.
    pub fn target_at(&self, destination: &str) -> Option<&TrafficMirrorTarget> {
        self.targets
            .iter()
            .map(|(_, target)| target)
            .find(|target| target.destination.id() == destination)
    }

    /// The rules of a filter in one direction, by number.
    pub fn rules_of<'a>(&'a self, filter: &'a str) -> impl Iterator<Item = &'a TrafficMirrorFilterRule> + 'a {
        self.filter_rules
            .iter()
            .map(|(_, rule)| rule)
            .filter(move |rule| rule.filter_id == filter)
    }

    /// Owner and tags of a taggable resource, by the prefix of its id.
    pub fn tags_of(&self, id: &str) -> Option<(&str, &Tags)> {
        macro_rules! row {
            ($table:ident) => {
                self.$table.get(id).map(|r| (r.owner.as_str(), &r.tags))
            };
        }
        match id.rsplit_once('-').map(|(prefix, _)| prefix)? {
            "vpc" => row!(vpcs),
            "subnet" => row!(subnets),
            "sg" => row!(security_groups),
            "i" => row!(instances),
            "eni" => row!(interfaces),
            "vpce" => row!(endpoints),
            "tmt" => row!(targets),
            "tmf" => row!(filters),
            "tmfr" => row!(filter_rules),
            "tms" => row!(sessions),
            _ => None,
        }
    }

    /// The owner's tags of a resource, to be changed.
    pub fn tags_mut(&mut self, id: &str) -> Option<&mut Tags> {
        macro_rules! row {
            ($table:ident) => {
                self.$table.get_mut(id).map(|r| &mut r.tags)
            };
        }
        match id.rsplit_once('-').map(|(prefix, _)| prefix)? {
            "vpc" => row!(vpcs),
            "subnet" => row!(subnets),
            "sg" => row!(security_groups),
            "i" => row!(instances),
            "eni" => row!(interfaces),
            "vpce" => row!(endpoints),
            "tmt" => row!(targets),
            "tmf" => row!(filters),
            "tmfr" => row!(filter_rules),
            "tms" => row!(sessions),
            _ => None,
        }
    }
}

/// What a session is looked up by.
fn session_keys(session: &TrafficMirrorSession) -> [String; 5] {
    [
        session.network_interface_id.clone(),
        session.target_id.clone(),
        session.filter_id.clone(),
        session.owner.clone(),
        format!("{}/{}", session.owner, session.virtual_network_id),
    ]
}
