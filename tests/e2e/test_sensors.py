"""Instances that receive what targets take are no sources, whichever way they receive it."""

import json
import pathlib
import types

import pytest

from harness.hcl import TAGGED, coverage, coverage_without
from harness.late_target import LateTarget
from harness.sandbox import sandbox as start_sandbox

PROD = "mirror_coverage.prod"


class Balancer:
    """The load balancer of the fleet file, and what is registered behind it."""

    def __init__(self, sandbox, fleet):
        self._elb = sandbox.client("elbv2")
        self._fleet = fleet
        self._arn = self._elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        self.group = self._elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
        self.target = fleet.balancer_target()

    def register(self, *targets, group=None):
        self._elb.register_targets(TargetGroupArn=group or self.group, Targets=[{"Id": target} for target in targets])

    def group_by_address(self):
        made = self._elb.create_target_group(
            Name="by-address", Protocol="UDP", Port=4790, VpcId=self._fleet.vpc, TargetType="ip"
        )
        group = made["TargetGroups"][0]["TargetGroupArn"]
        self._elb.create_listener(
            LoadBalancerArn=self._arn,
            Protocol="UDP",
            Port=4790,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return group


@pytest.fixture
def balancer(sandbox, fleet):
    """A load balancer before a tagged instance with two interfaces, which is thereby a sensor."""
    found = Balancer(sandbox, fleet)
    fleet.launch("behind", interfaces=2, Mirror="True")
    found.register(fleet.instances["behind"])
    sandbox.forget_calls()
    return found


def skipped(workspace):
    return {key: skip["reason"] for key, skip in workspace.state()[PROD]["skipped"].items()}


@pytest.mark.spine
@pytest.mark.parametrize("listed", ["the-balancer", "another-target"])
def test_an_instance_behind_a_balancer(workspace, sandbox, fleet, balancer, listed):
    """Also when the coverage itself sends elsewhere: whatever target of the account it is."""
    target = balancer.target if listed == "the-balancer" else fleet.target
    workspace.configure(sandbox.provider(), coverage(fleet, targets=json.dumps([target])))
    plan = workspace.plan()
    assert plan.sessions(PROD).added == fleet.tagged_interfaces()
    assert any("SENSOR" in warning.detail for warning in plan.warnings)
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()
    assert skipped(workspace) == {interface: "SENSOR" for interface in fleet.interfaces["behind"]}

    # Whoever is registered later is a sensor from then on.
    balancer.register(fleet.instances["web-2"])
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == set(fleet.interfaces["web-1"])

    workspace.configure(
        sandbox.provider(), coverage(fleet, "include_sensors = true", targets=json.dumps([target]))
    )
    workspace.apply()
    expected = fleet.tagged_interfaces() | set(fleet.interfaces["behind"])
    assert {session.interface for session in sandbox.sessions()} == expected


def test_an_instance_behind_a_balancer_by_its_address(workspace, sandbox, fleet, balancer):
    second = fleet.interfaces["web-2"][1]
    described = sandbox.ec2.describe_network_interfaces(NetworkInterfaceIds=[second])["NetworkInterfaces"][0]
    balancer.register(described["PrivateIpAddress"], group=balancer.group_by_address())
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == set(fleet.interfaces["web-1"])
    assert set(skipped(workspace)) == {*fleet.interfaces["behind"], *fleet.interfaces["web-2"]}


def test_a_sensor_that_no_selector_looks_at(workspace, sandbox, fleet):
    """Its second interface is selected by id, the target's interface by nothing."""
    other = fleet.attach(fleet.instances["sensor-1"], 1)
    selector = f'selector {{\n    network_interface_ids = ["{other}"]\n  }}'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
    workspace.apply()
    assert sandbox.sessions() == [] and skipped(workspace) == {other: "SENSOR"}


@pytest.mark.spine
@pytest.mark.parametrize("action", ["DescribeTargetGroups", "DescribeTargetHealth", "DescribeLoadBalancers"])
def test_without_the_permission_the_plan_says_what_it_cannot_see(workspace, sandbox, fleet, balancer, action):
    sandbox.fault("deny", action)
    audit = f'data "mirror_audit" "all" {{\n  {TAGGED}\n}}\n'
    workspace.configure(sandbox.provider(), coverage(fleet, targets=json.dumps([balancer.target])), audit)
    plan = workspace.plan()
    seen = [warning for warning in plan.warnings if "cannot be seen" in warning.summary]
    # An audit has no use for the zones that DescribeLoadBalancers tells.
    assert len(seen) == (1 if action == "DescribeLoadBalancers" else 2), seen
    for warning in seen:
        assert f"elasticloadbalancing:{action} (AccessDenied)" in warning.detail and balancer.target in warning.detail
    assert plan.sessions(PROD).added >= fleet.tagged_interfaces()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    # The permission comes: so does what it shows.
    sandbox.no_faults()
    assert not [warning for warning in workspace.plan().warnings if "cannot be seen" in warning.summary]
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()


def test_a_balancer_that_fails_fails_the_plan(workspace, sandbox, fleet, balancer):
    """A sensor must not become a source because of a bad minute."""
    sandbox.fault("error", "DescribeTargetHealth", status=400, code="ValidationError", message="no")
    workspace.configure(sandbox.provider(), coverage(fleet))
    result = workspace.try_plan()
    assert result.code == 1 and "ValidationError" in result.errors[0].detail


@pytest.fixture
def launched(workspaces, request):
    """A sandbox of a fleet file, what a configuration needs of it, and a workspace."""
    file = pathlib.Path(__file__).parent / "fleets" / request.param
    with start_sandbox("--fleet", str(file), "--no-throttle") as sandbox:
        fleet = types.SimpleNamespace(target="tmt-0aaaaaaaaaaaaaaa9", filter="tmf-0aaaaaaaaaaaaaaa9")
        yield sandbox, fleet, workspaces()


@pytest.mark.parametrize("launched", ["gateway.yaml"], indirect=True)
def test_behind_a_gateway_load_balancer(launched):
    sandbox, fleet, workspace = launched
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    assert [session.interface for session in sandbox.sessions()] == ["eni-0eeeeeeeeeeeeee10"]
    assert skipped(workspace) == {"eni-0eeeeeeeeeeeeee20": "SENSOR", "eni-0eeeeeeeeeeeeee21": "SENSOR"}


@pytest.mark.parametrize("launched", ["managed.yaml"], indirect=True)
def test_interfaces_of_services_on_visible_instances(launched):
    """An instance tag selects them, and DescribeInstances does not tell who manages them."""
    sandbox, fleet, workspace = launched
    data = f'data "mirror_interfaces" "prod" {{\n  {TAGGED}\n}}\n'
    pinned = coverage_without(
        fleet, "selector", "selection = data.mirror_interfaces.prod.selection", "on_ineligible = \"skip\""
    )
    for parts in ([coverage(fleet)], [data, pinned]):
        workspace.configure(sandbox.provider(), *parts)
        workspace.apply()
        workspace.assert_empty_plan()
        made = {session.interface for session in sandbox.sessions()}
        assert made == {"eni-0eeeeeeeeeeeeee10", "eni-0eeeeeeeeeeeeee20", "eni-0eeeeeeeeeeeeee21"}
        assert skipped(workspace) == {"eni-0eeeeeeeeeeeeee11": "REQUESTER_MANAGED"}
        assert sandbox.calls("CreateTrafficMirrorSession")[-1].outcome == "ok", "EC2 was not asked for what it refuses"
    sandbox.forget_calls()
    workspace.assert_empty_plan()
    # Those that services manage, once for all; and whether the pinned one that has no session is still there.
    asked = [{one["Name"] for one in call.parameter("Filters")} for call in sandbox.calls("DescribeNetworkInterfaces")]
    assert asked == [{"requester-managed", "attachment.instance-owner-id"}, {"network-interface-id"}]

    workspace.configure(sandbox.provider(), coverage(fleet, "include_requester_managed = true"))
    assert workspace.plan().sessions(PROD).added == {"eni-0eeeeeeeeeeeeee11"}


def test_sensors_when_a_selection_pins_the_fleet(workspace, sandbox, fleet, balancer):
    sandbox.tag(fleet.instances["sensor-2"], Mirror="True")
    data = f'data "mirror_interfaces" "prod" {{\n  {TAGGED}\n}}\n'
    pinned = coverage_without(fleet, "selector", "selection = data.mirror_interfaces.prod.selection")
    workspace.configure(sandbox.provider(), data, pinned)
    workspace.apply()
    workspace.assert_empty_plan()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()
    sensors = [*fleet.interfaces["behind"], *fleet.interfaces["sensor-2"]]
    assert skipped(workspace) == {interface: "SENSOR" for interface in sensors}


def not_made(workspace):
    return {key: failure["code"] for key, failure in workspace.state()[PROD]["failures"].items()}


@pytest.mark.spine
@pytest.mark.parametrize("form", ["create", "saved-create", "update"])
def test_sensors_of_a_target_of_the_same_run(workspace, sandbox, fleet, form):
    """The plan lists them, since it cannot know; they are not made, and the apply is not red."""
    if form == "update":
        workspace.configure(sandbox.provider(), coverage(fleet))
        workspace.apply()
    fleet.launch("late", interfaces=2, instance_type="m5.24xlarge", Mirror="True")
    sensors = set(fleet.interfaces["late"])
    late = LateTarget(workspace, sandbox, fleet.interfaces["late"][0])
    targets = f"[{json.dumps(fleet.target)}, {late.id}]" if form == "update" else f"[{late.id}]"
    workspace.configure(sandbox.provider(), coverage(fleet, targets=targets), late.block)
    if form == "create":
        result = workspace.try_apply().succeed()
    else:
        assert workspace.plan().sessions(PROD).added >= sensors
        result = workspace.apply_saved()
    assert any("SENSOR" in warning.detail for warning in result.warnings), result.readable()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()
    assert not_made(workspace) == {interface: "SENSOR" for interface in sensors}
    assert sensors.isdisjoint(
        call.parameter("NetworkInterfaceId") for call in sandbox.calls("CreateTrafficMirrorSession")
    )
    workspace.assert_empty_plan()
    workspace.apply()
    assert not_made(workspace) == {}
    assert skipped(workspace) == {interface: "SENSOR" for interface in sensors}


def test_zone_and_room_of_a_target_of_the_same_run(workspaces, sandbox, fleet):
    """What has no place on it is not made either, with the reason that a plan would have given."""
    workspace = workspaces()
    fleet.launch("late", subnet=1)
    late = LateTarget(workspace, sandbox, fleet.interfaces["late"][0])
    near = 'placement = "same_az"'
    workspace.configure(sandbox.provider(), coverage(fleet, near, targets=f"[{late.id}]"), late.block)
    workspace.plan()
    result = workspace.try_apply_saved()
    assert result.code == 1, "nothing was made"
    assert "TARGET_FULL" in result.errors[0].detail and "same_az" in result.errors[0].detail
    assert sandbox.sessions() == [] and not list(workspace.tainted())

    sandbox.ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=(workspace.directory / "target").read_text())
    workspace = workspaces("again")
    fleet.launch("near", Mirror="True", subnet=1)
    fleet.launch_many(12, Mirror="True")
    late = LateTarget(workspace, sandbox, fleet.interfaces["late"][0])
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f"[{late.id}]"), late.block)
    planned = workspace.plan().sessions(PROD).added
    workspace.apply_saved()
    made = {session.interface for session in sandbox.sessions()}
    assert len(made) == 10, "what m5.large takes"
    assert not_made(workspace) == {interface: "TARGET_FULL" for interface in planned - made}
