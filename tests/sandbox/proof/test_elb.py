"""elbv2: what stands behind a target that is a load balancer."""

from conftest import SUBNET, SUBNET_B, VPC, refuses

import pytest

MIRROR = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/mirror/0123456789abcdef"
SENSOR, STOPPED, ILL = "i-0000000000000000a", "i-00000000000000006", "i-0000000000000000b"


@pytest.fixture
def elb(sandbox):
    return sandbox.client("elbv2")


def health(elb, group):
    found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return {t["Target"]["Id"]: (t["TargetHealth"]["State"], t["TargetHealth"].get("Reason")) for t in found}


def test_the_fleets_load_balancer(elb):
    balancer = elb.describe_load_balancers(Names=["mirror"])["LoadBalancers"][0]
    assert (
        balancer["LoadBalancerArn"] == MIRROR
        and balancer["Type"] == "network"
        and balancer["State"] == {"Code": "active"}
    )
    assert [(z["ZoneName"], z["SubnetId"]) for z in balancer["AvailabilityZones"]] == [("eu-west-1a", SUBNET)]
    listener = elb.describe_listeners(LoadBalancerArn=MIRROR)["Listeners"][0]
    assert (listener["Protocol"], listener["Port"]) == ("UDP", 4789)
    group = listener["DefaultActions"][0]["TargetGroupArn"]
    assert elb.describe_target_groups(LoadBalancerArn=MIRROR)["TargetGroups"][0]["TargetGroupArn"] == group
    assert health(elb, group) == {
        SENSOR: ("healthy", None),
        STOPPED: ("unused", "Target.InvalidState"),
        ILL: ("unhealthy", "Target.FailedHealthChecks"),
    }
    one = elb.describe_target_health(TargetGroupArn=group, Targets=[{"Id": SENSOR}])[
        "TargetHealthDescriptions"
    ]
    assert len(one) == 1


def test_health_follows_the_instance_and_can_be_forced(sandbox, elb, ec2):
    group = elb.describe_target_groups(Names=["sensors"])["TargetGroups"][0]["TargetGroupArn"]
    ec2.stop_instances(InstanceIds=[SENSOR])
    assert health(elb, group)[SENSOR] == ("unused", "Target.InvalidState")
    ec2.start_instances(InstanceIds=[SENSOR])
    force = {"region": "eu-west-1", "target_group_arn": group, "target_id": SENSOR}
    sandbox.control("POST", "target-health", force | {"state": "draining"})
    assert health(elb, group)[SENSOR] == ("draining", "Target.DeregistrationInProgress")
    sandbox.control("POST", "target-health", force | {"state": None})
    assert health(elb, group)[SENSOR] == ("healthy", None)
    elb.delete_listener(
        ListenerArn=elb.describe_listeners(LoadBalancerArn=MIRROR)["Listeners"][0]["ListenerArn"]
    )
    assert health(elb, group)[SENSOR] == ("unused", "Target.NotInUse")


def test_set_up_by_calls(elb, ec2):
    balancer = elb.create_load_balancer(
        Name="new", Type="network", Scheme="internal", SubnetMappings=[{"SubnetId": SUBNET_B}]
    )["LoadBalancers"][0]
    arn = balancer["LoadBalancerArn"]
    assert balancer["Scheme"] == "internal" and balancer["VpcId"] == VPC and ":loadbalancer/net/new/" in arn
    made = elb.create_target_group(Name="new", Protocol="UDP", Port=4789, VpcId=VPC)["TargetGroups"][0]
    group = made["TargetGroupArn"]
    assert made["LoadBalancerArns"] == [] and made["TargetType"] == "instance"
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    listener = elb.create_listener(LoadBalancerArn=arn, Protocol="UDP", Port=4789, DefaultActions=forward)[
        "Listeners"
    ][0]
    assert elb.describe_listeners(ListenerArns=[listener["ListenerArn"]])["Listeners"] == [listener]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": SENSOR}, {"Id": SENSOR, "Port": 1}])
    # The load balancer is only in the other zone.
    assert health(elb, group) == {SENSOR: ("unused", "Target.NotInUse")}
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": SENSOR, "Port": 1}])
    assert len(elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]) == 1
    with refuses("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=group)
    target = ec2.create_traffic_mirror_target(NetworkLoadBalancerArn=arn)["TrafficMirrorTarget"]
    assert target["NetworkLoadBalancerArn"] == arn
    elb.delete_load_balancer(LoadBalancerArn=arn)
    elb.delete_target_group(TargetGroupArn=group)
    with refuses("LoadBalancerNotFound"):
        elb.describe_load_balancers(LoadBalancerArns=[arn])
    with refuses("TargetGroupNotFound"):
        elb.describe_target_groups(TargetGroupArns=[group])
    with refuses("ListenerNotFound"):
        elb.describe_listeners(ListenerArns=[listener["ListenerArn"]])


def test_attributes(elb):
    cross = "load_balancing.cross_zone.enabled"
    read = lambda found: {a["Key"]: a["Value"] for a in found["Attributes"]}
    assert read(elb.describe_load_balancer_attributes(LoadBalancerArn=MIRROR))[cross] == "false"
    changed = elb.modify_load_balancer_attributes(
        LoadBalancerArn=MIRROR, Attributes=[{"Key": cross, "Value": "true"}]
    )
    assert (
        read(changed)[cross] == "true"
        and changed["Attributes"]
        == elb.describe_load_balancer_attributes(LoadBalancerArn=MIRROR)["Attributes"]
    )
    group = elb.describe_target_groups(Names=["sensors"])["TargetGroups"][0]["TargetGroupArn"]
    assert (
        read(elb.describe_target_group_attributes(TargetGroupArn=group))[cross]
        == "use_load_balancer_configuration"
    )
    assert (
        read(
            elb.modify_target_group_attributes(
                TargetGroupArn=group, Attributes=[{"Key": cross, "Value": "false"}]
            )
        )[cross]
        == "false"
    )
    with refuses("InvalidConfigurationRequest"):
        elb.modify_load_balancer_attributes(
            LoadBalancerArn=MIRROR, Attributes=[{"Key": "colour", "Value": "red"}]
        )
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=MIRROR, Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}]
    )
    with refuses("OperationNotPermitted"):
        elb.delete_load_balancer(LoadBalancerArn=MIRROR)


def test_refusals(elb):
    group = elb.describe_target_groups(Names=["sensors"])["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    for code, call, parameters in (
        ("DuplicateLoadBalancerName", elb.create_load_balancer, {"Name": "mirror", "Subnets": [SUBNET]}),
        ("SubnetNotFound", elb.create_load_balancer, {"Name": "x", "Subnets": ["subnet-0fffffffffffffff1"]}),
        ("ValidationError", elb.create_load_balancer, {"Name": "x"}),
        ("ValidationError", elb.create_load_balancer, {"Subnets": [SUBNET]}),
        ("ValidationError", elb.describe_load_balancers, {"PageSize": 401}),
        ("ValidationError", elb.describe_listeners, {}),
        ("LoadBalancerNotFound", elb.describe_load_balancers, {"Names": ["x"]}),
        ("LoadBalancerNotFound", elb.describe_load_balancer_attributes, {"LoadBalancerArn": "x"}),
        ("TargetGroupNotFound", elb.describe_target_health, {"TargetGroupArn": "x"}),
        (
            "DuplicateTargetGroupName",
            elb.create_target_group,
            {"Name": "sensors", "Protocol": "UDP", "Port": 1, "VpcId": VPC},
        ),
        (
            "ValidationError",
            elb.create_target_group,
            {"Name": "x", "Protocol": "UDP", "Port": 1, "VpcId": "vpc-0fffffffffffffff1"},
        ),
        (
            "DuplicateListener",
            elb.create_listener,
            {"LoadBalancerArn": MIRROR, "Protocol": "UDP", "Port": 4789, "DefaultActions": forward},
        ),
        (
            "InvalidConfigurationRequest",
            elb.create_listener,
            {"LoadBalancerArn": MIRROR, "Protocol": "TCP", "Port": 1, "DefaultActions": forward},
        ),
        ("InvalidTarget", elb.register_targets, {"TargetGroupArn": group, "Targets": [{"Id": STOPPED}]}),
        (
            "InvalidTarget",
            elb.register_targets,
            {"TargetGroupArn": group, "Targets": [{"Id": "i-0fffffffffffffff1"}]},
        ),
    ):
        with refuses(code):
            call(**parameters)
