"""`action "mirror_remove"`: announced, checked again when it runs, and one failure is one failure."""

import json

import pytest

from harness.hcl import coverage

pytestmark = pytest.mark.needs("actions")


def remove(*arguments: str) -> str:
    lines = "\n    ".join(arguments)
    return f'action "mirror_remove" "old" {{\n  config {{\n    {lines}\n  }}\n}}\n'


def invoke(workspace, *more):
    return workspace.run(
        "apply", "-json", "-input=false", "-auto-approve", "-invoke=action.mirror_remove.old", *more
    )


def foreign(sandbox, fleet, interface, description, number=9):
    answer = sandbox.ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        TrafficMirrorTargetId=fleet.target,
        TrafficMirrorFilterId=fleet.other_filter,
        SessionNumber=number,
        Description=description,
    )
    return answer["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def progress(result):
    """What the action said as it went."""
    events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return [event["@message"] for event in events if event["type"] == "action_progress"]


def test_what_is_named_goes_and_nothing_else(workspaces, sandbox, fleet):
    owner = workspaces("owner")
    owner.configure(sandbox.provider(), coverage(fleet))
    owner.apply()
    interfaces = sorted(fleet.tagged_interfaces())
    old = {foreign(sandbox, fleet, interface, f"old tool {interface}") for interface in interfaces}
    kept = foreign(sandbox, fleet, interfaces[0], "somebody's", number=10)
    prod = {session.id for session in sandbox.sessions("prod")}

    workspace = workspaces("remover")
    workspace.configure(sandbox.provider(), remove('descriptions = ["old t??l *"]', "max_deletes = 2"))
    refused = invoke(workspace)
    assert refused.code == 1
    assert any("max_deletes allows 2" in " ".join(error.detail.split()) for error in refused.errors)
    assert {session.id for session in sandbox.sessions()} == old | prod | {kept}

    workspace.configure(sandbox.provider(), remove('descriptions = ["old t??l *"]', f"max_deletes = {len(old)}"))
    done = invoke(workspace).succeed()
    assert any(f"would delete {len(old)} traffic mirror sessions" in warning.summary for warning in done.warnings)
    said = " ".join(progress(done))
    assert all(session in said for session in old), done.stdout
    assert {session.id for session in sandbox.sessions()} == prod | {kept}
    owner.assert_empty_plan()

    workspace.configure(sandbox.provider(), remove('coverage_names = ["*"]'))
    invoke(workspace).succeed()
    assert {session.id for session in sandbox.sessions()} == {kept}, "a foreign one goes only by its description"
    assert invoke(workspace).succeed().code == 0, "there is nothing left, and that is no error"


def test_one_failure_hides_nothing(workspace, sandbox, fleet):
    interfaces = sorted(fleet.tagged_interfaces())
    old = [foreign(sandbox, fleet, interface, "old") for interface in interfaces]
    sandbox.fault("error", "DeleteTrafficMirrorSession", code="UnauthorizedOperation", message="not this one", times=1)
    workspace.configure(sandbox.provider(), remove('descriptions = ["old"]'))
    result = invoke(workspace)
    assert result.code == 1
    (error,) = result.errors
    left = [session.id for session in sandbox.sessions()]
    assert len(left) == 1 and left[0] in old and left[0] in error.text
    assert "UnauthorizedOperation" in error.text


def test_an_empty_criterion_is_refused(workspace, sandbox, fleet):
    foreign(sandbox, fleet, sorted(fleet.tagged_interfaces())[0], "old")
    workspace.configure(sandbox.provider(), remove("orphans_only = false"))
    for result in (workspace.run("validate", "-json"), invoke(workspace)):
        assert result.code == 1
        assert "Nothing says which sessions are to go" in result.text
    assert len(sandbox.sessions()) == 1


def test_orphans_and_a_trigger(workspaces, sandbox, fleet):
    """Run by the lifecycle of a resource, with a criterion that is known only then."""
    owner = workspaces("owner")
    owner.configure(sandbox.provider(), coverage(fleet))
    owner.apply()
    interface = fleet.interfaces["web-2"][1]
    attachment = sandbox.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0][
        "Attachment"
    ]["AttachmentId"]
    orphan = sandbox.session_on(interface).id
    everything = {session.id for session in sandbox.sessions()}
    sandbox.ec2.detach_network_interface(AttachmentId=attachment, Force=True)

    workspace = workspaces("remover")
    trigger = (
        'resource "terraform_data" "sweep" {\n  input = "prod"\n  lifecycle {\n    action_trigger {\n'
        "      events  = [after_create]\n      actions = [action.mirror_remove.old]\n    }\n  }\n}\n"
    )
    workspace.configure(
        sandbox.provider(), trigger, remove("coverage_names = [terraform_data.sweep.output]", "orphans_only = true")
    )
    workspace.try_apply().succeed()
    assert {session.id for session in sandbox.sessions()} == everything - {orphan}
    workspace.assert_empty_plan()
