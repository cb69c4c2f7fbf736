"""`terraform query` finds what a lost state had, and writes the configuration that imports it."""

import json

import pytest

from harness import iam
from harness.hcl import coverage

pytestmark = pytest.mark.needs("query")


def find(workspace, *arguments, config="", more=""):
    """Runs a query; the objects that it found, by what it shows them as."""
    (workspace.directory / "find.tfquery.hcl").write_text(
        'list "mirror_coverage" "all" {\n  provider = mirror\n'
        f"  {more}\n  config {{\n    {config}\n  }}\n}}\n"
    )
    result = workspace.run("query", "-json", *arguments).succeed()
    events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return [event["list_resource_found"] for event in events if event["type"] == "list_resource_found"]


def test_a_lost_state_is_found_and_written_down(workspaces, sandbox, fleet):
    lost = workspaces("lost")
    other = coverage(
        fleet,
        'session_number = 7\n  packet_length = 128\n  description = "by hand"\n  tags = { Team = "security" }',
        label="test",
        name="test",
    )
    lost.configure(sandbox.provider(), coverage(fleet), other)
    lost.apply()
    before = sandbox.sessions()
    sandbox.forget_calls()

    fresh = workspaces("fresh")
    fresh.configure(sandbox.provider())
    found = find(fresh, "-generate-config-out=found.tf")
    assert sorted(one["identity"]["name"] for one in found) == ["prod", "test"]
    assert {one["identity"]["region"] for one in found} == {sandbox.region}
    written = (fresh.directory / "found.tf").read_text()
    assert written.count("import {") == 2
    assert all(interface in written for interface in fleet.tagged_interfaces())

    plan = fresh.try_plan("-detailed-exitcode")
    assert plan.code == 2, plan.readable()
    (summary,) = [json.loads(line) for line in plan.stdout.splitlines() if '"change_summary"' in line]
    changes = summary["changes"]
    assert (changes["import"], changes["add"], changes["change"], changes["remove"]) == (2, 0, 0, 0)
    fresh.apply_saved()
    fresh.assert_empty_plan()
    assert sandbox.changing_calls() == []
    assert sandbox.sessions() == before
    # It is managed again: what drifts is repaired.
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=before[0].id)
    fresh.apply()
    assert len(sandbox.sessions()) == len(before)


def test_what_a_query_asks_for(workspaces, sandbox, fleet):
    lost = workspaces("lost")
    names = ["prod-a", "prod-b", "test"]
    lost.configure(sandbox.provider(), *[coverage(fleet, label=name, name=name) for name in names])
    lost.apply()
    fresh = workspaces("fresh")
    fresh.configure(sandbox.provider())
    # Whoever may plan may ask.
    sandbox.enforce(iam.policy("plan"))

    def found(**arguments):
        return sorted(one["identity"]["name"] for one in find(fresh, **arguments))

    assert found() == names
    assert found(config='name_prefix = "prod-"') == names[:2]
    assert len(found(more="limit = 1")) == 1
    assert found(config='regions = ["us-east-1"]') == []
    assert found(config=f'regions = ["us-east-1", "{sandbox.region}"]') == names
    assert all("resource_object" not in one for one in find(fresh))
    (whole,) = find(fresh, config='name_prefix = "test"', more="include_resource = true")
    assert set(whole["resource_object"]["sessions"]) == fleet.tagged_interfaces()

    (fresh.directory / "find.tfquery.hcl").write_text(
        'list "mirror_coverage" "all" {\n  provider = mirror\n  config {\n    regions = ["nowhere"]\n  }\n}\n'
    )
    assert "Not an AWS region" in fresh.run("query").text


def test_two_of_one_name_are_told_apart(workspaces, sandbox, fleet):
    owners = []
    for name in ("ours", "theirs"):
        one = workspaces(name)
        one.configure(sandbox.provider(), coverage(fleet))
        one.apply()
        owners.append(one.state()["mirror_coverage.prod"]["id"])
    fresh = workspaces("fresh")
    fresh.configure(sandbox.provider())
    assert sorted(one["identity"]["name"] for one in find(fresh)) == sorted(owners)
