"""What `make bench` measures beside the bare AWS SDK: how well creates are paced, and what a plan without changes costs."""

import concurrent.futures
import dataclasses
import pathlib
import re
import statistics
import subprocess

from harness import cores, paths
from harness.fleet import Fleet
from harness.hcl import coverage
from harness.measure import Cost, MeasuredProvider
from harness.pacing import Bucket, Pacing, pacing
from harness.sandbox import Sandbox, sandbox
from harness.workspace import Workspace

EMPTY_FLEET = paths.ROOT / "tests" / "e2e" / "fleets" / "empty.yaml"
MANY = 'selector {\n    tags = { Mirror = "many" }\n  }'
CREATE = "CreateTrafficMirrorSession"

# EC2's documentation: 50 at once, then 5 a second; and what describe calls get.
DOCUMENTED = Bucket(50, 5)
DESCRIBES = Bucket(100, 20)
# Each takes the provider, whose pace follows from what it measures, about 20 seconds of real time.
RATES = {
    "documented": Bucket(50, 5, clock_speed=8),
    "a quarter of it": Bucket(12.5, 1.25, clock_speed=32),
    "ten times as much": Bucket(500, 50),
}
MAX_OF_IDEAL = 1.1
MAX_THROTTLED = 0.05
MAX_OF_SDK = 1.3
PAIRS = 5


def environment(cloud: Sandbox) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": cloud.access_key,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_key,
        "AWS_REGION": cloud.region,
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": "/usr/bin:/bin",
    }


def bare(profile: str) -> str:
    return str(paths.target(profile) / "examples" / "bare_sdk")


def verdict(value: float, limit: float) -> str:
    return f"   ({'within' if value <= limit else 'OVER'} {limit:g})"


def of_pacing(folder: pathlib.Path, core: cores.Core, provider: pathlib.Path, profile: str) -> dict[str, dict]:
    """Creates under EC2's buckets: by the SDK with its two modes of retries, and by the provider."""
    print("\ncreates under throttling          creates    seconds      ideal   throttled")
    found = {}
    for mode in ("standard", "adaptive"):
        found[f"SDK, {mode}"] = (200, DOCUMENTED, sdk_creates(mode, 200, DOCUMENTED, profile))
        show(f"SDK, {mode}", *found[f"SDK, {mode}"])
    found["provider"] = (200, DOCUMENTED, provider_creates(folder / "same", core, provider, 200, DOCUMENTED, profile))
    show("provider", *found["provider"])
    for name, bucket in RATES.items():
        work = folder / name.replace(" ", "-")
        found[f"provider, {name}"] = (1000, bucket, provider_creates(work, core, provider, 1000, bucket, profile))
        show(f"provider, {name}", *found[f"provider, {name}"], limited=True)
    # The SDK's waits begin with a second of real time and end with twenty, whatever the bucket's clock shows: a fast one would make them
    # long, and its figures another thing's. All of it is waiting, so the three are measured side by side.
    real = {name: dataclasses.replace(bucket, clock_speed=1) for name, bucket in RATES.items()}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = {name: pool.submit(sdk_creates, "adaptive", 1000, bucket, profile) for name, bucket in real.items()}
        for name, bucket in real.items():
            found[f"SDK, {name}"] = (1000, bucket, running[name].result())
            show(f"SDK, {name}", *found[f"SDK, {name}"])
    return {
        name: {"creates": count, "seconds": used.seconds, "ideal": bucket.ideal(count), "throttled": used.throttled_part}
        for name, (count, bucket, used) in found.items()
    }


def show(name: str, creates: int, bucket: Bucket, used: Pacing, limited: bool = False) -> None:
    ideal = bucket.ideal(creates)
    ratio = verdict(used.seconds / ideal, MAX_OF_IDEAL) if limited else ""
    throttled = verdict(used.throttled_part, MAX_THROTTLED) if limited else ""
    print(
        f"{name:32} {creates:7} {used.seconds:10.1f} {ideal:10.1f} {used.throttled_part:10.1%}"
        f"{ratio}{throttled}"
    )


def sdk_creates(mode: str, count: int, bucket: Bucket, profile: str) -> Pacing:
    with sandbox("--fleet", str(EMPTY_FLEET), *bucket.arguments(CREATE), profile=profile, policy=None) as cloud:
        fleet = Fleet(cloud)
        interfaces = fleet.launch_many(count, Mirror="many")
        arguments = ["create", mode, fleet.balancer_target(), fleet.filter]
        cloud.throttle()
        subprocess.run(
            [bare(profile), *arguments],
            input="\n".join(sorted(interfaces)),
            env=environment(cloud),
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return pacing(cloud, CREATE)


def provider_creates(
    folder: pathlib.Path, core: cores.Core, provider: pathlib.Path, count: int, bucket: Bucket, profile: str
) -> Pacing:
    with sandbox("--fleet", str(EMPTY_FLEET), *bucket.arguments(CREATE), profile=profile, policy=None) as cloud:
        workspace, _ = prepare(folder, core, provider, cloud, count)
        workspace.save_plan()
        cloud.throttle()
        workspace.apply_saved()
        return pacing(cloud, CREATE)


def prepare(folder, core, provider, cloud, size: int) -> tuple[Workspace, Fleet]:
    fleet = Fleet(cloud)
    fleet.launch_many(size, Mirror="many")
    folder.mkdir(parents=True)
    workspace = Workspace(folder / "main", core, provider, {})
    target = fleet.balancer_target()
    workspace.configure(cloud.provider(), coverage(fleet, selector=MANY, targets=f'["{target}"]'))
    return workspace, fleet


def of_reading(folder: pathlib.Path, core: cores.Core, provider: pathlib.Path, profile: str, size: int) -> dict:
    """A plan without changes beside the bare SDK, which pages the same data and keeps nothing; in turn, in one run."""
    measured = MeasuredProvider(folder / "measured", provider)
    with sandbox("--fleet", str(EMPTY_FLEET), "--no-throttle", profile=profile, policy=None) as cloud:
        workspace, _ = prepare(folder / "work", core, measured.executable, cloud, size)
        workspace.save_plan()
        workspace.apply_saved()
        bare_sdk = MeasuredProvider(folder / "bare", pathlib.Path(bare(profile)))

        def sdk(*arguments: str) -> Cost:
            def run() -> None:
                subprocess.run(
                    [bare_sdk.executable, *arguments], env=environment(cloud), check=True, stdout=subprocess.DEVNULL
                )

            return bare_sdk.measure(run)

        log = folder / "provider.log"
        workspace.environment |= {"TF_LOG_PROVIDER": "DEBUG", "TF_LOG_PATH": str(log)}
        pairs = []
        for _ in range(PAIRS):
            cloud.forget_calls()
            log.unlink(missing_ok=True)
            plan = measured.measure(workspace.assert_empty_plan)
            plan = dataclasses.replace(plan, wall_seconds=served_seconds(log))
            calls = len(cloud.calls())
            pairs.append((plan, sdk("page", "Mirror=many")))
        paged = len(cloud.calls()) - calls
        one_by_one = sdk("describe")

    def ratio_of(seconds) -> float:
        return statistics.median(seconds(plan) / seconds(page) for plan, page in pairs)

    ratio, of_processor = ratio_of(lambda cost: cost.wall_seconds), ratio_of(lambda cost: cost.provider_seconds)
    plan, page = (
        [statistics.median(getattr(cost, name) for cost in costs) for name in ("wall_seconds", "provider_seconds")]
        for costs in zip(*pairs, strict=True)
    )
    print(f"\nno changes, {size:,} sessions         calls       time   processor time   at EC2's documented rate")
    rows = {
        "plan, in the provider's calls": (calls, *plan),
        "bare SDK, the same pages": (paged, *page),
        "bare SDK, one call a session": (size, one_by_one.wall_seconds, one_by_one.provider_seconds),
    }
    for name, (count, seconds, processor) in rows.items():
        at_rate = max(0.0, DESCRIBES.ideal(count))
        print(f"{name:32} {count:7} {seconds:8.2f} s {processor:14.2f} s {at_rate:17.0f} s")
    print(f"the provider's time over that of the bare SDK: {ratio:.2f}{verdict(ratio, MAX_OF_SDK)}; of processor time {of_processor:.2f}")
    return {
        "ratio": ratio,
        "ratio_of_processor_time": of_processor,
        "rows": {
            name: {"calls": count, "seconds": seconds, "processor_seconds": processor}
            for name, (count, seconds, processor) in rows.items()
        },
    }


def served_seconds(log: pathlib.Path) -> float:
    """How long the provider took to answer all that core asked of it, by its own log."""
    served = re.findall(r"call ends: .*?\btf_req_duration_ms=(\d+)", log.read_text())
    assert served, f"{log} tells of no call"
    return sum(int(milliseconds) for milliseconds in served) / 1000
