"""Which target each session goes to: by zone, by load, and never past what a target takes."""

import json

import pytest

from harness.hcl import TAGGED, coverage

PROD = "mirror_coverage.prod"
BIG = 'selector {\n    tags = { Big = "yes" }\n  }'


def targets(*ids):
    return json.dumps(list(ids))


def by_interface(sandbox):
    return {session.interface: session.target for session in sandbox.sessions("prod")}


@pytest.fixture
def zones(sandbox, fleet):
    """One target and one tagged instance in each of two zones."""
    fleet.launch("sensor-b", subnet=1, instance_type="m5.24xlarge")
    fleet.launch("web-b", subnet=1, Mirror="True")
    return fleet.target, fleet.create_target("sensor-b")


@pytest.mark.spine
def test_a_target_in_the_same_zone_comes_first(workspace, sandbox, fleet, zones):
    here, there = zones
    workspace.configure(sandbox.provider(), coverage(fleet, targets=targets(here, there)))
    plan = workspace.plan()
    (interface_b,) = fleet.interfaces["web-b"]
    planned = {key: row["traffic_mirror_target_id"] for key, row in plan.after(PROD)["sessions"].items()}
    assert planned[interface_b] == there
    assert {target for key, target in planned.items() if key != interface_b} == {here}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert by_interface(sandbox) == planned

    # Another target moves nobody, and neither does another way of placing new sessions.
    workspace.configure(
        sandbox.provider(), coverage(fleet, 'placement = "balanced"', targets=targets(here, there, fleet.other_target))
    )
    workspace.apply()
    assert by_interface(sandbox) == planned


@pytest.mark.spine
def test_same_az_refuses_a_zone_without_a_target(workspace, sandbox, fleet, zones):
    here, there = zones
    workspace.configure(sandbox.provider(), coverage(fleet, 'placement = "same_az"', targets=targets(here)))
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    (interface_b,) = fleet.interfaces["web-b"]
    assert interface_b in error.detail and "zone" in error.detail and "traffic_mirror_target_ids" in error.code
    assert sandbox.sessions() == []
    workspace.configure(
        sandbox.provider(), coverage(fleet, 'placement = "same_az"', "allow_partial = true", targets=targets(here))
    )
    workspace.apply()
    assert workspace.state()[PROD]["skipped"][interface_b]["reason"] == "TARGET_FULL"
    # A target in its zone: the next plan covers it.
    workspace.configure(
        sandbox.provider(), coverage(fleet, 'placement = "same_az"', targets=targets(here, there))
    )
    workspace.apply()
    assert by_interface(sandbox)[interface_b] == there


def test_balanced(workspace, sandbox, fleet):
    fleet.launch_many(5, Big="yes")
    workspace.configure(
        sandbox.provider(),
        coverage(fleet, 'placement = "balanced"', selector=BIG, targets=targets(fleet.target, fleet.other_target)),
    )
    workspace.apply()
    counts = sorted(list(by_interface(sandbox).values()).count(target) for target in (fleet.target, fleet.other_target))
    assert counts == [2, 3]


@pytest.mark.spine
def test_an_eleventh_source_of_a_small_target(workspace, sandbox, fleet):
    fleet.launch("small", instance_type="m5.large")
    small = fleet.create_target("small")
    fleet.launch_many(12, Big="yes")
    workspace.configure(sandbox.provider(), coverage(fleet, selector=BIG, targets=targets(small)))
    sandbox.forget_calls()
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    lifts = ("Add another target", "large instance types", "Network Load Balancer", "allow_partial")
    assert all(words in error.detail for words in ("capacity 10", *lifts)), error.detail
    assert sandbox.changing_calls() == []

    workspace.configure(sandbox.provider(), coverage(fleet, "allow_partial = true", selector=BIG, targets=targets(small)))
    workspace.apply()
    assert len(sandbox.sessions()) == 10
    skipped = workspace.state()[PROD]["skipped"]
    assert {skip["reason"] for skip in skipped.values()} == {"TARGET_FULL"} and len(skipped) == 2

    # A load balancer takes the rest, and moves nobody.
    before = by_interface(sandbox)
    workspace.configure(
        sandbox.provider(), coverage(fleet, selector=BIG, targets=targets(small, fleet.balancer_target()))
    )
    workspace.apply()
    after = by_interface(sandbox)
    assert len(after) == 12 and {interface: after[interface] for interface in before} == before


def test_a_raised_limit(workspace, sandbox, fleet):
    """A type on no list of ours may take more; the plan then lets EC2 judge."""
    fleet.launch("small", instance_type="m5.large")
    small = fleet.create_target("small")
    fleet.launch_many(11, Big="yes")
    raised = 'limits = { max_sources_per_target = "100" }'
    workspace.configure(sandbox.provider(), coverage(fleet, raised, selector=BIG, targets=targets(small)))
    assert len(workspace.plan().sessions(PROD).added) == 11
    result = workspace.apply_saved()
    assert any("TrafficMirrorSourcesPerTargetLimitExceeded" in warning.detail for warning in result.warnings)
    assert len(sandbox.sessions()) == 10


def others_on(sandbox, fleet, target, interfaces):
    for interface in sorted(interfaces):
        sandbox.create_session(interface, target, fleet.filter, 1)


@pytest.mark.spine
def test_what_others_send_to_a_target_is_a_plan_error(workspace, sandbox, fleet):
    fleet.launch("small", instance_type="m5.large")
    small = fleet.create_target("small")
    others_on(sandbox, fleet, small, fleet.launch_many(9, Other="yes"))

    def refused(*more):
        workspace.configure(sandbox.provider(), coverage(fleet, 'placement = "balanced"', targets=targets(small, *more)))
        result = workspace.try_plan()
        assert result.code == 1
        (error,) = result.errors
        assert "9 of others" in error.detail and small in error.detail and "allow_partial" in error.detail
        return error.detail

    assert "Add another target" in refused()
    detail = refused(fleet.target)
    assert "Add another target" not in detail and f"take it off the list, since {fleet.target} has room" in detail
    workspace.configure(sandbox.provider(), coverage(fleet, targets=targets(fleet.target)))
    workspace.apply()


def test_partial_coverage_beside_others(workspace, sandbox, fleet):
    """As many as there is room for, wherever it is; every apply is green, and the next plan follows what others free."""
    fleet.launch("small", instance_type="m5.large")
    small = fleet.create_target("small")
    others = sorted(fleet.launch_many(9, Other="yes"))
    others_on(sandbox, fleet, small, others)
    partial = coverage(fleet, 'placement = "balanced"', "allow_partial = true", targets=targets(small))
    workspace.configure(sandbox.provider(), partial)
    plan = workspace.plan()
    assert len(plan.sessions(PROD).added) == 1 and len(plan.after(PROD)["skipped"]) == 2
    workspace.apply_saved()
    workspace.assert_empty_plan()
    skipped = workspace.state()[PROD]["skipped"]
    assert {skip["reason"] for skip in skipped.values()} == {"TARGET_FULL"}
    assert all(small in skip["detail"] and "others" in skip["detail"] for skip in skipped.values()), skipped
    # Somebody else's goes: one more of ours.
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=sandbox.session_on(others[0]).id)
    workspace.apply()
    assert len(sandbox.sessions("prod")) == 2
    # Another target takes the rest, and more.
    fleet.launch_many(4, Mirror="True")
    partial = coverage(
        fleet, 'placement = "balanced"', "allow_partial = true", targets=targets(small, fleet.target)
    )
    workspace.configure(sandbox.provider(), partial)
    workspace.apply()
    assert len(sandbox.sessions("prod")) == 7 and workspace.state()[PROD]["skipped"] == {}
    assert [session.target for session in sandbox.sessions("prod")].count(small) == 2


def test_others_sessions_of_our_interfaces_count_where_they_are(workspace, sandbox, fleet):
    """An interface of ours may be somebody else's source on another target of the list."""
    fleet.launch("small", instance_type="m5.large")
    small = fleet.create_target("small")
    others_on(sandbox, fleet, small, fleet.launch_many(10, Big="yes"))
    workspace.configure(sandbox.provider(), coverage(fleet, selector=BIG, targets=targets(fleet.target)))
    workspace.apply()
    fleet.launch_many(2, Big="yes")
    both = coverage(fleet, 'placement = "balanced"', selector=BIG, targets=targets(fleet.target, small))
    workspace.configure(sandbox.provider(), both)
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    assert "has 10 of others, and would get 2" in error.detail, error.detail
