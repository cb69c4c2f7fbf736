"""What a plan that changes nothing asks, call by call, for each form of a coverage: its pages, and at most eight calls beside them."""

import collections
import json
import pathlib

import pytest
import yaml

from harness.fleet import Fleet
from harness.hcl import TAGGED, coverage, coverage_without
from harness.sandbox import sandbox as start_sandbox

# A small fleet is one page of each: the instances, the interfaces that services manage, the sessions.
PAGES = collections.Counter(["DescribeInstances", "DescribeNetworkInterfaces", "DescribeTrafficMirrorSessions"])
# Whatever the form. The owners of the interfaces that any target of the account has are sensors, and so is what is registered
# behind its load balancer.
ALWAYS = ("GetCallerIdentity", "DescribeTrafficMirrorTargets", "DescribeInstances")
SENSORS = ("DescribeTargetGroups", "DescribeTargetHealth")
PLACED = ("DescribeLoadBalancers",)
CROSSING = ("DescribeLoadBalancerAttributes",)
OWNED = ("DescribeTrafficMirrorFilters",)


@pytest.fixture
def no_op(workspace, sandbox):
    """What the plan asks that follows an apply of these parts, and changes nothing."""

    def of(*parts):
        workspace.configure(sandbox.provider(), *parts)
        workspace.apply()
        assert sandbox.sessions("prod"), "the form covers something"
        sandbox.forget_calls()
        workspace.assert_empty_plan()
        assert sandbox.changing_calls() == []
        return collections.Counter(call.action for call in sandbox.calls())

    return of


def expect(asked, *beside, pages=PAGES, most=8):
    assert asked == pages + collections.Counter(beside), (asked - pages, beside)
    assert len(beside) <= most


@pytest.fixture
def two_zones(fleet):
    """In each zone there is a source."""
    fleet.launch("web-b", subnet=1, Mirror="True")


def ids(*targets):
    return json.dumps(targets)


ARGUMENTS = {
    "none": "",
    "same_az": 'placement = "same_az"',
    "balanced": 'placement = "balanced"',
    "numbers": "session_number = 7\n  virtual_network_id_range = { first = 100, last = 200 }",
    "texts": 'copy_tags = ["Name"]\n  description = "of {instance_name}"\n  tags = { Team = "security" }',
    "adopt": 'adopt = { descriptions = ["by hand"] }\n  limits = { max_creates = "10", max_deletes = "10%" }',
    "preflight": "preflight_dry_run = true\n  allow_partial = true",
}


@pytest.mark.parametrize("more", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_that_cost_nothing(no_op, fleet, two_zones, more):
    """Beside a load balancer in all zones and a sensor in each: the first placement is that of the load balancer."""
    both = ids(fleet.balancer_target(), fleet.target)
    expect(no_op(coverage(fleet, more, targets=both)), *ALWAYS, *SENSORS, *PLACED)


def test_interfaces_as_targets(no_op, fleet, two_zones):
    """What others send to them is told by the listing of sessions."""
    expect(no_op(coverage(fleet, targets=ids(fleet.target, fleet.other_target))), *ALWAYS, *SENSORS)


def test_an_owned_filter_is_one_call_more(no_op, fleet, two_zones):
    expect(no_op(coverage_without(fleet, "traffic_mirror_filter_id")), *ALWAYS, *SENSORS, *OWNED)


def test_override(no_op, sandbox, fleet, two_zones):
    """Targets that a tag may name are listed ones, filters that a tag may name are not looked at."""
    sandbox.tag(fleet.instances["web-1"], Where=fleet.other_target, What=fleet.other_filter)
    rule = (
        f'override = {{\n    target_tag = "Where"\n    target_ids = {ids(fleet.other_target, fleet.balancer_target())}\n'
        f'    filter_tag = "What"\n    filter_ids = {ids(fleet.other_filter)}\n  }}'
    )
    expect(no_op(coverage(fleet, rule)), *ALWAYS, *SENSORS, *PLACED)
    assert sandbox.session_on(fleet.interfaces["web-1"][0]).target == fleet.other_target


def test_the_dearest_form(no_op, fleet, two_zones):
    """An interface and a load balancer that stands in one zone only, and a filter of its own: eight."""
    narrow = fleet.narrow_balancer_target("narrow")
    for more in ("", 'placement = "balanced"'):
        form = coverage_without(fleet, "traffic_mirror_filter_id", more)
        form = form.replace(ids(fleet.target), ids(fleet.target, narrow))
        expect(no_op(form), *ALWAYS, *SENSORS, *PLACED, *CROSSING, *OWNED)


def test_a_zone_without_sources_is_not_looked_up(no_op, sandbox, fleet, two_zones):
    """The load balancer stands where no source is."""
    narrow = fleet.narrow_balancer_target("narrow", subnet=1)
    here = f'selector {{\n    tags = {{ Mirror = "True" }}\n    subnet_ids = ["{fleet.subnets[0]}"]\n  }}'
    form = coverage(fleet, selector=here, targets=ids(fleet.target, narrow))
    expect(no_op(form), *ALWAYS, *SENSORS, *PLACED, *CROSSING)
    assert {session.target for session in sandbox.sessions("prod")} == {fleet.target}


def test_several_load_balancers(no_op, fleet, two_zones):
    """One call describes them, one lists all target groups. Attributes are told of one at a time, and so is health."""
    everywhere = fleet.balancer_target()
    narrow = [fleet.narrow_balancer_target(f"narrow-{number}", number) for number in range(2)]
    form = coverage(fleet, targets=ids(everywhere, *narrow))
    expect(no_op(form), *ALWAYS, *SENSORS, *PLACED, *CROSSING * 2)


def test_sensors_by_address(no_op, sandbox, fleet, two_zones):
    """Whose the addresses of all groups are is a call for each kind of address; health is told of one group at a time."""
    sensors = [fleet.launch(f"sensor-{number}") for number in range(2)]
    described = sandbox.ec2.describe_instances(InstanceIds=sensors)["Reservations"]
    elb = sandbox.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    for port, found in enumerate(described, 4790):
        kind = {"Protocol": "UDP", "Port": port, "VpcId": fleet.vpc, "TargetType": "ip"}
        (group,) = elb.create_target_group(Name=f"by-address-{port}", **kind)["TargetGroups"]
        forward = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
        elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="UDP", Port=port, DefaultActions=[forward])
        address = found["Instances"][0]["PrivateIpAddress"]
        elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": address}])
    form = coverage(fleet, targets=ids(fleet.target, fleet.balancer_target()))
    further = ("DescribeTargetHealth", "DescribeTargetHealth", "DescribeNetworkInterfaces")
    expect(no_op(form), *ALWAYS, *SENSORS, *PLACED, *further, most=9)


def test_blocks_share_what_they_ask(no_op, fleet, two_zones):
    """Filters that EC2 sees alike are one scan, other filters are another."""
    primary = TAGGED.replace("\n  }", "\n    primary_only = true\n  }")
    other = TAGGED.replace('Mirror = "True"', 'Name = "database"')
    out = other.replace("selector", "exclude")
    alike = coverage(fleet, selector=f"{TAGGED}\n  {primary}\n  {out}")
    expect(no_op(alike), *ALWAYS, *SENSORS)
    further = PAGES + collections.Counter({"DescribeInstances": 1})
    expect(no_op(coverage(fleet, selector=f"{TAGGED}\n  {other}")), *ALWAYS, *SENSORS, pages=further)


def test_a_pinned_selection(no_op, fleet, two_zones):
    data = f'data "mirror_interfaces" "prod" {{\n  {TAGGED}\n}}\n'
    pinned = coverage(fleet, "selection = data.mirror_interfaces.prod.selection", selector="")
    expect(no_op(data, pinned), *ALWAYS, *SENSORS)


class TestElsewhere:
    """In a VPC of several accounts, and to a target of another one."""

    @pytest.fixture
    def sandbox(self, request):
        fleet = pathlib.Path(__file__).parent / "fleets" / request.param
        with start_sandbox("--fleet", str(fleet), "--no-throttle") as running:
            yield running

    @pytest.mark.parametrize("sandbox", ["shared_vpc.yaml"], indirect=True)
    def test_a_shared_vpc(self, no_op, sandbox):
        """The interfaces are asked for themselves; their instances, where there are any to be seen, by id."""
        fleet = Fleet(sandbox)
        selector = f"selector {{\n    vpc_ids = [\"{fleet.vpc}\"]\n  }}"
        expect(no_op(coverage_without(fleet, "selector", selector)), *ALWAYS)

    @pytest.mark.parametrize("sandbox", ["shared_targets.yaml"], indirect=True)
    def test_a_shared_target(self, no_op, sandbox):
        """Of what another account shares nothing more can be asked."""
        expect(no_op(coverage(Fleet(sandbox), targets=ids("tmt-0aaaaaaaaaaaaaaa1"))), *ALWAYS)

    @pytest.mark.parametrize("sandbox", ["gateway.yaml"], indirect=True)
    def test_an_endpoint(self, no_op, sandbox):
        """The endpoint and its subnet, in place of a load balancer."""
        form = coverage_without(Fleet(sandbox), "traffic_mirror_filter_id")
        endpoint = ("DescribeVpcEndpoints", "DescribeSubnets")
        both = form.replace("ids = [", 'ids = ["tmt-0aaaaaaaaaaaaaaa9", ')
        expect(no_op(both), *ALWAYS, *SENSORS, *endpoint, *OWNED)


    @pytest.mark.parametrize("sandbox", ["gateway.yaml"], indirect=True)
    def test_an_endpoint_beside_load_balancers(self, no_op, sandbox):
        """More than eight: the endpoint and its subnet beside all that the dearest form of load balancers asks, and health of another group."""
        fleet = Fleet(sandbox)
        fleet.launch("web-b", subnet=1, Mirror="True")
        narrow = fleet.narrow_balancer_target("narrow")
        elb = sandbox.client("elbv2")
        (group,) = elb.create_target_group(Name="sensors", Protocol="UDP", Port=4789, VpcId=fleet.vpc)["TargetGroups"]
        (balancer,) = elb.describe_load_balancers(Names=["narrow"])["LoadBalancers"]
        forward = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
        elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="UDP", Port=4789, DefaultActions=[forward])
        form = coverage_without(fleet, "traffic_mirror_filter_id")
        form = form.replace("ids = [", f'ids = ["tmt-0aaaaaaaaaaaaaaa9", "{narrow}", ')
        endpoint = ("DescribeVpcEndpoints", "DescribeSubnets")
        health = "DescribeTargetHealth"
        asked = [*ALWAYS, *SENSORS, health, *PLACED, *CROSSING, *endpoint, *OWNED]
        expect(no_op(form), *asked, most=11)


OTHER = "444455556666"


class TestOthersLoad:
    """An account whose targets many others use: what they send takes more pages than the account's own sessions."""

    TARGETS = 201

    @pytest.fixture
    def sandbox(self, tmp_path):
        place = {"subnet_id": "subnet-0bbbbbbbbbbbbbb1a"}
        sensors = [f"eni-1{number:016x}" for number in range(self.TARGETS)]
        sources = [f"eni-2{number:016x}" for number in range(1100)]
        self.targets = [f"tmt-1{number:016x}" for number in range(self.TARGETS)]
        balancer, everything = "tmt-00000000000000001", "tmf-00000000000000001"
        # All send to the load balancer, and one to the last of the interfaces.
        sessions = [(source, balancer, 1) for source in sources] + [(sources[0], self.targets[-1], 2)]
        region = {
            "vpcs": [{"id": "vpc-0aaaaaaaaaaaaaaa1", "cidr_block": "10.0.0.0/12"}],
            "subnets": [
                {"id": place["subnet_id"], "vpc_id": "vpc-0aaaaaaaaaaaaaaa1", "availability_zone": "eu-west-1a",
                 "cidr_block": "10.0.0.0/16", "shared_with": [OTHER]},
            ],
            "instances": [
                *({**place, "network_interfaces": [{"id": sensor}]} for sensor in sensors),
                *({**place, "owner": OTHER, "network_interfaces": [{"id": source}]} for source in sources),
                {**place, "tags": {"Mirror": "True"}, "count": 2},
            ],
            "load_balancers": [{"name": "hub", "type": "network", "subnet_ids": [place["subnet_id"]]}],
            "traffic_mirror_targets": [
                {"id": balancer, "network_load_balancer": "hub", "shared_with": [OTHER]},
                *(
                    {"id": target, "network_interface_id": sensor, "shared_with": [OTHER]}
                    for target, sensor in zip(self.targets, sensors)
                ),
            ],
            "traffic_mirror_filters": [
                {"id": everything, "accept_all": True},
                {"id": "tmf-00000000000000002", "accept_all": True, "owner": OTHER},
            ],
            "traffic_mirror_sessions": [
                {"owner": OTHER, "network_interface_id": source, "traffic_mirror_target_id": target,
                 "traffic_mirror_filter_id": "tmf-00000000000000002", "session_number": number}
                for source, target, number in sessions
            ],
        }
        file = tmp_path / "hub.yaml"
        file.write_text(yaml.safe_dump({"accounts": [{"id": "111122223333"}, {"id": OTHER}], "regions": {"eu-west-1": region}}))
        with start_sandbox("--fleet", str(file), "--no-throttle") as running:
            yield running

    def test_it_is_one_query_for_up_to_two_hundred_targets(self, workspace, sandbox):
        """Each of them takes ten sources; of one, another account uses one place."""
        for count in (200, 201):
            listed = json.dumps(self.targets[-count:])
            form = f'name = "prod"\n  traffic_mirror_filter_id = "tmf-00000000000000001"\n  {TAGGED}'
            workspace.configure(
                sandbox.provider(),
                f'resource "mirror_coverage" "prod" {{\n  traffic_mirror_target_ids = {listed}\n  {form}\n}}\n',
            )
            workspace.apply()
            sandbox.forget_calls()
            workspace.assert_empty_plan()
            asked = [call.parameter("Filters") or [] for call in sandbox.calls("DescribeTrafficMirrorSessions")]
            names = [[found["Name"] for found in filters] for filters in asked]
            assert names[:2] == [[], ["owner-id"]], "a page shows whose sessions they are, then only own ones are listed"
            actions = collections.Counter(call.action for call in sandbox.calls())
            # The listings of sessions and of interfaces that services manage, and that of sources.
            pages = collections.Counter({"DescribeTrafficMirrorSessions": 2, "DescribeNetworkInterfaces": 1, "DescribeInstances": 1})
            loads = -(-count // 200)
            further = {"DescribeTrafficMirrorSessions": loads, "DescribeInstances": 2, "DescribeTrafficMirrorTargets": 1}
            always = {"GetCallerIdentity": 1, "DescribeTargetGroups": 1}
            assert actions == pages + collections.Counter(further | always), actions
            loads = [filters[0]["Values"] for filters in asked[2:]]
            assert all(filters[0]["Name"] == "traffic-mirror-target-id" for filters in asked[2:])
            assert sorted(len(targets) for targets in loads) == ([200] if count == 200 else [1, 200])
        # It counts: nine places are left where ten would be.
        sandbox.ec2.run_instances(
            ImageId=sandbox.image, InstanceType="m5.large", MinCount=8, MaxCount=8, SubnetId="subnet-0bbbbbbbbbbbbbb1a",
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Mirror", "Value": "True"}]}],
        )
        last = json.dumps(self.targets[-1:])
        form = f'name = "other"\n  traffic_mirror_filter_id = "tmf-00000000000000001"\n  {TAGGED}'
        workspace.configure(
            sandbox.provider(),
            f'resource "mirror_coverage" "other" {{\n  traffic_mirror_target_ids = {last}\n  {form}\n}}\n',
        )
        result = workspace.try_plan()
        assert result.code == 1 and any(self.targets[-1] in error.detail for error in result.errors), result.readable()
