"""The policies of the IAM guide are enough, and none of their actions is too many."""

import json
import pathlib

import pytest

from harness import iam
from harness.sandbox import sandbox as start_sandbox

TARGETS = [f"tmt-0aaaaaaaaaaaaaaa{number}" for number in (1, 2, 3)]
FILTER = "tmf-0aaaaaaaaaaaaaaa1"
SELECTOR = 'selector {\n    tags       = { Mirror = "True" }\n    tag_source = "either"\n  }\n'
DATA = f'data "mirror_audit" "x" {{\n  {SELECTOR}}}\n\ndata "mirror_interfaces" "x" {{\n  {SELECTOR}}}\n'
# Each permission is taken from the first policy that has it.
CASES = [
    (purpose, action)
    for place, purpose in enumerate(iam.PURPOSES)
    for action in iam.actions(purpose)
    if place == 0 or action not in iam.actions(iam.PURPOSES[place - 1])
]


@pytest.fixture
def sandbox():
    """One in which every action has something to tell."""
    fleet = pathlib.Path(__file__).parent / "fleets" / "every_target.yaml"
    with start_sandbox("--fleet", str(fleet), "--no-throttle") as running:
        yield running


def coverage(given: str = "") -> str:
    arguments = f'name = "prod"\n  traffic_mirror_target_ids = {json.dumps(TARGETS)}\n  {given}\n  {SELECTOR}'
    return f'resource "mirror_coverage" "prod" {{\n  {arguments}}}\n'


def audit(workspace, sandbox):
    workspace.configure(sandbox.provider(), DATA)
    yield workspace.try_apply()


def plan(workspace, sandbox):
    workspace.configure(sandbox.provider(), DATA, coverage(f'traffic_mirror_filter_id = "{FILTER}"'))
    yield workspace.try_plan()


def apply(workspace, sandbox):
    """Create, repair of a session, its tags and the owned filter, a filter that is given instead, destroy."""
    workspace.configure(sandbox.provider(), coverage(), DATA)
    yield workspace.try_apply()
    for session in sandbox.sessions("prod"):
        owned = session.filter
        sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session.id, TrafficMirrorFilterId=FILTER)
        sandbox.tag(session.id, Stray="yes")
        sandbox.untag(session.id, key="mirror:coverage")
        (rule, *_) = sandbox.ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=[owned])[
            "TrafficMirrorFilters"
        ][0]["IngressFilterRules"]
    sandbox.ec2.modify_traffic_mirror_filter_rule(
        TrafficMirrorFilterRuleId=rule["TrafficMirrorFilterRuleId"], RuleAction="reject"
    )
    yield workspace.try_apply()
    workspace.configure(sandbox.provider(), DATA, coverage(f'traffic_mirror_filter_id = "{FILTER}"'))
    yield workspace.try_apply()
    workspace.assert_empty_plan()
    yield workspace.try_destroy()


SCENARIOS = {"audit": audit, "plan": plan, "apply": apply}


def test_the_guide_has_a_policy_for_each_scenario():
    assert iam.PURPOSES == list(SCENARIOS)


@pytest.mark.parametrize("purpose", SCENARIOS)
def test_the_policy_is_enough_and_all_of_it_is_used(workspace, sandbox, purpose):
    sandbox.enforce(iam.policy(purpose))
    for result in SCENARIOS[purpose](workspace, sandbox):
        result.succeed()
        assert "not authorized" not in result.text, result.readable()
    assert {call.outcome for call in sandbox.calls()}.isdisjoint({"UnauthorizedOperation", "AccessDenied"})
    asked = {call.action for call in sandbox.calls()} - {"GetCallerIdentity"}
    # Those who create with tags need CreateTags too.
    assert asked == {action.split(":")[1] for action in iam.actions(purpose)}


@pytest.mark.parametrize("purpose, action", CASES)
def test_without_one_action_something_says_so(workspace, sandbox, purpose, action):
    sandbox.enforce(iam.policy(purpose, without=action))
    told = []
    for result in SCENARIOS[purpose](workspace, sandbox):
        told += result.diagnostics
        if any(action in diagnostic.text for diagnostic in told):
            return
        result.succeed()
    pytest.fail(f"nothing said that {action} is missing: {[str(diagnostic) for diagnostic in told]}")
