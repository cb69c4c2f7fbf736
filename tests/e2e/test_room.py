"""Quotas, permissions and times, all looked at before anything is changed."""

import pytest

from harness.hcl import coverage

PROD = "mirror_coverage.prod"


def crowd(sandbox, fleet, interface):
    for number in (1, 2, 3):
        sandbox.create_session(interface, fleet.target, fleet.filter, number)


@pytest.mark.spine
def test_an_interface_with_three_sessions_is_a_plan_error(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    crowd(sandbox, fleet, interface)
    workspace.configure(sandbox.provider(), coverage(fleet))
    sandbox.forget_calls()
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    assert interface in error.detail and "QUOTA" in error.detail and "allow_partial" in error.detail
    assert sandbox.changing_calls() == []

    workspace.configure(sandbox.provider(), coverage(fleet, "allow_partial = true"))
    workspace.apply()
    assert workspace.state()[PROD]["skipped"][interface]["reason"] == "QUOTA"
    assert len(sandbox.sessions("prod")) == 2
    # Room comes free: the next plan uses it.
    foreign = [session for session in sandbox.sessions() if session.owner is None]
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=foreign[0].id)
    workspace.apply()
    assert len(sandbox.sessions("prod")) == 3
    assert workspace.state()[PROD]["skipped"] == {}


def test_one_that_has_its_session_is_not_crowded(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    for number in (11, 12):
        sandbox.create_session(interface, fleet.target, fleet.filter, number)
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_the_dry_run_asks_for_permission_and_changes_nothing(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, "preflight_dry_run = true"))
    sandbox.forget_calls()
    workspace.save_plan()
    assert [call.outcome for call in sandbox.calls("CreateTrafficMirrorSession")] == ["DryRunOperation"]
    assert sandbox.changing_calls() == []
    sandbox.fault("deny", "CreateTrafficMirrorSession")
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    assert "UnauthorizedOperation" in error.detail and "preflight_dry_run" in error.code
    sandbox.no_faults()
    workspace.apply()
    # Nothing to create, nothing to ask.
    sandbox.forget_calls()
    workspace.assert_empty_plan()
    assert sandbox.calls("CreateTrafficMirrorSession") == []


def test_without_the_dry_run_the_plan_asks_for_nothing(workspace, sandbox, fleet):
    sandbox.fault("deny", "CreateTrafficMirrorSession")
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.save_plan()
    assert sandbox.calls("CreateTrafficMirrorSession") == []


@pytest.mark.spine
def test_timeouts(workspace, sandbox, fleet):
    """What is not done in time is a failure, never a taint, and the next apply goes on."""
    sandbox.fault("slow", "CreateTrafficMirrorSession", delay_ms=15000, skip=1, times=2)
    workspace.configure(sandbox.provider(), coverage(fleet, "timeouts {\n    create = \"1s\"\n  }"))
    result = workspace.try_apply().succeed()
    assert any("TimedOut" in warning.detail for warning in result.warnings), result.readable()
    assert {failure["code"] for failure in workspace.state()[PROD]["failures"].values()} == {"TimedOut"}
    sandbox.no_faults()
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()
    assert len(sandbox.sessions()) == 3


def test_no_timeout_by_accident(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, "timeouts {\n    create = \"soon\"\n  }"))
    result = workspace.run("validate", "-json")
    assert result.code == 1 and "Not a time" in result.stdout


@pytest.mark.spine
def test_a_plan_that_deletes_or_moves_says_how_much(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    assert workspace.plan().warnings == []
    workspace.apply_saved()
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    fleet.launch("web-3", Mirror="True")
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{fleet.other_target}"]'))
    (warning,) = workspace.plan().warnings
    assert warning.summary == "Coverage prod: 1 created, 1 deleted, 2 moved"
    assert fleet.interfaces["web-1"][0] in warning.detail
    workspace.apply_saved()
    workspace.assert_empty_plan()


def test_an_empty_filter_is_a_warning(workspace, sandbox, fleet):
    answer = sandbox.ec2.create_traffic_mirror_filter()
    empty = answer["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    workspace.configure(sandbox.provider(), coverage(fleet, filter_id=f'"{empty}"'))
    (warning,) = workspace.plan().warnings
    assert empty in warning.detail and "rules" in warning.detail
    workspace.apply_saved()
    workspace.assert_empty_plan()


@pytest.mark.spine
@pytest.mark.parametrize("aliases", [False, True])
def test_swapped_numbers(workspace, sandbox, fleet, aliases):
    """Two coverages of the same interfaces exchange their numbers in one apply."""

    def configure(first, second):
        other = sandbox.provider(alias="second") if aliases else ""
        provider = "provider = mirror.second" if aliases else ""
        workspace.configure(
            sandbox.provider(),
            other,
            coverage(fleet, f"session_number = {first}", name="one", label="one"),
            coverage(fleet, f"session_number = {second}", provider, name="two", label="two"),
        )

    configure(1, 2)
    workspace.apply()
    before = {session.id for session in sandbox.sessions()}
    configure(2, 1)
    workspace.apply()
    for interface in fleet.tagged_interfaces():
        assert sandbox.session_on(interface, "one").number == 2
        assert sandbox.session_on(interface, "two").number == 1
    assert {session.id for session in sandbox.sessions()} == before


def test_a_number_of_a_foreign_session_is_an_error_at_once(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 1"))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    sandbox.create_session(interface, fleet.target, fleet.filter, 7)
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 7"))
    result = workspace.try_apply()
    assert result.code == 1
    assert sandbox.session_on(interface, "prod").number == 1, "not moved aside for nothing"
    assert {session.number for session in sandbox.sessions("prod")} == {1, 7}
