"""One configuration, several regions."""

import json

import pytest

from harness.fleet import Fleet
from harness.hcl import TAGGED, coverage

PROD = "mirror_coverage.prod"


@pytest.fixture
def overseas(sandbox):
    return Fleet(sandbox.elsewhere("us-east-1"))


@pytest.mark.spine
def test_another_region_is_another_object(workspace, sandbox, fleet, overseas):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    old = workspace.state()[PROD]["id"]
    workspace.configure(sandbox.provider(), coverage(overseas, 'region = "us-east-1"'))
    plan = workspace.plan()
    assert plan.replaces(PROD)
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sandbox.sessions() == []
    assert {session.interface for session in overseas.cloud.sessions()} == overseas.tagged_interfaces()
    assert workspace.state()[PROD]["id"] != old
    assert workspace.state()[PROD]["region"] == "us-east-1"
    workspace.destroy()
    assert overseas.cloud.sessions() == []


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
    more = '\n    region = "us-east-1"' if region else ""
    second.configure(
        provider, hcl, f'import {{\n  to = {PROD}\n  identity = {{\n    name = "prod"{more}\n  }}\n}}\n'
    )
    changes = second.plan().sessions(PROD)
    assert not changes.added and not changes.removed and not changes.changed
    second.apply_saved()
    second.assert_empty_plan()
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
