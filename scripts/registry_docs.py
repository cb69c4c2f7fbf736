"""Writes docs/index.md, docs/resources/ and docs/data-sources/ with tfplugindocs, out of the provider's own schema.

    python scripts/registry_docs.py            # writes them
    python scripts/registry_docs.py --check    # fails when what is there is stale; exits 77 where tfplugindocs cannot be had

The guides are written by hand; they are only checked.
"""

import argparse
import filecmp
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from go_tools import Unavailable, go_tool

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCE = "registry.terraform.io/mirror-toolkit/mirror"
SKIPPED = 77
# What tfplugindocs writes; the rest of docs/ is written by hand.
GENERATED = ("index.md", "resources", "data-sources", "functions", "actions", "list-resources")


def provider() -> pathlib.Path:
    override = os.environ.get("MIRROR_PROVIDER")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return pathlib.Path(override) if override else target / "debug" / "terraform-provider-mirror"


def schema(terraform: str) -> dict:
    """What `terraform providers schema -json` says of the provider as it is built."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        plugins = folder / "plugins"
        plugins.mkdir()
        (plugins / "terraform-provider-mirror").symlink_to(provider().resolve())
        (folder / "rc").write_text(
            f'provider_installation {{\n  dev_overrides {{\n    "mirror-toolkit/mirror" = "{plugins}"\n  }}\n}}\n'
        )
        work = folder / "work"
        work.mkdir()
        (work / "main.tf").write_text(
            'terraform {\n  required_providers {\n    mirror = { source = "mirror-toolkit/mirror" }\n  }\n}\n'
        )
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("TF_", "AWS_"))}
        environment = clean | {"TF_CLI_CONFIG_FILE": str(folder / "rc"), "CHECKPOINT_DISABLE": "1"}
        command = [terraform, "providers", "schema", "-json"]
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        return json.loads(done.stdout)


def indent_lists(node: object) -> None:
    """Indents what follows the first line of an attribute's description: it stands in an item of a list there."""
    if not isinstance(node, dict):
        return
    for kind in ("attributes", "block_types"):
        for one in node.get(kind, {}).values():
            described = one.get("block", one)
            if "\n" in described.get("description", ""):
                first, *rest = described["description"].split("\n")
                described["description"] = "\n".join([first, *(f"  {line}" if line else "" for line in rest)])
    for child in node.values():
        indent_lists(child)


COLLECTIONS = ("list", "set", "map")
FIELDS = re.compile(r"\n\n(?:Its fields|The fields of each):\n((?:\n- `.*(?:\n(?!- ).*)*)+)")
FIELD = re.compile(r"- `(\w+)`: ((?:.*)(?:\n(?!- ).*)*)")


def fields_of(attribute: dict) -> dict[str, dict]:
    """The fields of an attribute of a plain object type, or of a collection of such: the schema of each, as of an attribute.

    A plain type has no room for what its fields mean, so that the description of the attribute ends with a list of them.
    """
    kind = attribute.get("type")
    mode, element = kind if isinstance(kind, list) and kind[0] in COLLECTIONS else ("single", kind)
    if not (isinstance(element, list) and element[0] == "object"):
        return {}
    texts = dict(FIELD.findall(FIELDS.search(attribute["description"])[1]))
    if texts.keys() != element[1].keys():
        raise ValueError(f"the fields {sorted(element[1])} are described as {sorted(texts)}")
    # Whoever gives a plain object gives all of it.
    role = {"required": True} if attribute.get("optional") else {"computed": True}
    return {name: {"type": kind, "description": texts[name]} | role for name, kind in element[1].items()}


def name_fields(node: object) -> None:
    """Makes nested attributes of plain objects, for tfplugindocs: it has a line of its own for each of those."""
    if not isinstance(node, dict):
        return
    for attribute in node.get("attributes", {}).values():
        if fields := fields_of(attribute):
            kind = attribute.pop("type")
            attribute["nested_type"] = {"attributes": fields, "nesting_mode": kind[0] if kind[0] in COLLECTIONS else "single"}
            attribute["description"] = FIELDS.sub("", attribute["description"])
    for child in node.values():
        name_fields(child)


def generate(tool: pathlib.Path, found: dict, folder: pathlib.Path) -> pathlib.Path:
    """The documentation in a folder of its own, guides included, as the registry would see it."""
    # tfplugindocs looks for the provider among HashiCorp's.
    found["provider_schemas"]["registry.terraform.io/hashicorp/mirror"] = found["provider_schemas"].pop(SOURCE)
    name_fields(found)
    indent_lists(found)
    schema_file = folder / "schema.json"
    schema_file.write_text(json.dumps(found))
    shutil.copytree(ROOT / "templates", folder / "templates")
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copytree(ROOT / "docs" / "guides", folder / "templates" / "guides")
    common = ["--provider-name", "mirror", "--provider-dir", str(folder), "--providers-schema", str(schema_file)]
    for command in (["generate", *common, "--rendered-provider-name", "mirror"], ["validate", *common]):
        done = subprocess.run([tool, *command], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"tfplugindocs {command[0]} failed:\n{done.stdout}{done.stderr}")
    return folder / "docs"


def pages(folder: pathlib.Path) -> set[pathlib.Path]:
    """The generated pages that are there."""
    tops = [folder / name for name in GENERATED]
    files = [file for top in tops for file in ([top] if top.is_file() else top.rglob("*.md"))]
    return {file.relative_to(folder) for file in files}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--terraform", default=str(pathlib.Path(sys.executable).parent / "terraform-1.15.5"))
    arguments = parser.parse_args()
    try:
        tool = go_tool("tfplugindocs")
    except Unavailable as why:
        print(f"the registry's pages are not checked: {why}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        fresh = generate(tool, schema(arguments.terraform), pathlib.Path(name))
        new, old = pages(fresh), pages(ROOT / "docs")
        same = {page for page in new & old if filecmp.cmp(fresh / page, ROOT / "docs" / page, shallow=False)}
        stale = sorted(str(page) for page in (new | old) - same)
        if arguments.check:
            if stale:
                print("stale, run `make docs`: " + ", ".join(stale))
            return int(bool(stale))
        for page in old - new:
            (ROOT / "docs" / page).unlink()
        for page in new:
            (ROOT / "docs" / page).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fresh / page, ROOT / "docs" / page)
        print("written: " + (", ".join(stale) or "nothing has changed"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
