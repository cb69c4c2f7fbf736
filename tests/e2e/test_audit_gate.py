"""The gates that the guide and the examples show, as they stand there, applied on each core: exit codes and what they say."""

import json
import re

import pytest

from harness import documents
from harness.paths import ROOT
from harness.sandbox import sandbox as start_sandbox

SAMPLE = ROOT / "tests" / "sandbox" / "fleets" / "sample.yaml"
EXAMPLES = ROOT / "examples" / "data-sources" / "mirror_audit"
GUIDE = documents.GUIDES / "audit-gate.md"
SENSOR, WEB = "i-0ddddddddddddddd8", "i-0ddddddddddddddd1"
TAGGED = {f"eni-0eeeeeeeeeeeeee{number}" for number in (10, 20, 30, 31, 40, 50)}


@pytest.fixture
def sample():
    """The fleet whose ids the guides use."""
    with start_sandbox("--fleet", str(SAMPLE), "--no-throttle") as running:
        yield running


def guide(heading: str) -> str:
    """The configuration below a heading of the guide."""
    (section,) = [part for part in GUIDE.read_text().split("\n## ") if part.startswith(heading)]
    (block,) = re.findall(r"```hcl\n(.*?)```", section, re.DOTALL)
    return block


def write(workspace, sample, text):
    (workspace.directory / "main.tf").write_text(documents.runnable(text, sample, workspace.header()))


def said(diagnostics):
    """Which of them are those of the gate. Core wraps long lines."""
    return [one for one in diagnostics if "Not every tagged interface is mirrored" in " ".join(one.text.split())]


def mirrored(sample):
    return {session.interface for session in sample.sessions()}


@pytest.mark.spine
@pytest.mark.needs("postcondition")
def test_the_run_that_fails(workspace, sample):
    write(workspace, sample, guide("A run that fails"))
    workspace.apply()
    assert mirrored(sample) == TAGGED

    # What cannot be seen is not compliant, and says what it is.
    sample.fault("deny", "DescribeSecurityGroups")
    for run in (workspace.try_plan, workspace.try_apply):
        result = run()
        assert result.code == 1 and "UNKNOWN" in said(result.errors)[0].text, result.readable()
    sample.no_faults()
    assert workspace.try_plan().code == 0

    # An apply that has something to do does it, and is red for what still fails.
    sample.ec2.stop_instances(InstanceIds=[SENSOR])
    sample.untag(WEB, key="Mirror")
    result = workspace.try_apply()
    assert result.code == 1 and "NON_COMPLIANT" in said(result.errors)[0].text, result.readable()
    assert mirrored(sample) == TAGGED - {"eni-0eeeeeeeeeeeeee10"}, "what was applied stays"
    assert not list(workspace.tainted())

    # An error of the API is an error of the run, and no verdict.
    sample.ec2.start_instances(InstanceIds=[SENSOR])
    sample.fault("error", "DescribeSecurityGroups", status=400, code="ValidationError", message="no")
    result = workspace.try_apply()
    assert result.code == 1 and not said(result.errors), result.readable()
    assert any("ValidationError" in error.text for error in result.errors)
    sample.no_faults()
    workspace.apply()

    # Nothing that matches is no compliance.
    for number in range(2, 6):
        sample.untag(f"i-0ddddddddddddddd{number}", key="Mirror")
    allowed = guide("A run that fails").replace("  selector {", "  limits = { allow_empty = true }\n  selector {", 1)
    write(workspace, sample, allowed)
    result = workspace.try_apply()
    assert result.code == 1 and "NO_MATCH" in said(result.errors)[0].text, result.readable()


@pytest.mark.spine
@pytest.mark.needs("check_block")
def test_the_report_that_warns(workspace, sample):
    write(workspace, sample, guide("A report after every apply"))
    result = workspace.try_apply().succeed()
    assert mirrored(sample) == TAGGED and not said(result.warnings), result.readable()
    sample.ec2.stop_instances(InstanceIds=[SENSOR])
    result = workspace.try_apply().succeed()
    assert "NON_COMPLIANT" in said(result.warnings)[0].text
    sample.ec2.start_instances(InstanceIds=[SENSOR])
    assert not said(workspace.try_apply().succeed().warnings)
    sample.fault("deny", "DescribeSecurityGroups")
    result = workspace.try_apply().succeed()
    assert "UNKNOWN" in said(result.warnings)[0].text, result.readable()


@pytest.mark.spine
def test_a_core_without_postconditions(workspace, sample):
    """The output is there on every core, and its exit code is the shell's to make."""
    text = guide("Terraform before 1.2")
    write(workspace, sample, text)
    workspace.apply()

    def compliant():
        return json.loads(workspace.run("output", "-json", "compliant").succeed().stdout)

    assert compliant() is True
    sample.ec2.stop_instances(InstanceIds=[SENSOR])
    workspace.try_apply().succeed()
    assert compliant() is False


@pytest.mark.spine
@pytest.mark.needs("terraform_data")
@pytest.mark.parametrize("file", ["data-source.tf", "check.tf"])
def test_the_examples(workspace, sample, file):
    gate = file == "data-source.tf"
    if not workspace.core.has("check_block"):
        pytest.skip("this core has no check block")
    write(workspace, sample, (EXAMPLES / file).read_text())
    result = workspace.try_apply().succeed()
    assert mirrored(sample) == TAGGED and not said(result.warnings), result.readable()
    sample.ec2.stop_instances(InstanceIds=[SENSOR])
    result = workspace.try_apply()
    assert result.code == int(gate), result.readable()
    assert said(result.errors if gate else result.warnings)
