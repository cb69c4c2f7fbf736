"""What a release is made of: which targets are built, what is refused, and that the workflows and documents agree.

`cargo`, `rustup` and `rustc` are stand-ins on the PATH that say what other machines' would: nothing is compiled.
"""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile

import pytest
import yaml

from harness.paths import ROOT

PLATFORMS = {f"{system}_{machine}" for system in ("linux", "darwin", "windows") for machine in ("amd64", "arm64")}
# What GitHub's runners are.
RUNNERS = {
    "ubuntu-latest": "linux_amd64",
    "ubuntu-24.04": "linux_amd64",
    "ubuntu-24.04-arm": "linux_arm64",
    "macos-15-intel": "darwin_amd64",
    "macos-latest": "darwin_arm64",
    "windows-latest": "windows_amd64",
    "windows-11-arm": "windows_arm64",
}
GNU, MUSL = "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"
CARGO = """#!{python}
import json, os, pathlib, subprocess, sys
if sys.argv[1] == "metadata":
    # Of this machine's target, whose packages are all here.
    words = [word if word.count("-") < 2 or word.startswith("--") else "{host}" for word in sys.argv[1:]]
    sys.exit(subprocess.run(["{cargo}", *words], env=os.environ | {{"RUSTC": "{rustc}"}}).returncode)
assert sys.argv[1:5] == ["build", "--locked", "--release", "--bin"], sys.argv
target = sys.argv[sys.argv.index("--target") + 1]
with open(os.environ["BUILDS"], "a") as log:
    log.write(f"{{target}} {{os.environ.get('CC_' + target.replace('-', '_'), '')}}\\n")
if target in os.environ["BROKEN"].split():
    sys.exit(101)
folder = pathlib.Path(os.environ["CARGO_TARGET_DIR"]) / target / "release"
folder.mkdir(parents=True)
(folder / ("terraform-provider-mirror" + (".exe" if "windows" in target else ""))).write_text(target)
"""


class Machine:
    """Stand-ins for a machine's Rust, and `dist.py` run with them."""

    def __init__(self, folder: pathlib.Path):
        real = shutil.which("cargo")
        if real is None:
            pytest.skip("no cargo on the PATH")
        shown = subprocess.run(["rustc", "-vV"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        host = re.search(r"^host: (\S+)$", shown, re.MULTILINE)[1]
        self._folder = folder
        self._write("cargo", CARGO.format(python=sys.executable, cargo=real, rustc=shutil.which("rustc"), host=host))

    def _write(self, name: str, text: str) -> None:
        file = self._folder / name
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IEXEC)

    def dist(self, *arguments: str, host: str, installed: list[str], broken: str = "") -> subprocess.CompletedProcess:
        self._write("rustup", f"#!/bin/sh\nprintf '%s\\n' {' '.join(installed)}\n")
        self._write("rustc", f"#!/bin/sh\necho 'host: {host}'\n")
        for name in ("target", "dist"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
        (self._folder / "builds").write_text("")
        environment = os.environ | {
            "PATH": f"{self._folder}:{os.environ['PATH']}",
            "CARGO_TARGET_DIR": str(self._folder / "target"),
            "BUILDS": str(self._folder / "builds"),
            "BROKEN": broken,
        }
        command = [sys.executable, "scripts/dist.py", "--out", str(self._folder / "dist"), *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    @property
    def builds(self) -> list[str]:
        """The targets that were tried, each with its C compiler."""
        return (self._folder / "builds").read_text().splitlines()

    def packed(self) -> dict[str, str]:
        """The target in each archive, by platform."""
        found = {}
        for archive in (self._folder / "dist").glob("*.zip"):
            platform = archive.stem.split("_", 2)[2]
            with zipfile.ZipFile(archive) as zipped:
                (binary,) = [name for name in zipped.namelist() if name.startswith("terraform-provider-mirror_v")]
                assert binary.endswith(".exe") == platform.startswith("windows")
                found[platform] = zipped.read(binary).decode()
            bill = json.loads(archive.with_name(archive.stem + ".cdx.json").read_text())
            assert bill["metadata"]["properties"] == [{"name": "cargo:target", "value": found[platform]}]
        return found


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_each_target_that_is_installed_is_built_and_a_static_one_is_preferred(machine):
    installed = ["aarch64-apple-darwin", "wasm32-wasip1", GNU, MUSL, "x86_64-pc-windows-msvc"]
    done = machine.dist(host=GNU, installed=installed)
    assert done.returncode == 0, done.stderr
    assert machine.packed() == {
        "linux_amd64": MUSL,
        "darwin_arm64": "aarch64-apple-darwin",
        "windows_amd64": "x86_64-pc-windows-msvc",
    }
    assert f"{GNU}: left out" in done.stdout
    assert f"{MUSL} musl-gcc" in machine.builds


def test_what_cannot_be_built_is_left_out_unless_it_is_this_machines(machine):
    installed = ["aarch64-apple-darwin", GNU, MUSL]
    done = machine.dist(host=GNU, installed=installed, broken=f"{MUSL} aarch64-apple-darwin")
    assert done.returncode == 0, done.stderr
    assert machine.packed() == {"linux_amd64": GNU}, "glibc's, where there is no musl-gcc"
    assert "aarch64-apple-darwin: left out, it cannot be built here" in done.stdout
    assert machine.dist(host=GNU, installed=installed, broken=f"{MUSL} {GNU}").returncode != 0


def test_a_machine_without_rustups_targets(machine):
    assert machine.dist(host="aarch64-unknown-linux-gnu", installed=[]).returncode == 0
    assert machine.packed() == {"linux_arm64": "aarch64-unknown-linux-gnu"}


def test_one_target_alone(machine):
    done = machine.dist("--target", MUSL, host=GNU, installed=[GNU, MUSL])
    assert done.returncode == 0 and machine.packed() == {"linux_amd64": MUSL}
    assert machine.dist("--target", MUSL, host=GNU, installed=[GNU, MUSL], broken=MUSL).returncode != 0
    refused = machine.dist("--target", "wasm32-wasip1", host=GNU, installed=[GNU])
    assert refused.returncode != 0 and "wasm32-wasip1" in refused.stderr and machine.builds == []


@pytest.mark.parametrize("licence, said", [("GPL-3.0-only", "GPL-3.0-only"), (None, "none"), ("MIT AND SSPL-1.0", "SSPL-1.0")])
def test_a_licence_that_is_not_allowed_fails(tmp_path, licence, said):
    packages = [
        {"name": "terraform-provider-mirror", "version": "0.1.0", "license": None},
        {"name": "good", "version": "1.0.0", "license": "MIT OR GPL-3.0-only"},
        {"name": "bad", "version": "2.0.0", "license": licence},
    ]
    (tmp_path / "packages.json").write_text(json.dumps({"packages": packages}))
    cargo = tmp_path / "cargo"
    cargo.write_text(f"#!/bin/sh\ncat '{tmp_path}/packages.json'\n")
    cargo.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, "scripts/licences.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "bad 2.0.0" in done.stderr and said in done.stderr
    assert "good" not in done.stderr and "good 1.0.0" in done.stdout


def workflow(name: str) -> dict:
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())


def test_a_release_has_six_platforms_and_each_is_tested():
    matrix = workflow("release")["jobs"]["build"]["strategy"]["matrix"]["include"]
    program = "import sys, json; sys.path.insert(0, 'scripts'); import dist; print(json.dumps(dist.PLATFORMS))"
    names = json.loads(subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True).stdout)
    built = [names[one["target"]] for one in matrix]
    assert sorted(built) == sorted(PLATFORMS)
    assert built == [RUNNERS[one["os"]] for one in matrix], "each on a machine of its own kind"
    assert all(one["target"].endswith("-musl") for one in matrix if "linux" in one["target"]), "Alpine has no glibc"
    jobs = workflow("test")["jobs"]
    tested = [jobs["everything"]["runs-on"], *jobs["platforms"]["strategy"]["matrix"]["os"]]
    assert sorted(RUNNERS[runner] for runner in tested) == sorted(PLATFORMS)


def test_the_oldest_compiler_is_the_same_everywhere():
    promised = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["rust-version"]
    used = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    number = lambda text: [int(part) for part in text.split(".")]  # noqa: E731
    assert number(promised) <= number(used)
    steps = workflow("test")["jobs"]["msrv"]["steps"]
    (reads,) = [step["run"] for step in steps if step.get("id") == "msrv"]
    output = subprocess.run(["bash", "-c", reads.replace('>> "$GITHUB_OUTPUT"', "")], cwd=ROOT, check=True, capture_output=True, text=True)
    assert output.stdout.strip() == f"version={promised}"
    assert any("cargo +${{ steps.msrv.outputs.version }} check" in step.get("run", "") for step in steps)
    for document in ("README.md", "CONTRIBUTING.md"):
        stated = re.findall(r"Rust (\d+\.\d+)", (ROOT / document).read_text())
        assert stated and set(stated) == {promised}, f"{document} states {stated}"


def test_every_ecosystem_is_kept_up_to_date():
    configured = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    found = {(one["package-ecosystem"], one["directory"]) for one in configured}
    kinds = {"Cargo.toml": "cargo", "requirements.txt": "pip", "package.json": "npm"}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    files = [pathlib.PurePosixPath(file) for file in tracked]
    wanted = {
        (kinds[file.name], f"/{file.parent}".replace("/.", "/"))
        for file in files
        # A member of the workspace shares its lock file.
        if file.name in kinds and (file.name != "Cargo.toml" or file.parent == pathlib.PurePosixPath("."))
    }
    assert found == wanted | {("github-actions", "/")}
