"""How much one plan may change."""

import json

import pytest

from harness.hcl import TAGGED, coverage

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


@pytest.mark.spine
def test_limits_count_what_is_left_in_the_end(workspace, sandbox, fleet):
    """Sessions that lose their room, second ones and those of a replaced object are deleted too, and who waits keeps no sensor seeing."""
    fleet.launch("far", subnet=1, instance_type="m5.24xlarge")
    far = fleet.create_target("far")
    partial = "allow_partial = true"
    workspace.configure(sandbox.provider(), coverage(fleet, partial))
    workspace.apply()

    def refused(*more, selector=TAGGED, targets=None, options=()):
        workspace.configure(sandbox.provider(), coverage(fleet, partial, *more, selector=selector, targets=targets))
        result = workspace.try_plan(*options)
        assert result.code == 1, result.readable()
        return result.errors

    def elsewhere(limits):
        return refused('placement = "same_az"', limits, targets=f'["{far}"]')

    errors = elsewhere('limits = { max_deletes = "1" }')
    assert len(errors) == 2 and any("The plan deletes 3 of 3 sessions" in error.detail for error in errors)
    (error,) = elsewhere('limits = { max_deletes = "3" }')
    assert "None of the 3 eligible interfaces has room" in error.detail and "allow_empty" in error.detail

    other = 'selector {\n    tags = { Name = "database" }\n  }'
    (error,) = refused('limits = { max_creates = "0" }', selector=other)
    assert "1 would wait for the next one" in error.detail and "allow_empty" in error.detail

    (error,) = refused('limits = { max_deletes = "2" }', options=[f"-replace={PROD}"])
    assert "The plan deletes 3 of 3 sessions" in error.detail

    (interface,) = fleet.interfaces["web-1"]
    kept = sandbox.session_on(interface)
    second = sandbox.create_session(interface, fleet.target, fleet.filter, 9, **kept.tags)
    (error,) = refused('limits = { max_deletes = "0" }')
    assert "The plan deletes 1 of 4 sessions" in error.detail
    workspace.configure(sandbox.provider(), coverage(fleet, partial, 'limits = { max_deletes = "1" }'))
    (warning,) = workspace.plan().warnings
    assert warning.summary == "Coverage prod: 0 created, 1 deleted, 0 moved" and second in warning.detail
    sandbox.forget_calls()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert [call.action for call in sandbox.changing_calls()] == ["DeleteTrafficMirrorSession"]
    assert sandbox.session_on(interface).id == kept.id


@pytest.mark.spine
def test_a_staged_roll_out_passes_over_those_that_fail(workspace, sandbox, fleet):
    """Neither one without room nor one that EC2 refuses again and again holds up the others."""
    fleet.launch("web-3", Mirror="True")
    crowded, refused, *others = sorted([*fleet.tagged_interfaces(), *fleet.interfaces["web-3"]])
    for number in (1, 2, 3):
        sandbox.create_session(crowded, fleet.balancer_target(), fleet.filter, number)
    sandbox.fault(
        "error", "CreateTrafficMirrorSession", code="InvalidParameterValue", message="no",
        parameters={"NetworkInterfaceId": refused},
    )
    staged = 'limits = { max_creates = "25%" }'
    workspace.configure(sandbox.provider(), coverage(fleet, staged))
    (error,) = workspace.try_plan().errors
    assert crowded in error.detail and "QUOTA" in error.detail, "in the first plan, not in the last"

    workspace.configure(sandbox.provider(), coverage(fleet, staged, "allow_partial = true"))
    sandbox.forget_calls()
    made = []
    for _ in range(3):
        workspace.try_apply().succeed()
        made.append({session.interface for session in sandbox.sessions("prod")})
    assert made == [set(), set(others[:1]), set(others)]
    asked = [call.parameters["NetworkInterfaceId"] for call in sandbox.calls("CreateTrafficMirrorSession")]
    assert asked == [refused, *others]
    assert {id: skip["reason"] for id, skip in workspace.state()[PROD]["skipped"].items()} == {
        crowded: "QUOTA", refused: "MAX_CREATES",
    }
    assert workspace.try_apply().code == 1, "its turn again"
    sandbox.no_faults()
    workspace.apply()
    assert {session.interface for session in sandbox.sessions("prod")} == {refused, *others}


@pytest.mark.spine
def test_a_destroy_says_how_many_sessions_it_deletes(workspace, sandbox, fleet):
    """In the words of any other plan, once, asking EC2 nothing, and without what the provider keeps for itself."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    asks = workspace.core.has("plan_destroy")

    def told(plan, count=3):
        found = [warning.summary for warning in plan.warnings]
        assert found == [f"Coverage prod: 0 created, {count} deleted, 0 moved"] * asks
        return "\n".join(warning.detail for warning in plan.warnings)

    everything = told(workspace.plan("-destroy"))
    assert not asks or all(one in everything for one in fleet.tagged_interfaces())
    if asks:
        (interface,) = fleet.interfaces["web-1"]
        kept = sandbox.session_on(interface)
        second = sandbox.create_session(interface, fleet.target, fleet.filter, 9, **kept.tags)
        assert second in told(workspace.plan("-destroy"), 4)
        sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=second)

    workspace.configure(sandbox.provider())
    told(workspace.plan())

    # Of a state of any age.
    state = workspace.directory / "terraform.tfstate"
    raw = json.loads(state.read_text())
    for private in ("bm8gbG9uZ2VyIHJlYWQ=", None):
        raw["resources"][0]["instances"][0]["private"] = private
        raw["serial"] += 1
        state.write_text(json.dumps(raw))
        sandbox.forget_calls()
        told(workspace.plan("-refresh=false"))
        assert {call.action for call in sandbox.calls()} == {"GetCallerIdentity"}, "as any plan"

    workspace.configure(sandbox.provider(), coverage(fleet))
    shown = workspace.apply_at_prompt(lambda: None, "-destroy").succeed().text
    assert shown.count("3 deleted") == asks and sandbox.sessions() == []

    workspace.configure(sandbox.provider(), coverage(fleet, "enabled = false"))
    workspace.apply()
    assert workspace.plan("-destroy").warnings == [], "nothing to count"
