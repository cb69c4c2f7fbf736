"""A thousand sessions through a real core, and how many lines a person has to read."""

import pytest

from harness.hcl import coverage

PROD = "mirror_coverage.prod"
MANY = 'selector {\n    tags = { Mirror = "many" }\n  }'


@pytest.fixture
def many(fleet):
    """More sessions than one interface takes need a target that is a load balancer."""
    return coverage(fleet, selector=MANY, targets=f'["{fleet.balancer_target()}"]')


def test_a_thousand_sessions(workspace, sandbox, fleet, many):
    expected = fleet.launch_many(1000, Mirror="many")
    workspace.configure(sandbox.provider(), many)
    assert workspace.plan().sessions(PROD).added == expected
    workspace.apply_saved()
    workspace.assert_empty_plan()
    made = sandbox.sessions()
    assert len(made) == 1000 and {session.interface for session in made} == expected
    workspace.destroy()
    assert sandbox.sessions() == []


@pytest.mark.needs("short_plans")
def test_a_plan_that_a_person_can_read(workspace, sandbox, fleet, many):
    expected = fleet.launch_many(400, Mirror="many")
    workspace.configure(sandbox.provider(), many)
    text = workspace.plan_text()
    assert all(interface in text for interface in expected)
    assert len(text.splitlines()) <= 3000
    workspace.apply()
    fleet.launch_many(1, Mirror="many")
    text = workspace.plan_text()
    assert len(text.splitlines()) <= 40
