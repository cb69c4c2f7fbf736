"""What core and provider keep for each other, and a provider that a developer started."""

import os
import re
import signal
import subprocess

import pytest

from harness.hcl import coverage
from harness.workspace import SOURCE

PROD = "mirror_coverage.prod"


@pytest.mark.spine
def test_private_data_of_an_apply_is_that_of_the_next_refresh(workspace, sandbox, fleet):
    """Otherwise an apply that changes nothing would make other people's saved plans stale."""
    for step in ("create", "update", "rename"):
        if step == "update":
            fleet.launch("web-3", Mirror="True")
        name = "renamed" if step == "rename" else "prod"
        workspace.configure(sandbox.provider(), coverage(fleet, name=name))
        workspace.apply()
        applied = workspace.private()
        assert applied[PROD]
        workspace.run("apply", "-refresh-only", "-auto-approve", "-input=false").succeed()
        assert workspace.private() == applied, step


def test_a_provider_that_runs_already(workspace, sandbox, fleet, provider_binary):
    """-debug prints the variable by which core attaches to it."""
    process = subprocess.Popen(
        [str(provider_binary), "-debug"],
        env=workspace.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        found = None
        while found is None:
            line = process.stdout.readline()
            assert line, "the provider ended"
            found = re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line)
        assert SOURCE in found[1]
        # Without an override the only provider is the one that runs.
        workspace.environment |= {"TF_REATTACH_PROVIDERS": found[1], "TF_CLI_CONFIG_FILE": os.devnull}
        workspace.configure(sandbox.provider(), coverage(fleet))
        workspace.run("init", "-input=false", "-no-color").succeed()
        workspace.apply()
        assert len(sandbox.sessions()) == 3
        workspace.destroy()
        workspace.apply()
        assert {session.number for session in sandbox.sessions()} == {1}, "numbers are given back"
        workspace.destroy()
        assert process.poll() is None, "core does not end what it did not start"
        process.send_signal(signal.SIGINT)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
