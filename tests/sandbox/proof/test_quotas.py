"""The large quotas, reached by a fleet file."""

import pytest

from conftest import refuses, session

HEAD = """
regions:
  eu-west-1:
    vpcs: [{id: vpc-0aaaaaaaaaaaaaaa1}]
    subnets: [{id: subnet-0000000000000001a, vpc_id: vpc-0aaaaaaaaaaaaaaa1, availability_zone: eu-west-1a}]
    instances:
      - {subnet_id: subnet-0000000000000001a, instance_type: m5.24xlarge, network_interfaces: [{id: eni-0000000000000000b}, {id: eni-0000000000000000c}]}
"""


@pytest.fixture
def full(start, tmp_path):
    def full(elsewhere="", **lists):
        rows = lambda rows: "".join(f"      - {row}\n" for row in rows)
        text = (
            HEAD
            + rows(lists.pop("instances", []))
            + "".join(f"    {name}:\n{rows(items)}" for name, items in lists.items())
            + elsewhere
        )
        (tmp_path / "fleet.yaml").write_text(text)
        sandbox = start("--fleet", str(tmp_path / "fleet.yaml"), "--no-throttle")
        ec2 = sandbox.client()
        return (ec2, sandbox.client(region="us-east-1")) if elsewhere else ec2

    return full


def test_ten_thousand_filters_and_targets(full):
    # Targets whose interface is gone stay, and count.
    ec2 = full(
        traffic_mirror_filters=(f"{{id: tmf-{n:017x}}}" for n in range(10_000)),
        traffic_mirror_targets=(
            f"{{id: tmt-{n:017x}, network_interface_id: eni-{n + 100:017x}}}" for n in range(10_000)
        ),
    )
    with refuses("TrafficMirrorFilterLimitExceeded"):
        ec2.create_traffic_mirror_filter()
    with refuses("TrafficMirrorTargetLimitExceeded"):
        ec2.create_traffic_mirror_target(NetworkInterfaceId="eni-0000000000000000c")
    ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=f"tmf-{5:017x}")
    ec2.create_traffic_mirror_filter()


def test_a_hundred_sources_of_a_large_instance(full):
    ec2 = full(
        instances=(
            f"{{subnet_id: subnet-0000000000000001a, network_interfaces: [{{id: eni-{n + 100:017x}}}]}}"
            for n in range(101)
        ),
        traffic_mirror_targets=["{id: tmt-0000000000000000b, network_interface_id: eni-0000000000000000b}"],
        traffic_mirror_filters=["{id: tmf-00000000000000001}"],
    )
    for n in range(100):
        session(ec2, f"eni-{n + 100:017x}", "tmt-0000000000000000b")
    with refuses("TrafficMirrorSourcesPerTargetLimitExceeded") as error:
        session(ec2, f"eni-{200:017x}", "tmt-0000000000000000b")
    assert "(101)" in error.message


def test_ten_thousand_sessions(full):
    eni = lambda n: f"eni-{n + 100:017x}"
    elsewhere = """
  us-east-1:
    vpcs: [{id: vpc-0aaaaaaaaaaaaaae1}]
    subnets: [{id: subnet-000000000000000e1, vpc_id: vpc-0aaaaaaaaaaaaaae1, availability_zone: us-east-1a}]
    instances: [{subnet_id: subnet-000000000000000e1, network_interfaces: [{id: eni-000000000000000e1}]}]
    vpc_endpoints: [{id: vpce-000000000000000e1, vpc_id: vpc-0aaaaaaaaaaaaaae1, endpoint_type: GatewayLoadBalancer}]
    traffic_mirror_targets: [{id: tmt-000000000000000e1, gateway_load_balancer_endpoint_id: vpce-000000000000000e1}]
    traffic_mirror_filters: [{id: tmf-000000000000000e1}]
"""
    ec2, far = full(
        elsewhere,
        instances=(
            f"{{subnet_id: subnet-0000000000000001a, network_interfaces: [{{id: {eni(n)}}}]}}"
            for n in range(3334)
        ),
        vpc_endpoints=[
            "{id: vpce-00000000000000001, vpc_id: vpc-0aaaaaaaaaaaaaaa1, endpoint_type: GatewayLoadBalancer}"
        ],
        traffic_mirror_targets=[
            "{id: tmt-0000000000000000d, gateway_load_balancer_endpoint_id: vpce-00000000000000001}"
        ],
        traffic_mirror_filters=["{id: tmf-00000000000000001}"],
        traffic_mirror_sessions=(
            f"{{network_interface_id: {eni(n // 3)}, session_number: {n % 3 + 1},"
            " traffic_mirror_target_id: tmt-0000000000000000d, traffic_mirror_filter_id: tmf-00000000000000001}"
            for n in range(9999)
        ),
    )
    last = session(ec2, eni(3333), "tmt-0000000000000000d")["TrafficMirrorSessionId"]
    with refuses("TrafficMirrorSessionLimitExceeded"):
        session(ec2, eni(3333), "tmt-0000000000000000d", number=2)
    there = ("eni-000000000000000e1", "tmt-000000000000000e1", "tmf-000000000000000e1")
    with refuses("TrafficMirrorSessionLimitExceeded"):
        session(far, *there)
    pages = ec2.get_paginator("describe_traffic_mirror_sessions").paginate(
        PaginationConfig={"PageSize": 1000}
    )
    sessions = [s for page in pages for s in page["TrafficMirrorSessions"]]
    assert len(sessions) == 10_000
    # Numbers that AWS draws are unique in the account, also among so many.
    assert len({s["VirtualNetworkId"] for s in sessions}) == 10_000
    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=last)
    session(far, *there)
    with refuses("TrafficMirrorSessionLimitExceeded"):
        session(ec2, eni(3333), "tmt-0000000000000000d", number=2)
