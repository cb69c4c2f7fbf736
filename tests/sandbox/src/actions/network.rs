//! DescribeVpcs, DescribeSubnets and DescribeVpcEndpoints.

use serde_json::{Value, json};

use super::Call;
use super::call::tag_list;
use super::describe::{Listing, list, one};
use super::id_kinds::{SUBNET, VPC, VPC_ENDPOINT};
use super::places::zone_id;
use crate::failure::Failure;
use crate::state::{Subnet, Vpc, VpcEndpoint};

/// DescribeVpcs.
pub fn describe_vpcs(call: &mut Call) -> Result<Value, Failure> {
    let (vpcs, next) = list(call, &VPCS)?;
    Ok(json!({"Vpcs": vpcs, "NextToken": next}))
}

const VPCS: Listing<Vpc> = Listing {
    ids: ("VpcIds", &VPC),
    least: 5,
    table: |region| &region.vpcs,
    shows: |call, vpc| {
        let shared =
            |(_, s): (_, &Subnet)| s.vpc_id == vpc.id && s.shared_with.contains(&call.caller.account);
        call.owns(&vpc.owner) || call.region.subnets.iter().any(shared)
    },
    filters: &[
        ("vpc-id", |_, v| one(&v.id)),
        ("cidr", |_, v| one(&v.cidr_block)),
        ("cidr-block-association.cidr-block", |_, v| one(&v.cidr_block)),
        ("is-default", |_, _| one(false)),
        ("owner-id", |_, v| one(&v.owner)),
        ("state", |_, _| one("available")),
    ],
    tags: Some(|_, vpc| &vpc.tags),
    render: |call, vpc| {
        json!({
            "VpcId": vpc.id,
            "OwnerId": vpc.owner,
            "CidrBlock": vpc.cidr_block,
            "CidrBlockAssociationSet": [{
                "AssociationId": vpc.id.replacen("vpc-", "vpc-cidr-assoc-", 1),
                "CidrBlock": vpc.cidr_block,
                "CidrBlockState": {"State": "associated"},
            }],
            "Ipv6CidrBlockAssociationSet": [],
            "State": "available",
            "IsDefault": false,
            "InstanceTenancy": "default",
            "DhcpOptionsId": "dopt-0123456789abcdef0",
            "Tags": tag_list(call.tags_seen(&vpc.owner, &vpc.id, &vpc.tags)),
        })
    },
};

/// DescribeSubnets.
pub fn describe_subnets(call: &mut Call) -> Result<Value, Failure> {
    let (subnets, next) = list(call, &SUBNETS)?;
    Ok(json!({"Subnets": subnets, "NextToken": next}))
}

const SUBNETS: Listing<Subnet> = Listing {
    ids: ("SubnetIds", &SUBNET),
    least: 5,
    table: |region| &region.subnets,
    shows: |call, subnet| call.sees_subnet(subnet),
    filters: &[
        ("subnet-id", |_, s| one(&s.id)),
        ("vpc-id", |_, s| one(&s.vpc_id)),
        ("availability-zone", |_, s| one(&s.availability_zone)),
        ("availabilityZone", |_, s| one(&s.availability_zone)),
        ("availability-zone-id", |_, s| one(zone_id(&s.availability_zone))),
        ("cidr-block", |_, s| one(&s.cidr_block)),
        ("default-for-az", |_, _| one(false)),
        ("ipv6-native", |_, s| one(s.ipv6_native)),
        ("owner-id", |_, s| one(&s.owner)),
        ("state", |_, _| one("available")),
    ],
    tags: Some(|_, subnet| &subnet.tags),
    render: |call, subnet| {
        json!({
            "SubnetId": subnet.id,
            "SubnetArn": format!("arn:aws:ec2:{}:{}:subnet/{}", call.region_name, subnet.owner, subnet.id),
            "OwnerId": subnet.owner,
            "VpcId": subnet.vpc_id,
            "AvailabilityZone": call.zone_name(&subnet.availability_zone),
            "AvailabilityZoneId": zone_id(&subnet.availability_zone),
            "CidrBlock": (!subnet.ipv6_native).then_some(&subnet.cidr_block),
            "Ipv6Native": subnet.ipv6_native,
            "Ipv6CidrBlockAssociationSet": [],
            "AvailableIpAddressCount": 4091,
            "AssignIpv6AddressOnCreation": subnet.ipv6_native,
            "DefaultForAz": false,
            "MapPublicIpOnLaunch": false,
            "State": "available",
            "Tags": tag_list(call.tags_seen(&subnet.owner, &subnet.id, &subnet.tags)),
        })
    },
};

/// DescribeVpcEndpoints.
pub fn describe_endpoints(call: &mut Call) -> Result<Value, Failure> {
    let (endpoints, next) = list(call, &ENDPOINTS)?;
    Ok(json!({"VpcEndpoints": endpoints, "NextToken": next}))
}

const ENDPOINTS: Listing<VpcEndpoint> = Listing {
    ids: ("VpcEndpointIds", &VPC_ENDPOINT),
    least: 5,
    table: |region| &region.endpoints,
    shows: |call, endpoint| call.owns(&endpoint.owner),
    filters: &[
        ("vpc-endpoint-id", |_, e| one(&e.id)),
        ("vpc-endpoint-type", |_, e| one(&e.endpoint_type)),
        ("vpc-endpoint-state", |_, _| one("available")),
        ("vpc-id", |_, e| one(&e.vpc_id)),
        ("service-name", |_, e| one(&e.service_name)),
    ],
    tags: Some(|_, endpoint| &endpoint.tags),
    render: |call, endpoint| {
        json!({
            "VpcEndpointId": endpoint.id,
            "VpcEndpointType": endpoint.endpoint_type,
            "OwnerId": endpoint.owner,
            "VpcId": endpoint.vpc_id,
            "ServiceName": endpoint.service_name,
            "State": "available",
            "SubnetIds": endpoint.subnet_ids,
            "NetworkInterfaceIds": endpoint.network_interface_ids,
            "RouteTableIds": [],
            "Groups": [],
            "PrivateDnsEnabled": false,
            "RequesterManaged": false,
            "Tags": tag_list(call.tags_seen(&endpoint.owner, &endpoint.id, &endpoint.tags)),
        })
    },
};
