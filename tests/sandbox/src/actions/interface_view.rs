//! DescribeNetworkInterfaces, and an interface in an answer.

use serde_json::{Value, json};

use super::Call;
use super::call::{tag_list, timestamp};
use super::describe::{Listing, list, maybe, one};
use super::id_kinds::NETWORK_INTERFACE;
use super::places::zone_id;
use crate::failure::Failure;
use crate::state::{Attachment, Instance, NetworkInterface, Region, Tags};

/// DescribeNetworkInterfaces.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    let (interfaces, next) = list(call, &LISTING)?;
    Ok(json!({"NetworkInterfaces": interfaces, "NextToken": next}))
}

/// Whether a call shows what AWS services manage.
pub fn shows_managed(call: &Call, operator: Option<&String>) -> bool {
    operator.is_none() || call.flag("IncludeManagedResources")
}

/// Tags are seen by the account that set them.
static NO_TAGS: Tags = Tags::new();

const LISTING: Listing<NetworkInterface> = Listing {
    ids: ("NetworkInterfaceIds", &NETWORK_INTERFACE),
    least: 5,
    table: |region| &region.interfaces,
    shows: |call, interface| {
        call.sees_interface(interface) && shows_managed(call, interface.operator.as_ref())
    },
    filters: &[
        ("network-interface-id", |_, i| one(&i.id)),
        ("subnet-id", |_, i| one(&i.subnet_id)),
        ("vpc-id", |_, i| one(&i.vpc_id)),
        ("owner-id", |_, i| one(&i.owner)),
        ("interface-type", |_, i| one(&i.interface_type)),
        ("requester-id", |_, i| maybe(i.requester_id.as_ref())),
        ("requester-managed", |_, i| one(i.requester_managed)),
        ("operator.managed", |_, i| one(i.operator.is_some())),
        ("operator.principal", |_, i| maybe(i.operator.as_ref())),
        ("availability-zone", |_, i| one(&i.availability_zone)),
        ("availability-zone-id", |_, i| one(zone_id(&i.availability_zone))),
        ("status", |_, i| one(status(i))),
        ("description", |_, i| one(&i.description)),
        ("mac-address", |_, i| one(&i.mac)),
        ("private-ip-address", |_, i| one(&i.private_ip)),
        ("addresses.private-ip-address", |_, i| one(&i.private_ip)),
        ("group-id", |_, i| i.groups.clone()),
        ("ipv6-native", |r, i| one(ipv6_native(r, i))),
        ("attachment.instance-id", |_, i| {
            maybe(i.attachment.as_ref().map(|a| &a.instance_id))
        }),
        ("attachment.instance-owner-id", |_, i| {
            maybe(i.attachment.as_ref().map(|_| &i.owner))
        }),
        ("attachment.attachment-id", |_, i| {
            maybe(i.attachment.as_ref().map(|a| &a.id))
        }),
        ("attachment.device-index", |_, i| {
            maybe(i.attachment.as_ref().map(|a| a.device_index))
        }),
        ("attachment.status", |_, i| {
            maybe(i.attachment.as_ref().map(|_| "attached"))
        }),
    ],
    tags: Some(|call, interface| {
        call.tags_seen(&interface.owner, &interface.id, &interface.tags)
            .unwrap_or(&NO_TAGS)
    }),
    render,
};

/// `in-use` or `available`.
pub fn status(interface: &NetworkInterface) -> &'static str {
    let used = interface.attachment.is_some() || interface.requester_managed;
    if used { "in-use" } else { "available" }
}

/// Whether the interface is in an IPv6-only subnet.
pub fn ipv6_native(region: &Region, interface: &NetworkInterface) -> bool {
    region
        .subnets
        .get(&interface.subnet_id)
        .is_some_and(|subnet| subnet.ipv6_native)
}

/// Groups with their names.
pub fn groups(region: &Region, ids: &[String]) -> Value {
    let name = |id: &String| region.security_groups.get(id).map(|group| group.name.clone());
    Value::Array(
        ids.iter()
            .map(|id| json!({"GroupId": id, "GroupName": name(id)}))
            .collect(),
    )
}

/// Who manages a resource.
pub fn operator(principal: Option<&String>) -> Value {
    match principal {
        Some(principal) => json!({"Managed": true, "Principal": principal, "HiddenByDefault": true}),
        None => json!({"Managed": false}),
    }
}

/// An interface in an answer.
pub fn render(call: &Call, i: &NetworkInterface) -> Value {
    let attachment = i.attachment.as_ref().map(|a| {
        with(
            attachment(a),
            json!({"InstanceId": a.instance_id, "InstanceOwnerId": i.owner}),
        )
    });
    let own = json!({
        "AvailabilityZone": call.zone_name(&i.availability_zone),
        "AvailabilityZoneId": zone_id(&i.availability_zone),
        "Ipv6Native": ipv6_native(call.region, i).then_some(true),
        "RequesterId": i.requester_id,
        "RequesterManaged": i.requester_managed,
        "Status": status(i),
        "Attachment": attachment,
        "TagSet": tag_list(call.tags_seen(&i.owner, &i.id, &i.tags)),
    });
    with(shared(call, i), own)
}

/// An interface inside an instance: without its own tags, requester and zone.
pub fn render_in_instance(call: &Call, i: &NetworkInterface) -> Value {
    let attachment = i.attachment.as_ref().map(attachment);
    with(
        shared(call, i),
        json!({"Status": "in-use", "Attachment": attachment}),
    )
}

/// What both answers say of an interface.
fn shared(call: &Call, i: &NetworkInterface) -> Value {
    json!({
        "NetworkInterfaceId": i.id,
        "OwnerId": i.owner,
        "SubnetId": i.subnet_id,
        "VpcId": i.vpc_id,
        "InterfaceType": i.interface_type,
        "Description": i.description,
        "MacAddress": i.mac,
        "PrivateIpAddress": (!i.private_ip.is_empty()).then_some(&i.private_ip),
        "PrivateIpAddresses": addresses(i),
        "Ipv6Addresses": [],
        "Groups": groups(call.region, &i.groups),
        "Operator": operator(i.operator.as_ref()),
        "SourceDestCheck": true,
    })
}

/// What both answers say of an attachment.
fn attachment(a: &Attachment) -> Value {
    json!({
        "AttachmentId": a.id,
        "AttachTime": timestamp(a.attach_time),
        "DeleteOnTermination": a.delete_on_termination,
        "DeviceIndex": a.device_index,
        "NetworkCardIndex": a.network_card_index,
        "Status": "attached",
    })
}

/// The fields of both objects.
fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

fn addresses(interface: &NetworkInterface) -> Value {
    if interface.private_ip.is_empty() {
        return json!([]);
    }
    json!([{"Primary": true, "PrivateIpAddress": interface.private_ip}])
}

/// The instance's interfaces.
pub fn of_instance<'r>(
    region: &'r Region,
    instance: &'r Instance,
) -> impl Iterator<Item = &'r NetworkInterface> {
    instance
        .interfaces
        .iter()
        .filter_map(|id| region.interfaces.get(id))
}
