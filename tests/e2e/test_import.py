"""An import of what one configuration made, into the same configuration: nothing is changed by it."""

import json

import pytest

from harness.hcl import coverage, coverage_without

PROD = "mirror_coverage.prod"

# What the configuration says beside the usual.
SHAPES = {
    "copies": ('copy_tags = ["Name", "Mirror"]', 'tags = { A = "b" }', "session_number = 5"),
    "texts": ('description = "of {instance_id}"', 'name_tag = "n-{instance_id}"', "packet_length = 100"),
    "braces": ('description = "{{all}} of it"', "virtual_network_id = 77"),
    "range": ("virtual_network_id_range = {\n    first = 100\n    last  = 200\n  }",),
}


def import_and_apply(workspaces, sandbox, provider, block, selected):
    """Imports into the configuration that made it; the state right after the import, and the workspace."""
    second = workspaces("second")
    second.configure(provider, block)
    before = sandbox.sessions()
    sandbox.forget_calls()
    second.import_(PROD, "prod").succeed()
    imported = second.state()[PROD]
    chosen = imported["selector"][0]["network_interface_ids"] if imported["selector"] else []
    assert set(chosen) == selected, "EC2 knows the interfaces and not the selector"
    # The first apply writes down what the configuration says and EC2 does not; no session is touched by it.
    second.apply()
    assert sandbox.changing_calls() == []
    assert sandbox.sessions() == before
    return imported, second


@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_shapes_the_sessions(workspaces, sandbox, fleet, shape):
    provider = sandbox.provider().rstrip().removesuffix("}")
    provider += '  default_tags {\n    tags = { Team = "x" }\n  }\n  ignore_tags {\n    keys = ["Stray"]\n  }\n}\n'
    first = workspaces("first")
    first.configure(provider, coverage(fleet, *SHAPES[shape]))
    first.apply()
    sandbox.tag(sandbox.sessions()[0].id, Stray="somebody's")
    imported, _ = import_and_apply(workspaces, sandbox, provider, coverage(fleet, *SHAPES[shape]), fleet.tagged_interfaces())
    assert imported["tags_all"]["Team"] == "x" and "Stray" not in imported["tags_all"]
    if shape == "copies":
        # The same on all sessions, a copy cannot be told from a tag. The Name is left alone anyway.
        assert imported["copy_tags"] is None and imported["tags"] == {"A": "b", "Mirror": "True"}


@pytest.mark.parametrize("more", [(), ("enabled = false",)], ids=["with-sessions", "disabled"])
def test_one_that_owns_its_filter(workspaces, sandbox, fleet, more):
    block = coverage_without(fleet, "traffic_mirror_filter_id", *more)
    first = workspaces("first")
    first.configure(sandbox.provider(), block)
    first.apply()
    selected = set() if more else fleet.tagged_interfaces()
    imported, _ = import_and_apply(workspaces, sandbox, sandbox.provider(), block, selected)
    assert imported["traffic_mirror_filter_id"] is None and imported["filter_id"].startswith("tmf-")
    assert imported["enabled"] is (False if more else None)


def test_one_whose_tags_pick(workspaces, sandbox, fleet):
    sandbox.tag(fleet.instances["web-1"], MF=fleet.other_filter, MT=fleet.other_target)
    rule = {
        "filter_tag": "MF",
        "filter_ids": [fleet.other_filter],
        "target_tag": "MT",
        "target_ids": [fleet.other_target],
    }
    block = coverage(fleet, f"override = {json.dumps(rule)}".replace('":', '" ='))
    first = workspaces("first")
    first.configure(sandbox.provider(), block)
    first.apply()
    _, second = import_and_apply(workspaces, sandbox, sandbox.provider(), block, fleet.tagged_interfaces())
    # The tag decides as before.
    sandbox.untag(fleet.instances["web-1"], key="MF")
    second.apply()
    assert {session.filter for session in sandbox.sessions()} == {fleet.filter}


def test_lengths_that_differ(workspaces, sandbox, fleet):
    first = workspaces("first")
    first.configure(sandbox.provider(), coverage(fleet))
    first.apply()
    changed = sandbox.sessions()[0].id
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=changed, PacketLength=200)
    imported, _ = import_and_apply(
        workspaces, sandbox, sandbox.provider(), coverage(fleet), fleet.tagged_interfaces()
    )
    assert imported["packet_length"] is None
