"""Builds what the Terraform registry wants of a release, into dist/.

For this machine's target, and for each other one that rustup has and a linker links: an archive with the versioned binary. Where two
targets are one platform of Terraform's, the first of PLATFORMS is taken: musl before glibc, since a static binary runs on Alpine,
which the images of Terraform and Atlantis are, and everywhere else. Beside them the registry's manifest, a software bill of materials (CycloneDX), and SHA256SUMS of all of them; signing SHA256SUMS is the
release workflow's.

    python scripts/dist.py                          # builds the release profile first
    python scripts/dist.py --binary PATH            # packs a binary that exists, for this machine's target
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

from cargo_metadata import PROVIDER, ROOT, host, metadata, shipped

# Target triples and what Terraform calls them, of each platform the best first.
PLATFORMS = {
    "x86_64-unknown-linux-musl": "linux_amd64",
    "x86_64-unknown-linux-gnu": "linux_amd64",
    "aarch64-unknown-linux-musl": "linux_arm64",
    "aarch64-unknown-linux-gnu": "linux_arm64",
    "x86_64-apple-darwin": "darwin_amd64",
    "aarch64-apple-darwin": "darwin_arm64",
    "x86_64-pc-windows-msvc": "windows_amd64",
    "x86_64-pc-windows-gnu": "windows_amd64",
    "aarch64-pc-windows-msvc": "windows_arm64",
}
# The same files give the same archives: ZIP's first day stands for every date.
NO_DATE = (1980, 1, 1, 0, 0, 0)
BESIDE = ("LICENSE", "README.md", "CHANGELOG.md")


def installed() -> list[str]:
    """The targets that rustup has and this machine's own, in the order of PLATFORMS."""
    own = host()
    rustup = shutil.which("rustup")
    listed = []
    if rustup:
        command = [rustup, "target", "list", "--installed"]
        listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return [target for target in PLATFORMS if target == own or target in listed]


def build(target: str) -> pathlib.Path | None:
    """The release binary of a target; none when it cannot be built here."""
    command = ["cargo", "build", "--locked", "--release", "--bin", PROVIDER, "--target", target]
    environment = dict(os.environ)
    if target.endswith("-musl"):
        # The C code of the dependencies: other names of that compiler are not everywhere.
        environment.setdefault(f"CC_{target.replace('-', '_')}", "musl-gcc")
    done = subprocess.run(command, cwd=ROOT, env=environment)
    if done.returncode != 0:
        print(f"{target}: left out, it cannot be built here")
        return None
    folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return folder / target / "release" / (PROVIDER + (".exe" if "windows" in target else ""))


def build_all(targets: list[str]) -> dict[str, pathlib.Path]:
    """The release binaries by target: of each platform the first that can be built."""
    binaries, platforms = {}, set()
    for target in targets:
        if PLATFORMS[target] in platforms:
            print(f"{target}: left out, {PLATFORMS[target]} is there already")
        elif built := build(target):
            binaries[target] = built
            platforms.add(PLATFORMS[target])
    return binaries


def pack(binary: pathlib.Path, target: str, version: str, folder: pathlib.Path) -> pathlib.Path:
    """The archive of one platform."""
    archive = folder / f"{PROVIDER}_{version}_{PLATFORMS[target]}.zip"
    name = f"{PROVIDER}_v{version}" + (".exe" if "windows" in target else "")
    files = [(name, binary, 0o755), *((file, ROOT / file, 0o644) for file in BESIDE)]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for inside, source, mode in files:
            entry = zipfile.ZipInfo(inside, NO_DATE)
            entry.create_system = 3  # Unix, so that the mode counts.
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, source.read_bytes())
    return archive


def bill_of_materials(target: str) -> dict:
    """What the binary is made of, as CycloneDX tells it."""
    own, others = None, []
    for package in shipped(metadata(target)):
        name, version = package["name"], package["version"]
        component = {
            "type": "library",
            "bom-ref": f"{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:cargo/{name}@{version}",
        }
        if package["license"]:
            component["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        if name == PROVIDER:
            own = component | {"type": "application"}
        else:
            others.append(component)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": own, "properties": [{"name": "cargo:target", "value": target}]},
        "components": others,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, help="pack this binary instead of building one")
    parser.add_argument("--target", help="the only target to build, or that of --binary")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "dist", help="the folder, emptied first")
    arguments = parser.parse_args()
    target = arguments.target or host()
    if target not in PLATFORMS:
        sys.exit(f"{target} is no platform that Terraform has a name for here; there are {', '.join(PLATFORMS)}.")
    version = next(p["version"] for p in metadata(host())["packages"] if p["name"] == PROVIDER)
    folder = arguments.out
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if arguments.binary:
        binaries = {target: arguments.binary}
    else:
        binaries = build_all([target] if arguments.target else installed())
        if PLATFORMS[target] not in {PLATFORMS[name] for name in binaries}:
            sys.exit(f"The release binary of {target} cannot be built.")
    for name, binary in binaries.items():
        pack(binary, name, version, folder)
        bill = folder / f"{PROVIDER}_{version}_{PLATFORMS[name]}.cdx.json"
        bill.write_text(json.dumps(bill_of_materials(name), indent=1) + "\n")
    shutil.copy(ROOT / "terraform-registry-manifest.json", folder / f"{PROVIDER}_{version}_manifest.json")
    files = sorted(file for file in folder.iterdir())
    sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    (folder / f"{PROVIDER}_{version}_SHA256SUMS").write_text(sums)
    print(sums, end="")


if __name__ == "__main__":
    main()
