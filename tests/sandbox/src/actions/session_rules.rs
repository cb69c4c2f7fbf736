//! The rules of a traffic mirror session, one function each, with its error code.

use super::Call;
use super::id_kinds::TARGET;
use super::instance_types::{mirrors, sources_per_target_limit};
use crate::failure::Failure;
use crate::state::ids::Ids;
use crate::state::{Destination, InstanceState, NetworkInterface, Region, TrafficMirrorTarget};

/// Sessions per source interface; not adjustable.
const SESSIONS_PER_INTERFACE: usize = 3;
/// Sessions per account, over all regions; not adjustable.
const SESSIONS_PER_ACCOUNT: usize = 10_000;
/// The guide's minimum for IPv4; it has 55 for IPv6, and the API reference 1.
const SHORTEST_PACKET_LENGTH: i64 = 35;
/// The packet length of an NLB target, and its largest.
const NLB_PACKET_LENGTH: i64 = 8500;
/// VXLAN network identifiers have 24 bits; the two ends are refused.
const VIRTUAL_NETWORK_IDS: std::ops::RangeInclusive<i64> = 1..=16_777_215;
/// Services whose own interfaces may be mirrored.
const MIRRORED_REQUESTERS: [&str; 2] = ["amazon-rds", "amazon-elasticache"];

/// SessionNumber is 1 to 32766.
pub fn session_number_in_range(number: i64) -> Result<(), Failure> {
    if (1..=32_766).contains(&number) {
        return Ok(());
    }
    Err(Failure::invalid_parameter(format!(
        "Invalid session number {number}. It must be between 1 and 32766"
    )))
}

/// PacketLength is at least 35: the guide's minimum for IPv4, whose source and target the call does not tell.
pub fn packet_length_in_range(length: Option<i64>) -> Result<(), Failure> {
    match length {
        Some(length) if length < SHORTEST_PACKET_LENGTH => Err(Failure::invalid_parameter(format!(
            "Invalid packet length {length}. It must be at least {SHORTEST_PACKET_LENGTH}"
        ))),
        _ => Ok(()),
    }
}

/// VirtualNetworkId is 1 to 16777215.
pub fn virtual_network_id_in_range(id: Option<i64>) -> Result<(), Failure> {
    match id {
        Some(id) if !VIRTUAL_NETWORK_IDS.contains(&id) => Err(Failure::invalid_parameter(format!(
            "Invalid virtual network id {id}. It must be between 1 and 16777215"
        ))),
        _ => Ok(()),
    }
}

/// The target exists, and is the caller's or shared with it.
pub fn target_is_visible<'r>(call: &'r Call, id: &str) -> Result<&'r TrafficMirrorTarget, Failure> {
    TARGET.well_formed(id)?;
    let target = call.region.targets.get(id);
    let visible =
        |t: &&TrafficMirrorTarget| call.owns(&t.owner) || t.shared_with.contains(&call.caller.account);
    target.filter(visible).ok_or_else(|| TARGET.missing(&[id]))
}

/// The source is of type `interface`, outside IPv6-only subnets, and is
/// attached to an instance of a supported type or belongs to RDS or ElastiCache.
pub fn interface_can_be_mirrored(region: &Region, interface: &NetworkInterface) -> Result<(), Failure> {
    let id = &interface.id;
    let unsupported = |why: &str| {
        Err(Failure::new(
            "NetworkInterfaceNotSupported",
            format!("{id} {why}"),
        ))
    };
    if interface.interface_type != "interface" {
        return unsupported(&format!(
            "is of the unsupported type {}",
            interface.interface_type
        ));
    }
    if region
        .subnets
        .get(&interface.subnet_id)
        .is_some_and(|subnet| subnet.ipv6_native)
    {
        return unsupported("is in an IPv6-only subnet");
    }
    if interface.requester_managed {
        let requester = interface.requester_id.as_deref().unwrap_or_default();
        if MIRRORED_REQUESTERS.contains(&requester) {
            return Ok(());
        }
        return unsupported("is managed by a service whose interfaces cannot be mirrored");
    }
    let instance = interface
        .attachment
        .as_ref()
        .and_then(|a| region.instances.get(&a.instance_id));
    match instance {
        Some(instance) if instance.state != InstanceState::Terminated && mirrors(&instance.instance_type) => {
            Ok(())
        }
        _ => unsupported("must be attached to a supported instance"),
    }
}

/// An interface that is a target cannot be a source.
pub fn interface_is_no_target(region: &Region, interface: &str) -> Result<(), Failure> {
    match region.target_at(interface) {
        Some(target) => Err(Failure::new(
            "InterfaceInUseByTrafficMirrorTarget",
            format!("{interface} is in use by the traffic mirror target {}", target.id),
        )),
        None => Ok(()),
    }
}

/// A session number stands once on an interface, whoever uses it.
pub fn session_number_is_free(
    region: &Region,
    interface: &str,
    number: i64,
    but: Option<&str>,
) -> Result<(), Failure> {
    if region
        .sessions_of(interface)
        .any(|s| s.number == number && Some(s.id.as_str()) != but)
    {
        let text = format!("Session number {number} is already being used for {interface}");
        return Err(Failure::invalid_parameter(text));
    }
    Ok(())
}

/// Three sessions an interface.
pub fn sessions_per_interface(region: &Region, interface: &str) -> Result<(), Failure> {
    if region.session_count(interface) >= SESSIONS_PER_INTERFACE {
        let text = format!("Sessions per interface limit reached ({SESSIONS_PER_INTERFACE}) for {interface}");
        return Err(Failure::new(
            "TrafficMirrorSessionsPerInterfaceLimitExceeded",
            text,
        ));
    }
    Ok(())
}

/// 10,000 sessions an account, over all regions.
pub fn sessions_per_account(call: &Call) -> Result<(), Failure> {
    let here = call.region.session_count(&call.caller.account);
    if here + call.sessions_elsewhere >= SESSIONS_PER_ACCOUNT {
        let text = format!("Traffic mirror session limit reached ({SESSIONS_PER_ACCOUNT})");
        return Err(Failure::new("TrafficMirrorSessionLimitExceeded", text));
    }
    Ok(())
}

/// Ten sources an interface target, a hundred for listed instance types; others have no limit.
pub fn sources_per_target(region: &Region, target: &TrafficMirrorTarget) -> Result<(), Failure> {
    let Destination::NetworkInterface(interface) = &target.destination else {
        return Ok(());
    };
    let attached = region
        .interfaces
        .get(interface)
        .and_then(|i| i.attachment.as_ref());
    let instance = attached.and_then(|a| region.instances.get(&a.instance_id));
    let limit = sources_per_target_limit(instance.map_or("", |i| &i.instance_type));
    let used = region.session_count(&target.id);
    if used >= limit {
        let text = format!("Sources per interface-target limit reached ({})", used + 1);
        return Err(Failure::new("TrafficMirrorSourcesPerTargetLimitExceeded", text));
    }
    Ok(())
}

/// An NLB target sets an unset length to 8500 and refuses a larger one.
pub fn packet_length_for(target: &TrafficMirrorTarget, length: Option<i64>) -> Result<Option<i64>, Failure> {
    match (&target.destination, length) {
        (Destination::NetworkLoadBalancer(_), None) => Ok(Some(NLB_PACKET_LENGTH)),
        (Destination::NetworkLoadBalancer(_), Some(length)) if length > NLB_PACKET_LENGTH => {
            Err(Failure::invalid_parameter(format!(
                "Invalid packet length {length}. With a network load balancer as the target it is at most 8500"
            )))
        }
        _ => Ok(length),
    }
}

/// From an NLB to another kind of target, the same Modify must remove packet-length.
pub fn packet_length_leaves_with_the_nlb(
    before: Option<&TrafficMirrorTarget>,
    after: &TrafficMirrorTarget,
    length: Option<i64>,
) -> Result<(), Failure> {
    let nlb =
        |target: &TrafficMirrorTarget| matches!(target.destination, Destination::NetworkLoadBalancer(_));
    if before.is_some_and(nlb) && !nlb(after) && length.is_some() {
        let text = "Packet length must be removed when the target changes from a network load balancer";
        return Err(Failure::invalid_combination(text));
    }
    Ok(())
}

/// RemoveField names a field that can be removed and is not set by the same call.
pub fn fields_can_be_removed(fields: &[String], set: impl Fn(&str) -> Option<bool>) -> Result<(), Failure> {
    for field in fields {
        match set(field) {
            None => {
                return Err(Failure::invalid_parameter(format!(
                    "Invalid value '{field}' for RemoveField"
                )));
            }
            Some(true) => {
                return Err(Failure::invalid_combination(format!(
                    "{field} cannot be both set and removed"
                )));
            }
            Some(false) => {}
        }
    }
    Ok(())
}

/// A random identifier that no session of the account has in the region.
pub fn draw_virtual_network_id(region: &Region, ids: &mut Ids, account: &str) -> i64 {
    loop {
        let drawn = (ids.below(16_777_215) + 1) as i64;
        if region.virtual_network_id_uses(account, drawn) == 0 {
            return drawn;
        }
    }
}
