"""Every criterion of a selector, alone and together."""

import json

import pytest

from harness.hcl import coverage

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


def test_an_interface_without_an_instance_is_seen_by_its_subnet(workspace, sandbox, fleet):
    alone = sandbox.ec2.create_network_interface(SubnetId=fleet.subnets[1])["NetworkInterface"]["NetworkInterfaceId"]
    selector = f'selector {{\n    subnet_ids = ["{fleet.subnets[1]}"]\n  }}'
    fleet.launch("web-b", subnet=1)
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == set(fleet.interfaces["web-b"])
    skip = workspace.state()["mirror_coverage.prod"]["skipped"][alone]
    assert skip["reason"] == "UNSUPPORTED_INTERFACE", skip
