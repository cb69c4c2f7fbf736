"""The filter that a coverage owns when none is given: it accepts everything, both ways."""

import pytest

from harness.cloud import OWNER_ID, OWNER_NAME, tags_of
from harness.hcl import Unknown, coverage, coverage_without

PROD = "mirror_coverage.prod"
EVERYTHING = {("0.0.0.0/0", "0.0.0.0/0"), ("::/0", "::/0")}


def owned(fleet, *more):
    return coverage_without(fleet, "traffic_mirror_filter_id", *more)


def filters(sandbox):
    """The filters of coverages, by id."""
    found = sandbox.ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
    return {one["TrafficMirrorFilterId"]: one for one in found if OWNER_NAME in tags_of(one)}


def the_filter(sandbox):
    (only,) = filters(sandbox).values()
    return only


def assert_accepts_everything(found):
    for side in ("IngressFilterRules", "EgressFilterRules"):
        rules = found[side]
        assert {(rule["SourceCidrBlock"], rule["DestinationCidrBlock"]) for rule in rules} == EVERYTHING
        assert len(rules) == 2 and {rule["RuleAction"] for rule in rules} == {"accept"}
        assert all(not {"Protocol", "SourcePortRange", "DestinationPortRange"} & rule.keys() for rule in rules)
    assert found["NetworkServices"] == ["amazon-dns"]


@pytest.mark.spine
def test_it_is_made_with_the_coverage_and_goes_with_it(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), owned(fleet, 'tags = { team = "security" }'))
    workspace.apply()
    found = the_filter(sandbox)
    assert_accepts_everything(found)
    state = workspace.state()[PROD]
    assert state["filter_id"] == found["TrafficMirrorFilterId"]
    tags = tags_of(found)
    assert (tags[OWNER_NAME], tags[OWNER_ID], tags["Name"], tags["team"]) == ("prod", state["id"], "prod", "security")
    assert {session.filter for session in sandbox.sessions()} == {state["filter_id"]}

    workspace.configure(sandbox.provider(), owned(fleet, 'tags = { team = "network" }'))
    workspace.apply()
    assert tags_of(the_filter(sandbox))["team"] == "network"
    workspace.destroy()
    assert filters(sandbox) == {} and sandbox.sessions() == []


def break_rule(sandbox, found):
    sandbox.ec2.delete_traffic_mirror_filter_rule(
        TrafficMirrorFilterRuleId=found["IngressFilterRules"][0]["TrafficMirrorFilterRuleId"]
    )


def add_reject(sandbox, found):
    sandbox.ec2.create_traffic_mirror_filter_rule(
        TrafficMirrorFilterId=found["TrafficMirrorFilterId"],
        TrafficDirection="egress",
        RuleNumber=1,
        RuleAction="reject",
        SourceCidrBlock="10.0.0.0/8",
        DestinationCidrBlock="0.0.0.0/0",
    )


def narrow_rule(sandbox, found):
    sandbox.ec2.modify_traffic_mirror_filter_rule(
        TrafficMirrorFilterRuleId=found["EgressFilterRules"][1]["TrafficMirrorFilterRuleId"], Protocol=6
    )


def drop_dns(sandbox, found):
    sandbox.ec2.modify_traffic_mirror_filter_network_services(
        TrafficMirrorFilterId=found["TrafficMirrorFilterId"], RemoveNetworkServices=["amazon-dns"]
    )


def untag(sandbox, found):
    sandbox.untag(found["TrafficMirrorFilterId"], key=OWNER_ID)


@pytest.mark.parametrize("change", [break_rule, add_reject, narrow_rule, drop_dns, untag])
def test_drift_is_shown_and_repaired(workspace, sandbox, fleet, change):
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    before = the_filter(sandbox)["TrafficMirrorFilterId"]
    change(sandbox, the_filter(sandbox))
    plan = workspace.plan()
    assert plan.actions == {PROD: ["update"]}
    assert before in plan.before(PROD)["deviations"]
    sandbox.forget_calls()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    found = the_filter(sandbox)
    assert found["TrafficMirrorFilterId"] == before, "repaired, not replaced"
    assert_accepts_everything(found)
    assert tags_of(found)[OWNER_ID] == workspace.state()[PROD]["id"]


@pytest.mark.spine
def test_a_given_filter_replaces_it_and_back(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    before = {session.id for session in sandbox.sessions()}
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    assert filters(sandbox) == {}
    assert {session.filter for session in sandbox.sessions()} == {fleet.filter}

    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    assert_accepts_everything(the_filter(sandbox))
    assert {session.filter for session in sandbox.sessions()} == set(filters(sandbox))
    assert {session.id for session in sandbox.sessions()} == before, "moved, never made anew"


@pytest.mark.parametrize("before", ["", "enabled = false"], ids=["with-sessions", "without"])
def test_its_own_id_given_is_a_takeover(workspace, sandbox, fleet, before):
    """As after its import into a resource of the AWS provider: it is nobody's to delete any more."""
    workspace.configure(sandbox.provider(), owned(fleet, before))
    workspace.apply()
    filter_id = the_filter(sandbox)["TrafficMirrorFilterId"]
    workspace.configure(sandbox.provider(), coverage(fleet, filter_id=f'"{filter_id}"'))
    workspace.apply()
    workspace.assert_empty_plan()
    assert {session.filter for session in sandbox.sessions()} == {filter_id}
    assert filters(sandbox) == {}, "its tags are off"
    workspace.destroy()
    assert filter_id in {
        one["TrafficMirrorFilterId"]
        for one in sandbox.ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
    }


def test_one_whose_tags_stay_is_not_deleted_with_the_coverage(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    filter_id = the_filter(sandbox)["TrafficMirrorFilterId"]
    workspace.configure(sandbox.provider(), coverage(fleet, filter_id=f'"{filter_id}"'))
    sandbox.fault("deny", "DeleteTags")
    (warning,) = workspace.try_apply().succeed().warnings
    assert "DeleteTags" in warning.detail
    sandbox.no_faults()
    workspace.assert_empty_plan()
    workspace.destroy()
    assert set(filters(sandbox)) == {filter_id}


def test_one_that_cannot_be_completed_is_deleted_again(workspace, sandbox, fleet):
    sandbox.fault("deny", "ModifyTrafficMirrorFilterNetworkServices")
    workspace.configure(sandbox.provider(), owned(fleet))
    result = workspace.try_apply()
    assert result.code == 1
    (error,) = result.errors
    assert "UnauthorizedOperation" in error.text and "ModifyTrafficMirrorFilterNetworkServices" in error.text
    assert filters(sandbox) == {} and sandbox.sessions() == []
    assert PROD not in workspace.state()
    sandbox.no_faults()
    workspace.apply()


def test_no_session_no_filter(workspace, sandbox, fleet):
    """A create that made no session leaves nothing behind."""
    sandbox.fault("deny", "CreateTrafficMirrorSession")
    workspace.configure(sandbox.provider(), owned(fleet))
    assert workspace.try_apply().code == 1
    assert filters(sandbox) == {}


def test_a_filter_that_cannot_be_deleted_is_not_forgotten(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    sandbox.fault("deny", "DeleteTrafficMirrorFilter")
    workspace.configure(sandbox.provider(), coverage(fleet))
    result = workspace.try_apply()
    assert result.code == 1 and len(filters(sandbox)) == 1
    assert {session.filter for session in sandbox.sessions()} == {fleet.filter}
    assert workspace.try_destroy().code == 1, "nor by a destroy"
    sandbox.no_faults()
    workspace.apply()
    assert filters(sandbox) == {}


LEFT = "The coverage's own traffic mirror filter could not be deleted"


def test_a_destroy_that_may_not_delete_it_says_so(workspace, sandbox, fleet):
    """The sessions that it has just deleted are in nobody's way."""
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    sandbox.fault("deny", "DeleteTrafficMirrorFilter")
    result = workspace.try_destroy()
    (error,) = result.errors
    assert error.summary == LEFT and "UnauthorizedOperation" in error.detail, result.readable()
    assert "ec2:DeleteTrafficMirrorFilter" in error.detail and "not of this coverage" not in error.detail
    assert sandbox.sessions() == [] and len(filters(sandbox)) == 1
    sandbox.no_faults()
    workspace.destroy()
    assert filters(sandbox) == {}


def test_a_destroy_names_the_sessions_of_others_that_hold_it(workspace, sandbox, fleet):
    fleet.launch_many(15, Mirror="True")
    workspace.configure(sandbox.provider(), owned(fleet).replace(fleet.target, fleet.balancer_target()))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    own = workspace.state()[PROD]["filter_id"]
    foreign = sandbox.create_session(interface, fleet.target, own, 99)
    for _ in range(2):
        result = workspace.try_destroy()
        (error,) = result.errors
        assert error.summary == LEFT and "TrafficMirrorFilterInUse" in error.detail, result.readable()
        assert f"Sessions that are not of this coverage use it: {foreign}. Give them" in " ".join(error.detail.split())
        assert [session.id for session in sandbox.sessions()] == [foreign]
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=foreign)
    workspace.destroy()
    assert filters(sandbox) == {}


def test_without_sessions_it_is_still_there(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), owned(fleet, "enabled = false"))
    workspace.apply()
    first = the_filter(sandbox)["TrafficMirrorFilterId"]
    # Somebody deletes it: the next apply makes another.
    sandbox.ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=first)
    plan = workspace.plan()
    assert plan.actions == {PROD: ["update"]}
    assert plan.before(PROD)["deviations"] == {first: "the filter of this coverage is gone"}
    assert plan.after(PROD)["deviations"] == {} and plan.unknown(PROD)["filter_id"] is True
    # A state that has forgotten its id does not take it for a filter that is not wanted.
    workspace.try_apply("-refresh-only").succeed()
    assert workspace.plan().actions == {PROD: ["update"]}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert_accepts_everything(the_filter(sandbox))
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    workspace.destroy()
    assert filters(sandbox) == {}


def test_import_finds_it(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    workspace.run("state", "rm", PROD).succeed()
    workspace.run("import", "-input=false", PROD, "prod").succeed()
    workspace.apply()
    assert len(filters(sandbox)) == 1
    workspace.destroy()
    assert filters(sandbox) == {}


@pytest.mark.spine
def test_import_without_sessions(workspace, sandbox, fleet):
    """The filter alone tells that the coverage exists; it is not made a second time."""
    workspace.configure(sandbox.provider(), owned(fleet, "enabled = false", 'tags = { team = "security" }'))
    workspace.apply()
    before, identity = the_filter(sandbox), workspace.state()[PROD]["id"]
    for identifier in ("prod", identity):
        workspace.run("state", "rm", PROD).succeed()
        workspace.import_(PROD, identifier).succeed()
        state = workspace.state()[PROD]
        assert (state["id"], state["filter_id"]) == (identity, before["TrafficMirrorFilterId"])
        assert not state["sessions"]
        workspace.apply()
        assert the_filter(sandbox) == before
    workspace.configure(sandbox.provider(), owned(fleet, 'tags = { team = "security" }'))
    workspace.apply()
    assert {session.filter for session in sandbox.sessions()} == {before["TrafficMirrorFilterId"]}
    assert {session.owner for session in sandbox.sessions()} == {identity}
    workspace.destroy()
    assert filters(sandbox) == {}


@pytest.mark.spine
def test_one_that_a_held_update_keeps_goes_with_the_coverage(workspace, sandbox, fleet, core):
    """Given a filter while the selector was unknown, the coverage still owns its own."""
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    late = Unknown(core)
    selector = late.selector("True")
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector), late.block())
    workspace.try_apply().succeed()
    assert len(filters(sandbox)) == 1, "the sessions still use it"
    workspace.destroy()
    assert filters(sandbox) == {} and sandbox.sessions() == []


@pytest.mark.spine
def test_a_given_filter_of_the_same_run_while_one_session_fails(workspace, sandbox, fleet, core):
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    late = Unknown(core)
    workspace.configure(sandbox.provider(), coverage(fleet, filter_id=late.expression(fleet.filter)), late.block())
    sandbox.fault("deny", "ModifyTrafficMirrorSession", times=1)
    assert workspace.try_apply().code == 1
    assert len(filters(sandbox)) == 1, "one session uses it yet"
    sandbox.no_faults()
    sandbox.forget_calls()
    workspace.apply()
    assert filters(sandbox) == {}
    assert {session.filter for session in sandbox.sessions()} == {fleet.filter}
    changes = [call.action for call in sandbox.changing_calls()]
    assert changes == ["ModifyTrafficMirrorSession", "DeleteTrafficMirrorFilter"]


def test_it_is_renamed_with_the_coverage_and_repaired_rule_by_rule(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), owned(fleet))
    workspace.apply()
    break_rule(sandbox, the_filter(sandbox))
    sandbox.forget_calls()
    workspace.apply()
    assert [call.action for call in sandbox.changing_calls()] == ["CreateTrafficMirrorFilterRule"]
    workspace.configure(sandbox.provider(), owned(fleet).replace('"prod"\n', '"new"\n'))
    sandbox.forget_calls()
    workspace.apply()
    assert tags_of(the_filter(sandbox))[OWNER_NAME] == "new"
    assert {session.tags[OWNER_NAME] for session in sandbox.sessions()} == {"new"}
    assert [call.action for call in sandbox.changing_calls()] == ["CreateTags", "CreateTags"], "the filter, the sessions"
