"""How many calls a plan makes, and who shares them."""

import collections
import json
import math

import pytest

from harness.hcl import TAGGED, coverage

PAGE = 1000


def count(sandbox):
    return collections.Counter(call.action for call in sandbox.calls())


@pytest.fixture
def settled(workspace, sandbox, fleet):
    """Applies a configuration, and tells what its no-op plan asks."""

    def of(*parts):
        workspace.configure(sandbox.provider(), *parts)
        workspace.apply()
        sandbox.forget_calls()
        workspace.assert_empty_plan()
        assert sandbox.changing_calls() == []
        return count(sandbox)

    return of


@pytest.mark.spine
def test_everything_in_one_plan_shares_what_it_asks(settled, fleet):
    """Two coverages, a data source and an audit cost what one coverage costs, and what the audit alone looks at."""
    data = f'data "mirror_interfaces" "same" {{\n  {TAGGED}\n}}\n\ndata "mirror_audit" "same" {{\n  {TAGGED}\n}}\n'
    one = settled(coverage(fleet))
    more = settled(coverage(fleet), coverage(fleet, label="other", name="other"), data) - one
    # What only the audit looks at.
    assert set(more) <= {"DescribeTrafficMirrorFilters", "DescribeSecurityGroups"} and max(more.values()) == 1


def test_tags_in_any_case_are_one_whole_scan(workspace, sandbox, settled, fleet):
    """EC2's filters know the case, so that all instances are read, once, and judged here."""
    sandbox.tag(fleet.instances["database"], role="DB")
    any_case = 'selector {{\n    tags = {{ {} }}\n    ignore_tag_case = true\n  }}'
    one = coverage(fleet, selector=any_case.format('mirror = "true"'))
    two = coverage(fleet, label="other", name="other", selector=any_case.format('ROLE = "db"'))
    assert settled(one, two) == settled(one)
    scans = [call.parameter("Filters") or [] for call in sandbox.calls("DescribeInstances")]
    names = [{found["Name"] for found in filters} for filters in scans]
    assert {"instance-state-name"} in names and not any("tag" in name for found in names for name in found), names


def test_other_filters_are_another_scan(settled, fleet):
    by_name = 'selector {\n    tags = { Name = "database" }\n  }'
    one = settled(coverage(fleet))
    two = settled(coverage(fleet), coverage(fleet, label="other", name="other", selector=by_name))
    assert two - one == collections.Counter({"DescribeInstances": 1})


def test_what_is_read_after_an_apply_is_read_anew(workspace, sandbox, fleet):
    """The audit waits for the coverage, and sees the sessions that the coverage made."""
    audit = f'data "mirror_audit" "prod" {{\n  {TAGGED}\n  depends_on = [mirror_coverage.prod]\n}}\n'
    workspace.configure(
        sandbox.provider(), coverage(fleet), audit, 'output "compliant" {\n  value = data.mirror_audit.prod.compliant\n}\n'
    )
    workspace.try_apply().succeed()
    assert json.loads(workspace.run("output", "-json", "compliant").succeed().stdout) is True


OF_INTERFACES = 'tags = { Watch = "y" }\n    tag_source = "%s"'


def test_zones_and_types_cost_their_pages(workspace, sandbox, settled, fleet):
    """Three kinds of things are paged: instances, network interfaces, sessions. Beside them there are at most eight calls."""
    many = fleet.launch_many(1100, Kind="x")
    zones = 'availability_zones = ["eu-west-1a", "eu-west-1b"]'
    targets = json.dumps([fleet.balancer_target(), fleet.target])
    for criterion in (f"{zones}\n    instance_types = [\"m5.l*\"]", zones):
        asked = settled(coverage(fleet, selector=f"selector {{\n    {criterion}\n  }}", targets=targets))
        matched = workspace.state()["mirror_coverage.prod"]["summary"]["matched"]
        assert matched >= len(many)
        assert sum(asked.values()) <= 3 * math.ceil(matched / PAGE) + 8, (criterion, asked)


def test_ec2_filters_what_it_can(workspace, sandbox, fleet):
    """Among thousands that are not meant."""
    fleet.launch_many(2500, Kind="x")
    fleet.launch("there", subnet=1, instance_type="c5.xlarge", Kind="y")
    (there,) = fleet.interfaces["there"]
    zone_ids = {zone["ZoneName"]: zone["ZoneId"] for zone in sandbox.ec2.describe_availability_zones()["AvailabilityZones"]}
    zone = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in sandbox.ec2.describe_subnets()["Subnets"]}
    zone = zone[fleet.subnets[1]]
    ids = [fleet.instances["there"], *(f"i-{number:017x}" for number in range(450))]
    interfaces = [there, *(f"eni-{number:017x}" for number in range(450))]
    both = json.dumps([zone_ids[zone], "eu-west-1z"])
    narrow = 'tags = { Kind = "y" }\n    '
    for criteria, calls in (
        (f'{narrow}availability_zones = ["{zone}"]', 2),
        (f"{narrow}availability_zones = {both}", 3),
        ('instance_types = ["c5.*"]', 2),
        ('instance_types = ["m5.24*", "?5.xlarge"]', 2),
        # Of the ids that do not exist EC2 tells, as far as its message goes.
        (f"instance_ids = {json.dumps(ids)}", 4),
        (f"network_interface_ids = {json.dumps(interfaces)}", 4),
    ):
        data = f'data "mirror_interfaces" "it" {{\n  selector {{\n    {criteria}\n  }}\n}}\n'
        output = 'output "found" {\n  value = keys(data.mirror_interfaces.it.interfaces)\n}\n'
        workspace.configure(sandbox.provider(), data, output)
        sandbox.forget_calls()
        workspace.save_plan()
        asked = count(sandbox)
        described = asked["DescribeInstances"] + asked["DescribeNetworkInterfaces"]
        assert described == calls, (criteria, asked)
        workspace.apply_saved()
        found = json.loads(workspace.run("output", "-json", "found").succeed().stdout)
        assert there in found and len(found) < 10, (criteria, found)

    # The warning that tags are on instances costs one page, whatever the number of instances: one call for each kind of thing.
    nothing = f"selector {{\n    {OF_INTERFACES.replace('Watch', 'Kind').replace('y', 'x') % 'network_interface'}\n  }}"
    workspace.configure(sandbox.provider(), coverage(fleet, selector=nothing))
    workspace.apply()
    sandbox.forget_calls()
    assert any("on instances" in warning.summary for warning in workspace.plan().warnings)
    asked = count(sandbox)
    # The other one is about the interface of the target.
    assert asked["DescribeInstances"] == 2 and asked["DescribeNetworkInterfaces"] == 1, asked
    assert sum(asked.values()) <= 3 + 8


# By how they page; whatever selects, there are three kinds of things: instances, network interfaces, sessions.
INSTANCES, INTERFACES, SESSIONS = "DescribeInstances", "DescribeNetworkInterfaces", "DescribeTrafficMirrorSessions"


class Many:
    """Instances alike with one interface each; these have one tag, those another, and half of each a third."""

    def __init__(self, sandbox, fleet, count):
        self.fleet = fleet
        self.interfaces = sorted(fleet.launch_many(count, Mirror="many"))
        only = [{"Name": "tag:Mirror", "Values": ["many"]}]
        pages = sandbox.ec2.get_paginator("describe_instances").paginate(Filters=only)
        described = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
        by_interface = {i["NetworkInterfaces"][0]["NetworkInterfaceId"]: i["InstanceId"] for i in described}
        self.instances = [by_interface[interface] for interface in self.interfaces]
        half = count // 2
        self._tag(sandbox, self.interfaces, Watch="y")
        self._tag(sandbox, self.interfaces[:half] + self.instances[half:], Half="y")
        self.groups = [group["GroupId"] for group in sandbox.ec2.describe_security_groups()["SecurityGroups"]]
        # The dearest form: beside an interface a load balancer that is not in all zones, and a filter of the coverage's own.
        self.targets = json.dumps([fleet.narrow_balancer_target("narrow"), fleet.target])

    @staticmethod
    def _tag(sandbox, resources, **tags):
        for first in range(0, len(resources), PAGE):
            sandbox.tag(*resources[first : first + PAGE], **tags)

    def ways(self):
        """Name: (what selects them, what is paged beside the sessions)."""
        tagged = 'tags = { Mirror = "many" }'
        both = {INSTANCES, INTERFACES}
        return {
            "tags of instances": (tagged, {INSTANCES}),
            "instances by id": (f"instance_ids = {json.dumps(self.instances)}", {INSTANCES}),
            "primary_only": (f"{tagged}\n    primary_only = true", {INSTANCES}),
            "interfaces by id": (f"network_interface_ids = {json.dumps(self.interfaces)}", both),
            "tags of interfaces": (OF_INTERFACES % "network_interface", both),
            "either, all by their own": (OF_INTERFACES % "either", both),
            "either, half and half": ('tags = { Half = "y" }\n    tag_source = "either"', both),
            "subnets": (f"subnet_ids = {json.dumps(self.fleet.subnets)}", both),
            "VPC": (f'vpc_ids = ["{self.fleet.vpc}"]', both),
            "groups": (f"security_group_ids = {json.dumps(self.groups)}", both),
            "pinned": (tagged, {INSTANCES}),
        }

    def configuration(self, way):
        criteria, _ = self.ways()[way]
        selector = f"selector {{\n    {criteria}\n  }}"
        selection = "selection = data.mirror_interfaces.many.selection" if way == "pinned" else selector
        pin = f'data "mirror_interfaces" "many" {{\n  {selector}\n}}\n' if way == "pinned" else ""
        arguments = f'name = "prod"\n  traffic_mirror_target_ids = {self.targets}\n  {selection}'
        return pin, f'resource "mirror_coverage" "prod" {{\n  {arguments}\n}}\n'


def expect_pages(workspace, sandbox, many, ways):
    """One page of a thousand is a call, of interfaces that services manage one for all; beside the pages there are at most eight."""
    for way in ways:
        workspace.configure(sandbox.provider(), *many.configuration(way))
        workspace.try_apply().succeed()
        sandbox.forget_calls()
        workspace.assert_empty_plan()
        assert sandbox.changing_calls() == []
        asked = count(sandbox)
        matched = workspace.state()["mirror_coverage.prod"]["summary"]["matched"]
        assert matched >= len(many.interfaces), way
        pages = math.ceil(matched / PAGE)
        _, paged = many.ways()[way]
        assert {kind for kind in (INSTANCES, INTERFACES, SESSIONS) if asked[kind] >= pages} >= paged, (way, asked)
        # One of what services manage, where the interfaces themselves were not asked for.
        limit = (1 + len(paged)) * pages + 8 + (INTERFACES not in paged)
        # Instances that have the tags themselves are asked for too, and here there is none.
        limit += way == "either, all by their own"
        assert sum(asked.values()) <= limit, (way, asked)
        assert asked["DescribeLoadBalancerAttributes"] == asked["DescribeTrafficMirrorFilters"] == 1, "it is the dearest"


def test_every_way_of_selecting_costs_its_pages(workspace, sandbox, fleet):
    many = Many(sandbox, fleet, 2000)
    expect_pages(workspace, sandbox, many, many.ways())


def test_ten_thousand_interfaces_cost_what_their_pages_cost(workspace, sandbox, fleet):
    """At most 38: the cheapest way and the dearest."""
    # With the small fleet in the same subnets they are fewer than ten thousand.
    many = Many(sandbox, fleet, 9_990)
    for way, calls in (("tags of instances", 29), ("subnets", 38)):
        expect_pages(workspace, sandbox, many, [way])
        assert sum(count(sandbox).values()) == calls
