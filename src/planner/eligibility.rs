//! Which selected interfaces can never have a session, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::{Reason, Support, instance_type_support, wildcard};

/// Requester ids of the services whose interfaces the Traffic Mirroring guide admits ("Limitations", "Sources").
const ADMITTED_REQUESTERS: [&str; 2] = ["amazon-rds", "amazon-elasticache"];
/// Requester ids of AWS services begin with this. Those of users are account, user and role ids, which an interface that
/// a user created through an API call carries as well.
const SERVICE_REQUESTER: &str = "amazon-";

/// What the configuration says about eligibility.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EligibilityRules {
    /// Instance types to try although the documentation excludes them; wildcards as in EC2 filters, without regard to
    /// case.
    pub try_instance_types: Vec<String>,
    /// Whether to try interfaces that AWS manages.
    pub include_requester_managed: bool,
    /// Whether instances that are sensors may be sources.
    pub include_sensors: bool,
}

/// The facts about one interface that decide whether it can be a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// `eni-…`
    pub id: &'a str,
    /// None when no instance is visible: unattached, or attached in another account or service.
    pub instance_id: Option<&'a str>,
    /// None when the instance is not visible.
    pub instance_type: Option<&'a str>,
    /// The raw string of EC2: `interface`, `efa`, `branch`, …
    pub interface_type: &'a str,
    /// Whether EC2 reports no attachment at all. An interface with an attachment whose instance is not visible is
    /// attached.
    pub unattached: bool,
    pub requester_managed: bool,
    /// Alias or account of whoever created the interface.
    pub requester_id: Option<&'a str>,
    /// The service that operates the interface, for example `eks.amazonaws.com`.
    pub operator: Option<&'a str>,
}

/// What is around the interfaces, the same for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Instances that own a target's interface or are registered behind a target's load balancer.
    pub sensor_instance_ids: &'a BTreeSet<String>,
    /// Interfaces of targets of any kind.
    pub target_interface_ids: &'a BTreeSet<String>,
    /// Interfaces that EC2 refused for good (NetworkInterfaceNotSupported), with the instance type that each had then;
    /// none where the type was not visible.
    pub refused: &'a BTreeMap<String, Option<String>>,
    /// What of the instance the configuration cannot do without, in words, for example `the tag Mirror-Target, which
    /// override.target_tag reads`; none when nothing of it is needed.
    pub needs_of_instance: Option<&'a str>,
}

/// Why the interface can have no session, with what was found in words; none when it can, or when only EC2 can tell.
///
/// The first reason in the order of [`Reason`] counts. An interface without a visible instance is tried: EC2 accepts such
/// interfaces in a shared VPC, and of RDS and ElastiCache. Only where the configuration depends on its instance is it
/// [`Reason::NotVisible`], since going on would mean to guess. A remembered refusal stands against
/// `try_instance_types` too, or every later apply would fail again: forget the refusals when that argument is edited.
pub fn ineligible(
    rules: &EligibilityRules,
    around: &Surroundings<'_>,
    interface: &Candidate<'_>,
) -> Option<(Reason, String)> {
    sensor(rules, around, interface)
        .map(|detail| (Reason::Sensor, detail))
        .or_else(|| requester_managed(rules, interface).map(|detail| (Reason::RequesterManaged, detail)))
        .or_else(|| unsupported_interface(interface).map(|detail| (Reason::UnsupportedInterface, detail)))
        .or_else(|| {
            unsupported_type(rules, around, interface).map(|detail| (Reason::UnsupportedInstanceType, detail))
        })
        .or_else(|| not_visible(around, interface).map(|detail| (Reason::NotVisible, detail)))
}

fn sensor(rules: &EligibilityRules, around: &Surroundings<'_>, interface: &Candidate<'_>) -> Option<String> {
    // EC2 refuses it whatever the configuration says: InterfaceInUseByTrafficMirrorTarget.
    if around.target_interface_ids.contains(interface.id) {
        return Some("a traffic mirror target delivers to this interface".to_owned());
    }
    let instance = interface
        .instance_id
        .filter(|id| around.sensor_instance_ids.contains(*id))?;
    (!rules.include_sensors).then(|| format!("{instance} receives the traffic of a traffic mirror target"))
}

fn requester_managed(rules: &EligibilityRules, interface: &Candidate<'_>) -> Option<String> {
    let requester = interface.requester_id;
    if rules.include_requester_managed || requester.is_some_and(|id| ADMITTED_REQUESTERS.contains(&id)) {
        return None;
    }
    if interface.requester_managed || requester.is_some_and(|id| id.starts_with(SERVICE_REQUESTER)) {
        return Some(format!("managed by {}", requester.unwrap_or("AWS")));
    }
    // A service can operate ordinary instances, such as the nodes of EKS Auto Mode: those are worth watching. Without a
    // visible instance it is the service's own interface.
    let operator = interface.operator.filter(|_| interface.instance_id.is_none())?;
    Some(format!("managed by {operator}"))
}

fn unsupported_interface(interface: &Candidate<'_>) -> Option<String> {
    // Compared with what is allowed, since model and wire spell the other types differently.
    if interface.interface_type != "interface" {
        return Some(format!("interface type {}", interface.interface_type));
    }
    // EC2's words: "must be attached to a supported instance".
    (interface.unattached && interface.instance_id.is_none()).then(|| "attached to no instance".to_owned())
}

fn unsupported_type(
    rules: &EligibilityRules,
    around: &Surroundings<'_>,
    interface: &Candidate<'_>,
) -> Option<String> {
    let refused = around.refused.get(interface.id);
    if refused.is_some_and(|then| then.as_deref() == interface.instance_type) {
        let on = interface
            .instance_type
            .map_or_else(|| "it".to_owned(), |name| format!("it on {name}"));
        return Some(format!("EC2 refused {on} as a traffic mirror source"));
    }
    let instance_type = interface.instance_type?;
    let (support, why) = instance_type_support(instance_type);
    let tried = rules
        .try_instance_types
        .iter()
        .any(|pattern| wildcard::matches(&pattern.to_lowercase(), &instance_type.to_lowercase()));
    (support == Support::Unsupported && !tried).then(|| format!("{instance_type}: {why}"))
}

fn not_visible(around: &Surroundings<'_>, interface: &Candidate<'_>) -> Option<String> {
    let needed = around
        .needs_of_instance
        .filter(|_| interface.instance_id.is_none() || interface.instance_type.is_none())?;
    Some(format!("its instance is not visible, and with it {needed}"))
}

#[cfg(test)]
#[path = "eligibility_tests.rs"]
mod tests;
