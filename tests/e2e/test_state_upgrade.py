"""A state that an older version of the provider wrote, with schema version 0, goes on."""

import json

import pytest

from harness.hcl import coverage

PROD = "mirror_coverage.prod"
# What a first version cannot have known: computed values that came later, and blocks that nobody had to write.
LATER = ("deviations", "failures", "skipped", "summary", "tags_all", "timeouts", "exclude", "limits", "adopt")


def stored(workspace):
    """The state file, and the one object in it."""
    state = workspace.raw_state()
    (resource,) = [one for one in state["resources"] if one["type"] == "mirror_coverage"]
    return state, resource["instances"][0]


@pytest.mark.spine
def test_a_state_of_version_0_is_taken_over_in_place(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    before = workspace.state()[PROD]
    state, instance = stored(workspace)
    instance["schema_version"] = 0
    for attribute in LATER:
        instance["attributes"].pop(attribute, None)
    # Nor what the provider keeps for itself.
    for key in ("private", "identity", "identity_schema_version"):
        instance.pop(key, None)
    state["serial"] += 1
    (workspace.directory / "terraform.tfstate").write_text(json.dumps(state))
    sandbox.forget_calls()
    workspace.try_apply().succeed()
    workspace.assert_empty_plan()
    assert sandbox.changing_calls() == [], "no session is touched"
    assert workspace.state()[PROD] == before


def test_a_state_of_a_newer_version_is_refused_and_kept(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    state, instance = stored(workspace)
    instance["schema_version"] = 99
    state["serial"] += 1
    text = json.dumps(state)
    (workspace.directory / "terraform.tfstate").write_text(text)
    result = workspace.try_apply()
    assert result.code == 1 and result.errors, result.readable()
    assert (workspace.directory / "terraform.tfstate").read_text() == text
    assert len(sandbox.sessions("prod")) == 3
