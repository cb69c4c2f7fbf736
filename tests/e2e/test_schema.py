"""The arguments as a core has them: nothing is computed but what no configuration can say, and null is the same as left out."""

import json

import pytest

from harness.hcl import coverage

PROD = "mirror_coverage.prod"
COMPUTED = {"id", "sessions", "deviations", "failures", "skipped", "filter_id", "summary", "tags_all"}
# Each as a module would pass it on, with a value that would change the sessions.
OPTIONAL = {
    "enabled": "false",
    "placement": '"same_az"',
    "session_number": "7",
    "packet_length": "100",
    "virtual_network_id": "5",
    "virtual_network_id_range": "{ first = 1, last = 2 }",
    "description": '"x"',
    "name_tag": '"x"',
    "copy_tags": '["Name"]',
    "tags": '{ a = "b" }',
    "adopt": '{ descriptions = ["x"] }',
    "override": '{ target_tag = "x", target_ids = ["tmt-00000000000000001"] }',
    "limits": '{ max_creates = "1" }',
    "on_ineligible": '"error"',
    "allow_partial": "true",
    "try_instance_types": '["t2.*"]',
    "include_requester_managed": "true",
    "include_sensors": "true",
    "preflight_dry_run": "true",
}


@pytest.fixture
def schemas(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    shown = json.loads(workspace.run("providers", "schema", "-json").succeed().stdout)
    (found,) = [found for name, found in shown["provider_schemas"].items() if name.endswith("/mirror")]
    return found


@pytest.mark.spine
def test_only_the_region_is_optional_and_computed(schemas):
    block = schemas["resource_schemas"]["mirror_coverage"]["block"]
    attributes = block["attributes"]
    both = {name for name, one in attributes.items() if one.get("optional") and one.get("computed")}
    assert both == {"region"}
    assert {name for name, one in attributes.items() if one.get("required")} == {"name", "traffic_mirror_target_ids"}
    assert {name for name, one in attributes.items() if one.get("computed")} - both == COMPUTED
    assert block["block_types"].keys() == {"selector", "exclude", "timeouts"}
    # One argument more here is one more that must be tried with null below.
    others = {"name", "region", "traffic_mirror_target_ids", "traffic_mirror_filter_id", "selection"}
    assert attributes.keys() - COMPUTED - others == OPTIONAL.keys()
    for name, one in block["block_types"].items():
        inside = one["block"]["attributes"]
        assert not any(each.get("computed") for each in inside.values()), name


@pytest.mark.spine
def test_null_is_the_same_as_left_out(workspace, sandbox, fleet):
    variable = 'variable "more" {\n  type    = bool\n  default = false\n}\n'
    chosen = [f"{name} = var.more ? {value} : null" for name, value in OPTIONAL.items()]
    workspace.configure(sandbox.provider(), variable, coverage(fleet, *chosen, "selection = null", "region = null"))
    workspace.apply()
    state = workspace.state()[PROD]
    assert {name: state[name] for name in OPTIONAL} == dict.fromkeys(OPTIONAL), "no default is written into the state"
    sandbox.forget_calls()
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    assert sandbox.changing_calls() == []
