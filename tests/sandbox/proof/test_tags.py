"""CreateTags, DeleteTags, DescribeTags."""

import pytest

from conftest import ENI, FILTER, TARGET, refuses, session

WEB = "i-00000000000000001"


def tags(ec2, id):
    found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [id]}])["Tags"]
    return {t["Key"]: t["Value"] for t in found}


def test_every_taggable_kind(ec2):
    made = session(ec2)["TrafficMirrorSessionId"]
    rule = ec2.describe_traffic_mirror_filter_rules()["TrafficMirrorFilterRules"][0][
        "TrafficMirrorFilterRuleId"
    ]
    kinds = {
        made: "traffic-mirror-session",
        TARGET: "traffic-mirror-target",
        FILTER: "traffic-mirror-filter",
        rule: "traffic-mirror-filter-rule",
        WEB: "instance",
        ENI: "network-interface",
        "vpc-0aaaaaaaaaaaaaaa1": "vpc",
        "subnet-0000000000000001a": "subnet",
        "sg-0ccccccccccccccc1": "security-group",
        "vpce-00000000000000001": "vpc-endpoint",
    }
    ec2.create_tags(Resources=list(kinds), Tags=[{"Key": "k", "Value": "v"}, {"Key": "empty", "Value": ""}])
    found = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["k"]}])["Tags"]
    assert {t["ResourceId"]: t["ResourceType"] for t in found} == kinds
    assert {"Key": "empty", "Value": ""} in ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"][
        0
    ]["Tags"]
    # A value that is given must match; a key alone is enough; no list takes all.
    ec2.delete_tags(Resources=[made], Tags=[{"Key": "k", "Value": "other"}])
    assert tags(ec2, made) == {"k": "v", "empty": ""}
    ec2.delete_tags(Resources=[made], Tags=[{"Key": "k"}])
    assert tags(ec2, made) == {"empty": ""}
    ec2.delete_tags(Resources=[WEB])
    assert tags(ec2, WEB) == {}


@pytest.mark.parametrize(
    "change, code",
    [
        ({"Tags": []}, "MissingParameter"),
        ({"Resources": []}, "MissingParameter"),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": "AWS:x", "Value": ""}]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": "k" * 129, "Value": ""}]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": "", "Value": ""}]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(49)]}, "TagLimitExceeded"),
        ({"Resources": ["x-1"]}, "InvalidID"),
        ({"Resources": [WEB, "tms-0fffffffffffffff1"]}, "InvalidTrafficMirrorSessionId.NotFound"),
        ({"Resources": [WEB] * 1001}, "InvalidParameterValue"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_refusals_change_nothing(ec2, change, code):
    before = tags(ec2, WEB)
    with refuses(code, 412 if code == "DryRunOperation" else 400):
        ec2.create_tags(**({"Resources": [WEB], "Tags": [{"Key": "k", "Value": "v"}]} | change))
    assert tags(ec2, WEB) == before


@pytest.mark.parametrize(
    "change, code",
    [
        ({"Tags": [{"Key": "aws:x"}]}, "InvalidParameterValue"),
        ({"Resources": [WEB, "i-00000000000000404"]}, "InvalidInstanceID.NotFound"),
        ({"Resources": [WEB] * 1001}, "InvalidParameterValue"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_refused_deletes_change_nothing(ec2, change, code):
    before = tags(ec2, WEB)
    assert before
    with refuses(code, 412 if code == "DryRunOperation" else 400):
        ec2.delete_tags(**({"Resources": [WEB], "Tags": [{"Key": key} for key in before]} | change))
    assert tags(ec2, WEB) == before


@pytest.mark.parametrize(
    "describe, argument, id, code",
    [
        ("describe_instances", "InstanceIds", "i-x", "InvalidInstanceID.Malformed"),
        ("describe_vpcs", "VpcIds", "vpc-x", "InvalidVpcId.Malformed"),
        ("describe_security_groups", "GroupIds", "sg-x", "InvalidGroupId.Malformed"),
        ("describe_vpc_endpoints", "VpcEndpointIds", "vpce-x", "InvalidVpcEndpointId.Malformed"),
    ],
)
def test_malformed_ids(ec2, describe, argument, id, code):
    with refuses(code):
        getattr(ec2, describe)(**{argument: [id]})


def test_a_thousand_resources_and_the_longest_tag(ec2):
    ec2.create_tags(Resources=[WEB] * 1000, Tags=[{"Key": "ü" * 128, "Value": "ü" * 256}])
    assert tags(ec2, WEB)["ü" * 128] == "ü" * 256
    ec2.create_tags(Resources=[WEB], Tags=[{"Key": f"k{n}", "Value": ""} for n in range(47)])
    assert len(tags(ec2, WEB)) == 50


def test_filters(ec2):
    find = lambda name, value: {
        t["ResourceId"] for t in ec2.describe_tags(Filters=[{"Name": name, "Values": [value]}])["Tags"]
    }
    assert find("resource-type", "traffic-mirror-t*") == {TARGET}
    assert find("value", "accept-all") == {FILTER}
    assert find("tag:Name", "sensor") == {TARGET, "i-0000000000000000a"}
    with refuses("InvalidParameterValue"):
        find("colour", "red")
    with refuses("InvalidMaxResults"):
        ec2.describe_tags(MaxResults=4)
