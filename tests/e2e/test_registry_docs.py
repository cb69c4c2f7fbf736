"""The registry's pages, and the descriptions that they are made of."""

import json
import subprocess
import sys

import pytest

from harness.paths import ROOT, provider_binary

SKIPPED = 77


def test_the_pages_are_up_to_date_and_valid():
    command = [sys.executable, ROOT / "scripts" / "registry_docs.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_pass_actionlint():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "lint_workflows.py"], capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr


def attributes(block, path):
    """Every attribute and nested block of a schema, by its path."""
    for name, attribute in block.get("attributes", {}).items():
        yield f"{path}.{name}", attribute
        nested = attribute.get("nested_type")
        if nested:
            yield from attributes(nested, f"{path}.{name}")
    for name, nested in block.get("block_types", {}).items():
        yield f"{path}.{name}", nested["block"] | {"optional": True, "is_block": True}
        yield from attributes(nested["block"], f"{path}.{name}")


@pytest.fixture
def every_attribute(workspace, sandbox):
    workspace.configure(sandbox.provider())
    schemas = json.loads(workspace.run("providers", "schema", "-json").succeed().stdout)["provider_schemas"]
    (mirror,) = [found for source, found in schemas.items() if source.endswith("/mirror")]
    found = dict(attributes(mirror["provider"]["block"], "provider"))
    for kind in ("resource_schemas", "data_source_schemas", "list_resource_schemas", "action_schemas"):
        for name, schema in mirror.get(kind, {}).items():
            found |= attributes(schema["block"], f"{kind}.{name}")
    assert provider_binary().is_file() and len(found) > 100
    return found


def test_every_attribute_is_described_in_full_sentences(every_attribute):
    for path, attribute in every_attribute.items():
        text = attribute.get("description", "")
        assert text and (text[0].isupper() or text[0] in "`") and len(text.split()) >= 2, f"{path}: {text!r}"
        first = text.split("\n\n")[0]
        assert first.endswith((".", ":")), f"{path}: {text!r}"


def test_what_may_be_left_out_says_what_happens_then(every_attribute):
    """A switch has a default, a number its bounds or unit, a duration an example with its unit."""
    for path, attribute in every_attribute.items():
        if not attribute.get("optional") or attribute.get("is_block"):
            continue
        text = attribute["description"]
        if attribute.get("type") == "bool":
            assert "efaults to" in text, f"{path}: {text!r}"
        if attribute.get("type") == "number":
            assert any(character.isdigit() for character in text), f"{path}: {text!r}"
        if "duration" in path.split(".")[-1] or ".timeouts." in path:
            assert "`" in text and any(character.isdigit() for character in text), f"{path}: {text!r}"
