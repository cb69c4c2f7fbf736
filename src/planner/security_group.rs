//! Whether security groups let mirrored packets in.

use core::net::IpAddr;

/// UDP port that traffic mirror targets receive VXLAN on; it cannot be chosen.
pub const VXLAN_PORT: i32 = 4789;

/// What one rule of a security group lets in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngressRule {
    /// `udp`, `tcp`, a protocol number, or `-1` for all.
    pub protocol: String,
    /// First and last port; none: every port.
    pub ports: Option<(i32, i32)>,
    /// Source ranges, IPv4 and IPv6.
    pub cidr_blocks: Vec<String>,
    /// Source security groups.
    pub security_group_ids: Vec<String>,
    /// Source prefix lists, whose ranges are not known here.
    pub prefix_list_ids: Vec<String>,
}

/// Where mirrored packets come from: the source's network interface.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sender<'a> {
    /// Private addresses of the interface, first the one that it sends from; empty when they are not known.
    pub addresses: &'a [String],
    /// Security groups that rules may name; none when they are not known.
    pub security_group_ids: Option<&'a [String]>,
}

/// Whether rules of the receiver's security groups let in VXLAN of this sender. What is not known is taken to match: `false` is
/// certain.
pub fn accepts_vxlan(rules: &[IngressRule], sender: Sender<'_>) -> bool {
    lets_in(rules, VXLAN_PORT, sender) != Some(false)
}

/// Whether rules of the receiver's security groups let in UDP of this sender; none where that cannot be told.
pub fn lets_in(rules: &[IngressRule], port: i32, sender: Sender<'_>) -> Option<bool> {
    any(of_port(rules, port).map(|rule| is_source(rule, sender)))
}

/// The prefix lists that rules for this port name.
pub fn prefix_lists(rules: &[IngressRule], port: i32) -> Vec<&str> {
    of_port(rules, port)
        .flat_map(|rule| rule.prefix_list_ids.iter().map(String::as_str))
        .collect()
}

fn of_port(rules: &[IngressRule], port: i32) -> impl Iterator<Item = &IngressRule> {
    rules.iter().filter(move |rule| {
        ["-1", "udp", "17"].contains(&rule.protocol.as_str())
            && rule
                .ports
                .is_none_or(|(first, last)| (first..=last).contains(&port))
    })
}

fn is_source(rule: &IngressRule, sender: Sender<'_>) -> Option<bool> {
    let by_address = any(rule.cidr_blocks.iter().map(|block| sends_from(block, sender)));
    let by_group = any(rule
        .security_group_ids
        .iter()
        .map(|group| Some(sender.security_group_ids?.contains(group))));
    let by_list = any(rule.prefix_list_ids.iter().map(|_| None));
    any([by_address, by_group, by_list].into_iter())
}

/// Whether the sender's packets come from the range: from its first address, as far as EC2 documents it. Where only another one is in
/// the range, that cannot be told.
fn sends_from(block: &str, sender: Sender<'_>) -> Option<bool> {
    let (first, others) = sender.addresses.split_first()?;
    match contains(block, first)? {
        true => Some(true),
        false => match any(others.iter().map(|address| contains(block, address))) {
            Some(false) => Some(false),
            _ => None,
        },
    }
}

/// Whether one of them holds, with those that cannot be told.
fn any(mut each: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    each.try_fold(Some(false), |so_far, next| match next {
        Some(true) => Err(()),
        Some(false) => Ok(so_far),
        None => Ok(None),
    })
    .unwrap_or(Some(true))
}

/// Whether the range contains the address; none where they cannot be read.
fn contains(block: &str, address: &str) -> Option<bool> {
    let (base, length) = block.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let shared = match (base.parse().ok()?, address.parse().ok()?) {
        (IpAddr::V4(base), IpAddr::V4(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
        (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
        _ => return Some(false),
    };
    Some(shared >= length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(protocol: &str, ports: Option<(i32, i32)>) -> IngressRule {
        IngressRule {
            protocol: protocol.into(),
            ports,
            cidr_blocks: vec!["0.0.0.0/0".into()],
            ..IngressRule::default()
        }
    }

    #[test]
    fn protocol_and_ports_decide() {
        let open = |rule| accepts_vxlan(&[rule], Sender::default());
        for protocol in ["-1", "udp", "17"] {
            assert!(open(rule(protocol, None)), "{protocol}");
            assert!(open(rule(protocol, Some((4789, 4789)))));
            assert!(open(rule(protocol, Some((0, 65535)))));
        }
        assert!(!open(rule("udp", Some((4788, 4788)))));
        assert!(!open(rule("udp", Some((4790, 65535)))));
        for protocol in ["tcp", "6", "icmp"] {
            assert!(!open(rule(protocol, None)), "{protocol}");
        }
        assert!(!accepts_vxlan(&[], Sender::default()));
        assert!(accepts_vxlan(
            &[rule("tcp", None), rule("udp", None)],
            Sender::default()
        ));
    }

    #[test]
    fn the_sender_decides_where_it_is_known() {
        let addresses = ["10.1.2.3".to_owned(), "fd00::5".to_owned()];
        let groups = ["sg-1".to_owned()];
        let known = Sender {
            addresses: &addresses,
            security_group_ids: Some(&groups),
        };
        let from = |blocks: &[&str], groups: &[&str], lists: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
            [IngressRule {
                cidr_blocks: owned(blocks),
                security_group_ids: owned(groups),
                prefix_list_ids: owned(lists),
                ..rule("udp", None)
            }]
        };
        for block in [
            "0.0.0.0/0",
            "::/0",
            "10.1.0.0/16",
            "10.1.2.3/32",
            "fd00::/64",
            "nonsense",
        ] {
            assert!(accepts_vxlan(&from(&[block], &[], &[]), known), "{block}");
        }
        for block in ["10.2.0.0/16", "10.1.2.4/32", "fd01::/64"] {
            assert!(!accepts_vxlan(&from(&[block], &[], &[]), known), "{block}");
            assert!(accepts_vxlan(&from(&[block], &[], &[]), Sender::default()));
        }
        assert!(accepts_vxlan(&from(&[], &["sg-1"], &[]), known));
        assert!(!accepts_vxlan(&from(&[], &["sg-2"], &[]), known));
        assert!(accepts_vxlan(&from(&[], &["sg-2"], &[]), Sender::default()));
        assert!(accepts_vxlan(&from(&[], &[], &["pl-1"]), known));
        // For a verdict, what is not known is not taken to match.
        let told = |blocks: &[&str], groups: &[&str], lists: &[&str]| {
            lets_in(&from(blocks, groups, lists), VXLAN_PORT, known)
        };
        assert_eq!(told(&["10.1.0.0/16"], &[], &["pl-1"]), Some(true));
        assert_eq!(told(&["10.2.0.0/16"], &["sg-1"], &[]), Some(true));
        assert_eq!(told(&["10.2.0.0/16"], &["sg-2"], &[]), Some(false));
        for untold in [
            told(&[], &[], &["pl-1"]),
            told(&["nonsense"], &[], &[]),
            // Not the address that it sends from.
            told(&["fd00::/64"], &[], &[]),
            lets_in(&from(&["10.1.0.0/16"], &[], &[]), VXLAN_PORT, Sender::default()),
            lets_in(&from(&[], &["sg-1"], &[]), VXLAN_PORT, Sender::default()),
        ] {
            assert_eq!(untold, None);
        }
        assert_eq!(
            lets_in(&from(&[], &[], &[]), VXLAN_PORT, Sender::default()),
            Some(false)
        );
        assert!(!accepts_vxlan(&from(&[], &[], &[]), Sender::default()));
    }
}
