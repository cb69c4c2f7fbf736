"""Each report through a parser or a schema that is not ours."""

import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys

import boto3
import botocore.model
import botocore.session
import botocore.stub
import botocore.validate
import jsonschema
import ocsf_json_schema
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

import audits
from conftest import ROOT, missing, render

FORMATS = ["json", "csv", "html", "asff", "ocsf", "aws_config", "openmetrics"]
SCHEMA = json.loads((ROOT / "docs" / "audit.schema.json").read_text())


def offences(shape: botocore.model.Shape, value, path: str = "") -> list[str]:
    """Where a value breaks what botocore's model says of lengths and enumerations; botocore itself checks neither."""
    found = []
    limits = shape.metadata
    if "enum" in limits and value not in limits["enum"]:
        found.append(f"{path}: {value!r} is none of {limits['enum']}")
    if isinstance(value, (str, list)):
        if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
            found.append(f"{path}: length {len(value)}")
    if shape.type_name == "structure":
        for name, part in value.items():
            found += offences(shape.members[name], part, f"{path}.{name}")
    if shape.type_name == "list":
        for index, part in enumerate(value):
            found += offences(shape.member, part, f"{path}[{index}]")
    return found


def check_call(service: str, operation: str, parameters: dict) -> None:
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    report = botocore.validate.ParamValidator().validate(parameters, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert offences(model.input_shape, parameters) == []


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_audit_gives_the_same_bytes(audit, format):
    def shuffled(value):
        if not isinstance(value, dict):
            return value
        items = list(value.items())
        random.Random(7).shuffle(items)
        return {key: shuffled(part) for key, part in items}

    if format in ("asff", "ocsf", "aws_config") and audit["as_of"] is None:
        assert audit["interfaces"] == {}
    assert render(format, shuffled(audit)) == render(format, audit)


def test_json_is_what_the_published_schema_says(audit):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    report = json.loads(render("json", audit))
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(report)
    assert report == audit
    assert report.keys() == SCHEMA["properties"].keys(), "the schema describes every field"


def test_every_reason_is_documented():
    """Those that an audit never gives as well, with where they are to be found."""
    reasons = SCHEMA["$defs"]["Reason"]["enum"]
    assert len(reasons) > 20
    for page in ("guides/reports.md", "data-sources/audit.md"):
        text = (ROOT / "docs" / page).read_text()
        assert [reason for reason in reasons if f"`{reason}`" not in text] == [], page


def test_the_schema_refuses_what_is_none():
    report = json.loads(render("json", audits.sample()))
    report["interfaces"]["eni-1"] = audits.interface("MISSING") | {"status": "FINE"}
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(report))


def test_csv_has_a_line_for_each_interface(audit):
    text = render("csv", audit)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) == len(audit["interfaces"]) == text.count("\n") - 1
    for row, (identifier, found) in zip(rows, audit["interfaces"].items(), strict=True):
        assert None not in row and None not in row.values()
        assert row["status"] == found["status"] and row["reason"] == found["reason"]
        if identifier.isalnum():
            assert row["network_interface_id"] == identifier
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "\t", "\r")), cell
            assert cell.isprintable() or "\U0010fffe" in cell


def test_the_guides_rule_delivers_the_evaluations(monkeypatch):
    """The handler of the guide, as it stands there, with AWS's clients stubbed: botocore checks what it sends."""
    guide = (ROOT / "docs" / "guides" / "reports.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    text = render("aws_config", audits.fleet(150, regions=("eu-west-1", "us-east-1")))
    options = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    clients = {name: boto3.client(name, **options) for name in ("s3", "config")}
    stubs = {name: botocore.stub.Stubber(client) for name, client in clients.items()}
    where = {"Bucket": "my-reports", "Key": "aws_config.json"}
    stubs["s3"].add_response("get_object", {"Body": io.BytesIO(text.encode())}, where)
    batches = [batch for batch in json.loads(text) if batch["Region"] == "eu-west-1"]
    assert batches and len(batches) < len(json.loads(text))
    for batch in batches:
        sent = {"Evaluations": batch["Evaluations"], "ResultToken": "token"}
        stubs["config"].add_response("put_evaluations", {"FailedEvaluations": []}, sent)
    for stub in stubs.values():
        stub.activate()
    monkeypatch.setattr(boto3, "client", clients.__getitem__)
    room = {}
    exec(code, room)
    room["handler"]({"resultToken": "token"}, None)
    for stub in stubs.values():
        stub.assert_no_pending_responses()


def test_aws_config_takes_the_evaluations(audit):
    seen = []
    for batch in json.loads(render("aws_config", audit)):
        check_call("config", "PutEvaluations", {"Evaluations": batch["Evaluations"], "ResultToken": "token"})
        for entry in batch["Evaluations"]:
            assert entry["ComplianceType"] != "INSUFFICIENT_DATA", "PutEvaluations refuses it"
            assert entry["ComplianceResourceType"] == "AWS::EC2::NetworkInterface"
            seen.append((batch["Region"], entry))
    assert len(seen) == len(audit["interfaces"])
    by_id = {entry["ComplianceResourceId"]: (region, entry) for region, entry in seen}
    for identifier, found in audit["interfaces"].items():
        if identifier not in by_id:
            continue
        region, entry = by_id[identifier]
        assert region == found["region"]
        if found["status"] == "UNKNOWN":
            assert entry["ComplianceType"] == "NON_COMPLIANT" and entry["Annotation"].startswith("UNKNOWN")
        else:
            assert entry["ComplianceType"] == found["status"]


def test_security_hub_takes_the_findings(audit):
    statuses = {"COMPLIANT": "PASSED", "NON_COMPLIANT": "FAILED", "UNKNOWN": "WARNING", "NOT_APPLICABLE": "NOT_AVAILABLE"}
    # The model of the API has none of these; they are in the description of the format.
    limits = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024}
    found, verdicts = {}, sorted(statuses[i["status"]] for i in audit["interfaces"].values())
    for batch in json.loads(render("asff", audit)):
        check_call("securityhub", "BatchImportFindings", {"Findings": batch["Findings"]})
        for finding in batch["Findings"]:
            found[finding["Id"]] = finding
            assert finding["Region"] == batch["Region"]
            assert finding["ProductArn"] == (
                f"arn:{audit['partition']}:securityhub:{batch['Region']}:{audit['account_id']}"
                f":product/{audit['account_id']}/default"
            )
            assert finding["AwsAccountId"] == audit["account_id"]
            for field, limit in limits.items():
                assert 0 < len(finding[field].encode()) <= limit, field
            assert len(json.dumps(finding)) < 240_000
            assert all(resource["Partition"] == audit["partition"] for resource in finding["Resources"])
            remediation = finding.get("Remediation", {}).get("Recommendation", {}).get("Text", "x")
            assert 0 < len(remediation) <= 512
    assert sorted(finding["Compliance"]["Status"] for finding in found.values()) == verdicts


# What `aws securityhub batch-import-findings` takes, and how it answers: it ends well also where findings were refused.
AWS = """#!{python}
import json, os, pathlib, sys
assert sys.argv[1:3] == ["securityhub", "batch-import-findings"], sys.argv
options = dict(zip(sys.argv[3::2], sys.argv[4::2], strict=True))
given = options.get("--cli-input-json")
body = json.loads(pathlib.Path(given.removeprefix("file://")).read_text()) if given else {{"Findings": json.loads(options["--findings"])}}
with open("calls.jsonl", "a") as calls:
    print(json.dumps([options["--region"], body]), file=calls)
if "EXIT" in os.environ:
    sys.exit("ThrottlingException")
refused = int(os.environ.get("REFUSED", 0))
print(json.dumps({{"FailedCount": refused, "SuccessCount": len(body["Findings"]) - refused, "FailedFindings": []}}))
"""


@pytest.mark.parametrize("fails", [{}, {"EXIT": "1"}, {"REFUSED": "1"}], ids=["well", "call", "finding"])
def test_the_guides_loop_delivers_the_findings(tmp_path, fails):
    """As it stands there; an argument of a command may have 128 KiB, and a full batch has more."""
    if not (shutil.which("bash") and shutil.which("jq")):
        missing("bash and jq are not installed")
    guide = (ROOT / "docs" / "guides" / "reports.md").read_text()
    (script,) = [one for one in re.findall(r"```\w*\n(.*?)```", guide, re.DOTALL) if "batch-import-findings" in one]
    fleet = audits.fleet(450, regions=("eu-west-1", "us-east-1"))["interfaces"]
    wrong = {key: found | audits.interface("TARGET_PORT_CLOSED", region=found["region"]) for key, found in fleet.items()}
    text = render("asff", audits.audit(wrong))
    (tmp_path / "asff.json").write_text(text)
    (tmp_path / "aws").write_text(AWS.format(python=sys.executable))
    (tmp_path / "aws").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"} | fails
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    calls = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    batches = [[batch["Region"], {"Findings": batch["Findings"]}] for batch in json.loads(text)]
    size = max(len(json.dumps(body["Findings"], separators=(",", ":"), ensure_ascii=False)) for _, body in batches)
    assert size > 128 * 1024 and len(batches) > 4
    assert calls == (batches[:1] if fails else batches), done.stderr
    assert (done.returncode != 0) == bool(fails), done.stderr


def test_ocsf_is_a_compliance_finding(audit):
    schemas = ocsf_json_schema.OcsfJsonSchemaEmbedded(ocsf_json_schema.get_ocsf_schema(version="1.8.0"))
    schema = schemas.get_class_schema("compliance_finding", profiles=["cloud"])
    validator = jsonschema.Draft202012Validator(schema)
    events = json.loads(render("ocsf", audit))
    assert len(events) == len(audit["interfaces"])
    for event in events:
        problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(event)]
        assert problems == []
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    passed = sum(event["compliance"]["status_id"] == 1 for event in events)
    assert passed == audit["summary"]["compliant"]


@pytest.mark.parametrize("parse", [openmetrics, prometheus], ids=["openmetrics", "prometheus"])
def test_prometheus_reads_the_metrics(audit, parse):
    samples = {}
    for family in parse(render("openmetrics", audit)):
        assert family.documentation and family.type == "gauge"
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            assert (sample.name, labels) not in samples, "a series stands once"
            samples[sample.name, labels] = sample.value
    account = ("account_id", audit["account_id"])
    assert samples["mirror_audit_compliant", (account,)] == audit["compliant"]
    for status in ("COMPLIANT", "NON_COMPLIANT", "UNKNOWN", "NOT_APPLICABLE"):
        number = samples["mirror_audit_interfaces", (account, ("status", status))]
        assert number == audit["summary"][status.lower()]
    ratio = samples.get(("mirror_audit_coverage_ratio", (account,)))
    percent = audit["summary"]["coverage_percent"]
    assert ratio is None if percent is None else abs(ratio - percent / 100) < 1e-9
