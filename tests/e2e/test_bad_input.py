"""One clear error, pointing at the argument, before anything changes."""

import pytest

from harness.hcl import TAGGED, coverage, coverage_without

PROD = "mirror_coverage.prod"


def selector(text: str) -> str:
    return f"selector {{\n    {text}\n  }}"


# Name: (argument to leave out, what to put in, what core must underline,
# words of the message). Core's own errors name no path of ours.
ARGUMENTS = {
    "unknown-argument": (None, "nonsense = 1", "nonsense", ["nonsense"]),
    "unknown-argument-in-selector": ("selector", selector("tag = { a = 1 }"), "tag =", ["tag"]),
    "name-missing": ("name", "", "", ["name"]),
    "name-empty": ("name", 'name = ""', "name", ["empty"]),
    "name-null": ("name", "name = null", "", ["name"]),
    "name-type": ("name", "name = { a = 1 }", "name", ["string"]),
    "enabled-type": (None, 'enabled = "maybe"', "enabled", ["bool"]),
    "number-type": (None, 'session_number = "first"', "session_number", ["number"]),
    "number-fraction": (None, "session_number = 1.5", "session_number", ["whole number"]),
    "number-zero": (None, "session_number = 0", "session_number", ["32766"]),
    "number-negative": (None, "session_number = -1", "session_number", ["32766"]),
    "number-large": (None, "session_number = 32767", "session_number", ["32766"]),
    "number-huge": (None, "session_number = 1e30", "session_number", []),
    "targets-missing": ("traffic_mirror_target_ids", "", "", ["traffic_mirror_target_ids"]),
    "targets-null": ("traffic_mirror_target_ids", "traffic_mirror_target_ids = null", "", ["traffic_mirror_target_ids"]),
    "targets-empty": ("traffic_mirror_target_ids", "traffic_mirror_target_ids = []", "traffic_mirror_target_ids", []),
    "targets-type": ("traffic_mirror_target_ids", 'traffic_mirror_target_ids = "tmt"', "traffic_mirror_target_ids", []),
    "target-empty": ("traffic_mirror_target_ids", 'traffic_mirror_target_ids = [""]', "traffic_mirror_target_ids", ["empty"]),
    "target-null": ("traffic_mirror_target_ids", "traffic_mirror_target_ids = [null]", "traffic_mirror_target_ids", ["null"]),
    "target-twice": (
        "traffic_mirror_target_ids",
        'traffic_mirror_target_ids = ["tmt-1", "tmt-1"]',
        "traffic_mirror_target_ids",
        ["tmt-1"],
    ),
    "filter-empty": ("traffic_mirror_filter_id", 'traffic_mirror_filter_id = ""', "traffic_mirror_filter_id", ["empty"]),
    "selector-missing": ("selector", "", "", ["selector", "selection"]),
    "selector-empty": ("selector", selector(""), "selector", ["empty"]),
    "second-selector-empty": (None, selector(""), "selector", ["empty"]),
    "selector-only-primary": ("selector", selector("primary_only = true"), "selector", []),
    "selector-null": ("selector", selector("tags = null"), "selector", ["empty"]),
    "tags-empty": ("selector", selector("tags = {}"), "tags", ["empty"]),
    "tag-key-empty": ("selector", selector('tags = { "" = "x" }'), "tags", ["empty"]),
    "tag-value-null": ("selector", selector("tags = { Mirror = null }"), "tags", ["null"]),
    "vpcs-empty": ("selector", selector("vpc_ids = []"), "vpc_ids", ["empty"]),
    "vpc-empty": ("selector", selector('vpc_ids = [""]'), "vpc_ids", ["empty"]),
    "vpc-twice": ("selector", selector('vpc_ids = ["vpc-1", "vpc-1"]'), "vpc_ids", ["vpc-1"]),
    "subnets-empty": ("selector", selector("subnet_ids = []"), "subnet_ids", ["empty"]),
    "subnet-null": ("selector", selector("subnet_ids = [null]"), "subnet_ids", ["null"]),
    "selector-and-selection": (
        None, "selection = data.mirror_interfaces.good.selection", "", ["selector", "selection"]
    ),
    "selection-empty": ("selector", 'selection = ""', "selection", []),
    "selection-garbage": ("selector", 'selection = "garbage"', "selection", ["mirror_interfaces"]),
    "selection-of-another-kind": ("selector", "selection = jsonencode({ a = 1 })", "selection", ["mirror_interfaces"]),
    "tag-key-reserved": (None, 'tags = { "mirror:coverage-id" = "x" }', "tags", ["mirror:coverage-id"]),
    "tag-key-of-aws": (None, 'tags = { "aws:x" = "x" }', "tags", ["aws:"]),
    "tags-null-value": (None, "tags = { a = null }", "tags", ["null"]),
    "region-empty": (None, 'region = ""', "region", ["region"]),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_coverage_argument(workspace, sandbox, fleet, case):
    left_out, put_in, underlined, words = ARGUMENTS[case]
    hcl = coverage_without(fleet, left_out, put_in) if left_out else coverage(fleet, put_in)
    pinned = f'data "mirror_interfaces" "good" {{\n  {TAGGED}\n}}\n'
    workspace.configure(sandbox.provider(), hcl, pinned)
    expect_one_error(workspace.core, workspace.try_plan(), underlined, words)
    assert workspace.try_apply().code == 1
    assert sandbox.changing_calls() == []


DATA = {
    "interfaces-without-selector": ('data "mirror_interfaces" "x" {}', "", ["selector"]),
    "interfaces-empty-selector": ('data "mirror_interfaces" "x" {\n  selector {\n  }\n}', "selector", ["empty"]),
    "interfaces-empty-tags": (
        'data "mirror_interfaces" "x" {\n  selector {\n    tags = {}\n  }\n}', "tags", ["empty"],
    ),
    "audit-without-selector": ('data "mirror_audit" "x" {}', "", ["selector"]),
    "audit-empty-selector": ('data "mirror_audit" "x" {\n  selector {\n  }\n}', "selector", ["empty"]),
    "audit-unknown-format": (
        f'data "mirror_audit" "x" {{\n  {TAGGED}\n  formats = ["papyrus"]\n}}', "formats", ["papyrus", "json"],
    ),
    "audit-zone": (
        f'data "mirror_audit" "x" {{\n  {TAGGED}\n  regions = ["us-east-1", "eu-west-1a"]\n}}', "regions", ["eu-west-1a", "eu-west-1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DATA)
def test_data_source_argument(workspace, sandbox, fleet, case):
    hcl, underlined, words = DATA[case]
    workspace.configure(sandbox.provider(), hcl)
    expect_one_error(workspace.core, workspace.try_plan(), underlined, words)


@pytest.mark.spine
def test_validate_needs_no_network(workspace, sandbox, fleet):
    nowhere = sandbox.provider(endpoint='"http://127.0.0.1:1"', access_key=None, secret_key=None)
    workspace.configure(nowhere, coverage(fleet))
    workspace.run("validate", "-no-color").succeed()
    workspace.configure(nowhere, coverage(fleet, "session_number = 0"))
    result = workspace.run("validate", "-no-color")
    assert result.code == 1 and "32766" in result.text


def expect_one_error(core, result, underlined, words):
    assert result.code == 1, result.readable()
    assert len(result.errors) == 1, result.readable()
    (error,) = result.errors
    if underlined != "selector" or core.has("underlined_block"):
        assert underlined in error.code, f"points at `{error.code}`\n{error}"
    for word in words:
        assert word.lower() in error.text.lower(), error
    assert error.detail.strip(), "a title alone does not help"
    assert "panic" not in error.text and "Plugin did not respond" not in error.text


@pytest.mark.parametrize("missing", ["target", "filter"])
def test_an_id_that_does_not_exist(workspace, sandbox, fleet, missing):
    """The shape of an id is EC2's to judge, and its verdict is passed on with its code."""
    hcl = {
        "target": coverage(fleet, targets='["anything at all"]'),
        "filter": coverage(fleet, filter_id='"tmf-00000000000000000"'),
    }[missing]
    workspace.configure(sandbox.provider(), hcl)
    result = workspace.try_apply()
    assert result.code == 1
    assert sandbox.sessions() == []
    text = " ".join(error.text for error in result.errors)
    assert "Invalid" in text, "AWS's own code"
    assert ("anything at all" if missing == "target" else "tmf-00000000000000000") in text


def test_ids_of_any_shape_select(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector('vpc_ids = ["any shape"]')))
    workspace.apply()
    assert sandbox.sessions() == []
