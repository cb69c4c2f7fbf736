"""Renders audits with the program that `cargo build --example render_report` makes, and opens pages in Chromium."""

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

import audits
from browser import Browser, chromium

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
RENDER = TARGET / "debug" / "examples" / "render_report"


def render(format: str, audit: dict[str, Any]) -> str:
    """The report of an audit."""
    assert RENDER.is_file(), f"{RENDER} is missing; run `cargo build --example render_report`"
    done = subprocess.run([RENDER, format], input=json.dumps(audit).encode(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def missing(what: str) -> None:
    """Skips the test; with MIRROR_BROWSER=required nothing may be missing."""
    message = f"{what}; see CONTRIBUTING.md"
    if os.environ.get("MIRROR_BROWSER") == "required":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(params=audits.SAMPLES)
def audit(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Every sample in turn."""
    return audits.SAMPLES[request.param]()


@pytest.fixture(scope="session")
def browser_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        missing("chromium and chromedriver are not installed")
    with chromium(tmp_path_factory.mktemp("pages")) as running:
        yield running


@pytest.fixture
def browser(browser_of_the_session: Browser) -> Browser:
    browser_of_the_session.reset()
    return browser_of_the_session


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, as the package registry of npm has it."""
    if not shutil.which("npm"):
        missing("npm is not installed")
    # A folder for each worker: npm ci empties the one that it installs into.
    folder = TARGET / "axe" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(pathlib.Path(__file__).parent / "axe" / name, folder)
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    version = json.loads((folder / "package.json").read_text())["dependencies"]["axe-core"]
    if not (script.is_file() and f"axe v{version}" in script.read_text()[:200]):
        command = ["npm", "ci", "--silent", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
        if done.returncode != 0:
            missing(f"npm ci did not get axe-core: {done.stderr.strip()}")
    return script.read_text()
