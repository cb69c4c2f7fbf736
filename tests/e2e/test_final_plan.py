"""The plan that core makes again while it applies is the one that was shown, whatever happened and was planned in between."""

import json

import pytest

from harness.hcl import TAGGED, Unknown, coverage, coverage_without
from harness.late_target import LateTarget

PROD = "mirror_coverage.prod"
INTERFACES = f'data "mirror_interfaces" "prod" {{\n  {TAGGED}\n}}\n'
PINNED = "selection = data.mirror_interfaces.prod.selection"
NAMED = 'selector {\n    tags = { Name = "data*" }\n  }'


def interfaces(sandbox, name=None):
    return {session.interface for session in sandbox.sessions(name)}


def create_session(sandbox, fleet, interface, number=1, description="by hand"):
    answer = sandbox.ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface, TrafficMirrorTargetId=fleet.target, TrafficMirrorFilterId=fleet.filter,
        SessionNumber=number, Description=description,
    )  # fmt: skip
    return answer["TrafficMirrorSession"]["TrafficMirrorSessionId"]


@pytest.mark.spine
@pytest.mark.parametrize("form", ["inline", "pinned"])
def test_a_saved_plan_of_a_create(workspace, sandbox, fleet, form):
    """Others take room, an adopted session goes, an instance becomes a sensor, another one starts: all that is for the next plan."""
    fleet.launch("sensor-to-be", Mirror="True")
    planned = fleet.tagged_interfaces() | set(fleet.interfaces["sensor-to-be"])
    full, adopted = sorted(fleet.tagged_interfaces())[:2]
    session = create_session(sandbox, fleet, adopted)
    more = ["allow_partial = true", 'adopt = { descriptions = ["by hand"] }']
    if form == "inline":
        workspace.configure(sandbox.provider(), coverage(fleet, *more))
    else:
        workspace.configure(sandbox.provider(), INTERFACES, coverage_without(fleet, "selector", PINNED, *more))
    assert workspace.plan().sessions(PROD).added == planned
    for number in (1, 2, 3):
        create_session(sandbox, fleet, full, number, "in the way")
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=session)
    fleet.create_target("sensor-to-be")
    fleet.launch("web-3", Mirror="True")
    workspace.apply_saved()
    rest = fleet.tagged_interfaces() - {full, adopted}
    assert interfaces(sandbox, "prod") == rest
    assert not list(workspace.tainted())
    workspace.apply()
    assert interfaces(sandbox, "prod") == rest | {adopted} | set(fleet.interfaces["web-3"])
    assert {key: skip["reason"] for key, skip in workspace.state()[PROD]["skipped"].items()} == {
        full: "QUOTA",
        fleet.interfaces["sensor-to-be"][0]: "SENSOR",
    }


@pytest.mark.spine
@pytest.mark.parametrize("form", ["create", "update"])
def test_somebody_else_plans_before_a_saved_plan_is_applied(workspace, sandbox, fleet, form):
    if form == "update":
        workspace.configure(sandbox.provider(), coverage(fleet))
        workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, selector=NAMED))
    workspace.save_plan()
    fleet.launch("data-2")
    workspace.run("plan", "-input=false", "-no-color").succeed()
    workspace.apply_saved()
    assert interfaces(sandbox) == set(fleet.interfaces["database"])
    workspace.apply()
    assert interfaces(sandbox) == {*fleet.interfaces["database"], *fleet.interfaces["data-2"]}


@pytest.mark.spine
@pytest.mark.needs("tells_final_plan")
def test_a_first_plan_takes_nobodys_note(workspace, sandbox, fleet):
    """One core process plans, and later plans and applies: what was launched in between is in the later plan."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    (workspace.directory / "prod.tftest.hcl").write_text(
        'run "looks" {\n  command = plan\n}\nrun "makes" {\n  command = apply\n  assert {\n'
        f"    condition     = length({PROD}.sessions) == 4\n"
        '    error_message = "not what there is now"\n  }\n}\n'
    )
    # A plan asks twice: for the sensor and for what is selected.
    sandbox.launch_at("DescribeInstances", 3, fleet.subnets[0], Mirror="True")
    workspace.run("test", "-no-color").succeed()
    assert interfaces(sandbox) == set()


@pytest.mark.spine
@pytest.mark.parametrize("form", ["inline", "pinned"])
def test_the_final_plan_of_an_update_asks_nothing(workspace, sandbox, fleet, form):
    """What is denied, throttled or gone by then is a matter of the apply, and of single sessions."""
    if form == "inline":
        workspace.configure(sandbox.provider(), coverage(fleet))
    else:
        workspace.configure(sandbox.provider(), INTERFACES, coverage_without(fleet, "selector", PINNED))
    workspace.apply()
    fleet.launch("web-3", Mirror="True")
    workspace.save_plan()
    for action in ("DescribeTrafficMirrorFilters", "DescribeTrafficMirrorTargets", "DescribeInstances"):
        sandbox.fault("deny", action)
    sandbox.forget_calls()
    workspace.apply_saved()
    assert interfaces(sandbox) == fleet.tagged_interfaces() | set(fleet.interfaces["web-3"])
    asked = {call.action for call in sandbox.calls() if call.action.startswith("Describe")}
    assert asked == {"DescribeTrafficMirrorSessions"}, "by the apply, which needs the numbers"
    sandbox.no_faults()
    workspace.assert_empty_plan()


def plan_with_an_unknown_selector(workspace, sandbox, fleet, core):
    """Of a coverage that exists; the plan is saved, and leaves everything as it is."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    late = Unknown(core)
    workspace.configure(sandbox.provider(), coverage(fleet, selector=late.selector("True")), late.block())
    workspace.save_plan()


@pytest.mark.spine
def test_a_plan_that_was_dropped_is_forgotten(workspace, sandbox, fleet, core):
    """Without a refresh a first plan looks like a final one, and must not be taken for that of an older plan."""
    plan_with_an_unknown_selector(workspace, sandbox, fleet, core)
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{fleet.other_target}"]'))
    workspace.try_apply("-refresh=false").succeed()
    assert {session.target for session in sandbox.sessions()} == {fleet.other_target}

    for name in ("data-2", "data-3"):
        fleet.launch(name)
    workspace.configure(sandbox.provider(), coverage(fleet, selector=NAMED))
    workspace.save_plan()
    fleet.terminate("data-2")
    fleet.launch("data-4")
    workspace.try_apply("-refresh=false").succeed()
    now = {interface for name in ("database", "data-3", "data-4") for interface in fleet.interfaces[name]}
    assert interfaces(sandbox) == now
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_a_plan_that_knows_more_makes_an_older_one_void(workspace, sandbox, fleet, core):
    """A saved plan that knows the selector, after one that did not."""
    plan_with_an_unknown_selector(workspace, sandbox, fleet, core)
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{fleet.other_target}"]'))
    workspace.save_plan()
    workspace.apply_saved()
    assert {session.target for session in sandbox.sessions()} == {fleet.other_target}
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_a_target_of_the_same_run_that_describe_calls_do_not_show_yet(workspace, sandbox, fleet):
    """In a create and in an update."""
    for name in ("late-1", "late-2"):
        fleet.launch(name, instance_type="m5.24xlarge")
    late = LateTarget(workspace, sandbox, fleet.interfaces["late-1"][0], "first")
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f"[{late.id}]"), late.block)
    sandbox.delay_describes(2.5)
    workspace.apply()
    assert {session.target for session in sandbox.sessions()} == {(workspace.directory / "first").read_text()}
    another = LateTarget(workspace, sandbox, fleet.interfaces["late-2"][0], "second")
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f"[{another.id}]"), late.block, another.block)
    workspace.apply()
    assert {session.target for session in sandbox.sessions()} == {(workspace.directory / "second").read_text()}
    assert interfaces(sandbox) == fleet.tagged_interfaces()


@pytest.mark.parametrize("action", ["CreateTrafficMirrorSession", "ModifyTrafficMirrorSession"])
def test_a_target_that_a_call_does_not_know_yet(workspace, sandbox, fleet, action):
    if action.startswith("Modify"):
        workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{fleet.other_target}"]'))
        workspace.apply()
    code = "InvalidTrafficMirrorTargetId.NotFound"
    sandbox.fault("error", action, times=4, code=code, message="The target does not exist", status=400)
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    assert {session.target for session in sandbox.sessions()} == {fleet.target}
    assert interfaces(sandbox) == fleet.tagged_interfaces()


def test_an_old_selection_of_an_interface_that_is_gone(workspace, sandbox, fleet):
    """Written down, it pins the interface for ever; nothing is left to do about it all the same."""
    shown = 'output "selection" {\n  value = nonsensitive(data.mirror_interfaces.prod.selection)\n}\n'
    workspace.configure(sandbox.provider(), INTERFACES, shown)
    workspace.try_apply().succeed()
    text = json.loads(workspace.run("output", "-json", "selection").stdout)
    pinned = coverage_without(fleet, "selector", f"selection = {json.dumps(text)}")
    workspace.configure(sandbox.provider(), pinned)
    workspace.apply()
    fleet.terminate("web-1")
    workspace.apply()
    assert interfaces(sandbox) == set(fleet.interfaces["web-2"])
    # Also of a coverage that is made then.
    workspace.destroy()
    result = workspace.apply()
    assert any("InvalidNetworkInterfaceID.NotFound" in warning.detail for warning in result.warnings)
    assert interfaces(sandbox) == set(fleet.interfaces["web-2"])


def test_an_instance_that_ends_before_its_session_is_changed(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    gone = set(fleet.interfaces["web-1"])
    sandbox.terminate_at("ModifyTrafficMirrorSession", 1, fleet.instances["web-1"])
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{fleet.other_target}"]'))
    sandbox.forget_calls()
    result = workspace.try_apply().succeed()
    assert any(
        "InvalidTrafficMirrorSessionId.NotFound" in warning.detail and min(gone) in warning.detail
        for warning in result.warnings
    ), result.readable()
    sandbox.no_churn()
    workspace.apply()
    assert interfaces(sandbox) == set(fleet.interfaces["web-2"])
    assert {session.target for session in sandbox.sessions()} == {fleet.other_target}


@pytest.mark.spine
@pytest.mark.parametrize("refresh", ["-refresh=true", "-refresh=false"])
def test_an_update_is_planned_by_the_fleet_as_it_is_and_applied_as_planned(workspace, sandbox, fleet, refresh):
    """Without a refresh a first plan looks like a final one, but for what core tells: it takes no note of a plan that was dropped."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, selector=NAMED))
    workspace.save_plan()
    fleet.launch("data-2")
    now = {*fleet.interfaces["database"], *fleet.interfaces["data-2"]}
    assert workspace.plan(refresh).after(PROD)["sessions"].keys() == now
    fleet.launch("data-3")
    workspace.apply_saved()
    assert interfaces(sandbox) == now
    workspace.apply()
    assert interfaces(sandbox) == now | set(fleet.interfaces["data-3"])


@pytest.mark.spine
@pytest.mark.needs("tells_final_plan")
def test_a_first_plan_of_an_update_without_a_refresh_takes_nobodys_note(workspace, sandbox, fleet):
    """One core process plans an edited selector, and later plans it again and applies it: what was launched in between is in the later
    plan, and what was launched after that is not."""
    selector = 'selector {\n    tags = { Name = var.named }\n  }'
    variable = 'variable "named" {\n  default = "web-1"\n}\n'
    workspace.configure(sandbox.provider(), variable, coverage(fleet, selector=selector))
    edited = '  variables {\n    named = "data*"\n  }\n  plan_options {\n    refresh = false\n  }\n'
    (workspace.directory / "prod.tftest.hcl").write_text(
        'run "makes" {\n  command = apply\n}\n'
        f'run "looks" {{\n  command = plan\n{edited}}}\n'
        f'run "changes" {{\n  command = apply\n{edited}  assert {{\n'
        f"    condition     = length({PROD}.sessions) == 2\n"
        '    error_message = "not what there is now"\n  }\n}\n'
    )
    # The create and the plan after it ask twice each: for the sensor and for what is selected.
    sandbox.launch_at("DescribeInstances", 5, fleet.subnets[0], Name="data-2")
    sandbox.forget_calls()
    workspace.run("test", "-no-color").succeed()
    assert len(sandbox.calls("DescribeInstances")) >= 6
    assert interfaces(sandbox) == set()
