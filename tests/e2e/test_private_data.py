"""What an apply keeps for itself is what the next refresh would keep, also where a part of it failed: core writes a new state for anything
else, and with that somebody's saved plan is stale."""

import pytest

from harness.hcl import coverage

PROD = "mirror_coverage.prod"
CHANGING = [f"{what}TrafficMirrorSession" for what in ("Create", "Modify", "Delete")] + ["CreateTags", "DeleteTags"]


def a_change_of_every_kind(workspace, sandbox, fleet):
    """Of one coverage: sessions to make, to adopt, to change, to put back, to retag and to delete, second ones and filter rules among them."""
    for name in ("moved", "retagged", "second", "gone", "described"):
        fleet.launch(name, Mirror="True")
    arguments = ["virtual_network_id_range = { first = 100, last = 200 }", 'adopt = { descriptions = ["by hand"] }']
    workspace.configure(sandbox.provider(max_retries="1"), coverage(fleet, *arguments, 'description = "a"'))
    workspace.apply()
    session = {name: sandbox.session_on(fleet.interfaces[name][0]) for name in ("moved", "retagged", "second")}
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session["moved"].id, TrafficMirrorTargetId=fleet.other_target)
    sandbox.tag(session["retagged"].id, Stray="x")
    sandbox.untag(session["retagged"].id, key="Name")
    again = session["second"]
    sandbox.create_session(again.interface, fleet.target, fleet.filter, 9, **again.tags)
    sandbox.untag(fleet.instances["gone"], key="Mirror")
    fleet.launch("new", Mirror="True")
    fleet.launch("adopted", Mirror="True")
    sandbox.ec2.create_traffic_mirror_session(
        NetworkInterfaceId=fleet.interfaces["adopted"][0], TrafficMirrorTargetId=fleet.target, TrafficMirrorFilterId=fleet.filter,
        SessionNumber=3, Description="by hand",
    )  # fmt: skip
    workspace.configure(sandbox.provider(max_retries="1"), coverage(fleet, *arguments, 'description = "b"'))


@pytest.mark.parametrize("kind", ["deny", "request_limit_exceeded", "internal_error"])
@pytest.mark.parametrize("action", CHANGING)
def test_every_call_of_a_kind_fails(workspace, sandbox, fleet, action, kind):
    a_change_of_every_kind(workspace, sandbox, fleet)
    sandbox.fault(kind, action)
    assert workspace.try_apply().code == 1
    sandbox.no_faults()
    workspace.assert_refresh_keeps_private()
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces() | {
        interface for name in ("moved", "retagged", "second", "described", "new", "adopted") for interface in fleet.interfaces[name]
    }
