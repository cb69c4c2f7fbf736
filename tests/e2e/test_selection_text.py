"""`selection` with a text that is not this version's, this place's or this day's: told before anything changes."""

import base64
import json
import zlib

import pytest

from harness.hcl import TAGGED, coverage, coverage_without

PROD = "mirror_coverage.prod"
INTERFACES = f'data "mirror_interfaces" "prod" {{\n  {TAGGED}\n}}\n'
SELECTION = "selection = data.mirror_interfaces.prod.selection"
SHOWN = 'output "selection" {\n  value = nonsensitive(data.mirror_interfaces.prod.selection)\n}\n'


def packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode().rstrip("=")


# Name: (the text, words of the error).
FOREIGN = {
    "garbage": ("anything at all", 'begin with "mirror1:"'),
    "empty": ("", 'begin with "mirror1:"'),
    "an-older-format": ("mirror0:" + packed(b'{"interfaces":{}}'), 'begin with "mirror1:"'),
    "not-base64": ("mirror1:***", "base64"),
    "cut-off": ("mirror1:" + packed(b'{"interfaces":{}}')[:16], "damaged"),
    "another-content": ("mirror1:" + packed(b'{"interfaces":{},"of_a_later_version":1}'), "this version of the provider"),
    "a-bomb": ("mirror1:" + packed(b" " * (40 << 20)), "unpacks to more than"),
}


def pinned(fleet, text: str) -> str:
    return coverage_without(fleet, "selector", f"selection = {json.dumps(text)}")


def text_of(workspace) -> str:
    return json.loads(workspace.run("output", "-json", "selection").succeed().stdout)


@pytest.mark.spine
def test_a_text_that_is_none(workspace, sandbox, fleet):
    """On create, on update and from a variable that is known only while planning; whatever is there stays."""
    first = coverage(fleet)
    for step in ("create", "update"):
        if step == "update":
            workspace.configure(sandbox.provider(), first)
            workspace.apply()
        before = sandbox.sessions()
        for name, (text, words) in FOREIGN.items():
            sandbox.forget_calls()
            workspace.configure(sandbox.provider(), pinned(fleet, text))
            result = workspace.try_apply()
            (error,) = result.errors
            assert result.code == 1 and "selection" in error.code, (step, name, result.readable())
            assert words in error.detail and "mirror_interfaces" in error.detail, (step, name, str(error))
            # Nobody wants to read it.
            assert len(error.text) < 600, (step, name)
            assert sandbox.changing_calls() == [] and sandbox.sessions() == before
    workspace.configure(sandbox.provider(), first)
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_one_that_is_known_only_while_planning(workspace, sandbox, fleet, core):
    """Core validates with an unknown value then, so it is the plan that finds out."""
    text, words = FOREIGN["an-older-format"]
    variable = 'variable "pinned" {\n  type = string\n}\n'
    workspace.configure(
        sandbox.provider(), variable, coverage_without(fleet, "selector", "selection = var.pinned")
    )
    result = workspace.try_plan(f"-var=pinned={text}")
    (error,) = result.errors
    assert result.code == 1 and "selection" in error.code and words in error.detail, result.readable()
    assert sandbox.changing_calls() == []


@pytest.mark.spine
@pytest.mark.parametrize("step", ["create", "update"])
def test_one_of_another_account_or_region(workspace, sandbox, fleet, step):
    other = {"access_key": '"AKIASANDBOX000000001"'}
    elsewhere = {
        "444455556666": (sandbox.provider(alias="far", **other), "provider = mirror.far"),
        "us-east-1": ("", 'region = "us-east-1"'),
    }
    if step == "update":
        workspace.configure(sandbox.provider(), INTERFACES, coverage_without(fleet, "selector", SELECTION))
        workspace.apply()
    before = sandbox.sessions()
    for place, (provider, argument) in elsewhere.items():
        data = f'data "mirror_interfaces" "prod" {{\n  {argument}\n  {TAGGED}\n}}\n'
        workspace.configure(sandbox.provider(), provider, data, coverage_without(fleet, "selector", SELECTION))
        sandbox.forget_calls()
        result = workspace.try_apply()
        (error,) = result.errors
        assert result.code == 1 and "selection" in error.code, result.readable()
        assert all(word in error.detail for word in (place, "111122223333", sandbox.region)), str(error)
        assert sandbox.changing_calls() == [] and sandbox.sessions() == before


@pytest.mark.spine
def test_one_that_another_version_left_in_the_state(workspace, sandbox, fleet):
    """It is in nobody's way: a new selection is planned as usual, the same one is told, and a destroy needs none."""
    workspace.configure(sandbox.provider(), INTERFACES, coverage_without(fleet, "selector", SELECTION))
    workspace.apply()
    made = sandbox.sessions()
    old, words = FOREIGN["an-older-format"]

    def from_another_version():
        file = workspace.directory / "terraform.tfstate"
        state = json.loads(file.read_text())
        (resource,) = [each for each in state["resources"] if each["type"] == "mirror_coverage"]
        instance = resource["instances"][0]
        instance["attributes"]["selection"] = old
        instance.pop("private", None)
        state["serial"] += 1
        file.write_text(json.dumps(state))

    from_another_version()
    sandbox.forget_calls()
    changes = workspace.plan().sessions(PROD)
    assert changes.kept == fleet.tagged_interfaces() and not changes.added | changes.removed | changes.changed
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sandbox.changing_calls() == [] and sandbox.sessions() == made

    from_another_version()
    workspace.configure(sandbox.provider(), pinned(fleet, old))
    result = workspace.try_apply()
    (error,) = result.errors
    assert result.code == 1 and "selection" in error.code and words in error.detail, result.readable()
    assert sandbox.changing_calls() == [] and sandbox.sessions() == made

    workspace.configure(sandbox.provider(), INTERFACES, coverage_without(fleet, "selector", SELECTION))
    workspace.destroy()
    assert sandbox.sessions() == []


@pytest.mark.spine
def test_interfaces_that_are_gone(workspace, sandbox, fleet):
    """A text that was written down names one that is gone: an update drops its session, and a later plan does not come back to it."""
    workspace.configure(sandbox.provider(), INTERFACES, SHOWN)
    workspace.try_apply().succeed()
    text = text_of(workspace)
    workspace.configure(sandbox.provider(), pinned(fleet, text))
    workspace.apply()
    gone, left = set(fleet.interfaces["web-1"]), set(fleet.interfaces["web-2"])
    fleet.terminate("web-1")
    sandbox.forget_calls()
    workspace.apply()
    state = workspace.state()[PROD]
    assert state["sessions"].keys() == left == {session.interface for session in sandbox.sessions()}
    assert not gone & (state["failures"].keys() | state["skipped"].keys())
    assert sandbox.changing_calls() == [], "EC2 deleted the session with its interface"
