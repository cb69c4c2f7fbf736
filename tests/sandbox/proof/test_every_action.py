"""Every action of the wire model, once, with each answer checked against botocore's model."""

import json

from conftest import ACCOUNT, ROOT, SUBNET, SUBNET_B, VPC
from happy_path import Walk, steps


def test_every_action(sandbox):
    walk = Walk({service: sandbox.client(service) for service in ("ec2", "sts", "elbv2")})
    answers = steps(walk, VPC, SUBNET, SUBNET_B, "sg-0ccccccccccccccc1", f"arn:aws:iam::{ACCOUNT}:role/open")
    wire = json.loads((ROOT / "tests/sandbox/wire/wire.json").read_text())
    served = {action for service in wire.values() for action in service["actions"]}
    assert {action for action, _ in answers} == served


def test_the_wire_model_is_what_botocore_says(tmp_path):
    """The committed model is the generator's output for the pinned botocore."""
    import pathlib
    import shutil
    import subprocess
    import sys

    wire = ROOT / "tests/sandbox/wire"
    shutil.copy(wire / "generate.py", tmp_path)
    subprocess.run([sys.executable, "generate.py"], cwd=tmp_path, check=True)
    for name in ("wire.json", "instance_types.txt"):
        assert pathlib.Path(tmp_path / name).read_text() == (wire / name).read_text(), name
