"""An endpoint that is not there, credentials that are none, an answer that is HTML."""

import contextlib
from collections.abc import Iterator

import pytest

from harness import web
from harness.hcl import TAGGED, coverage

PROD = "mirror_coverage.prod"
AUDIT = f'data "mirror_audit" "x" {{\n  {TAGGED}\n}}\n'


@pytest.fixture(params=["resource", "data"])
def asks(request, fleet):
    """Something that has to ask the account."""
    return coverage(fleet) if request.param == "resource" else AUDIT


def error_text(workspace) -> str:
    result = workspace.try_plan()
    assert result.code == 1, result.readable()
    assert len(result.errors) == 1, result.readable()
    (error,) = result.errors
    assert error.detail.strip()
    assert "panic" not in error.text and "Plugin did not respond" not in error.text
    return error.text


@pytest.mark.spine
def test_unreachable_endpoint(workspace, sandbox, asks):
    workspace.configure(sandbox.provider(endpoint='"http://127.0.0.1:1"'), asks)
    text = error_text(workspace)
    assert "http://127.0.0.1:1" in text


@pytest.mark.parametrize("endpoint", ["not a url", "", "ftp://127.0.0.1", "127.0.0.1:4566"])
def test_malformed_endpoint(workspace, sandbox, asks, endpoint):
    workspace.configure(sandbox.provider(endpoint=f'"{endpoint}"'), asks)
    result = workspace.try_plan()
    assert result.code == 1, result.readable()
    assert any("ec2" in error.code or "endpoint" in error.text.lower() for error in result.errors), result.readable()
    assert sandbox.calls() == []


def test_no_credentials(workspace, sandbox, asks):
    workspace.configure(sandbox.provider(access_key=None, secret_key=None), asks)
    text = error_text(workspace)
    assert "credential" in text.lower()
    assert sandbox.calls() == []


def test_half_of_the_credentials(workspace, sandbox, asks):
    workspace.configure(sandbox.provider(secret_key=None), asks)
    result = workspace.try_plan()
    assert result.code == 1
    assert any("secret_key" in error.text for error in result.errors)


def test_wrong_secret(workspace, sandbox, asks):
    workspace.configure(sandbox.provider(secret_key='"not-the-secret"'), asks)
    text = error_text(workspace)
    # STS and EC2 have a code of their own for it.
    assert "SignatureDoesNotMatch" in text or "AuthFailure" in text
    assert sandbox.url in text
    assert "not-the-secret" not in text


def test_unknown_profile(workspace, sandbox, asks):
    workspace.configure(sandbox.provider(access_key=None, secret_key=None, profile='"nobody"'), asks)
    assert "nobody" in error_text(workspace)


def test_credentials_of_the_environment_and_the_profile(workspaces, sandbox, fleet):
    from_environment = workspaces(
        "environment", AWS_ACCESS_KEY_ID=sandbox.access_key, AWS_SECRET_ACCESS_KEY=sandbox.secret_key
    )
    from_environment.configure(sandbox.provider(access_key=None, secret_key=None), AUDIT)
    from_environment.plan()

    from_profile = workspaces("profile")
    home = from_profile.directory.with_name("profile.home")
    (home / "credentials").write_text(
        f"[security]\naws_access_key_id = {sandbox.access_key}\naws_secret_access_key = {sandbox.secret_key}\n"
    )
    (home / "config").write_text(f"[profile security]\nregion = {sandbox.region}\n")
    from_profile.configure(
        sandbox.provider(access_key=None, secret_key=None, region=None, profile='"security"'), AUDIT
    )
    from_profile.plan()


def test_no_region(workspace, sandbox, asks):
    workspace.configure(sandbox.provider(region=None), asks)
    text = error_text(workspace)
    assert "region" in text.lower()


@pytest.mark.parametrize("region", ['""', '"no such region"', '"eu-nowhere-9"'])
def test_wrong_region(workspace, sandbox, asks, region):
    """A region that is no region is refused here or by the endpoint; a plan never comes of it."""
    workspace.configure(sandbox.provider(region=region), asks)
    result = workspace.try_plan()
    assert result.code == 1, result.readable()
    text = " ".join(error.text for error in result.errors)
    assert "region" in text.lower() or sandbox.url in text


@contextlib.contextmanager
def web_server(status: int, body: bytes) -> Iterator[str]:
    class Answering(web.Handler):
        def do_POST(self):
            self.body()
            self.answer(body, status, {"content-type": "text/html"})

    with web.serving(Answering) as url:
        yield url


HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please <b>sign in</b></body></html>"


@pytest.mark.parametrize("status", [200, 403, 404, 500, 503])
@pytest.mark.parametrize("body", [HTML, b"", b'{"message": "no"}'], ids=["html", "empty", "json"])
def test_an_answer_that_is_not_ec2s(workspace, sandbox, asks, status, body):
    with web_server(status, body) as url:
        workspace.configure(sandbox.provider(endpoint=f'"{url}"'), asks)
        text = error_text(workspace)
    assert url in text


def test_an_endpoint_that_dies_during_refresh(workspaces, sandbox, fleet):
    """With a state, an unreachable account keeps the state and says why."""
    workspace = workspaces()
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    kept = workspace.raw_state()["resources"]
    workspace.configure(sandbox.provider(endpoint='"http://127.0.0.1:1"'), coverage(fleet))
    assert "http://127.0.0.1:1" in error_text(workspace)
    assert workspace.try_destroy().code == 1
    assert workspace.raw_state()["resources"] == kept
    assert len(sandbox.sessions()) == 3


@pytest.mark.spine
def test_secrets_stay_secret(workspace, sandbox, fleet, tmp_path):
    """Neither state, nor plan, nor the most talkative log holds the secret or the token."""
    log = tmp_path / "trace.log"
    token = "a-session-token-of-our-own"
    workspace.configure(sandbox.provider(token=f'"{token}"'), coverage(fleet))
    result = workspace.run(
        "apply", "-input=false", "-auto-approve", "-no-color", env={"TF_LOG_PROVIDER": "TRACE", "TF_LOG_PATH": str(log)}
    )
    said = result.text + log.read_text()
    state = workspace.directory / "terraform.tfstate"
    if state.exists():
        said += state.read_text()
    assert token not in said
    # The sandbox's secret is an everyday word, so a configuration of its own proves it.
    workspace.configure(sandbox.provider(secret_key='"wJalrXUtnFEMI-not-a-key"'), coverage(fleet))
    result = workspace.run(
        "plan", "-input=false", "-no-color", env={"TF_LOG_PROVIDER": "TRACE", "TF_LOG_PATH": str(log)}
    )
    assert "wJalrXUtnFEMI-not-a-key" not in result.text + log.read_text()
