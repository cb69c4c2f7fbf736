"""The slice against an EC2 that is not ours.

moto describes no filter rules, pages nothing, checks neither ids nor numbers,
and cannot take a description away; what follows is the rest.
"""

import json
import os
import signal
import subprocess
import time

import pytest

from harness.cloud import OWNER_NAME, SETTLED
from harness.fleet import Fleet
from harness.hcl import TAGGED, Unknown, coverage, coverage_without

PROD = "mirror_coverage.prod"


@pytest.fixture
def fleet(moto):
    return Fleet(moto)


def interfaces(moto):
    return {session.interface for session in moto.sessions()}


@pytest.mark.spine
def test_create_churn_destroy(workspace, moto, fleet):
    workspace.configure(moto.provider(), coverage(fleet, 'description = "seen"', 'tags = { Team = "security" }'))
    plan = workspace.plan()
    assert plan.sessions(PROD).added == fleet.tagged_interfaces()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    made = moto.sessions()
    assert [session.interface for session in made] == sorted(fleet.tagged_interfaces())
    for session in made:
        assert (session.target, session.filter, session.number) == (fleet.target, fleet.filter, 1)
        assert session.description == "seen"
        assert session.tags[OWNER_NAME] == "prod" and session.tags["Team"] == "security"
        assert SETTLED.fullmatch(session.owner)

    fleet.launch("web-3", Mirror="True")
    moto.untag(fleet.instances["web-2"], key="Mirror")
    changes = workspace.plan().sessions(PROD)
    assert changes.added == set(fleet.interfaces["web-3"])
    assert changes.removed == set(fleet.interfaces["web-2"])
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert interfaces(moto) == {*fleet.interfaces["web-1"], *fleet.interfaces["web-3"]}

    workspace.destroy()
    assert moto.sessions() == []


def test_drift(workspace, moto, fleet):
    workspace.configure(moto.provider(), coverage(fleet, "session_number = 5", 'tags = { Team = "security" }'))
    workspace.apply()
    before = moto.sessions()
    first, second, third = before
    moto.ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=first.id, TrafficMirrorTargetId=fleet.other_target, SessionNumber=9
    )
    moto.ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=second.id, TrafficMirrorFilterId=fleet.other_filter
    )
    moto.tag(third.id, Team="somebody")
    workspace.apply()
    assert moto.sessions() == before


def test_rename_and_import(workspaces, moto, fleet):
    first = workspaces("first")
    first.configure(moto.provider(), coverage(fleet))
    first.apply()
    first.configure(moto.provider(), coverage(fleet, name="production"))
    first.apply()
    before = moto.sessions()
    second = workspaces("second")
    second.configure(moto.provider(), coverage(fleet, name="production"))
    second.import_(PROD, "production").succeed()
    second.apply()
    assert moto.sessions() == before


def test_two_states_and_foreign_sessions(workspaces, moto, fleet):
    (interface,) = fleet.interfaces["web-1"]
    foreign = moto.create_session(interface, fleet.other_target, fleet.filter, 20)
    ours, theirs = workspaces("ours"), workspaces("theirs")
    for workspace in (ours, theirs):
        workspace.configure(moto.provider(), coverage(fleet))
        workspace.apply()
    assert sorted(session.number for session in moto.sessions() if session.interface == interface) == [20, 21, 22]
    ours.assert_empty_plan()
    ours.destroy()
    theirs.assert_empty_plan()
    theirs.destroy()
    assert [session.id for session in moto.sessions()] == [foreign]


def test_selection_and_audit(workspace, moto, fleet):
    workspace.configure(
        moto.provider(),
        f'data "mirror_interfaces" "prod" {{\n  {TAGGED}\n}}\n',
        coverage_without(fleet, "selector", "selection = data.mirror_interfaces.prod.selection"),
        # Filters have no rules there, and so deliver nothing.
        f'data "mirror_audit" "prod" {{\n  {TAGGED}\n  check_delivery = false\n  depends_on = [{PROD}]\n}}\n',
        'output "status" {\n  value = data.mirror_audit.prod.summary.status\n}\n',
    )
    workspace.apply()
    assert interfaces(moto) == fleet.tagged_interfaces()
    assert json.loads(workspace.run("output", "-json", "status").stdout) == "COMPLIANT"


def test_enabled(workspace, moto, fleet):
    workspace.configure(moto.provider(), coverage(fleet))
    workspace.apply()
    workspace.configure(moto.provider(), coverage(fleet, "enabled = false"))
    workspace.apply()
    assert moto.sessions() == []
    workspace.configure(moto.provider(), coverage(fleet))
    workspace.apply()
    assert interfaces(moto) == fleet.tagged_interfaces()


@pytest.mark.parametrize("lifecycle", ["", "lifecycle {\n    create_before_destroy = true\n  }"])
def test_replace(workspace, moto, fleet, lifecycle):
    workspace.configure(moto.provider(), coverage(fleet, lifecycle))
    workspace.apply()
    old = {session.id for session in moto.sessions()}
    workspace.plan(f"-replace={PROD}")
    workspace.apply_saved()
    workspace.assert_empty_plan()
    new = moto.sessions()
    assert [session.interface for session in new] == sorted(fleet.tagged_interfaces())
    assert not {session.id for session in new} & old


def test_unknown_target_and_filter(workspace, moto, fleet, core):
    late = Unknown(core)
    hcl = coverage(fleet, targets=f"[{late.expression(fleet.target)}]", filter_id=late.expression(fleet.filter))
    workspace.configure(moto.provider(), hcl, late.block())
    assert workspace.plan().sessions(PROD).added == fleet.tagged_interfaces()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {(session.target, session.filter) for session in moto.sessions()} == {(fleet.target, fleet.filter)}


def test_edited_selector(workspace, moto, fleet):
    workspace.configure(moto.provider(), coverage(fleet))
    workspace.apply()
    workspace.configure(moto.provider(), coverage(fleet, selector='selector {\n    tags = { Name = "data*" }\n  }'))
    workspace.apply()
    assert interfaces(moto) == set(fleet.interfaces["database"])
    # Wildcards that moto takes literally, and a zone.
    zones = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in moto.ec2.describe_subnets()["Subnets"]}
    criteria = f'instance_types = ["m5.l*"]\n    availability_zones = ["{zones[fleet.subnets[0]]}"]'
    workspace.configure(moto.provider(), coverage(fleet, selector=f"selector {{\n    {criteria}\n  }}"))
    workspace.apply()
    assert interfaces(moto) == fleet.tagged_interfaces() | set(fleet.interfaces["database"])


def test_killed_create(workspace, moto, fleet):
    expected = fleet.launch_many(60, Mirror="many")
    workspace.configure(moto.provider(), coverage(fleet, selector='selector {\n    tags = { Mirror = "many" }\n  }'))
    process = workspace.start(
        "apply", "-json", "-input=false", "-auto-approve",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not moto.sessions():
        assert process.poll() is None and time.monotonic() < deadline
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    left = {session.id for session in moto.sessions()}
    workspace.apply()
    made = moto.sessions()
    assert [session.interface for session in made] == sorted(expected)
    assert left <= {session.id for session in made}
    assert {session.owner for session in made} == {workspace.state()[PROD]["id"]}
