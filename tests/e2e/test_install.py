"""The two ways to install that the README names; every other test uses `dev_overrides`."""

import platform
import shutil

import pytest

from harness.hcl import coverage


def host() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


@pytest.mark.spine
def test_filesystem_mirror(workspace, sandbox, fleet, provider_binary, tmp_path):
    folder = workspace.mirror_folder(tmp_path / "plugins") / "0.1.0" / host()
    folder.mkdir(parents=True)
    shutil.copy(provider_binary, folder / "terraform-provider-mirror_v0.1.0")
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.install_from(tmp_path / "plugins")
    initialised = workspace.run("init", "-input=false", "-no-color").succeed()
    assert "mirror-toolkit/mirror v0.1.0" in initialised.stdout
    workspace.apply()
    assert len(sandbox.sessions()) == 3
    workspace.destroy()
