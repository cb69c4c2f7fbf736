"""A sandbox for the whole run, as new for every test, and clients that check
each answer against botocore's model: no element that the model does not know,
none missing that it requires."""

import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
BINARY = os.environ.get("EC2_SANDBOX", str(ROOT / "target/debug/ec2-sandbox"))

ENI, ENI_B, TRUNK, MANAGED = (f"eni-0000000000000000{n}" for n in (1, 2, 7, 8))
TARGET, LARGE, NLB, GWLB = (f"tmt-0000000000000000{n}" for n in "abcd")
FILTER, EMPTY_FILTER = "tmf-00000000000000001", "tmf-00000000000000002"
SUBNET, SUBNET_B = "subnet-0000000000000001a", "subnet-0000000000000001b"
VPC = "vpc-0aaaaaaaaaaaaaaa1"
ACCOUNT, OTHER = "111122223333", "444455556666"


class Sandbox:
    """A running sandbox: clients for it, and its control endpoint."""

    def __init__(self, *arguments):
        command = [BINARY, "--listen", "127.0.0.1:0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        self.url = line.split()[-1]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    def client(
        self,
        service="ec2",
        *,
        region="eu-west-1",
        key="AKIASANDBOX000000000",
        secret="sandbox",
        token=None,
        **config,
    ):
        settings = {
            "retries": {"max_attempts": 0},
            "parameter_validation": False,
            "read_timeout": 10,
        } | config
        client = boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(**settings),
        )
        client.meta.events.register(
            f"before-parse.{client.meta.service_model.service_id.hyphenize()}", conforms
        )
        return client

    def other(self, service="ec2", **more):
        """A client of the second account."""
        return self.client(service, key="AKIAOTHER000000000000", secret="other", **more)

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}", data, {"content-type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def ledger(self):
        return self.control("GET", "ledger")


def conforms(operation_model, response_dict, **_):
    """Walks the XML of a good answer along the model's output shape."""
    if response_dict["status_code"] >= 300:
        return
    try:
        root = ET.fromstring(response_dict["body"])
    except ET.ParseError:
        return  # a fault; the test that injected it looks at what boto3 makes of it
    strip(root)
    assert root.tag == f"{operation_model.name}Response"
    output = operation_model.output_shape
    protocol = operation_model.service_model.metadata["protocol"]
    if protocol == "query":
        assert [child.tag for child in root if child.tag == "ResponseMetadata"] == ["ResponseMetadata"]
        wrapper = output.serialization.get("resultWrapper") if output else None
        if wrapper:
            walk(root.find(wrapper), output, operation_model.name)
        return
    assert root.find("requestId").text
    root.remove(root.find("requestId"))
    if output is None:
        assert [(child.tag, child.text) for child in root] == [("return", "true")]
    else:
        walk(root, output, operation_model.name)


def strip(element):
    for node in element.iter():
        node.tag = node.tag.rpartition("}")[2]


def walk(element, shape, path):
    if shape.type_name == "structure":
        names = {
            member.serialization.get("name", name): (name, member) for name, member in shape.members.items()
        }
        found = set()
        for child in element:
            assert child.tag in names, f"{path}: the model does not know {child.tag}"
            name, member = names[child.tag]
            assert name not in found, f"{path}: {child.tag} twice"
            found.add(name)
            walk(child, member, f"{path}.{name}")
        missing = set(shape.required_members) - found
        assert not missing, f"{path}: {missing} is required"
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "member")
        for child in element:
            assert child.tag == item, f"{path}: {child.tag} is no {item}"
            walk(child, shape.member, f"{path}[]")
    else:
        assert len(element) == 0, f"{path}: a {shape.type_name} has children"
        text = element.text or ""
        if shape.type_name in ("integer", "long"):
            int(text)
        elif shape.type_name == "boolean":
            assert text in ("true", "false"), path
        elif getattr(shape, "enum", None) and text:
            # AWS does not keep to its own case (`available`, `natGateway` for `nat_gateway`).
            plain = {value.lower().replace("_", "") for value in shape.enum}
            assert text.lower().replace("_", "") in plain, f"{path}: {text}"


@pytest.fixture(scope="session")
def running():
    sandbox = Sandbox("--fleet", str(HERE / "fleet.yaml"), "--no-throttle", "--seed", "7")
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(running):
    running.control("POST", "reset")
    return running


@pytest.fixture
def ec2(sandbox):
    return sandbox.client()


@pytest.fixture
def other(sandbox):
    return sandbox.other()


@pytest.fixture
def start():
    """Starts more sandboxes, and stops them."""
    started = []

    def start(*arguments):
        started.append(Sandbox(*arguments))
        return started[-1]

    yield start
    for sandbox in started:
        sandbox.stop()


class Refused:
    """The error that a block ended in."""

    code = message = status = None


class refuses:
    """The block ends in exactly this error code (and status)."""

    def __init__(self, code, status=400):
        self.code, self.status, self.error = code, status, Refused()

    def __enter__(self):
        return self.error

    def __exit__(self, kind, error, _):
        assert isinstance(error, ClientError), f"expected {self.code}, got {error!r}"
        self.error.code = error.response["Error"]["Code"]
        self.error.message = error.response["Error"]["Message"]
        self.error.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert (self.error.code, self.error.status) == (self.code, self.status), self.error.message
        assert error.response["ResponseMetadata"]["RequestId"]
        return True


def session(ec2, eni=ENI, target=TARGET, filter=FILTER, number=1, **more):
    """CreateTrafficMirrorSession with the usual parts; its session."""
    return ec2.create_traffic_mirror_session(
        NetworkInterfaceId=eni,
        TrafficMirrorTargetId=target,
        TrafficMirrorFilterId=filter,
        SessionNumber=number,
        **more,
    )["TrafficMirrorSession"]


def tagged(kind, **tags):
    """TagSpecifications of one resource type."""
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]


def crowd(ec2):
    """The interfaces of the twelve instances that limits are filled with."""
    found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["crowd"]}])
    return [
        i["NetworkInterfaces"][0]["NetworkInterfaceId"] for r in found["Reservations"] for i in r["Instances"]
    ]
