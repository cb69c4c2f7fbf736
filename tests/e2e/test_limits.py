"""How much one plan may change."""

import pytest

from harness.hcl import coverage

PROD = "mirror_coverage.prod"


def interfaces(sandbox):
    return {session.interface for session in sandbox.sessions()}


@pytest.mark.parametrize("limit", ["2", "50%"])
def test_max_sessions(workspace, sandbox, fleet, limit):
    workspace.configure(sandbox.provider(), coverage(fleet, f'limits = {{ max_sessions = "{limit}" }}'))
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    assert "limits" in error.code and "max_sessions" in error.text
    workspace.configure(sandbox.provider(), coverage(fleet, 'limits = { max_sessions = "3" }'))
    workspace.apply()
    assert interfaces(sandbox) == fleet.tagged_interfaces()


@pytest.mark.spine
def test_max_creates(workspace, sandbox, fleet):
    """A large roll-out in stages: the rest waits for the next apply."""
    workspace.configure(sandbox.provider(), coverage(fleet, 'limits = { max_creates = "1" }'))
    for made in (1, 2, 3):
        plan = workspace.plan()
        assert len(plan.sessions(PROD).added) == 1
        # What waits is announced.
        announced = [warning for warning in plan.warnings if "MAX_CREATES" in warning.detail]
        assert len(announced) == (made < 3)
        workspace.apply_saved()
        assert len(sandbox.sessions()) == made
        waiting = [skip for skip in workspace.state()[PROD]["skipped"].values() if skip["reason"] == "MAX_CREATES"]
        assert len(waiting) == 3 - made
    workspace.assert_empty_plan()
    assert interfaces(sandbox) == fleet.tagged_interfaces()


def test_max_deletes(workspace, sandbox, fleet):
    limited = coverage(fleet, 'limits = { max_deletes = "1" }')
    workspace.configure(sandbox.provider(), limited)
    workspace.apply()
    sandbox.untag(fleet.instances["web-2"], key="Mirror")
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    assert "max_deletes" in error.text and "enabled = false" in error.text
    assert len(sandbox.sessions()) == 3

    # What is asked for outright is never limited.
    workspace.configure(sandbox.provider(), coverage(fleet, 'limits = { max_deletes = "1" }', "enabled = false"))
    workspace.apply()
    assert sandbox.sessions() == []


@pytest.mark.spine
def test_the_last_session_is_not_dropped_by_an_empty_match(workspace, sandbox, fleet):
    """A tag renamed by accident would switch the sensor blind."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    for name in ("web-1", "web-2"):
        sandbox.untag(fleet.instances[name], key="Mirror")
    result = workspace.try_plan()
    assert result.code == 1
    assert any("allow_empty" in error.text for error in result.errors), result.readable()
    assert len(sandbox.sessions()) == 3

    workspace.configure(sandbox.provider(), coverage(fleet, "limits = { allow_empty = true }"))
    workspace.apply()
    assert sandbox.sessions() == []


def test_destroy_goes_past_the_limits(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    for name in ("web-1", "web-2"):
        sandbox.untag(fleet.instances[name], key="Mirror")
    workspace.destroy("-refresh=false")
    assert sandbox.sessions() == []


def test_terminated_instances_are_no_empty_match(workspace, sandbox, fleet):
    """With its interfaces gone nothing is lost by dropping their sessions."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    for name in ("web-1", "web-2"):
        for interface in fleet.interfaces[name][1:]:
            fleet.remove(interface)
        fleet.terminate(name)
    workspace.apply()
    assert sandbox.sessions() == []
