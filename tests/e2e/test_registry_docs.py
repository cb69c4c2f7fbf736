"""The registry's pages, and the descriptions that they are made of."""

import ast
import json
import pathlib
import re
import subprocess
import sys

import pytest

from harness.paths import ROOT, provider_binary

sys.path.append(str(ROOT / "scripts"))

import registry_docs  # noqa: E402

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
        nested = attribute.get("nested_type") or {"attributes": registry_docs.fields_of(attribute)}
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
    for name, schema in mirror.get("resource_identity_schemas", {}).items():
        found |= attributes(schema, f"identity.{name}")
    assert provider_binary().is_file() and len(found) > 100
    return found


# A heading in words is no sentence: one has a verb, and "Defaults to" is none of its own.
VERB = re.compile(
    r"\b(is|are|was|has|have|can|could|may|must|said|says?|tells?|takes?|gets?|gave|carry|carries|defaults|conflicts|stands?|covers?|means?|"
    r"lists?|wins?|needs?|asks?|removes?|fails?|comes?|goes|go|deletes?|reads?|sends?|delivers?|owns|mirrors|does|do|belongs|"
    r"match|matches|receives?|counts|names|narrows|made|making|decides?|manages|shows|judges|lets)\b"
)


def test_every_attribute_is_described_in_full_sentences(every_attribute):
    for path, attribute in every_attribute.items():
        text = attribute.get("description", "")
        assert text and (text[0].isupper() or text[0] in "`"), f"{path}: {text!r}"
        first = text.split("\n\n")[0]
        assert first.endswith((".", ":")), f"{path}: {text!r}"
        assert VERB.search(text), f"{path} has no sentence: {text!r}"


def test_what_may_be_left_out_says_what_happens_then(every_attribute):
    """A switch has a default, a number its bounds or unit, a duration an example with its unit."""
    for path, attribute in every_attribute.items():
        if not attribute.get("optional"):
            continue
        text = attribute.get("description", "")
        said = re.search(r"\b(Defaults to|Left out|left out|Without (a|the) block|the default\)|by default|Unset)\b|the default\)", text)
        assert said, f"{path} does not say what happens without it: {text!r}"
        if attribute.get("is_block"):
            continue
        if attribute.get("type") == "bool":
            assert "efaults to" in text, f"{path}: {text!r}"
        if attribute.get("type") == "number":
            assert any(character.isdigit() for character in text), f"{path}: {text!r}"
        if "duration" in path.split(".")[-1] or ".timeouts." in path:
            assert "`" in text and any(character.isdigit() for character in text), f"{path}: {text!r}"


# What each argument of the provider block does on the wire, by the test that shows it: its file without `test_`, and its name.
SHOWN = {
    "region": ("provider_transport", "test_which_hosts_of_aws"),
    "sts_region": ("provider_transport", "test_sts_of_another_region"),
    "user_agent": ("provider_block", "test_user_agent"),
    "profile": ("provider_block", "test_shared_files"),
    "access_key": ("provider_transport", "test_a_session_token"),
    "secret_key": ("provider_transport", "test_a_session_token"),
    "token": ("provider_transport", "test_a_session_token"),
    "shared_config_files": ("provider_block", "test_shared_files"),
    "shared_credentials_files": ("provider_block", "test_shared_files"),
    "assume_role": ("provider_block", "test_roles_in_a_chain"),
    "assume_role.role_arn": ("provider_block", "test_roles_in_a_chain"),
    "assume_role.session_name": ("provider_block", "test_roles_in_a_chain"),
    "assume_role.external_id": ("provider_block", "test_roles_in_a_chain"),
    "assume_role.duration": ("provider_block", "test_roles_in_a_chain"),
    "assume_role.tags": ("provider_block", "test_roles_in_a_chain"),
    "assume_role.transitive_tag_keys": ("provider_block", "test_roles_in_a_chain"),
    "assume_role.policy": ("provider_block", "test_what_narrows_a_role"),
    "assume_role.policy_arns": ("provider_block", "test_what_narrows_a_role"),
    "assume_role.source_identity": ("provider_block", "test_what_narrows_a_role"),
    "assume_role_with_web_identity": ("provider_block", "test_web_identity"),
    "assume_role_with_web_identity.role_arn": ("provider_block", "test_web_identity"),
    "assume_role_with_web_identity.session_name": ("provider_block", "test_web_identity"),
    "assume_role_with_web_identity.web_identity_token": ("provider_block", "test_web_identity"),
    "assume_role_with_web_identity.web_identity_token_file": ("provider_block", "test_web_identity"),
    "assume_role_with_web_identity.duration": ("provider_block", "test_what_narrows_a_role"),
    "assume_role_with_web_identity.policy": ("provider_block", "test_what_narrows_a_role"),
    "assume_role_with_web_identity.policy_arns": ("provider_block", "test_what_narrows_a_role"),
    "endpoints": ("provider_transport", "test_each_service_at_an_endpoint_of_its_own"),
    "endpoints.ec2": ("provider_transport", "test_each_service_at_an_endpoint_of_its_own"),
    "endpoints.sts": ("provider_transport", "test_each_service_at_an_endpoint_of_its_own"),
    "endpoints.elbv2": ("provider_transport", "test_each_service_at_an_endpoint_of_its_own"),
    "allowed_account_ids": ("provider_block", "test_accounts"),
    "forbidden_account_ids": ("provider_block", "test_accounts"),
    "default_tags": ("tags", "test_default_tags"),
    "default_tags.tags": ("tags", "test_default_tags"),
    "ignore_tags": ("tags", "test_ignored_tags_belong_to_others"),
    "ignore_tags.keys": ("tags", "test_ignored_tags_belong_to_others"),
    "ignore_tags.key_prefixes": ("tags", "test_ignored_tags_belong_to_others"),
    "custom_ca_bundle": ("provider_transport", "test_certificates"),
    "insecure": ("provider_transport", "test_certificates"),
    "use_fips_endpoint": ("provider_transport", "test_which_hosts_of_aws"),
    "use_dualstack_endpoint": ("provider_transport", "test_which_hosts_of_aws"),
    "max_retries": ("provider_block", "test_max_retries"),
    "retry_mode": ("provider_transport", "test_retry_mode"),
    "http_proxy": ("provider_transport", "test_a_proxy_for_http_and_hosts_that_need_none"),
    "https_proxy": ("provider_transport", "test_which_hosts_of_aws"),
    "no_proxy": ("provider_transport", "test_a_proxy_for_http_and_hosts_that_need_none"),
    "ec2_metadata_service_endpoint": ("provider_metadata", "test_instance_metadata"),
    "ec2_metadata_service_endpoint_mode": ("provider_transport", "test_which_address_of_the_instance_metadata_service"),
    "skip_metadata_api_check": ("provider_metadata", "test_instance_metadata"),
    "skip_credentials_validation": ("provider_block", "test_without_the_account_id"),
    "skip_region_validation": ("provider_transport", "test_a_region_that_is_none"),
    "skip_requesting_account_id": ("provider_block", "test_without_the_account_id"),
}


def test_every_argument_of_the_provider_block_has_a_test(every_attribute):
    """Of what it does on the wire; each test names what it is listed for, in its own lines or in its parameters."""
    arguments = {path.removeprefix("provider.") for path in every_attribute if path.startswith("provider.")}
    assert len(arguments) > 30 and arguments == SHOWN.keys()
    for argument, (file, name) in SHOWN.items():
        text = (pathlib.Path(__file__).parent / f"test_{file}.py").read_text()
        tree = ast.parse(text)
        (found,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
        first = min([found.lineno, *[decorator.lineno for decorator in found.decorator_list]])
        lines = "\n".join(text.splitlines()[first - 1 : found.end_lineno])
        word = argument.rpartition(".")[2]
        constants = [node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in lines]
        lines += "".join(ast.unparse(node) for node in constants)
        assert re.search(rf"\b{word}\b", lines), f"{name} in test_{file}.py says nothing of {argument}"
        # What only looks at what a plan refuses shows nothing on the wire.
        assert re.search(r"\b(calls|principals|asked|actions|sessions|all_tags)\b", lines), name
