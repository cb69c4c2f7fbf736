//! Network interfaces: create, attach, detach, delete.

use serde::Deserialize;
use serde_json::{Value, json};

use super::id_kinds::{ATTACHMENT, INSTANCE, NETWORK_INTERFACE, SECURITY_GROUP, SUBNET};
use super::instance_types::most_interfaces;
use super::interface_view::render;
use super::{Call, tagging};
use crate::failure::Failure;
use crate::state::{Attachment, Instance, InstanceState, NetworkInterface, Region, Subnet, Tags};

/// What a new interface is made of, by CreateNetworkInterface and RunInstances alike.
pub struct New {
    /// Its subnet.
    pub subnet_id: String,
    /// Its security groups; none: the VPC's default group, if the fleet has one.
    pub groups: Vec<String>,
    /// Free text.
    pub description: String,
    /// `interface` unless something else is asked for.
    pub interface_type: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// A subnet that the caller may use.
pub fn subnet<'r>(call: &'r Call, id: &str) -> Result<&'r Subnet, Failure> {
    SUBNET.well_formed(id)?;
    call.region
        .subnets
        .get(id)
        .filter(|s| call.sees_subnet(s))
        .ok_or_else(|| SUBNET.missing(&[id]))
}

/// The groups exist and are in the subnet's VPC.
pub fn groups_exist(call: &Call, vpc: &str, groups: &[String]) -> Result<(), Failure> {
    for id in groups {
        let group = call.own(&call.region.security_groups, &SECURITY_GROUP, id)?;
        if group.vpc_id != vpc {
            return Err(Failure::invalid_parameter(format!(
                "{id} and the subnet belong to different networks"
            )));
        }
    }
    Ok(())
}

/// Makes an interface; the checks are done.
pub fn make(call: &mut Call, new: New) -> Result<NetworkInterface, Failure> {
    let Subnet {
        id,
        vpc_id,
        availability_zone,
        cidr_block,
        ..
    } = subnet(call, &new.subnet_id)?.clone();
    let number = call.ids.number();
    let mut groups = new.groups;
    if groups.is_empty() {
        let default = call
            .region
            .security_groups
            .iter()
            .find(|(_, g)| g.vpc_id == vpc_id && g.name == "default");
        groups.extend(default.map(|(id, _)| id.clone()));
    }
    Ok(NetworkInterface {
        id: call.ids.resource("eni"),
        owner: call.caller.account.clone(),
        subnet_id: id,
        vpc_id,
        availability_zone,
        interface_type: new.interface_type.unwrap_or_else(|| "interface".to_owned()),
        description: new.description,
        private_ip: address(&cidr_block, number),
        mac: mac(number),
        groups,
        requester_id: None,
        requester_managed: false,
        operator: None,
        attachment: None,
        tags: new.tags,
    })
}

/// An address in the block, picked by a number; the sandbox does not keep track of free ones.
pub fn address(cidr_block: &str, number: u64) -> String {
    let parse = || {
        let (base, length) = cidr_block.split_once('/')?;
        let (base, length): (std::net::Ipv4Addr, u32) = (base.parse().ok()?, length.parse().ok()?);
        let hosts = 1u64
            .checked_shl(32u32.checked_sub(length)?)?
            .saturating_sub(5)
            .max(1);
        Some(std::net::Ipv4Addr::from(u32::from(base).wrapping_add(4 + (number % hosts) as u32)).to_string())
    };
    parse().unwrap_or_default()
}

/// A locally administered hardware address.
pub fn mac(number: u64) -> String {
    let bytes = number.to_be_bytes();
    format!(
        "0a:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}",
        bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    subnet_id: String,
    #[serde(default)]
    groups: Vec<String>,
    description: Option<String>,
    interface_type: Option<String>,
}

/// CreateNetworkInterface.
pub fn create(call: &mut Call) -> Result<Value, Failure> {
    call.once(|call| {
        let input: Create = call.input()?;
        if let Some(kind) = &input.interface_type
            && !["efa", "efa-only", "branch", "trunk", "interface"].contains(&kind.as_str())
        {
            return Err(Failure::invalid_parameter(format!(
                "Invalid value '{kind}' for InterfaceType"
            )));
        }
        let tags = tagging::specified(call, "network-interface", &["network-interface"])?;
        let vpc = subnet(call, &input.subnet_id)?.vpc_id.clone();
        groups_exist(call, &vpc, &input.groups)?;
        call.dry_run()?;
        let new = New {
            subnet_id: input.subnet_id,
            groups: input.groups,
            description: input.description.unwrap_or_default(),
            interface_type: input.interface_type,
            tags,
        };
        let interface = make(call, new)?;
        let answer =
            json!({"NetworkInterface": render(call, &interface), "ClientToken": call.client_token()});
        call.region.interfaces.insert(&interface.id.clone(), interface);
        Ok(answer)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attach {
    network_interface_id: String,
    instance_id: String,
    device_index: i64,
    network_card_index: Option<i64>,
}

/// AttachNetworkInterface: same zone, a free device index, room on the instance.
pub fn attach(call: &mut Call) -> Result<Value, Failure> {
    let input: Attach = call.input()?;
    let instance = call.own(&call.region.instances, &INSTANCE, &input.instance_id)?;
    let interface = call.own(
        &call.region.interfaces,
        &NETWORK_INTERFACE,
        &input.network_interface_id,
    )?;
    call.dry_run()?;
    let card = input.network_card_index.unwrap_or(0);
    interface_is_free(interface)?;
    instance_is_settled(instance)?;
    both_in_one_zone(instance, interface)?;
    device_index_is_free(call.region, instance, (input.device_index, card))?;
    room_for_an_interface(instance)?;
    let attachment = Attachment {
        id: call.ids.resource("eni-attach"),
        instance_id: input.instance_id.clone(),
        device_index: input.device_index,
        network_card_index: card,
        delete_on_termination: false,
        attach_time: call.now,
    };
    let answer = json!({"AttachmentId": attachment.id, "NetworkCardIndex": card});
    if let Some(interface) = call.region.interfaces.get_mut(&input.network_interface_id) {
        interface.attachment = Some(attachment);
    }
    if let Some(instance) = call.region.instances.get_mut(&input.instance_id) {
        instance.interfaces.push(input.network_interface_id);
    }
    Ok(answer)
}

/// An interface is attached once.
pub fn interface_is_free(interface: &NetworkInterface) -> Result<(), Failure> {
    match interface.attachment {
        Some(_) => {
            let text = format!("Interface {} is currently in use.", interface.id);
            Err(Failure::new("InvalidNetworkInterface.InUse", text))
        }
        None => Ok(()),
    }
}

/// Interfaces are attached to running and stopped instances.
fn instance_is_settled(instance: &Instance) -> Result<(), Failure> {
    if matches!(instance.state, InstanceState::Running | InstanceState::Stopped) {
        return Ok(());
    }
    let text = format!(
        "The instance '{}' is not in a valid state for this operation.",
        instance.id
    );
    Err(Failure::new("IncorrectState", text))
}

/// Instance and interface are in the same zone.
fn both_in_one_zone(instance: &Instance, interface: &NetworkInterface) -> Result<(), Failure> {
    if instance.availability_zone == interface.availability_zone {
        return Ok(());
    }
    let text = "A network interface and its instance must be in the same availability zone";
    Err(Failure::invalid_combination(text))
}

/// Device index and card stand once on an instance.
fn device_index_is_free(region: &Region, instance: &Instance, place: (i64, i64)) -> Result<(), Failure> {
    let taken = |id: &String| {
        let at = region.interfaces.get(id).and_then(|i| i.attachment.as_ref());
        at.is_some_and(|a| (a.device_index, a.network_card_index) == place)
    };
    if instance.interfaces.iter().any(taken) {
        let text = format!(
            "Instance '{}' already has an interface at device index '{}'.",
            instance.id, place.0
        );
        return Err(Failure::invalid_parameter(text));
    }
    Ok(())
}

/// The instance type limits the number of interfaces.
fn room_for_an_interface(instance: &Instance) -> Result<(), Failure> {
    let count = instance.interfaces.len() + 1;
    if count > most_interfaces(&instance.instance_type) {
        let text = format!(
            "Interface count {count} exceeds the limit for {}",
            instance.instance_type
        );
        return Err(Failure::new("AttachmentLimitExceeded", text));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detach {
    attachment_id: String,
}

/// DetachNetworkInterface: any but the primary one. Its sessions stay, and cost.
pub fn detach(call: &mut Call) -> Result<Value, Failure> {
    let id = call.input::<Detach>()?.attachment_id;
    ATTACHMENT.well_formed(&id)?;
    let is = |i: &NetworkInterface| call.owns(&i.owner) && i.attachment.as_ref().is_some_and(|a| a.id == id);
    let Some(interface) = call
        .region
        .interfaces
        .iter()
        .map(|(_, i)| i)
        .find(|i| is(i))
        .cloned()
    else {
        return Err(ATTACHMENT.missing(&[&id]));
    };
    let Some(attachment) = &interface.attachment else {
        return Err(ATTACHMENT.missing(&[&id]));
    };
    call.dry_run()?;
    if (attachment.device_index, attachment.network_card_index) == (0, 0) {
        let text = "The network interface at device index 0 cannot be detached.";
        return Err(Failure::new("OperationNotPermitted", text));
    }
    if let Some(instance) = call.region.instances.get_mut(&attachment.instance_id) {
        instance.interfaces.retain(|other| *other != interface.id);
    }
    if let Some(interface) = call.region.interfaces.get_mut(&interface.id) {
        interface.attachment = None;
    }
    Ok(Value::Null)
}

/// DeleteNetworkInterface: not while attached; its sessions end with it.
pub fn delete(call: &mut Call) -> Result<Value, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        network_interface_id: String,
    }
    let id = call.input::<Input>()?.network_interface_id;
    let interface = call.own(&call.region.interfaces, &NETWORK_INTERFACE, &id)?;
    call.dry_run()?;
    if interface.attachment.is_some() {
        let text = format!("Network interface '{id}' is currently in use.");
        return Err(Failure::new("InvalidNetworkInterface.InUse", text));
    }
    if interface.requester_managed {
        let text = format!("You do not have permission to access the specified resource: {id}");
        return Err(Failure::auth(text).with_status(403));
    }
    call.region.drop_interface(&id);
    Ok(Value::Null)
}
