"""`jq -r PROGRAM` for machines that have none: jq itself, by its Python package."""

import pathlib
import sys

_PROGRAM = """#!{python}
import json
import sys

import jq

raw, program = sys.argv[1:]
assert raw == "-r", raw
for found in jq.compile(program).input_text(sys.stdin.read()):
    print(found if isinstance(found, str) else json.dumps(found))
"""


def install(folder: pathlib.Path) -> None:
    """Puts the command into a folder."""
    command = folder / "jq"
    command.write_text(_PROGRAM.format(python=sys.executable))
    command.chmod(0o755)
