"""moto, an EC2 that is not ours, walks the same way; where the answers differ is listed in the README.

`UPDATE_README=1 pytest test_moto.py` writes the list anew."""

import datetime
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from conftest import ACCOUNT, SUBNET, SUBNET_B, VPC
from happy_path import Walk, steps

README = pathlib.Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- differences from moto -->\n", "<!-- end of differences -->\n"

# What differs from run to run: ids, ARNs, addresses, times, accounts, names made of them.
VOLATILE = re.compile(
    r"^([a-z]+(-[a-z]+)*-[0-9a-f]{8,}|arn:.*|\d+(\.\d+){3}(/\d+)?|([0-9a-f]{2}:){5}[0-9a-f]{2}|\d{12}|[0-9a-f-]{36}|ip-.*|.*\.amazonaws\.com|A[A-Z]{3}[A-Z0-9]+.*|None)$"
)


@pytest.fixture(scope="module")
def moto():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = pathlib.Path(sys.executable).parent / "moto_server"
    process = subprocess.Popen(
        [sys.executable, server, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(150):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.2)
    yield {
        service: boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"max_attempts": 0}),
        )
        for service in ("ec2", "sts", "elbv2")
    }
    process.terminate()
    process.wait(10)


def leaves(value, path=""):
    """(path, value) of everything in an answer; list elements share a path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        yield f"{path}[]", None
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        volatile = (
            isinstance(value, datetime.datetime)
            or path.startswith("Credentials.")
            or VOLATILE.match(str(value))
        )
        yield path, "~" if volatile else value


def collect(answer):
    found = {}
    for path, value in leaves(answer):
        found.setdefault(path, set()).add(value)
    return found


def outermost(paths, others):
    """The paths, each cut to its outermost part of which the others have nothing."""

    def cut(path):
        ends = [m.end() for m in re.finditer(r"[^.]+", path)]
        return next(path[:end] for end in ends if not any(o.startswith(path[:end]) for o in others))

    return sorted({cut(path) for path in paths})


def differences(ours, theirs):
    """What only one of them answers, and what they answer differently."""
    a, b = collect(ours), collect(theirs)
    only_ours, only_theirs = outermost(set(a) - set(b), b), outermost(set(b) - set(a), a)
    show = lambda values: ", ".join(sorted(str(v) for v in values if v is not None))
    # Attributes and tags are compared as lists of keys and values.
    differ = [f"{p} ({show(a[p])} / {show(b[p])})" for p in sorted(set(a) & set(b)) if a[p] != b[p]]
    return only_ours, only_theirs, differ


def table(rows):
    lines = [
        "| action | only the sandbox | only moto | both, but different (sandbox / moto) |",
        "| --- | --- | --- | --- |",
    ]
    cell = lambda items: ", ".join(f"`{item}`" for item in items)
    lines += [
        f"| {action} | {cell(ours)} | {cell(theirs)} | {cell(differ)} |"
        for action, (ours, theirs, differ) in rows
    ]
    return "\n".join(lines) + "\n"


def test_moto_answers_alike_but_for_what_the_readme_lists(sandbox, moto):
    vpc = moto["ec2"].create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        moto["ec2"].create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for block, zone in (("10.1.0.0/20", "eu-west-1a"), ("10.1.16.0/20", "eu-west-1b"))
    ]
    groups = moto["ec2"].describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])[
        "SecurityGroups"
    ]
    group = groups[0]["GroupId"]
    theirs = steps(
        Walk(moto, (ClientError, ResponseParserError)),
        vpc,
        *subnets,
        group,
        "arn:aws:iam::123456789012:role/open",
    )
    clients = {service: sandbox.client(service) for service in moto}
    ours = steps(
        Walk(clients), VPC, SUBNET, SUBNET_B, "sg-0ccccccccccccccc1", f"arn:aws:iam::{ACCOUNT}:role/open"
    )
    rows, cannot, alike = [], [], []
    for (action, mine), (other, its) in zip(ours, theirs, strict=True):
        assert action == other
        if isinstance(its, Exception):
            cannot.append(action)
        elif any(found := differences(mine, its)):
            rows.append((action, found))
        else:
            alike.append(action)
    words = lambda names: ", ".join(names) + "."
    text = (
        f"moto {moto_version()} cannot do: {words(cannot)}\n\n"
        f"Alike in every field: {words(alike)}\n\n{table(rows)}"
    )
    before, _, rest = README.read_text().partition(BEGIN)
    listed, _, after = rest.partition(END)
    if os.environ.get("UPDATE_README"):
        README.write_text(f"{before}{BEGIN}{text}{END}{after}")
        listed = text
    assert listed == text


def moto_version():
    from importlib.metadata import version

    return version("moto")
