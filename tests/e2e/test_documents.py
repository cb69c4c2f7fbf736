"""What the README and the examples show is well-formed, and the demonstration's configuration is valid."""

import os
import re
import shutil
import subprocess

from harness.paths import ROOT


def formatted(core, text: str) -> str:
    return subprocess.run(
        [core.command, "fmt", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"TF_CLI_CONFIG_FILE": os.devnull},
    ).stdout


def test_configurations_are_formatted(core):
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```hcl\n(.*?)```", readme, re.DOTALL)
    # A CLI configuration is of an older language that `fmt` does not read.
    texts = {f"README.md, block {n}": text for n, text in enumerate(blocks) if "provider_installation" not in text}
    texts |= {str(file): file.read_text() for file in (ROOT / "examples").rglob("*.tf")}
    assert len(texts) >= 6
    for name, text in texts.items():
        assert formatted(core, text) == text, name


def test_the_demonstrations_configuration_is_valid(workspace):
    shutil.copy(ROOT / "examples" / "demo" / "main.tf", workspace.directory)
    workspace.run("validate", "-no-color").succeed()
