"""Builds the newest OpenTofu and Terraform into target/cores, from source out of the Go module proxy.

PyPI has neither an OpenTofu nor a Terraform that hands planned private data back (1.16). The end-to-end tests take
every program in target/cores as one more core.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CORES = (
    ("github.com/opentofu/opentofu", "1.12.6", "./cmd/tofu", "tofu"),
    ("github.com/hashicorp/terraform", "1.16.0", ".", "terraform"),
)
# Modules beside Terraform's own in its repository, which the proxy does not hand out with it: backends for remote state.
BESIDE = r"terraform/internal/(backend/remote-state/(azure|consul|cos|gcs|kubernetes|oss|pg|s3|oci)|legacy)\b"
FLAGS = "-s -w -X github.com/hashicorp/terraform/version.dev=no -X github.com/opentofu/opentofu/version.dev=no"


def without_modules_beside(source: pathlib.Path) -> None:
    """Takes out the backends whose modules are missing; a local state needs none of them."""
    module = source / "go.mod"
    lines = module.read_text().splitlines(keepends=True)
    module.write_text("".join(line for line in lines if not re.search(BESIDE, line)))
    backends = source / "internal" / "backend" / "init" / "init.go"
    text = backends.read_text()
    names = re.findall(rf'^\s*(\w+) "github.com/hashicorp/{BESIDE}"', text, re.MULTILINE)
    for name, *_ in names:
        text = re.sub(rf"^.*\b{name}\b.*\n", "", text, flags=re.MULTILINE)
    backends.write_text(text)


def build(module: str, version: str, package: str, name: str, folder: pathlib.Path) -> None:
    program = folder / f"{name}-{version}"
    if program.is_file():
        return print(program)
    environment = os.environ | {"GOFLAGS": "-mod=mod"}
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        # Outside of any module, or its requirements would have a say.
        answer = subprocess.run(
            ["go", "mod", "download", "-json", f"{module}@v{version}"],
            cwd=temporary, env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        source = pathlib.Path(temporary) / "source"
        shutil.copytree(json.loads(answer.stdout)["Dir"], source)
        subprocess.run(["chmod", "-R", "u+w", str(source)], check=True)
        if name == "terraform":
            without_modules_beside(source)
        made = pathlib.Path(temporary) / name
        subprocess.run(
            ["go", "build", "-trimpath", "-ldflags", FLAGS, "-o", str(made), package],
            cwd=source, env=environment, check=True,
        )  # fmt: skip
        made.replace(program)
    print(program)


def main() -> None:
    if shutil.which("go") is None:
        sys.exit("These cores are built with Go, and there is no `go` on the PATH.")
    folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")).resolve() / "cores"
    folder.mkdir(parents=True, exist_ok=True)
    for core in CORES:
        build(*core, folder)


if __name__ == "__main__":
    main()
