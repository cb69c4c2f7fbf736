"""Instances that receive what targets take are no sources, whichever way they receive it."""

import json
import pathlib
import types

import pytest

from harness.hcl import coverage
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
    """Its second interface is selected by subnet, the target's interface by nothing."""
    selector = f'selector {{\n    subnet_ids = ["{fleet.subnets[1]}"]\n  }}'
    other = fleet.attach(fleet.instances["sensor-1"], 1, subnet=1)
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
    workspace.apply()
    assert sandbox.sessions() == [] and skipped(workspace) == {other: "SENSOR"}


@pytest.mark.spine
@pytest.mark.parametrize("action", ["DescribeTargetGroups", "DescribeTargetHealth", "DescribeLoadBalancers"])
def test_without_the_permission_the_plan_says_what_it_cannot_see(workspace, sandbox, fleet, balancer, action):
    sandbox.fault("deny", action)
    workspace.configure(sandbox.provider(), coverage(fleet, targets=json.dumps([balancer.target])))
    plan = workspace.plan()
    (warning,) = [warning for warning in plan.warnings if "cannot be seen" in warning.summary]
    assert f"elasticloadbalancing:{action}" in warning.detail and balancer.target in warning.detail
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
    sandbox.fault("error", "DescribeTargetHealth", error={"status": 400, "code": "ValidationError", "message": "no"})
    workspace.configure(sandbox.provider(), coverage(fleet))
    result = workspace.try_plan()
    assert result.code == 1 and "ValidationError" in result.errors[0].detail


def test_behind_a_gateway_load_balancer(workspaces):
    file = pathlib.Path(__file__).parent / "fleets" / "gateway.yaml"
    with start_sandbox("--fleet", str(file), "--no-throttle") as sandbox:
        fleet = types.SimpleNamespace(target="tmt-0aaaaaaaaaaaaaaa9", filter="tmf-0aaaaaaaaaaaaaaa9")
        workspace = workspaces()
        workspace.configure(sandbox.provider(), coverage(fleet))
        workspace.apply()
        assert [session.interface for session in sandbox.sessions()] == ["eni-0eeeeeeeeeeeeee10"]
        assert skipped(workspace) == {"eni-0eeeeeeeeeeeeee20": "SENSOR", "eni-0eeeeeeeeeeeeee21": "SENSOR"}
