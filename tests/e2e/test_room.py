"""Quotas, permissions and times, all looked at before anything is changed."""

import collections
import concurrent.futures

import pytest

from harness.hcl import Unknown, coverage, coverage_without

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


def test_an_update_has_a_time_of_its_own(workspace, sandbox, fleet):
    limited = 'timeouts {\n    create = "10m"\n    update = "1s"\n    delete = "10m"\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, limited, 'description = "one"'))
    workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, limited, 'description = "two"'))
    sandbox.fault("slow", "ModifyTrafficMirrorSession", delay_ms=15000, skip=1, times=2)
    result = workspace.try_apply()
    assert result.code == 1
    assert all("TimedOut" in error.detail and "timeouts" in error.detail for error in result.errors), result.readable()
    assert {failure["code"] for failure in workspace.state()[PROD]["failures"].values()} == {"TimedOut"}
    sandbox.no_faults()
    workspace.apply()
    assert {session.description for session in sandbox.sessions("prod")} == {"two"}
    workspace.assert_empty_plan()


def test_a_destroy_has_a_time_of_its_own(workspace, sandbox, fleet):
    limited = 'timeouts {\n    create = "10m"\n    update = "10m"\n    delete = "1s"\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, limited))
    workspace.apply()
    sandbox.fault("slow", "DeleteTrafficMirrorSession", delay_ms=15000, skip=1, times=2)
    result = workspace.try_destroy()
    assert result.code == 1
    assert "TimedOut" in result.stdout
    assert 1 <= len(workspace.state()[PROD]["sessions"]) <= 2, "what is left stays in the state"
    sandbox.no_faults()
    workspace.destroy()
    assert sandbox.sessions() == []


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


@pytest.mark.parametrize("what", ["target_ids", "filter_ids"])
def test_what_a_tag_may_name_must_exist(workspace, sandbox, fleet, what):
    missing = {"target_ids": "tmt-00000000000000bad", "filter_ids": "tmf-00000000000000bad"}[what]
    rule = f'override = {{\n    {what.replace("ids", "tag")} = "Here"\n    {what} = ["{missing}"]\n  }}'
    workspace.configure(sandbox.provider(), coverage(fleet, rule))
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    assert missing in error.detail and "NotFound" in error.detail


@pytest.mark.spine
def test_a_target_that_others_fill_after_the_plan(workspace, sandbox, fleet):
    """A saved plan is carried out all the same: who finds no room is a failure, and the next plan says so."""
    fleet.launch("small")
    small = fleet.create_target("small")
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{small}"]'))
    workspace.save_plan()
    for interface in sorted(fleet.launch_many(9, Team="another")):
        sandbox.create_session(interface, small, fleet.filter, 1)
    (full,) = fleet.interfaces["web-1"]
    for number in (1, 2, 3):
        sandbox.create_session(full, fleet.balancer_target(), fleet.filter, number)
    workspace.apply_saved()
    failures = {interface: failure["code"] for interface, failure in workspace.state()[PROD]["failures"].items()}
    assert failures.pop(full) == "TrafficMirrorSessionsPerInterfaceLimitExceeded"
    assert list(failures.values()) == ["TrafficMirrorSourcesPerTargetLimitExceeded"]
    assert len(sandbox.sessions("prod")) == 1
    assert workspace.try_plan().code == 1, "the next plan sees what is full"
    both = f'["{small}", "{fleet.target}"]'
    workspace.configure(sandbox.provider(), coverage(fleet, "allow_partial = true", targets=both))
    workspace.apply()


@pytest.mark.spine
def test_two_coverages_that_fill_a_target_together(workspace, sandbox, fleet):
    """New in one run they do not see each other: both plans are clean, who finds no room is a failure, and nothing is tainted."""
    fleet.launch("small")
    small = fleet.create_target("small")
    crowds = {label: fleet.launch_many(6, Crowd=label) for label in ("one", "two")}

    def configure(targets):
        selectors = {label: f'selector {{\n    tags = {{ Crowd = "{label}" }}\n  }}' for label in crowds}
        parts = [coverage(fleet, label=one, name=one, selector=text, targets=targets) for one, text in selectors.items()]
        workspace.configure(sandbox.provider(), *parts)

    configure(f'["{small}"]')
    plan = workspace.plan()
    assert plan.warnings == []
    for label, crowd in crowds.items():
        assert plan.sessions(f"mirror_coverage.{label}").added == crowd, "six for each, and the target takes ten"
    result = workspace.apply_saved()
    state = workspace.state()
    failures = {label: state[f"mirror_coverage.{label}"]["failures"] or {} for label in crowds}
    codes = [failure["code"] for failed in failures.values() for failure in failed.values()]
    assert codes == ["TrafficMirrorSourcesPerTargetLimitExceeded"] * 2
    for label, crowd in crowds.items():
        assert {session.interface for session in sandbox.sessions(label)} == crowd - failures[label].keys()
        told = "".join(warning.detail for warning in result.warnings if warning.address == f"mirror_coverage.{label}")
        assert all(interface in told for interface in failures[label])
    assert not list(workspace.tainted())

    # By now each is seen by the other.
    errors = workspace.try_plan().errors
    assert {error.address for error in errors} == {f"mirror_coverage.{label}" for label in crowds if failures[label]}
    assert {error.summary for error in errors} == {"No room on a traffic mirror target"}
    configure(f'["{fleet.target}"]')
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == set().union(*crowds.values())


def test_the_dry_run_asks_for_sessions_before_the_own_filter_exists(workspace, sandbox, fleet):
    asking = coverage_without(fleet, "traffic_mirror_filter_id", "preflight_dry_run = true")
    workspace.configure(sandbox.provider(), asking)
    sandbox.fault("deny", "CreateTrafficMirrorSession")
    (error,) = workspace.try_plan().errors
    assert "UnauthorizedOperation" in error.detail and "CreateTrafficMirrorSession" in error.detail
    sandbox.no_faults()
    sandbox.forget_calls()
    workspace.save_plan()
    asked = [(call.action, call.outcome) for call in sandbox.calls() if call.action.startswith("Create")]
    assert asked == [("CreateTrafficMirrorFilter", "DryRunOperation"), ("CreateTrafficMirrorSession", "DryRunOperation")]
    # Anything but a denial is about one interface.
    sandbox.fault("error", "CreateTrafficMirrorSession", code="InvalidParameterValue", message="no")
    (warning,) = workspace.plan().warnings
    assert "InvalidParameterValue" in warning.detail
    sandbox.no_faults()
    workspace.apply()


def test_the_dry_run_asks_for_no_filter_where_one_of_the_run_is_given(workspace, sandbox, fleet, core):
    late = Unknown(core)
    asking = coverage(fleet, "preflight_dry_run = true", filter_id=late.expression(fleet.filter))
    workspace.configure(sandbox.provider(), asking, late.block())
    sandbox.fault("deny", "CreateTrafficMirrorFilter")
    sandbox.forget_calls()
    workspace.save_plan()
    asked = [(call.action, call.outcome) for call in sandbox.calls() if call.action.startswith("Create")]
    assert asked == [("CreateTrafficMirrorSession", "DryRunOperation")]
    sandbox.fault("deny", "CreateTrafficMirrorSession")
    (error,) = workspace.try_plan().errors
    assert "CreateTrafficMirrorSession" in error.detail


def test_a_dry_run_that_has_nothing_to_ask_with_says_so(workspace, sandbox, fleet, core):
    """The first coverage of an account: there is no filter yet. And a target of the same run."""
    asking = coverage_without(fleet, "traffic_mirror_filter_id", "preflight_dry_run = true")
    for identifier in (fleet.filter, fleet.other_filter):
        sandbox.ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=identifier)
    workspace.configure(sandbox.provider(), asking)
    (warning,) = workspace.plan().warnings
    assert "not asked" in warning.summary and "no traffic mirror filter" in warning.detail
    assert "preflight_dry_run" in warning.code
    late = Unknown(core)
    late_target = asking.replace(f'"{fleet.target}"', late.expression(fleet.target))
    workspace.configure(sandbox.provider(), late_target, late.block())
    (warning,) = workspace.plan().warnings
    assert "no traffic mirror target is known" in warning.detail
    assert sandbox.changing_calls() == []
    workspace.apply_saved()
    workspace.assert_empty_plan()


@pytest.mark.parametrize("missing", ["tmt-00000000000000bad", "tmf-00000000000000bad"])
def test_what_is_listed_must_exist(workspace, sandbox, fleet, missing):
    listed = {"targets": f'["{missing}"]'} if missing.startswith("tmt") else {"filter_id": f'"{missing}"'}
    workspace.configure(sandbox.provider(), coverage(fleet, **listed))
    (error,) = workspace.try_plan().errors
    assert missing in error.detail and "NotFound" in error.detail


def test_room_is_freed_before_it_is_taken(workspace, sandbox, fleet):
    """On a target that is full throughout: what is deleted or moves away goes first."""
    fleet.launch("small")
    small = fleet.create_target("small")
    rule = f'override = {{ target_tag = "To", target_ids = ["{fleet.other_target}"] }}'
    workspace.configure(sandbox.provider(), coverage(fleet, rule, targets=f'["{small}"]'))
    fleet.launch_many(7, Mirror="True")
    workspace.apply()
    assert [session.target for session in sandbox.sessions()] == [small] * 10
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    sandbox.tag(fleet.instances["web-2"], To=fleet.other_target)
    fleet.launch_many(3, Mirror="True")
    sandbox.forget_calls()
    workspace.apply()
    calls = [call.action for call in sandbox.changing_calls()]
    assert calls == ["DeleteTrafficMirrorSession", *["ModifyTrafficMirrorSession"] * 2, *["CreateTrafficMirrorSession"] * 3]
    assert collections.Counter(session.target for session in sandbox.sessions()) == {small: 10, fleet.other_target: 2}


def test_the_headroom_of_the_region(workspace, sandbox, fleet):
    """Room for one session in an account that has 9,999: the plan says it, and a part of the coverage takes what is left."""
    target = fleet.balancer_target()
    crowded = sorted(fleet.launch_many(3333, Team="another"))

    def crowd(interface):
        for number in (1, 2, 3):
            sandbox.create_session(interface, target, fleet.filter, number)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(crowd, crowded))
    workspace.configure(sandbox.provider(), coverage(fleet))
    (error,) = workspace.try_plan().errors
    assert "QUOTA" in error.detail and "9999 of them not of this coverage" in error.detail
    workspace.configure(sandbox.provider(), coverage(fleet, "allow_partial = true"))
    workspace.apply()
    (made,) = sandbox.sessions("prod")
    assert {skip["reason"] for skip in workspace.state()[PROD]["skipped"].values()} == {"QUOTA"}
    assert made.interface == min(fleet.tagged_interfaces())
