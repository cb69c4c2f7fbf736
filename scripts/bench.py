"""Measures the release build; prints tables and writes target/bench.json.

A coverage of 1,000 and of 10,000 sessions is planned, applied, planned again
and destroyed by real Terraform against the sandbox, throttling off. The times
and the memory are the provider's own unless a column says otherwise. Then the
bare AWS SDK is put beside it (bench_sdk.py). MIRROR_BENCH_PROFILE=debug measures
the debug build, whose SDK is not optimized, and says nothing about speed itself.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))

from harness import cores, paths  # noqa: E402
from harness.measure import Cost, MeasuredProvider, handshake_seconds  # noqa: E402
from harness.sandbox import sandbox  # noqa: E402
from harness.workspace import Workspace  # noqa: E402

import bench_sdk  # noqa: E402
from bench_sdk import EMPTY_FLEET, MANY, verdict  # noqa: E402

SIZES = (1_000, 10_000)
MEBIBYTE = 1 << 20
PROFILE = os.environ.get("MIRROR_BENCH_PROFILE", "release")

# What is aimed at; the table says whether it is reached, and nothing fails.
MAX_BINARY_BYTES = 25_000_000
MAX_CREATE_LINES = 3000
MAX_UPDATE_LINES = 40
MAX_DESCRIBE_SECONDS = 2
MAX_AUDIT_SECONDS = 1
MAX_AUDIT_MEBIBYTES = 150


def main() -> None:
    core = cores.main_core()
    provider = paths.provider_binary(PROFILE)
    results = {"core": str(core), "binary_bytes": provider.stat().st_size}
    results["handshake"] = handshakes(provider)
    with tempfile.TemporaryDirectory(prefix="mirror-bench-") as name:
        folder = pathlib.Path(name)
        results["plan_lines"] = plan_lines(folder / "lines", core, provider)
        results["sessions"] = {size: steps(folder / str(size), core, provider, size) for size in SIZES}
        results["reading"] = bench_sdk.of_reading(folder / "reading", core, provider, PROFILE, SIZES[1])
        results["pacing"] = bench_sdk.of_pacing(folder / "pacing", core, provider, PROFILE)
    results["memory_growth"] = memory_growth(results["sessions"])
    results["sandbox"] = sandbox_speed()
    file = paths.target("") / "bench.json"
    file.write_text(json.dumps(results, indent=2, default=dataclasses.asdict) + "\n")
    print(f"\nwritten to {file}")


def handshakes(provider: pathlib.Path) -> dict[str, float]:
    size = provider.stat().st_size
    print(f"binary, stripped                {size / 1e6:4.1f} MB{verdict(size / 1e6, MAX_BINARY_BYTES / 1e6)}")
    found = {"provider": handshake_seconds(provider)}
    null = paths.null_provider_binary()
    if null is not None:
        found["terraform-provider-null"] = handshake_seconds(null)
    for which, seconds in found.items():
        print(f"handshake {which:24}{seconds * 1000:4.1f} ms, without TLS")
    return found


def plan_lines(folder: pathlib.Path, core: cores.Core, provider: pathlib.Path) -> dict[str, int]:
    """How much a person has to read."""
    with sandbox("--fleet", str(EMPTY_FLEET), "--no-throttle", profile=PROFILE, policy=None) as cloud:
        workspace, fleet = bench_sdk.prepare(folder, core, provider, cloud, 400)
        create = len(workspace.plan_text().splitlines())
        workspace.apply()
        fleet.launch_many(1, Mirror="many")
        update = len(workspace.plan_text().splitlines())
    print(f"lines of a plan, 400 created    {create:4}{verdict(create, MAX_CREATE_LINES)}")
    print(f"lines of a plan, one added      {update:4}{verdict(update, MAX_UPDATE_LINES)}")
    return {"create_400": create, "update_one": update}


def memory_growth(sessions: dict[int, dict[str, Cost]]) -> dict[str, float]:
    """How many times as much memory the last size takes as the first; linear is at most the ratio of the sizes."""
    small, large = (sessions[size] for size in SIZES)
    grown = {step: large[step].provider_bytes / small[step].provider_bytes for step in small}
    print(f"\npeak memory at {SIZES[1]:,} over that at {SIZES[0]:,} sessions, where linear is {SIZES[1] // SIZES[0]}:")
    for step, ratio in grown.items():
        print(f"{step:14} {ratio:10.2f}{verdict(ratio, SIZES[1] / SIZES[0])}")
    return grown


def sandbox_speed() -> dict:
    """How long the sandbox itself takes, so that nobody takes it for the provider."""
    program = paths.ROOT / "tests" / "sandbox" / "bench.py"
    done = subprocess.run(
        [sys.executable, str(program), str(paths.sandbox_binary(PROFILE))], stdout=subprocess.PIPE, check=True
    )
    found = json.loads(done.stdout)
    instances = found["instances"]
    for action in ("DescribeInstances", "DescribeNetworkInterfaces"):
        seconds = found[action]["seconds"]
        print(f"sandbox, {action} of {instances:,}: {seconds:.2f} s{verdict(seconds, MAX_DESCRIBE_SECONDS)}")
    return found


def steps(folder: pathlib.Path, core: cores.Core, provider: pathlib.Path, size: int) -> dict[str, Cost]:
    measured = MeasuredProvider(folder / "measured", provider)
    with sandbox("--fleet", str(EMPTY_FLEET), "--no-throttle", profile=PROFILE, policy=None) as cloud:
        workspace, _ = bench_sdk.prepare(folder / "work", core, measured.executable, cloud, size)
        costs = {
            "plan": measured.measure(workspace.save_plan),
            "apply": measured.measure(workspace.apply_saved),
            "empty plan": measured.measure(workspace.assert_empty_plan),
            **audits(folder / "audit", core, measured, cloud),
            "destroy": measured.measure(workspace.destroy),
        }
        assert cloud.sessions() == []
    print(f"\n{size:,} sessions   provider CPU   provider peak   whole run")
    for step, cost in costs.items():
        print(
            f"{step:14} {cost.provider_seconds:10.2f} s {cost.provider_bytes / MEBIBYTE:11.1f} MiB"
            f" {cost.wall_seconds:9.2f} s"
        )
    return costs


def audits(folder: pathlib.Path, core: cores.Core, measured: MeasuredProvider, cloud) -> dict[str, Cost]:
    """The audit that pages and judges existence, and the same with delivery and all reports."""
    workspace = Workspace(folder, core, measured.executable, {})
    formats = json.dumps(["json", "csv", "html", "asff", "ocsf", "aws_config", "openmetrics"])
    costs = {}
    for step, more in {"audit, paging": "check_delivery = false", "audit, all": f"formats = {formats}"}.items():
        workspace.configure(cloud.provider(), f'data "mirror_audit" "all" {{\n  {MANY}\n  {more}\n}}\n')
        costs[step] = measured.measure(workspace.save_plan)
    paging, everything = costs.values()
    added, peak = everything.provider_seconds - paging.provider_seconds, everything.provider_bytes / MEBIBYTE
    print(f"\ndelivery and all reports add {added:.2f} s{verdict(added, MAX_AUDIT_SECONDS)}", end=", ")
    print(f"peak {peak:.0f} MiB{verdict(peak, MAX_AUDIT_MEBIBYTES)}")
    return costs


if __name__ == "__main__":
    main()
