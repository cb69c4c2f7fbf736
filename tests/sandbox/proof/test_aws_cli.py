"""The AWS CLI as a user types it."""

import json
import os
import pathlib
import subprocess
import sys

from conftest import ENI, FILTER, TARGET

AWS = str(pathlib.Path(sys.executable).parent / "aws")


def test_the_four_session_commands(sandbox, tmp_path):
    def aws(*words, ok=True):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": sandbox.url,
            "AWS_ACCESS_KEY_ID": "AKIASANDBOX000000000",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_PAGER": "",
        }
        done = subprocess.run(
            [sys.executable, AWS, "--output", "json", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode == 0) == ok, done.stderr
        return (json.loads(done.stdout) if done.stdout.strip() else None) if ok else done.stderr

    made = aws(
        "ec2",
        "create-traffic-mirror-session",
        "--network-interface-id",
        ENI,
        "--traffic-mirror-target-id",
        TARGET,
        "--traffic-mirror-filter-id",
        FILTER,
        "--session-number",
        "1",
        "--tag-specifications",
        "ResourceType=traffic-mirror-session,Tags=[{Key=a,Value=b}]",
    )["TrafficMirrorSession"]
    id = made["TrafficMirrorSessionId"]
    changed = aws(
        "ec2",
        "modify-traffic-mirror-session",
        "--traffic-mirror-session-id",
        id,
        "--packet-length",
        "100",
        "--description",
        "x",
    )["TrafficMirrorSession"]
    assert changed == made | {"PacketLength": 100, "Description": "x"}
    found = aws(
        "ec2", "describe-traffic-mirror-sessions", "--filters", f"Name=network-interface-id,Values={ENI}"
    )
    assert found["TrafficMirrorSessions"] == [changed]
    assert aws("ec2", "delete-traffic-mirror-session", "--traffic-mirror-session-id", id) == {
        "TrafficMirrorSessionId": id
    }
    text = aws("ec2", "delete-traffic-mirror-session", "--traffic-mirror-session-id", id, ok=False)
    assert "InvalidTrafficMirrorSessionId.NotFound" in text
