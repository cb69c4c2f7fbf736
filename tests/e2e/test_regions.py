"""One configuration, several regions."""

import json

import pytest

from harness.cloud import OWNER_NAME, tags_of
from harness.fleet import Fleet
from harness.hcl import TAGGED, coverage, coverage_without

PROD = "mirror_coverage.prod"


@pytest.fixture
def overseas(sandbox):
    return Fleet(sandbox.elsewhere("us-east-1"))


@pytest.mark.spine
def test_another_region_is_another_object(workspace, sandbox, fleet, overseas):
    argument = "traffic_mirror_filter_id"

    def own_filters(place):
        found = place.ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
        return [one for one in found if OWNER_NAME in tags_of(one)]

    workspace.configure(sandbox.provider(), coverage_without(fleet, argument))
    workspace.apply()
    old = workspace.state()[PROD]["id"]
    there = 'region = "us-east-1"'
    workspace.configure(sandbox.provider(), coverage_without(overseas, argument, there, 'limits = { max_deletes = "2" }'))
    assert "The plan deletes 3 of 3 sessions" in workspace.try_plan().errors[0].detail
    workspace.configure(sandbox.provider(), coverage_without(overseas, argument, there))
    plan = workspace.plan()
    assert plan.replaces(PROD)
    assert [warning.summary for warning in plan.warnings] == ["Coverage prod: 3 created, 3 deleted, 0 moved"]
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sandbox.sessions() == [] and own_filters(sandbox) == []
    assert {session.interface for session in overseas.cloud.sessions()} == overseas.tagged_interfaces()
    assert len(own_filters(overseas.cloud)) == 1
    assert workspace.state()[PROD]["id"] != old
    assert workspace.state()[PROD]["region"] == "us-east-1"
    workspace.destroy()
    assert overseas.cloud.sessions() == [] and own_filters(overseas.cloud) == []


def test_the_providers_region_changes(workspace, sandbox, fleet, overseas):
    """The region in the state stands until the configuration names another."""
    workspace.configure(sandbox.provider(), coverage(fleet, f'region = "{sandbox.region}"'))
    workspace.apply()
    workspace.configure(sandbox.provider(region='"us-east-1"'), coverage(fleet, f'region = "{sandbox.region}"'))
    workspace.assert_empty_plan()
    workspace.destroy()
    assert sandbox.sessions() == []


def test_two_regions_in_one_run(workspace, sandbox, fleet, overseas):
    data = f'data "mirror_interfaces" "overseas" {{\n  region = "us-east-1"\n  {TAGGED}\n}}\n'
    output = 'output "found" {\n  value = keys(data.mirror_interfaces.overseas.interfaces)\n}\n'
    workspace.configure(
        sandbox.provider(), coverage(fleet), coverage(overseas, 'region = "us-east-1"', label="overseas"), data, output
    )
    workspace.apply()
    found = json.loads(workspace.run("output", "-json", "found").succeed().stdout)
    assert set(found) == overseas.tagged_interfaces()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()
    assert {session.interface for session in overseas.cloud.sessions()} == overseas.tagged_interfaces()


def test_import_from_another_region(workspaces, sandbox, fleet, overseas):
    first, second = workspaces("first"), workspaces("second")
    hcl = coverage(overseas, 'region = "us-east-1"')
    first.configure(sandbox.provider(), hcl)
    first.apply()
    second.configure(sandbox.provider(), hcl)
    assert second.import_(PROD, "prod").code == 1, "the provider's region has none of that name"
    second.import_(PROD, "prod@us-east-1").succeed()
    second.apply()
    assert second.state()[PROD]["id"] == first.state()[PROD]["id"]


@pytest.mark.needs("import_by_identity")
@pytest.mark.parametrize("region", [False, True], ids=["providers-region", "named-region"])
def test_import_by_identity(workspaces, sandbox, overseas, region):
    first, second = workspaces("first"), workspaces("second")
    hcl = coverage(overseas, 'region = "us-east-1"')
    provider = sandbox.provider() if region else sandbox.provider(region='"us-east-1"')
    first.configure(provider, hcl)
    first.apply()
    sandbox.forget_calls()
    more = '\n    region = "us-east-1"' if region else ""
    second.configure(
        provider, hcl, f'import {{\n  to = {PROD}\n  identity = {{\n    name = "prod"{more}\n  }}\n}}\n'
    )
    changes = second.plan().sessions(PROD)
    assert not changes.added and not changes.removed and not changes.changed
    second.apply_saved()
    second.assert_empty_plan()
    assert sandbox.changing_calls() == []
    assert second.state()[PROD]["id"] == first.state()[PROD]["id"]


@pytest.mark.needs("import_by_identity")
@pytest.mark.parametrize(
    ("identity", "word"),
    [
        ('name = "prod"\n    account_id = "999999999999"', "999999999999"),
        ('name = "nobody"', "nobody"),
        ('name = ""', "name"),
    ],
    ids=["another-account", "nobody", "empty"],
)
def test_import_by_an_identity_that_is_none(workspaces, sandbox, fleet, identity, word):
    first, second = workspaces("first"), workspaces("second")
    first.configure(sandbox.provider(), coverage(fleet))
    first.apply()
    second.configure(
        sandbox.provider(), coverage(fleet), f"import {{\n  to = {PROD}\n  identity = {{\n    {identity}\n  }}\n}}\n"
    )
    result = second.try_plan()
    assert result.code == 1
    assert any(word in error.text for error in result.errors)
