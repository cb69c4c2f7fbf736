"""What the README, the guides and the examples show is well-formed, and plans."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from urllib.parse import quote

import botocore.session
import jmespath
import pytest
import yaml
from botocore import xform_name

from harness import documents
from harness.paths import ROOT, aws_schemas_binary
from harness.sandbox import sandbox as start_sandbox

sys.path.append(str(ROOT / "scripts"))

import lint_workflows  # noqa: E402

# As the registry reads it; the title stands again as the heading.
FRONT_MATTER = re.compile(r'---\npage_title: "(.+)"\nsubcategory: ""\ndescription: \|-\n  \S.*\n---\n\n# (.+)\n')


@pytest.fixture
def sample():
    """The fleet whose ids the guides use."""
    fleet = ROOT / "tests" / "sandbox" / "fleets" / "sample.yaml"
    with start_sandbox("--fleet", str(fleet), "--no-throttle") as running:
        yield running


def formatted(core, text: str) -> str:
    return subprocess.run(
        [core.command, "fmt", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"TF_CLI_CONFIG_FILE": os.devnull},
    ).stdout


def test_configurations_are_formatted(core):
    texts = {f"README.md, block {n}": text for n, text in enumerate(documents.blocks(ROOT / "README.md"))}
    texts |= documents.every_block()
    texts |= {f"{guide.stem}, shown": text for guide in documents.GUIDES.glob("*.md") for text in documents.shown(guide)}
    texts |= {str(file): file.read_text() for kind in ("tf", "tftest.hcl") for file in (ROOT / "examples").rglob(f"*.{kind}")}
    assert len(texts) >= 20
    for name, text in texts.items():
        assert formatted(core, text) == text, name


@pytest.mark.needs("removed")
@pytest.mark.parametrize("block", documents.every_block())
def test_every_block_of_a_guide_plans(workspace, sample, block):
    text = documents.every_block()[block]
    if text.startswith("action ") and not workspace.core.has("actions"):
        pytest.skip("this core has no actions")
    configuration = documents.runnable(text, sample, workspace.header())
    assert "aws_" not in re.sub(r'"[^"]*"', "", configuration), "nothing of another provider is left"
    (workspace.directory / "main.tf").write_text(configuration)
    result = workspace.try_plan()
    # A gate is red as long as nothing is mirrored; one that waits for a coverage is judged by the apply.
    gated = "postcondition" in text and "depends_on" not in text
    assert result.code == int(gated), result.readable()
    if gated:
        assert {error.summary for error in result.errors} == {"Resource postcondition failed"}, result.readable()
    assert sample.changing_calls() == []


@pytest.fixture
def judged(workspace):
    """What `terraform validate` says of a text that may use the AWS provider, by the schemas of tests/aws_schemas."""
    assert aws_schemas_binary().is_file(), "cargo build --example aws_schemas"
    sources = ("hashicorp/aws", "hashicorp/tfe")
    for source in sources:
        workspace.offer(source, aws_schemas_binary())
    lines = "".join(f'    {source.rpartition("/")[2]} = {{ source = "{source}" }}\n' for source in sources)
    header = workspace.header().replace("required_providers {\n", "required_providers {\n" + lines)

    def judge(text: str) -> list[str]:
        (workspace.directory / "main.tf").write_text(header + text)
        told = json.loads(workspace.run("validate", "-json").stdout)
        return [f"{one['summary']}: {one['detail']}" for one in told["diagnostics"] if one["severity"] == "error"]

    return judge


def shown(guide: str, word: str) -> str:
    (text,) = [text for text in documents.shown(documents.GUIDES / f"{guide}.md") if word in text]
    return text


@pytest.mark.parametrize(
    "guide, word",
    [
        ("keeping-up", "aws_cloudwatch"),
        ("accounts-and-regions", "staging"),
        ("accounts-and-regions", 'variable "account_id" {'),
        ("accounts-and-regions", "tfe_workspace"),
    ],
)
def test_what_is_only_shown_is_valid_by_the_schemas(judged, guide, word):
    assert judged(shown(guide, word)) == []


@pytest.mark.needs("removed")
@pytest.mark.parametrize(
    "file", [file for file in (ROOT / "examples").glob("*/*/*.tf") if "aws_" in file.read_text()], ids=lambda file: file.stem
)
def test_an_example_is_valid_as_it_stands(judged, file):
    """With the resources of the AWS provider, by their schemas; nothing is undeclared."""
    text = file.read_text()
    assert judged(text) == []
    assert judged(text.replace("network_load_balancer_arn = var", "load_balancer_arn = var")) or "load_balancer" not in text
    assert judged(text.replace("network_services = [", "network_services = {}[")) or "network_services" not in text


MISTAKES = {
    "a misspelt argument": ("invocation_endpoint  ", "invocation_endpoints "),
    "no required argument": ("  http_method                      = \"POST\"\n", ""),
    "no required block": ("  auth_parameters {", "  auth {"),
    "a misspelt block": ("retry_policy {", "retry_policies {"),
    "a misspelt argument in a block": ("maximum_retry_attempts ", "maximum_retries "),
    "a block twice": ("  retry_policy {", "  retry_policy {}\n  retry_policy {"),
    "a block as an argument": ("    api_key {", "    api_key = {"),
    "a wrong type": ("invocation_rate_limit_per_second = 1", "invocation_rate_limit_per_second = \"often\""),
    "no such attribute": ("connection.github.arn", "connection.github.arns"),
    "no such resource": ("aws_iam_role.events.arn", "aws_iam_role.event.arn"),
    "no such type": ("\"aws_iam_role_policy\"", "\"aws_iam_policy_of_role\""),
}


def test_every_block_that_is_only_shown_is_judged():
    """The loop over providers by OpenTofu, the query and the test of a module by their own tests; the others above."""
    texts = [text for guide in documents.GUIDES.glob("*.md") for text in documents.shown(guide)]
    judged = ["aws_cloudwatch", "mirror.staging", 'variable "account_id" {', "tfe_workspace", "by_account"]
    judged += ['list "mirror_coverage"', 'run "the_plan_lists_what_is_tagged"']
    assert [text for text in texts if not any(word in text for word in judged)] == []


# What Atlantis knows in atlantis.yaml (runatlantis.io, repo level config).
ATLANTIS = {
    "version", "projects", "workflows", "policies", "autodiscover", "automerge", "parallel_apply", "parallel_plan",
    "delete_source_branch_on_merge", "emoji_reaction", "allowed_regexp_prefixes", "abort_on_execution_order_fail", "repo_locks",
    "silence_pr_comments",
}  # fmt: skip
ATLANTIS_PROJECT = {
    "name", "branch", "dir", "workspace", "workflow", "terraform_distribution", "terraform_version", "autoplan",
    "plan_requirements", "apply_requirements", "import_requirements", "depends_on", "delete_source_branch_on_merge",
    "repo_locking", "repo_locks", "execution_order_group", "policy_check", "custom_policy_check", "silence_pr_comments",
}  # fmt: skip


def test_the_configuration_of_atlantis():
    text = (documents.GUIDES / "accounts-and-regions.md").read_text()
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if one.startswith("version:")]
    shown = yaml.safe_load(block)
    assert shown["version"] == 3 and shown.keys() <= ATLANTIS
    names = [project["name"] for project in shown["projects"]]
    places = [(project["dir"], project["workspace"]) for project in shown["projects"]]
    assert len({*names}) == len(names) and len({*places}) == len(places), "one project an account"
    for project in shown["projects"]:
        assert project.keys() <= ATLANTIS_PROJECT and project["autoplan"].keys() <= {"enabled", "when_modified"}
        # A number in YAML would be no name, and lose its first zeros.
        assert re.fullmatch(r"\d{12}", project["workspace"]), project
        assert f"env/{project['workspace']}.tfvars" in project["autoplan"]["when_modified"]
        assert quote(project["name"]) == project["name"]


def test_every_yaml_of_a_guide_can_be_read():
    for document in [ROOT / "README.md", *sorted(documents.GUIDES.glob("*.md"))]:
        for block in re.findall(r"^```yaml\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE):
            assert yaml.safe_load(block), document.name


# What reads the output or the exit code of `terraform`, both of which the action's wrapper changes.
READS_TERRAFORM = re.compile(r"-detailed-exitcode|show -json|plan-lines\.sh|write-reports\.sh")


def test_a_workflow_has_terraform_and_credentials():
    """Runners of GitHub come without Terraform."""
    found = 0
    for where, text in lint_workflows.shown().items():
        workflow = yaml.safe_load(text)
        for name, job in workflow["jobs"].items():
            commands = " ".join(step.get("run", "") for step in job["steps"])
            if "terraform " not in commands and not READS_TERRAFORM.search(commands):
                continue
            found += 1
            actions = {step["uses"].partition("@")[0]: step.get("with", {}) for step in job["steps"] if "uses" in step}
            at = f"{where}: {name}"
            assert {"actions/checkout", "hashicorp/setup-terraform", "aws-actions/configure-aws-credentials"} <= actions.keys(), at
            assert workflow["permissions"]["id-token"] == "write", f"{at}: the role cannot be assumed"
            has_wrapper = actions["hashicorp/setup-terraform"].get("terraform_wrapper", True)
            assert not (has_wrapper and READS_TERRAFORM.search(commands)), f"{at}: the wrapper is in the way"
            installed = next(n for n, step in enumerate(job["steps"]) if "setup-terraform" in step.get("uses", ""))
            used = next(n for n, step in enumerate(job["steps"]) if "run" in step)
            assert installed < used, f"{at}: Terraform comes too late"
            role = actions["aws-actions/configure-aws-credentials"]["role-to-assume"]
            assert not ("terraform plan" in commands and role.endswith("-audit")), f"{at}: a plan asks for more than an audit"
    assert found >= 7


def test_a_pipe_of_a_workflow_fails_with_each_of_its_commands():
    """Runners take `bash -e` for a step that names no shell, and `-o pipefail` only where bash is named."""
    found = 0
    for where, text in lint_workflows.shown().items():
        workflow = yaml.safe_load(text)
        for name, job in workflow["jobs"].items():
            defaults = [of.get("defaults", {}).get("run", {}).get("shell") for of in (job, workflow)]
            for step in job["steps"]:
                if re.search(r"(?<!\|)\|(?!\|)", step.get("run", "")):
                    found += 1
                    assert next(filter(None, [step.get("shell"), *defaults]), None) == "bash", f"{where}: {name}: {step['run']}"
    assert found >= 2


def test_commands_of_the_aws_cli():
    """EC2 takes the filters that its reference lists, and no others."""
    service = botocore.session.get_session().get_service_model("ec2")
    operations = {xform_name(name, "-"): name for name in service.operation_names}
    found = 0
    for document in [ROOT / "README.md", *sorted(documents.GUIDES.glob("*.md"))]:
        for command in re.findall(r"^(?:\$ )?(aws ec2 .*)$", document.read_text(), re.MULTILINE):
            _, _, operation, *arguments = shlex.split(command)
            assert operation in operations, command
            found += 1
            members = service.operation_model(operations[operation]).input_shape.members
            for filtered in re.findall(r"Name=([^,]+)", " ".join(arguments)) if "--filters" in arguments else []:
                listed = re.findall(r"<code>([^<]+)</code>", members["Filters"].documentation)
                assert filtered.partition(":")[0] in [name.partition(":")[0] for name in listed], command
    assert found >= 4


def test_the_filter_that_an_old_coverage_left_is_found(sample):
    ids = {}
    for coverage in ("old", "new", None):
        tags = [{"Key": "Team", "Value": "old"}, *([{"Key": "mirror:coverage", "Value": coverage}] if coverage else [])]
        made = sample.ec2.create_traffic_mirror_filter(
            TagSpecifications=[{"ResourceType": "traffic-mirror-filter", "Tags": tags}]
        )
        ids[coverage] = made["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    text = (documents.GUIDES / "troubleshooting.md").read_text()
    (query,) = re.findall(r'^aws ec2 describe-traffic-mirror-filters --query "(.*)"$', text, re.MULTILINE)
    assert jmespath.search(query, sample.ec2.describe_traffic_mirror_filters()) == [ids["old"]]


def test_what_the_sandboxs_guide_exports_is_all_that_boto3_needs(sample):
    text = (documents.GUIDES / "try-without-aws.md").read_text()
    exported = dict(pair.split("=", 1) for line in re.findall(r"\$ export (.*)", text) for pair in line.split())
    assert exported["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    code = "import boto3; print(len(boto3.client('ec2').describe_instances()['Reservations']))"
    environment = exported | {"AWS_ENDPOINT_URL": sample.url, "AWS_CONFIG_FILE": os.devnull}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout) > 0, done.stderr


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_schemas_find_a_mistake(judged, mistake):
    right, wrong = MISTAKES[mistake]
    text = shown("keeping-up", "aws_cloudwatch")
    assert right in text
    assert judged(text.replace(right, wrong, 1))


@pytest.mark.spine
@pytest.mark.needs("provider_for_each")
def test_a_provider_block_for_each_account(workspace, sample):
    """OpenTofu alone; the accounts are those of the sample fleet."""
    (text,) = [one for one in documents.shown(documents.GUIDES / "accounts-and-regions.md") if "by_account" in one]
    with_endpoint = text.replace(
        'alias               = "by_account"',
        'alias = "by_account"\n' + sample.provider().removeprefix('provider "mirror" {\n').removesuffix("}").replace(f'  region = "{sample.region}"\n', ""),
    )
    (workspace.directory / "main.tf").write_text(workspace.header() + with_endpoint)
    workspace.apply()
    assert workspace.state().keys() == {'mirror_coverage.prod["111122223333"]'}


def test_every_guide_is_linked_and_every_link_leads_somewhere():
    readme = (ROOT / "README.md").read_text()
    guides = sorted(documents.GUIDES.glob("*.md"))
    for guide in guides:
        assert f"docs/guides/{guide.name}" in readme, f"README.md does not lead to {guide.name}"
        front = FRONT_MATTER.match(guide.read_text())
        assert front and front[1] == front[2], guide.name
    for document in [ROOT / "README.md", *guides]:
        for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_demonstrations_configuration_is_valid(workspace):
    shutil.copy(ROOT / "examples" / "demo" / "main.tf", workspace.directory)
    workspace.run("validate", "-no-color").succeed()


@pytest.mark.parametrize("script, said", [("demo.py", "nothing is left behind"), ("report.py", "index.html")])
def test_what_make_shows_runs(tmp_path, script, said):
    arguments = [str(tmp_path)] if script == "report.py" else []
    command = [sys.executable, str(ROOT / "scripts" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and said in done.stdout, done.stdout + done.stderr
