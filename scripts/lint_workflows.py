"""Checks the workflows with actionlint, those that the README and the guides show among them. Exits 77 where it cannot be had."""

import pathlib
import re
import subprocess
import sys
import tempfile

from go_tools import Unavailable, go_tool

ROOT = pathlib.Path(__file__).resolve().parents[1]
SKIPPED = 77


def shown() -> dict[str, str]:
    """The workflows that documents and examples show, by a file name; what starts one may be left out in a document."""
    found = {}
    for file in sorted((ROOT / "examples").rglob("*.yml")):
        if re.search(r"^jobs:", text := file.read_text(), re.MULTILINE):
            found[f"{file.parent.name}-{file.name}"] = text
    for document in [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]:
        for number, text in enumerate(re.findall(r"^```yaml\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE), 1):
            if re.search(r"^jobs:", text, re.MULTILINE):
                start = "" if re.search(r"^on:", text, re.MULTILINE) else "on: workflow_dispatch\n"
                found[f"{document.stem}-{number}.yml"] = start + text
    return found


def main() -> int:
    try:
        tool = go_tool("actionlint")
    except Unavailable as why:
        print(f"the workflows are not checked: {why}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
        for file, text in shown().items():
            files.append(pathlib.Path(name) / file)
            files[-1].write_text(text)
        # shellcheck and pyflakes would be used where they happen to be installed: the outcome is to be the same everywhere.
        return subprocess.run([tool, "-shellcheck=", "-pyflakes=", *files]).returncode


if __name__ == "__main__":
    sys.exit(main())
