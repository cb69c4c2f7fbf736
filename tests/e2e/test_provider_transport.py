"""The arguments of the provider block that say how AWS is reached, each by what it does on the wire."""

import contextlib
import datetime
import http.client
import ipaddress
import json
import pathlib
import re
import ssl
import urllib.parse
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness import web
from harness.hcl import TAGGED

AUDIT = f'data "mirror_audit" "x" {{\n  {TAGGED}\n}}\n'


def by_argument(workspaces, **given):
    """A workspace, and the arguments of its provider block; in capitals, variables all the same."""
    variables = {name: value for name, value in given.items() if name.isupper()}
    arguments = {name: json.dumps(value) for name, value in given.items() if not name.isupper()}
    return workspaces("-".join(given) or "main", **variables), arguments


def by_variable(workspaces, **given):
    """The same by the environment variables that the guide names."""
    variables = {VARIABLES.get(name, name): value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    return workspaces("-".join(given) or "main", **variables), {}


def by_small_variable(workspaces, **given):
    """The same in small letters, which proxies may have."""
    return workspaces("-".join(given) or "main", **given), {}


def by_profile(workspaces, **given):
    """By the default profile, as far as it can say so; the rest by arguments."""
    said = {name: given.pop(name) for name in [*given] if name in OF_PROFILE}
    workspace, arguments = by_argument(workspaces, **given)
    lines = "".join(f"{name} = {value if isinstance(value, str) else json.dumps(value)}\n" for name, value in said.items())
    pathlib.Path(workspace.environment["AWS_CONFIG_FILE"]).write_text(f"[default]\n{lines}")
    return workspace, arguments


OF_PROFILE = ["use_fips_endpoint", "use_dualstack_endpoint", "retry_mode"]
VARIABLES = {
    "http_proxy": "HTTP_PROXY",
    "https_proxy": "HTTPS_PROXY",
    "no_proxy": "NO_PROXY",
    "custom_ca_bundle": "AWS_CA_BUNDLE",
    "use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT",
    "use_dualstack_endpoint": "AWS_USE_DUALSTACK_ENDPOINT",
    "ec2_metadata_service_endpoint_mode": "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "retry_mode": "AWS_RETRY_MODE",
}
WAYS = [by_argument, by_variable]


class Relay:
    """Hands requests on to the sandbox as they came, and notes where they were meant to go, and for what."""

    def __init__(self, url: str, asked: list[str], actions: set[str]):
        self.url = url
        self.asked = asked
        self.actions = actions


@contextlib.contextmanager
def relay(sandbox, tls: ssl.SSLContext | None = None, inside: ssl.SSLContext | None = None) -> Iterator[Relay]:
    """As a proxy, for plain HTTP and for tunnels, which it refuses unless it can be `inside`; with `tls` as a server."""
    asked: list[str] = []
    actions: set[str] = set()

    class Passing(web.Handler):
        def do_POST(self):
            asked.append(self.headers["host"])
            body = self.body()
            actions.update(urllib.parse.parse_qs(body.decode()).get("Action", []))
            path = urllib.parse.urlsplit(self.path).path or "/"
            connection = http.client.HTTPConnection(urllib.parse.urlsplit(sandbox.url).netloc)
            connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            told = answer.read()
            self.answer(told, answer.status, {"content-type": answer.headers["content-type"]})
            connection.close()

        def do_PUT(self):
            """The instance metadata service, which is not here."""
            asked.append(self.headers["host"])
            self.send_error(404)

        do_GET = do_PUT

        def do_CONNECT(self):
            if inside is None:
                asked.append(self.path)
                return self.send_error(403)
            self.send_response(200)
            self.end_headers()
            self.connection = inside.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            self.close_connection = False

    with web.serving(Passing, tls) as url:
        yield Relay(url, asked, actions)


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 and for AWS's hosts that nobody knows: the server's side, and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = datetime.datetime.now(datetime.timezone.utc)
    domains = ("eu-west-1.amazonaws.com", "eu-west-1.api.aws", "us-east-1.amazonaws.com")
    hosts = [x509.DNSName(f"*.{domain}") for domain in domains]
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *hosts]
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .sign(key, hashes.SHA256())
    )
    file, secret = tmp_path / "ca.pem", tmp_path / "key.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return context, file


def test_certificates(workspace, sandbox, fleet, certificate):
    context, file = certificate
    with relay(sandbox, context) as server:
        for trusted in ({"custom_ca_bundle": f'"{file}"'}, {"insecure": "true"}, None):
            server.asked.clear()
            sandbox.forget_calls()
            workspace.configure(sandbox.provider(endpoint=f'"{server.url}"', **(trusted or {})), AUDIT)
            result = workspace.try_plan()
            assert (result.code == 0) == bool(trusted), f"{trusted}: {result.readable()}"
            assert bool(sandbox.calls("DescribeInstances")) == bool(trusted)
            assert bool(server.asked) == bool(trusted), "nothing is sent to a server that is not trusted"


@pytest.mark.parametrize("way", [*WAYS, by_small_variable])
def test_a_proxy_for_http_and_hosts_that_need_none(workspaces, sandbox, fleet, way):
    with relay(sandbox) as proxy:
        # A name that has no address: only the proxy can reach it.
        there = {"endpoint": '"http://aws.invalid"'}
        workspace, through = way(workspaces, http_proxy=proxy.url)
        workspace.configure(sandbox.provider(**there, **through), AUDIT)
        workspace.plan()
        assert set(proxy.asked) == {"aws.invalid"} and sandbox.calls("DescribeInstances")
        proxy.asked.clear()
        workspace, through = way(workspaces, http_proxy=proxy.url, no_proxy=".invalid")
        workspace.configure(sandbox.provider(**there, **through), AUDIT)
        assert workspace.try_plan().code == 1
        assert proxy.asked == []


@pytest.mark.parametrize("way", [*WAYS, by_profile])
@pytest.mark.parametrize(
    "chosen, hosts",
    [
        (None, "{}.{region}.amazonaws.com"),
        ("use_fips_endpoint", "{}-fips.{region}.amazonaws.com"),
        ("use_dualstack_endpoint", "{}.{region}.api.aws"),
    ],
    ids=["plain", "fips", "dual-stack"],
)
def test_which_hosts_of_aws(workspaces, sandbox, fleet, certificate, way, chosen, hosts):
    """A proxy for HTTPS leads to the sandbox instead, which has a certificate for all of them."""
    context, file = certificate
    fleet.balancer_target()
    with relay(sandbox, inside=context) as proxy:
        workspace, given = way(workspaces, https_proxy=proxy.url, custom_ca_bundle=str(file), **{chosen: True} if chosen else {})
        workspace.configure(sandbox.provider(endpoint=None, **given), AUDIT)
        workspace.plan()
        assert set(proxy.asked) == {hosts.format(service, region=sandbox.region) for service in ("sts", "ec2", "elasticloadbalancing")}
    assert {"GetCallerIdentity", "DescribeInstances", "DescribeTargetGroups"} <= {call.action for call in sandbox.calls()}


def test_sts_of_another_region(workspace, sandbox, fleet, certificate):
    """For the account id and for roles; everything else stays in the provider's region."""
    context, file = certificate
    role = '{ role_arn = "arn:aws:iam::111122223333:role/hub" }'
    with relay(sandbox, inside=context) as proxy:
        given = {"https_proxy": f'"{proxy.url}"', "custom_ca_bundle": f'"{file}"', "sts_region": '"us-east-1"'}
        provider = sandbox.provider(endpoint=None, **given).removesuffix("}") + f"  assume_role {role}\n}}"
        workspace.configure(provider, AUDIT)
        workspace.plan()
        assert {host for host in proxy.asked if "eu-west-1" not in host} == {"sts.us-east-1.amazonaws.com"}
        assert "ec2.eu-west-1.amazonaws.com" in proxy.asked and not any(host.startswith("sts.eu") for host in proxy.asked)
        assert {"AssumeRole", "GetCallerIdentity"} <= proxy.actions


@pytest.mark.parametrize("way", ["arguments", "environment"])
def test_each_service_at_an_endpoint_of_its_own(workspaces, sandbox, fleet, way):
    fleet.balancer_target()
    with relay(sandbox) as ec2, relay(sandbox) as sts, relay(sandbox) as elb:
        if way == "arguments":
            workspace = workspaces()
            urls = f'    ec2 = "{ec2.url}"\n    sts = "{sts.url}"\n    elbv2 = "{elb.url}"\n'
            provider = sandbox.provider(endpoint=None).removesuffix("}") + f"  endpoints {{\n{urls}  }}\n}}"
        else:
            workspace = workspaces(
                AWS_ENDPOINT_URL="http://aws.invalid",
                AWS_ENDPOINT_URL_EC2=ec2.url,
                AWS_ENDPOINT_URL_STS=sts.url,
                AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2=elb.url,
            )
            provider = sandbox.provider(endpoint=None)
        workspace.configure(provider, AUDIT)
        workspace.plan()
        assert sts.actions == {"GetCallerIdentity"}
        assert "DescribeTargetGroups" in elb.actions and "DescribeTrafficMirrorSessions" in ec2.actions
        assert not elb.actions & ec2.actions


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode, host", [("IPv4", "169.254.169.254"), ("IPv6", "[fd00:ec2::254]")])
def test_which_address_of_the_instance_metadata_service(workspaces, sandbox, fleet, way, mode, host):
    """A proxy sees it; nobody answers, so there are no credentials."""
    with relay(sandbox) as proxy:
        given = {"http_proxy": proxy.url, "ec2_metadata_service_endpoint_mode": mode}
        workspace, given = way(workspaces, **given, AWS_EC2_METADATA_DISABLED="false")
        workspace.configure(sandbox.provider(access_key=None, secret_key=None, **given), AUDIT)
        assert workspace.try_plan().code == 1
        assert set(proxy.asked) == {host}


@pytest.mark.parametrize("way", [*WAYS, by_profile])
@pytest.mark.parametrize("mode, mark", [("standard", "E"), ("adaptive", "F")])
def test_retry_mode(workspaces, sandbox, fleet, way, mode, mark):
    """Each call tells AWS of the mode: User-Agent has a letter for it. What it does to the pace is a test of src/ec2."""
    workspace, given = way(workspaces, retry_mode=mode)
    workspace.configure(sandbox.provider(**given), AUDIT)
    workspace.plan()
    for call in sandbox.calls():
        (features,) = re.findall(r"(?:^| )m/(\S+)", call.user_agent)
        assert set(features.split(",")) & {"E", "F"} == {mark}, call.user_agent


def test_a_session_token(workspaces, sandbox, fleet):
    workspace = workspaces()
    role = "arn:aws:iam::111122223333:role/hub"
    given = sandbox.client("sts").assume_role(RoleArn=role, RoleSessionName="by-hand")["Credentials"]
    keys = {"access_key": f'"{given["AccessKeyId"]}"', "secret_key": f'"{given["SecretAccessKey"]}"'}
    workspace.configure(sandbox.provider(**keys, token=f'"{given["SessionToken"]}"'), AUDIT)
    workspace.plan()
    assert {call.principal for call in sandbox.calls()} == {"arn:aws:sts::111122223333:assumed-role/hub/by-hand"}
    workspace.configure(sandbox.provider(**keys), AUDIT)
    assert workspace.try_plan().code == 1, "without the token the key is worth nothing"
    sandbox.forget_calls()
    variables = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    workspace = workspaces("environment", **variables)
    workspace.configure(sandbox.provider(access_key=None, secret_key=None), AUDIT)
    workspace.plan()
    assert {call.principal for call in sandbox.calls()} == {"arn:aws:sts::111122223333:assumed-role/hub/by-hand"}


def test_a_region_that_is_none(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(region='"mars"'), AUDIT)
    result = workspace.try_plan()
    assert result.code == 1 and "region" in result.errors[0].text and sandbox.calls() == []
    workspace.configure(sandbox.provider(region='"mars"', skip_region_validation="true"), AUDIT)
    result = workspace.try_plan()
    assert result.code == 1 and "mars" in result.errors[0].text, result.readable()
    assert sandbox.calls(), "it is AWS that refuses it"
