"""Whose session it is: renaming, replacing, importing, and two states with one name."""

import pytest

from harness.cloud import OWNER_NAME, SETTLED
from harness.hcl import coverage

PROD = "mirror_coverage.prod"
BEFORE_DESTROY = "lifecycle {\n    create_before_destroy = true\n  }"


@pytest.mark.spine
def test_a_new_name_retags_in_place(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    before = sandbox.sessions()
    identity = workspace.state()[PROD]["id"]

    workspace.configure(sandbox.provider(), coverage(fleet, name="production"))
    plan = workspace.plan()
    assert plan.actions == {PROD: ["update"]}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    after = sandbox.sessions()
    assert [session.id for session in after] == [session.id for session in before]
    assert {session.tags[OWNER_NAME] for session in after} == {"production"}
    assert {session.owner for session in after} == {identity}
    assert workspace.state()[PROD]["id"] == identity


@pytest.mark.spine
@pytest.mark.parametrize("lifecycle", ["", BEFORE_DESTROY], ids=["destroy-first", "create-first"])
def test_replace_ends_with_one_session_each(workspace, sandbox, fleet, lifecycle):
    workspace.configure(sandbox.provider(), coverage(fleet, lifecycle))
    workspace.apply()
    old = sandbox.sessions()
    old_owner = workspace.state()[PROD]["id"]

    plan = workspace.plan(f"-replace={PROD}")
    assert plan.replaces(PROD)
    sandbox.forget_calls()
    workspace.apply_saved()
    workspace.assert_empty_plan()

    new = sandbox.sessions()
    owner = workspace.state()[PROD]["id"]
    assert [session.interface for session in new] == sorted(fleet.tagged_interfaces())
    assert {session.owner for session in new} == {owner} and owner != old_owner
    assert SETTLED.fullmatch(owner)
    assert not {session.id for session in new} & {session.id for session in old}
    if lifecycle:
        # Visibility has no gap: each new session stands before an old one goes.
        order = [call.action for call in sandbox.changing_calls()]
        creates = [index for index, action in enumerate(order) if action == "CreateTrafficMirrorSession"]
        deletes = [index for index, action in enumerate(order) if action == "DeleteTrafficMirrorSession"]
        assert len(creates) == len(deletes) == 3 and max(creates) < min(deletes)


@pytest.mark.spine
@pytest.mark.parametrize("lifecycle", ["", BEFORE_DESTROY], ids=["destroy-first", "create-first"])
def test_two_states_with_one_name_never_fight(workspaces, sandbox, fleet, lifecycle):
    ours, theirs = workspaces("ours"), workspaces("theirs")
    for workspace in (ours, theirs):
        workspace.configure(sandbox.provider(), coverage(fleet, lifecycle))
        workspace.apply()
    everything = sandbox.sessions()
    assert len(everything) == 6, "each has a session of its own on every interface"
    owners = {workspace.state()[PROD]["id"] for workspace in (ours, theirs)}
    assert {session.owner for session in everything} == owners and len(owners) == 2

    for workspace in (ours, theirs, ours):
        workspace.apply()
        warnings = " ".join(warning.text for warning in workspace.plan().warnings)
        assert "prod" in warnings, "another coverage of the same name is worth a warning"
        assert not workspace.plan("-refresh=false").warnings, "which nobody looks for then"
    assert sandbox.sessions() == everything

    ours.plan(f"-replace={PROD}")
    ours.apply_saved()
    ours.assert_empty_plan()
    theirs.assert_empty_plan()
    left = theirs.state()[PROD]["id"]
    kept = [session for session in everything if session.owner == left]
    assert [session for session in sandbox.sessions() if session.owner == left] == kept

    ours.destroy()
    assert sandbox.sessions() == kept
    theirs.assert_empty_plan()
    theirs.destroy()
    assert sandbox.sessions() == []


@pytest.mark.spine
@pytest.mark.parametrize("form", ["name", "name-and-region", "id"])
def test_import_changes_nothing(workspaces, sandbox, fleet, form):
    first = workspaces("first")
    more = ('description = "by terraform"', 'tags = { Team = "security" }')
    first.configure(sandbox.provider(), coverage(fleet, *more))
    first.apply()
    before = sandbox.sessions()
    owner = first.state()[PROD]["id"]

    second = workspaces("second")
    second.configure(sandbox.provider(), coverage(fleet, *more))
    identifier = {"name": "prod", "name-and-region": f"prod@{sandbox.region}", "id": owner}[form]
    sandbox.forget_calls()
    imported = second.import_(PROD, identifier).succeed()
    assert "Import successful" in imported.stdout
    state = second.state()[PROD]
    assert state["id"] == owner and state["name"] == "prod"
    assert state["sessions"].keys() == fleet.tagged_interfaces()
    plan = second.plan()
    changes = plan.sessions(PROD)
    assert not changes.added and not changes.removed and not changes.changed
    # Arguments that EC2 does not keep, such as the selector, come from the
    # configuration: the first apply may write them, and changes no session.
    second.apply()
    assert sandbox.changing_calls() == []
    assert sandbox.sessions() == before


@pytest.mark.needs("import_block")
def test_import_block(workspaces, sandbox, fleet):
    first = workspaces("first")
    first.configure(sandbox.provider(), coverage(fleet))
    first.apply()
    before = sandbox.sessions()

    second = workspaces("second")
    second.configure(sandbox.provider(), coverage(fleet), f'import {{\n  to = {PROD}\n  id = "prod"\n}}\n')
    changes = second.plan().sessions(PROD)
    assert not changes.added and not changes.removed and not changes.changed
    second.apply_saved()
    second.assert_empty_plan()
    assert sandbox.sessions() == before


@pytest.mark.parametrize("identifier", ["nobody", "nobody@eu-west-1", "mc-00000000000000000"])
def test_import_of_what_is_not_there(workspace, sandbox, fleet, identifier):
    workspace.configure(sandbox.provider(), coverage(fleet))
    result = workspace.import_(PROD, identifier)
    assert result.code == 1
    assert identifier.split("@")[0] in result.text
    assert "Import successful" not in result.text


def test_import_of_a_name_that_two_have(workspaces, sandbox, fleet):
    for name in ("ours", "theirs"):
        workspace = workspaces(name)
        workspace.configure(sandbox.provider(), coverage(fleet))
        workspace.apply()
    owner = workspace.state()[PROD]["id"]
    third = workspaces("third")
    third.configure(sandbox.provider(), coverage(fleet))
    result = third.import_(PROD, "prod")
    assert result.code == 1 and owner in result.text, "the message names the ids to choose from"
    third.import_(PROD, owner).succeed()
    assert third.state()[PROD]["id"] == owner


def test_a_rename_away_from_another_of_that_name_warns_no_more(workspaces, sandbox, fleet):
    ours, theirs = workspaces("ours"), workspaces("theirs")
    for workspace in (ours, theirs):
        workspace.configure(sandbox.provider(), coverage(fleet))
        workspace.apply()
    ours.configure(sandbox.provider(), coverage(fleet, name="fresh"))
    assert not ours.plan().warnings
    ours.apply_saved()
    assert not ours.plan().warnings
    assert not theirs.plan().warnings


def test_a_rename_into_another_of_that_name_warns(workspaces, sandbox, fleet):
    ours, theirs = workspaces("ours"), workspaces("theirs")
    theirs.configure(sandbox.provider(), coverage(fleet))
    theirs.apply()
    ours.configure(sandbox.provider(), coverage(fleet, name="other"))
    ours.apply()
    assert not ours.plan().warnings
    ours.configure(sandbox.provider(), coverage(fleet))
    assert any("prod" in warning.text for warning in ours.plan().warnings)
    ours.apply_saved()
    ours.assert_empty_plan()


@pytest.mark.spine
@pytest.mark.parametrize("lifecycle", ["", BEFORE_DESTROY], ids=["destroy-first", "create-first"])
def test_a_tainted_object_is_no_other_coverage(workspaces, sandbox, fleet, lifecycle):
    """Its sessions still carry the name when the object in its place is planned. Somebody else's are still told."""
    ours, theirs = workspaces("ours"), workspaces("theirs")
    ours.configure(sandbox.provider(), coverage(fleet, lifecycle))
    ours.apply()
    before = ours.state()[PROD]["id"]
    ours.run("taint", PROD).succeed()
    plan = ours.plan()
    assert plan.replaces(PROD) and not plan.warnings
    # Without a refresh nothing tells that it is the old object.
    assert before in ours.plan("-refresh=false").warnings[0].text
    theirs.configure(sandbox.provider(), coverage(fleet))
    theirs.try_apply().succeed()
    (warning,) = ours.plan().warnings
    assert theirs.state()[PROD]["id"] in warning.text and before not in warning.text
    ours.apply_saved()
    ours.assert_empty_plan()
    assert {s.owner for s in sandbox.sessions()} == {w.state()[PROD]["id"] for w in (ours, theirs)}


def test_another_coverage_of_the_state_that_stays_has_the_name(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    second = coverage(fleet, f"depends_on = [{PROD}]", label="second")
    workspace.configure(sandbox.provider(), coverage(fleet), second)
    (warning,) = workspace.plan().warnings
    assert "same name" in warning.text and workspace.state()[PROD]["id"] in warning.text


def test_destroy_removes_ours_only(workspaces, sandbox, fleet):
    ours, theirs = workspaces("ours"), workspaces("theirs")
    theirs.configure(sandbox.provider(), coverage(fleet, name="other"))
    theirs.apply()
    foreign = sandbox.create_session(fleet.interfaces["database"][0], fleet.target, fleet.filter, 1)
    before = sandbox.sessions()
    ours.configure(sandbox.provider(), coverage(fleet))
    ours.apply()
    assert len(sandbox.sessions()) == 7
    ours.destroy()
    assert sandbox.sessions() == before
    assert foreign in {session.id for session in sandbox.sessions()}


@pytest.mark.needs("moved")
def test_moved_is_no_change(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    before = sandbox.sessions()
    workspace.configure(
        sandbox.provider(),
        coverage(fleet, label="renamed"),
        f"moved {{\n  from = {PROD}\n  to   = mirror_coverage.renamed\n}}\n",
    )
    workspace.apply()
    assert sandbox.sessions() == before
