"""The examples in the registry's layout: complete, planned by real Terraform, and safe to copy."""

import dataclasses
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from harness import documents
from harness.paths import ROOT, VENV_BIN
from harness.sandbox import sandbox as start_sandbox
from harness.workspace import PLAN_FILE

EXAMPLES = ROOT / "examples"
PAGES = [*sorted(EXAMPLES.glob("*/mirror_*/*.tf"))]
WHOLE = [file for file in PAGES if not file.name.startswith("import-")]
SAMPLE = ROOT / "tests" / "sandbox" / "fleets" / "sample.yaml"


def name(file):
    return str(file.relative_to(EXAMPLES))


@pytest.fixture
def sample():
    with start_sandbox("--fleet", str(SAMPLE), "--no-throttle") as running:
        yield running


def test_every_type_has_an_example_in_the_registrys_layout(workspace, sample):
    import json

    workspace.configure(sample.provider())
    schema = json.loads(workspace.run("providers", "schema", "-json").succeed().stdout)
    (types,) = [found for source, found in schema["provider_schemas"].items() if source.endswith("/mirror")]
    for kind, file in (("resource", "resource.tf"), ("data_source", "data-source.tf")):
        for type_name in types[f"{kind}_schemas"]:
            assert (EXAMPLES / f"{kind.replace('_', '-')}s" / type_name / file).is_file(), type_name
    assert (EXAMPLES / "provider" / "provider.tf").is_file()
    for type_name in types["resource_schemas"]:
        assert (EXAMPLES / "resources" / type_name / "import.sh").is_file(), type_name


@pytest.mark.needs("removed")
@pytest.mark.parametrize("file", WHOLE, ids=name)
def test_an_example_plans(workspace, sample, file):
    text = documents.runnable(file.read_text(), sample, workspace.header())
    (workspace.directory / "main.tf").write_text(text)
    plan = workspace.plan()
    assert any(address.startswith("mirror_coverage.") for address in plan.actions) or "mirror_coverage" not in text
    assert sample.changing_calls() == []


@pytest.fixture
def two_accounts(tmp_path):
    """The sample fleet, and the other account and role that the example of the provider block names."""
    other = '  - id: "444455556666"\n    roles: [{name: mirror, external_id: mirror-prod}]\n'
    fleet = tmp_path / "two.yaml"
    fleet.write_text(SAMPLE.read_text().replace("\nregions:\n", f"{other}\nregions:\n", 1))
    with start_sandbox("--fleet", str(fleet), "--no-throttle") as running:
        yield running


def test_the_example_of_the_provider_block_plans(workspace, two_accounts):
    """With the sandbox's endpoint and key in each block; what is planned shows what the blocks do."""
    sample = two_accounts
    given = sample.provider(region=None).removeprefix('provider "mirror" {\n').removesuffix("}")
    text = (EXAMPLES / "provider" / "provider.tf").read_text().replace('provider "mirror" {\n', 'provider "mirror" {\n' + given)
    prod = (EXAMPLES / "resources" / "mirror_coverage" / "resource.tf").read_text()
    staging = 'data "mirror_interfaces" "staging" {\n  provider = mirror.staging\n  selector {\n    tags = { Mirror = "True" }\n  }\n}\n'
    (workspace.directory / "main.tf").write_text(documents.runnable(text + prod + staging, sample, workspace.header()))
    plan = workspace.plan()
    assert plan.after("mirror_coverage.prod")["tags_all"].items() >= {"Team": "security"}.items()
    (assumed,) = sample.calls("AssumeRole")
    assert assumed.parameters["RoleArn"] == "arn:aws:iam::444455556666:role/mirror"
    assert assumed.parameters["ExternalId"] == "mirror-prod"
    elsewhere = text.replace("111122223333", "999988887777", 1)
    (workspace.directory / "main.tf").write_text(documents.runnable(elsewhere + prod, sample, workspace.header()))
    refused = workspace.try_plan()
    assert refused.code == 1 and "111122223333" in refused.errors[0].text, "an account that is not allowed"


@pytest.mark.needs("import_by_identity")
@pytest.mark.parametrize("file", [file for file in PAGES if file.name.startswith("import-")], ids=name)
def test_an_import_block_imports(workspaces, sample, file):
    """In the region of the sample fleet; the first run makes what the second imports."""
    whole = (EXAMPLES / "resources" / "mirror_coverage" / "resource.tf").read_text()
    first, second = workspaces("first"), workspaces("second")
    header = first.header()
    (first.directory / "main.tf").write_text(documents.runnable(whole, sample, header))
    first.apply()
    sample.forget_calls()
    importing = file.read_text().replace("eu-central-1", sample.region)
    (second.directory / "main.tf").write_text(documents.runnable(whole + importing, sample, header))
    result = second.try_apply().succeed()
    second.assert_empty_plan()
    assert "1 imported" in result.text and sample.changing_calls() == []
    assert second.state()["mirror_coverage.prod"]["id"] == first.state()["mirror_coverage.prod"]["id"]


def every_text():
    texts = {str(file.relative_to(ROOT)): file.read_text() for file in EXAMPLES.rglob("*.tf")}
    texts |= documents.every_block()
    return texts | {f"README.md-{n}": text for n, text in enumerate(documents.blocks(ROOT / "README.md"))}


def test_targets_and_filters_are_created_before_they_are_destroyed():
    found = 0
    for where, text in every_text().items():
        for block in re.findall(
            r'^resource "aws_ec2_traffic_mirror_(?:target|filter)" .*?^}$', text, re.DOTALL | re.MULTILINE
        ):
            found += 1
            assert "create_before_destroy = true" in block, f"{where}: {block}"
            assert re.search(r"^  # [^\n]*\n(  # [^\n]*\n)*  lifecycle", block, re.MULTILINE), f"{where} does not say why"
    assert found >= 4


@pytest.mark.needs("functions")
@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("functions/*/*.tf")), ids=name)
def test_an_example_of_a_function_plans(workspace, sample, file):
    (workspace.directory / "main.tf").write_text(documents.runnable(file.read_text(), sample, workspace.header()))
    workspace.save_plan()
    shown = json.loads(workspace.run("show", "-json", PLAN_FILE).succeed().stdout)
    assert any(output["value"] for output in shown["planned_values"]["outputs"].values())
    assert sample.changing_calls() == []


@pytest.mark.needs("query")
@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("list-resources/*/*.tfquery.hcl")), ids=name)
def test_an_example_of_a_query_finds(workspace, sample, file):
    whole = (EXAMPLES / "resources" / "mirror_coverage" / "resource.tf").read_text()
    (workspace.directory / "main.tf").write_text(
        documents.runnable(whole.replace('"prod"', '"prod-web"'), sample, workspace.header())
    )
    workspace.apply()
    text = file.read_text()
    assert "eu-central-1" in text, "it shows several regions; the sample fleet has others"
    (workspace.directory / "find.tfquery.hcl").write_text(text.replace("eu-central-1", "us-east-1"))
    result = workspace.run("query", "-json").succeed()
    events = [json.loads(line) for line in result.stdout.splitlines()]
    found = [event["list_resource_found"]["identity"] for event in events if event["type"] == "list_resource_found"]
    assert [(one["name"], one["region"]) for one in found] == [("prod-web", sample.region)]


def test_sessions_of_nobody_are_taken_over(workspace, sample):
    """The example's two runs: what the first shows, the second takes over, and only tags are changed."""
    interfaces = ["eni-0eeeeeeeeeeeeee10", "eni-0eeeeeeeeeeeeee20", "eni-0eeeeeeeeeeeeee30", "eni-0eeeeeeeeeeeeee31"]
    other = sample.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]["TrafficMirrorFilterId"]
    made = []
    for number, (interface, text) in enumerate(zip(interfaces, ["by hand", "by hand", "old tool 7", None]), 4):
        answer = sample.ec2.create_traffic_mirror_session(
            NetworkInterfaceId=interface,
            TrafficMirrorTargetId=documents.SAMPLE_IDS["target"],
            TrafficMirrorFilterId=other if text == "old tool 7" else documents.SAMPLE_IDS["filter"],
            SessionNumber=number,
            **({"Description": text} if text else {}),
        )
        made.append(answer["TrafficMirrorSession"]["TrafficMirrorSessionId"])
    *meant, unnamed = made
    # A second one of an interface for other packets: each is taken over by the coverage of its filter.
    for number, interface in enumerate(interfaces[:2], 1):
        answer = sample.ec2.create_traffic_mirror_session(
            NetworkInterfaceId=interface,
            TrafficMirrorTargetId=documents.SAMPLE_IDS["target"],
            TrafficMirrorFilterId=other,
            SessionNumber=number,
            Description="by hand",
        )
        meant.append(answer["TrafficMirrorSession"]["TrafficMirrorSessionId"])
    text = (EXAMPLES / "take-over" / "main.tf").read_text()
    header = text[text.index("terraform {") : text.index('provider "mirror"')]
    provider = text[text.index('provider "mirror"') : text.index('variable "taken_over"')]
    text = text.replace(header, workspace.header()).replace(provider, sample.provider() + "\n")
    (workspace.directory / "main.tf").write_text(text)

    def unmanaged():
        return json.loads(workspace.run("output", "-json", "unmanaged").succeed().stdout)

    workspace.apply()
    assert sorted(unmanaged()) == sorted(meant)
    before = [dataclasses.replace(found, tags={}) for found in sample.sessions()]
    (workspace.directory / "taken-over.auto.tfvars.json").write_text(json.dumps({"taken_over": unmanaged()}))
    sample.forget_calls()
    plan = workspace.plan()
    shown = [row["id"] for address in plan.actions for row in plan.after(address)["sessions"].values()]
    assert sorted(shown) == sorted(meant), "the plan names each session"
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {call.action for call in sample.changing_calls()} == {"CreateTags"}
    after = sample.sessions()
    assert [dataclasses.replace(found, tags={}) for found in after] == before, "but for the tags, each is as it was"
    assert sorted(found.id for found in after if found.owner) == sorted(meant)
    assert unmanaged() == {} and unnamed in {found.id for found in after}


@pytest.mark.needs("test_command")
def test_the_tests_of_a_module(workspace, sample):
    folder = EXAMPLES / "module-test"
    shutil.copytree(folder, workspace.directory, dirs_exist_ok=True)
    credentials = {
        "AWS_ENDPOINT_URL": sample.url,
        "AWS_REGION": sample.region,
        "AWS_ACCESS_KEY_ID": sample.access_key,
        "AWS_SECRET_ACCESS_KEY": sample.secret_key,
    }
    result = workspace.run("test", "-no-color", env=credentials).succeed()
    assert "3 passed, 0 failed" in result.text, result.text
    assert sample.sessions() == [], "nothing is left behind"
    # The guide shows a shorter one.
    (shorter,) = documents.shown(documents.GUIDES / "testing.md")
    whole = (workspace.directory / "tests" / "coverage.tftest.hcl").read_text()
    (workspace.directory / "tests" / "coverage.tftest.hcl").write_text(shorter)
    assert "2 passed, 0 failed" in workspace.run("test", "-no-color", env=credentials).succeed().text
    (workspace.directory / "tests" / "coverage.tftest.hcl").write_text(whole)
    # It can fail: without the tag on web-1.
    sample.untag("i-0ddddddddddddddd1", key="Mirror")
    failed = workspace.run("test", "-no-color", env=credentials)
    assert failed.code == 1 and "web-1 is tagged and gets no session" in failed.text
    assert sample.sessions() == []


DASHBOARD = EXAMPLES / "compliance-dashboard"


def write_reports(workspace, sample, **more):
    """Runs the example's script in the folder of the workspace."""
    shutil.copy(DASHBOARD / "write-reports.sh", workspace.directory)
    environment = {
        "AWS_ACCESS_KEY_ID": sample.access_key,
        "AWS_SECRET_ACCESS_KEY": sample.secret_key,
        "AWS_ENDPOINT_URL": sample.url,
        "TERRAFORM": workspace.core.command,
        "PATH": f"{VENV_BIN}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        ["bash", "./write-reports.sh", "reports"],
        cwd=workspace.directory,
        env=workspace.environment | environment | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def test_the_reports_script_changes_no_resource(workspace, sample):
    """An unattended run beside a coverage stops; alone it writes reports that Security Hub and AWS Config take for later ones."""
    whole = (EXAMPLES / "resources" / "mirror_coverage" / "resource.tf").read_text()
    audit = 'data "mirror_audit" "fleet" {\n  selector {\n    tags = { Mirror = "True" }\n  }\n}\noutput "reports" {\n  value = {}\n}\n'
    (workspace.directory / "main.tf").write_text(documents.runnable(whole + audit, sample, workspace.header()))
    done = write_reports(workspace, sample)
    assert done.returncode != 0 and "mirror_coverage.prod" in done.stderr, done.stderr
    assert sample.changing_calls() == []

    shutil.copy(DASHBOARD / "main.tf", workspace.directory)
    times = []
    for given in ({}, {"TF_VAR_as_of": "2036-03-01T12:00:00Z"}):
        done = write_reports(workspace, sample, **given)
        assert done.returncode == 0, done.stderr
        (finding, *_) = json.loads((workspace.directory / "reports" / "asff.json").read_text())[0]["Findings"]
        times.append(finding["UpdatedAt"])
    assert times[0] < times[1] == "2036-03-01T12:00:00Z"
    assert sample.changing_calls() == []


def test_the_schedule_keeps_the_report_apart_from_the_coverage():
    """Whoever runs the script has a folder, and so a state, of its own."""
    jobs = yaml.safe_load((DASHBOARD / "schedule.yml").read_text())["jobs"]
    folders = {name: job["defaults"]["run"]["working-directory"] for name, job in jobs.items()}
    assert len(set(folders.values())) == len(jobs) > 1, folders
    for name, job in jobs.items():
        commands = "\n".join(step.get("run", "") for step in job["steps"])
        assert "apply" not in commands and ("write-reports.sh" in commands) == (name == "report")


@pytest.mark.needs("terraform_data")
def test_the_scheduled_plan_tells_of_drift_by_its_exit_code(workspace, sample):
    """The schedule's own command."""
    jobs = yaml.safe_load((DASHBOARD / "schedule.yml").read_text())["jobs"]
    (command,) = [step["run"] for step in jobs["drift"]["steps"] if "plan" in step.get("run", "")]
    program, *arguments = command.split()
    assert program == "terraform"
    whole = (EXAMPLES / "resources" / "mirror_coverage" / "resource.tf").read_text()
    (workspace.directory / "main.tf").write_text(documents.runnable(whole, sample, workspace.header()))
    workspace.apply()
    assert workspace.run(*arguments).code == 0
    for session in sample.sessions()[:1]:
        sample.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=session.id)
    drifted = workspace.run(*arguments)
    assert drifted.code == 2 and session.interface in drifted.text, drifted.readable()
    workspace.apply()
    assert workspace.run(*arguments).code == 0
    sample.fault("deny", "DescribeInstances")
    assert workspace.run(*arguments).code == 1, "an error is no drift"
