"""What others do to a session is seen by the next plan, and repaired by its apply."""

import dataclasses
import json

import pytest

from harness.cloud import OWNER_ID, OWNER_NAME
from harness.hcl import coverage

PROD = "mirror_coverage.prod"


def modify(**change):
    def do(sandbox, fleet, session):
        values = {key: value(fleet) if callable(value) else value for key, value in change.items()}
        sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session.id, **values)

    return do


def delete(sandbox, fleet, session):
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=session.id)


def retag(key, value):
    return lambda sandbox, fleet, session: sandbox.tag(session.id, **{key: value})


def untag(key):
    return lambda sandbox, fleet, session: sandbox.untag(session.id, key=key)


DRIFTS = {
    "target": modify(TrafficMirrorTargetId=lambda fleet: fleet.other_target),
    "filter": modify(TrafficMirrorFilterId=lambda fleet: fleet.other_filter),
    "number": modify(SessionNumber=77),
    "description": modify(Description="edited by hand"),
    "description-removed": modify(RemoveFields=["description"]),
    "packet-length": modify(PacketLength=100),
    "deleted": delete,
    "tag-value": retag("Team", "somebody"),
    "tag-removed": untag("Team"),
    "tag-added": retag("Stray", "x"),
    "name": retag("Name", "somebody"),
    "copied-tag": retag("Role", "database"),
    "virtual-network-id": modify(VirtualNetworkId=77),
    "name-tag": retag(OWNER_NAME, "another"),
    "name-tag-removed": untag(OWNER_NAME),
    # The state knows the session, so a lost mark is drift and no loss.
    "id-tag-removed": untag(OWNER_ID),
}


def wanted(session):
    """What a repair restores; a session made anew has another id, and another VNI where AWS draws it."""
    return dataclasses.replace(session, id="")


def drawn(session):
    return dataclasses.replace(wanted(session), virtual_network_id=None)


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_seen_and_repaired(workspace, sandbox, fleet, drift):
    shape = (
        'description = "by terraform"',
        'tags = { Team = "security" }',
        "session_number = 5",
        "virtual_network_id = 4711",
        'name_tag = "of {instance_id}"',
        'copy_tags = ["Role"]',
    )
    sandbox.tag(fleet.instances["web-1"], Role="web")
    workspace.configure(sandbox.provider(), coverage(fleet, *shape))
    workspace.apply()
    before = sandbox.sessions()
    (interface,) = fleet.interfaces["web-1"]

    DRIFTS[drift](sandbox, fleet, sandbox.session_on(interface))
    assert list(map(wanted, sandbox.sessions())) != list(map(wanted, before)), "the drift is there"
    plan = workspace.plan()
    assert plan.actions == {PROD: ["update"]}
    assert list(plan.before(PROD)["deviations"]) == [interface]
    assert plan.after(PROD)["deviations"] == {}
    sandbox.forget_calls()
    workspace.apply_saved()
    workspace.assert_empty_plan()

    after = sandbox.sessions()
    assert list(map(wanted, after)) == list(map(wanted, before))
    if drift != "deleted":
        assert after == before, "repaired in place"
    untouched = {session.id for session in before if session.interface != interface}
    for call in sandbox.changing_calls():
        assert not untouched & call.sessions(), f"{call.action} touched a session that had not drifted"


@pytest.mark.spine
def test_a_deleted_session_is_told_from_a_new_interface(workspace, sandbox, fleet):
    """Also by a plan after a refresh that was saved, whose state has forgotten the session."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    session = sandbox.session_on(interface)
    delete(sandbox, fleet, session)
    fleet.launch("web-9", Mirror="True")
    # What is deleted of an instance that is no longer selected is nothing to repair.
    away = fleet.interfaces["web-2"]
    for gone in away:
        delete(sandbox, fleet, sandbox.session_on(gone))
    sandbox.untag(fleet.instances["web-2"], key="Mirror")
    told = {interface: f"{session.id} is gone"}
    assert workspace.plan().before(PROD)["deviations"] == told
    workspace.try_apply("-refresh-only").succeed()
    plan = workspace.plan()
    assert plan.before(PROD)["deviations"] == told and plan.after(PROD)["deviations"] == {}
    assert set(plan.after(PROD)["sessions"]) == {interface, *fleet.interfaces["web-9"]}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert workspace.state()[PROD]["deviations"] == {}


@pytest.mark.spine
def test_every_drift_at_once(workspace, sandbox, fleet):
    """The spine of the above, for cores that do not run it whole."""
    workspace.configure(sandbox.provider(), coverage(fleet, 'tags = { Team = "security" }'))
    workspace.apply()
    before = list(map(drawn, sandbox.sessions()))
    first, second, third = sandbox.sessions()
    delete(sandbox, fleet, first)
    DRIFTS["target"](sandbox, fleet, second)
    DRIFTS["tag-value"](sandbox, fleet, second)
    DRIFTS["filter"](sandbox, fleet, third)
    DRIFTS["number"](sandbox, fleet, third)
    workspace.apply()
    after = sandbox.sessions()
    # A number that is not fixed may stay where somebody put it.
    for session, old in zip(after, before, strict=True):
        assert dataclasses.replace(drawn(session), number=0) == dataclasses.replace(old, number=0)


def test_a_number_that_is_not_fixed_shows_its_truth(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    DRIFTS["number"](sandbox, fleet, sandbox.session_on(interface))
    workspace.apply()
    kept = workspace.state()[PROD]["sessions"][interface]["session_number"]
    assert kept == sandbox.session_on(interface).number


def test_a_description_by_hand_stays_where_none_is_configured(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    modify(Description="a note")(sandbox, fleet, sandbox.session_on(interface))
    workspace.assert_empty_plan()
    assert sandbox.session_on(interface).description == "a note"


def test_a_virtual_network_id_that_aws_drew_may_be_another(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    modify(VirtualNetworkId=4242)(sandbox, fleet, sandbox.session_on(interface))
    workspace.assert_empty_plan()
    workspace.apply("-refresh-only")
    assert workspace.state()[PROD]["sessions"][interface]["virtual_network_id"] == 4242


def test_a_second_own_session_is_removed(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    owner = workspace.state()[PROD]["id"]
    second = sandbox.create_session(
        interface, fleet.target, fleet.filter, 99, **{OWNER_NAME: "prod", OWNER_ID: owner}
    )
    plan = workspace.plan()
    assert plan.actions == {PROD: ["update"]}
    assert plan.before(PROD)["deviations"] == {interface: f"{second} is a second session of this coverage"}
    assert plan.after(PROD)["deviations"] == {}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sandbox.session_on(interface).owner == owner
    assert len(sandbox.sessions()) == 3


def test_a_second_own_session_that_cannot_be_deleted_fails_the_apply(workspace, sandbox, fleet):
    """Also where the first one changes in the same apply."""
    workspace.configure(sandbox.provider(), coverage(fleet, 'description = "one"'))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    owner = workspace.state()[PROD]["id"]
    second = sandbox.create_session(
        interface, fleet.target, fleet.filter, 99, **{OWNER_NAME: "prod", OWNER_ID: owner}
    )
    workspace.configure(sandbox.provider(), coverage(fleet, 'description = "two"'))
    sandbox.fault("deny", "DeleteTrafficMirrorSession")
    result = workspace.try_apply()
    assert result.code == 1, result.readable()
    (error,) = result.errors
    assert error.summary == "1 of 3 traffic mirror sessions could not be deleted", result.readable()
    assert f"{interface}: UnauthorizedOperation" in error.detail
    assert {session.description for session in sandbox.sessions() if session.id != second} == {"two"}
    assert workspace.state()[PROD]["failures"].keys() == {interface}
    workspace.assert_refresh_keeps_private()

    # One that cannot be changed either: what stands in its way is told first.
    workspace.configure(sandbox.provider(), coverage(fleet, 'description = "three"'))
    sandbox.fault("deny", "ModifyTrafficMirrorSession")
    result = workspace.try_apply()
    assert [error.summary for error in result.errors] == [
        "1 of 3 traffic mirror sessions could not be deleted",
        "2 of 3 traffic mirror sessions could not be changed",
    ], result.readable()
    sandbox.no_faults()
    workspace.apply()
    assert {session.description for session in sandbox.sessions()} == {"three"}
    assert len(sandbox.sessions()) == 3


def test_a_session_with_anothers_id_is_not_ours_any_more(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    lost = sandbox.session_on(interface)
    other = "mc-0123456789abcdef0"
    sandbox.tag(lost.id, **{OWNER_ID: other})
    workspace.apply()
    both = [session for session in sandbox.sessions() if session.interface == interface]
    assert [session.id for session in both if session.owner == other] == [lost.id]
    assert [session.number for session in both if session.owner != other] == [lost.number + 1]
    workspace.destroy()
    assert [session.id for session in sandbox.sessions()] == [lost.id]


@pytest.mark.spine
def test_all_sessions_gone_behind_our_back(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    for session in sandbox.sessions():
        delete(sandbox, fleet, session)
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()


def test_drift_to_nothing_before_a_destroy(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    delete(sandbox, fleet, sandbox.sessions()[0])
    workspace.destroy()
    assert sandbox.sessions() == []


FIRST = """resource "terraform_data" "first" {
  triggers_replace = ["%s"]
  provisioner "local-exec" {
    command = "%s"
  }
}
"""


def test_drift_that_a_run_saved_is_still_repaired(workspace, sandbox, fleet):
    """Core saves what a refresh found, also when the plan was not carried out: what was meant is not forgotten."""
    ours = coverage(
        fleet,
        "virtual_network_id_range = { first = 1000, last = 1009 }",
        "depends_on = [terraform_data.first]",
        targets=json.dumps([fleet.target, fleet.other_target]),
    )
    workspace.configure(sandbox.provider(), FIRST % ("1", "true"), ours)
    workspace.apply()
    before = sandbox.sessions()
    (interface,) = fleet.interfaces["web-1"]
    session = sandbox.session_on(interface)
    (elsewhere,) = {fleet.target, fleet.other_target} - {session.target}
    modify(TrafficMirrorTargetId=elsewhere, VirtualNetworkId=1008, SessionNumber=7)(sandbox, fleet, session)
    words = {
        interface: f"traffic_mirror_target_id is {elsewhere}; session_number is 7; virtual_network_id is 1008",
    }

    def expect_drift():
        plan = workspace.plan()
        assert plan.before(PROD)["deviations"] == words and plan.after(PROD)["deviations"] == {}
        row = plan.after(PROD)["sessions"][interface]
        assert (row["traffic_mirror_target_id"], row["virtual_network_id"]) == (session.target, session.virtual_network_id)

    expect_drift()
    # Another resource of the run fails.
    workspace.configure(sandbox.provider(), FIRST % ("2", "false"), ours)
    assert workspace.try_apply().code == 1
    assert workspace.state()[PROD]["sessions"][interface]["traffic_mirror_target_id"] == elsewhere, "core saved it"
    workspace.configure(sandbox.provider(), FIRST % ("2", "true"), ours)
    workspace.try_apply("-target=terraform_data.first").succeed()
    expect_drift()
    # Twice, since the second one starts from what the first one saved.
    for _ in range(2):
        workspace.try_apply("-refresh-only").succeed()
        expect_drift()
    # The repair itself fails.
    sandbox.fault("deny", "ModifyTrafficMirrorSession")
    assert workspace.try_apply().code == 1
    sandbox.no_faults()
    expect_drift()
    workspace.apply()
    assert sandbox.sessions() == before


def test_a_number_that_somebody_took_meanwhile_is_theirs(workspace, sandbox, fleet):
    """Ours was moved by hand, and is not fixed: no apply fails for it."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    session = sandbox.session_on(interface)
    modify(SessionNumber=5)(sandbox, fleet, session)
    sandbox.create_session(interface, fleet.target, fleet.filter, session.number)
    workspace.apply()
    assert sandbox.session_on(interface, "prod") == dataclasses.replace(session, number=5)
    assert workspace.state()[PROD]["sessions"][interface]["session_number"] == 5


def test_a_filter_that_a_tag_picked(workspace, sandbox, fleet):
    """Somebody gives each of two sessions the filter of the other."""
    sandbox.tag(fleet.instances["web-1"], What=fleet.other_filter)
    rule = f'override = {{ filter_tag = "What", filter_ids = ["{fleet.other_filter}"] }}'
    workspace.configure(sandbox.provider(), coverage(fleet, rule))
    workspace.apply()
    before = sandbox.sessions()
    assert {session.filter for session in before} == {fleet.filter, fleet.other_filter}
    exchanged = {fleet.filter: fleet.other_filter, fleet.other_filter: fleet.filter}
    for session in before:
        sandbox.ec2.modify_traffic_mirror_session(
            TrafficMirrorSessionId=session.id, TrafficMirrorFilterId=exchanged[session.filter]
        )
    deviations = workspace.plan().before(PROD)["deviations"]
    assert deviations == {s.interface: f"traffic_mirror_filter_id is {exchanged[s.filter]}" for s in before}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sandbox.sessions() == before
