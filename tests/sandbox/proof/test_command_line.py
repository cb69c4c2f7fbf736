"""The program: options, help, and fleets that are not right."""

import json
import signal
import subprocess

import pytest
from botocore.exceptions import ClientError

from conftest import BINARY, HERE, ROOT


def run(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=20)


def test_help_and_version():
    help = run("--help")
    assert help.returncode == 0 and help.stderr == ""
    for word in (
        "--fleet",
        "--instances",
        "--seed",
        "--listen",
        "--no-throttle",
        "--clock-speed",
        "--consistency-delay",
        "--latency",
        "--short-pages",
        "--faults",
        "--churn",
        "--rate",
        "--ledger",
        "--region",
        "AKIASANDBOX000000000",
    ):
        assert word in help.stdout, word
    assert run("--version").stdout.startswith("ec2-sandbox ")


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--colour"], "--colour"),
        (["--instances", "many"], "many"),
        (["--fleet", "nowhere.yaml"], "nowhere.yaml"),
        (["--listen", "0.0.0.0:0"], "loopback"),
        (["--fleet", "x", "--instances", "1"], "exclude each other"),
        (["--instances", "1", "--region", "eu-nowhere-1"], "eu-nowhere-1"),
        (["--faults", "nowhere.json"], "nowhere.json"),
        (["--rate", "DescribeVpcs"], "ACTION=SIZE/PER_SECOND"),
        (["--rate", "DescribeVpcs=2/-1"], "ACTION=SIZE/PER_SECOND"),
        (["--rate", "DescribeVpcs=NaN/1"], "ACTION=SIZE/PER_SECOND"),
        (["--rate", "DescribeNothing=2/1"], "DescribeNothing"),
        (["--ledger", "/nowhere/at/all.json"], "/nowhere/at/all.json"),
    ],
)
def test_wrong_arguments(arguments, text):
    done = run(*arguments)
    assert done.returncode == 1 and text in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    "fleet, text",
    [
        ("regions: {eu-west-1: {vpcs: [{id: vpc-1, colour: red}]}}", "colour"),
        ("regions: [", "not valid"),
        ("regions: {eu-nowhere-1: {}}", "eu-nowhere-1"),
        (
            "regions: {eu-west-1: {subnets: [{id: subnet-1, vpc_id: vpc-9, availability_zone: eu-west-1a}]}}",
            "vpc-9",
        ),
        ("regions: {eu-west-1: {vpcs: [{id: vpc-1}, {id: vpc-1}]}}", "twice"),
        (
            "regions: {eu-west-1: {vpcs: [{id: vpc-1}], subnets: [{id: subnet-1, vpc_id: vpc-1, availability_zone: us-east-1a}]}}",
            "us-east-1a",
        ),
        ("regions: {eu-west-1: {instances: [{subnet_id: subnet-9}]}}", "subnet-9"),
        ("regions: {eu-west-1: {traffic_mirror_targets: [{id: tmt-1}]}}", "nowhere"),
    ],
)
def test_fleets_that_are_not_right(tmp_path, fleet, text):
    path = tmp_path / "fleet.yaml"
    path.write_text(fleet)
    done = run("--fleet", str(path))
    assert done.returncode == 1 and text in done.stderr, done.stderr


def test_options_are_settings(start, tmp_path):
    (tmp_path / "faults.json").write_text(json.dumps([{"kind": "unavailable"}]))
    (tmp_path / "churn.json").write_text(json.dumps([{"at_call": 1, "action": "DescribeVpcs"}]))
    sandbox = start(
        "--no-throttle",
        "--consistency-delay",
        "1.5",
        "--latency",
        "3",
        "--short-pages",
        "--clock-speed",
        "60",
        "--faults",
        str(tmp_path / "faults.json"),
        "--churn",
        str(tmp_path / "churn.json"),
    )
    assert sandbox.control("GET", "settings") == {
        "throttle": False,
        "rates": {},
        "consistency_delay_ms": 1500,
        "latency_ms": 3,
        "short_pages": True,
        "policies": [],
    }
    assert sandbox.control("GET", "clock")["speed"] == 60
    assert sandbox.control("GET", "faults")[0]["kind"] == "unavailable"
    assert sandbox.control("GET", "churn")[0]["action"] == "DescribeVpcs"


def test_reset_restores_what_the_options_set(start, tmp_path):
    (tmp_path / "faults.json").write_text(json.dumps([{"kind": "unavailable", "action": "DescribeVpcs", "times": 1}]))
    (tmp_path / "churn.json").write_text(json.dumps([{"at_call": 1, "action": "DescribeVpcs"}]))
    files = ("--faults", str(tmp_path / "faults.json"), "--churn", str(tmp_path / "churn.json"))
    sandbox = start("--clock-speed", "5", "--rate", "DescribeVpcs=2/0.5", *files)
    before = {path: sandbox.control("GET", path) for path in ("faults", "churn", "settings")}
    began = sandbox.control("GET", "clock")["now_ms"]
    with pytest.raises(ClientError):
        sandbox.client().describe_vpcs()
    assert sandbox.control("GET", "churn")[0]["outcome"] == "ok"
    sandbox.control("DELETE", "faults")
    sandbox.control("PATCH", "settings", {"rates": {}})
    sandbox.control("POST", "clock", {"advance_seconds": 86400, "speed": 1})
    sandbox.control("POST", "reset")
    assert {path: sandbox.control("GET", path) for path in before} == before
    clock = sandbox.control("GET", "clock")
    assert clock["speed"] == 5 and clock["now_ms"] - began < 43_200_000
    with pytest.raises(ClientError, match="Unavailable"):
        sandbox.client().describe_vpcs()
    assert sandbox.control("GET", "churn")[0]["outcome"] == "ok"


def test_rates_by_option(start):
    sandbox = start("--rate", "DescribeVpcs=2/0", "--rate", "CreateTags=7/0.5")
    assert sandbox.control("GET", "settings")["rates"] == {
        "DescribeVpcs": {"size": 2.0, "per_second": 0.0},
        "CreateTags": {"size": 7.0, "per_second": 0.5},
    }
    ec2 = sandbox.client()
    ec2.describe_vpcs(), ec2.describe_vpcs()
    with pytest.raises(ClientError, match="RequestLimitExceeded"):
        ec2.describe_vpcs()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_the_ledger_is_written_at_the_end(start, tmp_path, name):
    sandbox = start("--ledger", str(tmp_path / "ledger.json"))
    sandbox.client().describe_vpcs()
    ledger = sandbox.ledger()
    sandbox.process.send_signal(getattr(signal, name))
    assert sandbox.process.wait(10) == 0
    assert json.loads((tmp_path / "ledger.json").read_text()) == ledger
    assert ledger["calls"][0]["action"] == "DescribeVpcs"


def test_the_sample_fleet(start):
    ec2 = start("--fleet", str(ROOT / "tests/sandbox/fleets/sample.yaml")).client()
    tagged = ec2.describe_instances(Filters=[{"Name": "tag:Mirror", "Values": ["True"]}])["Reservations"]
    assert len(tagged) == 5 and sum(len(r["Instances"][0]["NetworkInterfaces"]) for r in tagged) == 6
    assert (
        ec2.describe_traffic_mirror_targets()["TrafficMirrorTargets"][0]["TrafficMirrorTargetId"]
        == "tmt-0ffffffffffffff01"
    )


def test_an_empty_sandbox(start):
    sandbox = start()
    assert sandbox.client().describe_instances()["Reservations"] == []
    assert sandbox.client("sts").get_caller_identity()["Account"] == "111122223333"


def test_a_generated_fleet_has_everything(start):
    ec2 = start("--instances", "1000", "--seed", "7", "--no-throttle").client()
    pages = ec2.get_paginator("describe_instances").paginate(IncludeManagedResources=True)
    instances = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
    pages = ec2.get_paginator("describe_network_interfaces").paginate(IncludeManagedResources=True)
    interfaces = [i for page in pages for i in page["NetworkInterfaces"]]
    assert len(instances) == 1002
    assert (
        len({i["Placement"]["AvailabilityZone"] for i in instances}) == 3
        and len({i["VpcId"] for i in instances}) == 2
    )
    assert {"running", "stopped"} == {i["State"]["Name"] for i in instances}
    assert any(len(i["NetworkInterfaces"]) == 3 for i in instances) and any(
        i["Operator"]["Managed"] for i in instances
    )
    assert 0.7 < sum({"Key": "Mirror", "Value": "True"} in i["Tags"] for i in instances) / 1000 < 0.9
    assert {"interface", "trunk", "branch", "efa", "nat_gateway", "lambda"} <= {
        i["InterfaceType"] for i in interfaces
    }
    assert {"amazon-elb", "amazon-rds"} <= {i.get("RequesterId") for i in interfaces}
    assert ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
