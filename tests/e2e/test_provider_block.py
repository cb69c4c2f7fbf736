"""The arguments of the provider block that lead to an account, each by what it does on the wire."""

import json
import time

import pytest

from harness.hcl import TAGGED, Unknown, coverage

PROD = "mirror_coverage.prod"
ACCOUNT, OTHER = "111122223333", "444455556666"
AUDIT = f'data "mirror_audit" "x" {{\n  {TAGGED}\n}}\n'
NO_KEYS = {"access_key": None, "secret_key": None}
TOKEN = "the-token-of-the-pod"


def arn(role: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{role}"


def block(name: str, **arguments) -> str:
    return f"  {name} {{\n" + "".join(f"    {key} = {json.dumps(value)}\n" for key, value in arguments.items()) + "  }\n"


def provider(sandbox, *blocks: str, **arguments: str | None) -> str:
    return sandbox.provider(**arguments).removesuffix("}") + "".join(blocks) + "}\n"


@pytest.mark.spine
def test_roles_in_a_chain(workspace, sandbox, fleet):
    tags = {"team": "security"}
    hub = block("assume_role", role_arn=arn("hub"), session_name="first", tags=tags, transitive_tag_keys=["team"])
    reader = block(
        "assume_role", role_arn=arn("reader"), session_name="second", external_id="ticket-7", duration="30m15s"
    )
    workspace.configure(provider(sandbox, hub, reader), coverage(fleet))
    workspace.apply()
    first, second = sandbox.calls("AssumeRole")[:2]
    assert first.principal == f"arn:aws:iam::{ACCOUNT}:user/sandbox"
    assert first.parameters["Tags"] == [{"Key": "team", "Value": "security"}]
    assert first.parameters["TransitiveTagKeys"] == ["team"]
    assert second.principal == f"arn:aws:sts::{ACCOUNT}:assumed-role/hub/first"
    assert second.parameters["ExternalId"] == "ticket-7" and second.parameters["DurationSeconds"] == 1815
    reached = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/second"
    assert sandbox.principals("CreateTrafficMirrorSession") == {reached}


NARROWED = {
    "policy": json.dumps({"Version": "2012-10-17", "Statement": []}),
    "policy_arns": ["arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"],
}


def narrowed(call) -> bool:
    """Whether AWS was asked for credentials that may do no more than those policies allow."""
    arns = [one["arn"] for one in call.parameters["PolicyArns"]]
    return {"policy": call.parameters["Policy"], "policy_arns": arns} == NARROWED


def test_what_narrows_a_role(workspaces, sandbox, fleet):
    workspace = workspaces("role")
    hub = block("assume_role", role_arn=arn("hub"), source_identity="alice", **NARROWED)
    workspace.configure(provider(sandbox, hub), AUDIT)
    workspace.plan()
    (assumed,) = sandbox.calls("AssumeRole")
    assert narrowed(assumed) and assumed.parameters["SourceIdentity"] == "alice"
    workspace = workspaces("pod")
    pod = block("assume_role_with_web_identity", role_arn=arn("hub"), web_identity_token=TOKEN, duration="20m", **NARROWED)
    workspace.configure(provider(sandbox, pod, **NO_KEYS), AUDIT)
    workspace.plan()
    (assumed,) = sandbox.calls("AssumeRoleWithWebIdentity")
    assert narrowed(assumed) and assumed.parameters["DurationSeconds"] == 1200


def test_a_role_of_another_account(workspace, sandbox, fleet):
    """Its sessions are that account's: what this one has is not seen."""
    far = block("assume_role", role_arn=arn("far", OTHER), session_name="far")
    allowed = f'["{OTHER}"]'
    workspace.configure(provider(sandbox, far, allowed_account_ids=allowed), AUDIT)
    workspace.plan()
    assert sandbox.principals("DescribeInstances") == {f"arn:aws:sts::{OTHER}:assumed-role/far/far"}


@pytest.mark.parametrize("way", ["token", "file", "environment"])
def test_web_identity(workspaces, sandbox, fleet, tmp_path, way):
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    environment = {}
    given = {"role_arn": arn("hub"), "session_name": "pod"}
    if way == "token":
        given["web_identity_token"] = TOKEN
    elif way == "file":
        given["web_identity_token_file"] = str(file)
    else:
        given = {}
        environment = {
            "AWS_ROLE_ARN": arn("hub"),
            "AWS_ROLE_SESSION_NAME": "pod",
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        }
    workspace = workspaces("pod", **environment)
    log = tmp_path / "trace.log"
    blocks = [block("assume_role_with_web_identity", **given)]
    workspace.configure(provider(sandbox, *blocks, **NO_KEYS), coverage(fleet))
    result = workspace.run(
        "apply", "-input=false", "-auto-approve", env={"TF_LOG_PROVIDER": "TRACE", "TF_LOG_PATH": str(log)}
    ).succeed()
    state = (workspace.directory / "terraform.tfstate").read_text()
    assert TOKEN not in result.text + log.read_text() + state
    workspace.assert_empty_plan()
    assert sandbox.principals("CreateTrafficMirrorSession") == {f"arn:aws:sts::{ACCOUNT}:assumed-role/hub/pod"}


def test_a_wrong_token_is_told_and_not_repeated(workspace, sandbox, fleet):
    identity = block("assume_role_with_web_identity", role_arn=arn("hub"), web_identity_token="not-that-token")
    workspace.configure(provider(sandbox, identity, **NO_KEYS), AUDIT)
    result = workspace.try_plan()
    assert "InvalidIdentityToken" in result.only_error().detail
    assert "not-that-token" not in result.text.replace(json.dumps(identity), "")


def test_a_refused_role(workspace, sandbox, fleet):
    reader = block("assume_role", role_arn=arn("reader"), external_id="another")
    workspace.configure(provider(sandbox, reader), AUDIT)
    error = workspace.try_plan().only_error()
    assert "AccessDenied" in error.detail and arn("reader") in error.detail and "external_id" in error.detail
    assert len(sandbox.calls("AssumeRole")) == 1


SHAPES = {
    "role-missing": (block("assume_role", role_arn=arn("hub")) + block("assume_role", session_name="x1"), "role_arn"),
    "role-no-arn": (block("assume_role", role_arn="reader"), "role_arn"),
    "session-name": (block("assume_role", role_arn=arn("hub"), session_name="a b"), "session_name"),
    "duration": (block("assume_role", role_arn=arn("hub"), duration="5m"), "duration"),
    "two-tokens": (
        block("assume_role_with_web_identity", web_identity_token="a", web_identity_token_file="b"),
        "web_identity_token_file",
    ),
    "account": ('  allowed_account_ids = ["1234"]\n', "allowed_account_ids"),
    "accounts": (
        f'  allowed_account_ids = ["{ACCOUNT}"]\n  forbidden_account_ids = ["{OTHER}"]\n',
        "forbidden_account_ids",
    ),
    "metadata": ('  skip_metadata_api_check = "never"\n', "skip_metadata_api_check"),
    "retry-mode": ('  retry_mode = "never"\n', "retry_mode"),
    "retries": ("  max_retries = -1\n", "max_retries"),
    "proxy": ('  http_proxy = "host"\n', "http_proxy"),
    "metadata-mode": ('  ec2_metadata_service_endpoint_mode = "v6"\n', "ec2_metadata_service_endpoint_mode"),
    "account-null": ("  allowed_account_ids = [null]\n", "allowed_account_ids"),
    "forbidden-null": (f'  forbidden_account_ids = ["{OTHER}", null]\n', "forbidden_account_ids"),
    "policy-null": (block("assume_role", role_arn=arn("hub"), policy_arns=[None]), "policy_arns"),
    "tag-null": (block("assume_role", role_arn=arn("hub"), tags={"team": None}), "tags"),
    "tag-key-null": (
        block("assume_role", role_arn=arn("hub"), tags={"a": "b"}, transitive_tag_keys=["a", None]),
        "transitive_tag_keys",
    ),
    "pod-policy-null": (
        block("assume_role_with_web_identity", role_arn=arn("hub"), web_identity_token=TOKEN, policy_arns=[None]),
        "policy_arns",
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_what_cannot_be(workspace, sandbox, fleet, case):
    wrong, named = SHAPES[case]
    workspace.configure(provider(sandbox, wrong), AUDIT)
    error = workspace.try_plan().only_error()
    assert named in error.code + error.detail, str(error)
    assert sandbox.calls() == []


@pytest.mark.parametrize(
    "wrong, named",
    [
        ("  allowed_account_ids = [var.left_out]\n", "allowed_account_ids"),
        (f'  assume_role {{\n    role_arn = "{arn("hub")}"\n    policy_arns = [var.left_out]\n  }}\n', "policy_arns"),
    ],
    ids=["account", "policy"],
)
def test_what_turns_out_to_be_null(workspace, sandbox, fleet, wrong, named):
    """A variable is unknown while core validates, and what it guards must not fall with it."""
    variable = 'variable "left_out" {\n  type    = string\n  default = null\n}\n'
    workspace.configure(provider(sandbox, wrong), variable, AUDIT)
    workspace.run("validate", "-no-color").succeed()
    error = workspace.try_plan().only_error()
    assert named in error.code + error.detail and "null" in error.detail, str(error)
    assert sandbox.calls() == []


EMPTY = {
    "region": {"AWS_REGION": "eu-west-1"},
    "sts_region": {},
    "profile": {},
    "access_key and secret_key": {"AWS_ACCESS_KEY_ID": "AKIASANDBOX000000000", "AWS_SECRET_ACCESS_KEY": "sandbox"},
    "token": {},
    "custom_ca_bundle": {},
    "retry_mode": {},
    "ec2_metadata_service_endpoint": {},
    "ec2_metadata_service_endpoint_mode": {},
    "skip_metadata_api_check": {},
}


@pytest.mark.parametrize("arguments", EMPTY)
def test_an_empty_text_is_not_set(workspaces, sandbox, fleet, arguments):
    """As in the AWS provider, so that a variable may have it for its default."""
    workspace = workspaces("empty", **EMPTY[arguments])
    workspace.configure(sandbox.provider(**{name: '""' for name in arguments.split(" and ")}), AUDIT)
    assert workspace.plan().warnings == []
    assert sandbox.principals("DescribeInstances") == {f"arn:aws:iam::{ACCOUNT}:user/sandbox"}


def test_an_empty_endpoint_is_not_set(workspaces, sandbox, fleet):
    workspace = workspaces(AWS_ENDPOINT_URL=sandbox.url)
    workspace.configure(sandbox.provider(endpoint='""'), AUDIT)
    workspace.plan()
    assert sandbox.calls("DescribeInstances") and sandbox.calls("GetCallerIdentity")


@pytest.mark.parametrize("given", [{}, {"role_arn": ""}, {"role_arn": None, "session_name": "x1"}], ids=str)
def test_a_single_role_without_its_arn_is_none(workspace, sandbox, fleet, given):
    """So does the AWS provider, with a warning: whether a module assumes a role may depend on a variable."""
    workspace.configure(provider(sandbox, block("assume_role", **given)), AUDIT)
    (warned,) = workspace.plan().warnings
    assert "role_arn" in warned.detail and ("role_arn" if "role_arn" in given else "assume_role") in warned.code
    assert sandbox.calls("AssumeRole") == []
    assert sandbox.principals("DescribeInstances") == {f"arn:aws:iam::{ACCOUNT}:user/sandbox"}


def test_a_duration_with_a_fraction(workspace, sandbox, fleet):
    workspace.configure(provider(sandbox, block("assume_role", role_arn=arn("hub"), duration="1.5h")), AUDIT)
    workspace.plan()
    assert {call.parameters["DurationSeconds"] for call in sandbox.calls("AssumeRole")} == {5400}


def test_accounts(workspace, sandbox, fleet):
    for argument, value, good in [
        ("allowed_account_ids", f'["{OTHER}", "{ACCOUNT}"]', True),
        ("forbidden_account_ids", f'["{OTHER}"]', True),
        ("allowed_account_ids", f'["{OTHER}"]', False),
        ("forbidden_account_ids", f'["{ACCOUNT}"]', False),
    ]:
        sandbox.forget_calls()
        workspace.configure(sandbox.provider(**{argument: value}), AUDIT)
        if good:
            workspace.plan()
            continue
        error = workspace.try_plan().only_error()
        assert ACCOUNT in error.detail and argument in error.detail and argument in error.code
        assert {call.action for call in sandbox.calls()} == {"GetCallerIdentity"}, "nothing is done in it"


@pytest.mark.parametrize("folder", ["", "$CONFIGS/", "~/", "${CONFIGS}$UNSET/", "$HOME/"])
def test_shared_files(workspaces, sandbox, fleet, tmp_path, folder):
    """Variables of the environment are filled in first, then the home, as in the AWS provider."""
    workspace = workspaces(CONFIGS=str(tmp_path), HOME=str(tmp_path))
    config, credentials = tmp_path / "conf", tmp_path / "creds"
    config.write_text(f"[profile security]\nregion = {sandbox.region}\n")
    credentials.write_text(
        f"[security]\naws_access_key_id = {sandbox.access_key}\naws_secret_access_key = {sandbox.secret_key}\n"
    )

    def given(file) -> str:
        return json.dumps([folder + file.name if folder else str(file)]).replace("${", "$${")

    files = {
        "profile": '"security"',
        "shared_config_files": given(config),
        "shared_credentials_files": given(credentials),
    }
    workspace.configure(sandbox.provider(region=None, **NO_KEYS, **files), AUDIT)
    workspace.plan()
    assert sandbox.principals("DescribeInstances") == {f"arn:aws:iam::{ACCOUNT}:user/sandbox"}
    files["shared_credentials_files"] = json.dumps([str(tmp_path / "nowhere")])
    workspace.configure(sandbox.provider(region=None, **NO_KEYS, **files), AUDIT)
    assert str(tmp_path / "nowhere") in workspace.try_plan().only_error().detail


def test_user_agent(workspaces, sandbox, fleet):
    words = "JenkinsAgent/i-12345678 BuildID/1234 (Optional Extra Information)"
    workspace = workspaces("agent", TF_APPEND_USER_AGENT=words)
    workspace.configure(sandbox.provider(), AUDIT)
    workspace.plan()
    for call in sandbox.calls():
        assert "terraform-provider-mirror/" in call.user_agent and call.user_agent.endswith(" " + words)
    sandbox.forget_calls()
    workspace.configure(sandbox.provider(user_agent='["ci/1.2 (nightly)", "team-x"]'), AUDIT)
    workspace.plan()
    assert sandbox.calls()
    for call in sandbox.calls():
        assert call.user_agent.endswith(f" ci/1.2 (nightly) team-x {words}")


@pytest.mark.parametrize("retries", [0, 2])
def test_max_retries(workspace, sandbox, fleet, retries):
    sandbox.fault("request_limit_exceeded", "DescribeInstances")
    workspace.configure(sandbox.provider(max_retries=str(retries), retry_mode='"adaptive"'), AUDIT)
    workspace.try_plan().only_error()
    assert len(sandbox.calls("DescribeInstances")) == retries + 1


@pytest.mark.parametrize("way", ["argument", "variable"])
def test_as_many_retries_as_a_number_holds(workspaces, sandbox, fleet, way):
    """Whoever means "without end" gets a plan all the same, and soon."""
    workspace = workspaces(**({"AWS_MAX_ATTEMPTS": "4294967295"} if way == "variable" else {}))
    sandbox.fault("request_limit_exceeded", "DescribeInstances", times=1)
    workspace.configure(sandbox.provider(**({"max_retries": "4294967295"} if way == "argument" else {})), AUDIT)
    began = time.monotonic()
    workspace.plan()
    assert time.monotonic() - began < 30
    assert [call.outcome for call in sandbox.calls("DescribeInstances")].count("RequestLimitExceeded") == 1


@pytest.mark.spine
def test_without_the_account_id(workspace, sandbox, fleet):
    skip = {"skip_credentials_validation": "true", "skip_requesting_account_id": "true"}
    workspace.configure(sandbox.provider(**skip), coverage(fleet))
    workspace.apply()
    assert sandbox.calls("GetCallerIdentity") == []
    assert len(sandbox.sessions("prod")) == 3
    # Each alone still asks.
    for name in skip:
        sandbox.forget_calls()
        workspace.configure(sandbox.provider(**{name: "true"}), coverage(fleet))
        workspace.assert_empty_plan()
        assert sandbox.calls("GetCallerIdentity")
    workspace.configure(sandbox.provider(**skip), coverage(fleet))
    workspace.assert_empty_plan()


@pytest.mark.needs("import_by_identity")
def test_import_by_identity_without_the_account_id(workspaces, sandbox, fleet):
    first = workspaces("first")
    first.configure(sandbox.provider(), coverage(fleet))
    first.apply()
    second = workspaces("second")
    skip = sandbox.provider(skip_credentials_validation="true", skip_requesting_account_id="true")

    def importing(more: str) -> str:
        return f'import {{\n  to = {PROD}\n  identity = {{\n    name = "prod"{more}\n  }}\n}}\n'

    second.configure(skip, coverage(fleet), importing(f'\n    account_id = "{ACCOUNT}"'))
    error = second.try_plan().only_error()
    assert "account" in error.summary and "skip_requesting_account_id" in error.detail and ACCOUNT in error.detail
    second.configure(skip, coverage(fleet), importing(""))
    warned = second.apply().warnings
    assert any("no account_id" in warning.detail and "skip_requesting_account_id" in warning.detail for warning in warned), warned
    assert second.state()[PROD]["id"] == first.state()[PROD]["id"]


@pytest.mark.spine
def test_a_role_that_is_known_after_apply(workspace, sandbox, fleet, core):
    late = Unknown(core)
    role = late.expression(arn("hub"))
    assumed = f'  assume_role {{\n    role_arn = {role}\n    session_name = "late"\n  }}\n'
    workspace.configure(provider(sandbox, assumed), late.block(), coverage(fleet))
    plan = workspace.plan()
    assert plan.actions[PROD] == ["create"] and plan.warnings
    assert sandbox.calls() == [], "nothing is read with half an account"
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sandbox.principals("CreateTrafficMirrorSession") == {f"arn:aws:sts::{ACCOUNT}:assumed-role/hub/late"}
