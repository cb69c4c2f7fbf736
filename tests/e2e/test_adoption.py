"""Sessions of others that a coverage takes over, without a moment without mirroring."""

import collections

import pytest

from harness.cloud import OWNER_ID
from harness.hcl import coverage

PROD = "mirror_coverage.prod"
AUTO_MIRROR = "Created by AutoMirror"
ADOPT = f'adopt = {{ descriptions = ["{AUTO_MIRROR}"] }}'


def foreign(sandbox, fleet, interface, number=1, description=AUTO_MIRROR, target=None):
    answer = sandbox.ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        TrafficMirrorTargetId=target or fleet.target,
        TrafficMirrorFilterId=fleet.other_filter,
        SessionNumber=number,
        Description=description,
        TagSpecifications=[
            {"ResourceType": "traffic-mirror-session", "Tags": [{"Key": "Name", "Value": interface}]}
        ],
    )
    return answer["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def by_interface(sandbox):
    return {session.interface: session.id for session in sandbox.sessions()}


@pytest.mark.spine
def test_a_fleet_of_automirror_is_taken_over(workspace, sandbox, fleet):
    """One session an interface adopted, nothing created, nothing deleted."""
    before = {interface: foreign(sandbox, fleet, interface) for interface in sorted(fleet.tagged_interfaces())}
    workspace.configure(sandbox.provider(), coverage(fleet, ADOPT))
    plan = workspace.plan()
    planned = plan.after(PROD)["sessions"]
    assert {interface: row["id"] for interface, row in planned.items()} == before, "known in the plan"
    sandbox.forget_calls()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert by_interface(sandbox) == before
    actions = {call.action for call in sandbox.changing_calls()}
    assert not {"CreateTrafficMirrorSession", "DeleteTrafficMirrorSession"} & actions
    # Tags first: nothing is changed that is not owned yet.
    changes = [call.action for call in sandbox.changing_calls()]
    assert changes.index("CreateTags") < changes.index("ModifyTrafficMirrorSession")
    state = workspace.state()[PROD]
    assert {session.owner for session in sandbox.sessions()} == {state["id"]}
    assert {session.filter for session in sandbox.sessions()} == {fleet.filter}
    assert {session.description for session in sandbox.sessions()} == {AUTO_MIRROR}, "left alone"
    workspace.destroy()
    assert sandbox.sessions() == []


@pytest.mark.spine
def test_second_and_third_sessions_are_reported_and_left_alone(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    first = foreign(sandbox, fleet, interface, number=2)
    more = {foreign(sandbox, fleet, interface, number=number) for number in (3, 5)}
    workspace.configure(sandbox.provider(), coverage(fleet, ADOPT))
    plan = workspace.plan()
    (warning,) = [warning for warning in plan.warnings if "adopt" in warning.summary]
    assert all(session in warning.detail for session in more)
    workspace.apply_saved()
    workspace.assert_empty_plan()
    left = {session.id for session in sandbox.sessions() if session.owner is None}
    assert left == more
    assert workspace.state()[PROD]["sessions"][interface]["id"] == first
    assert len(sandbox.sessions("prod")) == 3, "the other two were made"
    workspace.destroy()
    assert {session.id for session in sandbox.sessions()} == more


def test_an_existing_coverage_adopts_later(workspace, sandbox, fleet):
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    workspace.configure(sandbox.provider(), coverage(fleet, ADOPT))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    session = foreign(sandbox, fleet, interface)
    sandbox.tag(fleet.instances["web-1"], Mirror="True")
    plan = workspace.plan()
    assert plan.sessions(PROD).added == {interface}
    sandbox.forget_calls()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert by_interface(sandbox)[interface] == session
    assert sandbox.calls("CreateTrafficMirrorSession") == []


def test_from_another_coverage_by_name(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, name="old", label="old"))
    workspace.apply()
    before = by_interface(sandbox)
    workspace.run("state", "rm", "mirror_coverage.old").succeed()
    workspace.configure(sandbox.provider(), coverage(fleet, 'adopt = { coverage_names = ["old"] }'))
    workspace.apply()
    assert by_interface(sandbox) == before
    assert {session.tags["mirror:coverage"] for session in sandbox.sessions()} == {"prod"}


@pytest.mark.spine
def test_sessions_that_cannot_be_changed_are_taken_over_all_the_same(workspace, sandbox, fleet):
    """Every Modify is refused. What was retagged is the coverage's own and in its state; the next apply changes the rest."""
    wanted = fleet.tagged_interfaces()
    for interface in wanted:
        foreign(sandbox, fleet, interface)
    before = by_interface(sandbox)
    workspace.configure(sandbox.provider(), coverage(fleet, ADOPT))
    workspace.save_plan()
    sandbox.fault("deny", "ModifyTrafficMirrorSession")
    result = workspace.apply_saved()
    assert any("could not be changed" in warning.summary for warning in result.warnings), result.readable()
    state = workspace.state()[PROD]
    assert {interface: session["id"] for interface, session in state["sessions"].items()} == before
    assert set(state["failures"]) == wanted and not list(workspace.tainted())
    assert {session.owner for session in sandbox.sessions()} == {state["id"]}, "settled, so that nobody takes them for leavings"

    sandbox.no_faults()
    workspace.apply()
    assert by_interface(sandbox) == before
    assert {session.filter for session in sandbox.sessions()} == {fleet.filter}
    assert sandbox.calls("CreateTrafficMirrorSession") == []


def test_others_with_another_description_stay_others(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    session = foreign(sandbox, fleet, interface, description="mine")
    workspace.configure(sandbox.provider(), coverage(fleet, ADOPT))
    workspace.apply()
    assert len(sandbox.sessions("prod")) == 3
    (left,) = [found for found in sandbox.sessions() if found.id == session]
    assert left.owner is None and left.filter == fleet.other_filter


@pytest.mark.spine
def test_one_that_vanishes_between_plan_and_apply(workspace, sandbox, fleet):
    before = {interface: foreign(sandbox, fleet, interface) for interface in sorted(fleet.tagged_interfaces())}
    workspace.configure(sandbox.provider(), coverage(fleet, ADOPT))
    gone = min(before.values())
    result = workspace.apply_at_prompt(
        lambda: sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=gone)
    )
    assert result.code == 0 and "1 traffic mirror sessions are gone" in result.text, result.text
    workspace.apply()
    assert set(by_interface(sandbox)) == set(before)
    assert {session.owner for session in sandbox.sessions()} == {workspace.state()[PROD]["id"]}


@pytest.mark.spine
def test_one_that_somebody_else_took_is_not_taken_back(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    session = foreign(sandbox, fleet, interface)
    workspace.configure(sandbox.provider(), coverage(fleet, ADOPT))

    def taken():
        sandbox.tag(session, **{"mirror:coverage": "other", OWNER_ID: "mc-0123456789abcdef0"})
        sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session, Description="taken")

    result = workspace.apply_at_prompt(taken)
    assert result.code == 0, result.text
    assert "TakenOver" in result.text and "sessions are gone" not in result.text, result.text
    assert {id: failure["code"] for id, failure in workspace.state()[PROD]["failures"].items()} == {interface: "TakenOver"}
    (found,) = [found for found in sandbox.sessions() if found.id == session]
    assert found.owner == "mc-0123456789abcdef0"
    workspace.apply()
    assert len(sandbox.sessions("prod")) == 3


@pytest.mark.spine
def test_one_that_adopt_no_longer_describes_stays_somebody_elses(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    session = foreign(sandbox, fleet, interface)
    workspace.configure(sandbox.provider(), coverage(fleet, ADOPT))

    def changed():
        sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session, Description="mine")

    result = workspace.apply_at_prompt(changed)
    assert result.code == 0 and "NotAdopted" in result.text, result.text
    workspace.apply()
    workspace.assert_empty_plan()
    (found,) = [found for found in sandbox.sessions() if found.id == session]
    assert found.owner is None and found.description == "mine"
    assert len(sandbox.sessions("prod")) == 3
    workspace.destroy()
    assert [found.id for found in sandbox.sessions()] == [session]


def test_what_a_coverage_skips_is_left_to_another(workspace, sandbox, fleet):
    """Both adopt; the one that has the override passes over what its tag refuses, in whatever order they are planned."""
    (interface,) = fleet.interfaces["web-1"]
    sandbox.tag(fleet.instances["web-1"], **{"Mirror-Target": "tmt-00000000000000bad"})
    rule = f'override = {{\n target_tag = "Mirror-Target"\n target_ids = ["{fleet.other_target}"]\n }}'
    session = foreign(sandbox, fleet, interface)
    first = coverage(fleet, ADOPT, rule)
    workspace.configure(sandbox.provider(), first)
    workspace.apply()
    second = coverage(fleet, ADOPT, label="dev", name="dev")
    for _ in range(2):
        workspace.configure(sandbox.provider(), first, second)
        plan = workspace.plan()
        assert plan.after("mirror_coverage.dev")["sessions"][interface]["id"] == session
    workspace.apply()
    workspace.assert_empty_plan()
    assert [found.owner for found in sandbox.sessions() if found.interface == interface] == [
        workspace.state()["mirror_coverage.dev"]["id"]
    ]


def test_three_foreign_sessions_are_no_obstacle_when_one_is_adopted(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    for number in (1, 2, 3):
        foreign(sandbox, fleet, interface, number=number)
    workspace.configure(sandbox.provider(), coverage(fleet, ADOPT))
    workspace.apply()


def old_and_new(sandbox, fleet):
    """The block `old` is to be replaced by `prod`, which takes its sessions over."""
    return coverage(fleet, name="old", label="old"), coverage(fleet, 'adopt = { coverage_names = ["old"] }')


@pytest.mark.spine
@pytest.mark.parametrize("arguments", [(), ("-refresh=false",)], ids=["refreshed", "not-refreshed"])
def test_sessions_of_a_coverage_of_the_same_state_are_not_adopted(workspace, sandbox, fleet, arguments):
    """Core would destroy the one and make the other in any order, and nothing would be left."""
    old, new = old_and_new(sandbox, fleet)
    workspace.configure(sandbox.provider(), old)
    workspace.apply()
    before = sandbox.sessions()
    if arguments and workspace.core.version < (1, 3):
        pytest.skip("asks for no plan of a destroy")
    for configuration in ([new], [old, new]):
        workspace.configure(sandbox.provider(), *configuration)
        if arguments and len(configuration) == 2:
            continue
        result = workspace.try_apply(*arguments)
        assert result.code == 1 and any("still in this state" in error.summary for error in result.errors)
        assert sandbox.sessions() == before


@pytest.mark.spine
def test_sessions_of_a_coverage_of_another_provider_block_are_not_adopted(workspace, sandbox, fleet):
    """The same, where the two are planned in processes that do not share their memory."""
    blocks, second = providers(sandbox, aliases=True)
    workspace.configure(*blocks, coverage(fleet, second, name="old", label="old"))
    workspace.apply()
    before = sandbox.sessions()
    workspace.configure(*blocks, coverage(fleet, 'adopt = { coverage_names = ["old"] }'))
    result = workspace.try_apply()
    assert result.code == 1 and any("still in this state" in error.summary for error in result.errors), result.readable()
    assert sandbox.sessions() == before


@pytest.mark.spine
@pytest.mark.needs("removed")
def test_a_coverage_that_is_forgotten_in_the_same_run_gives_its_sessions(workspace, sandbox, fleet):
    old, new = old_and_new(sandbox, fleet)
    workspace.configure(sandbox.provider(), old)
    workspace.apply()
    before = {session.interface: session.id for session in sandbox.sessions()}
    removed = "removed {\n  from = mirror_coverage.old\n  lifecycle {\n    destroy = false\n  }\n}\n"
    workspace.configure(sandbox.provider(), removed, new)
    sandbox.forget_calls()
    workspace.apply()
    assert {session.interface: session.id for session in sandbox.sessions()} == before
    assert not sandbox.calls("DeleteTrafficMirrorSession") and not sandbox.calls("CreateTrafficMirrorSession")
    assert {session.owner for session in sandbox.sessions()} == {workspace.state()[PROD]["id"]}


def test_from_a_load_balancer_to_an_interface(workspace, sandbox, fleet):
    """A target full of the very sessions to adopt has room for them; what a load balancer calls whole goes in the call that moves."""
    fleet.launch("small")
    small = fleet.create_target("small")
    balanced = sorted(fleet.launch_many(4, Team="x"))
    settled = sorted(fleet.launch_many(6, Team="x"))
    before = {interface: foreign(sandbox, fleet, interface, target=fleet.balancer_target()) for interface in balanced}
    before |= {interface: foreign(sandbox, fleet, interface, target=small) for interface in settled}
    assert {session.packet_length for session in sandbox.sessions()} == {8500, None}
    mine = coverage(fleet, ADOPT, targets=f'["{small}"]', selector='selector {\n    tags = { Team = "x" }\n  }')
    workspace.configure(sandbox.provider(), mine)
    warnings = {warning.summary: warning.detail for warning in workspace.plan().warnings}
    assert "Coverage prod: 0 created, 0 deleted, 4 moved" in warnings
    sandbox.fault("deny", "ModifyTrafficMirrorSession", times=1)
    sandbox.forget_calls()
    result = workspace.apply_saved()
    assert any("UnauthorizedOperation" in warning.detail for warning in result.warnings)
    assert list(workspace.tainted()) == []
    sandbox.no_faults()
    workspace.apply()
    changes = collections.Counter(call.action for call in sandbox.changing_calls())
    assert changes.pop("CreateTags") == 2, "taken over and settled, the one that could not be changed too"
    assert changes == {"ModifyTrafficMirrorSession": 10}, "one a session: target, filter and length together"
    assert by_interface(sandbox) == before
    assert {(session.target, session.packet_length) for session in sandbox.sessions()} == {(small, None)}


def providers(sandbox, aliases):
    """The provider blocks, and what makes a coverage use the second one: each is a process of its own."""
    blocks = [sandbox.provider(), *([sandbox.provider(alias="second")] if aliases else [])]
    return blocks, "provider = mirror.second" if aliases else ""


def expect_each_in_one_state(workspace, sandbox, fleet, names):
    """Every coverage has a session of its own on every interface, and no two have the same one."""
    state = workspace.state()
    claimed = [row["id"] for name in names for row in state[f"mirror_coverage.{name}"]["sessions"].values()]
    assert len(claimed) == len(set(claimed)) == len(names) * len(fleet.tagged_interfaces())
    for name in names:
        mine = state[f"mirror_coverage.{name}"]
        assert set(mine["sessions"]) == fleet.tagged_interfaces() and mine["failures"] == {}
        assert {session.id for session in sandbox.sessions(name)} == {row["id"] for row in mine["sessions"].values()}


@pytest.mark.spine
@pytest.mark.parametrize("aliases", [False, True], ids=["one-provider", "two-aliases"])
@pytest.mark.parametrize("form", ["saved", "prompt"])
def test_two_coverages_that_want_the_same_sessions(workspace, sandbox, fleet, aliases, form):
    """Who is planned first gets them, the other one makes its own."""
    before = {interface: foreign(sandbox, fleet, interface) for interface in fleet.tagged_interfaces()}
    blocks, second = providers(sandbox, aliases)
    workspace.configure(
        *blocks,
        coverage(fleet, ADOPT),
        coverage(fleet, ADOPT, second, label="dev", name="dev"),
    )
    sandbox.forget_calls()
    if form == "saved":
        workspace.save_plan()
        workspace.apply_saved()
    else:
        workspace.apply_at_prompt(lambda: None).succeed()
    workspace.assert_empty_plan()
    expect_each_in_one_state(workspace, sandbox, fleet, ["prod", "dev"])
    assert len(sandbox.calls("CreateTrafficMirrorSession")) == len(before), "for the other one"
    assert set(before.values()) <= {session.id for session in sandbox.sessions()}
    assert not sandbox.calls("DeleteTrafficMirrorSession")


@pytest.mark.spine
@pytest.mark.parametrize("aliases", [False, True], ids=["one-provider", "two-aliases"])
@pytest.mark.parametrize("form", ["saved", "prompt"])
def test_two_coverages_that_are_there_want_the_same_sessions(workspace, sandbox, fleet, aliases, form):
    for instance in ("web-1", "web-2"):
        sandbox.untag(fleet.instances[instance], key="Mirror")
    blocks, second = providers(sandbox, aliases)
    workspace.configure(
        *blocks,
        coverage(fleet, ADOPT),
        coverage(fleet, ADOPT, second, label="dev", name="dev"),
    )
    workspace.apply()
    late = {interface for instance in ("web-1", "web-2") for interface in fleet.interfaces[instance]}
    before = {interface: foreign(sandbox, fleet, interface, number=9) for interface in late}
    for instance in ("web-1", "web-2"):
        sandbox.tag(fleet.instances[instance], Mirror="True")
    sandbox.forget_calls()
    if form == "saved":
        workspace.save_plan()
        workspace.apply_saved()
    else:
        workspace.apply_at_prompt(lambda: None).succeed()
    workspace.assert_empty_plan()
    expect_each_in_one_state(workspace, sandbox, fleet, ["prod", "dev"])
    assert len(sandbox.calls("CreateTrafficMirrorSession")) == len(before)
