"""Consistency, faults, churn, ledger: what is set, not called."""

import json
import time

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from conftest import ENI, FILTER, TARGET, refuses, session, tagged

WEB = "i-00000000000000001"


def test_a_change_shows_after_the_delay(sandbox, ec2):
    sandbox.control("POST", "clock", {"speed": 0})
    try:
        sandbox.control("PATCH", "settings", {"consistency_delay_ms": 5000})
        forward = lambda seconds: sandbox.control("POST", "clock", {"advance_seconds": seconds})
        seen = lambda: [
            (s["SessionNumber"], len(s["Tags"]))
            for s in ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
        ]
        id = session(ec2)["TrafficMirrorSessionId"]
        assert seen() == []
        with refuses("InvalidTrafficMirrorSessionId.NotFound"):
            ec2.describe_traffic_mirror_sessions(TrafficMirrorSessionIds=[id])
        # What is not shown yet counts all the same.
        with refuses("InvalidParameterValue"):
            session(ec2)
        forward(4)
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=id, SessionNumber=2)
        forward(2)
        assert seen() == [(1, 0)]
        ec2.create_tags(Resources=[id], Tags=[{"Key": "k", "Value": "v"}])
        forward(4)
        assert seen() == [(2, 0)]
        forward(2)
        assert seen() == [(2, 1)]
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=id)
        assert seen() == [(2, 1)]
        with refuses("InvalidTrafficMirrorSessionId.NotFound"):
            ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=id)
        forward(6)
        assert seen() == []
    finally:
        sandbox.control("POST", "clock", {"speed": 1})


@pytest.mark.parametrize(
    "kind, code, status",
    [
        ("internal_error", "InternalError", 500),
        ("unavailable", "Unavailable", 503),
        ("request_limit_exceeded", "RequestLimitExceeded", 503),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_server_errors_before_and_after_the_change(sandbox, ec2, kind, code, status, after):
    sandbox.control(
        "POST", "faults", {"kind": kind, "action": "Create*Session", "times": 1, "after_change": after}
    )
    with refuses(code, status):
        session(ec2)
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == after
    entry = sandbox.ledger()["calls"][0]
    assert (entry["outcome"], entry["changed"]) == (code, after)


@pytest.mark.parametrize("after", [False, True])
def test_connections_that_break(sandbox, ec2, after):
    sandbox.control(
        "POST",
        "faults",
        {"kind": "reset", "action": "CreateTrafficMirrorSession", "times": 1, "after_change": after},
    )
    with pytest.raises(ConnectionClosedError):
        session(ec2)
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == after


def test_spoilt_answers(sandbox, ec2):
    fault = lambda kind, **more: sandbox.control("POST", "faults", {"kind": kind, "times": 1} | more)
    fault("truncated")
    with pytest.raises(ResponseParserError):
        ec2.describe_instances()
    fault("half_written")
    with pytest.raises(Exception) as error:
        ec2.describe_instances()
    assert not isinstance(error.value, ClientError)
    fault("html")
    with pytest.raises(ClientError) as error:
        ec2.describe_instances()
    assert error.value.response["Error"] == {"Code": "500", "Message": "Internal Server Error"}
    fault("slow", delay_ms=300)
    before = time.monotonic()
    ec2.describe_instances()
    assert time.monotonic() - before >= 0.3
    fault("hang")
    with pytest.raises(ReadTimeoutError):
        sandbox.client(read_timeout=1).describe_instances()
    fault("error", code="InvalidState", message="no", status=409)
    with refuses("InvalidState", 409):
        ec2.describe_instances()
    assert [c["outcome"] for c in sandbox.ledger()["calls"]] == [
        "truncated",
        "half_written",
        "html",
        "ok",
        "hang",
        "InvalidState",
    ]
    ec2.describe_instances()


def test_denials_by_action_and_tag(sandbox, ec2, other):
    tag = {"key": "mirror:coverage", "value": "prod"}
    sandbox.control(
        "POST",
        "faults",
        [
            {
                "kind": "deny",
                "action": "*TrafficMirrorSession",
                "resource_tag": tag | {"absent": True},
                "account": "111122223333",
            }
        ],
    )
    sandbox.control("POST", "faults", {"kind": "deny", "action": "DescribeRegions"})
    ids = [session(other, "eni-00000000000000099", TARGET, "tmf-00000000000000099")["TrafficMirrorSessionId"]]
    with refuses("UnauthorizedOperation", 403) as error:
        session(ec2)
    assert "user/sandbox" in error.message and "ec2:CreateTrafficMirrorSession" in error.message
    with refuses("UnauthorizedOperation", 403):
        ec2.describe_regions()
    ec2.create_tags(Resources=[ENI, TARGET, FILTER], Tags=[{"Key": "mirror:coverage", "Value": "prod"}])
    id = session(ec2)["TrafficMirrorSessionId"]
    with refuses("UnauthorizedOperation", 403):
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=id)
    ec2.create_tags(Resources=[id], Tags=[{"Key": "mirror:coverage", "Value": "prod"}])
    ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=id)
    assert ids


@pytest.mark.parametrize(
    "create_action, create, alone",
    [(None, True, True), ("CreateTrafficMirror*", True, False), ("", False, True)],
)
def test_tags_in_a_create_call_need_create_tags(sandbox, ec2, create_action, create, alone):
    fault = {"kind": "deny", "action": "CreateTags"} | (
        {} if create_action is None else {"create_action": create_action}
    )
    sandbox.control("POST", "faults", fault)

    def denied(call, **parameters):
        try:
            call(**parameters)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "UnauthorizedOperation"
            return True
        return False

    assert denied(session, ec2=ec2, TagSpecifications=tagged("traffic-mirror-session", a="b")) == create
    assert len(ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == (not create)
    assert denied(ec2.create_tags, Resources=[WEB], Tags=[{"Key": "k", "Value": "v"}]) == alone
    assert not denied(session, ec2=ec2, number=2)


def test_denials_by_principal(sandbox, ec2):
    sandbox.control(
        "POST", "faults", {"kind": "deny", "action": "Delete*", "principal": "*assumed-role/reader/*"}
    )
    given = sandbox.client("sts").assume_role(
        RoleArn="arn:aws:iam::111122223333:role/reader", RoleSessionName="proof", ExternalId="proof"
    )
    given = given["Credentials"]
    reader = sandbox.client(
        key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"]
    )
    with refuses("UnauthorizedOperation", 403):
        reader.delete_tags(Resources=[WEB])
    reader.describe_vpcs()
    ec2.delete_tags(Resources=[WEB])


def test_faults_in_the_words_of_the_other_services(sandbox):
    elb, sts = sandbox.client("elbv2"), sandbox.client("sts")
    for kind, code, status in (
        ("deny", "AccessDenied", 403),
        ("request_limit_exceeded", "Throttling", 400),
        ("internal_error", "InternalFailure", 500),
        ("unavailable", "ServiceUnavailable", 503),
    ):
        sandbox.control("POST", "faults", {"kind": kind, "times": 2})
        for call in (elb.describe_load_balancers, sts.get_caller_identity):
            with refuses(code, status) as error:
                call()
        assert kind != "deny" or "sts:GetCallerIdentity" in error.message


def test_faults_by_rate_script_and_parameter(sandbox, ec2):
    sandbox.control("POST", "faults", {"kind": "unavailable", "action": "DescribeVpcs", "rate": 0.5})

    def fails(call):
        try:
            call()
        except ClientError:
            return True
        return False

    assert 20 < sum(fails(ec2.describe_vpcs) for _ in range(100)) < 80
    sandbox.control("DELETE", "faults")
    sandbox.control("POST", "faults", {"kind": "unavailable", "skip": 2, "times": 2})
    assert [fails(ec2.describe_vpcs) for _ in range(6)] == [False, False, True, True, False, False]
    sandbox.control("DELETE", "faults")
    sandbox.control("POST", "faults", {"kind": "unavailable", "parameters": {"NetworkInterfaceId": ENI}})
    assert fails(lambda: session(ec2)) and not fails(lambda: session(ec2, "eni-00000000000000002"))
    assert sandbox.control("GET", "faults")[0]["hit"] == 1


def test_churn_by_call_count_and_time(sandbox, ec2):
    sandbox.control(
        "PUT",
        "churn",
        [
            {
                "at_call": 2,
                "of_action": "DescribeInstances",
                "action": "TerminateInstances",
                "parameters": {"InstanceIds": [WEB]},
            },
            {
                "at_seconds": 60,
                "action": "CreateTags",
                "parameters": {"Resources": ["i-00000000000000002"], "Tags": [{"Key": "new", "Value": "1"}]},
            },
            {"at_call": 1, "action": "StopInstances", "parameters": {"InstanceIds": ["i-0fffffffffffffff1"]}},
        ],
    )
    state = lambda: ec2.describe_instances(InstanceIds=[WEB])["Reservations"][0]["Instances"][0]["State"][
        "Name"
    ]
    ec2.describe_vpcs()
    assert [state(), state()] == ["running", "terminated"]
    tagged = lambda: len(ec2.describe_tags(Filters=[{"Name": "key", "Values": ["new"]}])["Tags"])
    assert tagged() == 0
    sandbox.control("POST", "clock", {"advance_seconds": 61})
    assert tagged() == 1
    outcomes = [step["outcome"] for step in sandbox.control("GET", "churn")]
    assert outcomes[:2] == ["ok", "ok"] and outcomes[2].startswith("InvalidInstanceID.NotFound")


def test_ledger(sandbox, ec2):
    ec2.describe_instances(MaxResults=5)
    session(ec2)
    with refuses("InvalidParameterValue"):
        session(ec2)
    with refuses("DryRunOperation", 412):
        session(ec2, number=2, DryRun=True)
    with refuses("AuthFailure", 401):
        sandbox.client(secret="x").describe_vpcs()
    ledger = sandbox.ledger()
    assert (ledger["total"], ledger["mutating"], ledger["changed"], ledger["highest_concurrency"]) == (
        5,
        3,
        1,
        1,
    )
    assert ledger["actions"]["CreateTrafficMirrorSession"] == {
        "calls": 3,
        "ok": 1,
        "errors": {"InvalidParameterValue": 1, "DryRunOperation": 1},
    }
    first = ledger["calls"][0]
    assert (
        first["number"] == 1
        and first["parameters"] == {"MaxResults": 5}
        and first["region"] == "eu-west-1"
        and "Boto3" in first["user_agent"]
    )
    assert (
        first["principal"] == "arn:aws:iam::111122223333:user/sandbox"
        and ledger["calls"][4]["principal"] == ""
    )
    assert "calls" not in sandbox.control("GET", "ledger?calls=false")
    sandbox.control("DELETE", "ledger")
    assert sandbox.ledger()["total"] == 0


def test_a_repeated_client_token_changes_nothing(sandbox, ec2):
    first = session(ec2, ClientToken="t")
    assert session(ec2, ClientToken="t") == first
    ledger = sandbox.ledger()
    assert [call["changed"] for call in ledger["calls"]] == [True, False]
    assert (ledger["mutating"], ledger["changed"]) == (2, 1)


def test_concurrency_is_counted(sandbox):
    from concurrent.futures import ThreadPoolExecutor

    sandbox.control("PATCH", "settings", {"latency_ms": 100})
    ec2 = sandbox.client(max_pool_connections=7)
    with ThreadPoolExecutor(7) as pool:
        list(pool.map(lambda _: ec2.describe_vpcs(), range(14)))
    assert sandbox.ledger()["highest_concurrency"] == 7


def test_the_control_endpoint_refuses_nonsense(sandbox):
    import urllib.error

    for method, path, body in (
        ("POST", "faults", {"kind": "earthquake"}),
        ("PATCH", "settings", {"colour": "red"}),
        ("PUT", "churn", [{"at_call": 1}]),
        ("POST", "clock", {"back": 1}),
        ("POST", "targets/share", {"region": "eu-west-1", "traffic_mirror_target_id": "x", "accounts": []}),
    ):
        with pytest.raises(urllib.error.HTTPError) as error:
            sandbox.control(method, path, body)
        assert error.value.code == 400 and json.load(error.value)["error"]


def test_the_same_seed_makes_the_same_ids(start):
    def ids(seed):
        sandbox = start("--instances", "20", "--seed", seed)
        ec2 = sandbox.client()
        found = [
            i["InstanceId"]
            for r in ec2.describe_instances(IncludeManagedResources=True)["Reservations"]
            for i in r["Instances"]
        ]
        made = ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
        return found, made

    assert ids("7") == ids("7") != ids("8")
