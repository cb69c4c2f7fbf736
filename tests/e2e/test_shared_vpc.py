"""Interfaces whose instance is not visible: of another account in a shared VPC, and of pods on a trunk."""

import json
import pathlib

import pytest

from harness.fleet import Fleet
from harness.hcl import coverage
from harness.sandbox import sandbox as start_sandbox

PROD = "mirror_coverage.prod"
THEIRS, UNSUPPORTED = "eni-0eeeeeeeeeeeeee10", "eni-0eeeeeeeeeeeeee20"
NODE_ID = "i-0ddddddddddddddd3"
NODE, TRUNK, BRANCH = "eni-0eeeeeeeeeeeeee30", "eni-0eeeeeeeeeeeeee31", "eni-0eeeeeeeeeeeeee32"
SHARED_SUBNET = "subnet-0bbbbbbbbbbbbbb1b"


@pytest.fixture
def sandbox():
    """A sandbox with a shared VPC."""
    fleet = pathlib.Path(__file__).parent / "fleets" / "shared_vpc.yaml"
    with start_sandbox("--fleet", str(fleet), "--no-throttle") as running:
        yield running


@pytest.fixture
def fleet(sandbox):
    """The small fleet beside it, in this account's own subnet."""
    return Fleet(sandbox)


def block(text):
    return f"selector {{\n    {text}\n  }}"


def covered(sandbox):
    return {session.interface for session in sandbox.sessions("prod")}


@pytest.mark.parametrize(
    "criterion",
    ['tags       = { Watch = "yes" }\n    tag_source = "network_interface"', f'network_interface_ids = ["{THEIRS}"]'],
    ids=["interface-tags", "id"],
)
def test_an_interface_of_another_accounts_instance(workspace, sandbox, fleet, criterion):
    sandbox.tag(THEIRS, Watch="yes")
    workspace.configure(sandbox.provider(), coverage(fleet, selector=block(criterion)))
    workspace.apply()
    state = workspace.state()[PROD]
    assert covered(sandbox) == {THEIRS} == state["sessions"].keys()
    assert state["sessions"][THEIRS]["instance_id"] is None, "it is another account's"
    assert sandbox.session_on(THEIRS).tags["Name"] == THEIRS
    workspace.destroy()
    assert sandbox.sessions() == []


@pytest.mark.spine
def test_by_subnet_and_what_ec2_refuses_is_remembered(workspace, sandbox, fleet):
    """The type of an instance that is not visible is EC2's to judge; its refusal is no failure of every later apply."""
    workspace.configure(sandbox.provider(), coverage(fleet, selector=block(f'subnet_ids = ["{SHARED_SUBNET}"]')))
    assert workspace.plan().sessions(PROD).added == {THEIRS, UNSUPPORTED}
    result = workspace.apply_saved()
    assert any(UNSUPPORTED in w.detail and "NetworkInterfaceNotSupported" in w.detail for w in result.warnings)
    workspace.assert_empty_plan()
    workspace.apply()
    skip = workspace.state()[PROD]["skipped"][UNSUPPORTED]
    assert skip["reason"] == "UNSUPPORTED_INSTANCE_TYPE" and "refused" in skip["detail"]
    assert workspace.state()[PROD]["failures"] == {}
    assert covered(sandbox) == {THEIRS}


def test_what_needs_the_instance_is_not_guessed(workspace, sandbox, fleet):
    """A tag of the instance would choose the target, and cannot be seen."""
    rule = f'override = {{ target_tag = "Mirror-Target", target_ids = ["{fleet.other_target}"] }}'
    ids = block(f'network_interface_ids = ["{THEIRS}", "{NODE}"]')
    workspace.configure(sandbox.provider(), coverage(fleet, rule, selector=ids))
    plan = workspace.plan()
    assert plan.sessions(PROD).added == {NODE}
    (warning,) = [warning for warning in plan.warnings if THEIRS in warning.detail]
    assert "NOT_VISIBLE" in warning.detail and "Mirror-Target" in warning.detail
    workspace.apply_saved()
    workspace.assert_empty_plan()
    state = workspace.state()[PROD]
    assert state["skipped"].keys() == {THEIRS} and state["skipped"][THEIRS]["reason"] == "NOT_VISIBLE"
    # Where nothing depends on the instance, the interface is mirrored.
    workspace.configure(sandbox.provider(), coverage(fleet, selector=ids))
    workspace.apply()
    assert covered(sandbox) == {THEIRS, NODE}


def skipped_as_not_visible(workspace, words):
    skips = workspace.state()[PROD]["skipped"]
    assert set(skips) == {THEIRS} and skips[THEIRS]["reason"] == "NOT_VISIBLE", skips
    assert words in skips[THEIRS]["detail"], skips
    return True


def test_templates_that_read_the_instance(workspace, sandbox, fleet):
    """What a template would say of it cannot be seen, and nothing else is written instead."""
    ids = block(f'network_interface_ids = ["{THEIRS}", "{NODE}"]')
    for argument, words in (
        ('description = "of {instance_name} on {network_interface_id}"', "{instance_name} of description"),
        ('name_tag = "{instance_id}"', "{instance_id} of name_tag"),
    ):
        workspace.configure(sandbox.provider(), coverage(fleet, argument, selector=ids))
        workspace.apply()
        assert covered(sandbox) == {NODE} and skipped_as_not_visible(workspace, words)
    # What the interface itself tells is no guess.
    workspace.configure(sandbox.provider(), coverage(fleet, 'description = "on {network_interface_id}"', selector=ids))
    workspace.apply()
    assert {session.description for session in sandbox.sessions("prod")} == {f"on {THEIRS}", f"on {NODE}"}


def test_tags_that_cannot_be_copied(workspace, sandbox, fleet):
    """The session is made without them, and the plan that makes it says so, once."""
    sandbox.tag(NODE_ID, Team="blue")
    ids = block(f'network_interface_ids = ["{THEIRS}", "{NODE}"]')

    def warned(*more):
        workspace.configure(sandbox.provider(), coverage(fleet, *more, selector=ids))
        return [(warning.summary, warning.detail, warning.code.split()[0]) for warning in workspace.plan().warnings]

    assert warned() == [], "nothing is to be copied"
    ((title, detail, argument),) = warned('copy_tags = ["Team"]')
    assert "not copied" in title and THEIRS in detail and NODE not in detail and "Team" in detail and argument == "copy_tags"
    workspace.apply_saved()
    assert [session.tags.get("Team") for session in (sandbox.session_on(THEIRS), sandbox.session_on(NODE))] == [None, "blue"]
    assert warned('copy_tags = ["Team"]') == [], "it was said"
    assert warned('copy_tags = ["Team"]', 'description = "x"') == []
    assert len(warned('copy_tags = ["Team", "Stage"]')) == 1


@pytest.mark.spine
def test_criteria_that_only_an_instance_meets(workspace, sandbox, fleet):
    """In a selector that names the interface, and in an exclude block: neither yes nor no, and the plan says so."""
    sandbox.tag(THEIRS, Watch="yes")
    sandbox.tag(NODE_ID, Mirror="True")
    named = f'network_interface_ids = ["{THEIRS}", "{NODE}"]'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=block(named)))
    workspace.apply()
    assert covered(sandbox) == {THEIRS, NODE}
    for criterion in ('instance_types = ["m5.*"]', 'instance_state_names = ["running"]', 'tags = { Mirror = "*" }'):
        argument = criterion.split()[0]
        workspace.configure(sandbox.provider(), coverage(fleet, selector=block(f"{named}\n    {criterion}")))
        plan = workspace.plan()
        assert plan.after(PROD)["skipped"][THEIRS]["reason"] == "NOT_VISIBLE"
        assert plan.sessions(PROD).removed <= {THEIRS}
        workspace.apply_saved()
        workspace.assert_empty_plan()
        words = f"what {argument} of the selector ask for"
        assert covered(sandbox) == {NODE} and skipped_as_not_visible(workspace, words)
        out = block(criterion.replace("m5", "c5").replace("running", "stopped").replace('"*"', '"False"'))
        out = out.replace("selector", "exclude")
        workspace.configure(sandbox.provider(), coverage(fleet, out, selector=block(named)))
        workspace.apply()
        words = f"what {argument} of an exclude block ask for"
        assert covered(sandbox) == {NODE} and skipped_as_not_visible(workspace, words)
    # Whoever pins the selection gets the same, and the audit does not know either.
    types = block(f'{named}\n    instance_types = ["m5.*"]')
    data = f'data "mirror_interfaces" "prod" {{\n  {types}\n}}\n\ndata "mirror_audit" "prod" {{\n  {types}\n}}\n'
    pinned = coverage(fleet, "selection = data.mirror_interfaces.prod.selection", selector="")
    output = 'output "found" {\n  value = data.mirror_audit.prod.interfaces\n}\n'
    workspace.configure(sandbox.provider(), data, pinned, output)
    workspace.apply()
    assert skipped_as_not_visible(workspace, "what instance_types of the selector ask for")
    found = json.loads(workspace.run("output", "-json", "found").succeed().stdout)
    assert (found[THEIRS]["status"], found[THEIRS]["reason"]) == ("UNKNOWN", "NOT_VISIBLE")
    # Of what is merely in the same subnet nobody asked, and an instance that is listed is visible.
    for criterion in (f'subnet_ids = ["{SHARED_SUBNET}"]\n    instance_types = ["m5.*"]', f'instance_ids = ["{NODE_ID}"]'):
        workspace.configure(sandbox.provider(), coverage(fleet, 'limits = { allow_empty = "true" }', selector=block(criterion)))
        workspace.apply()
        assert THEIRS not in workspace.state()[PROD]["skipped"]


def test_branch_and_trunk(workspace, sandbox, fleet):
    """Selected by tags of interfaces or by id, and skipped with the reason: the node's own interface is mirrored."""
    selectors = (
        block('tags       = { Pod = "*" }\n    tag_source = "network_interface"')
        + "\n  "
        + block(f'network_interface_ids = ["{NODE}", "{TRUNK}"]')
    )
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selectors))
    workspace.apply()
    skipped = workspace.state()[PROD]["skipped"]
    assert {interface: skip["reason"] for interface, skip in skipped.items()} == {
        TRUNK: "UNSUPPORTED_INTERFACE",
        BRANCH: "UNSUPPORTED_INTERFACE",
    }
    assert covered(sandbox) == {NODE}
