//! Instances: run, start, stop, terminate.

use serde::Deserialize;
use serde_json::{Value, json};

use super::id_kinds::{IMAGE, INSTANCE, NETWORK_INTERFACE};
use super::instance_view::render;
use super::{Call, instance_types, interfaces, tagging};
use crate::failure::Failure;
use crate::state::{Attachment, Instance, InstanceState, NetworkInterface, Subnet};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Run {
    image_id: Option<String>,
    instance_type: Option<String>,
    min_count: i64,
    max_count: i64,
    subnet_id: Option<String>,
    #[serde(default)]
    security_group_ids: Vec<String>,
    #[serde(default)]
    network_interfaces: Vec<Specification>,
}

#[derive(Deserialize, Clone, Default)]
#[serde(rename_all = "PascalCase")]
struct Specification {
    network_interface_id: Option<String>,
    device_index: Option<i64>,
    network_card_index: Option<i64>,
    subnet_id: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    description: Option<String>,
    delete_on_termination: Option<bool>,
    interface_type: Option<String>,
}

/// RunInstances.
pub fn run(call: &mut Call) -> Result<Value, Failure> {
    call.once(|call| {
        let input: Run = call.input()?;
        let image_id = input.image_id.clone().ok_or_else(|| Failure::missing_parameter("ImageId"))?;
        IMAGE.well_formed(&image_id)?;
        let instance_type = input.instance_type.clone().unwrap_or_else(|| "m1.small".to_owned());
        instance_type_exists(&instance_type)?;
        count_is_valid(input.min_count, input.max_count)?;
        let creatable = ["instance", "network-interface", "volume", "spot-instances-request"];
        let tags = tagging::specified(call, "instance", &creatable)?;
        let interface_tags = tagging::specified(call, "network-interface", &creatable)?;
        let specifications = specifications(call, &input)?;
        call.dry_run()?;
        let reservation_id = call.ids.resource("r");
        let mut instances = Vec::new();
        for launch_index in 0..input.max_count as u64 {
            let id = call.ids.resource("i");
            let mut attached = Vec::new();
            for specification in &specifications {
                let mut interface = match &specification.network_interface_id {
                    Some(id) => call.own(&call.region.interfaces, &NETWORK_INTERFACE, id)?.clone(),
                    None => {
                        let new = interfaces::New {
                            subnet_id: specification.subnet_id.clone().unwrap_or_default(),
                            groups: specification.groups.clone(),
                            description: specification.description.clone().unwrap_or_default(),
                            interface_type: specification.interface_type.clone(),
                            tags: interface_tags.clone(),
                        };
                        interfaces::make(call, new)?
                    }
                };
                let own = specification.network_interface_id.is_none();
                interface.attachment = Some(Attachment {
                    id: call.ids.resource("eni-attach"),
                    instance_id: id.clone(),
                    device_index: specification.device_index.unwrap_or(0),
                    network_card_index: specification.network_card_index.unwrap_or(0),
                    delete_on_termination: specification.delete_on_termination.unwrap_or(own),
                    attach_time: call.now,
                });
                attached.push(interface);
            }
            let Some(NetworkInterface { subnet_id, vpc_id, availability_zone, .. }) = attached.first().cloned() else {
                return Err(Failure::missing_parameter("SubnetId"));
            };
            let instance = Instance {
                id: id.clone(),
                owner: call.caller.account.clone(),
                reservation_id: reservation_id.clone(),
                launch_index,
                image_id: image_id.clone(),
                instance_type: instance_type.clone(),
                state: InstanceState::Running,
                subnet_id,
                vpc_id,
                availability_zone,
                launch_time: call.now,
                terminated_at: None,
                interfaces: attached.iter().map(|i| i.id.clone()).collect(),
                operator: None,
                tags: tags.clone(),
            };
            for interface in attached {
                call.region.interfaces.insert(&interface.id.clone(), interface);
            }
            call.region.instances.insert(&id, instance.clone());
            // The answer says pending; the next describe call says running.
            instances.push(render(call, &Instance { state: InstanceState::Pending, ..instance }));
        }
        Ok(json!({
            "ReservationId": reservation_id, "OwnerId": call.caller.account, "Groups": [], "Instances": instances,
        }))
    })
}

/// EC2 has the type.
fn instance_type_exists(name: &str) -> Result<(), Failure> {
    if instance_types::exists(name) {
        return Ok(());
    }
    Err(Failure::invalid_parameter(format!(
        "Invalid value '{name}' for InstanceType."
    )))
}

/// At least one, and no more than asked for.
fn count_is_valid(min: i64, max: i64) -> Result<(), Failure> {
    if min >= 1 && max >= min && max <= 1000 {
        return Ok(());
    }
    Err(Failure::invalid_parameter(format!(
        "Invalid MinCount {min} or MaxCount {max}"
    )))
}

/// The interfaces to make or attach: those asked for, or one in the subnet.
fn specifications(call: &Call, input: &Run) -> Result<Vec<Specification>, Failure> {
    if input.network_interfaces.is_empty() {
        let id = match &input.subnet_id {
            Some(id) => id.clone(),
            None => default_subnet(call)?,
        };
        let vpc = interfaces::subnet(call, &id)?.vpc_id.clone();
        interfaces::groups_exist(call, &vpc, &input.security_group_ids)?;
        let groups = input.security_group_ids.clone();
        return Ok(vec![Specification {
            subnet_id: Some(id),
            groups,
            ..Specification::default()
        }]);
    }
    if input.subnet_id.is_some() || !input.security_group_ids.is_empty() {
        let text = "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request";
        return Err(Failure::invalid_combination(text));
    }
    let mut specifications = input.network_interfaces.clone();
    specifications.sort_by_key(|s| (s.network_card_index.unwrap_or(0), s.device_index.unwrap_or(0)));
    let mut places: Vec<_> = specifications
        .iter()
        .map(|s| (s.network_card_index.unwrap_or(0), s.device_index))
        .collect();
    places.dedup();
    if places.len() < specifications.len() || places.first() != Some(&(0, Some(0))) {
        return Err(Failure::invalid_parameter(
            "Each interface needs its own DeviceIndex, and one must be 0",
        ));
    }
    for specification in &mut specifications {
        if let Some(id) = &specification.network_interface_id {
            let interface = call.own(&call.region.interfaces, &NETWORK_INTERFACE, id)?;
            if interface.attachment.is_some() || input.max_count > 1 {
                let text = format!("Interface {id} is currently in use.");
                return Err(Failure::new("InvalidNetworkInterface.InUse", text));
            }
        } else {
            let id = match &specification.subnet_id {
                Some(id) => id.clone(),
                None => default_subnet(call)?,
            };
            let vpc = interfaces::subnet(call, &id)?.vpc_id.clone();
            interfaces::groups_exist(call, &vpc, &specification.groups)?;
            specification.subnet_id = Some(id);
        }
    }
    Ok(specifications)
}

/// Where an instance goes without a subnet: the first of the account.
fn default_subnet(call: &Call) -> Result<String, Failure> {
    let first = call
        .region
        .subnets
        .iter()
        .find(|(_, subnet): &(_, &Subnet)| call.owns(&subnet.owner));
    let missing = || Failure::new("VPCIdNotSpecified", "No default VPC for this user");
    first.map(|(id, _)| id.clone()).ok_or_else(missing)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ids {
    instance_ids: Vec<String>,
}

/// StartInstances.
pub fn start(call: &mut Call) -> Result<Value, Failure> {
    let allowed = [
        InstanceState::Stopped,
        InstanceState::Running,
        InstanceState::Pending,
    ];
    let changes = change(call, InstanceState::Running, InstanceState::Pending, &allowed)?;
    Ok(json!({"StartingInstances": changes}))
}

/// StopInstances.
pub fn stop(call: &mut Call) -> Result<Value, Failure> {
    let allowed = [
        InstanceState::Running,
        InstanceState::Stopped,
        InstanceState::Stopping,
        InstanceState::Pending,
    ];
    let changes = change(call, InstanceState::Stopped, InstanceState::Stopping, &allowed)?;
    Ok(json!({"StoppingInstances": changes}))
}

/// TerminateInstances: interfaces with DeleteOnTermination go too, and their sessions with them.
pub fn terminate(call: &mut Call) -> Result<Value, Failure> {
    let ids = call.input::<Ids>()?.instance_ids;
    let every = [
        InstanceState::Pending,
        InstanceState::Running,
        InstanceState::Stopping,
        InstanceState::Stopped,
        InstanceState::ShuttingDown,
        InstanceState::Terminated,
    ];
    let changes = change(
        call,
        InstanceState::Terminated,
        InstanceState::ShuttingDown,
        &every,
    )?;
    for id in &ids {
        let Some(instance) = call.region.instances.get_mut(id) else {
            continue;
        };
        instance.terminated_at.get_or_insert(call.now);
        for interface in std::mem::take(&mut instance.interfaces) {
            let Some(found) = call.region.interfaces.get_mut(&interface) else {
                continue;
            };
            let gone = found.attachment.take().is_some_and(|a| a.delete_on_termination);
            if gone {
                call.region.drop_interface(&interface);
            }
        }
    }
    Ok(json!({"TerminatingInstances": changes}))
}

/// Moves instances to a state; the answer says the state on the way there.
fn change(
    call: &mut Call,
    to: InstanceState,
    by: InstanceState,
    allowed: &[InstanceState],
) -> Result<Vec<Value>, Failure> {
    let ids = call.input::<Ids>()?.instance_ids;
    if ids.is_empty() {
        return Err(Failure::missing_parameter("InstanceId"));
    }
    let mut before = Vec::with_capacity(ids.len());
    for id in &ids {
        let instance = call.own(&call.region.instances, &INSTANCE, id)?;
        if !allowed.contains(&instance.state) {
            let text = format!("The instance '{id}' is not in a state from which it can be changed.");
            return Err(Failure::new("IncorrectInstanceState", text));
        }
        before.push(instance.state);
    }
    call.dry_run()?;
    for id in &ids {
        if let Some(instance) = call.region.instances.get_mut(id) {
            instance.state = to;
        }
    }
    let state = |state: InstanceState| json!({"Code": state.wire().0, "Name": state.wire().1});
    let changes = ids.iter().zip(before).map(|(id, from)| {
        let now = if from == to { to } else { by };
        json!({"InstanceId": id, "PreviousState": state(from), "CurrentState": state(now)})
    });
    Ok(changes.collect())
}
