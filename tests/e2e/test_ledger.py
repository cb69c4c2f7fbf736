"""What a change costs, call for call, and that nothing is done twice."""

import collections

import pytest

from harness.hcl import coverage, coverage_without

PROD = "mirror_coverage.prod"
CREATE, MODIFY, DELETE = (f"{verb}TrafficMirrorSession" for verb in ("Create", "Modify", "Delete"))
TAGS = "CreateTags"


def changed(sandbox):
    """The calls that changed something, by action."""
    return collections.Counter(call.action for call in sandbox.changing_calls())


def by_session(sandbox, action):
    """How often each session was changed by an action."""
    named = [call.parameter("TrafficMirrorSessionId") for call in sandbox.changing_calls() if call.action == action]
    return collections.Counter(named)


@pytest.fixture
def changes(workspace, sandbox):
    """Applies a configuration, and tells what it changed."""

    def of(*parts):
        workspace.configure(sandbox.provider(), *parts)
        sandbox.forget_calls()
        workspace.apply()
        return changed(sandbox)

    return of


@pytest.mark.spine
def test_every_change_costs_its_calls_and_no_more(changes, sandbox, fleet):
    """One coverage of three interfaces, from its create to its end."""
    primary = 'selector {\n    tags = { Mirror = "True" }\n    primary_only = true\n  }'
    # At its end a create settles its sessions, in one batch.
    assert changes(coverage(fleet)) == {CREATE: 3, TAGS: 1}
    assert changes(coverage(fleet)) == {}
    for configuration, expected in (
        # The secondary interface of web-2 goes, and the others are not touched.
        (coverage(fleet, selector=primary), {DELETE: 1}),
        (coverage(fleet), {CREATE: 1}),
        (coverage(fleet, "enabled = false"), {DELETE: 3}),
        (coverage(fleet, "enabled = false", 'description = "later"'), {}),
        (coverage(fleet, "enabled = true"), {CREATE: 3}),
        (coverage(fleet, name="renamed"), {TAGS: 1}),
        (coverage(fleet, name="renamed", targets=f'["{fleet.other_target}"]'), {MODIFY: 3}),
        (
            coverage(
                fleet, "session_number = 7", "packet_length = 300", "virtual_network_id = 77", 'description = "{instance_id}"',
                name="renamed", targets=f'["{fleet.target}"]', filter_id=f'"{fleet.other_filter}"',
            ),
            {MODIFY: 3},
        ),
        (coverage(fleet, name="prod"), {MODIFY: 3, TAGS: 1}),
    ):  # fmt: skip
        assert changes(configuration) == expected, configuration
    assert {session.number for session in sandbox.sessions()} == {7}, "a number that is not fixed stays as it is"


def test_tags_that_differ_are_changed_side_by_side(workspace, sandbox, fleet):
    """A session for each instance has a name of its own: none waits for the answer to another's."""
    for number in range(6):
        fleet.launch(f"more-{number}", Mirror="True")
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, 'name_tag = "tap of {instance_name}"'))
    workspace.save_plan()
    sandbox.fault("slow", "CreateTags", delay_ms=3000)
    sandbox.forget_calls()
    workspace.apply_saved()
    came = sorted(call.time_ms for call in sandbox.calls(TAGS))
    assert len(came) == 8 and came[-1] - came[0] < 3000
    sandbox.no_faults()
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_an_own_filter_costs_its_calls_and_no_more(changes, workspace, sandbox, fleet):
    """Four rules, two address families each way, and DNS; with the coverage it goes by one call, and its rules with it."""
    made = {"CreateTrafficMirrorFilter": 1, "CreateTrafficMirrorFilterRule": 4, "ModifyTrafficMirrorFilterNetworkServices": 1}
    owned = coverage_without(fleet, "traffic_mirror_filter_id")
    # Settled in one batch with its sessions.
    assert changes(owned) == made | {CREATE: 3, TAGS: 1}
    order = [call.action for call in sandbox.changing_calls()]
    assert order.index(CREATE) == sum(made.values()), "no session before its filter is whole"
    assert changes(owned) == {}
    sandbox.forget_calls()
    workspace.destroy()
    assert [call.action for call in sandbox.changing_calls()] == [DELETE] * 3 + ["DeleteTrafficMirrorFilter"]


@pytest.mark.parametrize("aliases", [False, True], ids=["one-provider", "two-aliases"])
def test_swapped_numbers(changes, sandbox, fleet, aliases):
    """A spare number in between: three changes an interface, or four where both step aside at the same moment."""

    def both(first, second):
        other = sandbox.provider(alias="second") if aliases else ""
        return (
            other,
            coverage(fleet, f"session_number = {first}", name="one", label="one"),
            coverage(
                fleet, f"session_number = {second}", "provider = mirror.second" if aliases else "", name="two", label="two"
            ),
        )

    changes(*both(1, 2))
    swapped = changes(*both(2, 1))
    assert swapped.keys() == {MODIFY} and 9 <= swapped[MODIFY] <= 12, swapped
    assert len(by_session(sandbox, MODIFY)) == 6 and max(by_session(sandbox, MODIFY).values()) == 2


# Longer than a call in flight is waited for; the change comes before or never.
SLOW = {"delay_ms": 15000, "times": 1}


@pytest.mark.parametrize("done", [False, True], ids=["not-done", "done"])
def test_a_create_that_ran_out_of_time(workspace, sandbox, fleet, done):
    sandbox.fault("slow", CREATE, after_change=done, skip=1, **SLOW)
    workspace.configure(sandbox.provider(), coverage(fleet, 'timeouts {\n    create = "1s"\n  }'))
    sandbox.forget_calls()
    workspace.try_apply().succeed()
    (failure,) = workspace.state()[PROD]["failures"].values()
    assert failure["code"] == "TimedOut"
    workspace.apply()
    # Each session was made once, whichever of the two runs made it, and none had to go again.
    made = [call.parameter("NetworkInterfaceId") for call in sandbox.changing_calls() if call.action == CREATE]
    assert sorted(made) == sorted(fleet.tagged_interfaces())
    assert changed(sandbox).keys() == {CREATE, TAGS}
    assert len(sandbox.sessions()) == 3 and workspace.state()[PROD]["failures"] == {}


@pytest.mark.parametrize("done", [False, True], ids=["not-done", "done"])
def test_an_update_that_ran_out_of_time(workspace, sandbox, fleet, done):
    timeouts = 'timeouts {\n    update = "1s"\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, timeouts))
    workspace.apply()
    before = sandbox.sessions()
    fleet.launch("web-3", Mirror="True")
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    sandbox.fault("slow", MODIFY, after_change=done, skip=1, **SLOW)
    workspace.configure(sandbox.provider(), coverage(fleet, timeouts, targets=f'["{fleet.other_target}"]'))
    sandbox.forget_calls()
    assert workspace.try_apply().code == 1
    workspace.apply()
    assert changed(sandbox) == {DELETE: 1, CREATE: 1, MODIFY: 2}
    assert set(by_session(sandbox, MODIFY).values()) == {1}
    kept = {session.id for session in before if session.interface not in fleet.interfaces["web-1"]}
    assert kept < {session.id for session in sandbox.sessions()}
    assert {session.target for session in sandbox.sessions()} == {fleet.other_target}


@pytest.mark.parametrize("done", [False, True], ids=["not-done", "done"])
def test_a_destroy_that_ran_out_of_time(workspace, sandbox, fleet, done):
    workspace.configure(sandbox.provider(), coverage(fleet, 'timeouts {\n    delete = "1s"\n  }'))
    workspace.apply()
    sandbox.fault("slow", DELETE, after_change=done, skip=1, **SLOW)
    sandbox.forget_calls()
    assert workspace.try_destroy().code == 1
    workspace.destroy()
    assert changed(sandbox) == {DELETE: 3}
    assert set(by_session(sandbox, DELETE).values()) == {1}
    assert sandbox.sessions() == []


def test_a_name_in_batches(changes, sandbox, fleet):
    """Sessions by the hundred are renamed in place, 200 a call."""
    fleet.launch_many(450, Mirror="many")
    many = {"selector": 'selector {\n    tags = { Mirror = "many" }\n  }', "targets": f'["{fleet.balancer_target()}"]'}
    assert changes(coverage(fleet, **many)) == {CREATE: 450, TAGS: 3}
    sessions = {session.id for session in sandbox.sessions()}
    assert changes(coverage(fleet, name="renamed", **many)) == {TAGS: 3}
    batches = [call.sessions() for call in sandbox.changing_calls()]
    assert sorted(map(len, batches)) == [50, 200, 200] and set().union(*batches) == sessions


@pytest.mark.parametrize(("action", "after"), [(TAGS, 'A = "2", B = "1"'), ("DeleteTags", 'A = "1"')])
def test_a_batch_is_halved_until_one_is_alone(workspace, sandbox, fleet, action, after):
    """EC2 refuses a whole batch for one session that is gone; the others are changed, each once."""
    fleet.launch_many(300, Mirror="many")
    many = {"selector": 'selector {\n    tags = { Mirror = "many" }\n  }', "targets": f'["{fleet.balancer_target()}"]'}
    workspace.configure(sandbox.provider(), coverage(fleet, 'tags = { A = "1", B = "1" }', **many))
    workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, f"tags = {{ {after} }}", **many))
    workspace.save_plan()
    sandbox.forget_calls()
    gone = sorted(session.id for session in sandbox.sessions())[7]
    sandbox.delete_session_at(action, 1, gone)
    workspace.apply_saved()
    calls = sandbox.calls(action)
    assert all(len(call.sessions()) <= 200 for call in calls)
    refused = [len(call.sessions()) for call in calls if gone in call.sessions()]
    sizes = sorted(refused, reverse=True)
    assert sizes[-1] == 1 and all(half <= (whole + 1) // 2 for whole, half in zip(sizes, sizes[1:])), sizes
    assert not any(call.changed for call in calls if gone in call.sessions())
    tagged = [session for call in calls if call.changed for session in call.sessions()]
    assert sorted(tagged) == [session.id for session in sorted(sandbox.sessions(), key=lambda session: session.id)]
    # Two batches, and two halves each time that one was refused.
    assert len(calls) == 2 + 2 * (len(sizes) - 1)
