"""What a provider costs: its processor time, its peak memory, its first line."""

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

# Stands in the provider's place, runs it as a child, and writes down what the
# kernel counted for it. A sampler from outside would miss the last moments.
WRAPPER = """\
#!{python} -SE
import json, os, sys, time
began = time.monotonic()
child = os.fork()
if child == 0:
    os.execv({provider!r}, [{provider!r}, *sys.argv[1:]])
_, status, usage = os.wait4(child, 0)
with open({ledger!r}, "a") as file:
    file.write(json.dumps(dict(cpu=usage.ru_utime + usage.ru_stime, memory=usage.ru_maxrss * 1024,
                               wall=time.monotonic() - began)) + "\\n")
os._exit(os.waitstatus_to_exitcode(status) & 255)
"""


@dataclasses.dataclass(frozen=True)
class Cost:
    """Of all provider processes of one run: seconds, and bytes of the largest."""

    wall_seconds: float
    provider_seconds: float
    provider_bytes: int


class MeasuredProvider:
    """An executable that core takes for the provider."""

    def __init__(self, folder: pathlib.Path, provider: pathlib.Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.executable = folder / "terraform-provider-mirror"
        self._ledger = folder / "costs.jsonl"
        self.executable.write_text(
            WRAPPER.format(python=sys.executable, provider=str(provider.resolve()), ledger=str(self._ledger))
        )
        self.executable.chmod(0o755)

    def measure(self, run) -> Cost:
        """Runs something that starts the provider, and adds its processes up."""
        self._ledger.unlink(missing_ok=True)
        began = time.monotonic()
        run()
        wall = time.monotonic() - began
        costs = [json.loads(line) for line in self._ledger.read_text().splitlines()]
        return Cost(wall, sum(cost["cpu"] for cost in costs), max(cost["memory"] for cost in costs))


def handshake_seconds(provider: pathlib.Path, runs: int = 21, certificate: str | None = None) -> float:
    """The median time from the start of a provider to its line on stdout."""
    environment = {
        "PATH": os.environ["PATH"],
        "TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
        "PLUGIN_PROTOCOL_VERSIONS": "5,6",
        "PLUGIN_MIN_PORT": "10000",
        "PLUGIN_MAX_PORT": "25000",
    }
    if certificate is not None:
        environment["PLUGIN_CLIENT_CERT"] = certificate
    return statistics.median(_one_handshake(provider, environment) for _ in range(runs))


def _one_handshake(provider: pathlib.Path, environment: dict[str, str]) -> float:
    began = time.monotonic()
    process = subprocess.Popen(
        [str(provider)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        line = process.stdout.readline()
        took = time.monotonic() - began
        assert line.startswith(b"1|"), f"{provider} said {line!r}"
        return took
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
