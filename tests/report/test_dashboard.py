"""Every query of the example's Grafana dashboard asks for something that the report emits."""

import json
import re

import promql_parser
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import audits
from conftest import ROOT, render

EXAMPLE = ROOT / "examples" / "compliance-dashboard"
DASHBOARD = json.loads((EXAMPLE / "dashboard.json").read_text())
QUERIES = [(panel["title"], target) for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def samples():
    text = render("openmetrics", audits.sample())
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    found = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def admits(matcher: promql_parser.Matcher, value: str) -> bool:
    match matcher.op:
        case promql_parser.MatchOp.Equal:
            return value == matcher.value
        case promql_parser.MatchOp.NotEqual:
            return value != matcher.value
        case promql_parser.MatchOp.Re:
            return re.fullmatch(matcher.value, value) is not None
        case promql_parser.MatchOp.NotRe:
            return re.fullmatch(matcher.value, value) is None


@pytest.mark.parametrize(("title", "target"), QUERIES, ids=[title for title, _ in QUERIES])
def test_a_query_finds_what_the_report_emits(samples, title, target):
    query = target["expr"].replace("$account", ".*")
    asked = selectors(query)
    assert asked
    for selector in asked:
        matchers = selector.matchers.matchers
        found = [
            sample
            for sample in samples
            if sample.name == selector.name
            and all(m.name in sample.labels and admits(m, sample.labels[m.name]) for m in matchers)
        ]
        assert found, f"{title}: {query} finds nothing"
        named = re.findall(r"by \(([^)]*)\)", query) + re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
        for label in {label.strip() for names in named for label in names.split(",")}:
            assert all(label in sample.labels for sample in found), f"{title}: {selector.name} has no label {label}"


def test_every_metric_is_shown(samples):
    asked = {selector.name for _, target in QUERIES for selector in selectors(target["expr"].replace("$account", ".*"))}
    groups = {"mirror_audit_vpc_interfaces", "mirror_audit_availability_zone_interfaces"}
    assert {sample.name for sample in samples} - asked == groups


def test_the_variable_names_a_label(samples):
    (variable,) = [v for v in DASHBOARD["templating"]["list"] if v["type"] == "query"]
    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()
    assert any(sample.name == metric and label in sample.labels for sample in samples)


def test_the_alert_of_the_readme_is_a_query(samples):
    (expression,) = re.findall(r"expr: (.+)", (EXAMPLE / "README.md").read_text())
    assert {selector.name for selector in selectors(expression)} <= {sample.name for sample in samples}
