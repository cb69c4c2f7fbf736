"""Traffic mirror targets."""

import pytest

from conftest import ENI, GWLB, LARGE, NLB, TARGET, refuses, session, tagged

SPARE = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/spare/0123456789abcdef"
MIRROR = SPARE.replace("spare", "mirror")
FREE = "eni-000000000000000a2"


@pytest.mark.parametrize(
    "parameters, kind",
    [
        ({"NetworkInterfaceId": FREE}, "network-interface"),
        ({"NetworkLoadBalancerArn": SPARE}, "network-load-balancer"),
        ({"GatewayLoadBalancerEndpointId": "vpce-00000000000000001"}, "gateway-load-balancer-endpoint"),
    ],
)
def test_three_kinds(ec2, parameters, kind):
    made = ec2.create_traffic_mirror_target(
        Description="d", TagSpecifications=tagged("traffic-mirror-target", a="b"), **parameters
    )
    target = made["TrafficMirrorTarget"]
    assert (
        target
        == {
            "TrafficMirrorTargetId": target["TrafficMirrorTargetId"],
            "Type": kind,
            "Description": "d",
            "OwnerId": "111122223333",
            "Tags": [{"Key": "a", "Value": "b"}],
        }
        | parameters
    )
    id = target["TrafficMirrorTargetId"]
    assert ec2.describe_traffic_mirror_targets(TrafficMirrorTargetIds=[id])["TrafficMirrorTargets"] == [
        target
    ]
    session(ec2, target=id)
    ec2.delete_traffic_mirror_session(
        TrafficMirrorSessionId=ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0][
            "TrafficMirrorSessionId"
        ]
    )
    assert ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=id)["TrafficMirrorTargetId"] == id
    with refuses("InvalidTrafficMirrorTargetId.NotFound"):
        ec2.describe_traffic_mirror_targets(TrafficMirrorTargetIds=[id])


@pytest.mark.parametrize(
    "parameters, code",
    [
        ({}, "MissingParameter"),
        ({"NetworkInterfaceId": FREE, "NetworkLoadBalancerArn": SPARE}, "InvalidParameterCombination"),
        ({"NetworkInterfaceId": "eni-0fffffffffffffff1"}, "InvalidTrafficMirrorTarget"),
        ({"NetworkInterfaceId": "eni-1"}, "InvalidNetworkInterfaceId.Malformed"),
        ({"NetworkInterfaceId": "eni-0000000000000000a"}, "InterfaceInUseByTrafficMirrorTarget"),
        ({"NetworkLoadBalancerArn": SPARE + "0"}, "NetworkLoadBalancerNotFoundException"),
        ({"NetworkLoadBalancerArn": MIRROR}, "NlbInUseByTrafficMirrorTargetException"),
        ({"GatewayLoadBalancerEndpointId": "vpce-0fffffffffffffff1"}, "InvalidVpcEndpointId.NotFound"),
        ({"GatewayLoadBalancerEndpointId": "vpce-00000000000000002"}, "InvalidParameterValue"),
    ],
)
def test_refusals(ec2, parameters, code):
    with refuses(code) as error:
        ec2.create_traffic_mirror_target(**parameters)
    if code == "InvalidTrafficMirrorTarget":
        assert error.message == "The interface ID 'eni-0fffffffffffffff1' does not exist"


def test_a_source_cannot_become_a_target(ec2):
    session(ec2)
    with refuses("InterfaceInUseByTrafficMirrorSession"):
        ec2.create_traffic_mirror_target(NetworkInterfaceId=ENI)


def test_not_deleted_while_in_use(ec2):
    id = session(ec2)["TrafficMirrorSessionId"]
    with refuses("TrafficMirrorTargetInUseException"):
        ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=id, TrafficMirrorTargetId=LARGE)
    ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)


def test_a_target_outlives_what_it_leads_to(sandbox, ec2):
    session(ec2, target=NLB)
    sandbox.client("elbv2").delete_load_balancer(LoadBalancerArn=MIRROR)
    ec2.terminate_instances(InstanceIds=["i-0000000000000000a"])
    assert len(ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"]) == 4
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1


def test_client_token_and_dry_run(ec2):
    with refuses("DryRunOperation", 412):
        ec2.create_traffic_mirror_target(NetworkInterfaceId=FREE, DryRun=True)
    first = ec2.create_traffic_mirror_target(NetworkInterfaceId=FREE, ClientToken="t")
    again = ec2.create_traffic_mirror_target(NetworkInterfaceId=FREE, ClientToken="t")
    assert first["TrafficMirrorTarget"] == again["TrafficMirrorTarget"] and again["ClientToken"] == "t"
    with refuses("IdempotentParameterMismatch"):
        ec2.create_traffic_mirror_target(NetworkInterfaceId=ENI, ClientToken="t")


@pytest.mark.parametrize(
    "name, value, ids",
    [
        ("network-interface-id", "eni-0000000000000000a", [TARGET]),
        ("network-load-balancer-arn", "*/mirror/*", [NLB]),
        ("owner-id", "4*", []),
        ("description", "ten*", [TARGET]),
        ("traffic-mirror-target-id", "*d", [GWLB]),
    ],
)
def test_filters(ec2, name, value, ids):
    found = ec2.describe_traffic_mirror_targets(Filters=[{"Name": name, "Values": [value]}])
    assert [t["TrafficMirrorTargetId"] for t in found["TrafficMirrorTargets"]] == ids
