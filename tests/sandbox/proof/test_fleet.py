"""Instances, interfaces and the network they are in."""

import pytest

from conftest import ENI, ENI_B, MANAGED, SUBNET, SUBNET_B, VPC, refuses, tagged

RUN = {"ImageId": "ami-0123456789abcdef0", "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1}


def instance(ec2, id):
    return ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]


def interface(ec2, id):
    return ec2.describe_network_interfaces(NetworkInterfaceIds=[id])["NetworkInterfaces"][0]


def names(found):
    return [i["InstanceId"] for r in found["Reservations"] for i in r["Instances"]]


def test_life_of_an_instance(ec2):
    made = ec2.run_instances(
        SubnetId=SUBNET,
        TagSpecifications=tagged("instance", Mirror="True") + tagged("network-interface", a="b"),
        **RUN,
    )
    born = made["Instances"][0]
    id, eni = born["InstanceId"], born["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assert (born["State"]["Name"], instance(ec2, id)["State"]["Name"]) == ("pending", "running")
    assert instance(ec2, id)["Tags"] == [{"Key": "Mirror", "Value": "True"}]
    assert interface(ec2, eni)["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert instance(ec2, id)["SecurityGroups"] == [
        {"GroupId": "sg-0ccccccccccccccc1", "GroupName": "default"}
    ]
    stopping = ec2.stop_instances(InstanceIds=[id])["StoppingInstances"][0]
    assert (stopping["PreviousState"]["Name"], stopping["CurrentState"]["Name"]) == ("running", "stopping")
    assert instance(ec2, id)["State"] == {"Code": 80, "Name": "stopped"}
    assert ec2.start_instances(InstanceIds=[id])["StartingInstances"][0]["CurrentState"]["Name"] == "pending"
    assert (
        ec2.terminate_instances(InstanceIds=[id])["TerminatingInstances"][0]["CurrentState"]["Name"]
        == "shutting-down"
    )
    gone = instance(ec2, id)
    assert gone["State"]["Name"] == "terminated" and gone["NetworkInterfaces"] == [] and "VpcId" not in gone
    with refuses("InvalidNetworkInterfaceID.NotFound"):
        interface(ec2, eni)
    with refuses("IncorrectInstanceState"):
        ec2.start_instances(InstanceIds=[id])


def test_a_terminated_instance_shows_for_an_hour(sandbox, ec2):
    ec2.terminate_instances(InstanceIds=["i-00000000000000001"])
    sandbox.control("POST", "clock", {"advance_seconds": 3500})
    assert instance(ec2, "i-00000000000000001")["State"]["Name"] == "terminated"
    sandbox.control("POST", "clock", {"advance_seconds": 200})
    with refuses("InvalidInstanceID.NotFound"):
        instance(ec2, "i-00000000000000001")


@pytest.mark.parametrize(
    "change, code",
    [
        ({"ImageId": None}, "MissingParameter"),
        ({"ImageId": "ami-x"}, "InvalidAMIID.Malformed"),
        ({"InstanceType": "q1.large"}, "InvalidParameterValue"),
        ({"MinCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 2}, "InvalidParameterValue"),
        ({"SubnetId": "subnet-0fffffffffffffff1"}, "InvalidSubnetID.NotFound"),
        ({"SubnetId": "subnet-1"}, "InvalidSubnetId.Malformed"),
        ({"SubnetId": SUBNET, "SecurityGroupIds": ["sg-0fffffffffffffff1"]}, "InvalidGroup.NotFound"),
        (
            {"SubnetId": SUBNET, "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": SUBNET}]},
            "InvalidParameterCombination",
        ),
        ({"NetworkInterfaces": [{"DeviceIndex": 1, "SubnetId": SUBNET}]}, "InvalidParameterValue"),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": ENI}]},
            "InvalidNetworkInterface.InUse",
        ),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_run_instances_refusals(ec2, change, code):
    parameters = {k: v for k, v in (RUN | change).items() if v is not None}
    with refuses(code, 412 if code == "DryRunOperation" else 400):
        ec2.run_instances(**parameters)


def test_run_several_with_several_interfaces(ec2):
    several = RUN | {
        "MinCount": 2,
        "MaxCount": 3,
        "ClientToken": "t",
        "NetworkInterfaces": [
            {"DeviceIndex": 0, "SubnetId": SUBNET},
            {
                "DeviceIndex": 1,
                "SubnetId": SUBNET,
                "DeleteOnTermination": False,
                "Groups": ["sg-0cccccccccccccccf"],
            },
        ],
    }
    made = ec2.run_instances(**several)
    ids = [i["InstanceId"] for i in made["Instances"]]
    assert len(set(ids)) == 3 and [i["AmiLaunchIndex"] for i in made["Instances"]] == [0, 1, 2]
    found = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    assert (
        len(found) == 1
        and found[0]["ReservationId"] == made["ReservationId"]
        and len(found[0]["Instances"]) == 3
    )
    kept = [n["NetworkInterfaceId"] for n in found[0]["Instances"][0]["NetworkInterfaces"]][1]
    ec2.terminate_instances(InstanceIds=ids)
    assert interface(ec2, kept)["Status"] == "available"
    again = ec2.run_instances(**several)
    assert [i["InstanceId"] for i in again["Instances"]] == ids


def test_life_of_an_interface(ec2):
    made = ec2.create_network_interface(
        SubnetId=SUBNET,
        Description="d",
        Groups=["sg-0cccccccccccccccf"],
        TagSpecifications=tagged("network-interface", a="b"),
    )
    eni = made["NetworkInterface"]["NetworkInterfaceId"]
    assert (
        interface(ec2, eni) == made["NetworkInterface"] and made["NetworkInterface"]["Status"] == "available"
    )
    attachment = ec2.attach_network_interface(
        NetworkInterfaceId=eni, InstanceId="i-00000000000000001", DeviceIndex=1
    )["AttachmentId"]
    attached = interface(ec2, eni)
    assert attached["Status"] == "in-use" and attached["Attachment"]["InstanceId"] == "i-00000000000000001"
    assert [n["NetworkInterfaceId"] for n in instance(ec2, "i-00000000000000001")["NetworkInterfaces"]] == [
        ENI,
        eni,
    ]
    with refuses("InvalidNetworkInterface.InUse"):
        ec2.delete_network_interface(NetworkInterfaceId=eni)
    with refuses("InvalidNetworkInterface.InUse"):
        ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId="i-00000000000000002", DeviceIndex=5)
    ec2.detach_network_interface(AttachmentId=attachment)
    with refuses("InvalidAttachmentID.NotFound"):
        ec2.detach_network_interface(AttachmentId=attachment)
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    with refuses("InvalidNetworkInterfaceID.NotFound"):
        ec2.delete_network_interface(NetworkInterfaceId=eni)


def test_attach_refusals(ec2):
    eni = ec2.create_network_interface(SubnetId=SUBNET)["NetworkInterface"]["NetworkInterfaceId"]
    far = ec2.create_network_interface(SubnetId=SUBNET_B)["NetworkInterface"]["NetworkInterfaceId"]
    attach = ec2.attach_network_interface
    with refuses("InvalidParameterValue"):
        attach(NetworkInterfaceId=eni, InstanceId="i-00000000000000001", DeviceIndex=0)
    with refuses("InvalidParameterCombination"):
        attach(NetworkInterfaceId=far, InstanceId="i-00000000000000001", DeviceIndex=1)
    with refuses("InvalidInstanceID.NotFound"):
        attach(NetworkInterfaceId=eni, InstanceId="i-0fffffffffffffff1", DeviceIndex=1)
    more = [
        ec2.create_network_interface(SubnetId=SUBNET)["NetworkInterface"]["NetworkInterfaceId"]
        for _ in range(2)
    ]
    for index, id in enumerate(more, 1):
        attach(NetworkInterfaceId=id, InstanceId="i-00000000000000001", DeviceIndex=index)
    with refuses("AttachmentLimitExceeded"):
        attach(NetworkInterfaceId=eni, InstanceId="i-00000000000000001", DeviceIndex=3)
    primary = interface(ec2, ENI)["Attachment"]["AttachmentId"]
    with refuses("OperationNotPermitted"):
        ec2.detach_network_interface(AttachmentId=primary)
    with refuses("AuthFailure", 403):
        ec2.delete_network_interface(NetworkInterfaceId="eni-000000000000000e1")


def test_what_describe_instances_leaves_out(ec2):
    inside = instance(ec2, "i-00000000000000001")["NetworkInterfaces"][0]
    outside = interface(ec2, ENI)
    assert {"TagSet", "RequesterManaged", "AvailabilityZone"}.isdisjoint(inside)
    assert outside["TagSet"] == [{"Key": "Layer", "Value": "web"}] and outside["RequesterManaged"] is False
    assert outside["AvailabilityZoneId"] == "euw1-az1" and "InstanceType" not in outside


def test_managed_resources_are_hidden(ec2):
    assert "i-00000000000000008" not in names(ec2.describe_instances())
    assert "i-00000000000000008" in names(ec2.describe_instances(IncludeManagedResources=True))
    ids = lambda **more: [
        i["NetworkInterfaceId"] for i in ec2.describe_network_interfaces(**more)["NetworkInterfaces"]
    ]
    assert MANAGED not in ids() and MANAGED in ids(IncludeManagedResources=True)
    with refuses("InvalidInstanceID.NotFound"):
        instance(ec2, "i-00000000000000008")
    shown = ec2.describe_instances(InstanceIds=["i-00000000000000008"], IncludeManagedResources=True)
    assert shown["Reservations"][0]["Instances"][0]["Operator"] == {
        "Managed": True,
        "Principal": "eks.amazonaws.com",
        "HiddenByDefault": True,
    }


@pytest.mark.parametrize(
    "name, value, ids",
    [
        ("instance-id", "*1", {1}),
        ("instance-type", "t2.*", {3}),
        ("instance-state-name", "stopped", {6}),
        ("instance-state-code", "80", {6}),
        ("subnet-id", "subnet-00000000000000006", {5}),
        ("availability-zone", "eu-west-1c", set()),
        ("tag:Layer", "web", set()),
        ("network-interface.network-interface-id", ENI_B, {2}),
        ("network-interface.tag-key", "Layer", {1}),
        ("network-interface.tag-value", "web", {1}),
        ("private-ip-address", "10.99.*", set()),
        ("image-id", "ami-f*", set()),
        ("owner-id", "4*", set()),
        ("operator.managed", "true", set()),
        ("network-interface.ipv6-native", "true", {5}),
        ("network-interface.attachment.device-index", "1", {2, "a"}),
        ("network-interface.attachment.attachment-id", "eni-attach-x", set()),
        ("network-interface.addresses.private-ip-address", "192.*", set()),
        ("architecture", "arm64", set()),
        ("network-interface.requester-managed", "true", set()),
        ("tag:Name", "wEb", set()),
        ("tag-key", "mirror", set()),
        ("tag-value", "nothing", set()),
    ],
)
def test_instance_filters(ec2, name, value, ids):
    found = names(ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}]))
    assert set(found) == {f"i-0000000000000000{n}" for n in ids}


def test_filters_go_together_by_and_values_by_or(ec2):
    find = lambda *filters: len(
        names(ec2.describe_instances(Filters=[{"Name": n, "Values": v} for n, v in filters]))
    )
    assert find(("tag:Mirror", ["True"])) == 7
    assert find(("tag:Mirror", ["True"]), ("instance-type", ["t2.micro", "m8g.large"])) == 2
    assert find(("tag-key", ["Mirror"]), ("vpc-id", [VPC]), ("availability-zone-id", ["euw1-az2"])) == 0
    assert find(("availability-zone-id", ["euw1-az2"])) == 12


@pytest.mark.parametrize(
    "name, value, count",
    [
        ("interface-type", "trunk", 1),
        ("requester-managed", "true", 2),
        ("requester-id", "amazon-rds", 1),
        ("tag:Layer", "web", 1),
        ("attachment.instance-id", "i-00000000000000002", 2),
        ("attachment.device-index", "1", 2),
        ("attachment.instance-owner-id", "999999999999", 0),
        ("status", "available", 2),
        ("description", "ELB*", 1),
        ("ipv6-native", "true", 1),
        ("group-id", "sg-0cccccccccccccccf", 0),
        ("operator.managed", "true", 0),
    ],
)
def test_interface_filters(ec2, name, value, count):
    found = ec2.describe_network_interfaces(Filters=[{"Name": name, "Values": [value]}])["NetworkInterfaces"]
    assert len(found) == count, [i["NetworkInterfaceId"] for i in found]


def test_filter_limits(ec2):
    find = lambda filters: ec2.describe_instances(Filters=filters)
    with refuses("FilterLimitExceeded"):
        find([{"Name": "vpc-id", "Values": [VPC]}] * 51)
    with refuses("FilterLimitExceeded"):
        find([{"Name": "vpc-id", "Values": [VPC] * 201}])
    with refuses("FilterLimitExceeded"):
        find([{"Name": "vpc-id", "Values": [VPC] * 200}, {"Name": "tag:Mirror", "Values": ["True"]}])
    with refuses("InvalidParameterValue"):
        find([{"Name": "vpc-id", "Values": ["x" * 256]}])
    with refuses("InvalidParameterValue"):
        find([{"Name": "colour", "Values": ["red"]}])
    with refuses("InvalidParameterValue"):
        find([{"Name": "vpc-id", "Values": []}])
    find([{"Name": "vpc-id", "Values": [VPC] * 4}] * 50)


def test_literal_stars(ec2):
    ec2.create_tags(Resources=["i-00000000000000001"], Tags=[{"Key": "Pattern", "Value": "a*b"}])
    ec2.create_tags(Resources=["i-00000000000000002"], Tags=[{"Key": "Pattern", "Value": "axb"}])
    find = lambda value: names(ec2.describe_instances(Filters=[{"Name": "tag:Pattern", "Values": [value]}]))
    assert len(find("a*b")) == 2 and find("a\\*b") == ["i-00000000000000001"] and find("a?b") == find("a*b")


def test_network_and_places(ec2):
    assert [
        v["VpcId"] for v in ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["prod"]}])["Vpcs"]
    ] == [VPC]
    subnets = ec2.describe_subnets(
        Filters=[
            {"Name": "availability-zone-id", "Values": ["euw1-az1"]},
            {"Name": "ipv6-native", "Values": ["false"]},
        ]
    )
    assert [s["SubnetId"] for s in subnets["Subnets"]] == [SUBNET, "subnet-0000000000000005d"]
    with refuses("InvalidVpcID.NotFound"):
        ec2.describe_vpcs(VpcIds=["vpc-0fffffffffffffff1"])
    kinds = {e["VpcEndpointId"]: e["VpcEndpointType"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"]}
    assert kinds == {"vpce-00000000000000001": "GatewayLoadBalancer", "vpce-00000000000000002": "Interface"}
    assert {"eu-west-1", "us-east-1"} < {r["RegionName"] for r in ec2.describe_regions()["Regions"]}
    assert "af-south-1" in {r["RegionName"] for r in ec2.describe_regions(AllRegions=True)["Regions"]}
    zones = {z["ZoneName"]: z["ZoneId"] for z in ec2.describe_availability_zones()["AvailabilityZones"]}
    assert zones == {"eu-west-1a": "euw1-az1", "eu-west-1b": "euw1-az2", "eu-west-1c": "euw1-az3"}
    with refuses("InvalidParameterValue"):
        ec2.describe_regions(RegionNames=["eu-nowhere-1"])
    with refuses("InvalidParameterValue"):
        ec2.describe_availability_zones(ZoneNames=["eu-west-1z"])


def test_security_groups(ec2):
    vxlan = {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    group = lambda: ec2.describe_security_groups(GroupIds=["sg-0ccccccccccccccc1"])["SecurityGroups"][0]
    assert group()["IpPermissions"] == []
    ec2.authorize_security_group_ingress(GroupId="sg-0ccccccccccccccc1", IpPermissions=[vxlan])
    assert group()["IpPermissions"] == [
        vxlan | {"Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    ]
    with refuses("InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId="sg-0ccccccccccccccc1", IpPermissions=[vxlan])
    ec2.revoke_security_group_ingress(
        GroupId="sg-0ccccccccccccccc1", IpProtocol="udp", FromPort=4789, ToPort=4789, CidrIp="10.0.0.0/8"
    )
    assert group()["IpPermissions"] == []
    with refuses("InvalidPermission.NotFound"):
        ec2.revoke_security_group_ingress(GroupId="sg-0ccccccccccccccc1", IpPermissions=[vxlan])


def test_instance_types(ec2):
    metal, t2 = ec2.describe_instance_types(InstanceTypes=["m5.metal", "t2.micro"])["InstanceTypes"]
    assert metal["BareMetal"] and "Hypervisor" not in metal and t2["Hypervisor"] == "xen"
    with refuses("InvalidInstanceType"):
        ec2.describe_instance_types(InstanceTypes=["q1.large"])
    for size in (4, 101):
        with refuses("InvalidMaxResults"):
            ec2.describe_instance_types(MaxResults=size)
    nitro = ec2.describe_instance_types(
        Filters=[{"Name": "instance-type", "Values": ["c5.*"]}, {"Name": "bare-metal", "Values": ["true"]}]
    )
    assert [t["InstanceType"] for t in nitro["InstanceTypes"]] == ["c5.metal"]
