"""A create that is killed or interrupted leaves nothing that the next apply does not take over."""

import os
import signal
import subprocess
import time

import pytest

from harness.cloud import OWNER_NAME, SETTLED
from harness.hcl import coverage
from harness.processes import provider_of

PROD = "mirror_coverage.prod"
MANY = 'selector {\n    tags = { Mirror = "many" }\n  }'


@pytest.fixture
def expected(fleet):
    """More interfaces than one wave of concurrent calls covers."""
    return fleet.launch_many(90, Mirror="many")


def start_slow_apply(workspace, sandbox, already=0):
    """An apply some of whose sessions are made, and whose provider does not know it yet."""
    sandbox.fault("slow", "CreateTrafficMirrorSession", delay_ms=1500)
    process = workspace.start(
        "apply", "-json", "-input=false", "-auto-approve",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(sandbox.sessions()) <= already:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline, "no session was made"
        time.sleep(0.02)
    return process


def wait_for_the_end(process, sandbox) -> str:
    """The core's last words; whatever was under way in the sandbox is done as well."""
    output, _ = process.communicate(timeout=120)
    sandbox.no_faults()
    return output


def expect_one_settled_session_each(workspace, sandbox, expected):
    made = sandbox.sessions()
    assert [session.interface for session in made] == sorted(expected)
    (owner,) = {session.owner for session in made}
    assert SETTLED.fullmatch(owner)
    assert workspace.state()[PROD]["id"] == owner


@pytest.mark.spine
@pytest.mark.parametrize("victim", ["provider", "everything"])
def test_killed(workspace, sandbox, fleet, expected, victim):
    workspace.configure(sandbox.provider(), coverage(fleet, selector=MANY))
    process = start_slow_apply(workspace, sandbox)
    if victim == "provider":
        os.kill(provider_of(process), signal.SIGKILL)
    else:
        os.killpg(process.pid, signal.SIGKILL)
    wait_for_the_end(process, sandbox)
    assert process.returncode != 0
    left = sandbox.sessions()
    assert 0 < len(left) < 90 and all(".pending." in session.owner for session in left)

    workspace.apply()
    expect_one_settled_session_each(workspace, sandbox, expected)
    assert {session.id for session in left} <= {session.id for session in sandbox.sessions()}, "taken over, not remade"
    workspace.destroy()
    assert sandbox.sessions() == []


@pytest.mark.spine
def test_interrupted(workspace, sandbox, fleet, expected):
    """Ctrl-C reaches the whole process group; what was made is in the state, and nothing is tainted."""
    workspace.configure(sandbox.provider(), coverage(fleet, selector=MANY))
    process = start_slow_apply(workspace, sandbox)
    os.killpg(process.pid, signal.SIGINT)
    output = wait_for_the_end(process, sandbox)
    made = sandbox.sessions()
    assert 0 < len(made) < 90, f"the interrupt came too late\n{output}"
    assert not list(workspace.tainted()), output
    state = workspace.state()[PROD]
    kept = {session["id"] for session in state["sessions"].values() if session["id"]}
    assert kept == {session.id for session in made}, output
    assert {session.owner for session in made} == {state["id"]}, "what is in the state is settled"

    workspace.apply()
    expect_one_settled_session_each(workspace, sandbox, expected)
    assert {session.id for session in made} <= {session.id for session in sandbox.sessions()}


def test_another_name_leaves_the_leavings_alone(workspaces, sandbox, fleet, expected):
    workspace = workspaces("killed")
    # An interface as a target would not take twice ninety sources.
    balancer = f'["{fleet.balancer_target()}"]'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=MANY, targets=balancer))
    process = start_slow_apply(workspace, sandbox)
    os.killpg(process.pid, signal.SIGKILL)
    wait_for_the_end(process, sandbox)
    left = sandbox.sessions()

    other = workspaces("other")
    other.configure(sandbox.provider(), coverage(fleet, name="other", selector=MANY, targets=balancer))
    other.apply()
    assert [session for session in sandbox.sessions() if session.tags[OWNER_NAME] == "prod"] == left
    workspace.apply()
    expect_one_settled_session_each_of(sandbox, "prod", expected)
    expect_one_settled_session_each_of(sandbox, "other", expected)


def expect_one_settled_session_each_of(sandbox, name, expected):
    made = sandbox.sessions(name)
    assert [session.interface for session in made] == sorted(expected)
    assert all(SETTLED.fullmatch(session.owner) for session in made)


def test_killed_update(workspace, sandbox, fleet, expected):
    both = 'selector {\n    tags = { Mirror = "*" }\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, selector=both))
    process = start_slow_apply(workspace, sandbox, already=3)
    os.killpg(process.pid, signal.SIGKILL)
    wait_for_the_end(process, sandbox)
    assert 3 < len(sandbox.sessions()) < 93
    workspace.apply()
    expect_one_settled_session_each(workspace, sandbox, expected | fleet.tagged_interfaces())
