"""Which processes a run of a core consists of."""

import dataclasses
import pathlib
import subprocess


@dataclasses.dataclass(frozen=True)
class Members:
    """Process ids: an early core is two processes, of which one waits for panics."""

    cores: list[int]
    providers: list[int]


def members_of(process: subprocess.Popen) -> Members:
    """The living processes in the process group of a run."""
    found = Members([], [])
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            group = int(status.read_text().rpartition(")")[2].split()[2])
            command = (status.parent / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        # A process that has ended and is not waited for has no command.
        if group == process.pid and command:
            of_kind = found.providers if b"terraform-provider-mirror" in command else found.cores
            of_kind.append(int(status.parent.name))
    return found


def provider_of(process: subprocess.Popen) -> int:
    """The one provider that a core runs."""
    (pid,) = members_of(process).providers
    return pid
