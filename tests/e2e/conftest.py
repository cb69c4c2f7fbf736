"""Cores as parameters; an EC2, a fleet and workspaces as fixtures.

A test that takes `core` runs on the main core. Marked `spine` it runs on every
core at hand (a third of them on one that just lies on the PATH), and so does each
test when MIRROR_EVERY_CORE is set.
"""

import os
import pathlib
from collections.abc import Callable, Iterator

import pytest

from harness import cores, dice, paths
from harness.fleet import Fleet
from harness.moto_server import Moto, moto_server
from harness.sandbox import Sandbox, sandbox as start_sandbox
from harness.workspace import Workspace


# Whether two plans agree, and what a walk that is cut off leaves: each version of core has its own ways.
DECIDED_BY_EVERY_CORE = {"test_churn", "test_final_plan", "test_histories", "test_killed_anywhere", "test_killed_create"}


def pytest_configure(config: pytest.Config) -> None:
    dice.first_seed()
    config.addinivalue_line("markers", "spine: runs on every core at hand")
    config.addinivalue_line("markers", "policy(purpose): what the provider may do in `sandbox`, by a policy of the IAM guide; else apply")
    config.addinivalue_line("markers", "needs(feature): only on cores that have a feature of harness.cores")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "core" not in metafunc.fixturenames:
        return
    on_all = metafunc.definition.get_closest_marker("spine") or os.environ.get("MIRROR_EVERY_CORE")
    decides = metafunc.module.__name__ in DECIDED_BY_EVERY_CORE
    chosen = cores.spine_cores(metafunc.definition.name, decides) if on_all else (cores.main_core(),)
    needed = [mark.args[0] for mark in metafunc.definition.iter_markers("needs")]
    chosen = [core for core in chosen if all(core.has(feature) for feature in needed)]
    metafunc.parametrize("core", chosen, ids=str)


def pytest_report_header() -> list[str]:
    return [
        "cores: " + ", ".join(f"{core} ({core.command})" for core in cores.all_cores()),
        f"random runs: MIRROR_SEED={dice.first_seed()}",
    ]


@pytest.fixture(scope="session")
def provider_binary() -> pathlib.Path:
    binary = paths.provider_binary()
    assert binary.is_file(), f"{binary} is missing; run `cargo build --workspace`"
    return binary


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox of this test's own, with a VPC, two subnets and nothing in them."""
    fleet = pathlib.Path(__file__).parent / "fleets" / "empty.yaml"
    policy = request.node.get_closest_marker("policy")
    with start_sandbox("--fleet", str(fleet), "--no-throttle", policy=policy.args[0] if policy else "apply") as running:
        yield running


@pytest.fixture
def fleet(sandbox: Sandbox) -> Fleet:
    """The small fleet, in the sandbox."""
    built = Fleet(sandbox)
    sandbox.forget_calls()
    return built


@pytest.fixture(scope="session")
def _moto_server() -> Iterator[Moto]:
    with moto_server() as running:
        yield running


@pytest.fixture
def moto(_moto_server: Moto) -> Moto:
    _moto_server.reset()
    return _moto_server


@pytest.fixture
def workspaces(tmp_path: pathlib.Path, core: cores.Core, provider_binary: pathlib.Path) -> Callable[..., Workspace]:
    """Makes a workspace, by name; environment variables beside it."""

    def make(name: str = "main", **environment: str) -> Workspace:
        return Workspace(tmp_path / name, core, provider_binary, environment)

    return make


@pytest.fixture
def workspace(workspaces: Callable[..., Workspace]) -> Workspace:
    return workspaces()
