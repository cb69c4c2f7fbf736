"""The arguments of the provider block that say how AWS is reached, each by what it does on the wire."""

import contextlib
import datetime
import http.client
import http.server
import ipaddress
import ssl
import threading
import urllib.parse
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.hcl import TAGGED

AUDIT = f'data "mirror_audit" "x" {{\n  {TAGGED}\n}}\n'


class Relay:
    """Hands requests on to the sandbox as they came, and notes where they were meant to go."""

    def __init__(self, url: str, asked: list[str]):
        self.url = url
        self.asked = asked


@contextlib.contextmanager
def relay(sandbox, tls: ssl.SSLContext | None = None) -> Iterator[Relay]:
    """As a proxy, for plain HTTP and for tunnels, which it refuses; with `tls` as a server."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.headers["host"])
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = urllib.parse.urlsplit(self.path).path or "/"
            connection = http.client.HTTPConnection(urllib.parse.urlsplit(sandbox.url).netloc)
            connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            told = answer.read()
            self.send_response(answer.status)
            self.send_header("content-type", answer.headers["content-type"])
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)
            connection.close()

        def do_CONNECT(self):
            asked.append(self.path)
            self.send_error(403)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Relay(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that nobody knows: the server's side, and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
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


def test_a_proxy_for_http_and_hosts_that_need_none(workspace, sandbox, fleet):
    with relay(sandbox) as proxy:
        # A name that has no address: only the proxy can reach it.
        through = {"endpoint": '"http://aws.invalid"', "http_proxy": f'"{proxy.url}"'}
        workspace.configure(sandbox.provider(**through), AUDIT)
        workspace.plan()
        assert set(proxy.asked) == {"aws.invalid"} and sandbox.calls("DescribeInstances")
        proxy.asked.clear()
        workspace.configure(sandbox.provider(**through, no_proxy='".invalid"'), AUDIT)
        assert workspace.try_plan().code == 1
        assert proxy.asked == []


@pytest.mark.parametrize(
    "arguments, host",
    [
        ({}, "sts.us-east-1.amazonaws.com:443"),
        ({"use_fips_endpoint": "true"}, "sts-fips.us-east-1.amazonaws.com:443"),
        ({"use_dualstack_endpoint": "true"}, "sts.us-east-1.api.aws:443"),
    ],
    ids=["plain", "fips", "dual-stack"],
)
def test_which_host_of_aws(workspace, sandbox, arguments, host):
    """A proxy for HTTPS sees the name, and lets nothing out."""
    with relay(sandbox) as proxy:
        given = {"region": '"us-east-1"', "endpoint": None, "max_retries": "0", "https_proxy": f'"{proxy.url}"'}
        workspace.configure(sandbox.provider(**given, **arguments), AUDIT)
        assert workspace.try_plan().code == 1
        assert set(proxy.asked) == {host}


def test_a_session_token(workspace, sandbox, fleet):
    role = "arn:aws:iam::111122223333:role/hub"
    given = sandbox.client("sts").assume_role(RoleArn=role, RoleSessionName="by-hand")["Credentials"]
    keys = {"access_key": f'"{given["AccessKeyId"]}"', "secret_key": f'"{given["SecretAccessKey"]}"'}
    workspace.configure(sandbox.provider(**keys, token=f'"{given["SessionToken"]}"'), AUDIT)
    workspace.plan()
    assert {call.principal for call in sandbox.calls()} == {"arn:aws:sts::111122223333:assumed-role/hub/by-hand"}
    workspace.configure(sandbox.provider(**keys), AUDIT)
    assert workspace.try_plan().code == 1, "without the token the key is worth nothing"


def test_a_region_that_is_none(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(region='"mars"'), AUDIT)
    result = workspace.try_plan()
    assert result.code == 1 and "region" in result.errors[0].text and sandbox.calls() == []
    workspace.configure(sandbox.provider(region='"mars"', skip_region_validation="true"), AUDIT)
    result = workspace.try_plan()
    assert result.code == 1 and "mars" in result.errors[0].text, result.readable()
    assert sandbox.calls(), "it is AWS that refuses it"
