"""Values of the same run that a plan cannot know yet."""

import collections

import pytest

from harness.hcl import TAGGED, Unknown, coverage

PROD = "mirror_coverage.prod"


def interfaces(sandbox):
    return {session.interface for session in sandbox.sessions()}


@pytest.mark.spine
@pytest.mark.parametrize("form", ["expression", "refined"])
def test_target_on_create(workspace, sandbox, fleet, core, form):
    late = Unknown(core)
    target = getattr(late, form)(fleet.target)
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f"[{target}]"), late.block())
    plan = workspace.plan()
    assert plan.sessions(PROD).added == fleet.tagged_interfaces(), "every session is still listed"
    for session in plan.unknown(PROD)["sessions"].values():
        assert session["traffic_mirror_target_id"] is True
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert interfaces(sandbox) == fleet.tagged_interfaces()
    assert {session.target for session in sandbox.sessions()} == {fleet.target}


@pytest.mark.spine
@pytest.mark.parametrize("form", ["expression", "refined"])
def test_filter_on_create(workspace, sandbox, fleet, core, form):
    late = Unknown(core)
    filter_id = getattr(late, form)(fleet.filter)
    workspace.configure(sandbox.provider(), coverage(fleet, filter_id=filter_id), late.block())
    plan = workspace.plan()
    assert plan.sessions(PROD).added == fleet.tagged_interfaces()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.filter for session in sandbox.sessions()} == {fleet.filter}


@pytest.mark.spine
def test_whole_target_list_on_create(workspace, sandbox, fleet, core):
    late = Unknown(core)
    targets = f'split(",", {late.expression(fleet.target)})'
    workspace.configure(sandbox.provider(), coverage(fleet, targets=targets), late.block())
    workspace.plan()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert interfaces(sandbox) == fleet.tagged_interfaces()


@pytest.mark.spine
def test_target_and_filter_on_update(workspace, sandbox, fleet, core):
    for trigger, target, filter_id in (
        ("1", fleet.target, fleet.filter),
        ("2", fleet.other_target, fleet.other_filter),
        ("3", fleet.other_target, fleet.other_filter),
    ):
        late = Unknown(core, trigger=trigger)
        workspace.configure(
            sandbox.provider(),
            coverage(fleet, targets=f"[{late.expression(target)}]", filter_id=late.expression(filter_id)),
            late.block(),
        )
        plan = workspace.plan()
        assert not plan.sessions(PROD).removed
        workspace.apply_saved()
        workspace.assert_empty_plan()
        made = sandbox.sessions()
        assert {session.target for session in made} == {target}
        assert {session.filter for session in made} == {filter_id}
        assert interfaces(sandbox) == fleet.tagged_interfaces()


def test_a_target_that_turns_out_to_be_the_source(workspace, sandbox, fleet, core):
    """What an unknown target forbids is known at apply only: a failure of one interface."""
    sandbox.tag(fleet.instances["sensor-2"], Mirror="True")
    late = Unknown(core)
    workspace.configure(
        sandbox.provider(), coverage(fleet, targets=f"[{late.expression(fleet.other_target)}]"), late.block()
    )
    workspace.try_apply().succeed()
    assert interfaces(sandbox) == fleet.tagged_interfaces()
    assert not list(workspace.tainted())


@pytest.mark.spine
@pytest.mark.parametrize("form", ["expression", "refined"])
def test_selector_on_create(workspace, sandbox, fleet, core, form):
    late = Unknown(core)
    selector = f"selector {{\n    tags = {{ Mirror = {getattr(late, form)('True')} }}\n  }}"
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector), late.block())
    assert "mirror_coverage.prod" in workspace.plan_text()
    plan = workspace.plan()
    assert plan.unknown(PROD)["sessions"] is True
    assert plan.warnings, "a plan that cannot list its sessions says so"
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert interfaces(sandbox) == fleet.tagged_interfaces()


@pytest.mark.spine
def test_selector_blocks_on_create(workspace, sandbox, fleet, core):
    """A dynamic block over an unknown collection makes the whole list of blocks unknown."""
    late = Unknown(core)
    selector = (
        f'dynamic "selector" {{\n    for_each = split(",", {late.expression("True")})\n'
        "    content {\n      tags = { Mirror = selector.value }\n    }\n  }"
    )
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector), late.block())
    workspace.plan()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert interfaces(sandbox) == fleet.tagged_interfaces()


@pytest.mark.spine
def test_selector_on_update_waits_for_the_next_plan(workspace, sandbox, fleet, core):
    sandbox.tag(fleet.instances["database"], Mirror="Later")
    for trigger, value, first, second in (
        ("1", "True", fleet.tagged_interfaces(), fleet.tagged_interfaces()),
        ("2", "Later", fleet.tagged_interfaces(), set(fleet.interfaces["database"])),
    ):
        late = Unknown(core, trigger=trigger)
        selector = late.selector(value)
        workspace.configure(sandbox.provider(), coverage(fleet, selector=selector), late.block())
        plan = workspace.plan()
        if trigger == "2":
            changes = plan.sessions(PROD)
            assert not changes.added and not changes.removed, "all sessions stay for now"
            assert plan.warnings, "the next plan follows, and the user is told"
        workspace.apply_saved()
        assert interfaces(sandbox) == first
        workspace.apply()
        assert interfaces(sandbox) == second


@pytest.mark.spine
def test_provider_block_on_create(workspace, sandbox, fleet, core):
    late = Unknown(core)
    region = late.expression(sandbox.region)
    workspace.configure(sandbox.provider(region=region), coverage(fleet), late.block())
    plan = workspace.plan()
    assert plan.actions[PROD] == ["create"]
    assert sandbox.calls() == [], "half an account is not to be asked"
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert interfaces(sandbox) == fleet.tagged_interfaces()


@pytest.mark.spine
@pytest.mark.parametrize("argument", ["region", "secret_key", "endpoint"])
def test_provider_block_on_update(workspace, sandbox, fleet, core, argument):
    value = {"region": sandbox.region, "secret_key": sandbox.secret_key, "endpoint": sandbox.url}[argument]
    for trigger in ("1", "2"):
        late = Unknown(core, trigger=trigger)
        provider = sandbox.provider(**{argument: late.expression(value)})
        workspace.configure(provider, coverage(fleet), late.block())
        sandbox.forget_calls()
        plan = workspace.plan()
        assert sandbox.calls() == []
        if trigger == "2":
            assert PROD not in plan.actions, "the prior state stands"
        workspace.apply_saved()
        workspace.assert_empty_plan()
        assert interfaces(sandbox) == fleet.tagged_interfaces()


@pytest.mark.spine
def test_data_source_with_an_unknown_provider_block(workspace, sandbox, fleet, core):
    late = Unknown(core)
    region = late.expression(sandbox.region)
    audit = f'data "mirror_audit" "all" {{\n  {TAGGED}\n}}\n'
    workspace.configure(sandbox.provider(region=region), audit, late.block())
    result = workspace.try_plan()
    assert result.code == 1
    assert any("depends_on" in error.text for error in result.errors)
    assert sandbox.calls() == []

    waits_for = "terraform_data.late" if core.has("terraform_data") else "null_resource.late"
    audit = f'data "mirror_audit" "all" {{\n  {TAGGED}\n  depends_on = [{waits_for}]\n}}\n'
    workspace.configure(sandbox.provider(region=region), audit, late.block())
    workspace.apply()


@pytest.mark.parametrize(
    "argument", ["name", "description", "tag", "enabled", "session_number"], ids=lambda argument: argument
)
def test_other_arguments_on_create(workspace, sandbox, fleet, core, argument):
    late = Unknown(core)
    text = {
        "name": ("name", '"prod"', late.expression("prod")),
        "description": ("description", '"late"', late.expression("late")),
        "tag": ("tags", "", f"{{ Team = {late.expression('security')} }}"),
        "enabled": ("enabled", "true", f"tobool({late.expression('true')})"),
        "session_number": ("session_number", "6", f"tonumber({late.expression('6')})"),
    }[argument]
    hcl = coverage(fleet)
    if argument == "name":
        hcl = hcl.replace('name = "prod"', f"name = {text[2]}")
    else:
        hcl = coverage(fleet, f"{text[0]} = {text[2]}")
    workspace.configure(sandbox.provider(), hcl, late.block())
    workspace.plan()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    made = sandbox.sessions("prod")
    assert {session.interface for session in made} == fleet.tagged_interfaces()
    if argument == "description":
        assert {session.description for session in made} == {"late"}
    if argument == "tag":
        assert {session.tags["Team"] for session in made} == {"security"}
    if argument == "session_number":
        assert {session.number for session in made} == {6}


LATE_FAULTS = {
    "number-zero": (lambda late: f"session_number = tonumber({late.expression('0')})", "32766"),
    "region": (lambda late: f"region = {late.expression('not a region')}", "region"),
    "tag-key": (lambda late: f"tags = {{ ({late.expression('mirror:coverage-id')}) = \"x\" }}", "mirror:coverage-id"),
}


@pytest.mark.parametrize("case", LATE_FAULTS)
def test_what_turns_out_to_be_wrong(workspace, sandbox, fleet, core, case):
    """A value that is judged once it is known, before anything is made."""
    late = Unknown(core)
    argument, word = LATE_FAULTS[case]
    workspace.configure(sandbox.provider(), coverage(fleet, argument(late)), late.block())
    result = workspace.try_apply()
    assert result.code == 1
    assert any(word in error.text for error in result.errors), result.readable()
    assert not any("inconsistent" in error.summary for error in result.errors), result.readable()
    assert sandbox.sessions() == []


def test_targets_that_turn_out_to_be_one(workspace, sandbox, fleet, core):
    late = Unknown(core)
    twice = f"[{late.expression(fleet.target)}, {late.refined(fleet.target)}]"
    workspace.configure(sandbox.provider(), coverage(fleet, targets=twice), late.block())
    result = workspace.try_apply()
    assert result.code == 1
    assert any(fleet.target in error.text for error in result.errors), result.readable()
    assert sandbox.sessions() == []


@pytest.mark.spine
def test_a_plan_that_was_never_applied_silences_no_later_one(workspace, sandbox, fleet, core):
    """What a target forbids is an error of a plan that knows the target, whatever an earlier plan did not know."""
    late = Unknown(core)
    fleet.launch("small", instance_type="m5.large")
    small = fleet.create_target("small")
    for number, interface in enumerate(sorted(fleet.launch_many(10, Other="yes"))):
        sandbox.create_session(interface, small, fleet.filter, 1 + number)
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f"[{late.expression(small)}]"), late.block())
    workspace.save_plan()
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{small}"]'))
    result = workspace.try_plan()
    assert result.code == 1 and small in result.errors[0].detail, result.readable()


@pytest.mark.spine
def test_switching_off_waits_for_nothing(workspace, sandbox, fleet, core):
    """Deleting needs neither selector nor target."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    late = Unknown(core)
    selector = late.selector("True")
    targets = f"[{late.expression(fleet.other_target)}]"
    off = coverage(fleet, "enabled = false", selector=selector, targets=targets)
    workspace.configure(sandbox.provider(), off, late.block())
    (warning,) = workspace.plan().warnings
    assert warning.summary == "Coverage prod: 0 created, 3 deleted, 0 moved"
    sandbox.forget_calls()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert collections.Counter(call.action for call in sandbox.changing_calls()) == {"DeleteTrafficMirrorSession": 3}
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector, targets=targets), late.block())
    sandbox.forget_calls()
    workspace.apply()
    changes = collections.Counter(call.action for call in sandbox.changing_calls())
    assert changes == {"CreateTrafficMirrorSession": 3}


@pytest.mark.spine
def test_a_switch_that_is_unknown_itself_waits(workspace, sandbox, fleet, core):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    late = Unknown(core)
    workspace.configure(sandbox.provider(), coverage(fleet, f"enabled = {late.expression('false')}"), late.block())
    workspace.try_apply().succeed()
    assert len(sandbox.sessions()) == 3
    workspace.apply()
    assert sandbox.sessions() == []


@pytest.mark.spine
@pytest.mark.parametrize("then", ["off", "late-target"])
def test_a_held_update_that_failed_holds_no_later_one(workspace, sandbox, fleet, core, then):
    """What it planned is kept, as it changed nothing; what the next plan promises is its own matter, also without a refresh."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    late = Unknown(core)
    held = coverage(fleet, 'description = "held"', selector=late.selector("True"))
    workspace.configure(sandbox.provider(), held, late.block())
    workspace.save_plan()
    sandbox.fault("error", "DescribeTrafficMirrorSessions", status=400, code="ExpiredToken", message="expired")
    assert workspace.try_apply_saved().code == 1
    sandbox.no_faults()

    if then == "off":
        block, after = coverage(fleet, "enabled = false"), set()
    else:
        later = Unknown(core, trigger="2")
        targets = f"[{later.expression(fleet.other_target)}]"
        block, after = coverage(fleet, targets=targets), {fleet.other_target}
        late = later
    workspace.configure(sandbox.provider(), block, late.block())
    workspace.try_apply("-refresh=false").succeed()
    assert {session.target for session in sandbox.sessions()} == after
    assert len(workspace.state()[PROD]["sessions"]) == len(sandbox.sessions())
    workspace.assert_empty_plan()
