//! Create, Delete and DescribeTrafficMirrorTargets.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::tag_list;
use super::describe::{Listing, list, maybe, one};
use super::id_kinds::{NETWORK_INTERFACE, TARGET, VPC_ENDPOINT};
use super::{Call, tagging};
use crate::failure::Failure;
use crate::state::{Destination, Region, TrafficMirrorTarget};

/// Targets per account and region; not adjustable.
const TARGETS_PER_ACCOUNT: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    network_interface_id: Option<String>,
    network_load_balancer_arn: Option<String>,
    gateway_load_balancer_endpoint_id: Option<String>,
    description: Option<String>,
}

/// CreateTrafficMirrorTarget.
pub fn create(call: &mut Call) -> Result<Value, Failure> {
    call.once(|call| {
        let input: Create = call.input()?;
        let description = input.description.clone();
        let destination = exactly_one_destination(input)?;
        let tags = tagging::specified(call, "traffic-mirror-target", &["traffic-mirror-target"])?;
        destination_exists(call, &destination)?;
        call.dry_run()?;
        destination_is_free(call.region, &destination)?;
        interface_is_no_source(call.region, &destination)?;
        targets_per_account(call)?;
        let target = TrafficMirrorTarget {
            id: call.ids.resource("tmt"),
            owner: call.caller.account.clone(),
            destination,
            description,
            shared_with: Vec::new(),
            tags,
        };
        let answer =
            json!({"TrafficMirrorTarget": render(call, &target), "ClientToken": call.client_token()});
        call.region.targets.insert(&target.id.clone(), target);
        Ok(answer)
    })
}

/// One of interface, network load balancer and gateway load balancer endpoint.
fn exactly_one_destination(input: Create) -> Result<Destination, Failure> {
    let mut given = [
        input.network_interface_id.map(Destination::NetworkInterface),
        input
            .network_load_balancer_arn
            .map(Destination::NetworkLoadBalancer),
        input
            .gateway_load_balancer_endpoint_id
            .map(Destination::GatewayLoadBalancerEndpoint),
    ]
    .into_iter()
    .flatten();
    match (given.next(), given.next()) {
        (Some(destination), None) => Ok(destination),
        (None, _) => Err(Failure::missing_parameter("NetworkInterfaceId")),
        _ => Err(Failure::invalid_combination(
            "Only one of NetworkInterfaceId, NetworkLoadBalancerArn and GatewayLoadBalancerEndpointId may be given",
        )),
    }
}

/// The destination exists and is of the right kind.
fn destination_exists(call: &Call, destination: &Destination) -> Result<(), Failure> {
    match destination {
        Destination::NetworkInterface(id) => {
            NETWORK_INTERFACE.well_formed(id)?;
            let text = format!("The interface ID '{id}' does not exist");
            call.interface(id)
                .map(|_| ())
                .map_err(|_| Failure::new("InvalidTrafficMirrorTarget", text))
        }
        Destination::NetworkLoadBalancer(arn) => {
            let found = call
                .region
                .load_balancers
                .get(arn)
                .filter(|l| call.owns(&l.owner) && l.kind == "network");
            let text = format!("The network load balancer '{arn}' does not exist");
            found
                .map(|_| ())
                .ok_or_else(|| Failure::new("NetworkLoadBalancerNotFoundException", text))
        }
        Destination::GatewayLoadBalancerEndpoint(id) => {
            let endpoint = call.own(&call.region.endpoints, &VPC_ENDPOINT, id)?;
            if endpoint.endpoint_type == "GatewayLoadBalancer" {
                return Ok(());
            }
            Err(Failure::invalid_parameter(format!(
                "{id} is no gateway load balancer endpoint"
            )))
        }
    }
}

/// An interface or a load balancer belongs to one target only.
fn destination_is_free(region: &Region, destination: &Destination) -> Result<(), Failure> {
    let code = match destination {
        Destination::NetworkInterface(_) => "InterfaceInUseByTrafficMirrorTarget",
        Destination::NetworkLoadBalancer(_) => "NlbInUseByTrafficMirrorTargetException",
        Destination::GatewayLoadBalancerEndpoint(_) => return Ok(()),
    };
    match region.target_at(destination.id()) {
        Some(target) => Err(Failure::new(
            code,
            format!("{} is already in use by {}", destination.id(), target.id),
        )),
        None => Ok(()),
    }
}

/// An interface that is a source cannot become a target.
fn interface_is_no_source(region: &Region, destination: &Destination) -> Result<(), Failure> {
    match region.sessions_of(destination.id()).next() {
        Some(session) => Err(Failure::new(
            "InterfaceInUseByTrafficMirrorSession",
            format!("{} is the source of {}", destination.id(), session.id),
        )),
        None => Ok(()),
    }
}

fn targets_per_account(call: &Call) -> Result<(), Failure> {
    let owned = call
        .region
        .targets
        .iter()
        .filter(|(_, target)| call.owns(&target.owner))
        .count();
    if owned >= TARGETS_PER_ACCOUNT {
        let text = format!("Traffic mirror target limit reached ({TARGETS_PER_ACCOUNT})");
        return Err(Failure::new("TrafficMirrorTargetLimitExceeded", text));
    }
    Ok(())
}

/// DeleteTrafficMirrorTarget: not while a session uses it.
pub fn delete(call: &mut Call) -> Result<Value, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        traffic_mirror_target_id: String,
    }
    let id = call.input::<Input>()?.traffic_mirror_target_id;
    call.own(&call.region.targets, &TARGET, &id)?;
    call.dry_run()?;
    if let Some(session) = call.region.sessions_of(&id).next() {
        let text = format!("{id} is in use by {}", session.id);
        return Err(Failure::new("TrafficMirrorTargetInUseException", text));
    }
    call.region.targets.remove(&id);
    Ok(json!({"TrafficMirrorTargetId": id}))
}

/// DescribeTrafficMirrorTargets.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    let (targets, next) = list(call, &LISTING)?;
    Ok(json!({"TrafficMirrorTargets": targets, "NextToken": next}))
}

const LISTING: Listing<TrafficMirrorTarget> = Listing {
    ids: ("TrafficMirrorTargetIds", &TARGET),
    least: 5,
    table: |region| &region.targets,
    shows: |call, target| call.owns(&target.owner) || target.shared_with.contains(&call.caller.account),
    filters: &[
        ("description", |_, t| maybe(t.description.as_ref())),
        ("network-interface-id", |_, t| interface_id(t)),
        ("network-load-balancer-arn", |_, t| load_balancer_arn(t)),
        ("owner-id", |_, t| one(&t.owner)),
        ("traffic-mirror-target-id", |_, t| one(&t.id)),
    ],
    tags: None,
    render,
};

fn interface_id(target: &TrafficMirrorTarget) -> Vec<String> {
    maybe(matches!(target.destination, Destination::NetworkInterface(_)).then(|| target.destination.id()))
}

fn load_balancer_arn(target: &TrafficMirrorTarget) -> Vec<String> {
    maybe(matches!(target.destination, Destination::NetworkLoadBalancer(_)).then(|| target.destination.id()))
}

fn render(call: &Call, target: &TrafficMirrorTarget) -> Value {
    let (kind, member) = match &target.destination {
        Destination::NetworkInterface(_) => ("network-interface", "NetworkInterfaceId"),
        Destination::NetworkLoadBalancer(_) => ("network-load-balancer", "NetworkLoadBalancerArn"),
        Destination::GatewayLoadBalancerEndpoint(_) => {
            ("gateway-load-balancer-endpoint", "GatewayLoadBalancerEndpointId")
        }
    };
    json!({
        "TrafficMirrorTargetId": target.id,
        "Type": kind,
        member: target.destination.id(),
        "Description": target.description,
        "OwnerId": target.owner,
        "Tags": tag_list(call.tags_seen(&target.owner, &target.id, &target.tags)),
    })
}
