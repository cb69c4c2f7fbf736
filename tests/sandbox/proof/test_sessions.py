"""The rules of a traffic mirror session, each by its error code."""

import pytest

from conftest import (
    ENI,
    ENI_B,
    EMPTY_FILTER,
    FILTER,
    GWLB,
    LARGE,
    NLB,
    SUBNET,
    TARGET,
    TRUNK,
    crowd,
    refuses,
    session,
    tagged,
)


def test_create_answers_what_describe_shows(ec2):
    made = session(
        ec2,
        Description="d",
        PacketLength=100,
        VirtualNetworkId=7,
        TagSpecifications=tagged("traffic-mirror-session", a="b"),
    )
    id = made["TrafficMirrorSessionId"]
    assert id.startswith("tms-0") and len(id) == 21
    assert made == {
        "TrafficMirrorSessionId": id,
        "TrafficMirrorTargetId": TARGET,
        "TrafficMirrorFilterId": FILTER,
        "NetworkInterfaceId": ENI,
        "OwnerId": "111122223333",
        "PacketLength": 100,
        "SessionNumber": 1,
        "VirtualNetworkId": 7,
        "Description": "d",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == [made]
    assert ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=id)["TrafficMirrorSessionId"] == id
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []


@pytest.mark.parametrize("number", [0, -1, 32767, 10**12])
def test_number_out_of_range(ec2, number):
    with refuses("InvalidParameterValue"):
        session(ec2, number=number)


def test_number_at_its_ends(ec2):
    session(ec2, number=1)
    session(ec2, number=32766)


def test_number_is_unique_on_the_interface(ec2):
    first = session(ec2)
    second = session(ec2, number=2)
    session(ec2, ENI_B)
    with refuses("InvalidParameterValue") as error:
        session(ec2)
    assert "already being used" in error.message
    with refuses("InvalidParameterValue"):
        ec2.modify_traffic_mirror_session(
            TrafficMirrorSessionId=second["TrafficMirrorSessionId"], SessionNumber=1
        )
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=first["TrafficMirrorSessionId"], SessionNumber=1)


@pytest.mark.parametrize(
    "missing", ["NetworkInterfaceId", "TrafficMirrorTargetId", "TrafficMirrorFilterId", "SessionNumber"]
)
def test_required_parameters(ec2, missing):
    given = {
        "NetworkInterfaceId": ENI,
        "TrafficMirrorTargetId": TARGET,
        "TrafficMirrorFilterId": FILTER,
        "SessionNumber": 1,
    }
    del given[missing]
    with refuses("MissingParameter"):
        ec2.create_traffic_mirror_session(**given)


@pytest.mark.parametrize("vni", [0, -1, 1 << 24])
def test_virtual_network_id_out_of_range(ec2, vni):
    with refuses("InvalidParameterValue"):
        session(ec2, VirtualNetworkId=vni)


def test_virtual_network_ids_are_drawn_apart_and_may_repeat_when_named(ec2):
    drawn = {session(ec2, eni)["VirtualNetworkId"] for eni in crowd(ec2)[:10]}
    assert len(drawn) == 10 and all(1 <= vni <= 16777215 for vni in drawn)
    session(ec2, target=LARGE, VirtualNetworkId=16777215)
    session(ec2, target=LARGE, number=2, VirtualNetworkId=16777215)


def test_removing_the_virtual_network_id_draws_another(ec2):
    made = session(ec2, VirtualNetworkId=7)
    id = made["TrafficMirrorSessionId"]
    changed = ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=id, RemoveFields=["virtual-network-id"]
    )
    assert changed["TrafficMirrorSession"]["VirtualNetworkId"] != 7


def test_three_sessions_an_interface(ec2):
    for number in (1, 2, 3):
        session(ec2, number=number)
    with refuses("TrafficMirrorSessionsPerInterfaceLimitExceeded"):
        session(ec2, number=4)


def test_ten_sources_an_interface_target(ec2):
    enis = crowd(ec2)
    for eni in enis[:10]:
        session(ec2, eni)
    with refuses("TrafficMirrorSourcesPerTargetLimitExceeded") as error:
        session(ec2, enis[10])
    assert error.message == "Sources per interface-target limit reached (11)"
    elsewhere = session(ec2, enis[10], LARGE)["TrafficMirrorSessionId"]
    with refuses("TrafficMirrorSourcesPerTargetLimitExceeded"):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=elsewhere, TrafficMirrorTargetId=TARGET)


@pytest.mark.parametrize("target", [LARGE, NLB, GWLB])
def test_more_than_ten_sources_of_other_targets(ec2, target):
    for eni in crowd(ec2):
        session(ec2, eni, target)


@pytest.mark.parametrize(
    "change, code",
    [
        ({"eni": "eni-0fffffffffffffff1"}, "InvalidNetworkInterfaceID.NotFound"),
        ({"eni": "eni-xyz"}, "InvalidNetworkInterfaceId.Malformed"),
        ({"eni": "i-00000000000000001"}, "InvalidNetworkInterfaceId.Malformed"),
        ({"target": "tmt-0fffffffffffffff1"}, "InvalidTrafficMirrorTargetId.NotFound"),
        ({"target": "traf-mir-tar-1"}, "InvalidTrafficMirrorTargetId.Malformed"),
        ({"filter": "tmf-0fffffffffffffff1"}, "InvalidTrafficMirrorFilterId.NotFound"),
        ({"filter": "tmf-1"}, "InvalidTrafficMirrorFilterId.Malformed"),
    ],
)
def test_what_a_session_refers_to_must_exist(ec2, change, code):
    with refuses(code):
        session(ec2, **change)


@pytest.mark.parametrize(
    "eni",
    [
        "eni-00000000000000003",  # t2.micro
        "eni-00000000000000004",  # m8g.large: on no list
        "eni-00000000000000005",  # an IPv6-only subnet
        TRUNK,
        "eni-0000000000000000d",  # attached to nothing
        "eni-000000000000000e1",  # a load balancer's
        "eni-000000000000000e3",  # a branch interface
    ],
)
def test_interfaces_that_cannot_be_mirrored(ec2, eni):
    with refuses("NetworkInterfaceNotSupported"):
        session(ec2, eni)


@pytest.mark.parametrize("eni", ["eni-00000000000000006", "eni-000000000000000e2", "eni-00000000000000022"])
def test_a_stopped_instance_a_database_and_a_second_interface_can_be_mirrored(ec2, eni):
    session(ec2, eni)


def test_an_interface_that_is_a_target(ec2):
    with refuses("InterfaceInUseByTrafficMirrorTarget"):
        session(ec2, "eni-0000000000000000b")


def test_kinds_of_interface(start, tmp_path):
    """ElastiCache's own interfaces can be mirrored; interfaces of other types cannot, whoever they belong to."""
    kinds = ["efa", "nat_gateway", "lambda"]
    fleet = """
regions:
  eu-west-1:
    vpcs: [{id: vpc-0aaaaaaaaaaaaaaa1}]
    subnets: [{id: subnet-0000000000000001a, vpc_id: vpc-0aaaaaaaaaaaaaaa1, availability_zone: eu-west-1a}]
    instances: [{subnet_id: subnet-0000000000000001a, network_interfaces: [{id: eni-0000000000000000a}]}]
    traffic_mirror_targets: [{id: tmt-0000000000000000a, network_interface_id: eni-0000000000000000a}]
    traffic_mirror_filters: [{id: tmf-00000000000000001}]
    network_interfaces:
      - {id: eni-00000000000000001, subnet_id: subnet-0000000000000001a, requester_id: amazon-elasticache}
"""
    for n, kind in enumerate(kinds, 2):
        fleet += f"      - {{id: eni-{n:017x}, subnet_id: subnet-0000000000000001a, interface_type: {kind}}}\n"
    (tmp_path / "fleet.yaml").write_text(fleet)
    ec2 = start("--fleet", str(tmp_path / "fleet.yaml")).client()
    session(ec2, "eni-00000000000000001", "tmt-0000000000000000a")
    for n, kind in enumerate(kinds, 2):
        with refuses("NetworkInterfaceNotSupported") as error:
            session(ec2, f"eni-{n:017x}", "tmt-0000000000000000a")
        assert kind in error.message


def test_a_token_used_before(sandbox, ec2):
    made = session(ec2, ClientToken="t")
    with refuses("DryRunOperation", 412):
        session(ec2, ClientToken="t", DryRun=True)
    # Another action and another region do not know the token.
    ec2.create_traffic_mirror_filter(ClientToken="t")
    sandbox.client(region="us-east-1").create_traffic_mirror_filter(ClientToken="t", Description="x")
    assert session(ec2, ClientToken="t") == made


def test_a_session_outlives_the_instance_with_its_interface(ec2):
    eni = ec2.create_network_interface(SubnetId=SUBNET)["NetworkInterface"]["NetworkInterfaceId"]
    # What is attached afterwards is not deleted on termination.
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId="i-00000000000000001", DeviceIndex=1)
    made = session(ec2, eni)
    ec2.terminate_instances(InstanceIds=["i-00000000000000001"])
    left = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert [s["TrafficMirrorSessionId"] for s in left] == [made["TrafficMirrorSessionId"]]


@pytest.mark.parametrize("type, good", [("m5.metal", True), ("i3en.metal", False), ("c7g.metal", False)])
def test_bare_metal(ec2, type, good):
    made = ec2.run_instances(ImageId="ami-12345678", InstanceType=type, MinCount=1, MaxCount=1, SubnetId=SUBNET)
    eni = made["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]
    if good:
        session(ec2, eni)
    else:
        with refuses("NetworkInterfaceNotSupported"):
            session(ec2, eni)


def test_modify_changes_what_is_given_and_nothing_else(ec2):
    before = session(ec2, Description="d", PacketLength=100, VirtualNetworkId=7)
    id = before["TrafficMirrorSessionId"]
    after = ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=id, SessionNumber=5, TrafficMirrorFilterId=EMPTY_FILTER
    )
    assert after["TrafficMirrorSession"] == before | {
        "SessionNumber": 5,
        "TrafficMirrorFilterId": EMPTY_FILTER,
    }
    bare = ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=id, RemoveFields=["description", "packet-length"]
    )
    assert (
        "Description" not in bare["TrafficMirrorSession"]
        and "PacketLength" not in bare["TrafficMirrorSession"]
    )


def test_remove_field_by_its_words(ec2):
    id = session(ec2)["TrafficMirrorSessionId"]
    with refuses("InvalidParameterValue"):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=id, RemoveFields=["session-number"])
    with refuses("InvalidParameterCombination"):
        ec2.modify_traffic_mirror_session(
            TrafficMirrorSessionId=id, Description="x", RemoveFields=["description"]
        )


@pytest.mark.parametrize("call", ["modify_traffic_mirror_session", "delete_traffic_mirror_session"])
def test_a_session_that_does_not_exist(ec2, call):
    with refuses("InvalidTrafficMirrorSessionId.NotFound"):
        getattr(ec2, call)(TrafficMirrorSessionId="tms-0fffffffffffffff1")
    with refuses("InvalidTrafficMirrorSessionId.Malformed"):
        getattr(ec2, call)(TrafficMirrorSessionId="tms-1")


def test_dry_run_changes_nothing(ec2):
    with refuses("DryRunOperation", 412):
        session(ec2, DryRun=True)
    with refuses("InvalidTrafficMirrorFilterId.NotFound"):
        session(ec2, DryRun=True, filter="tmf-0fffffffffffffff1")
    id = session(ec2)["TrafficMirrorSessionId"]
    for call, more in (
        (ec2.modify_traffic_mirror_session, {"SessionNumber": 9, "TrafficMirrorSessionId": id}),
        (ec2.delete_traffic_mirror_session, {"TrafficMirrorSessionId": id}),
        (ec2.describe_traffic_mirror_sessions, {}),
    ):
        with refuses("DryRunOperation", 412):
            call(DryRun=True, **more)
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][0]["SessionNumber"] == 1


def test_client_token(ec2):
    first = session(ec2, ClientToken="t")
    assert session(ec2, ClientToken="t") == first
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1
    with refuses("IdempotentParameterMismatch"):
        session(ec2, ClientToken="t", number=2)
    # The token outlives the session: the dead id comes back, and nothing is made.
    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=first["TrafficMirrorSessionId"])
    assert session(ec2, ClientToken="t") == first
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
    for bad in ("x" * 65, "ü"):
        with refuses("InvalidParameterValue"):
            session(ec2, ClientToken=bad)


def test_a_failed_create_does_not_use_up_its_token(ec2):
    with refuses("NetworkInterfaceNotSupported"):
        session(ec2, TRUNK, ClientToken="t")
    session(ec2, ClientToken="t")


def test_tags_come_with_the_create_or_nothing_does(ec2):
    with refuses("InvalidParameterValue"):
        session(ec2, TagSpecifications=tagged("traffic-mirror-session", **{"aws:x": "1"}))
    with refuses("InvalidParameterValue"):
        session(ec2, TagSpecifications=tagged("instance", a="b"))
    with refuses("TagLimitExceeded"):
        session(ec2, TagSpecifications=tagged("traffic-mirror-session", **{f"k{n}": "" for n in range(51)}))
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
    session(ec2, TagSpecifications=tagged("traffic-mirror-session", **{f"k{n}": "" for n in range(50)}))


@pytest.mark.parametrize(
    "name, value, hit",
    [
        ("description", "d*", True),
        ("description", "D*", False),
        ("network-interface-id", ENI, True),
        ("owner-id", "111122223333", True),
        ("packet-length", "100", True),
        ("session-number", "1", True),
        ("session-number", "2", False),
        ("traffic-mirror-filter-id", FILTER, True),
        ("traffic-mirror-session-id", "tms-*", True),
        ("traffic-mirror-target-id", TARGET, True),
        ("virtual-network-id", "?", True),
    ],
)
def test_documented_filters(ec2, name, value, hit):
    session(ec2, Description="dä", PacketLength=100, VirtualNetworkId=7)
    found = ec2.describe_traffic_mirror_sessions(Filters=[{"Name": name, "Values": ["nothing", value]}])
    assert len(found["TrafficMirrorSessions"]) == hit


@pytest.mark.parametrize("name", ["tag:Name", "tag-key", "state", ""])
def test_other_filters_are_refused(ec2, name):
    with refuses("InvalidParameterValue" if name else "MissingParameter"):
        ec2.describe_traffic_mirror_sessions(Filters=[{"Name": name, "Values": ["x"]}])


def test_sessions_end_with_their_interface(ec2):
    session(ec2)
    ec2.terminate_instances(InstanceIds=["i-00000000000000001"])
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []


def test_sessions_outlive_a_detached_interface_and_a_stopped_instance(ec2):
    session(ec2, "eni-00000000000000022")
    attachment = ec2.describe_network_interfaces(NetworkInterfaceIds=["eni-00000000000000022"])[
        "NetworkInterfaces"
    ][0]["Attachment"]
    ec2.stop_instances(InstanceIds=["i-00000000000000002"])
    ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1
    ec2.delete_network_interface(NetworkInterfaceId="eni-00000000000000022")
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
