"""`action "mirror_remove"`: announced, checked again when it runs, and one failure is one failure."""

import contextlib
import json
import os
import signal
import subprocess
import time

import pytest

from harness.fleet import Fleet
from harness.hcl import coverage
from harness.paths import ROOT
from harness.processes import provider_of
from harness.sandbox import sandbox as start_sandbox

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
    plan = workspace.plan()
    (warning,) = [warning.text for warning in plan.warnings if "mirror_remove" in warning.text]
    assert "How many sessions mirror_remove deletes is known only when it runs" in warning and "max_deletes" in warning
    workspace.apply_saved()
    assert {session.id for session in sandbox.sessions()} == everything - {orphan}
    workspace.assert_empty_plan()


@contextlib.contextmanager
def invoked(workspace):
    """The action while it runs, and the file that it writes to."""
    output = workspace.directory.with_name("output")
    with output.open("w") as written:
        process = workspace.start(
            "apply", "-no-color", "-input=false", "-auto-approve", "-invoke=action.mirror_remove.old",
            stdout=written, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield process, output
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def wait_for(condition, what):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.mark.spine
def test_an_interrupted_action_tells_how_far_it_came(workspace, sandbox, fleet):
    """Terraform 1.15.5 panics on a line of progress after an interrupt, so only the end may come."""
    for interface in fleet.tagged_interfaces():
        for number in (7, 8, 9):
            foreign(sandbox, fleet, interface, "old", number)
    old = {session.id for session in sandbox.sessions()}
    # One more than are deleted at once.
    assert len(old) == 9
    sandbox.fault("slow", "DeleteTrafficMirrorSession", delay_ms=4000)
    workspace.configure(sandbox.provider(), remove('descriptions = ["old"]'))
    with invoked(workspace) as (process, output):
        # EC2 has the first calls and answers them later.
        wait_for(lambda: len(sandbox.sessions()) == 1, "the first deletions")
        assert "Deleting 9" in output.read_text()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
    shown = " ".join(output.read_text().replace("\u2502", " ").split())
    left = {session.id for session in sandbox.sessions()}
    assert process.returncode == 1 and "CRASH" not in shown and "panic" not in shown, shown
    assert len(left) == 1, "what had begun was finished, and nothing more begun"
    assert "Interrupted" in shown and "Deleted, 8" in shown and "Not begun, 1" in shown, shown
    deleted, not_begun = shown.split("Not begun, 1", 1)
    assert all(session in not_begun for session in left), shown
    assert all(session in deleted for session in old - left), shown


def test_ctrl_c_silences_the_provider_before_core_says_so(workspace, sandbox, fleet):
    """A terminal sends it to both; what the provider says between that and StopProvider makes Terraform 1.15.5 panic."""
    for interface in fleet.tagged_interfaces():
        foreign(sandbox, fleet, interface, "old")
    sandbox.fault("slow", "DeleteTrafficMirrorSession", delay_ms=3000)
    workspace.configure(sandbox.provider(), remove('descriptions = ["old"]'))
    with invoked(workspace) as (process, output):
        wait_for(lambda: sandbox.sessions() == [], "the deletions")
        os.kill(provider_of(process), signal.SIGINT)
        process.wait(timeout=120)
    shown = output.read_text()
    assert process.returncode == 0 and "Deleting 3" in shown, shown
    assert "of 3:" not in shown, shown


def test_progress_is_told_while_deletions_are_pending(workspace, sandbox, fleet):
    interfaces = sorted(fleet.tagged_interfaces())
    ids = [foreign(sandbox, fleet, interface, "old") for interface in interfaces]
    sandbox.fault(
        "slow", "DeleteTrafficMirrorSession", delay_ms=5000, parameters={"TrafficMirrorSessionId": ids[0]}
    )
    workspace.configure(sandbox.provider(), remove('descriptions = ["old"]'))
    output = workspace.directory.with_name("output")
    with output.open("w") as written:
        process = workspace.start(
            "apply", "-json", "-input=false", "-auto-approve", "-invoke=action.mirror_remove.old",
            stdout=written, stderr=subprocess.STDOUT,
        )
        wait_for(lambda: "2 of 3" in output.read_text(), "the second line")
        assert "3 of 3" not in output.read_text() and process.poll() is None, "told before the last one is answered"
        assert process.wait(timeout=60) == 0
    assert "3 of 3" in output.read_text() and sandbox.sessions() == []


def test_it_is_looked_up_again_when_it_runs(workspace, sandbox, fleet):
    """What matches since the plan is counted: more than max_deletes then, and none goes."""
    first, second, third = sorted(fleet.tagged_interfaces())
    for interface in (first, second):
        foreign(sandbox, fleet, interface, "old")
    workspace.configure(sandbox.provider(), remove('descriptions = ["old"]', "max_deletes = 2"))
    workspace.try_plan("-invoke=action.mirror_remove.old").succeed()
    late = foreign(sandbox, fleet, third, "old")
    refused = workspace.try_apply_saved()
    assert refused.code == 1
    (error,) = refused.errors
    assert "means 3 traffic mirror sessions" in " ".join(error.detail.split())
    assert len(sandbox.sessions()) == 3
    # With room for it, it goes too.
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=late)
    workspace.try_plan("-invoke=action.mirror_remove.old").succeed()
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=sandbox.session_on(first).id)
    late = foreign(sandbox, fleet, third, "old")
    assert late in " ".join(progress(workspace.apply_saved()))
    assert sandbox.sessions() == []


def test_every_region_that_is_named(workspaces, sandbox, fleet):
    """A session in each of two, and only there."""
    elsewhere = sandbox.elsewhere("us-east-1")
    fleets = {sandbox.region: fleet, "us-east-1": Fleet(elsewhere)}
    for cloud in (sandbox, elsewhere):
        one = fleets[cloud.region]
        foreign(cloud, one, sorted(one.tagged_interfaces())[0], "old")
    workspace = workspaces("remover")
    workspace.configure(sandbox.provider(), remove('descriptions = ["old"]'))
    invoke(workspace).succeed()
    assert sandbox.sessions() == [] and len(elsewhere.sessions()) == 1, "the provider's own region alone"
    foreign(sandbox, fleet, sorted(fleet.tagged_interfaces())[0], "old")
    workspace.configure(
        sandbox.provider(), remove('descriptions = ["old"]', f'regions = ["us-east-1", "{sandbox.region}"]')
    )
    done = invoke(workspace).succeed()
    assert any("2 traffic mirror sessions" in warning.summary for warning in done.warnings)
    assert sandbox.sessions() == [] and elsewhere.sessions() == []


def test_an_orphan_by_its_target(workspace):
    """A target that its owner shares no longer."""
    fleet_file = ROOT / "tests" / "e2e" / "fleets" / "shared.yaml"
    with start_sandbox("--fleet", str(fleet_file), "--no-throttle") as running:
        session = running.sessions()[0].id
        running.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session, Description="old")
        workspace.configure(running.provider(), remove('descriptions = ["old"]', "orphans_only = true"))
        invoke(workspace).succeed()
        assert [found.id for found in running.sessions()] == [session], "its target is there"
        running.share_target("tmt-0aaaaaaaaaaaaaaa1")
        done = invoke(workspace).succeed()
        assert session in " ".join(progress(done)) and running.sessions() == []
