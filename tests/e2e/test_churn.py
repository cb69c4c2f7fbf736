"""The fleet moves between a plan and its apply; what was shown is what is done."""

import pytest

from harness.hcl import Unknown, coverage

PROD = "mirror_coverage.prod"
BEFORE_DESTROY = "lifecycle {\n    create_before_destroy = true\n  }"


def interfaces(sandbox):
    return {session.interface for session in sandbox.sessions()}


def expect_what_was_shown(workspace, sandbox, fleet, *arguments):
    """An instance is launched at the prompt: it waits for the next apply."""
    planned = fleet.tagged_interfaces()
    workspace.apply_at_prompt(lambda: fleet.launch("web-3", Mirror="True"), *arguments).succeed()
    assert interfaces(sandbox) == planned
    workspace.apply()
    assert interfaces(sandbox) == planned | set(fleet.interfaces["web-3"])


@pytest.mark.spine
def test_at_the_prompt_of_a_create(workspace, sandbox, fleet):
    """One core process shows the plan and carries it out, whatever happens while it waits for its answer."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    expect_what_was_shown(workspace, sandbox, fleet)


@pytest.mark.spine
@pytest.mark.parametrize("lifecycle", ["", BEFORE_DESTROY], ids=["destroy-first", "create-first"])
def test_at_the_prompt_of_a_replace(workspace, sandbox, fleet, lifecycle):
    """A replace that destroyed first and failed then would leave nothing mirrored."""
    workspace.configure(sandbox.provider(), coverage(fleet, lifecycle))
    workspace.apply()
    expect_what_was_shown(workspace, sandbox, fleet, f"-replace={PROD}")


@pytest.mark.spine
@pytest.mark.parametrize("lifecycle", ["", BEFORE_DESTROY], ids=["destroy-first", "create-first"])
def test_at_the_prompt_of_a_tainted_coverage(workspace, sandbox, fleet, lifecycle):
    workspace.configure(sandbox.provider(), coverage(fleet, lifecycle))
    workspace.apply()
    workspace.run("taint", PROD).succeed()
    expect_what_was_shown(workspace, sandbox, fleet)


@pytest.mark.spine
def test_at_the_prompt_of_an_update(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    fleet.launch("web-3", Mirror="True")
    planned = fleet.tagged_interfaces() | set(fleet.interfaces["web-3"])
    workspace.apply_at_prompt(lambda: fleet.launch("web-4", Mirror="True")).succeed()
    assert interfaces(sandbox) == planned


@pytest.mark.spine
def test_at_the_prompt_of_an_edited_selector(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    selector = 'selector {\n    tags = { Name = "data*" }\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
    workspace.apply_at_prompt(lambda: fleet.launch("data-2")).succeed()
    assert interfaces(sandbox) == set(fleet.interfaces["database"])
    workspace.apply()
    assert interfaces(sandbox) == {*fleet.interfaces["database"], *fleet.interfaces["data-2"]}


@pytest.mark.spine
def test_at_the_prompt_with_an_unknown_name(workspace, sandbox, fleet, core):
    late = Unknown(core)
    named = coverage(fleet).replace('name = "prod"', f"name = {late.expression('prod')}")
    workspace.configure(sandbox.provider(), named, late.block())
    planned = fleet.tagged_interfaces()
    workspace.apply_at_prompt(lambda: fleet.launch("web-3", Mirror="True")).succeed()
    assert interfaces(sandbox) == planned


@pytest.mark.spine
def test_an_apply_without_refresh_after_a_plan_that_was_not_applied(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    selector = 'selector {\n    tags = { Mirror = "*" }\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
    workspace.plan()
    fleet.launch("web-3", Mirror="True")
    workspace.try_apply("-refresh=false").succeed()
    workspace.apply()
    assert interfaces(sandbox) == fleet.tagged_interfaces() | set(fleet.interfaces["web-3"])


@pytest.mark.spine
def test_an_unknown_selector_on_update_without_refresh(workspace, sandbox, fleet, core):
    """Held while it is unknown, followed as soon as it is known, with a refresh or without one."""
    sandbox.tag(fleet.instances["database"], Mirror="Later")
    for trigger, value in (("1", "True"), ("2", "Later")):
        late = Unknown(core, trigger=trigger)
        selector = late.selector(value)
        workspace.configure(sandbox.provider(), coverage(fleet, selector=selector), late.block())
        workspace.try_apply("-refresh=false").succeed()
    workspace.try_apply("-refresh=false").succeed()
    workspace.apply()
    assert interfaces(sandbox) == set(fleet.interfaces["database"])
