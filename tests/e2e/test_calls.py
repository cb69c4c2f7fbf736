"""How many calls a plan makes, and who shares them."""

import collections
import json

import pytest

from harness.hcl import TAGGED, coverage

PAGE = 1000


def count(sandbox):
    return collections.Counter(call.action for call in sandbox.calls())


@pytest.fixture
def settled(workspace, sandbox, fleet):
    """Applies a configuration, and tells what its no-op plan asks."""

    def of(*parts):
        workspace.configure(sandbox.provider(), *parts)
        workspace.apply()
        sandbox.forget_calls()
        workspace.assert_empty_plan()
        assert sandbox.changing_calls() == []
        return count(sandbox)

    return of


@pytest.mark.spine
def test_two_coverages_share_what_they_ask(settled, fleet):
    one = settled(coverage(fleet))
    two = settled(coverage(fleet), coverage(fleet, label="other", name="other"))
    assert two == one


def test_everything_in_one_plan_shares_one_scan(settled, fleet):
    data = f'data "mirror_interfaces" "same" {{\n  {TAGGED}\n}}\n\ndata "mirror_audit" "same" {{\n  {TAGGED}\n}}\n'
    more = settled(coverage(fleet), data) - settled(coverage(fleet))
    # What only the audit looks at.
    assert more == collections.Counter({"DescribeTrafficMirrorFilters": 1, "DescribeSecurityGroups": 1})


def test_other_filters_are_another_scan(settled, fleet):
    by_name = 'selector {\n    tags = { Name = "database" }\n  }'
    one = settled(coverage(fleet))
    two = settled(coverage(fleet), coverage(fleet, label="other", name="other", selector=by_name))
    assert two - one == collections.Counter({"DescribeInstances": 1})


def test_what_is_read_after_an_apply_is_read_anew(workspace, sandbox, fleet):
    """The audit waits for the coverage, and sees the sessions that the coverage made."""
    audit = f'data "mirror_audit" "prod" {{\n  {TAGGED}\n  depends_on = [mirror_coverage.prod]\n}}\n'
    workspace.configure(
        sandbox.provider(), coverage(fleet), audit, 'output "compliant" {\n  value = data.mirror_audit.prod.compliant\n}\n'
    )
    workspace.try_apply().succeed()
    assert json.loads(workspace.run("output", "-json", "compliant").succeed().stdout) is True


def test_ten_thousand_interfaces_cost_what_their_pages_cost(settled, fleet):
    """One page of a thousand is a call; beside the pages there are at most eight, and at most 38 in all."""
    fleet.launch_many(10_000, Mirror="many")
    many = 'selector {\n    tags = { Mirror = "many" }\n  }'
    asked = settled(coverage(fleet, selector=many, targets=json.dumps([fleet.balancer_target()])))
    pages = 10_000 // PAGE
    paged = {action: calls for action, calls in asked.items() if calls >= pages}
    assert sum(calls - pages for calls in paged.values()) + sum((asked - collections.Counter(paged)).values()) <= 8, asked
    assert set(paged) <= {"DescribeInstances", "DescribeNetworkInterfaces", "DescribeTrafficMirrorSessions"}
    assert sum(asked.values()) <= 38
