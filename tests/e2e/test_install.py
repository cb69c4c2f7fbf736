"""The two ways to install that the README names; every other test uses `dev_overrides`."""

import platform
import shutil

import pytest

from harness.hcl import coverage


def host() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


@pytest.mark.spine
def test_filesystem_mirror(workspace, sandbox, fleet, core, provider_binary, tmp_path):
    registry = "registry.opentofu.org" if core.product == "tofu" else "registry.terraform.io"
    folder = tmp_path / "plugins" / registry / "mirror-toolkit" / "mirror" / "0.1.0" / host()
    folder.mkdir(parents=True)
    shutil.copy(provider_binary, folder / "terraform-provider-mirror_v0.1.0")
    configuration = tmp_path / "mirror.tfrc"
    configuration.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tmp_path / "plugins"}"\n  }}\n}}\n'
    )
    workspace.environment["TF_CLI_CONFIG_FILE"] = str(configuration)
    workspace.configure(sandbox.provider(), coverage(fleet))
    text = (workspace.directory / "main.tf").read_text()
    # Only what the mirror holds can be installed.
    (workspace.directory / "main.tf").write_text(
        "".join(line for line in text.splitlines(keepends=True) if "hashicorp/null" not in line)
    )
    initialised = workspace.run("init", "-input=false", "-no-color").succeed()
    assert "mirror-toolkit/mirror v0.1.0" in initialised.stdout
    workspace.apply()
    assert len(sandbox.sessions()) == 3
    workspace.destroy()
