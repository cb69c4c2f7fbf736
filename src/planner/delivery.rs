//! What stands between a session and its sensor, as far as the account can see it.
//!
//! What cannot be seen is a [`Fact::Unseen`], never a guess: what depends on it is unknown, and so never compliant.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::packets::{Acceptance, Packets};
use super::{MirrorFilter, MirrorSession, Reason, Receiver, Sender};

/// Something that is seen, or that is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    Known(T),
    /// Why it is not seen, in words that go on "it cannot be seen": for example `without the permission ec2:DescribeInstances
    /// (UnauthorizedOperation)`.
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
    /// What the sources send from, by network interface; of one that is not here it is unknown.
    pub origins: HashMap<String, Origin>,
}

/// What a source sends from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Private addresses, the primary IPv4 address first, where there is one.
    pub addresses: Vec<String>,
    /// `sg-…`
    pub security_group_ids: Vec<String>,
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
    pub(super) fn and(self, next: impl FnOnce() -> Self) -> Self {
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
    pub(super) fn judge(&self, what: &str, judge: impl FnOnce(&T) -> Outcome) -> Outcome {
        match self {
            Self::Known(value) => judge(value),
            Self::Unseen(why) => Outcome::Unseen(format!("{what} cannot be seen {why}")),
        }
    }

    /// Why it is not seen, if it is not.
    pub(super) fn why(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unseen(why) => Some(why),
        }
    }

    /// The same of another value.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(of(value)),
            Self::Unseen(why) => Fact::Unseen(why),
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

impl Delivery {
    /// Why something of it is not seen, in the words of [`Fact::Unseen`].
    pub fn unseen(&self) -> BTreeSet<String> {
        let receivers = self.targets.known().into_iter().flat_map(BTreeMap::values);
        let of_lists = self.targets.why().into_iter().chain(self.filters.why());
        let whys = receivers.flat_map(Receiver::whys).chain(of_lists);
        whys.map(str::to_owned).collect()
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
        let origin = self.origins.get(&session.network_interface_id);
        let sender = Sender {
            addresses: origin.map_or(&[], |origin| &origin.addresses),
            security_group_ids: origin.map(|origin| origin.security_group_ids.as_slice()),
        };
        self.targets
            .judge("traffic mirror targets", |targets| match targets.get(id) {
                None => gone(format!(
                    "{id} does not exist, or is no longer shared with this account"
                )),
                Some(receiver) => receiver.judge(id, sender, zone),
            })
    }

    fn filter(&self, session: &MirrorSession) -> Outcome {
        let id = &session.traffic_mirror_filter_id;
        let empty = |detail| Outcome::Fails(Reason::FilterEmpty, detail);
        self.filters
            .judge("traffic mirror filters", |filters| match filters.get(id) {
                None => Outcome::Unseen(format!("{id} cannot be seen")),
                Some(filter) => match filter.acceptance() {
                    Acceptance::Unknown => {
                        Outcome::Unseen(format!("what the rules of {id} accept cannot be seen"))
                    }
                    Acceptance::Nothing(why) => empty(why),
                    Acceptance::Some(packets) => match self.of_source(session, packets).is_empty() {
                        false => Outcome::Delivers,
                        true => empty(format!(
                            "{id} accepts nothing of an address family in which the source has an address"
                        )),
                    },
                },
            })
    }

    /// Whether sessions with lower numbers leave something over. Packets to the Amazon DNS server alone are nothing, unless the
    /// session is for those: whoever accepts all IPv4 and IPv6 takes what it was made for.
    fn shadow(&self, session: &MirrorSession, earlier: &[&MirrorSession]) -> Outcome {
        let mut left = self.packets(session);
        let for_dns = left.as_ref().is_some_and(Packets::is_only_amazon_dns);
        let mut unseen = None;
        let mut takers: Vec<&MirrorSession> = Vec::new();
        for other in earlier {
            let same = other.traffic_mirror_filter_id == session.traffic_mirror_filter_id;
            let rest = match same {
                true => Some(Packets::default()),
                false => left
                    .as_ref()
                    .zip(self.packets(other))
                    .and_then(|(left, taken)| left.minus(&taken)),
            };
            match rest {
                None => unseen = Some(&other.id),
                Some(rest) if left.as_ref() == Some(&rest) => {}
                Some(rest) => {
                    takers.push(other);
                    if rest.is_empty() || rest.is_only_amazon_dns() && !for_dns {
                        return Outcome::Fails(Reason::Shadowed, taken_by(&takers, &rest));
                    }
                    left = Some(rest);
                }
            }
        }
        match unseen {
            Some(other) => Outcome::Unseen(format!("whether {other} takes every packet cannot be seen")),
            None => Outcome::Delivers,
        }
    }

    /// What the session's filter accepts, of what its source can have.
    fn packets(&self, session: &MirrorSession) -> Option<Packets> {
        let filter = self.filters.known()?.get(&session.traffic_mirror_filter_id)?;
        Some(self.of_source(session, Packets::of(filter)?))
    }

    /// Those that the session's source can have: none of an address family in which it has no address.
    fn of_source(&self, session: &MirrorSession, packets: Packets) -> Packets {
        let origin = self.origins.get(&session.network_interface_id);
        match origin.filter(|origin| !origin.addresses.is_empty()) {
            None => packets,
            Some(origin) => {
                let ipv6 = |address: &String| address.contains(':');
                packets.of_families(
                    !origin.addresses.iter().all(ipv6),
                    origin.addresses.iter().any(ipv6),
                )
            }
        }
    }

    /// Whether the filter of one session accepts all that the filter of another does, as far as both are seen.
    pub fn takes_all_of(&self, one: &MirrorSession, other: &MirrorSession) -> bool {
        let left = self
            .packets(other)
            .zip(self.packets(one))
            .and_then(|(other, one)| other.minus(&one));
        one.traffic_mirror_filter_id == other.traffic_mirror_filter_id
            || left.is_some_and(|left| left.is_empty())
    }
}

fn taken_by(takers: &[&MirrorSession], rest: &Packets) -> String {
    let named = takers.iter().map(|other| {
        format!(
            "{} with number {} for {}",
            other.id, other.session_number, other.traffic_mirror_target_id
        )
    });
    let named = named.collect::<Vec<_>>().join(", and ");
    let but = match rest.is_empty() {
        true => "",
        false => " but those to the Amazon DNS server",
    };
    match takers {
        [_] => format!("{named} is tried before and takes every packet{but}"),
        _ => format!("{named} are tried before and take every packet{but}"),
    }
}

/// The outcome where what a target delivers to does not exist.
pub(super) fn gone(detail: String) -> Outcome {
    Outcome::Fails(Reason::TargetGone, detail)
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "delivery_more_tests.rs"]
mod more_tests;
