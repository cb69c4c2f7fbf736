"""Signatures, accounts, roles, regions."""

import datetime
import random
import urllib.error
import urllib.request

import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from conftest import ACCOUNT, ENI, FILTER, LARGE, OTHER, TARGET, refuses, session, tagged


def post(url, headers, body):
    request = urllib.request.Request(url, body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def signed(
    url,
    body,
    service="ec2",
    key="AKIASANDBOX000000000",
    secret="sandbox",
    region="eu-west-1",
    when=None,
    monkeypatch=None,
):
    request = AWSRequest("POST", url + "/", {"Content-Type": "application/x-www-form-urlencoded"}, body)
    if when:
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: when)
    SigV4Auth(Credentials(key, secret), service, region).add_auth(request)
    return dict(request.headers)


BODY = "Action=DescribeVpcs&Version=2016-11-15"


def test_unsigned_and_wrong(sandbox):
    assert post(sandbox.url, {}, BODY)[0] == 401 and "AuthFailure" in post(sandbox.url, {}, BODY)[1]
    good = signed(sandbox.url, BODY)
    assert post(sandbox.url, good, BODY)[0] == 200
    assert "AuthFailure" in post(sandbox.url, good, BODY + "&DryRun=true")[1]
    assert "AuthFailure" in post(sandbox.url, signed(sandbox.url, BODY, secret="other"), BODY)[1]
    assert "AuthFailure" in post(sandbox.url, signed(sandbox.url, BODY, key="AKIANOBODY"), BODY)[1]
    with refuses("AuthFailure", 401):
        sandbox.client(secret="wrong").describe_vpcs()
    with refuses("InvalidClientTokenId", 403):
        sandbox.client("sts", key="AKIANOBODY").get_caller_identity()
    with refuses("SignatureDoesNotMatch", 403):
        sandbox.client("elbv2", secret="wrong").describe_load_balancers()


@pytest.mark.parametrize(
    "scope, body, status, code",
    [
        ("rds", BODY, 401, "AuthFailure"),
        ("s3", BODY, 401, "AuthFailure"),
        ("sts", BODY, 401, "AuthFailure"),
        ("ec2", "Action=GetCallerIdentity&Version=2011-06-15", 403, "SignatureDoesNotMatch"),
        ("rds", "Action=DescribeLoadBalancers&Version=2015-12-01", 403, "SignatureDoesNotMatch"),
    ],
)
def test_a_signature_for_another_service(sandbox, scope, body, status, code):
    answer = post(sandbox.url, signed(sandbox.url, body, service=scope), body)
    assert answer[0] == status and f"<Code>{code}</Code>" in answer[1] and "correct service" in answer[1], answer


@pytest.mark.parametrize("minutes, good", [(4, True), (-4, True), (6, False), (-6, False)])
def test_a_signature_is_good_for_five_minutes(sandbox, monkeypatch, minutes, good):
    when = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(
        minutes=minutes
    )
    status, text = post(sandbox.url, signed(sandbox.url, BODY, when=when, monkeypatch=monkeypatch), BODY)
    assert (status, "RequestExpired" in text) == ((200, False) if good else (400, True))


def test_bad_requests(sandbox):
    send = lambda body: post(sandbox.url, signed(sandbox.url, body), body)
    for body, code in (
        ("Action=DescribeVpcs&Version=2014-01-01", "NoSuchVersion"),
        ("Action=DescribeEverything&Version=2016-11-15", "InvalidAction"),
        ("Version=2016-11-15", "InvalidAction"),
        (BODY + "&Colour=red", "UnknownParameter"),
        (BODY + "&DryRun=true&DryRun=true", "InvalidParameterValue"),
        (BODY + "&MaxResults=many", "InvalidParameterValue"),
        ("Action=%ff&Version=2016-11-15", "InvalidAction"),
        (BODY + "&" + "A." * 9000 + "=1", "UnknownParameter"),
    ):
        status, text = send(body)
        assert status == 400 and f"<Code>{code}</Code>" in text, (body, text)


def test_garbage_is_refused_and_does_no_harm(sandbox):
    """Bytes of any kind, unsigned and signed, end in a client error."""
    dice = random.Random(7)
    names = [
        "Filter.1.Name",
        "Filter.1.Value.1",
        "MaxResults",
        "NextToken",
        "InstanceId.1",
        "TagSpecification.1.Tag.1.Key",
        "DryRun",
        "Filter.-1.Name",
        "Filter.99999999999.Name",
        ".",
    ]
    for _ in range(300):
        noise = "".join(
            chr(dice.choice([0, 37, 38, 61, 46, 65, 92, 42, 1234, 65533])) for _ in range(dice.randrange(40))
        )
        action = dice.choice(
            ["DescribeInstances", "CreateTrafficMirrorSession", "CreateTags", "RunInstances", noise]
        )
        body = f"Action={action}&Version=2016-11-15&{dice.choice(names)}={noise}&{noise}={dice.choice(names)}"
        headers = (
            signed(sandbox.url, body)
            if dice.random() < 0.8
            else {
                "Authorization": "AWS4-HMAC-SHA256 "
                + dice.choice(["", "Credential=", "Credential=a/b/c/d/e"])
            }
        )
        status, text = post(sandbox.url, headers, body)
        assert 400 <= status < 500 or action.startswith("Describe"), (status, text, body)
    sandbox.client().describe_vpcs()


def test_get_works_too(sandbox):
    request = AWSRequest("GET", f"{sandbox.url}/?{BODY}&Filter.1.Name=tag%3AName&Filter.1.Value.1=a%20b%2Bc")
    SigV4Auth(Credentials("AKIASANDBOX000000000", "sandbox"), "ec2", "eu-west-1").add_auth(request)
    prepared = request.prepare()
    with urllib.request.urlopen(
        urllib.request.Request(prepared.url, headers=dict(prepared.headers)), timeout=5
    ) as answer:
        assert b"DescribeVpcsResponse" in answer.read()


def test_regions_are_apart(sandbox):
    assert [v["VpcId"] for v in sandbox.client(region="us-east-1").describe_vpcs()["Vpcs"]] == [
        "vpc-0aaaaaaaaaaaaaae1"
    ]
    assert sandbox.client(region="eu-central-1").describe_instances()["Reservations"] == []
    with refuses("AuthFailure", 401) as error:
        sandbox.client(region="eu-nowhere-1").describe_vpcs()
    assert "valid region" in error.message


def test_who_am_i(sandbox):
    assert sandbox.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/sandbox"
    assert sandbox.other("sts").get_caller_identity()["Account"] == OTHER


def test_assume_role(sandbox):
    sts, role = sandbox.client("sts"), f"arn:aws:iam::{ACCOUNT}:role/reader"
    made = sts.assume_role(RoleArn=role, RoleSessionName="proof", ExternalId="proof", DurationSeconds=900)
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/proof"
    given = made["Credentials"]
    use = {"key": given["AccessKeyId"], "secret": given["SecretAccessKey"], "token": given["SessionToken"]}
    assert sandbox.client("sts", **use).get_caller_identity()["Arn"].endswith("assumed-role/reader/proof")
    session(sandbox.client(**use))
    assert sandbox.ledger()["calls"][-1]["principal"].endswith("assumed-role/reader/proof")
    with refuses("AuthFailure", 401):
        sandbox.client(**(use | {"token": None})).describe_vpcs()
    with refuses("AuthFailure", 401):
        sandbox.client(**(use | {"token": "x"})).describe_vpcs()
    sandbox.control("POST", "clock", {"advance_seconds": 901})
    with refuses("RequestExpired"):
        sandbox.client(**use).describe_vpcs()
    with refuses("ExpiredToken", 403):
        sandbox.client("sts", **use).get_caller_identity()
    sts.assume_role(RoleArn=role.replace("reader", "open"), RoleSessionName="proof")
    for change in ({"ExternalId": "x"}, {"RoleArn": role + "x"}, {"RoleArn": "x"}):
        with refuses("AccessDenied", 403):
            sts.assume_role(**({"RoleArn": role, "RoleSessionName": "proof", "ExternalId": "proof"} | change))
    for change in ({"DurationSeconds": 1}, {"RoleSessionName": "a b"}, {"RoleSessionName": "s"}):
        with refuses("ValidationError"):
            sts.assume_role(**({"RoleArn": role, "RoleSessionName": "proof", "ExternalId": "proof"} | change))


def test_a_chain_of_roles_lasts_an_hour(sandbox):
    reader, opened = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("reader", "open"))
    given = sandbox.client("sts").assume_role(
        RoleArn=opened, RoleSessionName="first", DurationSeconds=7200
    )["Credentials"]
    first = sandbox.client(
        "sts", key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"]
    )
    second = {"RoleArn": reader, "RoleSessionName": "second", "ExternalId": "proof"}
    assert first.assume_role(**second)["AssumedRoleUser"]["Arn"].endswith("assumed-role/reader/second")
    call = sandbox.ledger()["calls"][-1]
    assert call["principal"].endswith("assumed-role/open/first")
    assert call["parameters"] == second
    with refuses("ValidationError"):
        first.assume_role(**second, DurationSeconds=3601)


def test_assume_role_with_web_identity(sandbox):
    """Unsigned; the token alone decides."""
    nobody = sandbox.client("sts", key="AKIANOBODY", signature_version=UNSIGNED)
    role = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/open", "RoleSessionName": "pod"}
    made = nobody.assume_role_with_web_identity(**role, WebIdentityToken="proof-token")
    given = made["Credentials"]
    use = {"key": given["AccessKeyId"], "secret": given["SecretAccessKey"], "token": given["SessionToken"]}
    assert sandbox.client("sts", **use).get_caller_identity()["Arn"].endswith("assumed-role/open/pod")
    with refuses("InvalidIdentityToken"):
        nobody.assume_role_with_web_identity(**role, WebIdentityToken="another")
    with refuses("AccessDenied", 403):
        reader = role | {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/reader"}
        nobody.assume_role_with_web_identity(**reader, WebIdentityToken="proof-token")
    with refuses("MissingAuthenticationToken", 403):
        nobody.get_caller_identity()


def test_accounts_do_not_see_each_other(ec2, other):
    mine = session(ec2, target=LARGE)["TrafficMirrorSessionId"]
    assert other.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
    assert [
        f["TrafficMirrorFilterId"] for f in other.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
    ] == ["tmf-00000000000000099"]
    assert [i["InstanceId"] for r in other.describe_instances()["Reservations"] for i in r["Instances"]] == [
        "i-00000000000000099"
    ]
    with refuses("InvalidTrafficMirrorSessionId.NotFound"):
        other.delete_traffic_mirror_session(TrafficMirrorSessionId=mine)
    with refuses("InvalidTrafficMirrorSessionId.NotFound"):
        other.create_tags(Resources=[mine], Tags=[{"Key": "k", "Value": "v"}])
    with refuses("InvalidTrafficMirrorTargetId.NotFound"):
        other.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)
    with refuses("InvalidNetworkInterfaceID.NotFound"):
        session(other, ENI, TARGET, "tmf-00000000000000099")


def test_a_shared_target(sandbox, ec2, other):
    assert [
        t["TrafficMirrorTargetId"] for t in other.describe_traffic_mirror_targets()["TrafficMirrorTargets"]
    ] == [TARGET]
    theirs = session(
        other,
        "eni-00000000000000099",
        TARGET,
        "tmf-00000000000000099",
        TagSpecifications=tagged("traffic-mirror-session", a="b"),
    )
    seen = ec2.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    assert [(s["TrafficMirrorSessionId"], s["OwnerId"], s["Tags"]) for s in seen] == [
        (theirs["TrafficMirrorSessionId"], OTHER, [])
    ]
    mine = [{"Name": "owner-id", "Values": [ACCOUNT]}]
    assert ec2.describe_traffic_mirror_sessions(Filters=mine)["TrafficMirrorSessions"] == []
    with refuses("TrafficMirrorTargetInUseException"):
        ec2.delete_traffic_mirror_target(TrafficMirrorTargetId=TARGET)
    # Tags on a shared resource are seen by the account that set them.
    other.create_tags(Resources=[TARGET], Tags=[{"Key": "theirs", "Value": "1"}])
    tags = lambda client: client.describe_traffic_mirror_targets(TrafficMirrorTargetIds=[TARGET])[
        "TrafficMirrorTargets"
    ][0]["Tags"]
    assert tags(ec2) == [{"Key": "Name", "Value": "sensor"}] and tags(other) == [
        {"Key": "theirs", "Value": "1"}
    ]
    with refuses("InvalidTrafficMirrorTargetId.NotFound"):
        session(other, "eni-00000000000000099", LARGE, "tmf-00000000000000099", 2)
    # A share that is withdrawn leaves the session and hides the target.
    sandbox.control(
        "POST", "targets/share", {"region": "eu-west-1", "traffic_mirror_target_id": TARGET, "accounts": []}
    )
    assert other.describe_traffic_mirror_targets()["TrafficMirrorTargets"] == []
    assert len(other.describe_traffic_mirror_sessions()["TrafficMirrorSessions"]) == 1


def test_the_owner_of_a_shared_subnet(ec2, other):
    """Sees and mirrors a participant's interface, whose instance it cannot see; neither sees the other's session."""
    eni = "eni-00000000000000099"
    assert (
        ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]["OwnerId"] == OTHER
    )
    with refuses("InvalidInstanceID.NotFound"):
        ec2.describe_instances(InstanceIds=["i-00000000000000099"])
    session(ec2, eni, LARGE, FILTER)
    assert other.describe_traffic_mirror_sessions()["TrafficMirrorSessions"] == []
    assert other.describe_subnets()["Subnets"][0]["OwnerId"] == ACCOUNT
    assert (
        other.run_instances(
            ImageId="ami-12345678",
            InstanceType="m5.large",
            MinCount=1,
            MaxCount=1,
            SubnetId="subnet-0000000000000005d",
        )["OwnerId"]
        == OTHER
    )
    with refuses("InvalidParameterValue"):
        session(other, eni, TARGET, "tmf-00000000000000099")


def test_what_a_role_is_asked_for_beside_itself(sandbox):
    """Session tags and a source identity need a permission of their own, as in AWS."""
    role = f"arn:aws:iam::{ACCOUNT}:role/open"
    sts = sandbox.client("sts")
    tags = [{"Key": "team", "Value": "security"}]
    asked = [
        ({}, None),
        ({"Tags": tags}, "sts:TagSession"),
        ({"Tags": tags, "TransitiveTagKeys": ["team"]}, "sts:TagSession"),
        ({"SourceIdentity": "alice"}, "sts:SetSourceIdentity"),
    ]
    for more, needed in asked:
        for allowed in (["sts:AssumeRole"], ["sts:AssumeRole", needed or "sts:Any"]):
            sandbox.control("PATCH", "settings", {"policies": [policy({"Action": allowed, "Resource": role})]})
            ask = lambda: sts.assume_role(RoleArn=role, RoleSessionName="proof", **more)
            if needed is None or needed in allowed:
                ask()
                continue
            with refuses("AccessDenied", 403) as error:
                ask()
            assert needed in error.message
    sandbox.control("PATCH", "settings", {"policies": []})


SESSION_TAGS = tagged("traffic-mirror-session", a="b")


def policy(*statements):
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | one for one in statements]}
    return {"principal": f"arn:aws:iam::{ACCOUNT}:user/sandbox", "document": document}


def test_a_policy_allows_what_it_lists_and_nothing_else(sandbox):
    administrator = sandbox.client(key="AKIAADMINISTRATOR000")
    assert sandbox.client("sts", key="AKIAADMINISTRATOR000").get_caller_identity()["Arn"].endswith("user/administrator")
    ec2, elbv2 = sandbox.client(), sandbox.client("elbv2")
    sessions = f"arn:*:ec2:*:{ACCOUNT}:traffic-mirror-session/*"
    tags = {"Action": ["ec2:CreateTags", "ec2:DeleteTags"], "Resource": [sessions]}
    create = {"Action": "ec2:CreateTraffic*", "Resource": "*"}

    def attach(*statements):
        sandbox.control("PATCH", "settings", {"policies": [policy(*statements)]})

    attach(create)
    with refuses("UnauthorizedOperation", 403):
        ec2.describe_vpcs()
    with refuses("UnauthorizedOperation", 403):
        session(ec2, TagSpecifications=SESSION_TAGS, DryRun=True)
    with refuses("AccessDenied", 403):
        elbv2.describe_load_balancers()
    with pytest.raises(ClientError, match="ec2:CreateTags"):
        session(ec2, TagSpecifications=SESSION_TAGS)
    assert sandbox.client("sts").get_caller_identity()["Account"] == ACCOUNT, "needs no permission"
    with refuses("AccessDenied", 403):
        sandbox.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/any", RoleSessionName="x")
    made = session(ec2)["TrafficMirrorSessionId"]
    with refuses("UnauthorizedOperation", 403):
        ec2.create_tags(Resources=[made], Tags=[{"Key": "a", "Value": "b"}])
    attach(create, tags)
    ec2.create_tags(Resources=[made], Tags=[{"Key": "a", "Value": "b"}])
    with refuses("UnauthorizedOperation", 403):
        ec2.create_tags(Resources=[made, ENI], Tags=[{"Key": "a", "Value": "b"}])
    ec2.delete_tags(Resources=[made], Tags=[{"Key": "a"}])
    with refuses("UnauthorizedOperation", 403):
        ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=made)
    administrator.delete_traffic_mirror_session(TrafficMirrorSessionId=made)
    session(ec2, TagSpecifications=SESSION_TAGS)
    sandbox.control("PATCH", "settings", {"policies": []})
    ec2.describe_vpcs()
    with pytest.raises(urllib.error.HTTPError):
        attach({"Effect": "Deny", "Action": "*", "Resource": "*"})
