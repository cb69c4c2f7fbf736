"""Creates of one name on several machines or in several containers: none touches what another one is making, or lost."""

import dataclasses
import os
import re
import signal
import subprocess
import time

import pytest

from harness import container
from harness.cloud import OWNER_ID, SETTLED
from harness.hcl import coverage, coverage_without

PROD = "mirror_coverage.prod"
MANY = 'selector {\n    tags = { Mirror = "many" }\n  }'
RUNNING = "Another create of this coverage may still run"


def filters(sandbox):
    found = sandbox.ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
    return {one["TrafficMirrorFilterId"]: one for one in found}


def start_slow_apply(workspace, sandbox):
    """An apply some of whose sessions are made."""
    before = len(sandbox.sessions())
    sandbox.fault("slow", "CreateTrafficMirrorSession", delay_ms=1000)
    process = workspace.start(
        "apply", "-input=false", "-no-color", "-auto-approve",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(sandbox.sessions()) <= before:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    return process


@pytest.mark.skipif(not container.is_possible(), reason="this machine lets nobody make a PID namespace")
@pytest.mark.parametrize("step", ["create", "update"])
def test_a_create_that_runs_in_another_container_is_left_alone(workspaces, sandbox, fleet, tmp_path, step):
    balancer = f'["{fleet.balancer_target()}"]'
    many = fleet.launch_many(60, Mirror="many")
    ours, theirs = workspaces("ours"), workspaces("theirs")
    theirs.core = container.contained(theirs.core, tmp_path)
    ours.configure(sandbox.provider(), coverage(fleet, selector=MANY, targets=balancer))
    # A create of the very same interfaces, or an update that would see sessions of its name on interfaces that it does not select.
    selector = {"selector": MANY} if step == "create" else {}
    theirs.configure(sandbox.provider(), coverage(fleet, targets=balancer, **selector))
    if step == "update":
        theirs.apply()
        fleet.launch("web-3", Mirror="True")
    process = start_slow_apply(ours, sandbox)
    sandbox.forget_calls()
    result = theirs.try_apply().succeed()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert any(RUNNING in warning.summary for warning in result.warnings), result.readable()
    assert not sandbox.calls("DeleteTrafficMirrorSession")
    sandbox.no_faults()
    # Two processes may have drawn one number for one interface, which the next apply makes good.
    theirs.apply()
    ours.apply()
    owned = {}
    for session in sandbox.sessions():
        owned.setdefault(session.owner, {})[session.interface] = session.id
    small = fleet.tagged_interfaces() | set(fleet.interfaces.get("web-3", []))
    states = [workspace.state()[PROD] for workspace in (ours, theirs)]
    assert owned == {state["id"]: {key: row["id"] for key, row in state["sessions"].items()} for state in states}
    assert [owned[state["id"]].keys() for state in states] == [many, many if step == "create" else small]


def retag(sandbox, change):
    """As if the create that was killed had run elsewhere, and had time until then."""
    for session in sandbox.sessions():
        if ".pending." in session.owner:
            sandbox.tag(session.id, **{OWNER_ID: change(session.owner)})
    for identifier, one in filters(sandbox).items():
        for tag in one["Tags"]:
            if tag["Key"] == OWNER_ID and ".pending." in tag["Value"]:
                sandbox.tag(identifier, **{OWNER_ID: change(tag["Value"])})


def until(seconds):
    """Changes a mark to one of another machine, with so much time left."""
    end = f"{int(time.time()) + seconds:x}"
    return lambda owner: re.sub(r"(\.pending\.)[0-9a-f]+(-.*-)[0-9a-f]+$", rf"\g<1>deadbeef\g<2>{end}", owner)


@dataclasses.dataclass
class Killed:
    """What a create left that was killed on another machine."""

    given_filters: set
    sessions: list
    owner: str


@pytest.fixture
def killed(workspace, sandbox, fleet):
    """One interface of the killed create is no longer selected; it had a filter of its own."""
    given = set(filters(sandbox))
    fleet.launch_many(40, Mirror="True")
    workspace.configure(sandbox.provider(), coverage_without(fleet, "traffic_mirror_filter_id"))
    process = start_slow_apply(workspace, sandbox)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    sandbox.no_faults()
    left = sandbox.sessions()
    retag(sandbox, until(3600))
    (owner,) = {session.owner.partition(".")[0] for session in left}
    unselected = left[0].interface
    described = sandbox.ec2.describe_network_interfaces(NetworkInterfaceIds=[unselected])["NetworkInterfaces"][0]
    sandbox.untag(described["Attachment"]["InstanceId"], key="Mirror")
    return Killed(given, left, owner)


def expect_whole(workspace, sandbox, given_filters):
    """Each interface has one session, of the state; nothing else is there."""
    state = workspace.state()[PROD]
    made = sandbox.sessions()
    assert {session.owner for session in made} == {state["id"]} and SETTLED.fullmatch(state["id"])
    assert {key: row["id"] for key, row in state["sessions"].items()} == {s.interface: s.id for s in made}
    assert len(made) == len(state["sessions"])
    assert set(filters(sandbox)) - given_filters >= {state["filter_id"]}


def test_killed_on_another_machine_and_waited_for(workspace, sandbox, fleet, killed):
    """Once the time of the killed create is over, the next one takes over what it left."""
    (warning,) = [w for w in workspace.try_plan().succeed().warnings if w.summary == RUNNING]
    assert killed.owner in warning.detail and f"terraform import ADDRESS {killed.owner}" in warning.detail
    assert re.search(r"until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", warning.detail)
    retag(sandbox, until(0))
    workspace.apply()
    expect_whole(workspace, sandbox, killed.given_filters)
    # That of the interface that is no longer selected is deleted, the others go on.
    (gone,) = {session.id for session in killed.sessions} - {session.id for session in sandbox.sessions()}
    assert gone == killed.sessions[0].id
    workspace.destroy()
    assert sandbox.sessions() == [] and set(filters(sandbox)) == killed.given_filters


def test_killed_on_another_machine_and_not_waited_for(workspace, sandbox, fleet, killed):
    """An apply within that time makes its own beside; the first one after it removes what is double."""
    result = workspace.try_apply().succeed()
    assert RUNNING in [warning.summary for warning in result.warnings]
    left = {session.id for session in killed.sessions}
    assert left < {session.id for session in sandbox.sessions()}
    workspace.assert_empty_plan()
    assert len({session.owner for session in sandbox.sessions()}) == 2
    retag(sandbox, until(0))
    workspace.apply()
    expect_whole(workspace, sandbox, killed.given_filters)
    workspace.destroy()
    assert sandbox.sessions() == [] and set(filters(sandbox)) == killed.given_filters


def test_killed_on_another_machine_and_imported(workspace, sandbox, fleet, killed):
    """Whoever knows that it is over has it at once."""
    imported = workspace.import_(PROD, killed.owner)
    assert imported.code == 0, imported.text
    workspace.apply()
    expect_whole(workspace, sandbox, killed.given_filters)
    assert workspace.state()[PROD]["id"] == killed.owner
