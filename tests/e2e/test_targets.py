"""Targets that are replaced or taken away, in the order of calls that core gives."""

import json
import sys

import pytest

from harness.hcl import coverage
from harness.paths import ROOT

PROD = "mirror_coverage.prod"
BEFORE_DESTROY = "lifecycle {\n    create_before_destroy = true\n  }"
SENSOR = "null_resource", "terraform_data"
FOLDER = ROOT / "tests" / "e2e"
IN_USE = "TrafficMirrorTargetInUseException"


class Sensors:
    """Stands in for `aws_ec2_traffic_mirror_target`: its id is unknown until it is made, its destroy deletes the target.

    Core does not run the destroy provisioner of the old object of a replaced resource (a deposed one), so a target
    that has to be deleted for good is a member of a `for_each`, which core orders the same way.
    """

    def __init__(self, workspace, sandbox):
        self._workspace = workspace
        self._sandbox = sandbox
        self._builtin = workspace.core.has("terraform_data")
        self.address = f"{SENSOR[self._builtin]}.sensor"

    def _id(self, one: str, target: str) -> str:
        if self._builtin:
            return f"{one}.output"
        # Known only once the resource is made.
        return f'element(split("|", "${{{one}.id}}|{target}"), 1)'

    def _provisioner(self, itself: str) -> str:
        command = f"{sys.executable} -m harness.delete_target {self._sandbox.url} ${{{itself}}}"
        return (
            '  provisioner "local-exec" {\n    when        = destroy\n'
            f'    working_dir = "{FOLDER}"\n    command     = "{command}"\n  }}\n'
        )

    def _resource(self, head: str, target: str, *more: str) -> str:
        values = (
            f"  input            = {target}\n  triggers_replace = [{target}]\n"
            if self._builtin
            else f"  triggers = {{ target = {target} }}\n"
        )
        provisioner = self._provisioner("self.output" if self._builtin else "self.triggers.target")
        kind, label = self.address.split(".")
        return f'resource "{kind}" "{label}" {{\n{head}{values}{provisioner}  ' + "\n  ".join(more) + "\n}\n"

    def one(self, fleet, target: str, *more: str) -> None:
        """A single resource, replaced when `target` is another."""
        expression = self._id(self.address, target)
        self._workspace.configure(
            self._sandbox.provider(),
            coverage(fleet, targets=f"[{expression}]"),
            self._resource("", json.dumps(target), *more),
        )

    def each(self, fleet, targets: list[str], *more: str, listed: list[str] | None = None) -> None:
        """A resource for each; the coverage has those `listed`, or all."""
        chosen = targets if listed is None else listed
        ids = ", ".join(self._id(f"{self.address}[{json.dumps(one)}]", one) for one in chosen)
        self._workspace.configure(
            self._sandbox.provider(),
            coverage(fleet, targets=f"[{ids}]"),
            self._resource(f"  for_each = toset({json.dumps(targets)})\n", "each.value", *more),
        )


@pytest.fixture
def sensors(workspace, sandbox):
    return Sensors(workspace, sandbox)


def targets(sandbox):
    found = sandbox.ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"]
    return {target["TrafficMirrorTargetId"] for target in found}


def order(result) -> list[tuple[str, str]]:
    """What core did, in its order: (begun or done, address)."""
    words = {"apply_start": "begun", "apply_complete": "done", "apply_errored": "failed"}
    events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return [
        (words[event["type"]] + " " + event["hook"]["action"], event["hook"]["resource"]["addr"])
        for event in events
        if event.get("type") in words
    ]


def expect_moved(sandbox, before, target):
    """Every session is the same one as before, but for its target, and no other call was made."""
    after = sandbox.sessions()
    assert [(session.id, session.interface) for session in after] == [(s.id, s.interface) for s in before]
    assert {session.target for session in after} == {target}
    moved = sum(session.target != target for session in before)
    assert [call.action for call in sandbox.changing_calls()] == ["ModifyTrafficMirrorSession"] * moved
    assert moved > 0


@pytest.mark.spine
def test_one_target_of_two_is_taken_off_the_list(workspace, sandbox, fleet):
    fleet.launch("web-3", interfaces=2, **{"Mirror": "True"})
    both = json.dumps([fleet.target, fleet.other_target])
    workspace.configure(sandbox.provider(), coverage(fleet, 'placement = "balanced"', targets=both))
    workspace.apply()
    before = sandbox.sessions()
    leaving = {session.interface for session in before if session.target == fleet.target}
    assert 0 < len(leaving) < len(before), "both targets are in use"

    only = json.dumps([fleet.other_target])
    workspace.configure(sandbox.provider(), coverage(fleet, 'placement = "balanced"', targets=only))
    plan = workspace.plan()
    assert plan.actions == {PROD: ["update"]}
    assert plan.sessions(PROD).changed == leaving
    (warning,) = plan.warnings
    assert f"0 created, 0 deleted, {len(leaving)} moved" in warning.summary
    sandbox.forget_calls()
    workspace.apply_saved()
    expect_moved(sandbox, before, fleet.other_target)
    workspace.assert_empty_plan()

    # And back on it: nothing moves, for every session has a place.
    workspace.configure(sandbox.provider(), coverage(fleet, 'placement = "balanced"', targets=both))
    sandbox.forget_calls()
    workspace.apply()
    assert sandbox.changing_calls() == []


@pytest.mark.spine
def test_replaced_with_create_before_destroy(workspace, sandbox, fleet, sensors):
    """The order of core for a replaced resource: the new target, the sessions, the old target."""
    sensors.one(fleet, fleet.target, BEFORE_DESTROY)
    workspace.apply()
    before = sandbox.sessions()
    sensors.one(fleet, fleet.other_target, BEFORE_DESTROY)
    plan = workspace.plan()
    assert plan.replaces(sensors.address)
    assert plan.sessions(PROD).changed == fleet.tagged_interfaces(), "listed, their target yet unknown"
    sandbox.forget_calls()
    result = workspace.apply_saved()
    expect_moved(sandbox, before, fleet.other_target)
    steps = order(result)
    assert steps.index(("done create", sensors.address)) < steps.index(("begun update", PROD))
    assert steps.index(("done update", PROD)) < steps.index(("begun delete", sensors.address))
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_deleted_with_create_before_destroy(workspace, sandbox, fleet, sensors):
    """Really deleted by its own resource, after the last session has left it."""
    sensors.each(fleet, [fleet.target], BEFORE_DESTROY)
    workspace.apply()
    before = sandbox.sessions()
    sensors.each(fleet, [fleet.other_target], BEFORE_DESTROY)
    sandbox.forget_calls()
    result = workspace.try_apply().succeed()
    expect_moved(sandbox, before, fleet.other_target)
    assert fleet.target not in targets(sandbox), result.readable()
    workspace.assert_empty_plan()


def expect_refused(workspace, sandbox, before, target):
    sandbox.forget_calls()
    result = workspace.try_apply()
    assert result.code == 1 and IN_USE in result.readable(), result.readable()
    assert IN_USE in (ROOT / "docs" / "guides" / "troubleshooting.md").read_text()
    assert sandbox.sessions() == before and sandbox.changing_calls() == []
    assert target in targets(sandbox)


@pytest.mark.spine
def test_replaced_without_create_before_destroy(workspace, sandbox, fleet, sensors):
    """EC2 refuses to delete a target in use, no session is touched, and the guide's cure is the one line."""
    sensors.one(fleet, fleet.target)
    workspace.apply()
    before = sandbox.sessions()
    sensors.one(fleet, fleet.other_target)
    expect_refused(workspace, sandbox, before, fleet.target)
    sensors.one(fleet, fleet.other_target, BEFORE_DESTROY)
    workspace.try_apply().succeed()
    expect_moved(sandbox, before, fleet.other_target)
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_dropped_without_create_before_destroy(workspace, sandbox, fleet, sensors):
    """A resource that leaves the configuration is destroyed as its state says: off the list first, then away."""
    sensors.each(fleet, [fleet.target])
    workspace.apply()
    before = sandbox.sessions()
    sensors.each(fleet, [fleet.other_target])
    expect_refused(workspace, sandbox, before, fleet.target)
    sensors.each(fleet, [fleet.target, fleet.other_target], listed=[fleet.other_target])
    workspace.try_apply().succeed()
    expect_moved(sandbox, before, fleet.other_target)
    sensors.each(fleet, [fleet.other_target])
    workspace.apply()
    assert fleet.target not in targets(sandbox)
    expect_moved(sandbox, before, fleet.other_target)


@pytest.mark.spine
def test_one_of_two_is_deleted(workspace, sandbox, fleet, sensors):
    """With the setting in place, a target leaves the list and is deleted in one apply."""
    sensors.each(fleet, [fleet.target, fleet.other_target], BEFORE_DESTROY)
    workspace.apply()
    before = sandbox.sessions()
    gone = before[0].target
    (stays,) = {fleet.target, fleet.other_target} - {gone}
    sensors.each(fleet, [stays], BEFORE_DESTROY)
    sandbox.forget_calls()
    workspace.try_apply().succeed()
    expect_moved(sandbox, before, stays)
    assert gone not in targets(sandbox)
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_one_of_two_is_deleted_without_create_before_destroy(workspace, sandbox, fleet, sensors):
    """Refused by the target's own provider, although another target could take its sessions: off the list first, then away."""
    both = [fleet.target, fleet.other_target]
    sensors.each(fleet, both)
    workspace.apply()
    before = sandbox.sessions()
    gone = before[0].target
    (stays,) = set(both) - {gone}
    sensors.each(fleet, [stays])
    expect_refused(workspace, sandbox, before, gone)
    sensors.each(fleet, both, listed=[stays])
    workspace.apply()
    expect_moved(sandbox, before, stays)
    assert targets(sandbox) >= set(both), "the list alone deletes no target"
    sensors.each(fleet, [stays])
    workspace.apply()
    assert gone not in targets(sandbox)
    expect_moved(sandbox, before, stays)


@pytest.mark.spine
def test_destroyed_with_its_target(workspace, sandbox, fleet, sensors):
    """The sessions go before the target."""
    sensors.each(fleet, [fleet.target])
    workspace.apply()
    workspace.destroy()
    assert sandbox.sessions() == [] and fleet.target not in targets(sandbox)


@pytest.mark.spine
@pytest.mark.parametrize("step", ["off", "on"])
def test_targets_of_a_coverage_that_is_off_are_edited(workspace, sandbox, fleet, step):
    """What others send there is known as after a refresh, and what they send to the one that is no longer listed is forgotten."""
    (of_another,) = fleet.interfaces["database"]
    for number, target in enumerate((fleet.target, fleet.other_target), 7):
        sandbox.create_session(of_another, target, fleet.filter, number)
    more = ["enabled = false"] if step == "off" else []
    workspace.configure(sandbox.provider(), coverage(fleet, *more))
    workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, *more, targets=f'["{fleet.other_target}"]'))
    workspace.apply()
    workspace.assert_refresh_keeps_private()
