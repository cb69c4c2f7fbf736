"""The documented buckets of calls, and the clock that fills them."""

import pytest
from botocore.exceptions import ClientError

from conftest import session

WEB = "i-00000000000000001"


def until_throttled(call, limit=300):
    for n in range(limit):
        try:
            call()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "RequestLimitExceeded"
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
            return n
    return limit


@pytest.fixture
def still(sandbox):
    """Throttling on, the clock standing still: buckets fill only when the test says so."""
    sandbox.control("PATCH", "settings", {"throttle": True})
    sandbox.control("POST", "clock", {"speed": 0})
    yield sandbox
    sandbox.control("POST", "clock", {"speed": 1})


def test_documented_buckets(still):
    ec2, forward = still.client(), lambda seconds: still.control(
        "POST", "clock", {"advance_seconds": seconds}
    )
    paged = lambda: ec2.describe_instances(MaxResults=5)
    assert until_throttled(paged) == 100
    forward(1)
    assert until_throttled(paged) == 20
    assert until_throttled(ec2.describe_instances) == 50
    forward(1)
    assert until_throttled(ec2.describe_instances) == 10
    assert until_throttled(ec2.describe_traffic_mirror_sessions) == 100

    def create():
        try:
            session(ec2, number=0)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidParameterValue":
                raise

    assert until_throttled(create) == 50
    forward(2)
    assert until_throttled(create) == 10
    assert until_throttled(lambda: ec2.create_tags(Resources=[WEB], Tags=[{"Key": "k", "Value": "v"}])) == 100
    # Each account, region and action has its own.
    still.other().describe_instances()
    still.client(region="us-east-1").describe_instances()
    ec2.delete_tags(Resources=[WEB])


def test_more_documented_buckets(still):
    ec2 = still.client()
    tag = [{"Key": "k", "Value": "v"}]

    def refused(call, **parameters):
        def attempt():
            try:
                call(**parameters)
            except ClientError as error:
                if error.response["Error"]["Code"] == "RequestLimitExceeded":
                    raise

        return attempt

    missing = {"TrafficMirrorSessionId": "tms-00000000000000404"}
    for call, size, rate in (
        (ec2.describe_network_interfaces, 50, 10),
        (lambda: ec2.describe_network_interfaces(MaxResults=5), 100, 20),
        (refused(ec2.modify_traffic_mirror_session, **missing), 50, 5),
        (refused(ec2.delete_traffic_mirror_session, **missing), 50, 5),
        (refused(ec2.run_instances), 5, 2),
        (refused(ec2.start_instances, InstanceIds=["i-00000000000000404"]), 5, 2),
        (refused(ec2.delete_tags, Resources=["i-00000000000000404"], Tags=tag), 100, 10),
    ):
        assert until_throttled(call) == size
        still.control("POST", "clock", {"advance_seconds": 1})
        assert until_throttled(call) == rate


def test_buckets_can_be_set_and_switched(still):
    ec2 = still.client()
    still.control("PATCH", "settings", {"rates": {"DescribeVpcs": {"size": 3, "per_second": 1}}})
    assert until_throttled(ec2.describe_vpcs) == 3
    still.control("POST", "clock", {"advance_seconds": 2})
    assert until_throttled(ec2.describe_vpcs) == 2
    still.control("PATCH", "settings", {"throttle": False})
    assert until_throttled(ec2.describe_vpcs) == 300


def test_throttling_is_on_by_default_and_a_fast_clock_fills_buckets(start):
    slow, fast = start(), start("--clock-speed", "1000")
    assert slow.control("GET", "settings")["throttle"]
    slow.control("POST", "clock", {"speed": 0})
    assert until_throttled(slow.client().describe_vpcs) == 100
    assert until_throttled(fast.client().describe_vpcs) == 300
