"""Every paginator of botocore, and tokens that are worth nothing elsewhere."""

import json

import boto3
import pytest
from botocore import xform_name

from conftest import EMPTY_FILTER, LARGE, ROOT, SUBNET, SUBNET_B, VPC, crowd, refuses, session

EC2 = [
    "describe_instances",
    "describe_network_interfaces",
    "describe_instance_types",
    "describe_subnets",
    "describe_vpcs",
    "describe_vpc_endpoints",
    "describe_security_groups",
    "describe_tags",
    "describe_traffic_mirror_sessions",
    "describe_traffic_mirror_targets",
    "describe_traffic_mirror_filters",
]
ELB = ["describe_load_balancers", "describe_listeners", "describe_target_groups"]
SIZED = {"describe_instance_types": 50}


def fill(sandbox):
    """More than five of everything that is paged."""
    ec2, elb = sandbox.client(), sandbox.client("elbv2")
    for n in range(6):
        ec2.create_traffic_mirror_filter(Description=f"f{n}")
        ec2.create_traffic_mirror_filter_rule(
            TrafficMirrorFilterId=EMPTY_FILTER,
            TrafficDirection="egress",
            RuleNumber=n + 1,
            RuleAction="accept",
            SourceCidrBlock="::/0",
            DestinationCidrBlock="::/0",
        )
        eni = ec2.create_network_interface(SubnetId=SUBNET_B)["NetworkInterface"]["NetworkInterfaceId"]
        ec2.create_traffic_mirror_target(NetworkInterfaceId=eni)
        group = elb.create_target_group(Name=f"g{n}", Protocol="UDP", Port=4789, VpcId=VPC)["TargetGroups"][
            0
        ]["TargetGroupArn"]
        balancer = elb.create_load_balancer(Name=f"l{n}", Type="network", Subnets=[SUBNET])["LoadBalancers"][
            0
        ]["LoadBalancerArn"]
        for port in (1, 2):
            elb.create_listener(
                LoadBalancerArn=balancer,
                Protocol="UDP",
                Port=port,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            )
    for eni in crowd(ec2)[:7]:
        session(ec2, eni, LARGE)
    return balancer


def parameters(name, balancer):
    return {"LoadBalancerArn": balancer} if name == "describe_listeners" else {}


def rows(page, name):
    found = page[next(key for key in page if isinstance(page[key], list))]
    if name == "describe_instances":
        return [i["InstanceId"] for r in found for i in r["Instances"]]
    return [str(row) for row in found]


def test_every_paginator_is_tried():
    wire = json.loads((ROOT / "tests/sandbox/wire/wire.json").read_text())
    for service, tried in (("ec2", EC2), ("elbv2", ELB), ("sts", [])):
        client = boto3.client(service, region_name="eu-west-1")
        names = {xform_name(action) for action in wire[service]["actions"]}
        assert {name for name in names if client.can_paginate(name)} == set(tried)


def test_filter_rules_are_paged_though_botocore_has_no_paginator(sandbox):
    fill(sandbox)
    ec2, found, token = sandbox.client(), [], {}
    while token is not None:
        page = ec2.describe_traffic_mirror_filter_rules(MaxResults=5, **token)
        found += [rule["TrafficMirrorFilterRuleId"] for rule in page["TrafficMirrorFilterRules"]]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
    assert len(found) == len(set(found)) == 10


@pytest.mark.parametrize("service, name", [("ec2", n) for n in EC2] + [("elbv2", n) for n in ELB])
@pytest.mark.parametrize("short", [False, True])
def test_pages_together_are_the_whole(sandbox, service, name, short):
    balancer = fill(sandbox)
    client, more = sandbox.client(service), parameters(name, balancer)
    whole = [row for page in client.get_paginator(name).paginate(**more) for row in rows(page, name)]
    sandbox.control("PATCH", "settings", {"short_pages": short})
    size = 1 + short if service == "elbv2" else SIZED.get(name, 5)
    pages = list(client.get_paginator(name).paginate(PaginationConfig={"PageSize": size}, **more))
    assert [row for page in pages for row in rows(page, name)] == whole
    assert all(len(rows(page, name)) <= size for page in pages)
    holds = size * 2 // 3 if short else size
    assert len(rows(pages[0], name)) == min(holds, len(whole))
    assert (
        name in ("describe_vpcs", "describe_subnets", "describe_vpc_endpoints", "describe_security_groups")
        or len(pages) > 1
    )


@pytest.mark.parametrize("name", [n for n in EC2 if n != "describe_instance_types"])
@pytest.mark.parametrize("size", [4, 1001, 0])
def test_page_sizes(ec2, name, size):
    with refuses("InvalidMaxResults"):
        getattr(ec2, name)(MaxResults=size)


@pytest.mark.parametrize(
    "name, ids",
    [
        ("describe_instances", {"InstanceIds": ["i-00000000000000001"]}),
        ("describe_traffic_mirror_filters", {"TrafficMirrorFilterIds": [EMPTY_FILTER]}),
        ("describe_instance_types", {"InstanceTypes": ["m5.large"]}),
        ("describe_vpcs", {"VpcIds": [VPC]}),
    ],
)
def test_no_page_size_with_ids(ec2, name, ids):
    with refuses("InvalidParameterCombination"):
        getattr(ec2, name)(MaxResults=5, **ids)


def test_an_empty_list_of_ids_means_all(ec2):
    assert len(ec2.describe_traffic_mirror_targets(TrafficMirrorTargetIds=[])["TrafficMirrorTargets"]) == 4


def test_tokens(sandbox, ec2, other):
    token = ec2.describe_network_interfaces(MaxResults=5)["NextToken"]
    assert "eni-" not in token
    assert ec2.describe_network_interfaces(MaxResults=6, NextToken=token)["NetworkInterfaces"]
    altered = (token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token)))
    for forged in ("x", "", token[:-2], token[::-1], token.swapcase(), *altered):
        with refuses("InvalidNextToken"):
            ec2.describe_network_interfaces(MaxResults=5, NextToken=forged)
    with refuses("InvalidNextToken"):
        ec2.describe_instances(MaxResults=5, NextToken=token)
    with refuses("InvalidNextToken"):
        other.describe_network_interfaces(MaxResults=5, NextToken=token)
    with refuses("InvalidNextToken"):
        ec2.describe_network_interfaces(
            MaxResults=5, NextToken=token, Filters=[{"Name": "subnet-id", "Values": [SUBNET]}]
        )
    sandbox.control("POST", "clock", {"advance_seconds": 3601})
    with refuses("InvalidNextToken"):
        ec2.describe_network_interfaces(MaxResults=5, NextToken=token)
    with refuses("ValidationError"):
        sandbox.client("elbv2").describe_load_balancers(Marker="x")


def test_a_page_survives_what_it_ended_with(ec2):
    """Rows that go and come while someone pages are no reason to miss or repeat others."""
    page = ec2.describe_instances(MaxResults=5, Filters=[{"Name": "tag:Name", "Values": ["crowd"]}])
    first = [i["InstanceId"] for r in page["Reservations"] for i in r["Instances"]]
    whole = sorted(
        i["InstanceId"]
        for r in ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["crowd"]}])["Reservations"]
        for i in r["Instances"]
    )
    ec2.terminate_instances(InstanceIds=[first[-1]])
    rest = ec2.describe_instances(
        MaxResults=100, Filters=[{"Name": "tag:Name", "Values": ["crowd"]}], NextToken=page["NextToken"]
    )
    assert first + [i["InstanceId"] for r in rest["Reservations"] for i in r["Instances"]] == whole


def test_no_answer_holds_more_than_a_thousand(start):
    ec2 = start("--instances", "1200", "--no-throttle").client()
    page = ec2.describe_instances()
    assert len(page["Reservations"]) == 1000 and page["NextToken"]
