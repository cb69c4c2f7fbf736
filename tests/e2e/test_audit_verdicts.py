"""What the verdict on an interface is beside delivery: what is excluded, tried, full, twice there, and what failures make of it."""

import json
import pathlib

import pytest

from harness import iam
from harness.hcl import TAGGED, coverage
from harness.sandbox import sandbox as start_sandbox

FLEETS = pathlib.Path(__file__).parent / "fleets"
OUTPUT = 'output "found" {\n  value = data.mirror_audit.prod\n}\n'
OWNED = {"mirror:coverage": "prod", "mirror:coverage-id": "mc-00000000000000001"}


def block(*more):
    return 'data "mirror_audit" "prod" {\n  ' + "\n  ".join([TAGGED, *more]) + "\n}\n"


@pytest.fixture
def judged(workspace, sandbox):
    """Audits, and says the verdict on each interface."""

    def audit(*more, resource=""):
        workspace.configure(sandbox.provider(), resource, block(*more), OUTPUT)
        workspace.try_apply().succeed()
        return json.loads(workspace.run("output", "-json", "found").succeed().stdout)

    return audit


def reasons(found):
    return {interface: verdict["reason"] for interface, verdict in found["interfaces"].items()}


def mirror(sandbox, fleet, target, number=1, **tags):
    return [sandbox.create_session(one, target, fleet.filter, number, **tags) for one in sorted(fleet.tagged_interfaces())]


@pytest.mark.policy("audit")
def test_what_is_excluded_is_told(judged, sandbox, fleet):
    mirror(sandbox, fleet, fleet.target)
    (excluded,) = fleet.interfaces["web-1"]
    sandbox.ec2.create_tags(Resources=[excluded], Tags=[{"Key": "Quiet", "Value": "yes"}])
    exclude = 'exclude {\n    tags       = { Quiet = "yes" }\n    tag_source = "network_interface"\n  }'
    found = judged(exclude, 'formats = ["aws_config"]', 'as_of = "2026-03-01T12:00:00Z"')
    assert reasons(found) == dict.fromkeys(fleet.interfaces["web-2"], "COVERED") | {excluded: "EXCLUDED"}
    assert found["compliant"] is True
    assert (found["summary"]["eligible"], found["summary"]["not_applicable"]) == (2, 1)
    # So that AWS Config does not go on with the verdict that it had.
    (batch,) = json.loads(found["reports"]["aws_config"])
    verdicts = {one["ComplianceResourceId"]: one["ComplianceType"] for one in batch["Evaluations"]}
    assert verdicts[excluded] == "NOT_APPLICABLE" and len(verdicts) == 3
    # A coverage's session there is still one that should not be.
    (unselected,) = [session.id for session in sandbox.sessions() if session.interface == excluded]
    sandbox.tag(unselected, **OWNED)
    assert judged(exclude, 'require = { coverage_names = ["prod"] }')["orphaned_sessions"].keys() == {unselected}


def test_what_the_coverage_tries_is_asked_for(judged, sandbox, fleet):
    """An instance that waits for its session is not taken for one that can have none."""
    fleet.launch("old", instance_type="t2.micro", Mirror="True")
    sandbox.tag(fleet.instances["sensor-1"], Mirror="True")
    (old,), (sensor,) = fleet.interfaces["old"], fleet.interfaces["sensor-1"]
    made = coverage(fleet, 'try_instance_types = ["t2.*"]', 'limits = { max_creates = "2" }')
    found = judged("depends_on = [mirror_coverage.prod]", resource=made)
    assert reasons(found)[old] == "UNSUPPORTED_INSTANCE_TYPE"
    tried = judged("depends_on = [mirror_coverage.prod]", 'try_instance_types = ["t2.*"]', resource=made)
    waiting = {interface for interface, reason in reasons(tried).items() if reason == "MISSING"}
    assert old in waiting or old in {session.interface for session in sandbox.sessions()}
    assert reasons(tried)[sensor] == "SENSOR" and tried["compliant"] is False
    assert reasons(judged("include_sensors = true"))[fleet.interfaces["sensor-1"][0]] == "SENSOR", "a target's own interface"
    other = fleet.attach(fleet.instances["sensor-1"], 1)
    assert reasons(judged())[other] == "SENSOR"
    assert reasons(judged("include_sensors = true"))[other] == "MISSING"
    # What may be a sensor is not missing where sensors cannot be seen.
    sandbox.fault("deny", "DescribeTrafficMirrorTargets")
    hidden = judged()
    assert hidden["interfaces"][sensor]["status"] == "UNKNOWN"
    assert "ec2:DescribeTrafficMirrorTargets" in hidden["interfaces"][sensor]["detail"]


@pytest.mark.policy("audit")
def test_sensors_behind_a_balancer_that_are_not_seen(judged, sandbox, fleet):
    elb = sandbox.client("elbv2")
    group = elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    fleet.launch("behind", Mirror="True")
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": fleet.instances["behind"]}])
    (behind,) = fleet.interfaces["behind"]
    assert reasons(judged())[behind] == "SENSOR"
    for action in ("DescribeTargetGroups", "DescribeTargetHealth"):
        sandbox.fault("deny", action)
        found = judged()["interfaces"][behind]
        assert found["status"] == "UNKNOWN" and f":{action}" in found["detail"], (action, found)
        sandbox.no_faults()


@pytest.mark.policy("audit")
def test_several_sessions_on_an_interface(judged, sandbox, fleet):
    first, second = mirror(sandbox, fleet, fleet.target), mirror(sandbox, fleet, fleet.target, 2, **OWNED)
    found = judged("check_delivery = false")
    for (interface, verdict), one, other in zip(sorted(found["interfaces"].items()), first, second, strict=True):
        assert verdict["reason"] == "COVERED" and f"DUPLICATE: {one} and {other}" in verdict["detail"], interface
    # The coverage's own are not unmanaged, and any of several required ones will do.
    assert found["unmanaged_sessions"].keys() == set(first)
    several = f'["{fleet.other_target}", "{fleet.target}"]'
    assert judged(f"require = {{ traffic_mirror_target_ids = {several} }}")["compliant"] is True
    # Each target is judged by what arrives there.
    for session in second:
        sandbox.ec2.modify_traffic_mirror_session(
            TrafficMirrorSessionId=session, TrafficMirrorTargetId=fleet.other_target, PacketLength=96
        )
    sandbox.ec2.stop_instances(InstanceIds=[fleet.instances["sensor-2"]])
    found = judged()
    by_target = found["by_target"]
    assert found["compliant"] is True
    assert by_target[fleet.target]["coverage_percent"] == 100 and by_target[fleet.other_target]["coverage_percent"] == 0
    assert {tuple(one["session_statuses"]) for one in found["interfaces"].values()} == {("COMPLIANT", "NON_COMPLIANT")}
    # The session that decides tells the virtual network.
    numbers = {session.id: session.virtual_network_id for session in sandbox.sessions()}
    named = judged('require = { coverage_names = ["prod"] }', "check_delivery = false")
    for verdict in named["interfaces"].values():
        assert verdict["virtual_network_id"] == numbers[verdict["session_ids"][1]]
        assert "mirrors 96 bytes of each packet" in verdict["detail"]
    # No room for one of the required coverage.
    for session in second:
        sandbox.untag(session, key="mirror:coverage")
    mirror(sandbox, fleet, fleet.target, 3)
    assert set(reasons(judged('require = { coverage_names = ["prod"] }')).values()) == {"QUOTA"}


FAULTS = {
    "500": {"kind": "internal_error"},
    "503": {"kind": "unavailable"},
    "reset": {"kind": "reset"},
    "html": {"kind": "html"},
    "cut": {"kind": "truncated"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_is_an_error_and_no_verdict(workspace, fault):
    """Whichever of its actions fails, and however: it may pass in a minute. Nothing is changed meanwhile."""
    with start_sandbox("--fleet", str(FLEETS / "every_target.yaml"), "--no-throttle", policy="audit") as sandbox:
        workspace.configure(sandbox.provider(max_retries="1"), block().replace('"True" }', '"True" }\n    tag_source = "either"'))
        workspace.try_plan().succeed()
        asked = {call.action for call in sandbox.calls()}
        actions = {action.split(":")[1] for action in iam.actions("audit")}
        assert actions <= asked
        for action in sorted(actions):
            sandbox.forget_calls()
            sandbox.fault(action=action, **FAULTS[fault])
            result = workspace.try_plan()
            assert result.code == 1 and action in result.errors[0].text, (action, result.readable())
            assert sandbox.calls(action)
            assert all(call.action.startswith(("Describe", "Get")) for call in sandbox.calls())
            sandbox.no_faults()
