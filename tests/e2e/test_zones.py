"""A zone has one id and, from account to account, different names: what is compared are ids."""

import json
import pathlib

import pytest

from harness.sandbox import Sandbox
from harness.sandbox import sandbox as start_sandbox

OTHER_KEY = "AKIASANDBOX000000001"
OTHER_ADMINISTRATOR = "AKIAADMINISTRATOR001"
# Of each account, by the zone's letter as the first one has it; interfaces and targets are named alike.
ZONES = {"euw1-az1": "a", "euw1-az2": "b"}


@pytest.fixture
def sandbox():
    fleet = pathlib.Path(__file__).parent / "fleets" / "zones.yaml"
    with start_sandbox("--fleet", str(fleet), "--no-throttle") as running:
        yield running


@pytest.fixture
def other(sandbox):
    """The same, as the other account sees it."""
    seen = Sandbox(sandbox.url, OTHER_KEY, "sandbox", sandbox.region)
    seen.administrator_key = OTHER_ADMINISTRATOR
    return seen


def coverage(account, selector='tags = { Mirror = "True" }', more=""):
    targets = json.dumps([f"tmt-0aaaaaaaaaaaaa{account}1a", f"tmt-0aaaaaaaaaaaaa{account}1b"])
    provider = "provider = mirror.other" if account == 2 else ""
    return (
        f'resource "mirror_coverage" "of_{account}" {{\n  {provider}\n  name = "of-{account}"\n'
        f"  traffic_mirror_target_ids = {targets}\n  selector {{\n    {selector}\n  }}\n  {more}\n}}\n"
    )


def placed(cloud):
    """Where each session goes, by the letters of both ends."""
    return {(session.interface[-1], session.target[-1]) for session in cloud.sessions()}


def test_the_names_differ(sandbox, other):
    """Or this file would show nothing."""
    def names(cloud):
        return {zone["ZoneId"]: zone["ZoneName"][-1] for zone in cloud.ec2.describe_availability_zones()["AvailabilityZones"]}

    assert names(sandbox) == {"euw1-az1": "a", "euw1-az2": "b", "euw1-az3": "c"}
    assert names(other) == {"euw1-az1": "b", "euw1-az2": "a", "euw1-az3": "c"}


@pytest.mark.spine
@pytest.mark.parametrize("placement", ["same_az", "prefer_same_az"])
def test_each_account_places_in_the_zones_that_there_are(workspace, sandbox, other, placement):
    """In one run; one target is an interface, whose zone is told by id, the other a load balancer, which tells names only."""
    more = f'placement = "{placement}"'
    workspace.configure(
        sandbox.provider(), other.provider(alias="other"), coverage(1, more=more), coverage(2, more=more)
    )
    workspace.apply()
    assert placed(sandbox) == placed(other) == {("a", "a"), ("b", "b")}
    workspace.destroy()


@pytest.mark.spine
def test_an_id_that_one_account_tells_selects_in_the_other(workspace, sandbox, other, core):
    """By id the same zone is meant in both, by name another."""
    workspace.configure(
        sandbox.provider(),
        other.provider(alias="other"),
        'data "mirror_interfaces" "first" {\n  selector {\n    network_interface_ids = ["eni-0eeeeeeeeeeeee11a"]\n  }\n}\n',
        "locals {\n  place = data.mirror_interfaces.first.interfaces[\"eni-0eeeeeeeeeeeee11a\"]\n}\n",
        coverage(1, 'tags = { Mirror = "True" }\n    availability_zones = [local.place.availability_zone_id]'),
        coverage(2, 'tags = { Mirror = "True" }\n    availability_zones = [local.place.availability_zone_id]'),
    )
    workspace.apply()
    assert placed(sandbox) == placed(other) == {("a", "a")}
    by_name = 'tags = { Mirror = "True" }\n    availability_zones = ["eu-west-1a"]'
    workspace.configure(
        sandbox.provider(), other.provider(alias="other"), coverage(1, by_name), coverage(2, by_name)
    )
    workspace.apply()
    assert placed(sandbox) == {("a", "a")} and placed(other) == {("b", "b")}


def test_the_owner_of_the_subnets_sees_the_others_interfaces_where_they_are(workspace, sandbox, other):
    """An interface of a participant, whose instance is not visible, goes to the sensor in its zone."""
    theirs = '["eni-0eeeeeeeeeeeee21a", "eni-0eeeeeeeeeeeee21b"]'
    workspace.configure(
        sandbox.provider(), coverage(1, f"network_interface_ids = {theirs}", 'placement = "same_az"')
    )
    workspace.apply()
    assert placed(sandbox) == {("a", "a"), ("b", "b")}


@pytest.mark.spine
@pytest.mark.parametrize("placement", ["same_az", "prefer_same_az"])
def test_what_another_account_pinned_is_placed_by_the_ids_of_its_zones(workspace, sandbox, other, placement):
    """Where nothing tells the accounts apart: the participant lists its interfaces, by its own names, and the owner mirrors them."""
    skip = {"skip_requesting_account_id": "true", "skip_credentials_validation": "true"}
    pinned = 'selection = data.mirror_interfaces.theirs.selection'
    form = coverage(1, more=f'placement = "{placement}"\n  {pinned}')
    block = form[form.index("  selector {") : form.index("  placement")]
    workspace.configure(
        sandbox.provider(**skip),
        other.provider(alias="other", **skip),
        'data "mirror_interfaces" "theirs" {\n  provider = mirror.other\n  selector {\n    tags = { Mirror = "True" }\n  }\n}\n',
        form.replace(block, ""),
    )
    workspace.apply()
    assert {(session.interface, session.target[-1]) for session in sandbox.sessions()} == {
        ("eni-0eeeeeeeeeeeee21a", "a"), ("eni-0eeeeeeeeeeeee21b", "b")
    }
    workspace.destroy()
