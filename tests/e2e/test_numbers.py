"""Fixed session numbers: those of others, and coverages that exchange theirs."""

import json

import pytest

from harness.hcl import coverage

PROD = "mirror_coverage.prod"


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
    assert any("number 7 is taken" in warning.summary for warning in workspace.plan().warnings)
    result = workspace.try_apply_saved()
    assert result.code == 1
    assert sandbox.session_on(interface, "prod").number == 1, "not moved aside for nothing"
    assert {session.number for session in sandbox.sessions("prod")} == {1, 7}


def test_a_fixed_number_stands_in_the_way_of_a_replacement_made_first(workspace, sandbox, fleet):
    """The error says so, and the coverage is as it was."""
    first = "lifecycle {\n    create_before_destroy = true\n  }"
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 7", first))
    workspace.apply()
    before = sandbox.sessions()
    workspace.plan(f"-replace={PROD}")
    result = workspace.try_apply_saved()
    assert result.code == 1 and any("create_before_destroy" in error.text for error in result.errors)
    assert sandbox.sessions() == before and not list(workspace.tainted())
    workspace.assert_empty_plan()
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 8", first))
    workspace.plan(f"-replace={PROD}")
    workspace.apply_saved()
    assert {session.number for session in sandbox.sessions()} == {8} and len(sandbox.sessions()) == len(before)


def taken(diagnostics):
    return [d for d in diagnostics if "is taken on" in d.summary]


@pytest.mark.spine
def test_a_fixed_number_that_others_have_is_told_by_the_plan(workspace, sandbox, fleet):
    """Of a create, of an edit, and of an interface that comes later; not again while it is applied, and asking for nothing more."""
    (first,) = fleet.interfaces["web-1"]
    foreign = sandbox.create_session(first, fleet.target, fleet.filter, 7)
    seven, eight = coverage(fleet, "session_number = 7"), coverage(fleet, "session_number = 8")

    workspace.configure(sandbox.provider(), eight)
    sandbox.forget_calls()
    assert taken(workspace.plan().warnings) == []
    calls = len(sandbox.calls())
    workspace.configure(sandbox.provider(), seven)
    sandbox.forget_calls()
    (warning,) = taken(workspace.plan().warnings)
    assert len(sandbox.calls()) == calls
    assert all(word in warning.detail for word in (first, foreign, "adopt", "InvalidParameterValue")), warning
    assert "session_number" in warning.code and "1 network interfaces" in warning.summary
    result = workspace.apply_saved()
    assert taken(result.warnings) == [] and set(workspace.state()[PROD]["failures"]) == {first}
    assert taken(workspace.plan().warnings), "as long as the session is to be made"

    # Who takes it over, gets it out of the way.
    adopting = coverage(fleet, "session_number = 7", 'adopt = { descriptions = ["by hand"] }')
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=foreign, Description="by hand")
    workspace.configure(sandbox.provider(), adopting)
    assert taken(workspace.plan().warnings) == []
    workspace.configure(sandbox.provider(), eight)
    workspace.apply()
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=foreign, SessionNumber=9)

    # An edit asks for nothing that the refresh did not: what it costs is the look at what it sends sessions to.
    def edited(number):
        workspace.configure(sandbox.provider(), coverage(fleet, f"session_number = {number}"))
        sandbox.forget_calls()
        plan = workspace.plan()
        return taken(plan.warnings), len(sandbox.calls())

    free, calls = edited(10)
    assert free == []
    (warning,), with_warning = edited(9)
    assert foreign in warning.detail and with_warning == calls
    workspace.configure(sandbox.provider(), eight)
    workspace.assert_empty_plan()

    # Whoever comes later may have a session too.
    fleet.launch("web-9", Mirror="True")
    (late,) = fleet.interfaces["web-9"]
    sandbox.create_session(late, fleet.target, fleet.filter, 8)
    (warning,) = taken(workspace.plan().warnings)
    assert late in warning.detail and first not in warning.detail
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 8", "enabled = false"))
    assert taken(workspace.plan().warnings) == []


@pytest.mark.spine
def test_who_has_a_fixed_number_is_not_kept(workspace, sandbox, fleet):
    """A number that is left out again is in nobody's way."""
    (first,) = fleet.interfaces["web-1"]
    sandbox.create_session(first, fleet.target, fleet.filter, 7)
    for more in ("session_number = 7", "session_number = 8", "enabled = false"):
        workspace.configure(sandbox.provider(), coverage(fleet, more))
        workspace.plan()
        workspace.apply_saved()
        workspace.assert_refresh_keeps_private()
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 7"))
    workspace.plan()
    assert workspace.try_apply_saved().code == 1
    workspace.configure(sandbox.provider(), coverage(fleet))
    assert taken(workspace.plan().warnings) == []


def test_a_fixed_number_that_another_coverage_has(workspace, sandbox, fleet):
    other = coverage(fleet, "session_number = 7", label="other", name="other")
    workspace.configure(sandbox.provider(), other)
    workspace.apply()
    workspace.configure(sandbox.provider(), other, coverage(fleet, "session_number = 7"))
    (warning,) = taken(workspace.plan().warnings)
    assert 'of coverage "other"' in warning.detail and "3 network interfaces" in warning.summary
    # Its own numbers are in nobody's way when it is made again, and those of others still are.
    workspace.configure(sandbox.provider(), other)
    assert taken(workspace.plan("-replace=mirror_coverage.other").warnings) == []


@pytest.mark.spine
def test_swapped_numbers_one_coverage_after_the_other(workspace, sandbox, fleet):
    """Nobody can move aside for the other: an apply that fails says so and leaves a true state, and the third is the last.

    By the order that core takes, which is another every time, the second may be the last already.
    """

    def configure(first, second):
        workspace.configure(
            sandbox.provider(),
            coverage(fleet, f"session_number = {first}", name="one", label="one"),
            coverage(fleet, f"session_number = {second}", name="two", label="two"),
        )

    configure(1, 2)
    workspace.apply()
    before = {session.id for session in sandbox.sessions()}
    configure(2, 1)
    failed = 0
    while (result := workspace.try_apply("-parallelism=1")).code:
        failed += 1
        assert failed <= 2, result.readable()
        assert all("run terraform apply again" in error.detail for error in result.errors), result.readable()
        coverages = json.loads(workspace.run("show", "-json").succeed().stdout)["values"]["root_module"]["resources"]
        assert not any(coverage.get("tainted") for coverage in coverages)
    assert failed >= 1
    workspace.assert_empty_plan()
    for interface in fleet.tagged_interfaces():
        assert sandbox.session_on(interface, "one").number == 2
        assert sandbox.session_on(interface, "two").number == 1
    assert {session.id for session in sandbox.sessions()} == before


def test_a_number_of_a_coverage_that_comes_later(workspace, sandbox, fleet):
    """Whoever waits for it in vain keeps its place aside, says why, and finds it free once the other has had its turn."""

    def configure(first, second, *more):
        workspace.configure(
            sandbox.provider(),
            coverage(fleet, f"session_number = {first}", 'description = "new"', name="one", label="one"),
            coverage(fleet, f"session_number = {second}", *more, name="two", label="two"),
        )

    configure(1, 2)
    workspace.apply()
    configure(2, 1, "depends_on = [mirror_coverage.one]")
    numbers = []
    for _ in range(2):
        result = workspace.try_apply()
        assert result.code == 1
        assert all("depends_on" in error.detail for error in result.errors), result.readable()
        numbers.append({session.number for session in sandbox.sessions("one")})
    assert numbers == [{3}, {3}], "no higher with every attempt"
    configure(2, 1)
    workspace.apply()
    assert {session.number for session in sandbox.sessions("one")} == {2}
    assert {session.number for session in sandbox.sessions("two")} == {1}
