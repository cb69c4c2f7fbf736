"""The instance metadata service as a source of credentials and of the region."""

import contextlib
import datetime
import json
from collections.abc import Iterator

import pytest

from harness import web
from harness.hcl import TAGGED, coverage

PROD = "mirror_coverage.prod"
ACCOUNT = "111122223333"
AUDIT = f'data "mirror_audit" "x" {{\n  {TAGGED}\n}}\n'
NO_KEYS = {"access_key": None, "secret_key": None}
REGION_PATH = "/latest/meta-data/placement/region"


@contextlib.contextmanager
def metadata_service(sandbox) -> Iterator[tuple[str, list[str]]]:
    """An EC2 instance metadata service that gives out the sandbox's key and region, and the paths that were asked for."""
    asked: list[str] = []

    class Metadata(web.Handler):
        def tell(self, text: str) -> None:
            asked.append(self.path)
            self.answer(text.encode(), headers={"x-aws-ec2-metadata-token-ttl-seconds": "21600"})

        def do_PUT(self):
            self.body()
            self.tell("a-token")

        def do_GET(self):
            if self.path.rstrip("/").endswith("/security-credentials"):
                return self.tell("the-role")
            if self.path == "/latest/meta-data/placement/region":
                return self.tell(sandbox.region)
            expiration = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
            self.tell(
                json.dumps(
                    {
                        "Code": "Success",
                        "LastUpdated": "2026-01-01T00:00:00Z",
                        "Type": "AWS-HMAC",
                        "AccessKeyId": given["AccessKeyId"],
                        "SecretAccessKey": given["SecretAccessKey"],
                        "Token": given["SessionToken"],
                        "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    }
                )
            )

    given = sandbox.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/hub", RoleSessionName="instance")["Credentials"]
    with web.serving(Metadata) as url:
        yield url, asked


def test_instance_metadata(workspaces, sandbox, fleet):
    with metadata_service(sandbox) as (url, asked):
        workspace = workspaces("instance", AWS_EC2_METADATA_DISABLED="false")
        workspace.configure(sandbox.provider(**NO_KEYS, ec2_metadata_service_endpoint=f'"{url}"'), AUDIT)
        workspace.plan()
        assert sandbox.principals("DescribeInstances") == {f"arn:aws:sts::{ACCOUNT}:assumed-role/hub/instance"}
        assert asked

        asked.clear()
        sandbox.forget_calls()
        workspace = workspaces("variable", AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=url)
        workspace.configure(sandbox.provider(**NO_KEYS), AUDIT)
        workspace.plan()
        assert sandbox.principals("DescribeInstances") == {f"arn:aws:sts::{ACCOUNT}:assumed-role/hub/instance"}
        assert asked and REGION_PATH not in asked, "the region is given"

        # What the block says holds against the variable.
        for said in ("false", '"false"'):
            asked.clear()
            sandbox.forget_calls()
            workspace = workspaces(f"against-{len(said)}", AWS_EC2_METADATA_DISABLED="true")
            against = {"ec2_metadata_service_endpoint": f'"{url}"', "skip_metadata_api_check": said, "region": None}
            workspace.configure(sandbox.provider(**NO_KEYS, **against), AUDIT)
            workspace.plan()
            assert sandbox.principals("DescribeInstances") == {f"arn:aws:sts::{ACCOUNT}:assumed-role/hub/instance"}
            assert REGION_PATH in asked

        asked.clear()
        workspace = workspaces("skipping", AWS_EC2_METADATA_DISABLED="false")
        skipping = {"ec2_metadata_service_endpoint": f'"{url}"', "skip_metadata_api_check": "true"}
        workspace.configure(sandbox.provider(**NO_KEYS, **skipping), AUDIT)
        assert "credential" in workspace.try_plan().only_error().text.lower()
        assert asked == []


@pytest.mark.parametrize("keys", [{}, NO_KEYS], ids=["keys", "no-keys"])
def test_the_region_of_the_instance_metadata(workspaces, sandbox, fleet, keys):
    with metadata_service(sandbox) as (url, asked):
        nowhere = {**keys, "region": None, "ec2_metadata_service_endpoint": f'"{url}"'}
        workspace = workspaces("instance", AWS_EC2_METADATA_DISABLED="false")
        workspace.configure(sandbox.provider(**nowhere), coverage(fleet))
        workspace.apply()
        assert REGION_PATH in asked and workspace.state()[PROD]["region"] == sandbox.region
        assert len(sandbox.sessions("prod")) == 3

        # It is the last to be asked.
        elsewhere = workspaces("elsewhere", AWS_EC2_METADATA_DISABLED="false", AWS_DEFAULT_REGION="us-east-1")
        asked.clear()
        elsewhere.configure(sandbox.provider(**nowhere), 'data "mirror_interfaces" "x" {\n  ' + TAGGED + "\n}\n")
        elsewhere.try_apply()
        assert REGION_PATH not in asked

        for skip in ({"skip_metadata_api_check": "true"}, {"AWS_EC2_METADATA_DISABLED": "true"}):
            asked.clear()
            variable = {"AWS_EC2_METADATA_DISABLED": "false"} | {k: v for k, v in skip.items() if k.isupper()}
            arguments = {k: v for k, v in skip.items() if not k.isupper()}
            workspace = workspaces("-".join(skip), **variable)
            workspace.configure(sandbox.provider(**nowhere, **arguments), AUDIT)
            error = workspace.try_plan().only_error()
            assert "AWS_REGION" in error.detail and "metadata" not in error.detail and asked == []


def test_no_region_of_the_instance_metadata(workspaces, sandbox, fleet):
    """Nothing listens there: the error says that it was asked too."""
    workspace = workspaces("instance", AWS_EC2_METADATA_DISABLED="false")
    nowhere = {"region": None, "ec2_metadata_service_endpoint": '"http://127.0.0.1:1"'}
    workspace.configure(sandbox.provider(**nowhere), AUDIT)
    error = workspace.try_plan().only_error()
    assert "no region" in error.detail and "metadata" in error.detail
    assert sandbox.calls() == []
