"""The configurations that documents show, made to run against the sandbox's sample fleet."""

import pathlib
import re

from .cloud import Cloud
from .paths import ROOT

GUIDES = ROOT / "docs" / "guides"
# Of the sandbox's sample fleet.
SAMPLE_IDS = {"target": "tmt-0ffffffffffffff01", "filter": "tmf-0ffffffffffffff01"}


def blocks(document: pathlib.Path) -> list[str]:
    """The HCL blocks of a document; a CLI configuration is of an older language and none of them."""
    found = re.findall(r"```hcl\n(.*?)```", document.read_text(), re.DOTALL)
    return [block for block in found if "provider_installation" not in block]


def shown(document: pathlib.Path) -> list[str]:
    """The blocks that are only shown, since they need another provider, account or core."""
    return re.findall(r"```terraform\n(.*?)```", document.read_text(), re.DOTALL)


def every_block() -> dict[str, str]:
    """All blocks of all guides, by a name for people."""
    return {
        f"{guide.stem}-{number}": block
        for guide in sorted(GUIDES.glob("*.md"))
        for number, block in enumerate(blocks(guide), 1)
    }


def runnable(block: str, cloud: Cloud, header: str) -> str:
    """The block with what a document leaves out.

    The AWS provider cannot be had here; a built-in resource stands in for its target, its filter and its session.
    """
    block = re.sub(
        r'resource "aws_ec2_traffic_mirror_target" "(\w+)" \{\n  network_interface_id =',
        r'resource "terraform_data" "\1" {\n  input =',
        block,
    )
    block = re.sub(
        r'resource "aws_ec2_traffic_mirror_(target|filter)" "(\w+)" \{\n(?:  \w+ += .*\n)+',
        lambda found: f'resource "terraform_data" "{found[2]}" {{\n  input = "{SAMPLE_IDS[found[1]]}"\n',
        block,
    )
    block = re.sub(r"aws_ec2_traffic_mirror_(?:target|filter)\.(\w+)\.id", r"terraform_data.\1.output", block)
    block = block.replace("aws_ec2_traffic_mirror_session.", "terraform_data.")
    block = re.sub(r'(variable "network_load_balancer_arn" \{\n)', r'\1  default = ""\n', block)
    block = re.sub(r"http://127\.0\.0\.1:\d+", cloud.url, block)
    parts = [block]
    if 'provider "mirror"' not in block:
        parts.append(cloud.provider())
    if "required_providers" not in block:
        parts.append(header)
    return "\n".join(parts)
