"""In which walk an answer may be shared: what another provider makes during an apply is seen."""

import json
import sys

import pytest

from harness.hcl import TAGGED, coverage

LAUNCH = """import boto3
ec2 = boto3.client(
    "ec2", endpoint_url="{url}", region_name="{region}", aws_access_key_id="{key}", aws_secret_access_key="{secret}"
)
tags = [{{"ResourceType": "instance", "Tags": [{{"Key": "Mirror", "Value": "True"}}]}}]
ec2.run_instances(
    ImageId="ami-00000000000000000", InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId="{subnet}", TagSpecifications=tags
)
"""
SOME = 'length(data.mirror_interfaces.before.interfaces) > 0 ? "some" : "none"'


@pytest.fixture
def launching(workspace, sandbox, fleet):
    """Data that is read, then another provider's resource that launches a tagged instance while it is applied."""
    script = workspace.directory / "launch.py"
    script.write_text(
        LAUNCH.format(
            url=sandbox.url,
            region=sandbox.region,
            key=sandbox.administrator_key,
            secret=sandbox.secret_key,
            subnet=fleet.subnets[0],
        )
    )
    builtin = workspace.core.has("terraform_data")
    kind, argument = ("terraform_data", "input = {}") if builtin else ("null_resource", "triggers = {{ of = {} }}")
    return (
        f'resource "{kind}" "first" {{\n  {argument.format("length([])")}\n}}\n\n'
        f'data "mirror_interfaces" "before" {{\n  {TAGGED}\n  depends_on = [{kind}.first]\n}}\n\n'
        f'resource "{kind}" "launch" {{\n  {argument.format(SOME)}\n'
        f'  provisioner "local-exec" {{\n    command = "{sys.executable} {script}"\n  }}\n}}\n',
        f"{kind}.launch",
    )


@pytest.mark.spine
def test_what_others_make_during_the_apply_is_seen(workspace, sandbox, fleet, launching):
    """By a data source and by a coverage that wait for it: neither takes what was read before."""
    others, launch = launching
    workspace.configure(
        sandbox.provider(),
        others,
        f'data "mirror_interfaces" "after" {{\n  {TAGGED}\n  depends_on = [{launch}]\n}}\n',
        coverage(fleet, selector=f'selector {{\n    tags = {{ Mirror = "${{{launch}.id}}" == "" ? "" : "True" }}\n  }}'),
        'output "after" {\n  value = length(data.mirror_interfaces.after.interfaces)\n}\n',
    )
    workspace.try_apply().succeed()
    outputs = json.loads(workspace.run("output", "-json").succeed().stdout)
    assert outputs["after"]["value"] == 4
    covered = {session.interface for session in sandbox.sessions("prod")}
    assert covered > fleet.tagged_interfaces() and len(covered) == 4, "the new one too"
    workspace.assert_empty_plan()
