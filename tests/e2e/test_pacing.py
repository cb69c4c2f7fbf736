"""Calls are sent as fast as EC2 lets them through, whatever the account's rates are, and the log says how far they are."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from harness.fleet import Fleet
from harness.hcl import coverage
from harness.pacing import Bucket, pacing
from harness.sandbox import sandbox as start_sandbox

CREATE = "CreateTrafficMirrorSession"
EMPTY_FLEET = pathlib.Path(__file__).parent / "fleets" / "empty.yaml"
SESSIONS = 1000
# How often the log tells how far an apply is.
PROGRESS_SECONDS = 10

# What EC2 documents, a quarter of it and ten times as much. Clocks run no faster than a busy machine's own delays allow.
BUCKETS = {
    "documented": Bucket(50, 5, clock_speed=8),
    "a quarter": Bucket(12.5, 1.25, clock_speed=8),
    "tenfold": Bucket(500, 50),
}


def many(name):
    return {"label": name, "name": name, "selector": f'selector {{\n    tags = {{ Mirror = "{name}" }}\n  }}'}


def progress(log: pathlib.Path) -> list[dict]:
    """What the log of an apply tells of how far it is."""
    lines = [line for line in log.read_text().splitlines() if "are being worked on" in line]
    fields = [dict(field.split("=", 1) for field in line.split() if "=" in field) for line in lines]
    assert all("[INFO]" in line for line in lines)
    return fields


@pytest.mark.parametrize("bucket", BUCKETS.values(), ids=BUCKETS)
def test_a_thousand_creates_take_what_the_bucket_takes(workspace, tmp_path, bucket):
    """Two coverages share the bucket; together they are 1,000 sessions."""
    log = tmp_path / "provider.log"
    with start_sandbox("--fleet", str(EMPTY_FLEET), *bucket.arguments(CREATE)) as cloud:
        fleet = Fleet(cloud)
        target = f'["{fleet.balancer_target()}"]'
        expected = fleet.launch_many(SESSIONS * 2 // 5, Mirror="a") | fleet.launch_many(SESSIONS * 3 // 5, Mirror="b")
        workspace.configure(
            cloud.provider(), *(coverage(fleet, targets=target, **many(name)) for name in ("a", "b"))
        )
        workspace.save_plan()
        cloud.throttle()
        cloud.forget_calls()
        began = time.monotonic()
        workspace.run(
            "apply", "-input=false", "-no-color", "saved.tfplan",
            env={"TF_LOG_PROVIDER": "INFO", "TF_LOG_PATH": str(log)},
        ).succeed()  # fmt: skip
        took = time.monotonic() - began
        used = pacing(cloud, CREATE)
        assert {session.interface for session in cloud.sessions()} == expected
        assert used.calls - used.throttled == SESSIONS
        ideal = bucket.ideal(SESSIONS)
        assert 0.95 * ideal < used.seconds < 1.1 * ideal, (ideal, used)
        assert used.throttled_part < 0.05, used
        workspace.assert_empty_plan()
    told = progress(log)
    assert {line["coverage"] for line in told} == {"a", "b"} or bucket.clock_speed == 1
    for name in ("a", "b"):
        assert len([line for line in told if line["coverage"] == name]) <= took // PROGRESS_SECONDS
    # The larger one is at work nearly all the time. What comes before and after the creates takes less than one interval.
    assert len([line for line in told if line["coverage"] == "b"]) >= took // PROGRESS_SECONDS - 1
    assert all(line["failed"] == "0" for line in told)
    expect_sense(told, "create")


def expect_sense(told, operation):
    for line in told:
        assert line["operation"] == operation and int(line["done"]) + int(line["failed"]) < int(line["total"])
        assert float(line["per_second"]) > 0 and int(line["seconds_left"]) > 0


def test_changes_and_deletions_tell_how_far_they_are_too(workspace, tmp_path):
    """600 of each take 14 s here, so each is told of once; one change fails, and is counted as that."""
    bucket = BUCKETS["documented"]
    actions = ("ModifyTrafficMirrorSession", "DeleteTrafficMirrorSession")
    with start_sandbox("--fleet", str(EMPTY_FLEET), *bucket.arguments(*actions)) as cloud:
        fleet = Fleet(cloud)
        fleet.launch_many(600, Mirror="a")
        target = f'["{fleet.balancer_target()}"]'
        workspace.configure(cloud.provider(), coverage(fleet, targets=target, **many("a")))
        workspace.apply()
        cloud.throttle()
        cloud.fault("deny", actions[0], times=1)
        workspace.configure(cloud.provider(), coverage(fleet, 'description = "seen"', targets=target, **many("a")))
        log = tmp_path / "change.log"
        env = {"TF_LOG_PROVIDER": "INFO", "TF_LOG_PATH": str(log)}
        changed = workspace.run("apply", "-auto-approve", "-input=false", "-no-color", env=env)
        assert changed.code == 1 and "UnauthorizedOperation" in changed.text
        told = progress(log)
        expect_sense(told, "change")
        assert [(line["coverage"], line["total"], line["failed"]) for line in told] == [("a", "600", "1")] * len(told) != []
        log = tmp_path / "destroy.log"
        env["TF_LOG_PATH"] = str(log)
        workspace.run("destroy", "-auto-approve", "-input=false", "-no-color", env=env).succeed()
        told = progress(log)
        expect_sense(told, "delete")
        assert [(line["coverage"], line["total"], line["failed"]) for line in told] == [("a", "600", "0")] * len(told) != []
        assert cloud.sessions() == []


@pytest.fixture
def throttling(workspace):
    """A sandbox with the documented buckets, and a plan of more sessions than they let through soon."""
    with start_sandbox("--fleet", str(EMPTY_FLEET), "--no-throttle") as cloud:
        yield cloud


def plan_many(workspace, cloud, *more):
    fleet = Fleet(cloud)
    fleet.launch_many(400, Mirror="a")
    target = f'["{fleet.balancer_target()}"]'
    workspace.configure(cloud.provider(), coverage(fleet, *more, targets=target, **many("a")))
    workspace.save_plan()
    cloud.throttle()
    cloud.forget_calls()


def expect_a_true_state(workspace, cloud):
    assert not list(workspace.tainted())
    state = workspace.state()["mirror_coverage.a"]
    kept = {session["id"] for session in state["sessions"].values() if session["id"]}
    assert kept == {session.id for session in cloud.sessions()} and 50 <= len(kept) < 200


def test_an_interrupt_ends_the_waiting(workspace, throttling):
    """400 sessions take 70 s; Ctrl-C while calls wait for their turn ends at once, and no further call is made."""
    plan_many(workspace, throttling)
    process = workspace.start(
        "apply", "-input=false", "-no-color", "saved.tfplan",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(throttling.sessions()) < 60:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    told = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    made = len(throttling.sessions())
    output, _ = process.communicate(timeout=60)
    assert time.monotonic() - told < 5, output
    assert len(throttling.sessions()) <= made + 5, "at most those in flight"
    expect_a_true_state(workspace, throttling)


def test_timeouts_end_the_waiting(workspace, throttling):
    plan_many(workspace, throttling, 'timeouts {\n    create = "5s"\n  }')
    began = time.monotonic()
    result = workspace.try_apply_saved()
    assert time.monotonic() - began < 15
    assert any("TimedOut" in warning.detail for warning in result.warnings), result.readable()
    expect_a_true_state(workspace, throttling)
