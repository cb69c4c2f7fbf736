"""Describe calls lag behind what was changed; the plan after an apply is empty all the same."""

import json
import os
import signal
import subprocess
import time

import pytest

from harness.cloud import SETTLED
from harness.hcl import coverage, coverage_without

PROD = "mirror_coverage.prod"
DELAY = 5.0


def owning(fleet, *more):
    """The usual coverage with a filter of its own."""
    return coverage_without(fleet, "traffic_mirror_filter_id", *more)


def filters(sandbox):
    found = sandbox.ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
    return {one["TrafficMirrorFilterId"] for one in found}


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_every_apply_ends_when_its_changes_show(workspace, sandbox, fleet):
    """Sessions, their tags and the coverage's own filter: made, changed, replaced and deleted."""
    given = filters(sandbox)
    sandbox.delay_describes(DELAY)

    def listed():
        """As a describe call has it at once, without waiting for anything."""
        return {session.interface: session for session in sandbox.sessions()}

    workspace.configure(sandbox.provider(), owning(fleet))
    workspace.apply()
    assert listed().keys() == fleet.tagged_interfaces()
    assert all(SETTLED.fullmatch(session.owner) for session in listed().values())
    assert len(filters(sandbox) - given) == 1

    # The fleet moved long ago.
    sandbox.delay_describes(0)
    fleet.launch("web-3", Mirror="True")
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    wanted = {*fleet.interfaces["web-2"], *fleet.interfaces["web-3"]}
    sandbox.delay_describes(DELAY)
    edited = owning(fleet, 'description = "watched"', "packet_length = 200", 'tags = { Team = "a" }')
    workspace.configure(sandbox.provider(), edited.replace('name = "prod"', 'name = "renamed"'))
    workspace.apply()
    assert listed().keys() == wanted
    assert {session.tags["Team"] for session in listed().values()} == {"a"}
    assert {session.packet_length for session in listed().values()} == {200}

    workspace.configure(sandbox.provider(), coverage(fleet, name="renamed"))
    workspace.apply()
    assert {session.filter for session in listed().values()} == {fleet.filter}
    assert filters(sandbox) == given
    workspace.configure(sandbox.provider(), owning(fleet, "enabled = false"))
    workspace.apply()
    assert listed() == {}

    workspace.configure(sandbox.provider(), owning(fleet))
    workspace.apply()
    workspace.destroy()
    assert listed() == {} and filters(sandbox) == given
    workspace.apply()
    assert listed().keys() == wanted


def test_adopted_replaced_moved_and_renumbered(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    adopted = sandbox.create_session(interface, fleet.other_target, fleet.filter, 5)
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=adopted, Description="by hand")
    sandbox.delay_describes(DELAY)
    adopt = 'adopt = { descriptions = ["by hand"] }'
    for arguments, more, targets in (
        ((), [adopt], [fleet.target]),
        ((), [], [fleet.other_target]),
        ((), ["session_number = 4"], [fleet.other_target]),
        ((f"-replace={PROD}",), ["session_number = 4"], [fleet.other_target]),
        ((f"-replace={PROD}",), ["lifecycle {\n    create_before_destroy = true\n  }"], [fleet.target]),
    ):
        workspace.configure(sandbox.provider(), coverage(fleet, *more, targets=json.dumps(targets)))
        workspace.apply(*arguments)
        made = sandbox.sessions()
        assert [session.interface for session in made] == sorted(fleet.tagged_interfaces())
        assert {session.target for session in made} == set(targets)
        assert {session.owner for session in made} == {workspace.state()[PROD]["id"]}


def test_where_ec2_is_consistent_one_look_is_all(workspace, sandbox, fleet):
    """After the last change of an apply there is one listing of sessions, and one of filters if the filter changed."""
    sessions, filters = "DescribeTrafficMirrorSessions", "DescribeTrafficMirrorFilters"

    def looks(run):
        sandbox.forget_calls()
        run()
        calls = sandbox.calls()
        changes = [number for number, call in enumerate(calls) if call.changed]
        return [call.action for call in calls[changes[-1] + 1 :]] if changes else []

    workspace.configure(sandbox.provider(), owning(fleet))
    workspace.save_plan()
    assert looks(workspace.apply_saved) == [sessions, filters]
    fleet.launch("web-3", Mirror="True")
    workspace.save_plan()
    assert looks(workspace.apply_saved) == [sessions]
    workspace.save_plan()
    assert looks(workspace.apply_saved) == []
    assert looks(workspace.destroy) == [sessions, filters]


@pytest.mark.parametrize("end", ["interrupt", "timeout"])
def test_the_wait_can_be_ended(workspace, sandbox, fleet, end):
    sandbox.delay_describes(600)
    limit = ['timeouts {\n    create = "4s"\n  }'] if end == "timeout" else []
    workspace.configure(sandbox.provider(), coverage(fleet, *limit))
    started = time.monotonic()
    process = workspace.start(
        "apply", "-input=false", "-auto-approve", "-no-color",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    # The last change of a create, after which it only waits.
    wait_until(lambda: sandbox.calls("CreateTags") or process.poll() is not None)
    if end == "interrupt":
        os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert time.monotonic() - started < 30, output
    sandbox.delay_describes(0)
    assert not list(workspace.tainted()), output
    assert len(workspace.state()[PROD]["sessions"]) == 3
    workspace.assert_empty_plan()
