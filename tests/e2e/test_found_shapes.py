"""Whatever a lost configuration said, what `terraform query` writes down imports, changes nothing, and is empty then."""

import json

import pytest

from harness.cloud import OWNER_NAME
from harness.fleet import Fleet
from harness.hcl import coverage, coverage_without
from harness.query import assert_takes_over, write_down

pytestmark = pytest.mark.needs("query")

PROD = "mirror_coverage.prod"


def both_targets(fleet):
    return json.dumps([fleet.target, fleet.other_target])


def picked(fleet):
    """An override whose tags are on one of the instances."""
    fleet.cloud.tag(fleet.instances["web-1"], MF=fleet.other_filter, MT=fleet.other_target)
    rule = {"target_tag": "MT", "target_ids": [fleet.other_target], "filter_tag": "MF", "filter_ids": [fleet.other_filter]}
    return "override = " + json.dumps(rule).replace('":', '" =')


def owned(fleet, *more):
    return coverage_without(fleet, "traffic_mirror_filter_id", *more)


def owners(fleet):
    fleet.cloud.tag(fleet.instances["web-1"], Owner="ann", Stage="live")
    fleet.cloud.tag(fleet.instances["web-2"], Owner="${bob}")


def copied(fleet):
    owners(fleet)
    return coverage(fleet, 'copy_tags = ["Owner", "Stage", "Name"]', 'tags = { Team = "%%{security}", Empty = "" }')


# The lost configuration.
SHAPES = {
    "plain": coverage,
    "override": lambda fleet: coverage(fleet, picked(fleet)),
    "override and a filter of its own": lambda fleet: owned(fleet, picked(fleet)),
    "two targets": lambda fleet: coverage(fleet, 'placement = "balanced"', targets=both_targets(fleet)),
    "one zone": lambda fleet: coverage(fleet, 'placement = "same_az"', targets=both_targets(fleet)),
    "packet length": lambda fleet: coverage(fleet, "packet_length = 128"),
    "the length of a load balancer": lambda fleet: coverage(fleet, "packet_length = 8500"),
    "a load balancer": lambda fleet: coverage(fleet, targets=json.dumps([fleet.balancer_target()])),
    "a load balancer and an interface": lambda fleet: coverage(
        fleet, 'placement = "balanced"', targets=json.dumps([fleet.balancer_target(), fleet.target])
    ),
    "virtual network": lambda fleet: coverage(fleet, "virtual_network_id = 77"),
    "virtual networks": lambda fleet: coverage(fleet, "virtual_network_id_range = {\n    first = 100\n    last  = 200\n  }"),
    "session number": lambda fleet: coverage(fleet, "session_number = 32766"),
    "one description": lambda fleet: coverage(fleet, 'description = "{{all}} $${{of}} %%{{it}} \\"x\\" \\\\ é"'),
    "descriptions": lambda fleet: coverage(fleet, 'description = "{instance_name}: {network_interface_id}"'),
    "names": lambda fleet: coverage(fleet, 'name_tag = "mirror of {instance_name}"'),
    "copied tags": copied,
    "copied tags and a filter of its own": lambda fleet: owners(fleet) or owned(fleet, 'copy_tags = ["Owner"]', 'tags = { A = "b" }'),
    "a filter of its own": owned,
    "off": lambda fleet: owned(fleet, "enabled = false"),
    "limits": lambda fleet: coverage(fleet, 'limits = { max_sessions = "3", max_deletes = "0", max_sources_per_target = "3" }'),
    "everything": lambda fleet: owned(
        fleet,
        picked(fleet),
        "session_number = 9",
        "packet_length = 100",
        "virtual_network_id = 5",
        'description = "of {instance_id}"',
        'name_tag = "n"',
        'copy_tags = ["Mirror"]',
        'tags = { A = "b" }',
        "timeouts {\n    create = \"1h\"\n  }",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_the_configuration_said(workspaces, sandbox, fleet, shape):
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), SHAPES[shape](fleet))
    lost.apply()
    fresh, _ = write_down(workspaces, sandbox.provider())
    assert_takes_over(fresh, sandbox, 1)
    (row,) = fresh.state().values()
    assert row["id"] == lost.state()["mirror_coverage.prod"]["id"]
    # It is whole: what it made, it can take away.
    fresh.destroy()
    assert sandbox.sessions() == []


# What somebody did to the sessions since, one of them or all.
HANDS = {
    "a target": lambda fleet, one: {"TrafficMirrorTargetId": fleet.other_target},
    "a filter": lambda fleet, one: {"TrafficMirrorFilterId": fleet.other_filter},
    "a length": lambda fleet, one: {"PacketLength": 8500},
    "a number": lambda fleet, one: {"SessionNumber": 4000},
    "a virtual network": lambda fleet, one: {"VirtualNetworkId": 4711},
    "a description": lambda fleet, one: {"Description": "by hand"},
    "no description": lambda fleet, one: {"RemoveFields": ["description"]},
}


@pytest.mark.parametrize("what", HANDS)
@pytest.mark.parametrize("how_many", [1, 3])
def test_whatever_somebody_did_since(workspaces, sandbox, fleet, what, how_many):
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), coverage(fleet, 'description = "as made"'))
    lost.apply()
    for session in sandbox.sessions()[:how_many]:
        sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session.id, **HANDS[what](fleet, session))
    fresh, _ = write_down(workspaces, sandbox.provider())
    assert_takes_over(fresh, sandbox, 1)


@pytest.mark.parametrize("how_many", [1, 3])
@pytest.mark.parametrize("key", ["Stray", "mirror:stray", "Name"])
def test_whatever_somebody_tagged_since(workspaces, sandbox, fleet, key, how_many):
    """A key that no argument can write is among them."""
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), coverage(fleet))
    lost.apply()
    for session in sandbox.sessions()[:how_many]:
        sandbox.tag(session.id, **{key: "by hand"})
    fresh, _ = write_down(workspaces, sandbox.provider())
    assert_takes_over(fresh, sandbox, 1)


def test_tags_of_the_provider_block(workspaces, sandbox, fleet):
    """They are no arguments of the coverage, and what is ignored is nobody's business."""
    provider = sandbox.provider().rstrip().removesuffix("}")
    provider += '  default_tags {\n    tags = { Team = "x" }\n  }\n  ignore_tags {\n    keys = ["Stray"]\n  }\n}\n'
    lost = workspaces("lost")
    lost.configure(provider, owned(fleet, 'tags = { A = "b" }'))
    lost.apply()
    for session in sandbox.sessions()[:2]:
        sandbox.tag(session.id, Stray="somebody's")
    fresh, warnings = write_down(workspaces, provider)
    assert warnings == []
    assert "Team" not in (fresh.directory / "found.tf").read_text()
    assert_takes_over(fresh, sandbox, 1)


def test_regions_prefix_and_limit(workspaces, sandbox, fleet):
    overseas = Fleet(sandbox.elsewhere("us-east-1"))
    lost = workspaces("lost")
    there = 'region = "us-east-1"'
    lost.configure(
        sandbox.provider(),
        coverage(fleet),
        coverage(fleet, label="test", name="test"),
        coverage(overseas, there, label="overseas"),
        coverage_without(overseas, "traffic_mirror_filter_id", there).replace('"prod"', '"prod-own"'),
    )
    lost.apply()
    regions = f'regions = ["us-east-1", "{sandbox.region}"]'
    prefixed = f'{regions}\n    name_prefix = "prod"'
    fresh, _ = write_down(workspaces, sandbox.provider(), "prefixed", prefixed)
    assert_takes_over(fresh, sandbox, 3, [overseas.cloud])
    found = sorted((state["name"], state["region"]) for state in fresh.state().values())
    assert found == [("prod", sandbox.region), ("prod", "us-east-1"), ("prod-own", "us-east-1")]
    fresh, _ = write_down(workspaces, sandbox.provider(), "limited", regions, "limit = 1")
    assert_takes_over(fresh, sandbox, 1, [overseas.cloud])


def test_nothing_to_find(workspaces, sandbox, fleet):
    fresh, warnings = write_down(workspaces, sandbox.provider())
    assert warnings == []
    fresh.assert_empty_plan()


def test_a_thousand_sessions(workspaces, sandbox, fleet):
    fleet.launch_many(1000, Mirror="many")
    many = coverage(
        fleet, selector='selector {\n    tags = { Mirror = "many" }\n  }', targets=json.dumps([fleet.balancer_target()])
    )
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), many)
    lost.apply()
    fresh, _ = write_down(workspaces, sandbox.provider())
    assert_takes_over(fresh, sandbox, 1)
    assert len(sandbox.sessions()) == 1000


@pytest.mark.parametrize("changed", ["other", None], ids=["another name", "no name"])
def test_a_name_that_somebody_changed_on_one_session_is_put_right(workspaces, sandbox, fleet, changed):
    """Its name is what most marks say, and not what the first one does."""
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), coverage(fleet))
    lost.apply()
    first = min(session.id for session in sandbox.sessions())
    if changed:
        sandbox.tag(first, **{OWNER_NAME: changed})
    else:
        sandbox.untag(first, key=OWNER_NAME)
    fresh, _ = write_down(workspaces, sandbox.provider())
    fresh.apply()
    assert {session.tags[OWNER_NAME] for session in sandbox.sessions()} == {"prod"}
    assert {session.owner for session in sandbox.sessions()} == {lost.state()[PROD]["id"]}


def test_a_coverage_without_any_name_is_found(workspaces, sandbox, fleet):
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), coverage(fleet))
    lost.apply()
    before = {session.interface: session.id for session in sandbox.sessions()}
    for session in before.values():
        sandbox.untag(session, key=OWNER_NAME)
    identity = lost.state()[PROD]["id"]
    fresh, _ = write_down(workspaces, sandbox.provider())
    fresh.apply()
    assert {session.interface: session.id for session in sandbox.sessions()} == before
    assert {(session.owner, session.tags[OWNER_NAME]) for session in sandbox.sessions()} == {
        (identity, identity.replace("mc-", "unnamed-"))
    }
