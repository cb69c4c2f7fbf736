"""Calls that seem to fail after they changed something: never a second session, never a lost one."""

import pytest

from harness.cloud import SETTLED
from harness.hcl import coverage, coverage_without

PROD = "mirror_coverage.prod"
CREATE = "CreateTrafficMirrorSession"


def expect_one_each(workspace, sandbox, interfaces):
    """Each interface has one session, it is settled, and it is the one of the state."""
    made = sandbox.sessions()
    assert [session.interface for session in made] == sorted(interfaces)
    state = workspace.state()[PROD]
    assert {session.owner for session in made} <= {state["id"]} and SETTLED.fullmatch(state["id"])
    assert {key: session["id"] for key, session in state["sessions"].items()} == {s.interface: s.id for s in made}
    assert not state["failures"]


@pytest.mark.parametrize("kind", ["reset", "half_written", "truncated", "internal_error", "token"])
def test_a_session_that_was_made_although_every_answer_failed(workspace, sandbox, fleet, kind):
    """In a create, in an update, and after the tokens of both have outlived their sessions."""
    (interface,) = fleet.interfaces["web-1"]
    more = {"code": "IdempotentParameterMismatch", "status": 400} if kind == "token" else {}
    named = "error" if kind == "token" else kind
    sandbox.fault(named, CREATE, after_change=True, parameters={"NetworkInterfaceId": interface}, **more)
    for enabled in ("true", "false", "true"):
        workspace.configure(sandbox.provider(), coverage(fleet, f"enabled = {enabled}"))
        workspace.apply()
        expect_one_each(workspace, sandbox, fleet.tagged_interfaces() if enabled == "true" else set())
    assert sum(call.changed for call in sandbox.calls(CREATE)) == 6


@pytest.mark.parametrize("action", ["ModifyTrafficMirrorSession", "DeleteTrafficMirrorSession", "CreateTags", "DeleteTags"])
def test_a_change_that_was_made_although_every_answer_failed(workspace, sandbox, fleet, action):
    """Of an update, and of the tags that settle a create."""
    provider = sandbox.provider(max_retries="3")
    if action == "CreateTags":
        sandbox.fault("reset", action, after_change=True)
    workspace.configure(provider, coverage(fleet, 'tags = { A = "1" }'))
    workspace.try_apply().succeed()
    sandbox.no_faults()
    workspace.apply()
    expect_one_each(workspace, sandbox, fleet.tagged_interfaces())
    fleet.launch("web-3", Mirror="True")
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    sandbox.fault("reset", action, after_change=True)
    workspace.configure(provider, coverage(fleet, 'tags = { B = "1" }', "packet_length = 200"))
    workspace.try_apply()
    sandbox.no_faults()
    workspace.apply()
    expect_one_each(workspace, sandbox, {*fleet.interfaces["web-2"], *fleet.interfaces["web-3"]})
    assert {(s.tags.get("A"), s.tags["B"], s.packet_length) for s in sandbox.sessions()} == {(None, "1", 200)}


def test_a_session_that_was_not_made_is_made_by_the_next_apply(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    sandbox.fault("reset", CREATE, parameters={"NetworkInterfaceId": interface})
    workspace.configure(sandbox.provider(), coverage(fleet))
    result = workspace.try_apply().succeed()
    assert any("Interrupted" in w.text and interface in w.text for w in result.warnings)
    assert workspace.state()[PROD]["failures"][interface]["code"] == "Interrupted"
    sandbox.no_faults()
    workspace.apply()
    expect_one_each(workspace, sandbox, fleet.tagged_interfaces())


def test_another_token_after_one_that_was_used(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    mismatch = {"code": "IdempotentParameterMismatch", "parameters": {"NetworkInterfaceId": interface}}
    sandbox.fault("error", CREATE, times=1, **mismatch)
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    expect_one_each(workspace, sandbox, fleet.tagged_interfaces())
    tokens = [c.parameter("ClientToken") for c in sandbox.calls(CREATE) if c.parameter("NetworkInterfaceId") == interface]
    assert len(tokens) == len(set(tokens)) == 2


@pytest.mark.parametrize("step", ["create", "update"])
def test_an_answer_that_never_comes(workspace, sandbox, fleet, step):
    """The time is over, the session is there, and the next apply has it."""
    timeouts = 'timeouts {\n    create = "3s"\n    update = "3s"\n  }'
    late = fleet.tagged_interfaces()
    if step == "update":
        workspace.configure(sandbox.provider(), coverage(fleet, timeouts))
        workspace.apply()
        fleet.launch("web-3", Mirror="True")
        late = set(fleet.interfaces["web-3"])
    first = sorted(late)[0]
    sandbox.fault("hang", CREATE, after_change=True, parameters={"NetworkInterfaceId": first})
    workspace.configure(sandbox.provider(), coverage(fleet, timeouts))
    result = workspace.try_apply()
    assert result.code == (1 if step == "update" else 0)
    assert "TimedOut" in result.text and first in result.text
    assert not list(workspace.tainted())
    made = sandbox.session_on(first)
    sandbox.no_faults()
    workspace.apply()
    expect_one_each(workspace, sandbox, fleet.tagged_interfaces() | late)
    assert sandbox.session_on(first).id == made.id


@pytest.mark.parametrize("action", ["CreateTrafficMirrorFilter", "CreateTrafficMirrorFilterRule"])
def test_a_filter_that_was_made_although_every_answer_failed(workspace, sandbox, fleet, action):
    """In a create and in an update; every session uses the one filter that there is."""
    described = sandbox.ec2.describe_traffic_mirror_filters
    given = {one["TrafficMirrorFilterId"] for one in described()["TrafficMirrorFilters"]}
    owning = coverage_without(fleet, "traffic_mirror_filter_id")
    sandbox.fault("reset", action, after_change=True)
    for configuration in (owning, coverage(fleet), owning):
        workspace.configure(sandbox.provider(), configuration)
        workspace.apply()
        expect_one_each(workspace, sandbox, fleet.tagged_interfaces())
        found = [one for one in described()["TrafficMirrorFilters"] if one["TrafficMirrorFilterId"] not in given]
        if configuration is owning:
            (made,) = found
            assert len(made["IngressFilterRules"]) == len(made["EgressFilterRules"]) == 2
            assert {session.filter for session in sandbox.sessions()} == {made["TrafficMirrorFilterId"]}
        else:
            assert found == []
    workspace.destroy()
    assert sandbox.sessions() == []
    assert {one["TrafficMirrorFilterId"] for one in described()["TrafficMirrorFilters"]} == given
