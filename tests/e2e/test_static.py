"""The archive for Linux is static: it starts where there is no libc, and does what the other one does.

Where `cargo build --target x86_64-unknown-linux-musl` (as `make dist` does) has built nothing, these are skipped.
"""

import os
import pathlib
import shutil
import stat
import struct
import subprocess

import pytest

from harness.hcl import coverage
from harness.paths import target
from harness.workspace import Workspace

COOKIE = {"TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"}
# PT_INTERP
INTERPRETER = 3


@pytest.fixture
def static_provider() -> pathlib.Path:
    """The newest one that was built; MIRROR_STATIC_PROVIDER names another."""
    named = os.environ.get("MIRROR_STATIC_PROVIDER")
    built = [pathlib.Path(named)] if named else list(target("").glob("*-linux-musl/*/terraform-provider-mirror"))
    if not built:
        pytest.skip("no provider is built for Linux with musl")
    return max(built, key=lambda file: file.stat().st_mtime)


def segments(binary: pathlib.Path) -> list[int]:
    """The types of the program headers of an ELF file of 64 bits."""
    data = binary.read_bytes()[:65536]
    assert data[:5] == b"\x7fELF\x02"
    (offset,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return [struct.unpack_from("<I", data, offset + size * index)[0] for index in range(count)]


def test_it_needs_no_loader(static_provider):
    assert INTERPRETER not in segments(static_provider), "that program would have to be on Alpine"


def test_it_starts_where_there_is_nothing_else(static_provider, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root may change the root directory")
    root = tmp_path / "root"
    (root / "tmp").mkdir(parents=True)
    shutil.copy(static_provider, root / "provider")
    process = subprocess.Popen(
        [shutil.which("chroot"), str(root), "/provider"], env=COOKIE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        core, protocol, network, address, kind, *_ = line.strip().split("|")
        assert (core, protocol, network, kind) == ("1", "6", "unix", "grpc"), line
        assert stat.S_ISSOCK((root / address.lstrip("/")).stat().st_mode)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_life_of_a_coverage(tmp_path, core, static_provider, sandbox, fleet):
    """TLS towards core, the HTTP client, host names: all of it is other code than beside glibc."""
    url = sandbox.url.replace("127.0.0.1", "localhost")
    workspace = Workspace(tmp_path / "main", core, static_provider, {})
    workspace.configure(sandbox.provider(endpoint=f'"{url}"'), coverage(fleet))
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=sandbox.sessions()[0].id)
    workspace.apply()
    assert len(sandbox.sessions()) == 3
    workspace.destroy()
    assert sandbox.sessions() == []
