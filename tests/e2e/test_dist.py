"""What `make dist` builds: the registry's files, and an installation out of them with its lock file."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

from harness.hcl import coverage
from harness.paths import ROOT

VERSION = "0.1.0"
NAME = f"terraform-provider-mirror_{VERSION}"


@pytest.fixture(scope="module")
def dist(provider_binary, tmp_path_factory) -> pathlib.Path:
    """dist/, with the binary that the other tests use."""
    if shutil.which("cargo") is None:
        pytest.skip("no cargo on the PATH")
    folder = tmp_path_factory.mktemp("release") / "dist"
    command = [sys.executable, "scripts/dist.py", "--binary", str(provider_binary), "--out", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder


def archive(dist: pathlib.Path) -> pathlib.Path:
    (found,) = dist.glob("*.zip")
    return found


def test_sums_cover_every_file(dist):
    sums = dict(line.split("  ")[::-1] for line in (dist / f"{NAME}_SHA256SUMS").read_text().splitlines())
    files = {file.name: file for file in dist.iterdir()}
    assert set(sums) == set(files) - {f"{NAME}_SHA256SUMS"}
    for name, wanted in sums.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == wanted, name


def test_manifest_names_the_protocol(dist):
    manifest = json.loads((dist / f"{NAME}_manifest.json").read_text())
    assert manifest == {"version": 1, "metadata": {"protocol_versions": ["6.0"]}}


def test_archive_holds_an_executable_of_this_version(dist, provider_binary):
    with zipfile.ZipFile(archive(dist)) as zipped:
        entry = zipped.getinfo(f"terraform-provider-mirror_v{VERSION}")
        assert entry.external_attr >> 16 & 0o111 == 0o111
        assert zipped.read(entry) == provider_binary.read_bytes()
        assert {"LICENSE", "README.md", "CHANGELOG.md"} <= set(zipped.namelist())


def test_bill_of_materials(dist):
    (file,) = dist.glob("*.cdx.json")
    bill = json.loads(file.read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["version"]) == ("CycloneDX", VERSION)
    names = {component["name"] for component in bill["components"]}
    assert {"aws-sdk-ec2", "rustls", "tonic"} <= names
    assert not {"proptest", "ec2-sandbox"} & names, "what only tests need is not shipped"
    assert all(component["licenses"] for component in bill["components"])


@pytest.mark.spine
def test_init_out_of_dist(workspace, sandbox, fleet, dist, tmp_path):
    """A packed filesystem mirror is the archive itself, at the provider's address."""
    folder = workspace.mirror_folder(tmp_path / "mirror")
    folder.mkdir(parents=True)
    shutil.copy(archive(dist), folder)
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.install_from(tmp_path / "mirror")
    workspace.run("init", "-input=false", "-no-color").succeed()
    lock = (workspace.directory / ".terraform.lock.hcl").read_text()
    assert f'version = "{VERSION}"' in lock and "h1:" in lock, lock
    # The lock file holds the next installation to the same archive.
    shutil.rmtree(workspace.directory / ".terraform")
    workspace.run("init", "-input=false", "-no-color", "-lockfile=readonly").succeed()
    workspace.apply()
    assert len(sandbox.sessions()) == 3
    shutil.rmtree(workspace.directory / ".terraform")
    spoil(folder / archive(dist).name)
    refused = workspace.run("init", "-input=false", "-no-color", "-lockfile=readonly")
    assert refused.code == 1 and "checksum" in refused.text, refused.text


def spoil(file: pathlib.Path) -> None:
    """Another archive under the same name."""
    with zipfile.ZipFile(file) as zipped:
        contents = {name: zipped.read(name) for name in zipped.namelist()}
    with zipfile.ZipFile(file, "w") as zipped:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            zipped.writestr(entry, data + b"\n")


def test_licences_are_allowed():
    environment = os.environ | {"CARGO_NET_OFFLINE": "true"}
    command = [sys.executable, "scripts/licences.py", "--host"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "rustls" in done.stdout


@pytest.mark.parametrize(
    "expression, good",
    [
        ("MIT", True),
        ("MIT/Apache-2.0", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-3.0-only) AND ISC", True),
        ("MIT AND (GPL-3.0-only OR LGPL-3.0-only)", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("Apache-2.0 WITH Something-else", False),
    ],
)
def test_an_expression_of_licences(expression, good):
    program = f"import sys; sys.path.insert(0, 'scripts'); import licences; print(licences.allowed({expression!r}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(good)
