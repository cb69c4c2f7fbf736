"""provider::mirror::…: pure functions, by outputs and by `terraform test`."""

import json

import pytest

from harness.hcl import TAGGED, coverage

FORMATS = ["json", "csv", "html", "asff", "ocsf", "aws_config", "openmetrics"]

TESTED = """
run "functions" {
  command = plan

  assert {
    condition     = output.support["m5.large"].support == "supported"
    error_message = output.support["m5.large"].reason
  }
  assert {
    condition     = output.support["t2.micro"].support == "unsupported"
    error_message = output.support["t2.micro"].reason
  }
  assert {
    condition     = output.support["zz9.large"].support == "unknown"
    error_message = output.support["zz9.large"].reason
  }
  assert {
    condition     = length([for type, answer in output.support : type if strcontains(answer.reason, answer.table_date)]) == 3
    error_message = "Each reason names the date of the table."
  }
  assert {
    condition     = length(setsubtract(output.allowed.plan, output.allowed.apply)) == 0
    error_message = "Whoever applies may plan."
  }
  assert {
    condition     = contains(output.allowed.apply, "ec2:CreateTrafficMirrorSession") && !contains(output.allowed.plan, "ec2:CreateTrafficMirrorSession")
    error_message = "Only apply creates sessions."
  }
}
"""

OUTPUTS = """
output "support" {
  value = { for type in ["m5.large", "t2.micro", "zz9.large"] : type => provider::mirror::instance_type_support(type) }
}
output "allowed" {
  value = { for mode in ["audit", "plan", "apply"] : mode => flatten([
    for statement in jsondecode(provider::mirror::iam_policy(mode)).Statement : statement.Action
  ]) }
}
"""


@pytest.mark.needs("functions")
def test_functions_need_no_account(workspace):
    """Without a provider block, and without anything at its endpoints."""
    workspace.configure(OUTPUTS)
    (workspace.directory / "functions.tftest.hcl").write_text(TESTED)
    tested = workspace.run("test", "-no-color").succeed()
    assert "1 passed, 0 failed" in tested.stdout
    # The test itself can fail.
    (workspace.directory / "functions.tftest.hcl").write_text(TESTED.replace('== "unknown"', '== "supported"'))
    assert "is on no list of supported families" in workspace.run("test", "-no-color").text


@pytest.mark.needs("functions")
@pytest.mark.parametrize(
    ("call", "word"),
    [
        ('iam_policy("admin")', '"admin" is not a mode'),
        ('render_report("pdf", {})', '"pdf" is not a format'),
        ('render_report("csv", { account_id = "1" })', "not what mirror_audit shows"),
    ],
    ids=["mode", "format", "audit"],
)
def test_a_wrong_argument_is_named(workspace, call, word):
    workspace.configure(f'output "wrong" {{\n  value = provider::mirror::{call}\n}}\n')
    result = workspace.try_plan()
    assert result.code == 1
    assert any(word in " ".join(error.text.split()) for error in result.errors), result.readable()


@pytest.mark.needs("functions")
@pytest.mark.parametrize("as_of", ["", 'as_of = "2026-03-01T12:00:00Z"'], ids=["by-data", "given"])
def test_a_report_is_the_data_sources_own(workspace, sandbox, fleet, as_of):
    audit = f'data "mirror_audit" "prod" {{\n  {TAGGED}\n  {as_of}\n  formats = {json.dumps(FORMATS)}\n'
    audit += "  depends_on = [mirror_coverage.prod]\n}\n"
    same = (
        'output "same" {\n  value = { for format, text in data.mirror_audit.prod.reports :\n'
        "    format => provider::mirror::render_report(format, data.mirror_audit.prod) == text }\n}\n"
    )
    workspace.configure(sandbox.provider(), coverage(fleet), audit, same)
    workspace.apply()
    shown = json.loads(workspace.run("output", "-json", "same").succeed().stdout)
    assert shown == {name: True for name in FORMATS}


REPORT_TESTED = """
run "report" {
  command = apply

  assert {
    condition     = jsondecode(output.report["json"]).summary.status == "COMPLIANT"
    error_message = output.report["json"]
  }
  assert {
    condition     = alltrue([for interface in output.covered : strcontains(output.report["csv"], interface)])
    error_message = output.report["csv"]
  }
  assert {
    condition     = alltrue([for format, text in output.report : text == output.shown[format]])
    error_message = "The function renders what the data source renders."
  }
}
"""


@pytest.mark.needs("functions")
def test_a_report_is_tested_by_the_core(workspace, sandbox, fleet):
    audit = (
        f'data "mirror_audit" "prod" {{\n  {TAGGED}\n  formats = ["json", "csv"]\n'
        "  depends_on = [mirror_coverage.prod]\n}\n"
        'output "report" {\n  value = { for format in ["json", "csv"] :\n'
        "    format => provider::mirror::render_report(format, data.mirror_audit.prod) }\n}\n"
        'output "shown" {\n  value = data.mirror_audit.prod.reports\n}\n'
        'output "covered" {\n  value = keys(mirror_coverage.prod.sessions)\n}\n'
    )
    workspace.configure(sandbox.provider(), coverage(fleet), audit)
    (workspace.directory / "report.tftest.hcl").write_text(REPORT_TESTED)
    assert "1 passed, 0 failed" in workspace.run("test", "-no-color").succeed().stdout
    assert sandbox.sessions() == []
    # The test itself can fail.
    (workspace.directory / "report.tftest.hcl").write_text(REPORT_TESTED.replace('"COMPLIANT"', '"NON_COMPLIANT"'))
    assert workspace.run("test", "-no-color").code == 1
