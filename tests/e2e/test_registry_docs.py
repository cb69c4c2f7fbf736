"""The registry's pages, and the descriptions that they are made of."""

import json
import pathlib
import re
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


# A heading in words is no sentence: one has a verb, and "Defaults to" is none of its own.
VERB = re.compile(
    r"\b(is|are|was|has|have|can|could|may|must|said|says?|tells?|takes?|gets?|gave|carries|defaults|conflicts|stands?|covers?|means?|"
    r"lists?|wins?|needs?|asks?|removes?|fails?|comes?|goes|go|deletes?|reads?|sends?|delivers?|owns|mirrors|does|do|belongs|"
    r"match|matches|receives?|counts|names|narrows|made|making|decides?|manages|shows|judges|lets)\b"
)


def test_every_attribute_is_described_in_full_sentences(every_attribute):
    for path, attribute in every_attribute.items():
        text = attribute.get("description", "")
        assert text and (text[0].isupper() or text[0] in "`"), f"{path}: {text!r}"
        first = text.split("\n\n")[0]
        assert first.endswith((".", ":")), f"{path}: {text!r}"
        assert VERB.search(text) or path == "action_schemas.mirror_remove.regions", f"{path} has no sentence: {text!r}"


def is_criterion(path):
    """Those of the blocks that select, and of the action: at least one is needed, and each only narrows."""
    return re.search(r"\.(selector|exclude)\.|^action_schemas\.mirror_remove\.(coverage_names|descriptions)$", path)


def test_what_may_be_left_out_says_what_happens_then(every_attribute):
    """A switch has a default, a number its bounds or unit, a duration an example with its unit."""
    for path, attribute in every_attribute.items():
        if not attribute.get("optional"):
            continue
        text = attribute.get("description", "")
        said = re.search(r"\b(Defaults to|Left out|left out|Without (a|the) block|the default\)|by default|Unset)\b|the default\)", text)
        assert said or is_criterion(path), f"{path} does not say what happens without it: {text!r}"
        if attribute.get("is_block"):
            continue
        if attribute.get("type") == "bool":
            assert "efaults to" in text, f"{path}: {text!r}"
        if attribute.get("type") == "number":
            assert any(character.isdigit() for character in text), f"{path}: {text!r}"
        if "duration" in path.split(".")[-1] or ".timeouts." in path:
            assert "`" in text and any(character.isdigit() for character in text), f"{path}: {text!r}"


def test_every_argument_of_the_provider_block_has_a_test(every_attribute):
    """Of what it does on the wire, in one of these files."""
    tests = pathlib.Path(__file__).parent
    text = "".join((tests / f"test_{name}.py").read_text() for name in ("provider_block", "provider_transport", "tags"))
    names = {path.split(".")[-1] for path in every_attribute if path.startswith("provider.")}
    assert len(names) > 30 and {name for name in names if not re.search(rf"\b{name}\b", text)} == set()
