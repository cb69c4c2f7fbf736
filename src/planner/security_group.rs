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
    /// Private addresses of the interface; empty when they are not known.
    pub addresses: &'a [String],
    /// Security groups of the interface; none when they are not known.
    pub security_group_ids: Option<&'a [String]>,
}

/// Whether rules of the receiver's security groups let in VXLAN of this sender. What is not known is taken to match: `false` is
/// certain.
pub fn accepts_vxlan(rules: &[IngressRule], sender: Sender<'_>) -> bool {
    let from_anyone = |rule: &&IngressRule| {
        ["-1", "udp", "17"].contains(&rule.protocol.as_str())
            && rule
                .ports
                .is_none_or(|(first, last)| (first..=last).contains(&VXLAN_PORT))
    };
    rules
        .iter()
        .filter(from_anyone)
        .any(|rule| is_source(rule, sender))
}

fn is_source(rule: &IngressRule, sender: Sender<'_>) -> bool {
    let by_address = |block: &String| {
        sender.addresses.is_empty() || sender.addresses.iter().any(|address| contains(block, address))
    };
    let by_group = |group: &String| {
        sender
            .security_group_ids
            .is_none_or(|groups| groups.contains(group))
    };
    !rule.prefix_list_ids.is_empty()
        || rule.cidr_blocks.iter().any(by_address)
        || rule.security_group_ids.iter().any(by_group)
}

/// Whether the range contains the address; what cannot be read is taken to.
fn contains(block: &str, address: &str) -> bool {
    let parsed = block.split_once('/').and_then(|(base, length)| {
        Some((
            base.parse().ok()?,
            length.parse::<u32>().ok()?,
            address.parse().ok()?,
        ))
    });
    match parsed {
        None => true,
        Some((IpAddr::V4(base), length, IpAddr::V4(address))) => {
            let differing = base.to_bits() ^ address.to_bits();
            differing.leading_zeros() >= length
        }
        Some((IpAddr::V6(base), length, IpAddr::V6(address))) => {
            let differing = base.to_bits() ^ address.to_bits();
            differing.leading_zeros() >= length
        }
        Some(_) => false,
    }
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
        assert!(!accepts_vxlan(&from(&[], &[], &[]), Sender::default()));
    }
}
