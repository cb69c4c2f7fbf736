"""The policies of the IAM guide are enough, and none of their actions is too many."""

import inspect
import json
import pathlib
import re

import boto3
import botocore.exceptions
import pytest

from harness import iam
from harness.sandbox import sandbox as start_sandbox

TARGETS = [f"tmt-0aaaaaaaaaaaaaaa{number}" for number in (1, 2, 3)]
FILTER = "tmf-0aaaaaaaaaaaaaaa1"
SELECTOR = 'selector {\n    tags       = { Mirror = "True" }\n    tag_source = "either"\n  }\n'
INTERFACES = f'data "mirror_interfaces" "x" {{\n  {SELECTOR}}}\n'
DATA = f'data "mirror_audit" "x" {{\n  {SELECTOR}}}\n\n{INTERFACES}'
AUDIT = "data.mirror_audit.x"
# No permission tells which gateway load balancer is behind an endpoint.
UNTOLD = "EC2 does not tell which gateway load balancer is behind the endpoint"


@pytest.fixture
def sandbox():
    """One in which every action has something to tell."""
    fleet = pathlib.Path(__file__).parent / "fleets" / "every_target.yaml"
    with start_sandbox("--fleet", str(fleet), "--no-throttle") as running:
        elb = running.client("elbv2")
        (balancer,) = elb.describe_load_balancers(Names=["sensors"])["LoadBalancers"]
        across = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
        elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=across)
        running.forget_calls()
        yield running


def coverage(given: str = "") -> str:
    arguments = f'name = "prod"\n  traffic_mirror_target_ids = {json.dumps(TARGETS)}\n  {given}\n  {SELECTOR}'
    return f'resource "mirror_coverage" "prod" {{\n  {arguments}}}\n'


def audit(workspace, sandbox):
    workspace.configure(sandbox.provider(), DATA)
    yield workspace.try_apply()


def plan(workspace, sandbox, data=DATA):
    workspace.configure(sandbox.provider(), data, coverage(f'traffic_mirror_filter_id = "{FILTER}"'))
    yield workspace.try_plan()


def apply(workspace, sandbox, data=DATA):
    """Create, repair of a session, its tags and the owned filter, a filter that is given instead, destroy."""
    workspace.configure(sandbox.provider(), coverage(), data)
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
    workspace.configure(sandbox.provider(), data, coverage(f'traffic_mirror_filter_id = "{FILTER}"'))
    yield workspace.try_apply()
    workspace.assert_empty_plan()
    yield workspace.try_destroy()


SCENARIOS = {"audit": audit, "plan": plan, "apply": apply}


def test_the_guide_has_a_policy_for_each_scenario():
    assert iam.PURPOSES == list(SCENARIOS)


def test_every_sandbox_of_these_tests_enforces_a_policy_of_the_guide():
    """Unless a test asks for none, which none does."""
    assert inspect.signature(start_sandbox).parameters["policy"].default == "apply"
    here = pathlib.Path(__file__)
    assert not [file.name for file in here.parent.glob("**/*.py") if re.search(r"policy=None[,)]", file.read_text())]
    starters = {file.name for file in here.parent.glob("**/*.py") if "sandbox_binary" + "(" in file.read_text()}
    assert starters == {"sandbox.py", "paths.py"}, "sandboxes are started by the harness alone"


def test_what_no_policy_allows_is_refused_from_the_start():
    fleet = pathlib.Path(__file__).parent / "fleets" / "every_target.yaml"
    with start_sandbox("--fleet", str(fleet), "--no-throttle") as running:
        provider = boto3.client(
            "ec2", endpoint_url=running.url, region_name=running.region,
            aws_access_key_id=running.access_key, aws_secret_access_key=running.secret_key,
        )
        assert provider.describe_traffic_mirror_targets()["TrafficMirrorTargets"]
        with pytest.raises(botocore.exceptions.ClientError, match="UnauthorizedOperation"):
            provider.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGETS[0])


@pytest.mark.parametrize("purpose", SCENARIOS)
def test_the_policy_is_enough_and_all_of_it_is_used(workspace, sandbox, purpose):
    sandbox.enforce(iam.policy(purpose))
    for result in SCENARIOS[purpose](workspace, sandbox):
        result.succeed()
        assert "not authorized" not in result.text, result.readable()
        assert other_warnings(result) == []
    assert {call.outcome for call in sandbox.calls()}.isdisjoint({"UnauthorizedOperation", "AccessDenied"})
    asked = {call.action for call in sandbox.calls()} - {"GetCallerIdentity"}
    # Those who create with tags need CreateTags too.
    assert asked == {action.split(":")[1] for action in iam.actions(purpose)}
    if purpose == "audit":
        assert_only_untold(workspace)


def other_warnings(result):
    """Without that of the endpoint, which every audit of this fleet has, and that of a destroy."""
    said = (UNTOLD, "Deleted: ")
    return [warning for warning in result.warnings if not any(words in warning.detail for words in said)]


def assert_only_untold(workspace):
    """Whatever can be known is compliant, so that UNKNOWN elsewhere is of what is missing."""
    found = workspace.state()[AUDIT]["interfaces"].values()
    assert all(UNTOLD in one["detail"] for one in found if one["status"] != "COMPLIANT"), found
    assert any(one["status"] == "COMPLIANT" for one in found)


def test_the_guide_says_of_every_action_what_is_without_it():
    assert sorted(action for action, *_ in iam.ROWS) == iam.actions("apply")


def test_each_policy_has_just_the_actions_that_its_rows_need():
    """An audit's are what an audit asks for, a plan's what a plan or an audit beside it asks for; the rest is the apply's."""
    audit = sorted(action for action, said, _ in iam.ROWS if said != "not asked")
    plan = sorted({action for action, _, said in iam.ROWS if said not in ("not asked", "apply fails")} | {*audit})
    assert iam.actions("audit") == audit
    assert iam.actions("plan") == plan
    assert {said for action, _, said in iam.ROWS if action not in plan} == {"apply fails"}


def smallest(purpose, action):
    """That policy without the action; where it never had it, the apply's."""
    return iam.policy(purpose if action in iam.actions(purpose) else "apply", action)


def fails(sandbox, action, result):
    """An error that names the permission, before anything is done."""
    assert result.code == 1 and any(f"Allow {action} " in error.detail for error in result.errors), result.readable()
    assert sandbox.changing_calls() == []


def warns(sandbox, action, result):
    result.succeed()
    assert [action for warning in result.warnings if action in warning.detail] == [action], result.readable()


def is_not_asked(sandbox, action, result):
    result.succeed()
    assert other_warnings(result) == []
    assert action.split(":")[1] not in {call.action for call in sandbox.calls()}


def unknown(workspace, action, result):
    """A warning; and what depends on the call says that it is not known, and why."""
    result.succeed()
    assert any(action in warning.detail for warning in result.warnings), result.readable()
    audited = workspace.state()[AUDIT]
    assert audited["compliant"] is False and audited["summary"]["status"] == "UNKNOWN"
    details = [one["detail"] for one in audited["interfaces"].values() if one["status"] == "UNKNOWN"]
    assert any(action in detail for detail in details), details
    assert all(action in detail or UNTOLD in detail for detail in details), details
    assert audited["summary"]["non_compliant"] == 0


@pytest.mark.parametrize("action, said", [(action, said) for action, said, _ in iam.ROWS])
def test_an_audit_without_one_action(workspace, sandbox, action, said):
    sandbox.enforce(smallest("audit", action))
    (result,) = audit(workspace, sandbox)
    match said:
        case "fails":
            fails(sandbox, action, result)
        case "UNKNOWN":
            unknown(workspace, action, result)
        case "warning":
            warns(sandbox, action, result)
            assert_only_untold(workspace)
        case "not asked":
            is_not_asked(sandbox, action, result)
        case other:
            pytest.fail(f"{other} means nothing here")


@pytest.mark.parametrize("action, said", [(action, said) for action, _, said in iam.ROWS])
def test_a_coverage_without_one_action(workspace, sandbox, action, said):
    """Alone: what an audit beside it would say proves nothing."""
    sandbox.enforce(smallest("plan", action))
    (result,) = plan(workspace, sandbox, data="")
    match said:
        case "fails":
            fails(sandbox, action, result)
        case "warning":
            warns(sandbox, action, result)
        case "not asked":
            is_not_asked(sandbox, action, result)
            sandbox.enforce(iam.policy("apply", *(action for action, _, said in iam.ROWS if said == "not asked")))
            for result in apply(workspace, sandbox, data=""):
                result.succeed()
        case "apply fails":
            result.succeed()
            apply_fails(workspace, sandbox, action)
        case other:
            pytest.fail(f"{other} means nothing here")


def apply_fails(workspace, sandbox, action):
    """At the first call that is refused; once it is allowed, the rest is done."""
    for result in apply(workspace, sandbox, data=""):
        if result.code == 0:
            assert action.split(":")[1] not in {call.action for call in sandbox.calls()}
            continue
        assert any(f"Allow {action} " in error.detail for error in result.errors), result.readable()
        sandbox.enforce(iam.policy("apply"))
        workspace.apply()
        return
    pytest.fail(f"nothing needed {action}")


def test_a_filter_of_its_own_that_cannot_be_read(workspace, sandbox):
    sandbox.enforce(iam.policy("apply", "ec2:DescribeTrafficMirrorFilters"))
    apply_fails(workspace, sandbox, "ec2:DescribeTrafficMirrorFilters")


@pytest.mark.parametrize("action", ["ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces"])
def test_interfaces_without_one_action(workspace, sandbox, action):
    """And without all others that an audit needs."""
    sandbox.enforce(iam.policy("audit", *iam.actions("audit")[2:]))
    assert iam.actions("audit")[:2] == ["ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces"]
    workspace.configure(sandbox.provider(), INTERFACES)
    workspace.try_apply().succeed()
    sandbox.enforce(iam.policy("apply", action))
    fails(sandbox, action, workspace.try_apply())


def test_an_audit_that_does_not_check_delivery(workspace, sandbox):
    spared = re.findall(r"\w+", iam.WITHOUT_DELIVERY.replace(" and ", " "))
    without = [action for action in iam.actions("audit") if action.split(":")[1] in spared]
    assert len(without) == len(spared)
    sandbox.enforce(iam.policy("audit", *without))
    workspace.configure(sandbox.provider(), f'data "mirror_audit" "x" {{\n  check_delivery = false\n  {SELECTOR}}}\n')
    result = workspace.try_apply().succeed()
    assert result.warnings == [], result.readable()
    assert workspace.state()[AUDIT]["compliant"] is True
    asked = {call.action for call in sandbox.calls()} - {"GetCallerIdentity"}
    assert asked == {action.split(":")[1] for action in set(iam.actions("audit")) - set(without)}
