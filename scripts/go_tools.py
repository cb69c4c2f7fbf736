"""Tools that are written in Go: built once, in a pinned version, into target/go-tools."""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "target" / "go-tools"
TOOLS = {
    "tfplugindocs": ("github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs", "v0.25.0"),
    "actionlint": ("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12"),
}


class Unavailable(Exception):
    """The tool is not here and cannot be built."""


def go_tool(name: str) -> pathlib.Path:
    """The tool's program. Raises `Unavailable`, saying why, where there is no Go or its module proxy cannot be reached."""
    package, version = TOOLS[name]
    program = FOLDER / f"{name}-{version}"
    if program.is_file():
        return program
    go = shutil.which("go")
    if go is None:
        raise Unavailable(f"{name} needs Go, which is not installed")
    FOLDER.mkdir(parents=True, exist_ok=True)
    # A folder of this process's own, so that two who build at once do not meet.
    building = FOLDER / f"building-{os.getpid()}"
    try:
        done = subprocess.run(
            [go, "install", f"{package}@{version}"],
            env=os.environ | {"GOBIN": str(building)},
            capture_output=True,
            text=True,
            timeout=600,
        )
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()
            raise Unavailable(f"{name} {version} could not be built: {lines[-1] if lines else 'no message'}")
        (building / name).replace(program)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{name} {version} could not be built in ten minutes") from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return program
