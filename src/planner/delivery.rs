//! What stands between a session and its sensor, as far as the account can see it.
//!
//! What cannot be seen is a [`Fact::Unseen`], never a guess: what depends on it is unknown, and so never compliant.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{IngressRule, MirrorFilter, MirrorSession, Reason, Sender, accepts_vxlan};

/// Something that is seen, or that is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    Known(T),
    /// Why it is not seen, in words that go on "it cannot be seen": for example `without the permission ec2:DescribeInstances`.
    Unseen(String),
}

/// The facts of one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What is behind the targets that sessions use, by id. A target that is not among the visible ones is gone, or its share
    /// was withdrawn.
    pub targets: Fact<BTreeMap<String, Receiver>>,
    /// Every filter of the account, by id.
    pub filters: Fact<BTreeMap<String, MirrorFilter>>,
    /// Security groups of the sources, by network interface; one that is not here has unknown ones.
    pub source_security_groups: HashMap<String, Vec<String>>,
}

/// What a target delivers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// A network interface; none when it is gone.
    NetworkInterface(Fact<Option<ReceivingInterface>>),
    /// A network load balancer: its UDP listener on port 4789, none when the load balancer is gone.
    LoadBalancer(Fact<Option<Listener>>),
    /// A gateway load balancer endpoint: the target groups that may be behind it.
    GatewayEndpoint(Fact<Option<Vec<ReceivingGroup>>>),
    /// Another account's, which shows nothing of it.
    Shared,
}

/// The network interface of a sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivingInterface {
    /// `eni-…`
    pub id: String,
    /// None when it is attached to nothing.
    pub instance: Option<ReceivingInstance>,
    /// `sg-…`
    pub security_group_ids: Vec<String>,
    /// Rules of all these groups.
    pub ingress: Fact<Vec<IngressRule>>,
}

/// The instance of a sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivingInstance {
    /// `i-…`
    pub id: String,
    /// EC2's instance-state-name.
    pub state: String,
}

/// What listens on UDP 4789; none of a load balancer where nothing does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listener {
    /// Whether there is one.
    pub listens: bool,
    /// Where it forwards to.
    pub groups: Vec<ReceivingGroup>,
}

/// A target group behind a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivingGroup {
    /// Names of the zones that have a healthy sensor.
    pub healthy_zones: Fact<BTreeSet<String>>,
    /// Whether packets of every zone reach sensors in all of them.
    pub cross_zone: Fact<bool>,
}

/// What came of looking at one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing that was looked at keeps it from delivering.
    Delivers,
    /// It does not deliver.
    Fails(Reason, String),
    /// Something that decides is not visible, in words.
    Unseen(String),
}

impl Outcome {
    /// The first that fails, else the first that is not seen.
    fn and(self, next: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Fails(..) => self,
            Self::Delivers => next(),
            Self::Unseen(_) => match next() {
                fails @ Self::Fails(..) => fails,
                _ => self,
            },
        }
    }
}

impl<T> Fact<T> {
    /// What follows from it.
    fn judge(&self, what: &str, judge: impl FnOnce(&T) -> Outcome) -> Outcome {
        match self {
            Self::Known(value) => judge(value),
            Self::Unseen(why) => Outcome::Unseen(format!("{what} cannot be seen {why}")),
        }
    }

    /// Why it is not seen, if it is not.
    fn why(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unseen(why) => Some(why),
        }
    }

    /// The value, if it is seen.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unseen(_) => None,
        }
    }
}

impl ReceivingGroup {
    fn whys(&self) -> impl Iterator<Item = &str> {
        self.healthy_zones.why().into_iter().chain(self.cross_zone.why())
    }
}

impl Delivery {
    /// Why something of it is not seen, in the words of [`Fact::Unseen`].
    pub fn unseen(&self) -> BTreeSet<String> {
        let receivers = self.targets.known().into_iter().flat_map(BTreeMap::values);
        let of_receivers = receivers.flat_map(|receiver| match receiver {
            Receiver::NetworkInterface(Fact::Known(interface)) => interface
                .iter()
                .flat_map(|interface| interface.ingress.why())
                .collect(),
            Receiver::NetworkInterface(hidden) => Vec::from_iter(hidden.why()),
            Receiver::LoadBalancer(Fact::Known(listener)) => {
                let groups = listener.iter().flat_map(|listener| &listener.groups);
                groups.flat_map(ReceivingGroup::whys).collect()
            }
            Receiver::LoadBalancer(hidden) => Vec::from_iter(hidden.why()),
            Receiver::GatewayEndpoint(Fact::Known(groups)) => {
                groups.iter().flatten().flat_map(ReceivingGroup::whys).collect()
            }
            Receiver::GatewayEndpoint(hidden) => Vec::from_iter(hidden.why()),
            Receiver::Shared => Vec::new(),
        });
        let of_lists = self.targets.why().into_iter().chain(self.filters.why());
        of_receivers.chain(of_lists).map(str::to_owned).collect()
    }

    /// Whether what the session mirrors of its source, which is in this zone, arrives; `earlier` are the sessions of the same
    /// source with lower numbers.
    pub fn of(&self, session: &MirrorSession, zone: Option<&str>, earlier: &[&MirrorSession]) -> Outcome {
        self.target(session, zone)
            .and(|| self.filter(session))
            .and(|| self.shadow(session, earlier))
    }

    fn target(&self, session: &MirrorSession, zone: Option<&str>) -> Outcome {
        let id = &session.traffic_mirror_target_id;
        self.targets.judge("traffic mirror targets", |targets| match targets.get(id) {
            None => gone(format!("{id} does not exist, or is no longer shared with this account")),
            Some(Receiver::Shared) => Outcome::Unseen(format!(
                "{id} belongs to another account, and what is behind it can only be seen there"
            )),
            Some(Receiver::NetworkInterface(interface)) => {
                let groups = self.source_security_groups.get(&session.network_interface_id);
                interface.judge(&format!("the network interface of {id}"), |interface| match interface {
                    None => gone(format!("the network interface of {id} does not exist")),
                    Some(interface) => receiving(id, interface, groups.map(Vec::as_slice)),
                })
            }
            Some(Receiver::LoadBalancer(listener)) => {
                listener.judge(&format!("the listeners of {id}"), |listener| match listener {
                    None => gone(format!("the load balancer of {id} does not exist")),
                    Some(listener) if !listener.listens => Outcome::Fails(
                        Reason::TargetNoListener,
                        format!("the load balancer of {id} has no UDP listener on port 4789"),
                    ),
                    // Where the zone of the source is not seen, no zone is its own.
                    Some(listener) => healthy(id, &listener.groups, zone.or(Some("its zone"))),
                })
            }
            Some(Receiver::GatewayEndpoint(groups)) => {
                groups.judge(&format!("what is behind the endpoint of {id}"), |groups| match groups {
                    None => gone(format!("the endpoint of {id} does not exist")),
                    Some(groups) if groups.is_empty() => Outcome::Unseen(format!(
                        "no gateway load balancer of this account is behind the endpoint of {id}, so what receives can only be \
                         seen by its owner"
                    )),
                    Some(groups) => healthy(id, groups, None),
                })
            }
        })
    }

    fn filter(&self, session: &MirrorSession) -> Outcome {
        let id = &session.traffic_mirror_filter_id;
        self.filters
            .judge("traffic mirror filters", |filters| match filters.get(id) {
                None => Outcome::Unseen(format!("{id} cannot be seen")),
                Some(filter) if filter.amazon_dns || filter.rules.iter().any(|rule| rule.accept) => {
                    Outcome::Delivers
                }
                Some(filter) if filter.rules.is_empty() => {
                    fails(Reason::FilterEmpty, format!("{id} has no rules"))
                }
                Some(_) => fails(Reason::FilterEmpty, format!("{id} has no rule that accepts")),
            })
    }

    fn shadow(&self, session: &MirrorSession, earlier: &[&MirrorSession]) -> Outcome {
        let shadows = |other: &&&MirrorSession| self.takes_all_of(other, session);
        match earlier.iter().find(shadows) {
            None => Outcome::Delivers,
            Some(other) => fails(
                Reason::Shadowed,
                format!(
                    "{} has the lower number {} and takes every packet, for {}",
                    other.id, other.session_number, other.traffic_mirror_target_id
                ),
            ),
        }
    }

    /// Whether the filter of one session accepts all that the filter of another does: it is the same one, or accepts everything.
    pub fn takes_all_of(&self, one: &MirrorSession, other: &MirrorSession) -> bool {
        let (one, other) = (&one.traffic_mirror_filter_id, &other.traffic_mirror_filter_id);
        if one == other {
            return true;
        }
        let Some(filters) = self.filters.known() else {
            return false;
        };
        match (filters.get(one), filters.get(other)) {
            (Some(one), Some(other)) => accepts_all_of(one, other),
            _ => false,
        }
    }
}

fn fails(reason: Reason, detail: String) -> Outcome {
    Outcome::Fails(reason, detail)
}

fn gone(detail: String) -> Outcome {
    fails(Reason::TargetGone, detail)
}

fn receiving(target: &str, interface: &ReceivingInterface, groups: Option<&[String]>) -> Outcome {
    let id = &interface.id;
    let state = match &interface.instance {
        None => fails(
            Reason::TargetStopped,
            format!("{id}, the network interface of {target}, is attached to no instance"),
        ),
        Some(instance) if instance.state != "running" => fails(
            Reason::TargetStopped,
            format!("{}, the instance of {target}, is {}", instance.id, instance.state),
        ),
        Some(_) => Outcome::Delivers,
    };
    state.and(|| {
        let sender = Sender {
            security_group_ids: groups,
            ..Sender::default()
        };
        let what = format!("security groups of {id}");
        interface.ingress.judge(&what, |rules| match accepts_vxlan(rules, sender) {
            true => Outcome::Delivers,
            false => fails(
                Reason::TargetPortClosed,
                format!(
                    "no rule of {} lets UDP 4789 from this source in to {id}, the network interface of {target}",
                    interface.security_group_ids.join(", ")
                ),
            ),
        })
    })
}

/// Whether packets from a zone reach a healthy sensor of one of the groups; from any zone when none is given.
fn healthy(target: &str, groups: &[ReceivingGroup], zone: Option<&str>) -> Outcome {
    let mut unseen = None;
    let mut elsewhere = BTreeSet::new();
    for group in groups {
        let zones = match &group.healthy_zones {
            Fact::Known(zones) => zones,
            Fact::Unseen(why) => {
                unseen = Some(format!(
                    "health of the sensors behind {target} cannot be seen {why}"
                ));
                continue;
            }
        };
        let here = zone.is_none_or(|zone| zones.contains(zone));
        match (zones.is_empty(), here, &group.cross_zone) {
            (true, ..) => {}
            (_, true, _) | (_, _, Fact::Known(true)) => return Outcome::Delivers,
            (_, _, Fact::Known(false)) => elsewhere.extend(zones.iter().map(String::as_str)),
            (_, _, Fact::Unseen(why)) => {
                unseen = Some(format!("cross-zone balancing of {target} cannot be seen {why}"));
            }
        }
    }
    if let Some(unseen) = unseen {
        return Outcome::Unseen(unseen);
    }
    let detail = match (zone, elsewhere.is_empty()) {
        (Some(zone), false) => format!(
            "{target} has no healthy sensor in {zone}, only in {}, and does not balance across zones",
            elsewhere.into_iter().collect::<Vec<_>>().join(", ")
        ),
        _ => format!("{target} has no healthy sensor"),
    };
    fails(Reason::TargetUnhealthy, detail)
}

/// Whether `one` accepts, in each direction and address family in which `other` accepts something, everything.
fn accepts_all_of(one: &MirrorFilter, other: &MirrorFilter) -> bool {
    let is_ipv6 = |cidr: &str| cidr.contains(':');
    let everything = |egress: bool, ipv6: bool| {
        let whole = if ipv6 { "::/0" } else { "0.0.0.0/0" };
        let mut rules: Vec<_> = one.rules.iter().filter(|rule| rule.egress == egress).collect();
        rules.sort_by_key(|rule| rule.number);
        // A rule before it that rejects leaves something over.
        let decides = rules
            .iter()
            .filter(|rule| is_ipv6(&rule.source_cidr) == ipv6)
            .find(|rule| {
                !rule.accept
                    || (!rule.narrowed && rule.source_cidr == whole && rule.destination_cidr == whole)
            });
        decides.is_some_and(|rule| rule.accept)
    };
    let accepted = other.rules.iter().filter(|rule| rule.accept);
    (one.amazon_dns || !other.amazon_dns)
        && accepted
            .map(|rule| (rule.egress, is_ipv6(&rule.source_cidr)))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .all(|(egress, ipv6)| everything(egress, ipv6))
        && one.rules.iter().any(|rule| rule.accept)
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
