"""A core in a PID namespace of its own, as in a container: it sees no process outside."""

import dataclasses
import functools
import os
import pathlib
import shutil
import subprocess

from .cores import Core


@functools.cache
def _unshare() -> tuple[str, ...] | None:
    """The command that runs another one so, where this machine allows it."""
    for more in ([], ["--user", "--map-root-user"]):
        command = ("unshare", *more, "--pid", "--fork", "--mount-proc")
        if shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return None


def is_possible() -> bool:
    return _unshare() is not None


def contained(core: Core, directory: pathlib.Path) -> Core:
    """The same core, whose every run is in a namespace of its own; `directory` is for its command."""
    script = directory / f"contained-{os.path.basename(core.command)}"
    script.write_text(f'#!/bin/sh\nexec {" ".join(_unshare() or ())} {core.command} "$@"\n')
    script.chmod(0o755)
    return dataclasses.replace(core, command=str(script))
