//! Which packets a traffic mirror filter accepts: sets of boxes, one range in each of the ways in which packets differ.

use core::net::IpAddr;

use super::{FilterRule, MirrorFilter};

/// First and last value.
type Range = (u128, u128);
/// Direction, address family, source, destination, protocol, source port, destination port.
type Packet = [Range; 7];

/// More pieces than the ten rules of a direction ever need: then nothing is said.
const MAX_PIECES: usize = 4096;
/// What goes to the Amazon DNS server is mirrored only as a network service, and so is a direction of its own.
const AMAZON_DNS: Packet = [(2, 2), ANY, ANY, ANY, ANY, ANY, ANY];
const ANY: Range = (0, u128::MAX);

/// A set of packets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packets(Vec<Packet>);

impl Packets {
    /// What the filter accepts; none where a rule cannot be read, or all of them together are too many to tell.
    pub fn of(filter: &MirrorFilter) -> Option<Self> {
        let mut rules: Vec<&FilterRule> = filter.rules.iter().collect();
        rules.sort_by_key(|rule| rule.number);
        let mut accepted: Vec<Packet> = filter.amazon_dns.then_some(AMAZON_DNS).into_iter().collect();
        let mut rejected = Vec::new();
        for rule in rules {
            let packet = packet(rule)?;
            if rule.accept {
                accepted.extend(Self(vec![packet]).minus(&Self(rejected.clone()))?.0);
            } else {
                rejected.push(packet);
            }
        }
        Some(Self(accepted))
    }

    /// Whether it holds no packet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it holds no packet but those to the Amazon DNS server.
    pub fn is_only_amazon_dns(&self) -> bool {
        self.0.iter().all(|packet| packet[0] == AMAZON_DNS[0])
    }

    /// Without the packets of IPv4 or of IPv6. Those to the Amazon DNS server are of any family.
    pub fn of_families(mut self, ipv4: bool, ipv6: bool) -> Self {
        self.0.retain(|packet| match packet[1] {
            (4, 4) => ipv4,
            (6, 6) => ipv6,
            _ => true,
        });
        self
    }

    /// What is left without those; none where the pieces are too many.
    pub fn minus(&self, others: &Self) -> Option<Self> {
        let mut left = self.0.clone();
        for other in &others.0 {
            left = left.into_iter().flat_map(|packet| cut(packet, other)).collect();
            if left.len() > MAX_PIECES {
                return None;
            }
        }
        Some(Self(left))
    }
}

/// What a filter accepts of anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptance {
    /// These.
    Some(Packets),
    /// No packet, and why.
    Nothing(String),
    /// Its rules cannot be read.
    Unknown,
}

impl MirrorFilter {
    /// What it accepts.
    pub fn acceptance(&self) -> Acceptance {
        let id = &self.id;
        match Packets::of(self) {
            None => Acceptance::Unknown,
            Some(packets) if !packets.is_empty() => Acceptance::Some(packets),
            Some(_) if self.rules.is_empty() => Acceptance::Nothing(format!("{id} has no rules")),
            Some(_) if !self.rules.iter().any(|rule| rule.accept) => {
                Acceptance::Nothing(format!("{id} has no rule that accepts"))
            }
            Some(_) => Acceptance::Nothing(format!("the rules of {id} reject all that later ones accept")),
        }
    }
}

/// The pieces of a box outside of another.
fn cut(packet: Packet, other: &Packet) -> Vec<Packet> {
    let apart = |(one, other): (&Range, &Range)| one.1 < other.0 || other.1 < one.0;
    if packet.iter().zip(other).any(apart) {
        return vec![packet];
    }
    let mut pieces = Vec::new();
    let mut inside = packet;
    for (way, (first, last)) in other.iter().enumerate() {
        let mut piece = |range| {
            let mut piece = inside;
            piece[way] = range;
            pieces.push(piece);
        };
        let (from, to) = inside[way];
        if from < *first {
            piece((from, first - 1));
        }
        if to > *last {
            piece((last + 1, to));
        }
        inside[way] = (from.max(*first), to.min(*last));
    }
    pieces
}

fn packet(rule: &FilterRule) -> Option<Packet> {
    let (source, destination) = (addresses(&rule.source_cidr)?, addresses(&rule.destination_cidr)?);
    let direction = u128::from(rule.egress);
    let protocol = rule.protocol.filter(|protocol| *protocol >= 0);
    let ports = |ports: Option<(i32, i32)>| -> Option<Range> {
        let Some((first, last)) = ports else {
            return Some((0, 65535));
        };
        Some((first.try_into().ok()?, last.try_into().ok()?))
    };
    let protocol: Range = match protocol {
        Some(protocol) => {
            let number = protocol.try_into().ok()?;
            (number, number)
        }
        None => (0, 255),
    };
    (source.0 == destination.0).then_some([
        (direction, direction),
        (source.0, source.0),
        source.1,
        destination.1,
        protocol,
        ports(rule.source_ports)?,
        ports(rule.destination_ports)?,
    ])
}

/// The address family and the addresses of a range.
fn addresses(cidr: &str) -> Option<(u128, Range)> {
    let (base, length) = cidr.split_once('/')?;
    let (base, length): (IpAddr, u32) = (base.parse().ok()?, length.parse().ok()?);
    let (family, bits, base) = match base {
        IpAddr::V4(base) => (4, 32_u32, u128::from(base.to_bits())),
        IpAddr::V6(base) => (6, 128, base.to_bits()),
    };
    let free = bits.checked_sub(length)?;
    let host = 1_u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
    Some((family, (base & !host, base | host)))
}

#[cfg(test)]
#[path = "packets_tests.rs"]
mod tests;
