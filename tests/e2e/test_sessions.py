"""Arguments that shape each session: length, VXLAN network, names, descriptions and copied tags."""

import pytest

from harness.hcl import coverage

PROD = "mirror_coverage.prod"


def by_interface(sandbox):
    return {session.interface: session for session in sandbox.sessions()}


def test_packet_length(workspace, sandbox, fleet):
    lengths = (("packet_length = 200", 200), ("packet_length = 1500", 1500), ("packet_length = 8500", 8500), ("", None))
    for argument, expected in lengths:
        before = {session.id for session in sandbox.sessions()}
        workspace.configure(sandbox.provider(), coverage(fleet, argument))
        workspace.apply()
        assert {session.packet_length for session in sandbox.sessions()} == {expected}
        assert not before or {session.id for session in sandbox.sessions()} == before, "changed in place"
    # What a load balancer reports for the whole packet is less than that on a network interface.
    session = sandbox.sessions()[0]
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session.id, PacketLength=8500)
    assert workspace.plan().before(PROD)["deviations"] == {session.interface: "packet_length is 8500"}
    workspace.apply()
    assert {session.packet_length for session in sandbox.sessions()} == {None}


def test_virtual_network_id(workspace, sandbox, fleet):
    for number in (4242, 4243):
        workspace.configure(sandbox.provider(), coverage(fleet, f"virtual_network_id = {number}"))
        plan = workspace.plan()
        assert {kept["virtual_network_id"] for kept in plan.after(PROD)["sessions"].values()} == {number}
        workspace.apply_saved()
        workspace.assert_empty_plan()
        assert {session.virtual_network_id for session in sandbox.sessions()} == {number}
    # Drift of what the configuration fixes is repaired.
    session = sandbox.sessions()[0]
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session.id, VirtualNetworkId=7)
    assert workspace.plan().actions == {PROD: ["update"]}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.virtual_network_id for session in sandbox.sessions()} == {4243}
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()


@pytest.mark.spine
def test_virtual_network_id_range(workspace, sandbox, fleet):
    hcl = coverage(fleet, "virtual_network_id_range = { first = 1000, last = 1003 }")
    workspace.configure(sandbox.provider(), hcl)
    workspace.apply()
    first = {interface: session.virtual_network_id for interface, session in by_interface(sandbox).items()}
    assert len(set(first.values())) == 3 and set(first.values()) <= set(range(1000, 1004))
    # One that somebody changed by hand is changed back, in the range or not.
    for elsewhere in ({*range(1000, 1004)} - {*first.values()}, {77}):
        session = sandbox.sessions()[0]
        sandbox.ec2.modify_traffic_mirror_session(
            TrafficMirrorSessionId=session.id, VirtualNetworkId=elsewhere.pop()
        )
        assert session.interface in workspace.plan().before(PROD)["deviations"]
        workspace.apply()
        assert {interface: s.virtual_network_id for interface, s in by_interface(sandbox).items()} == first

    fleet.launch("web-3", Mirror="True")
    workspace.apply()
    second = {interface: session.virtual_network_id for interface, session in by_interface(sandbox).items()}
    assert {interface: second[interface] for interface in first} == first, "sticky"
    assert set(second.values()) == set(range(1000, 1004))

    # The range is full now.
    fleet.launch("web-4", Mirror="True")
    result = workspace.try_plan()
    assert result.code == 1, result.readable()
    assert any("virtual_network_id_range" in error.code for error in result.errors), result.readable()
    assert len(sandbox.sessions()) == 4


def test_name_tag(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    session = by_interface(sandbox)[interface]
    assert session.tags["Name"] == fleet.instances["web-1"]
    sandbox.tag(session.id, Name="by hand")
    workspace.assert_empty_plan()

    workspace.configure(sandbox.provider(), coverage(fleet, 'name_tag = "mirror of {instance_name}"'))
    workspace.apply()
    assert by_interface(sandbox)[interface].tags["Name"] == "mirror of web-1"
    sandbox.tag(session.id, Name="by hand")
    workspace.apply()
    assert by_interface(sandbox)[interface].tags["Name"] == "mirror of web-1"


def test_description_template(workspace, sandbox, fleet):
    text = "{instance_name} {instance_id} {network_interface_id} {{x"
    workspace.configure(sandbox.provider(), coverage(fleet, f'description = "{text}"'))
    workspace.apply()
    for name in ("web-1", "web-2"):
        for interface in fleet.interfaces[name]:
            expected = f"{name} {fleet.instances[name]} {interface} {{x"
            assert by_interface(sandbox)[interface].description == expected

    # Another name of the instance is another description.
    sandbox.tag(fleet.instances["web-1"], Name="api-1")
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    assert by_interface(sandbox)[interface].description.startswith("api-1 ")

    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    assert {session.description for session in sandbox.sessions()} == {None}


@pytest.mark.spine
def test_copy_tags(workspace, sandbox, fleet):
    sandbox.tag(fleet.instances["web-1"], Stage="prod", Team="web")
    (interface,) = fleet.interfaces["web-1"]
    workspace.configure(
        sandbox.provider(), coverage(fleet, 'copy_tags = ["Stage", "Team"]', 'tags = { Team = "security" }')
    )
    workspace.apply()
    tags = by_interface(sandbox)[interface].tags
    assert tags["Stage"] == "prod" and tags["Team"] == "security"
    assert "Stage" not in by_interface(sandbox)[fleet.interfaces["web-2"][0]].tags

    sandbox.tag(fleet.instances["web-1"], Stage="test")
    assert workspace.plan().actions == {PROD: ["update"]}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert by_interface(sandbox)[interface].tags["Stage"] == "test"
    # One that the instance no longer has goes.
    sandbox.untag(fleet.instances["web-1"], key="Stage")
    workspace.apply()
    assert "Stage" not in by_interface(sandbox)[interface].tags


def test_ineligible_interfaces(workspace, sandbox, fleet):
    fleet.launch("old", instance_type="t2.micro", Mirror="True")
    (old,) = fleet.interfaces["old"]
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    state = workspace.state()[PROD]
    assert state["skipped"][old]["reason"] == "UNSUPPORTED_INSTANCE_TYPE"
    assert state["skipped"][old]["instance_id"] == fleet.instances["old"]
    assert state["summary"] == {"matched": 4, "eligible": 3, "skipped": 1}
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()

    workspace.configure(sandbox.provider(), coverage(fleet, 'on_ineligible = "error"'))
    result = workspace.try_plan()
    assert result.code == 1
    assert any("on_ineligible" in e.code and old in e.text for e in result.errors), result.readable()

    # Whoever switches the coverage off is not hindered by it.
    workspace.configure(sandbox.provider(), coverage(fleet, 'on_ineligible = "error"', "enabled = false"))
    workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()

    # Tried on demand, the API refuses it, and that is one interface's failure.
    workspace.configure(sandbox.provider(), coverage(fleet, 'try_instance_types = ["t2.*"]'))
    sandbox.forget_calls()
    workspace.try_apply()
    tried = {call.parameter("NetworkInterfaceId") for call in sandbox.calls("CreateTrafficMirrorSession")}
    assert tried == {old}
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()
    # The refusal is remembered until other types are listed.
    workspace.assert_empty_plan()
    assert "refused" in workspace.plan().after(PROD)["skipped"][old]["detail"]
    workspace.configure(sandbox.provider(), coverage(fleet, 'try_instance_types = ["t2.micro"]'))
    assert workspace.plan().sessions(PROD).added == {old}


def test_a_type_on_no_list_is_tried_once(workspace, sandbox, fleet):
    """AWS lists neither as supported nor as unsupported what came later: EC2 judges, and its refusal is remembered."""
    fleet.launch("new", instance_type="m8g.large", Mirror="True")
    (new,) = fleet.interfaces["new"]
    # Of an instance that is mirrored, the interface for MPI that is not.
    made = sandbox.ec2.create_network_interface(SubnetId=fleet.subnets[0], InterfaceType="efa")["NetworkInterface"]
    efa = made["NetworkInterfaceId"]
    sandbox.ec2.attach_network_interface(
        NetworkInterfaceId=efa, InstanceId=fleet.instances["web-1"], DeviceIndex=1
    )
    workspace.configure(sandbox.provider(), coverage(fleet))
    assert workspace.plan().sessions(PROD).added == {new, *fleet.tagged_interfaces()}
    result = workspace.apply_saved()
    assert any(new in warning.detail and "NetworkInterfaceNotSupported" in warning.detail for warning in result.warnings)
    workspace.apply()
    skip = workspace.state()[PROD]["skipped"][new]
    assert skip["reason"] == "UNSUPPORTED_INSTANCE_TYPE" and "refused" in skip["detail"]
    assert workspace.state()[PROD]["skipped"][efa]["reason"] == "UNSUPPORTED_INTERFACE"
    # Neither another selector nor other copied tags forget it.
    workspace.configure(
        sandbox.provider(), coverage(fleet, 'copy_tags = ["Team"]', 'selector {\n    tags = { Name = "database" }\n  }')
    )
    assert workspace.plan().sessions(PROD).added == set(fleet.interfaces["database"])
    workspace.apply_saved()
    workspace.assert_empty_plan()


def test_everything_of_a_session_changes_in_one_call(workspace, sandbox, fleet):
    """From a load balancer to an interface, which the packet length has to leave in the same call."""
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{fleet.balancer_target()}"]'))
    workspace.apply()
    before = {session.id for session in sandbox.sessions()}
    assert {session.packet_length for session in sandbox.sessions()} == {8500}
    changes = ("session_number = 44", 'description = "d"', "virtual_network_id = 99")
    workspace.configure(sandbox.provider(), coverage(fleet, *changes, filter_id=f'"{fleet.other_filter}"'))
    sandbox.forget_calls()
    workspace.apply()
    assert {session.id for session in sandbox.sessions()} == before
    shapes = {(s.target, s.filter, s.packet_length, s.number, s.description, s.virtual_network_id) for s in sandbox.sessions()}
    assert shapes == {(fleet.target, fleet.other_filter, None, 44, "d", 99)}
    assert [call.action for call in sandbox.changing_calls()] == ["ModifyTrafficMirrorSession"] * len(before)


@pytest.mark.spine
def test_a_packet_length_between_kinds_of_targets(workspace, sandbox, fleet):
    """To a load balancer one call does it. From one, EC2 wants the length removed with the target, and set by another call."""

    def apply(length, target):
        workspace.configure(sandbox.provider(), coverage(fleet, length, targets=f'["{target}"]'))
        sandbox.forget_calls()
        workspace.apply()
        calls = sandbox.changing_calls()
        assert {call.action for call in calls} == {"ModifyTrafficMirrorSession"}
        assert {session.id for session in sandbox.sessions()} == before
        return len(calls) // len(before), {session.packet_length for session in sandbox.sessions()}

    workspace.configure(sandbox.provider(), coverage(fleet, "packet_length = 8600"))
    workspace.apply()
    before = {session.id for session in sandbox.sessions()}
    balancer = fleet.balancer_target()
    assert apply("", balancer) == (1, {8500})
    assert apply("packet_length = 8600", fleet.target) == (2, {8600})
    assert apply("packet_length = 500", balancer) == (1, {500})
    assert apply("packet_length = 500", fleet.target) == (2, {500}), "also where it is the same"
    assert apply("packet_length = 400", fleet.other_target) == (1, {400})
    assert apply("packet_length = 300", balancer) == (1, {300})
    assert apply("", fleet.target) == (1, {None})


@pytest.mark.spine
def test_one_warning_when_the_skipped_set_changes(workspace, sandbox, fleet):
    def warned():
        return [warning.detail for warning in workspace.plan().warnings if "get no session" in warning.summary]

    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    assert warned() == []
    fleet.launch("old", instance_type="t2.micro", Mirror="True")
    (old,) = fleet.interfaces["old"]
    (detail,) = warned()
    assert old in detail and "UNSUPPORTED_INSTANCE_TYPE" in detail
    # Saved, it is no news any more, whatever else changes.
    workspace.apply()
    assert warned() == []
    fleet.launch("web-3", Mirror="True")
    assert warned() == []
    # A set that shrinks is another one.
    fleet.launch("older", instance_type="t2.micro", Mirror="True")
    workspace.apply()
    assert warned() == []
    sandbox.untag(fleet.instances["older"], key="Mirror")
    (detail,) = warned()
    assert old in detail and fleet.interfaces["older"][0] not in detail


def test_sensors(workspace, sandbox, fleet):
    fleet.launch("sensor-3", interfaces=2, Mirror="True")
    fleet.create_target("sensor-3")
    listening, other = fleet.interfaces["sensor-3"]
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    skipped = workspace.state()[PROD]["skipped"]
    assert {skipped[interface]["reason"] for interface in (listening, other)} == {"SENSOR"}
    assert set(by_interface(sandbox)) == fleet.tagged_interfaces()

    workspace.configure(sandbox.provider(), coverage(fleet, "include_sensors = true"))
    workspace.apply()
    assert set(by_interface(sandbox)) == fleet.tagged_interfaces() | {other}, "never the target's own interface"


SHAPES = {
    "length-zero": ("packet_length = 0", "packet_length"),
    "length-negative": ("packet_length = -5", "packet_length"),
    "network-zero": ("virtual_network_id = 0", "virtual_network_id"),
    "network-large": ("virtual_network_id = 16777216", "virtual_network_id"),
    "range-reversed": ("virtual_network_id_range = { first = 9, last = 3 }", "virtual_network_id_range"),
    "range-large": ("virtual_network_id_range = { first = 1, last = 16777216 }", "virtual_network_id_range"),
    "description-unknown": ('description = "{colour}"', "description"),
    "description-unclosed": ('description = "{instance_id"', "description"),
    "description-empty": ('description = ""', "description"),
    "name-tag-unknown": ('name_tag = "{colour}"', "name_tag"),
    "copy-tags-empty": ('copy_tags = [""]', "copy_tags"),
    "copy-tags-twice": ('copy_tags = ["a", "a"]', "copy_tags"),
    "on-ineligible": ('on_ineligible = "ignore"', "on_ineligible"),
    "type-empty": ('try_instance_types = [""]', "try_instance_types"),
    "limit-text": ('limits = { max_sessions = "many" }', "limits"),
    "limit-negative": ('limits = { max_sessions = "-1" }', "limits"),
    "limit-percent": ('limits = { max_creates = "101%" }', "limits"),
    "limit-unknown": ('limits = { max_updates = "1" }', "limits"),
    "limit-allow-empty": ('limits = { allow_empty = "perhaps" }', "limits"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_what_cannot_be(workspace, sandbox, fleet, core, case):
    argument, underlined = SHAPES[case]
    workspace.configure(sandbox.provider(), coverage(fleet, argument))
    result = workspace.try_plan()
    assert result.code == 1, result.readable()
    assert len(result.errors) == 1, result.readable()
    # OpenTofu underlines the resource where a path goes into an object.
    assert underlined in result.errors[0].code or core.product == "tofu", result.readable()
    assert result.errors[0].detail.strip()
    assert sandbox.changing_calls() == []


def test_both_of_network_id_and_range(workspace, sandbox, fleet):
    both = ("virtual_network_id = 5", "virtual_network_id_range = { first = 1, last = 9 }")
    workspace.configure(sandbox.provider(), coverage(fleet, *both))
    result = workspace.try_plan()
    assert result.code == 1 and "virtual_network_id" in result.errors[0].code
