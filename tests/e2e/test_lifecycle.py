"""From the tag to the sessions and back: plan, apply, empty plan, churn, destroy."""

import pytest

from harness.cloud import OWNER_ID, OWNER_NAME, SETTLED
from harness.hcl import coverage

PROD = "mirror_coverage.prod"


@pytest.mark.spine
def test_plan_lists_what_apply_creates(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))

    plan = workspace.plan()
    assert plan.actions == {PROD: ["create"]}
    assert plan.sessions(PROD).added == fleet.tagged_interfaces()
    assert sandbox.changing_calls() == [], "a plan changes nothing"

    workspace.apply_saved()
    made = sandbox.sessions()
    assert {session.interface for session in made} == fleet.tagged_interfaces()
    assert len(made) == 3
    for session in made:
        assert session.target == fleet.target
        assert session.filter == fleet.filter
        assert session.number == 1
        assert session.packet_length is None
        assert session.description is None
        assert session.tags[OWNER_NAME] == "prod"
    (owner,) = {session.owner for session in made}
    assert SETTLED.fullmatch(owner)

    state = workspace.state()[PROD]
    assert state["id"] == owner
    assert state["failures"] in (None, {})
    assert state["deviations"] in (None, {})
    assert state["sessions"].keys() == fleet.tagged_interfaces()
    for session in made:
        kept = state["sessions"][session.interface]
        assert kept["id"] == session.id
        assert kept["session_number"] == 1
        assert kept["traffic_mirror_target_id"] == fleet.target
        assert kept["virtual_network_id"] == session.virtual_network_id
    assert {kept["instance_id"] for kept in state["sessions"].values()} == {
        fleet.instances["web-1"],
        fleet.instances["web-2"],
    }
    workspace.assert_empty_plan()

    workspace.destroy()
    assert sandbox.sessions() == []


@pytest.mark.spine
def test_a_person_can_read_every_plan(workspace, sandbox, fleet):
    """Cores differ in how they show a plan, and an early one falls over what it cannot show."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    text = workspace.plan_text()
    assert all(interface in text for interface in fleet.tagged_interfaces())
    workspace.apply()
    fleet.launch("web-3", Mirror="True")
    assert fleet.interfaces["web-3"][0] in workspace.plan_text()
    sandbox.untag(fleet.instances["web-2"], key="Mirror")
    workspace.configure(sandbox.provider(), coverage(fleet, "enabled = false"))
    assert fleet.interfaces["web-1"][0] in workspace.plan_text()


def test_ownership_is_tagged_in_the_create_call(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, 'tags = { Team = "security" }'))
    workspace.apply()
    for call in sandbox.calls("CreateTrafficMirrorSession"):
        tags = call.tags("traffic-mirror-session")
        assert tags[OWNER_NAME] == "prod"
        assert tags[OWNER_ID].startswith("mc-")
        assert tags["Team"] == "security"


def test_every_describe_asks_for_managed_resources(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    for action in ("DescribeInstances", "DescribeNetworkInterfaces"):
        for call in sandbox.calls(action):
            assert call.parameter("IncludeManagedResources") is True, f"{action} without it misses interfaces"
    assert sandbox.calls("DescribeInstances") or sandbox.calls("DescribeNetworkInterfaces")


@pytest.mark.spine
def test_a_new_instance_waits_for_the_next_plan(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    before = sandbox.sessions()

    fleet.launch("web-3", Mirror="True")
    (added,) = fleet.interfaces["web-3"]
    plan = workspace.plan()
    assert plan.actions == {PROD: ["update"]}
    changes = plan.sessions(PROD)
    assert changes.added == {added}
    assert changes.kept == fleet.tagged_interfaces()
    assert not changes.removed and not changes.changed

    workspace.apply_saved()
    workspace.assert_empty_plan()
    after = sandbox.sessions()
    assert {session.interface for session in after} == fleet.tagged_interfaces() | {added}
    assert set(before) <= set(after), "the others' sessions are the same as before"


def test_an_untagged_instance_loses_its_sessions(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()

    sandbox.untag(fleet.instances["web-2"], key="Mirror")
    plan = workspace.plan()
    assert plan.sessions(PROD).removed == set(fleet.interfaces["web-2"])
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.interface for session in sandbox.sessions()} == set(fleet.interfaces["web-1"])


def test_a_terminated_instance_is_no_trouble(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    fleet.terminate("web-2")
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == set(fleet.interfaces["web-1"])
    assert workspace.state()[PROD]["sessions"].keys() == set(fleet.interfaces["web-1"])


def test_a_stopped_instance_keeps_its_session(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    sandbox.ec2.stop_instances(InstanceIds=[fleet.instances["web-1"]])
    workspace.assert_empty_plan()


def test_an_attached_interface_is_planned(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    attached = fleet.attach(fleet.instances["web-1"], index=1)
    plan = workspace.plan()
    assert plan.sessions(PROD).added == {attached}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert attached in {session.interface for session in sandbox.sessions()}


def test_primary_only_takes_the_first_interface(workspace, sandbox, fleet):
    selector = 'selector {\n    tags         = { Mirror = "True" }\n    primary_only = true\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
    workspace.apply()
    expected = {fleet.interfaces["web-1"][0], fleet.interfaces["web-2"][0]}
    assert {session.interface for session in sandbox.sessions()} == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ('{ Name = "web-*" }', {"web-1", "web-2"}),
        ('{ Name = "web-?" , Mirror = "True" }', {"web-1", "web-2"}),
        ('{ Name = "data*" }', {"database"}),
        ('{ Mirror = "true" }', set()),
    ],
    ids=["star", "question-mark-and-another", "prefix", "case-matters"],
)
def test_tags_match_as_ec2_filters_do(workspace, sandbox, fleet, tags, expected):
    workspace.configure(sandbox.provider(), coverage(fleet, selector=f"selector {{\n    tags = {tags}\n  }}"))
    workspace.apply()
    interfaces = {interface for name in expected for interface in fleet.interfaces[name]}
    assert {session.interface for session in sandbox.sessions()} == interfaces


def test_selector_blocks_are_alternatives_and_arguments_all_hold(workspace, sandbox, fleet):
    fleet.launch("elsewhere", subnet=1, Mirror="True")
    blocks = (
        f'selector {{\n    tags       = {{ Mirror = "True" }}\n    subnet_ids = ["{fleet.subnets[1]}"]\n  }}\n'
        f'  selector {{\n    vpc_ids = ["{fleet.vpc}"]\n    tags    = {{ Name = "database" }}\n  }}'
    )
    workspace.configure(sandbox.provider(), coverage(fleet, selector=blocks))
    workspace.apply()
    expected = {*fleet.interfaces["elsewhere"], *fleet.interfaces["database"]}
    assert {session.interface for session in sandbox.sessions()} == expected


def test_an_edited_selector_moves_the_coverage(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    workspace.configure(
        sandbox.provider(), coverage(fleet, selector='selector {\n    tags = { Name = "database" }\n  }')
    )
    plan = workspace.plan()
    changes = plan.sessions(PROD)
    assert changes.added == set(fleet.interfaces["database"])
    assert changes.removed == fleet.tagged_interfaces()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.interface for session in sandbox.sessions()} == set(fleet.interfaces["database"])


@pytest.mark.spine
def test_foreign_sessions_are_left_alone(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    foreign = sandbox.create_session(interface, fleet.other_target, fleet.other_filter, 41)
    tagged = sandbox.create_session(
        fleet.interfaces["web-2"][0], fleet.other_target, fleet.filter, 3, **{OWNER_NAME: "prod"}
    )
    before = {session for session in sandbox.sessions() if session.id in (foreign, tagged)}

    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    ours = {session.interface: session for session in sandbox.sessions() if session.owner}
    assert ours.keys() == fleet.tagged_interfaces()
    assert ours[interface].number == 42
    assert ours[fleet.interfaces["web-2"][0]].number == 4
    assert ours[fleet.interfaces["web-2"][1]].number == 1

    workspace.destroy()
    assert set(sandbox.sessions()) == before


def test_a_fixed_number_is_used(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 7"))
    plan = workspace.plan()
    planned = plan.after(PROD)["sessions"]
    assert {session["session_number"] for session in planned.values()} == {7}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.number for session in sandbox.sessions()} == {7}

    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 9"))
    ids = {session.id for session in sandbox.sessions()}
    workspace.apply()
    assert {session.number for session in sandbox.sessions()} == {9}
    assert {session.id for session in sandbox.sessions()} == ids, "changed in place"


def test_a_taken_number_is_one_interfaces_failure(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    foreign = sandbox.create_session(interface, fleet.other_target, fleet.filter, 7)
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 7"))
    # An error would taint the resource, and core would tear the whole coverage down.
    result = workspace.try_apply().succeed()
    told_by_plan, told_by_apply = result.warnings
    assert "number 7 is taken" in told_by_plan.summary
    assert all(word in told_by_apply.detail for word in (interface, "InvalidParameterValue")), told_by_apply
    failures = workspace.state()[PROD]["failures"]
    assert {key: failure["code"] for key, failure in failures.items()} == {interface: "InvalidParameterValue"}
    assert {session.interface for session in sandbox.sessions("prod")} == fleet.tagged_interfaces() - {interface}
    assert not list(workspace.tainted())
    assert foreign in {session.id for session in sandbox.sessions()}


@pytest.mark.spine
def test_disabled_and_enabled_again(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    identity = workspace.state()[PROD]["id"]

    workspace.configure(sandbox.provider(), coverage(fleet, "enabled = false"))
    assert workspace.plan().sessions(PROD).removed == fleet.tagged_interfaces()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sandbox.sessions() == []
    assert workspace.state()[PROD]["id"] == identity

    workspace.configure(sandbox.provider(), coverage(fleet, "enabled = true"))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()
    assert {session.owner for session in sandbox.sessions()} == {identity}


def test_created_disabled(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, "enabled = false"))
    workspace.apply()
    assert sandbox.sessions() == []
    assert sandbox.calls("CreateTrafficMirrorSession") == []


@pytest.mark.spine
@pytest.mark.parametrize("before", ["enabled = true", "enabled = false"])
def test_a_selector_edited_while_off_is_kept_as_a_refresh_keeps_it(workspace, sandbox, fleet, before):
    workspace.configure(sandbox.provider(), coverage(fleet, before))
    workspace.apply()
    other = 'selector {\n    tags = { Mirror = "False" }\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, "enabled = false", selector=other))
    workspace.apply()
    assert sandbox.sessions() == []
    workspace.assert_refresh_keeps_private()


@pytest.mark.spine
def test_an_empty_match_warns_and_creates_nothing(workspace, sandbox, fleet):
    workspace.configure(
        sandbox.provider(), coverage(fleet, selector='selector {\n    tags = { Mirror = "nobody" }\n  }')
    )
    plan = workspace.plan()
    assert plan.warnings, "a selector that matches nothing is worth a warning"
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sandbox.sessions() == []


@pytest.mark.spine
def test_description_and_tags_change_in_place(workspace, sandbox, fleet):
    workspace.configure(
        sandbox.provider(), coverage(fleet, 'description = "seen by security"', 'tags = { Team = "a", Stage = "x" }')
    )
    workspace.apply()
    ids = {session.id for session in sandbox.sessions()}
    for session in sandbox.sessions():
        assert session.description == "seen by security"
        assert session.tags["Team"] == "a" and session.tags["Stage"] == "x"
    state = workspace.state()[PROD]
    assert state["tags"] == {"Team": "a", "Stage": "x"}
    assert state["tags_all"]["Team"] == "a"

    workspace.configure(sandbox.provider(), coverage(fleet, 'description = "again"', 'tags = { Team = "b" }'))
    assert workspace.plan().actions == {PROD: ["update"]}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    for session in sandbox.sessions():
        assert session.description == "again"
        assert session.tags["Team"] == "b" and "Stage" not in session.tags
        assert session.tags[OWNER_NAME] == "prod"
    assert {session.id for session in sandbox.sessions()} == ids


def test_target_and_filter_change_in_place(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    ids = {session.id for session in sandbox.sessions()}
    workspace.configure(
        sandbox.provider(),
        coverage(fleet, targets=f'["{fleet.other_target}"]', filter_id=f'"{fleet.other_filter}"'),
    )
    assert workspace.plan().sessions(PROD).changed == fleet.tagged_interfaces()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    made = sandbox.sessions()
    assert {session.id for session in made} == ids
    assert {session.target for session in made} == {fleet.other_target}
    assert {session.filter for session in made} == {fleet.other_filter}


@pytest.mark.spine
def test_a_saved_plan_survives_churn(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    fleet.launch("web-3", Mirror="True")
    workspace.plan()
    # The fleet moves on between the plan and its apply.
    fleet.launch("web-4", Mirror="True")
    fleet.terminate("web-1")
    workspace.apply_saved()
    covered = {session.interface for session in sandbox.sessions()}
    assert covered == {*fleet.interfaces["web-2"], *fleet.interfaces["web-3"]}
    workspace.apply()
    assert set(fleet.interfaces["web-4"]) <= {session.interface for session in sandbox.sessions()}


@pytest.mark.spine
def test_a_tainted_coverage_is_made_again_where_there_is_just_room(workspace, sandbox, fleet):
    """Its own old sessions take no room from the new ones: they go first. Nothing of the old object is remembered."""
    (crowded,) = fleet.interfaces["web-1"]
    for number in (7, 8):
        sandbox.create_session(crowded, fleet.target, fleet.filter, number)
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    before = workspace.state()[PROD]["id"]
    workspace.run("taint", PROD).succeed()
    workspace.apply()
    assert workspace.state()[PROD]["id"] != before
    made = {session.interface for session in sandbox.sessions() if session.owner == workspace.state()[PROD]["id"]}
    assert made == fleet.tagged_interfaces() and len(sandbox.sessions()) == len(made) + 2
    workspace.assert_refresh_keeps_private()


@pytest.mark.spine
def test_what_an_apply_keeps_does_not_know_the_tainted_object(workspace, sandbox, fleet):
    """Made before the old one is destroyed, whose sessions still carry the name then."""
    first = "lifecycle {\n    create_before_destroy = true\n  }"
    workspace.configure(sandbox.provider(), coverage(fleet, first))
    workspace.apply()
    workspace.run("taint", PROD).succeed()
    workspace.apply()
    workspace.assert_refresh_keeps_private()
