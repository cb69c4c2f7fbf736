"""Targets that another account shares: EC2 tells their kind, and nobody what else is sent there."""

import json
import pathlib

import pytest

from harness.fleet import Fleet
from harness.hcl import coverage
from harness.sandbox import sandbox as start_sandbox

PROD = "mirror_coverage.prod"
BALANCER, SMALL = "tmt-0aaaaaaaaaaaaaaa1", "tmt-0aaaaaaaaaaaaaaa2"
BIG = 'selector {\n    tags = { Big = "yes" }\n  }'


@pytest.fixture
def sandbox():
    fleet = pathlib.Path(__file__).parent / "fleets" / "shared_targets.yaml"
    with start_sandbox("--fleet", str(fleet), "--no-throttle") as running:
        yield running


@pytest.fixture
def fleet(sandbox):
    return Fleet(sandbox)


def test_its_kind_limits_the_packet_length(workspace, sandbox, fleet):
    workspace.configure(
        sandbox.provider(), coverage(fleet, "packet_length = 8600", targets=json.dumps([BALANCER]))
    )
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    assert BALANCER in error.detail and "8500" in error.detail and "packet_length" in error.code
    workspace.configure(sandbox.provider(), coverage(fleet, targets=json.dumps([BALANCER])))
    workspace.apply()
    assert {session.packet_length for session in sandbox.sessions()} == {8500}, "no drift"
    # From there to an interface, the length goes with the load balancer.
    workspace.configure(sandbox.provider(), coverage(fleet, targets=json.dumps([SMALL])))
    workspace.apply()
    assert {(session.target, session.packet_length) for session in sandbox.sessions()} == {(SMALL, None)}


def test_its_load_is_unknown(workspace, sandbox, fleet):
    """An own target of that type would be full at the eleventh; of this one only EC2 knows how many others use it."""
    many = fleet.launch_many(12, Big="yes")
    workspace.configure(sandbox.provider(), coverage(fleet, selector=BIG, targets=json.dumps([SMALL])))
    assert workspace.plan().sessions(PROD).added == many
    result = workspace.apply_saved()
    assert any("TrafficMirrorSourcesPerTargetLimitExceeded" in warning.detail for warning in result.warnings)
    failures = workspace.state()[PROD]["failures"]
    assert len(sandbox.sessions()) == 10 and len(failures) == 2
    assert {failure["code"] for failure in failures.values()} == {"TrafficMirrorSourcesPerTargetLimitExceeded"}
