"""One interface's failure is one interface's failure, and a call that failed in passing is none."""

import collections

import pytest

from harness.hcl import TAGGED, coverage

PROD = "mirror_coverage.prod"
# How many calls the provider has under way at most.
IN_FLIGHT = 20
MANY = 'selector {\n    tags = { Mirror = "many" }\n  }'


def refuse(sandbox, action, **parameters):
    sandbox.fault(
        "error", action, code="TrafficMirrorSessionLimitExceeded", message="not this one", parameters=parameters
    )


@pytest.mark.spine
def test_a_create_that_fails_in_part_is_a_warning(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    refuse(sandbox, "CreateTrafficMirrorSession", NetworkInterfaceId=interface)
    workspace.configure(sandbox.provider(), coverage(fleet))
    result = workspace.try_apply().succeed()
    assert any("TrafficMirrorSessionLimitExceeded" in w.text and interface in w.text for w in result.warnings)
    assert not list(workspace.tainted())
    state = workspace.state()[PROD]
    assert state["failures"].keys() == {interface}
    assert state["failures"][interface]["code"] == "TrafficMirrorSessionLimitExceeded"
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces() - {interface}
    workspace.assert_refresh_keeps_private()

    sandbox.no_faults()
    assert workspace.plan().sessions(PROD).added == {interface}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert not workspace.state()[PROD]["failures"]
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()


def test_a_create_that_makes_nothing_is_an_error(workspace, sandbox, fleet):
    expected = fleet.launch_many(30, Mirror="many")
    refuse(sandbox, "CreateTrafficMirrorSession")
    workspace.configure(sandbox.provider(), coverage(fleet, selector=MANY))
    result = workspace.try_apply()
    assert result.code == 1
    assert PROD not in workspace.state()
    # No state has the attribute `failures`: the error itself names each.
    (error,) = result.errors
    assert "TrafficMirrorSessionLimitExceeded" in error.text and "attribute" not in error.text
    assert all(interface in error.text for interface in expected), error.text
    sandbox.no_faults()
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == expected


@pytest.mark.spine
def test_an_update_that_fails_in_part_is_an_error_and_saved(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    fleet.launch("web-3", Mirror="True")
    fleet.launch("web-4", Mirror="True")
    (failing,) = fleet.interfaces["web-3"]
    (working,) = fleet.interfaces["web-4"]
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    refuse(sandbox, "CreateTrafficMirrorSession", NetworkInterfaceId=failing)
    result = workspace.try_apply()
    assert result.code == 1
    assert any("TrafficMirrorSessionLimitExceeded" in e.text and failing in e.text for e in result.errors)
    assert not list(workspace.tainted())
    expected = {*fleet.interfaces["web-2"], working}
    assert {session.interface for session in sandbox.sessions()} == expected
    workspace.assert_refresh_keeps_private()

    sandbox.no_faults()
    assert workspace.plan().sessions(PROD).added == {failing}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.interface for session in sandbox.sessions()} == expected | {failing}


@pytest.mark.parametrize("what", ["modify", "tag", "delete"])
def test_a_repair_that_fails_is_repeated(workspace, sandbox, fleet, what):
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 3", 'tags = { Team = "a" }'))
    workspace.apply()
    before = sandbox.sessions()
    (interface,) = fleet.interfaces["web-1"]
    session = sandbox.session_on(interface)
    if what == "modify":
        sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session.id, SessionNumber=8)
        refuse(sandbox, "ModifyTrafficMirrorSession")
    elif what == "tag":
        sandbox.tag(session.id, Team="b")
        refuse(sandbox, "CreateTags")
    else:
        sandbox.untag(fleet.instances["web-1"], key="Mirror")
        refuse(sandbox, "DeleteTrafficMirrorSession")
    result = workspace.try_apply()
    assert result.code == 1
    assert any("TrafficMirrorSessionLimitExceeded" in error.text for error in result.errors)
    workspace.assert_refresh_keeps_private()
    sandbox.no_faults()
    workspace.apply()
    after = sandbox.sessions()
    assert after == [kept for kept in before if what != "delete" or kept.interface != interface]


def test_a_destroy_that_fails_in_part_goes_on_next_time(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    session = sandbox.session_on(interface)
    refuse(sandbox, "DeleteTrafficMirrorSession", TrafficMirrorSessionId=session.id)
    result = workspace.try_destroy()
    assert result.code == 1
    assert any("TrafficMirrorSessionLimitExceeded" in error.text for error in result.errors)
    assert sandbox.sessions() == [session]
    assert PROD in workspace.state()
    workspace.assert_refresh_keeps_private()
    sandbox.no_faults()
    workspace.destroy()
    assert sandbox.sessions() == []


@pytest.mark.parametrize("kind", ["internal_error", "unavailable", "request_limit_exceeded", "reset"])
@pytest.mark.parametrize("after_change", [False, True], ids=["before", "after"])
def test_a_call_that_fails_in_passing(workspace, sandbox, fleet, kind, after_change):
    expected = fleet.launch_many(30, Mirror="many")
    for action in ("CreateTrafficMirrorSession", "DescribeInstances", "DeleteTrafficMirrorSession", "CreateTags"):
        sandbox.fault(kind, action, times=1, skip=0, after_change=after_change)
    workspace.configure(sandbox.provider(), coverage(fleet, selector=MANY))
    workspace.apply()
    made = sandbox.sessions()
    assert [session.interface for session in made] == sorted(expected)
    workspace.destroy()
    assert sandbox.sessions() == []


def test_throttled_as_aws_throttles(workspace, fleet, sandbox):
    """Sixty sessions are more than the bucket of fifty holds."""
    expected = fleet.launch_many(60, Mirror="many")
    sandbox.throttle()
    workspace.configure(sandbox.provider(), coverage(fleet, selector=MANY))
    workspace.try_apply().succeed()
    assert {session.interface for session in sandbox.sessions()} == expected
    assert not workspace.state()[PROD]["failures"]


@pytest.mark.needs("postcondition")
@pytest.mark.parametrize("step", ["create", "update"])
def test_four_ways_to_fail_at_once(workspace, sandbox, fleet, step):
    """Vanished, refused for good, throttled and denied: the others are done, each is named, and the next apply heals."""
    names = ["vanished", "refused", "throttled", "denied", "fine"]
    (kept,) = fleet.interfaces["web-1"]
    sandbox.untag(fleet.instances["web-2"], key="Mirror")
    # A selection pins the plan, so that what vanishes is still in it.
    pinned = f'data "mirror_interfaces" "prod" {{\n  {TAGGED}\n}}\n'
    selection = coverage(fleet, "selection = data.mirror_interfaces.prod.selection", selector="")

    def configure(excluded=""):
        exclude = f'exclude {{\n    network_interface_ids = ["{excluded}"]\n  }}\n  ' if excluded else ""
        workspace.configure(
            sandbox.provider(max_retries="2"),
            pinned,
            selection,
            f'data "mirror_audit" "prod" {{\n  {TAGGED}\n  {exclude}depends_on = [{PROD}]\n  lifecycle {{\n    postcondition {{\n'
            '      condition     = self.compliant\n      error_message = "Not every tagged interface is mirrored."\n'
            "    }\n  }\n}\n",
        )

    configure()
    if step == "update":
        workspace.apply()
    for name in names:
        fleet.launch(name, Mirror="True")
    interface = {name: fleet.interfaces[name][0] for name in names}
    configure(excluded=interface["refused"])
    workspace.save_plan()
    fleet.terminate("vanished")
    refused = {"code": "NetworkInterfaceNotSupported"}
    for name, kind, more in (("refused", "error", refused), ("throttled", "request_limit_exceeded", {}), ("denied", "deny", {})):
        parameters = {"NetworkInterfaceId": interface[name]}
        sandbox.fault(kind, "CreateTrafficMirrorSession", parameters=parameters, **more)
    result = workspace.try_apply_saved()
    assert result.code == 1
    said = "\n".join(diagnostic.text for diagnostic in result.diagnostics)
    if step == "create":
        assert [error.summary for error in result.errors] == ["Resource postcondition failed"], result.readable()
    assert not list(workspace.tainted())
    codes = {
        "vanished": "InvalidNetworkInterfaceID.NotFound",
        "refused": "NetworkInterfaceNotSupported",
        "throttled": "RequestLimitExceeded",
        "denied": "UnauthorizedOperation",
    }
    failures = workspace.state()[PROD]["failures"]
    assert {key: failure["code"] for key, failure in failures.items()} == {interface[n]: codes[n] for n in codes}
    for name, code in codes.items():
        assert f"{interface[name]}: {code}" in said
    assert {session.interface for session in sandbox.sessions()} == {kept, interface["fine"]}
    workspace.assert_refresh_keeps_private()

    sandbox.no_faults()
    sandbox.fault("error", "CreateTrafficMirrorSession", parameters={"NetworkInterfaceId": interface["refused"]}, **refused)
    assert workspace.plan().sessions(PROD).added == {interface["throttled"], interface["denied"]}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    state = workspace.state()[PROD]
    assert not state["failures"] and set(state["skipped"]) == {interface["refused"]}
    assert {s.interface for s in sandbox.sessions()} == {kept, *(interface[n] for n in ("fine", "throttled", "denied"))}


@pytest.mark.parametrize("second", ["it works", "never"])
def test_what_failed_is_tried_again_without_a_refresh(workspace, sandbox, fleet, second):
    """`failures` of the state say nothing of what this apply ends in."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    failing = sorted(fleet.tagged_interfaces())[0]
    refuse(sandbox, "CreateTrafficMirrorSession", NetworkInterfaceId=failing)
    workspace.try_apply().succeed()
    assert set(workspace.state()[PROD]["failures"]) == {failing}
    sandbox.no_faults()
    if second == "never":
        code, message = "NetworkInterfaceNotSupported", "no mirroring of this instance type"
        sandbox.fault("error", "CreateTrafficMirrorSession", code=code, message=message)
    workspace.try_apply("-refresh=false").succeed()
    assert set(workspace.state()[PROD]["failures"]) == (set() if second == "it works" else {failing})
    sandbox.no_faults()
    workspace.apply()
    workspace.assert_empty_plan()


def test_no_more_is_asked_for_once_the_credentials_have_expired(workspace, sandbox, fleet):
    """What was made is kept, each of the others is named, and the next apply goes on."""
    expected = fleet.launch_many(80, Mirror="many")
    sandbox.fault("error", "CreateTrafficMirrorSession", skip=10, code="ExpiredToken", message="it has expired")
    hcl = coverage(fleet, selector=MANY, targets=f'["{fleet.balancer_target()}"]')
    workspace.configure(sandbox.provider(), hcl)
    result = workspace.try_apply().succeed()
    assert any("70 of 80" in warning.summary and "ExpiredToken" in warning.detail for warning in result.warnings)
    # Those that were under way already.
    assert len(sandbox.calls("CreateTrafficMirrorSession")) <= 10 + IN_FLIGHT
    failures = workspace.state()[PROD]["failures"]
    assert len(failures) == 70 and {failure["code"] for failure in failures.values()} == {"ExpiredToken"}
    sandbox.no_faults()
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == expected


def test_what_a_call_names_is_waited_for_once(workspace, sandbox, fleet):
    """A filter that was deleted since the plan: those that find it gone meanwhile ask for it no second time."""
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    sandbox.untag(fleet.instances["web-2"], key="Mirror")
    expected = fleet.launch_many(80, Mirror="True")
    given = {"targets": f'["{fleet.balancer_target()}"]'}
    workspace.configure(sandbox.provider(), coverage(fleet, "enabled = false", **given))
    workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, **given))
    workspace.save_plan()
    sandbox.ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=fleet.filter)
    sandbox.forget_calls()
    result = workspace.try_apply_saved()
    (error,) = result.errors
    assert "80 of 80" in error.summary and "TrafficMirrorFilter" in error.detail, result.readable()
    by_interface = collections.Counter(
        call.parameter("NetworkInterfaceId") for call in sandbox.calls("CreateTrafficMirrorSession")
    )
    assert by_interface.keys() == expected
    assert sum(1 for calls in by_interface.values() if calls > 1) <= IN_FLIGHT, by_interface
