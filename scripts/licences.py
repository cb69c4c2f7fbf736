"""Lists the licences of all dependencies, and fails on one that is not allowed.

    python scripts/licences.py            # those of every target; what is missing comes by `cargo fetch --locked`
    python scripts/licences.py --host     # those of this machine's target, always offline
"""

import argparse
import re
import sys

from cargo_metadata import PROVIDER, host, metadata

# Permissive ones: they ask for a notice and nothing more.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
}
OURS = {PROVIDER, "ec2-sandbox"}


def allowed(expression: str) -> bool:
    """Whether an SPDX expression can be met with allowed licences alone."""
    # Before SPDX, Cargo's separator was a slash, which means OR.
    words = re.findall(r"\(|\)|[^\s()/]+", expression.replace("/", " OR "))
    position = 0

    def alternatives() -> bool:
        nonlocal position
        good = parts()
        while position < len(words) and words[position] == "OR":
            position += 1
            good = parts() or good
        return good

    def parts() -> bool:
        nonlocal position
        good = one()
        while position < len(words) and words[position] == "AND":
            position += 1
            good = one() and good
        return good

    def one() -> bool:
        nonlocal position
        if words[position] == "(":
            position += 1
            good = alternatives()
            position += 1
            return good
        name = words[position]
        position += 1
        if words[position : position + 1] == ["WITH"]:
            name += f" WITH {words[position + 1]}"
            position += 2
        return name in ALLOWED

    return alternatives()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", action="store_true", help="only what this machine's target needs")
    known = metadata(host() if parser.parse_args().host else None)
    refused = []
    for package in sorted(known["packages"], key=lambda p: (p["name"], p["version"])):
        if package["name"] in OURS:
            continue
        licence = package["license"] or "none"
        print(f"{package['name']} {package['version']}: {licence}")
        if not package["license"] or not allowed(licence):
            refused.append(f"{package['name']} {package['version']}: {licence}")
    if refused:
        sys.exit("Licences that are not allowed (scripts/licences.py lists those that are):\n" + "\n".join(refused))


if __name__ == "__main__":
    main()
