"""Every criterion of a selector, alone and together."""

import json

import pytest

from harness.hcl import TAGGED, coverage

PROD = "mirror_coverage.prod"


def block(text: str, kind: str = "selector") -> str:
    return f"{kind} {{\n    {text}\n  }}"


# Name: (criteria by the fleet, names of instances that are meant).
CRITERIA = {
    "tag-case": (lambda f: 'tags = { mirror = "TRUE" }\n    ignore_tag_case = true', {"web-1", "web-2"}),
    "instance-ids": (lambda f: f"instance_ids = {json.dumps([f.instances['database']])}", {"database"}),
    "interface-ids": (lambda f: f"network_interface_ids = {json.dumps(f.interfaces['database'])}", {"database"}),
    "subnet-ids": (lambda f: f"subnet_ids = {json.dumps([f.subnets[1]])}", {"elsewhere"}),
    "zones": (lambda f: 'availability_zones = ["eu-west-1b"]', {"elsewhere"}),
    "types": (lambda f: 'instance_types = ["c5.*"]', {"elsewhere"}),
    "states": (lambda f: 'tags = { Mirror = "*" }\n    instance_state_names = ["stopped"]', {"halted"}),
    "two-criteria": (lambda f: f'tags = {{ Mirror = "*" }}\n    subnet_ids = {json.dumps([f.subnets[1]])}', {"elsewhere"}),
}


@pytest.mark.parametrize("case", CRITERIA)
def test_criterion(workspace, sandbox, fleet, case):
    criteria, meant = CRITERIA[case]
    fleet.launch("elsewhere", subnet=1, instance_type="c5.large", Mirror="also")
    fleet.launch("halted", Mirror="also")
    sandbox.ec2.stop_instances(InstanceIds=[fleet.instances["halted"]])
    workspace.configure(sandbox.provider(), coverage(fleet, selector=block(criteria(fleet))))
    workspace.apply()
    expected = {interface for name in meant for interface in fleet.interfaces[name]}
    assert {session.interface for session in sandbox.sessions()} == expected


def test_every_criterion_alone_together_and_in_an_exclude_block(workspace, sandbox, fleet):
    """All in one plan: what each block means, by the names of instances."""
    ec2 = sandbox.ec2
    (group,) = [g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] == "closed"]
    fleet.launch("elsewhere", subnet=1, instance_type="c5.large", group=group, Mirror="True", Team="a")
    (literal,), long = fleet.interfaces["web-1"], "v" * 256
    sandbox.tag(fleet.instances["web-1"], Team="b", Long=long)
    sandbox.tag(literal, Lit="a*b")
    sandbox.tag(fleet.interfaces["web-2"][0], Lit="axxb")
    sandbox.tag(fleet.interfaces["database"][0], Straße="München")
    sandbox.tag(fleet.instances["sensor-1"], STRASSE="none", sTRAße="MÜNCHEN")
    subnets = {subnet["SubnetId"]: subnet for subnet in ec2.describe_subnets()["Subnets"]}
    near, far = (subnets[subnet] for subnet in fleet.subnets)
    every = {"web-1", "web-2", "database", "sensor-1", "sensor-2", "elsewhere"}
    everything = block(f'vpc_ids = ["{fleet.vpc}"]')
    out = lambda text: f"{everything}\n  {block(text, 'exclude')}"  # noqa: E731
    own_tags = '\n    tag_source = "network_interface"'
    cases = {
        "vpc": (everything, every),
        "other-vpc": (block('vpc_ids = ["vpc-00000000000000bad"]'), set()),
        "group": (block(f'security_group_ids = ["{group}"]'), {"elsewhere"}),
        "group-and-tags": (block(f'security_group_ids = ["{group}"]\n    tags = {{ Team = "b" }}'), set()),
        "zone-id": (block(f'availability_zones = ["{far["AvailabilityZoneId"]}"]'), {"elsewhere"}),
        "zone-name-or-id": (
            block(f'availability_zones = ["{far["AvailabilityZoneId"]}", "{near["AvailabilityZone"]}"]'), every,
        ),  # fmt: skip
        "twice": (TAGGED + "\n  " + block('tags = { Name = "web-*" }'), {"web-1", "web-2", "elsewhere"}),
        "literal-star": (block('tags = { Lit = "a\\\\*b" }' + own_tags), {"web-1"}),
        "star": (block('tags = { Lit = "a*b" }' + own_tags), {"web-1", "web-2"}),
        "long-value": (block(f'tags = {{ Long = "{long}" }}'), {"web-1"}),
        "any-case-of-interfaces": (block('tags = { lIT = "AX?B" }\n    ignore_tag_case = true' + own_tags), {"web-2"}),
        "any-case-of-either": (
            block('tags = { strAße = "mÜN*" }\n    ignore_tag_case = true\n    tag_source = "either"'), {"database", "sensor-1"},
        ),  # fmt: skip
        "out-or": (out('tags = { Team = "a" }') + "\n  " + block('tags = { Team = "b" }', "exclude"), every - {"elsewhere", "web-1"}),
        "out-and": (out('tags = { Team = "*" }\n    instance_types = ["c5.*"]'), every - {"elsewhere"}),
        "out-group": (out(f'security_group_ids = ["{group}"]'), every - {"elsewhere"}),
        "out-zone-id": (out(f'availability_zones = ["{far["AvailabilityZoneId"]}"]'), every - {"elsewhere"}),
        "out-zone": (out(f'availability_zones = ["{near["AvailabilityZone"]}"]'), {"elsewhere"}),
        "out-vpc": (out(f'vpc_ids = ["{fleet.vpc}"]'), set()),
        "out-subnet": (out(f'subnet_ids = ["{fleet.subnets[1]}"]'), every - {"elsewhere"}),
        "out-types": (out('instance_types = ["m5.24*"]'), every - {"sensor-1", "sensor-2"}),
        "out-state": (out('instance_state_names = ["running"]'), set()),
        "out-instance": (out(f'instance_ids = ["{fleet.instances["database"]}"]'), every - {"database"}),
        "out-interface": (out(f'network_interface_ids = ["{literal}"]'), every - {"web-1"}),
        "out-any-case": (
            out('tags = { mirror = "TRUE" }\n    ignore_tag_case = true'), {"database", "sensor-1", "sensor-2"},
        ),  # fmt: skip
        "out-either": (out('tags = { Mirror = "T???" }\n    tag_source = "either"'), {"database", "sensor-1", "sensor-2"}),
    }
    data = [f'data "mirror_interfaces" "{name}" {{\n  {blocks}\n}}\n' for name, (blocks, _) in cases.items()]
    values = "\n".join(f'    "{name}" = data.mirror_interfaces.{name}.interfaces' for name in cases)
    workspace.configure(sandbox.provider(), *data, f'output "found" {{\n  value = {{\n{values}\n  }}\n}}\n')
    workspace.apply()
    found = json.loads(workspace.run("output", "-json", "found").succeed().stdout)
    for name, (blocks, meant) in cases.items():
        assert {interface["instance_name"] for interface in found[name].values()} == meant, (name, blocks)
    assert len(found["twice"]) == 4, "an interface that two selectors mean counts once"


def test_primary_is_card_0_and_device_0(workspace, sandbox, fleet):
    """Each network card of a large type has a device 0 or 1 of its own; one that two blocks mean counts once."""
    places = [(0, 0), (0, 1), (1, 0), (1, 1)]
    answer = sandbox.ec2.run_instances(
        ImageId=sandbox.image,
        InstanceType="p4d.24xlarge",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[
            {"NetworkCardIndex": card, "DeviceIndex": device, "SubnetId": fleet.subnets[0]} for card, device in places
        ],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Mirror", "Value": "cards"}]}],
    )
    by_place = {
        (i["Attachment"]["NetworkCardIndex"], i["Attachment"]["DeviceIndex"]): i["NetworkInterfaceId"]
        for i in answer["Instances"][0]["NetworkInterfaces"]
    }
    assert sorted(by_place) == places
    cards = block('tags = { Mirror = "cards" }\n    primary_only = true')
    by_id = block(f'network_interface_ids = ["{by_place[0, 0]}", "{by_place[1, 0]}"]\n    primary_only = true')
    for selector in (cards, by_id, f"{cards}\n  {by_id}"):
        workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
        workspace.apply()
        assert [session.interface for session in sandbox.sessions()] == [by_place[0, 0]]
        assert workspace.state()[PROD]["summary"]["matched"] == 1


def test_exclude_has_no_primary_only(workspace, sandbox, fleet):
    out = block('tags = { Name = "*" }\n    primary_only = true', "exclude")
    workspace.configure(sandbox.provider(), coverage(fleet, out))
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    assert error.summary == "primary_only in an exclude block" and "primary_only" in error.code


@pytest.mark.spine
def test_exclude(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, block('tags = { Name = "web-2" }', "exclude")))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == set(fleet.interfaces["web-1"])
    workspace.configure(sandbox.provider(), coverage(fleet, block('tags = { Name = "web-1" }', "exclude")))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == set(fleet.interfaces["web-2"])


def test_an_empty_exclude_is_an_error(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, block("", "exclude")))
    result = workspace.try_plan()
    assert result.code == 1
    assert "exclude" in result.errors[0].detail


@pytest.mark.spine
def test_tags_of_the_network_interface(workspace, sandbox, fleet):
    first, second = fleet.interfaces["web-2"]
    sandbox.tag(second, Watch="yes")
    watched = 'selector {\n    tags       = { Watch = "yes" }\n    tag_source = "%s"\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=watched % "network_interface"))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == {second}
    state = workspace.state()["mirror_coverage.prod"]["sessions"][second]
    assert state["instance_id"] == fleet.instances["web-2"], "its instance is known all the same"

    sandbox.tag(fleet.instances["web-1"], Watch="yes")
    workspace.configure(sandbox.provider(), coverage(fleet, selector=watched % "either"))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == {second, *fleet.interfaces["web-1"]}

    # And an exclusion by the tag of an interface.
    out = 'exclude {\n    tags       = { Watch = "yes" }\n    tag_source = "network_interface"\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, out))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == {first, *fleet.interfaces["web-1"]}


@pytest.mark.spine
def test_tags_that_are_only_on_instances_are_pointed_out(workspace, sandbox, fleet):
    selector = 'selector {\n    tags       = { Mirror = "True" }\n    tag_source = "network_interface"\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
    warnings = [warning.summary for warning in workspace.plan().warnings]
    assert any("on instances, not on network interfaces" in summary for summary in warnings), warnings
    # Of a data source too.
    data = [f'data "{kind}" "it" {{\n  {selector}\n}}\n' for kind in ("mirror_interfaces", "mirror_audit")]
    workspace.configure(sandbox.provider(), *data)
    warned = {w.address for w in workspace.plan().warnings if "on instances, not on network interfaces" in w.summary}
    assert warned == {"data.mirror_interfaces.it", "data.mirror_audit.it"}


@pytest.mark.parametrize("others", [195, 199, 450])
def test_a_long_list_is_asked_for_in_calls_that_ec2_takes(workspace, sandbox, fleet, others):
    """200 values are the most of a call, those of its other filters among them."""
    subnets = [*fleet.subnets, *(f"subnet-0{number:016x}" for number in range(others))]
    selector = f"""selector {{
    tags       = {{ Mirror = "True" }}
    subnet_ids = {json.dumps(subnets)}
  }}"""
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
    sandbox.forget_calls()
    workspace.save_plan()
    listing = [call for call in sandbox.calls("DescribeInstances") if "subnet-id" in str(call.parameters)]
    assert len(listing) == -(-len(subnets) // 195), "beside a tag and four states"
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()


def test_an_interface_without_an_instance_is_seen_by_its_subnet(workspace, sandbox, fleet):
    alone = sandbox.ec2.create_network_interface(SubnetId=fleet.subnets[1])["NetworkInterface"]["NetworkInterfaceId"]
    selector = f'selector {{\n    subnet_ids = ["{fleet.subnets[1]}"]\n  }}'
    fleet.launch("web-b", subnet=1)
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == set(fleet.interfaces["web-b"])
    skip = workspace.state()["mirror_coverage.prod"]["skipped"][alone]
    assert skip["reason"] == "UNSUPPORTED_INTERFACE", skip
