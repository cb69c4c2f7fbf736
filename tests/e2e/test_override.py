"""A tag of the instance picks its target and filter among those that are listed."""

import json

import pytest

from harness.hcl import Unknown, coverage

PROD = "mirror_coverage.prod"


def rule(fleet, targets=None):
    targets = targets or json.dumps([fleet.target, fleet.other_target])
    return (
        f'override = {{\n    target_tag = "Mirror-Target"\n    target_ids = {targets}\n'
        f'    filter_tag = "Mirror-Filter"\n    filter_ids = [{json.dumps(fleet.other_filter)}]\n  }}'
    )


def sessions(sandbox):
    return {session.interface: session for session in sandbox.sessions()}


@pytest.mark.spine
def test_tags_pick_target_and_filter(workspace, sandbox, fleet):
    sandbox.tag(fleet.instances["web-1"], **{"mirror-target": fleet.other_target, "Mirror-Filter": fleet.other_filter})
    (interface,) = fleet.interfaces["web-1"]
    workspace.configure(sandbox.provider(), coverage(fleet, rule(fleet)))
    plan = workspace.plan()
    planned = plan.after(PROD)["sessions"]
    assert planned[interface]["traffic_mirror_target_id"] == fleet.other_target
    assert planned[interface]["traffic_mirror_filter_id"] == fleet.other_filter
    others = [row for key, row in planned.items() if key != interface]
    assert {row["traffic_mirror_target_id"] for row in others} == {fleet.target}, "only by tag"
    assert {row["traffic_mirror_filter_id"] for row in others} == {None}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sessions(sandbox)[interface].filter == fleet.other_filter

    # Drift of what the tag picked is repaired, and another tag is another filter.
    session = sessions(sandbox)[interface]
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session.id, TrafficMirrorFilterId=fleet.filter)
    workspace.apply()
    assert sessions(sandbox)[interface].filter == fleet.other_filter
    sandbox.untag(fleet.instances["web-1"], key="Mirror-Filter")
    sandbox.untag(fleet.instances["web-1"], key="mirror-target")
    workspace.apply()
    found = sessions(sandbox)[interface]
    assert (found.id, found.filter, found.target) == (session.id, fleet.filter, fleet.target)


@pytest.mark.spine
@pytest.mark.parametrize("kind", ["target", "filter"])
def test_a_tag_that_names_anything_else_is_refused(workspace, sandbox, fleet, kind):
    """Whoever may tag an instance must not be able to send its traffic anywhere, nor to choose what of it is seen."""
    # It exists, as the target does: what is not listed is refused all the same.
    stranger = sandbox.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    tag, unlisted, listed = {
        "target": ("Mirror-Target", fleet.balancer_target(), fleet.target),
        "filter": ("Mirror-Filter", stranger, fleet.other_filter),
    }[kind]
    (interface,) = fleet.interfaces["web-1"]
    workspace.configure(sandbox.provider(), coverage(fleet, rule(fleet)))
    for named in (unlisted, f"tm{kind[0]}-00000000000000bad"):
        sandbox.tag(fleet.instances["web-1"], **{tag: named})
        workspace.apply()
        skip = workspace.state()[PROD]["skipped"][interface]
        assert skip["reason"] == "OVERRIDE_REFUSED"
        assert all(word in skip["detail"] for word in (tag, named, f"override.{kind}_ids")), skip
        assert set(sessions(sandbox)) == set(fleet.interfaces["web-2"])
    sandbox.tag(fleet.instances["web-1"], **{tag: listed})
    workspace.apply()
    assert getattr(sessions(sandbox)[interface], kind) == listed


def test_only_a_target(workspace, sandbox, fleet):
    """An object that leaves out the rest, and a null one."""
    partial = f'override = {{ target_tag = "Sensor", target_ids = [{json.dumps(fleet.other_target)}] }}'
    sandbox.tag(fleet.instances["web-2"], sensor=fleet.other_target)
    workspace.configure(sandbox.provider(), coverage(fleet, partial))
    workspace.apply()
    assert {sessions(sandbox)[interface].target for interface in fleet.interfaces["web-2"]} == {fleet.other_target}
    workspace.configure(sandbox.provider(), coverage(fleet, "override = null"))
    workspace.apply()
    assert {session.target for session in sandbox.sessions()} == {fleet.target}


@pytest.mark.spine
def test_a_target_of_the_same_run(workspace, sandbox, fleet):
    unknown = Unknown(workspace.core)
    targets = f"[{unknown.expression(fleet.other_target)}]"
    sandbox.tag(fleet.instances["web-1"], **{"Mirror-Target": fleet.other_target})
    sandbox.tag(fleet.instances["web-2"], **{"Mirror-Target": "tmt-00000000000000bad"})
    (interface,) = fleet.interfaces["web-1"]
    workspace.configure(sandbox.provider(), coverage(fleet, rule(fleet, targets)), unknown.block())
    plan = workspace.plan()
    assert plan.sessions(PROD).added == fleet.tagged_interfaces()
    assert plan.unknown(PROD)["sessions"][interface]["traffic_mirror_target_id"] is True
    result = workspace.apply_saved()
    assert sessions(sandbox)[interface].target == fleet.other_target
    assert set(sessions(sandbox)) == {interface}, "what the tag named turned out not to be listed"
    assert any("OVERRIDE_REFUSED" in warning.detail for warning in result.warnings)
    # By now it is known to be refused.
    workspace.apply()
    assert {skip["reason"] for skip in workspace.state()[PROD]["skipped"].values()} == {"OVERRIDE_REFUSED"}


@pytest.mark.spine
def test_a_refusal_that_is_certain_waits_for_no_target(workspace, sandbox, fleet, core):
    """Only an unknown entry of override.target_ids can turn out to be what a tag names."""
    stranger = {"Mirror-Target": "tmt-00000000000000bad"}
    sandbox.tag(fleet.instances["web-1"], **stranger)
    fleet.launch("web-3", Mirror="True")
    tagged = fleet.tagged_interfaces() | set(fleet.interfaces["web-3"])
    listed = rule(fleet, json.dumps([fleet.other_target]))
    for trigger, refused in (("1", {"web-1"}), ("2", {"web-1", "web-3"})):
        for name in refused:
            sandbox.tag(fleet.instances[name], **stranger)
        refused = {interface for name in refused for interface in fleet.interfaces[name]}
        late = Unknown(core, trigger=trigger)
        targets = f"[{late.expression(fleet.target)}]"
        workspace.configure(sandbox.provider(), coverage(fleet, listed, targets=targets), late.block())
        planned = workspace.plan().after(PROD)
        assert {key: skip["reason"] for key, skip in planned["skipped"].items()} == dict.fromkeys(
            refused, "OVERRIDE_REFUSED"
        )
        assert planned["sessions"].keys() == tagged - refused
        workspace.apply_saved()
        workspace.assert_empty_plan()
        assert set(sessions(sandbox)) == tagged - refused
        assert workspace.state()[PROD]["failures"] == {}


@pytest.mark.spine
@pytest.mark.parametrize("partial", ["true", "false"])
def test_more_pick_a_target_of_the_same_run_than_it_takes(workspace, sandbox, fleet, core, partial):
    """Whoever finds no room is a failure of the apply, which makes all others."""
    fleet.launch("small", instance_type="m5.large")
    small = fleet.create_target("small")
    picking = fleet.launch_many(12, Mirror="True", **{"Mirror-Target": small})
    late = Unknown(core)
    arguments = f"{rule(fleet, f'[{late.expression(small)}]')}\n  allow_partial = {partial}"
    workspace.configure(sandbox.provider(), coverage(fleet, arguments), late.block())
    others = fleet.tagged_interfaces()
    planned = workspace.plan().after(PROD)
    assert planned["sessions"].keys() == others | picking
    for interface in others:
        assert planned["sessions"][interface]["traffic_mirror_target_id"] == fleet.target
    workspace.apply_saved()
    made = sessions(sandbox)
    assert others < set(made) and len(set(made) & picking) == 10
    without = picking - set(made)
    failures = workspace.state()[PROD]["failures"]
    assert {interface: failure["code"] for interface, failure in failures.items()} == dict.fromkeys(
        without, "TARGET_FULL"
    )
    if partial == "true":
        workspace.apply()
        assert workspace.state()[PROD]["skipped"].keys() == without
    else:
        error = workspace.try_plan().only_error()
        assert "TARGET_FULL" in error.detail and small in error.detail, error
    assert sessions(sandbox).keys() == made.keys()


@pytest.mark.parametrize(
    "argument, path",
    [
        ('override = { target_tag = "T" }', "target_ids"),
        ('override = { filter_ids = ["tmf-1"] }', "filter_tag"),
        ('override = { target = "T" }', "target"),
        ('override = "T"', "override"),
        ("override = {}", "override"),
    ],
)
def test_mistakes_are_named(workspace, sandbox, fleet, argument, path):
    workspace.configure(sandbox.provider(), coverage(fleet, argument))
    result = workspace.run("validate", "-json")
    assert result.code == 1 and "Not an override" in result.stdout and path in result.stdout
