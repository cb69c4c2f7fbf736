"""mirror_interfaces pins a selection, mirror_audit judges, and a postcondition is the gate."""

import datetime
import json
import pathlib
import subprocess
import sys

import pytest

from harness.fleet import Fleet
from harness.hcl import TAGGED, coverage, coverage_without
from harness.paths import ROOT

PROD = "mirror_coverage.prod"
INTERFACES = f'data "mirror_interfaces" "prod" {{\n  {TAGGED}\n}}\n'
SELECTION = "selection = data.mirror_interfaces.prod.selection"


def audit(*more: str, selector: str = TAGGED) -> str:
    return 'data "mirror_audit" "prod" {\n  ' + "\n  ".join([selector, *more]) + "\n}\n"


GATE = (
    "depends_on = [mirror_coverage.prod]",
    "lifecycle {\n    postcondition {\n      condition     = self.compliant\n"
    '      error_message = "Not every tagged interface is mirrored."\n    }\n  }',
)


def interfaces(sandbox):
    return {session.interface for session in sandbox.sessions()}


@pytest.mark.policy("audit")
def test_interfaces_lists_what_the_selector_matches(workspace, sandbox, fleet):
    output = 'output "found" {\n  value = data.mirror_interfaces.prod.interfaces\n}\n'
    workspace.configure(sandbox.provider(), INTERFACES, output)
    workspace.apply()
    found = json.loads(workspace.run("output", "-json", "found").succeed().stdout)
    assert found.keys() == fleet.tagged_interfaces()
    (interface,) = fleet.interfaces["web-1"]
    assert found[interface]["instance_id"] == fleet.instances["web-1"]
    assert found[interface]["vpc_id"] == fleet.vpc
    assert found[interface]["subnet_id"] == fleet.subnets[0]
    assert sandbox.changing_calls() == []


@pytest.mark.spine
def test_selection_drives_a_coverage(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), INTERFACES, coverage_without(fleet, "selector", SELECTION))
    plan = workspace.plan()
    assert plan.sessions(PROD).added == fleet.tagged_interfaces()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert interfaces(sandbox) == fleet.tagged_interfaces()

    fleet.launch("web-3", Mirror="True")
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    changes = workspace.plan().sessions(PROD)
    assert changes.added == set(fleet.interfaces["web-3"])
    assert changes.removed == set(fleet.interfaces["web-1"])
    workspace.apply_saved()
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_a_pinned_create_survives_churn(workspace, sandbox, fleet):
    """With a selection the plan of a create stays exact however long it waits, on every core."""
    workspace.configure(sandbox.provider(), INTERFACES, coverage_without(fleet, "selector", SELECTION))
    workspace.plan()
    planned = fleet.tagged_interfaces()
    fleet.launch("web-3", Mirror="True")
    fleet.launch("web-4", interfaces=2, Mirror="True")
    workspace.apply_saved()
    assert interfaces(sandbox) == planned
    workspace.apply()
    assert interfaces(sandbox) == planned | {*fleet.interfaces["web-3"], *fleet.interfaces["web-4"]}


def test_a_selection_of_another_region_is_refused(workspace, sandbox, fleet):
    overseas = Fleet(sandbox.elsewhere("us-east-1"))
    data = f'data "mirror_interfaces" "prod" {{\n  region = "us-east-1"\n  {TAGGED}\n}}\n'
    workspace.configure(sandbox.provider(), data, coverage_without(fleet, "selector", SELECTION))
    result = workspace.try_plan()
    assert result.code == 1
    (error,) = result.errors
    assert "selection" in error.code
    assert "us-east-1" in error.text and sandbox.region in error.text
    assert sandbox.sessions() == [] and overseas.cloud.sessions() == []


@pytest.mark.spine
def test_selection_of_instances_of_the_same_run(workspace, sandbox, fleet, core):
    waits_for = "terraform_data" if core.has("terraform_data") else "null_resource"
    data = f'data "mirror_interfaces" "prod" {{\n  {TAGGED}\n  depends_on = [{waits_for}.fleet]\n}}\n'
    workspace.configure(
        sandbox.provider(),
        f'resource "{waits_for}" "fleet" {{}}\n',
        data,
        coverage_without(fleet, "selector", SELECTION),
    )
    plan = workspace.plan()
    assert plan.unknown(PROD)["sessions"] is True
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert interfaces(sandbox) == fleet.tagged_interfaces()


@pytest.mark.policy("audit")
@pytest.mark.spine
def test_audit_before_and_after(workspace, sandbox, fleet):
    outputs = "\n".join(
        f'output "{name}" {{\n  value = data.mirror_audit.prod.{name}\n}}'
        for name in ("compliant", "summary", "interfaces", "reports")
    )
    workspace.configure(sandbox.provider(), audit('formats = ["json"]'), outputs)

    def judged():
        workspace.apply()
        shown = json.loads(workspace.run("output", "-json").succeed().stdout)
        return {name: output["value"] for name, output in shown.items()}

    verdict = judged()
    assert verdict["compliant"] is False, "no session is never compliant"
    assert verdict["summary"]["status"] == "NON_COMPLIANT"
    assert verdict["interfaces"].keys() == fleet.tagged_interfaces()
    assert {found["status"] for found in verdict["interfaces"].values()} == {"NON_COMPLIANT"}
    assert {found["reason"] for found in verdict["interfaces"].values()} == {"MISSING"}

    for interface in fleet.interfaces["web-2"]:
        sandbox.create_session(interface, fleet.target, fleet.filter, 1)
    verdict = judged()
    assert verdict["compliant"] is False
    (missing,) = fleet.interfaces["web-1"]
    for interface, found in verdict["interfaces"].items():
        expected = ("NON_COMPLIANT", "MISSING") if interface == missing else ("COMPLIANT", "COVERED")
        assert (found["status"], found["reason"]) == expected

    sandbox.create_session(missing, fleet.target, fleet.filter, 1)
    verdict = judged()
    assert verdict["compliant"] is True
    assert verdict["summary"]["status"] == "COMPLIANT"
    report = json.loads(verdict["reports"]["json"])
    for interface in fleet.tagged_interfaces():
        assert interface in json.dumps(report)


@pytest.mark.policy("audit")
def test_an_empty_match_is_no_match(workspace, sandbox, fleet):
    outputs = "\n".join(
        f'output "{name}" {{\n  value = data.mirror_audit.prod.{name}\n}}' for name in ("compliant", "summary")
    )
    selector = 'selector {\n    tags = { Mirror = "nobody" }\n  }'
    workspace.configure(sandbox.provider(), audit(selector=selector), outputs)
    workspace.apply()
    shown = json.loads(workspace.run("output", "-json").succeed().stdout)
    assert shown["summary"]["value"]["status"] == "NO_MATCH"
    assert shown["compliant"]["value"] is False


@pytest.mark.needs("postcondition")
@pytest.mark.spine
def test_the_gate(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet), audit(*GATE))
    workspace.apply()

    # A plan without changes reads the audit, and is red already.
    sandbox.ec2.stop_instances(InstanceIds=[fleet.instances["sensor-1"]])
    result = workspace.try_plan()
    assert result.code == 1 and any("Not every tagged interface is mirrored." in error.text for error in result.errors)
    sandbox.ec2.start_instances(InstanceIds=[fleet.instances["sensor-1"]])

    fleet.launch("web-3", Mirror="True")
    # A plan with changes waits with its verdict for the apply, which is green.
    workspace.apply()
    assert interfaces(sandbox) == {*fleet.tagged_interfaces(), *fleet.interfaces["web-3"]}

    # Red: what the coverage does not select is asked for by the audit.
    sandbox.tag(fleet.instances["database"], Mirror="Also")
    wider = 'selector {\n    tags = { Mirror = "*" }\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet), audit(*GATE, selector=wider))
    result = workspace.try_apply()
    assert result.code == 1
    assert any("Not every tagged interface is mirrored." in error.text for error in result.errors)
    assert not list(workspace.tainted())
    assert interfaces(sandbox) == {*fleet.tagged_interfaces(), *fleet.interfaces["web-3"]}


@pytest.mark.needs("postcondition")
def test_the_gate_is_red_without_any_match(workspace, sandbox, fleet):
    nobody = 'selector {\n    tags = { Mirror = "nobody" }\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=nobody), audit(*GATE, selector=nobody))
    assert workspace.try_apply().code == 1


@pytest.mark.needs("check_block")
@pytest.mark.spine
def test_a_check_block_warns_after_every_apply(workspace, sandbox, fleet):
    """Its data is read after the apply; what it finds is no error."""
    block = (
        'check "mirrored" {\n' + audit("depends_on = [mirror_coverage.prod]", selector=TAGGED.replace("True", "*"))
        + '  assert {\n    condition     = data.mirror_audit.prod.compliant\n    error_message = "Not all of it."\n  }\n}\n'
    )
    workspace.configure(sandbox.provider(), coverage(fleet), block)
    result = workspace.try_apply().succeed()
    assert not [warning for warning in result.warnings if "Not all of it." in warning.text], "read after the apply"
    sandbox.tag(fleet.instances["database"], Mirror="Also")
    result = workspace.try_apply().succeed()
    assert [warning for warning in result.warnings if "Not all of it." in warning.text]
    # The coverage's own sensor fails, and the apply still succeeds.
    sandbox.untag(fleet.instances["database"], key="Mirror")
    sandbox.ec2.stop_instances(InstanceIds=[fleet.instances["sensor-1"]])
    result = workspace.try_apply().succeed()
    assert [warning for warning in result.warnings if "Not all of it." in warning.text]
    # The audit itself fails, and that is a warning too.
    sandbox.fault("error", "DescribeSecurityGroups", status=400, code="ValidationError", message="no")
    result = workspace.try_apply().succeed()
    assert [warning for warning in result.warnings if "DescribeSecurityGroups" in warning.text]


@pytest.mark.policy("audit")
@pytest.mark.spine
def test_several_regions_in_one_read(workspace, sandbox, fleet):
    overseas = Fleet(sandbox.elsewhere("us-east-1"))
    for interface in overseas.tagged_interfaces():
        overseas.cloud.create_session(interface, overseas.target, overseas.filter, 1)
    outputs = 'output "found" {\n  value = data.mirror_audit.prod\n}\n'
    both = f'regions = ["{sandbox.region}", "us-east-1"]'
    workspace.configure(sandbox.provider(), audit(both, 'formats = ["asff", "html"]'), outputs)
    workspace.apply()
    found = json.loads(workspace.run("output", "-json", "found").succeed().stdout)
    of_region = {region: set() for region in (sandbox.region, "us-east-1")}
    for interface, verdict in found["interfaces"].items():
        of_region[verdict["region"]].add(interface)
        assert verdict["reason"] == ("COVERED" if verdict["region"] == "us-east-1" else "MISSING")
    assert of_region == {sandbox.region: fleet.tagged_interfaces(), "us-east-1": overseas.tagged_interfaces()}
    assert {session["region"] for session in found["unmanaged_sessions"].values()} == {"us-east-1"}
    assert [batch["Region"] for batch in json.loads(found["reports"]["asff"])] == sorted(of_region)
    assert 'data-sort="region"' in found["reports"]["html"]


@pytest.mark.policy("audit")
def test_an_api_error_is_no_verdict(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), audit())
    sandbox.fault("deny", "DescribeTrafficMirrorSessions")
    result = workspace.try_plan()
    assert result.code == 1
    assert any("UnauthorizedOperation" in error.text for error in result.errors)


AUDITED = (
    "account_id", "partition", "compliant", "summary", "interfaces", "instances", "by_vpc", "by_availability_zone",
    "by_target", "orphaned_sessions", "unmanaged_sessions", "reports",
)  # fmt: skip
FORMATS = ("json", "csv", "html", "asff", "ocsf", "aws_config", "openmetrics")


@pytest.mark.policy("audit")
@pytest.mark.spine
def test_reports(workspace, sandbox, fleet):
    """Every format, and nothing to do for as long as the fleet stays as it is."""
    covered, *rest = sorted(fleet.tagged_interfaces())
    sandbox.create_session(covered, fleet.target, fleet.filter, 1)
    wanted = f"formats = {json.dumps(FORMATS)}"
    outputs = [f'output "{name}" {{\n  value = data.mirror_audit.prod.{name}\n}}' for name in AUDITED]

    def shown():
        workspace.apply()
        return {k: v["value"] for k, v in json.loads(workspace.run("output", "-json").succeed().stdout).items()}

    workspace.configure(sandbox.provider(), audit(wanted), *outputs)
    first = shown()
    assert first["reports"].keys() == set(FORMATS)
    for format, text in first["reports"].items():
        # The numbers of a format without ids.
        expected = [str(len(rest))] if format == "openmetrics" else fleet.tagged_interfaces()
        assert all(part in text for part in expected), format
    report = json.loads(first["reports"]["json"])
    for name in set(AUDITED) - {"reports"}:
        assert report[name] == first[name], name
    assert datetime.datetime.fromisoformat(report["as_of"]) <= datetime.datetime.now(datetime.UTC)
    assert first["by_vpc"][fleet.vpc]["compliant"] == 1
    assert first["by_target"].keys() == {fleet.target}
    assert len(first["unmanaged_sessions"]) == 1
    # apply() asserts that the plan after it is empty.
    assert shown() == first
    assert sandbox.changing_calls() == []

    workspace.configure(sandbox.provider(), audit(wanted, 'as_of = "2020-02-29T13:00:00+01:00"'), *outputs)
    dated = json.loads(shown()["reports"]["json"])
    assert dated.pop("as_of") == "2020-02-29T12:00:00Z"
    report.pop("as_of")
    assert dated == report


@pytest.mark.policy("audit")
@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ('require = { targets = ["tmt-1"] }', "traffic_mirror_target_ids"),
        ("require = { coverage_names = [] }", "require.coverage_names"),
        ('regions = ["eu-west-1", "eu-west-1"]', "more than once"),
    ],
)
def test_what_is_asked_must_make_sense(workspace, sandbox, fleet, argument, words):
    workspace.configure(sandbox.provider(), audit(argument))
    (error,) = workspace.try_plan().errors
    assert words in error.text


@pytest.mark.policy("audit")
def test_a_time_that_is_none(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), audit('as_of = "yesterday"'))
    (error,) = workspace.try_plan().errors
    assert "yesterday" in error.text and "2026-03-01T12:00:00Z" in error.text


def test_the_example_writes_the_reports(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "report.py", tmp_path], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    page = pathlib.Path(done.stdout.strip())
    assert page == tmp_path / "index.html" and "<!doctype html>" in page.read_text()
    assert len(list(tmp_path.iterdir())) == len(FORMATS)
