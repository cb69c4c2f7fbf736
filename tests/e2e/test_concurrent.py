"""Several coverages made at the same time leave each other's sessions alone."""

import subprocess
import time

import pytest

from harness.cloud import SETTLED
from harness.hcl import coverage

PROD = "mirror_coverage.prod"
CREATE = "CreateTrafficMirrorSession"
MANY = 'selector {\n    tags = { Mirror = "many" }\n  }'


@pytest.fixture
def balancer(fleet):
    return f'["{fleet.balancer_target()}"]'


def expect_settled(sandbox, workspace_sessions):
    """Each state's sessions are all there, with its own id, and nobody else's are."""
    by_owner = {}
    for session in sandbox.sessions():
        by_owner.setdefault(session.owner, set()).add(session.interface)
    assert by_owner == workspace_sessions
    assert all(SETTLED.fullmatch(owner) for owner in by_owner)


@pytest.mark.spine
@pytest.mark.parametrize("overlap", [False, True], ids=["apart", "overlapping"])
def test_two_states_of_one_name_at_once(workspaces, sandbox, fleet, balancer, overlap):
    many = fleet.launch_many(90, Mirror="many")
    everything = 'selector {\n    tags = { Mirror = "*" }\n  }'
    ours, theirs = workspaces("ours"), workspaces("theirs")
    ours.configure(sandbox.provider(), coverage(fleet, selector=MANY, targets=balancer))
    theirs.configure(sandbox.provider(), coverage(fleet, targets=balancer, **({"selector": everything} if overlap else {})))
    ours.save_plan()
    theirs.save_plan()
    sandbox.fault("slow", CREATE, delay_ms=700)
    process = ours.start(
        "apply", "-input=false", "-no-color", "saved.tfplan",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not sandbox.sessions():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    theirs.apply_saved()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    sandbox.no_faults()
    # Two processes may have drawn one number for one interface: who came second has the next one, and no failure.
    for one in (ours, theirs):
        assert one.state()[PROD]["failures"] == {}
    ours.assert_empty_plan()
    theirs.assert_empty_plan()
    small = fleet.tagged_interfaces()
    expect_settled(
        sandbox,
        {ours.state()[PROD]["id"]: many, theirs.state()[PROD]["id"]: many | small if overlap else small},
    )


def test_two_resources_of_one_name_in_one_run(workspace, sandbox, fleet, balancer):
    many = fleet.launch_many(40, Mirror="many")
    workspace.configure(
        sandbox.provider(),
        coverage(fleet, label="many", selector=MANY, targets=balancer),
        coverage(fleet, targets=balancer),
    )
    workspace.apply()
    state = workspace.state()
    expect_settled(
        sandbox, {state["mirror_coverage.many"]["id"]: many, state[PROD]["id"]: fleet.tagged_interfaces()}
    )
    workspace.destroy()
    assert sandbox.sessions() == []


def test_two_coverages_of_the_same_interfaces_in_one_run(workspace, sandbox, fleet):
    """Each interface gets a session of each, with different numbers."""
    workspace.configure(sandbox.provider(), coverage(fleet), coverage(fleet, label="second", name="second"))
    workspace.apply()
    for interface in fleet.tagged_interfaces():
        numbers = [session.number for session in sandbox.sessions() if session.interface == interface]
        assert sorted(numbers) == [1, 2]
    workspace.destroy()
    assert sandbox.sessions() == []


@pytest.mark.spine
def test_two_aliases_in_one_run(workspace, sandbox, fleet):
    """One provider process for each; they share interfaces and nothing else."""
    workspace.configure(
        sandbox.provider(alias="first"),
        sandbox.provider(alias="second"),
        coverage(fleet, "provider = mirror.first", label="first", name="first"),
        coverage(
            fleet, "provider = mirror.second", "depends_on = [mirror_coverage.first]", label="second", name="second"
        ),
    )
    workspace.apply()
    assert len(sandbox.sessions("first")) == len(sandbox.sessions("second")) == 3
    workspace.destroy()
    assert sandbox.sessions() == []


def test_aliases_that_race_for_the_same_interfaces(workspace, sandbox, fleet, balancer):
    """Nothing orders them: two provider processes choose numbers at the same time, one of them for two coverages."""
    many = fleet.launch_many(80, Mirror="many")
    labels = {"a": "first", "b": "second", "c": "second"}
    workspace.configure(
        sandbox.provider(alias="first"),
        sandbox.provider(alias="second"),
        *(
            coverage(fleet, f"provider = mirror.{alias}", label=label, name=label, selector=MANY, targets=balancer)
            for label, alias in labels.items()
        ),
    )
    workspace.apply()
    for label in labels:
        assert {session.interface for session in sandbox.sessions(label)} == many
    numbers = {}
    for session in sandbox.sessions():
        numbers.setdefault(session.interface, set()).add(session.number)
    assert all(found == {1, 2, 3} for found in numbers.values()), numbers


@pytest.mark.spine
@pytest.mark.parametrize("aliases", [False, True], ids=["one-provider", "two-aliases"])
def test_one_after_the_other(workspace, sandbox, fleet, aliases):
    """`-parallelism=1`: nothing that waits for the other may wait for ever, in a create, an update and a destroy."""
    provider = "provider = mirror.second" if aliases else ""

    def configure(*more):
        workspace.configure(
            sandbox.provider(),
            sandbox.provider(alias="second") if aliases else "",
            coverage(fleet, *more, label="first", name="first"),
            coverage(fleet, *more, provider, label="second", name="second"),
        )

    def expect_both():
        workspace.assert_empty_plan("-parallelism=1")
        for name in ("first", "second"):
            assert {session.interface for session in sandbox.sessions(name)} == fleet.tagged_interfaces() | late
        numbers = [(session.interface, session.number) for session in sandbox.sessions()]
        assert len(numbers) == len(set(numbers)) == 2 * len(fleet.tagged_interfaces() | late)

    late = set()
    configure()
    workspace.try_apply("-parallelism=1").succeed()
    expect_both()
    fleet.launch("web-3", Mirror="True")
    late = set(fleet.interfaces["web-3"])
    configure('description = "on {network_interface_id}"')
    workspace.try_apply("-parallelism=1").succeed()
    expect_both()
    workspace.destroy("-parallelism=1")
    assert sandbox.sessions() == []


@pytest.mark.parametrize("theirs, ours", [(1, 2), (9, 10)])
def test_numbers_that_others_take_between_plan_and_apply(workspace, sandbox, fleet, theirs, ours):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.save_plan()
    for interface in fleet.tagged_interfaces():
        sandbox.create_session(interface, fleet.target, fleet.filter, theirs)
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.number for session in sandbox.sessions("prod")} == {ours}


def test_a_number_that_another_takes_at_the_very_moment(workspace, sandbox, fleet):
    """Free when the apply looked, taken when it asks: EC2 refuses it once, and the next one is used."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.save_plan()
    (contested,) = fleet.interfaces["web-1"]
    sandbox.forget_calls()
    sandbox.create_session_at(CREATE, 1, contested, fleet.other_target, fleet.filter, 1)
    result = workspace.apply_saved()
    assert result.warnings == [] and workspace.state()[PROD]["failures"] == {}
    calls = sandbox.calls(CREATE)
    (refused,) = [call for call in calls if not call.changed]
    assert (refused.parameter("NetworkInterfaceId"), refused.parameter("SessionNumber")) == (contested, 1)
    assert len(calls) == 4, "three sessions, and one of them tried twice"
    numbers = {session.interface: session.number for session in sandbox.sessions("prod")}
    assert numbers == dict.fromkeys(fleet.tagged_interfaces(), 1) | {contested: 2}
    workspace.assert_empty_plan()
