//! The one vocabulary of reasons, in order of precedence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

/// Why an interface is covered, skipped, failed or not compliant.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    EnumIter,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    Excluded,
    Covered,
    Sensor,
    RequesterManaged,
    UnsupportedInterface,
    UnsupportedInstanceType,
    NotVisible,
    WrongTarget,
    WrongFilter,
    TargetGone,
    TargetStopped,
    TargetPortClosed,
    TargetNoListener,
    TargetUnhealthy,
    FilterEmpty,
    Shadowed,
    Truncated,
    Duplicate,
    OverrideRefused,
    TargetFull,
    Quota,
    MaxCreates,
    Missing,
}

/// The audit's judgement of one interface.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumIter,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    Compliant,
    NonCompliant,
    NotApplicable,
    Unknown,
}

impl Reason {
    /// What the reason means for compliance.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Covered => Verdict::Compliant,
            Self::Excluded
            | Self::Sensor
            | Self::RequesterManaged
            | Self::UnsupportedInterface
            | Self::UnsupportedInstanceType => Verdict::NotApplicable,
            Self::NotVisible => Verdict::Unknown,
            _ => Verdict::NonCompliant,
        }
    }

    /// Whether an interface may get its session later without any change of it: it waits for room or for its turn.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::MaxCreates | Self::TargetFull | Self::Quota)
    }

    /// What to do about it, one sentence; empty when there is nothing to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Covered => "",
            Self::Excluded => "Remove it from exclude to have it mirrored.",
            Self::Sensor => {
                "Nothing to do: a sensor that mirrors itself would mirror its own mirrored traffic."
            }
            Self::RequesterManaged => {
                "AWS manages this interface; set include_requester_managed to try it anyway."
            }
            Self::UnsupportedInterface => "Only interfaces of type interface can be mirrored.",
            Self::UnsupportedInstanceType => {
                "Move the instance to a type that supports traffic mirroring, or list the type in try_instance_types."
            }
            Self::NotVisible => "Allow the describe actions, or ask the owner of the instance.",
            Self::WrongTarget => "Send the session to one of the required targets.",
            Self::WrongFilter => "Give the session one of the required filters.",
            Self::TargetGone => "Create the traffic mirror target again, or move the session to another.",
            Self::TargetStopped => {
                "Start the sensor's instance; where the target's network interface is attached to none, attach it."
            }
            Self::TargetPortClosed => {
                "Allow UDP 4789 from the sources in the security groups of the sensor, and of its load balancer if that has some."
            }
            Self::TargetNoListener => "Give the network load balancer a UDP listener on port 4789.",
            Self::TargetUnhealthy => {
                "Register a healthy sensor in the source's zone or switch on cross-zone balancing."
            }
            Self::FilterEmpty => "Add rules to the traffic mirror filter: without any it mirrors nothing.",
            Self::Shadowed => "Another session with a lower number takes the packets; remove it or renumber.",
            Self::Truncated => {
                "Remove packet_length, or accept truncated packets by dropping require.untruncated."
            }
            Self::Duplicate => "Delete the second session of this interface.",
            Self::OverrideRefused => {
                "List the target or filter that the tag names in override, or correct the tag."
            }
            Self::TargetFull => {
                "Add a traffic mirror target, or use a load balancer, which takes any number of sources."
            }
            Self::Quota => "Free a session: 3 an interface and 10,000 an account and region are the limit.",
            Self::MaxCreates => "Apply again: the next apply goes on with the interfaces that wait.",
            Self::Missing => {
                "Run terraform apply on the coverage that selects this interface; where its skipped or failures say that EC2 refuses it for \
                 good, name it in exclude."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn only_a_covered_interface_is_compliant() {
        for reason in Reason::iter() {
            assert_eq!(
                reason.verdict() == Verdict::Compliant,
                reason == Reason::Covered,
                "{reason}"
            );
            assert_eq!(reason.advice().is_empty(), reason == Reason::Covered, "{reason}");
            assert_eq!(reason.to_string().parse(), Ok(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.to_string());
        }
        assert_eq!(
            Reason::UnsupportedInstanceType.to_string(),
            "UNSUPPORTED_INSTANCE_TYPE"
        );
        assert_eq!(Verdict::NonCompliant.to_string(), "NON_COMPLIANT");
    }
}
