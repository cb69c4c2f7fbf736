"""Traffic mirror filters and their rules."""

import pytest

from conftest import EMPTY_FILTER, FILTER, refuses, session, tagged

ANY = {"SourceCidrBlock": "0.0.0.0/0", "DestinationCidrBlock": "0.0.0.0/0"}


def rule(ec2, number=1, direction="ingress", action="accept", filter=EMPTY_FILTER, **more):
    return ec2.create_traffic_mirror_filter_rule(
        TrafficMirrorFilterId=filter,
        TrafficDirection=direction,
        RuleNumber=number,
        RuleAction=action,
        **(ANY | more)
    )["TrafficMirrorFilterRule"]


def filter_of(ec2, id):
    return ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=[id])["TrafficMirrorFilters"][0]


def test_life_of_a_filter(ec2):
    made = ec2.create_traffic_mirror_filter(
        Description="d", TagSpecifications=tagged("traffic-mirror-filter", a="b")
    )["TrafficMirrorFilter"]
    id = made["TrafficMirrorFilterId"]
    assert made == {
        "TrafficMirrorFilterId": id,
        "Description": "d",
        "IngressFilterRules": [],
        "EgressFilterRules": [],
        "NetworkServices": [],
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    second = rule(
        ec2, 2, filter=id, Description="x", Protocol=17, DestinationPortRange={"FromPort": 53, "ToPort": 53}
    )
    first = rule(ec2, 1, filter=id, TagSpecifications=tagged("traffic-mirror-filter-rule", c="d"))
    out = rule(ec2, 1, "egress", "reject", filter=id)
    assert second["DestinationPortRange"] == {"FromPort": 53, "ToPort": 53} and second["Protocol"] == 17
    assert first["Tags"] == [{"Key": "c", "Value": "d"}] and "Protocol" not in first
    ec2.modify_traffic_mirror_filter_network_services(
        TrafficMirrorFilterId=id, AddNetworkServices=["amazon-dns"]
    )
    assert filter_of(ec2, id) == made | {
        "IngressFilterRules": [first, second],
        "EgressFilterRules": [out],
        "NetworkServices": ["amazon-dns"],
    }
    ec2.modify_traffic_mirror_filter_network_services(
        TrafficMirrorFilterId=id, RemoveNetworkServices=["amazon-dns"]
    )
    assert filter_of(ec2, id)["NetworkServices"] == []
    assert ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=id)["TrafficMirrorFilterId"] == id
    with refuses("InvalidTrafficMirrorFilterId.NotFound"):
        filter_of(ec2, id)
    rules = ec2.describe_traffic_mirror_filter_rules()["TrafficMirrorFilterRules"]
    assert {r["TrafficMirrorFilterId"] for r in rules} == {FILTER}


def test_not_deleted_while_in_use(ec2):
    session(ec2)
    with refuses("TrafficMirrorFilterInUse"):
        ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=FILTER)
    ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=EMPTY_FILTER)


def test_ten_rules_in_all(ec2):
    for number in range(1, 6):
        rule(ec2, number)
        rule(ec2, number, "egress")
    with refuses("TrafficMirrorFilterRuleLimitExceeded"):
        rule(ec2, 6)


def test_a_number_stands_once_in_a_direction(ec2):
    rule(ec2, 1)
    other = rule(ec2, 2)
    with refuses("TrafficMirrorFilterRuleAlreadyExists"):
        rule(ec2, 1)
    with refuses("TrafficMirrorFilterRuleAlreadyExists"):
        ec2.modify_traffic_mirror_filter_rule(
            TrafficMirrorFilterRuleId=other["TrafficMirrorFilterRuleId"], RuleNumber=1
        )


@pytest.mark.parametrize(
    "change",
    [
        {"number": 0},
        {"number": 32767},
        {"direction": "sideways"},
        {"action": "maybe"},
        {"Protocol": 256},
        {"SourceCidrBlock": "10.0.0.0"},
        {"SourceCidrBlock": "10.0.0.0/33"},
        {"SourceCidrBlock": "::/0"},
        {"DestinationCidrBlock": "x"},
        {"SourcePortRange": {"FromPort": 1, "ToPort": 2}},
        {"Protocol": 6, "SourcePortRange": {"FromPort": 2, "ToPort": 1}},
        {"Protocol": 6, "SourcePortRange": {"FromPort": 1, "ToPort": 65536}},
    ],
)
def test_invalid_rules(ec2, change):
    with refuses("InvalidParameterValue"):
        rule(ec2, **change)


def test_modify_a_rule(ec2):
    made = rule(ec2, Description="d", Protocol=6, SourcePortRange={"FromPort": 1, "ToPort": 2})
    id = made["TrafficMirrorFilterRuleId"]
    changed = ec2.modify_traffic_mirror_filter_rule(
        TrafficMirrorFilterRuleId=id, RuleAction="reject", RemoveFields=["source-port-range", "protocol"]
    )
    expected = {k: v for k, v in made.items() if k not in ("SourcePortRange", "Protocol")} | {
        "RuleAction": "reject"
    }
    # AWS's answer to this call has no tags either when there are none.
    assert changed["TrafficMirrorFilterRule"] == expected
    with refuses("InvalidParameterValue"):
        ec2.modify_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=id, RemoveFields=["rule-number"])


def test_missing_and_malformed(ec2):
    with refuses("InvalidTrafficMirrorFilterRuleNotFound"):
        ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId="tmfr-0fffffffffffffff1")
    with refuses("InvalidTrafficMirrorFilterRuleId.Malformed"):
        ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId="tmfr-1")
    with refuses("InvalidTrafficMirrorFilterId.NotFound"):
        rule(ec2, filter="tmf-0fffffffffffffff1")
    with refuses("InvalidTrafficMirrorFilterId.NotFound"):
        rule(ec2, filter="tmf-00000000000000099")
    with refuses("InvalidParameterValue"):
        ec2.modify_traffic_mirror_filter_network_services(
            TrafficMirrorFilterId=FILTER, AddNetworkServices=["ntp"]
        )


def test_client_tokens_and_dry_run(ec2):
    for call, parameters in (
        (ec2.create_traffic_mirror_filter, {"Description": "a"}),
        (
            ec2.create_traffic_mirror_filter_rule,
            {
                "TrafficMirrorFilterId": EMPTY_FILTER,
                "TrafficDirection": "ingress",
                "RuleNumber": 1,
                "RuleAction": "accept",
                "Description": "a",
            }
            | ANY,
        ),
    ):
        with refuses("DryRunOperation", 412):
            call(DryRun=True, **parameters)
        first, again = call(ClientToken="t", **parameters), call(ClientToken="t", **parameters)
        first.pop("ResponseMetadata"), again.pop("ResponseMetadata")
        assert first == again
        with refuses("IdempotentParameterMismatch"):
            call(ClientToken="t", **(parameters | {"Description": "b"}))
    assert len(ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) == 3
    id = ec2.describe_traffic_mirror_filter_rules(TrafficMirrorFilterId=EMPTY_FILTER)[
        "TrafficMirrorFilterRules"
    ][0]["TrafficMirrorFilterRuleId"]
    for call, parameters in (
        (ec2.delete_traffic_mirror_filter, {"TrafficMirrorFilterId": EMPTY_FILTER}),
        (ec2.delete_traffic_mirror_filter_rule, {"TrafficMirrorFilterRuleId": id}),
        (ec2.modify_traffic_mirror_filter_rule, {"TrafficMirrorFilterRuleId": id, "RuleNumber": 9}),
        (
            ec2.modify_traffic_mirror_filter_network_services,
            {"TrafficMirrorFilterId": EMPTY_FILTER, "AddNetworkServices": ["amazon-dns"]},
        ),
    ):
        with refuses("DryRunOperation", 412):
            call(DryRun=True, **parameters)
    assert len(filter_of(ec2, EMPTY_FILTER)["IngressFilterRules"]) == 1


def test_describe_rules_by_filter_and_filters(ec2):
    assert (
        len(
            ec2.describe_traffic_mirror_filter_rules(TrafficMirrorFilterId=FILTER)["TrafficMirrorFilterRules"]
        )
        == 4
    )
    found = ec2.describe_traffic_mirror_filter_rules(
        Filters=[
            {"Name": "traffic-direction", "Values": ["egress"]},
            {"Name": "rule-number", "Values": ["2"]},
        ]
    )
    assert [r["SourceCidrBlock"] for r in found["TrafficMirrorFilterRules"]] == ["::/0"]
    with refuses("InvalidTrafficMirrorFilterId.NotFound"):
        ec2.describe_traffic_mirror_filter_rules(TrafficMirrorFilterId="tmf-0fffffffffffffff1")
    assert [
        f["TrafficMirrorFilterId"]
        for f in ec2.describe_traffic_mirror_filters(Filters=[{"Name": "description", "Values": ["emp?y"]}])[
            "TrafficMirrorFilters"
        ]
    ] == [EMPTY_FILTER]
