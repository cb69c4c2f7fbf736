"""What Cargo knows of the provider's dependencies, without the network."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROVIDER = "terraform-provider-mirror"


def metadata(target: str | None = None) -> dict:
    """`cargo metadata` of one target triple, or of all of them; `cargo fetch --locked` brings what is missing."""
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1"]
    if target:
        command += ["--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def host() -> str:
    """The target triple of this machine's compiler."""
    shown = subprocess.run(["rustc", "-vV"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return next(line.removeprefix("host: ") for line in shown.splitlines() if line.startswith("host: "))


def shipped(known: dict) -> list[dict]:
    """The packages that the provider's binary is made of, or that take part in making it; not those of its tests."""
    packages = {package["id"]: package for package in known["packages"]}
    nodes = {node["id"]: node for node in known["resolve"]["nodes"]}
    start = next(identifier for identifier, package in packages.items() if package["name"] == PROVIDER)
    reached, waiting = set(), [start]
    while waiting:
        identifier = waiting.pop()
        if identifier in reached:
            continue
        reached.add(identifier)
        for dependency in nodes[identifier]["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return sorted((packages[identifier] for identifier in reached), key=lambda p: (p["name"], p["version"]))
