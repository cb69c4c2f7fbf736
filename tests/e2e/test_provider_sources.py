"""Each source of credentials by whose calls they are, and which comes first. `endpoints.sts` holds for all of them."""

import contextlib
import datetime
import hashlib
import json
import pathlib
from collections.abc import Iterator

import pytest

from harness import web
from harness.hcl import TAGGED

ACCOUNT = "111122223333"
AUDIT = f'data "mirror_interfaces" "x" {{\n  {TAGGED}\n}}\n'
NO_KEYS = {"access_key": None, "secret_key": None}
USER = f"arn:aws:iam::{ACCOUNT}:user/sandbox"
TOKEN = "the-token-of-the-pod"
WORDS = "ci/7 (nightly)"


def arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


def assumed(session: str, role: str = "hub") -> str:
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"


def section(title: str, **properties: object) -> str:
    return f"[{title}]\n" + "".join(f"{name} = {value}\n" for name, value in properties.items())


@contextlib.contextmanager
def answering(body: dict) -> Iterator[str]:
    """A server that has this one answer for everybody."""

    class Answering(web.Handler):
        def do_GET(self):
            self.answer(json.dumps(body).encode(), headers={"content-type": "application/json"})

    with web.serving(Answering) as url:
        yield url


class Case:
    """A workspace whose shared files and environment a source fills."""

    def __init__(self, workspace, sandbox):
        self.workspace = workspace
        self.sandbox = sandbox
        self.home = pathlib.Path(workspace.environment["HOME"])
        self.environment = workspace.environment
        self.environment["TF_APPEND_USER_AGENT"] = WORDS
        self.stack = contextlib.ExitStack()
        self.keys = {"aws_access_key_id": sandbox.access_key, "aws_secret_access_key": sandbox.secret_key}

    def session(self, name: str) -> dict:
        """Keys of the role hub, in a session of that name."""
        return self.sandbox.client("sts").assume_role(RoleArn=arn("hub"), RoleSessionName=name)["Credentials"]

    def config(self, *sections: str) -> None:
        (self.home / "config").write_text("\n".join(sections))

    def token(self) -> pathlib.Path:
        file = self.home / "token"
        file.write_text(TOKEN + "\n")
        return file

    def serve(self, body: dict) -> str:
        return self.stack.enter_context(answering(body))

    def plan(self, **arguments: str | None):
        self.sandbox.forget_calls()
        with self.stack:
            self.workspace.configure(self.sandbox.provider(**NO_KEYS | arguments), AUDIT)
            return self.workspace.try_plan()

    def principal(self) -> str:
        (found,) = {call.principal for call in self.sandbox.calls("DescribeInstances")}
        return found


@pytest.fixture
def case(workspace, sandbox, fleet) -> Case:
    return Case(workspace, sandbox)


def in_json(given: dict, token: str) -> dict:
    ends = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = {"AccessKeyId": given["AccessKeyId"], "SecretAccessKey": given["SecretAccessKey"]}
    return keys | {token: given["SessionToken"], "Expiration": ends}


def credentials_file(case):
    (case.home / "credentials").write_text(section("default", **case.keys))
    return {}, USER


def process(case):
    output = case.home / "output.json"
    output.write_text(json.dumps({"Version": 1} | in_json(case.session("process"), "SessionToken")))
    case.config(section("profile p", credential_process=f"/bin/cat {output}"))
    return {"profile": '"p"'}, assumed("process")


def container(case):
    url = case.serve(in_json(case.session("container"), "Token"))
    case.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url + "/credentials"
    return {}, assumed("container")


def profile_without_credentials(case):
    """Then the machine has them, whoever names the profile."""
    case.config(section("profile p", region=case.sandbox.region))
    return {"profile": '"p"', "region": None, **container(case)[0]}, assumed("container")


def single_sign_on(case):
    given = case.session("sso")
    keys = {"accessKeyId": given["AccessKeyId"], "secretAccessKey": given["SecretAccessKey"]}
    ends = {"expiration": 1000 * int(given["Expiration"].timestamp())}
    case.environment["AWS_ENDPOINT_URL_SSO"] = case.serve(
        {"roleCredentials": keys | {"sessionToken": given["SessionToken"]} | ends}
    )
    cache = case.home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    signed_in = {"accessToken": "x", "expiresAt": "2099-01-01T00:00:00Z", "region": "eu-west-1", "startUrl": "https://s.invalid"}
    (cache / f"{hashlib.sha1(b'dev').hexdigest()}.json").write_text(json.dumps(signed_in))
    role = {"sso_session": "dev", "sso_account_id": ACCOUNT, "sso_role_name": "hub"}
    session = {"sso_region": "eu-west-1", "sso_start_url": "https://s.invalid"}
    case.config(section("profile p", **role), section("sso-session dev", **session))
    return {"profile": '"p"'}, assumed("sso")


def role_of_profile(case):
    role = {"role_arn": arn("reader"), "source_profile": "base", "role_session_name": "prof", "external_id": "ticket-7"}
    case.config(section("profile p", **role, duration_seconds=1800), section("profile base", **case.keys))
    return {"profile": '"p"'}, assumed("prof", "reader")


def role_of_role(case):
    case.config(
        section("profile p", role_arn=arn("reader"), source_profile="q", role_session_name="two", external_id="ticket-7"),
        section("profile q", role_arn=arn("hub"), source_profile="q", role_session_name="one", **case.keys),
        # The keys of a source come before its own role.
        section("profile r", role_arn=arn("reader"), source_profile="p", role_session_name="three", external_id="ticket-7"),
    )
    return {"profile": '"r"'}, assumed("three", "reader")


def role_of_its_own_keys(case):
    role = {"role_arn": arn("hub"), "source_profile": "default", "role_session_name": "own"}
    case.config(section("default", **role, **case.keys))
    return {}, assumed("own")


def role_by_the_environment(case):
    case.environment |= {"AWS_ACCESS_KEY_ID": case.sandbox.access_key, "AWS_SECRET_ACCESS_KEY": case.sandbox.secret_key}
    role = {"role_arn": arn("hub"), "credential_source": "Environment", "role_session_name": "env"}
    case.config(section("profile p", **role))
    return {"profile": '"p"'}, assumed("env")


def role_by_the_container(case):
    container(case)
    role = {"role_arn": arn("reader"), "credential_source": "EcsContainer", "role_session_name": "task"}
    case.config(section("profile p", **role, external_id="ticket-7"))
    return {"profile": '"p"'}, assumed("task", "reader")


def role_without_a_source(case):
    """Go's SDK takes the machine's, and nothing of the environment."""
    container(case)
    case.environment |= {"AWS_ACCESS_KEY_ID": "AKIANOBODY", "AWS_SECRET_ACCESS_KEY": "none"}
    case.config(section("profile p", role_arn=arn("reader"), role_session_name="task", external_id="ticket-7"))
    return {"profile": '"p"'}, assumed("task", "reader")


def web_identity_of_profile(case):
    role = {"role_arn": arn("hub"), "web_identity_token_file": case.token(), "role_session_name": "pod"}
    case.config(section("profile p", **role))
    return {"profile": '"p"'}, assumed("pod")


def web_identity_of_environment(case):
    role = {"AWS_ROLE_ARN": arn("hub"), "AWS_ROLE_SESSION_NAME": "pod"}
    case.environment |= role | {"AWS_WEB_IDENTITY_TOKEN_FILE": str(case.token())}
    return {}, assumed("pod")


SOURCES = [
    credentials_file,
    process,
    container,
    profile_without_credentials,
    single_sign_on,
    role_of_profile,
    role_of_role,
    role_of_its_own_keys,
    role_by_the_environment,
    role_by_the_container,
    role_without_a_source,
    web_identity_of_profile,
    web_identity_of_environment,
]


@pytest.mark.parametrize("source", SOURCES)
def test_a_source(case, source):
    arguments, whose = source(case)
    case.plan(**arguments).succeed()
    assert case.principal() == whose
    # Also those that gave the role.
    assert all(call.user_agent.endswith(" " + WORDS) for call in case.sandbox.calls())
    asked = [call.parameters.get("DurationSeconds") for call in case.sandbox.calls("AssumeRole")]
    assert asked == ([1800] if source is role_of_profile else [None] * len(asked))


def test_a_web_identity_comes_before_a_profile(case):
    """Unless the provider block names that profile; as Go's SDK has it."""
    (case.home / "credentials").write_text(section("default", **case.keys) + section("p", **case.keys))
    _, pod = web_identity_of_environment(case)
    for arguments, variables, whose in [
        ({}, {}, pod),
        ({}, {"AWS_PROFILE": "p"}, pod),
        ({"profile": '"p"'}, {}, USER),
        ({}, {"AWS_ACCESS_KEY_ID": case.sandbox.access_key, "AWS_SECRET_ACCESS_KEY": case.sandbox.secret_key}, USER),
    ]:
        case.workspace.environment = case.environment | variables
        case.plan(**arguments).succeed()
        assert case.principal() == whose, (arguments, variables)


def test_a_refused_web_identity_is_told(case):
    """And no other source is taken in its stead."""
    (case.home / "credentials").write_text(section("default", **case.keys))
    web_identity_of_environment(case)
    (case.home / "token").write_text("another")
    (error,) = case.plan().errors
    assert "InvalidIdentityToken" in error.detail
    assert {call.action for call in case.sandbox.calls()} == {"AssumeRoleWithWebIdentity"}


@pytest.mark.parametrize("role", [{}, {"role_arn": arn("hub"), "session_name": "pod"}], ids=["environment", "block"])
def test_the_token_of_hcp_terraform(case, role):
    lines = "".join(f'    {name} = "{value}"\n' for name, value in role.items())
    case.environment["TF_AWS_WEB_IDENTITY_TOKEN"] = TOKEN
    if not role:
        case.environment |= {"AWS_ROLE_ARN": arn("hub"), "AWS_ROLE_SESSION_NAME": "pod"}
    block = case.sandbox.provider(**NO_KEYS).removesuffix("}") + f"  assume_role_with_web_identity {{\n{lines}  }}\n}}\n"
    case.workspace.configure(block, AUDIT)
    case.workspace.plan()
    assert case.principal() == assumed("pod")
    # Another token of the environment leaves open which one is meant.
    case.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(case.token())
    (error,) = case.workspace.try_plan().errors
    assert "TF_AWS_WEB_IDENTITY_TOKEN" in error.detail and "AWS_WEB_IDENTITY_TOKEN_FILE" in error.detail


ROLE = {"role_arn": arn("hub")}
UNUSABLE = {
    "mfa": (dict(ROLE, source_profile="base", mfa_serial="arn:aws:iam::111122223333:mfa/me"), "export-credentials"),
    "two sources": (dict(ROLE, source_profile="base", credential_source="Environment"), "credential_source"),
    "no such source": (dict(ROLE, source_profile="nowhere"), "nowhere"),
    "loop": (dict(ROLE, source_profile="around"), "p, around"),
    "itself": (dict(ROLE, source_profile="p"), "no keys"),
    "kind of source": (dict(ROLE, credential_source="Moon"), "Moon"),
    "metadata": (dict(ROLE, credential_source="Ec2InstanceMetadata"), "instance metadata"),
    "duration": (dict(ROLE, source_profile="base", duration_seconds="5m"), "duration_seconds"),
    "login": ({"login_session": "arn:aws:iam::111122223333:user/me"}, "credential_process"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_profile_that_cannot_be_used(case, what):
    properties, said = UNUSABLE[what]
    around = section("profile around", role_arn=arn("hub"), source_profile="p")
    case.config(section("profile p", **properties), section("profile base", **case.keys), around)
    (error,) = case.plan(profile='"p"').errors
    assert said in error.detail and '"p"' in error.detail, error.detail
    assert case.sandbox.calls() == []
    # Nobody asks it where the keys are elsewhere.
    case.environment |= {"AWS_ACCESS_KEY_ID": case.sandbox.access_key, "AWS_SECRET_ACCESS_KEY": case.sandbox.secret_key}
    case.environment["AWS_PROFILE"] = "p"
    case.plan().succeed()


def test_a_profile_that_is_named_and_not_there(case):
    """Beside keys too, as in the AWS provider; the older variable only proposes one."""
    case.environment |= {"AWS_ACCESS_KEY_ID": case.sandbox.access_key, "AWS_SECRET_ACCESS_KEY": case.sandbox.secret_key}
    case.environment["AWS_DEFAULT_PROFILE"] = "nowhere"
    case.plan().succeed()
    case.environment["AWS_PROFILE"] = "somewhere"
    for arguments, named in [({}, "somewhere"), ({"profile": '"elsewhere"'}, "elsewhere")]:
        (error,) = case.plan(**arguments).errors
        assert f'"{named}"' in error.detail and "shared" in error.detail, error.detail
        assert case.sandbox.calls() == []


def test_endpoints_of_a_profile(case):
    """The one for all services, and those of a section."""
    url = case.sandbox.url
    services = ("ec2", "sts", "elastic_load_balancing_v2")
    lines = "".join(f"{service} =\n  endpoint_url = {url}\n" for service in services)
    for more, extra in [({"endpoint_url": url}, ""), ({"services": "here"}, f"[services here]\n{lines}")]:
        case.config(section("profile p", region=case.sandbox.region, **more, **case.keys), extra)
        case.plan(profile='"p"', region=None, endpoint=None).succeed()
        assert {"GetCallerIdentity", "DescribeInstances"} <= {call.action for call in case.sandbox.calls()}
