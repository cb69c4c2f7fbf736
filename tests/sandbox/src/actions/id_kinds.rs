//! The kinds of ids, each with AWS's codes for a malformed and a missing one.

use crate::failure::Failure;

/// A kind of id.
pub struct IdKind {
    /// What stands before the digits.
    pub prefix: &'static str,
    /// How messages call it.
    pub label: &'static str,
    /// The code for text that is no such id.
    pub malformed: &'static str,
    /// The code for an id that does not exist.
    pub not_found: &'static str,
}

macro_rules! kinds {
    ($($name:ident: $prefix:literal, $label:literal, $malformed:literal, $not_found:literal;)*) => {
        $(#[doc = concat!("`", $prefix, "-…`.")]
        pub const $name: IdKind =
            IdKind { prefix: $prefix, label: $label, malformed: $malformed, not_found: $not_found };)*
    };
}
kinds! {
    VPC: "vpc", "vpc ID", "InvalidVpcId.Malformed", "InvalidVpcID.NotFound";
    SUBNET: "subnet", "subnet ID", "InvalidSubnetId.Malformed", "InvalidSubnetID.NotFound";
    SECURITY_GROUP: "sg", "security group", "InvalidGroupId.Malformed", "InvalidGroup.NotFound";
    IMAGE: "ami", "image id", "InvalidAMIID.Malformed", "InvalidAMIID.NotFound";
    INSTANCE: "i", "instance ID", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound";
    NETWORK_INTERFACE: "eni", "networkInterface ID",
        "InvalidNetworkInterfaceId.Malformed", "InvalidNetworkInterfaceID.NotFound";
    ATTACHMENT: "eni-attach", "interface attachment ID",
        "InvalidNetworkInterfaceAttachmentId.Malformed", "InvalidAttachmentID.NotFound";
    VPC_ENDPOINT: "vpce", "vpc endpoint ID", "InvalidVpcEndpointId.Malformed", "InvalidVpcEndpointId.NotFound";
    TARGET: "tmt", "traffic mirror target ID",
        "InvalidTrafficMirrorTargetId.Malformed", "InvalidTrafficMirrorTargetId.NotFound";
    FILTER: "tmf", "traffic mirror filter ID",
        "InvalidTrafficMirrorFilterId.Malformed", "InvalidTrafficMirrorFilterId.NotFound";
    FILTER_RULE: "tmfr", "traffic mirror filter rule ID",
        "InvalidTrafficMirrorFilterRuleId.Malformed", "InvalidTrafficMirrorFilterRuleId.NotFound";
    SESSION: "tms", "traffic mirror session ID",
        "InvalidTrafficMirrorSessionId.Malformed", "InvalidTrafficMirrorSessionId.NotFound";
}

/// Every kind that can carry tags.
pub const TAGGABLE: [(&IdKind, &str); 10] = [
    (&VPC, "vpc"),
    (&SUBNET, "subnet"),
    (&SECURITY_GROUP, "security-group"),
    (&INSTANCE, "instance"),
    (&NETWORK_INTERFACE, "network-interface"),
    (&VPC_ENDPOINT, "vpc-endpoint"),
    (&TARGET, "traffic-mirror-target"),
    (&FILTER, "traffic-mirror-filter"),
    (&FILTER_RULE, "traffic-mirror-filter-rule"),
    (&SESSION, "traffic-mirror-session"),
];

impl IdKind {
    /// Whether the text is the prefix, `-` and 8 or 17 hexadecimal digits.
    pub fn fits(&self, id: &str) -> bool {
        let digits = id
            .strip_prefix(self.prefix)
            .and_then(|rest| rest.strip_prefix('-'));
        digits.is_some_and(|d| {
            matches!(d.len(), 8 | 17)
                && d.bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    }

    /// An error unless it fits.
    pub fn well_formed(&self, id: &str) -> Result<(), Failure> {
        if self.fits(id) {
            return Ok(());
        }
        let text = format!("Invalid id: \"{id}\" (expecting \"{}-...\")", self.prefix);
        Err(Failure::new(self.malformed, text))
    }

    /// The error for ids that do not exist.
    pub fn missing(&self, ids: &[&str]) -> Failure {
        let (s, verb) = if ids.len() == 1 { ("", "does") } else { ("s", "do") };
        Failure::new(
            self.not_found,
            format!("The {}{s} '{}' {verb} not exist", self.label, ids.join(", ")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        assert!(INSTANCE.fits("i-0123456789abcdef0"));
        assert!(INSTANCE.fits("i-12345678"));
        for bad in [
            "i-123",
            "i-0123456789abcdefg",
            "i-0123456789ABCDEF0",
            "eni-12345678",
            "i12345678",
            "",
        ] {
            assert!(!INSTANCE.fits(bad), "{bad}");
        }
        assert!(!NETWORK_INTERFACE.fits("eni-attach-12345678"));
    }
}
