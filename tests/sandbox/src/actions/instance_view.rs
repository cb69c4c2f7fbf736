//! DescribeInstances, and an instance in an answer.

use serde_json::{Value, json};

use super::Call;
use super::call::{tag_list, timestamp};
use super::describe::{Listing, list, maybe, one};
use super::id_kinds::INSTANCE;
use super::interface_view::{groups, ipv6_native, of_instance, operator, render_in_instance, shows_managed};
use super::places::zone_id;
use crate::failure::Failure;
use crate::state::{Attachment, Instance, InstanceState, Millis, NetworkInterface, Region};

/// A terminated instance shows for an hour.
const TERMINATED_SHOWS: Millis = 3_600_000;

/// DescribeInstances: a page counts instances, and a reservation can be split over two pages.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    let (instances, next) = list(call, &LISTING)?;
    let mut reservations: Vec<Value> = Vec::new();
    for mut reservation in instances {
        // Instances of one launch need not follow each other in the order of their ids.
        let id = &reservation["ReservationId"];
        match reservations
            .iter_mut()
            .rev()
            .take(8)
            .find(|earlier| earlier["ReservationId"] == *id)
        {
            Some(earlier) => {
                if let (Some(all), Some(one)) = (
                    earlier["Instances"].as_array_mut(),
                    reservation["Instances"].as_array_mut(),
                ) {
                    all.append(one);
                }
            }
            None => {
                reservation["Groups"] = json!([]);
                reservations.push(reservation);
            }
        }
    }
    Ok(json!({"Reservations": reservations, "NextToken": next}))
}

const LISTING: Listing<Instance> = Listing {
    ids: ("InstanceIds", &INSTANCE),
    least: 5,
    table: |region| &region.instances,
    shows: |call, instance| {
        let fresh = instance
            .terminated_at
            .is_none_or(|at| at + TERMINATED_SHOWS > call.now);
        fresh && call.owns(&instance.owner) && shows_managed(call, instance.operator.as_ref())
    },
    filters: &[
        ("instance-id", |_, i| one(&i.id)),
        ("instance-type", |_, i| one(&i.instance_type)),
        ("instance-state-name", |_, i| one(i.state.wire().1)),
        ("instance-state-code", |_, i| one(i.state.wire().0)),
        ("image-id", |_, i| one(&i.image_id)),
        ("vpc-id", |_, i| maybe(live(i).then_some(&i.vpc_id))),
        ("subnet-id", |_, i| maybe(live(i).then_some(&i.subnet_id))),
        ("availability-zone", |_, i| one(&i.availability_zone)),
        ("availability-zone-id", |_, i| one(zone_id(&i.availability_zone))),
        ("owner-id", |_, i| one(&i.owner)),
        ("reservation-id", |_, i| one(&i.reservation_id)),
        ("architecture", |_, _| one("x86_64")),
        ("hypervisor", |_, _| one("xen")),
        ("root-device-type", |_, _| one("ebs")),
        ("tenancy", |_, _| one("default")),
        ("virtualization-type", |_, _| one("hvm")),
        ("launch-time", |_, i| one(timestamp(i.launch_time))),
        ("operator.managed", |_, i| one(i.operator.is_some())),
        ("operator.principal", |_, i| maybe(i.operator.as_ref())),
        ("private-ip-address", |r, i| {
            of_instance(r, i).map(|n| n.private_ip.clone()).collect()
        }),
        ("instance.group-id", |r, i| {
            of_instance(r, i).flat_map(|n| n.groups.clone()).collect()
        }),
        ("network-interface.network-interface-id", |r, i| {
            of_instance(r, i).map(|n| n.id.clone()).collect()
        }),
        ("network-interface.subnet-id", |r, i| {
            of_instance(r, i).map(|n| n.subnet_id.clone()).collect()
        }),
        ("network-interface.vpc-id", |r, i| {
            of_instance(r, i).map(|n| n.vpc_id.clone()).collect()
        }),
        ("network-interface.owner-id", |r, i| {
            of_instance(r, i).map(|n| n.owner.clone()).collect()
        }),
        ("network-interface.group-id", |r, i| {
            of_instance(r, i).flat_map(|n| n.groups.clone()).collect()
        }),
        ("network-interface.requester-managed", |r, i| {
            of_instance(r, i)
                .map(|n| n.requester_managed.to_string())
                .collect()
        }),
        ("network-interface.operator.managed", |r, i| {
            of_instance(r, i)
                .map(|n| n.operator.is_some().to_string())
                .collect()
        }),
        ("network-interface.operator.principal", |r, i| {
            of_instance(r, i).filter_map(|n| n.operator.clone()).collect()
        }),
        ("network-interface.requester-id", |r, i| {
            of_instance(r, i).filter_map(|n| n.requester_id.clone()).collect()
        }),
        ("network-interface.ipv6-native", |r, i| {
            of_instance(r, i).map(|n| ipv6_native(r, n).to_string()).collect()
        }),
        ("network-interface.status", |r, i| {
            of_instance(r, i).map(|_| "in-use".to_owned()).collect()
        }),
        ("network-interface.description", |r, i| {
            of_instance(r, i).map(|n| n.description.clone()).collect()
        }),
        ("network-interface.mac-address", |r, i| {
            of_instance(r, i).map(|n| n.mac.clone()).collect()
        }),
        ("network-interface.addresses.private-ip-address", |r, i| {
            of_instance(r, i).map(|n| n.private_ip.clone()).collect()
        }),
        ("network-interface.attachment.attachment-id", |r, i| {
            attachments(r, i, |a| a.id.clone())
        }),
        ("network-interface.attachment.device-index", |r, i| {
            attachments(r, i, |a| a.device_index.to_string())
        }),
        ("network-interface.attachment.status", |r, i| {
            attachments(r, i, |_| "attached".to_owned())
        }),
        ("network-interface.availability-zone", |r, i| {
            of_instance(r, i).map(|n| n.availability_zone.clone()).collect()
        }),
        ("network-interface.tag-key", |r, i| {
            of_instance(r, i).flat_map(|n| n.tags.keys().cloned()).collect()
        }),
        ("network-interface.tag-value", |r, i| {
            of_instance(r, i).flat_map(|n| n.tags.values().cloned()).collect()
        }),
    ],
    tags: Some(|_, instance| &instance.tags),
    render: |call, i| json!({"ReservationId": i.reservation_id, "OwnerId": i.owner, "Instances": [render(call, i)]}),
};

/// Something of each attachment of an instance.
fn attachments(region: &Region, instance: &Instance, of: fn(&Attachment) -> String) -> Vec<String> {
    of_instance(region, instance)
        .filter_map(|n| n.attachment.as_ref())
        .map(of)
        .collect()
}

/// A terminated instance is in no network.
fn live(instance: &Instance) -> bool {
    instance.state != InstanceState::Terminated
}

/// An instance in an answer.
pub fn render(call: &Call, i: &Instance) -> Value {
    let attached: Vec<&NetworkInterface> = of_instance(call.region, i).collect();
    let primary = attached.first();
    let address = primary.map(|n| n.private_ip.as_str()).filter(|ip| !ip.is_empty());
    let (code, name) = i.state.wire();
    let (live, metal) = (live(i), i.instance_type.contains(".metal"));
    let dns = address.map(|ip| {
        format!(
            "ip-{}.{}.compute.internal",
            ip.replace('.', "-"),
            call.region_name
        )
    });
    json!({
        "InstanceId": i.id,
        "AmiLaunchIndex": i.launch_index,
        "ImageId": i.image_id,
        "InstanceType": i.instance_type,
        "LaunchTime": timestamp(i.launch_time),
        "State": {"Code": code, "Name": name},
        "StateTransitionReason": "",
        "Placement": {
            "AvailabilityZone": call.zone_name(&i.availability_zone),
            "AvailabilityZoneId": zone_id(&i.availability_zone),
            "GroupName": "",
            "Tenancy": "default",
        },
        "SubnetId": live.then_some(&i.subnet_id),
        "VpcId": live.then_some(&i.vpc_id),
        "PrivateIpAddress": address,
        "PrivateDnsName": dns.unwrap_or_default(),
        "PublicDnsName": "",
        "Architecture": "x86_64",
        "Hypervisor": (!metal).then_some("xen"),
        "VirtualizationType": "hvm",
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "EbsOptimized": false,
        "EnaSupport": true,
        "SourceDestCheck": live.then_some(true),
        "Monitoring": {"State": "disabled"},
        "BlockDeviceMappings": [],
        "ProductCodes": [],
        "SecurityGroups": groups(call.region, primary.map_or(&[], |n| n.groups.as_slice())),
        "Operator": operator(i.operator.as_ref()),
        "NetworkInterfaces": attached.iter().map(|n| render_in_instance(call, n)).collect::<Vec<_>>(),
        "Tags": tag_list(Some(&i.tags)),
    })
}
