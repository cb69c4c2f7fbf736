"""A thousand sessions through a real core, and how many lines a person has to read."""

import json

import pytest

from harness.cloud import OWNER_ID, OWNER_NAME
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


# Lines around the sessions: what else of the coverage changes, or all of it, and core's own words.
CHANGED, WHOLE = 25, 40


@pytest.mark.needs("short_plans")
class TestLengths:
    """Lines a session, where fifty of them are there: what does not change is not printed, and what changes takes few lines."""

    @pytest.fixture(autouse=True)
    def fifty(self, workspace, sandbox, fleet):
        self.workspace, self.sandbox, self.fleet = workspace, sandbox, fleet
        self.interfaces = fleet.launch_many(50, Mirror="many")
        self.targets = [fleet.balancer_target(), fleet.narrow_balancer_target("narrow", 0)]

    def configure(self, *more, targets=None, **kind):
        listed = json.dumps(targets or self.targets[:1])
        self.workspace.configure(self.sandbox.provider(), coverage(self.fleet, *more, selector=MANY, targets=listed, **kind))

    def expect(self, sessions, lines, *options, around=CHANGED):
        """The plan names so many of the fifty interfaces, and takes so many lines for each."""
        text = self.workspace.plan_text(*options)
        named = sum(interface in text for interface in self.interfaces)
        length = len(text.splitlines())
        assert named == sessions and length <= around + lines * sessions, (named, length, text[:2000])

    def changed(self, sessions, lines, *more, around=CHANGED, **kind):
        self.configure(*more, **kind)
        self.expect(sessions, lines, around=around)

    def test_changes_of_the_configuration(self):
        self.configure()
        self.workspace.apply()
        self.changed(50, 5, targets=self.targets[1:])
        self.changed(50, 5, "session_number = 7")
        self.changed(50, 5, "virtual_network_id_range = { first = 100, last = 200 }")
        # What all sessions share is said once.
        self.changed(0, 0, targets=self.targets)
        self.changed(0, 0, 'tags = { Team = "security" }')
        self.changed(0, 0, 'description = "of {instance_id}"')
        self.changed(0, 0, 'name_tag = "{network_interface_id}"\n  copy_tags = ["Name"]\n  packet_length = 100')
        self.changed(0, 0, filter_id=json.dumps(self.fleet.other_filter))
        self.changed(0, 0, name="renamed")
        self.changed(50, 7, "enabled = false")
        self.expect(50, 7, "-destroy", around=WHOLE)
        self.workspace.apply()
        self.changed(50, 7)

    def test_one_target_of_two_goes(self):
        balanced = 'placement = "balanced"'
        self.configure(balanced, targets=self.targets)
        self.workspace.apply()
        self.changed(25, 5, balanced)

    def test_drift(self):
        self.configure()
        self.workspace.apply()
        drifted = [session.id for session in self.sandbox.sessions("prod")][:20]
        self.sandbox.tag(*drifted, Stray="yes")
        for session in drifted[:10]:
            self.sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session, SessionNumber=9)
        self.expect(20, 6)
        for session in drifted[:10]:
            self.sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session, SessionNumber=1)
        self.expect(20, 1)

    def test_adopted_and_waiting(self):
        owner = {OWNER_NAME: "old", OWNER_ID: "mc-0123456789abcdef0"}
        for interface in sorted(self.interfaces)[:20]:
            self.sandbox.create_session(interface, self.targets[0], self.fleet.filter, 1, **owner)
        adopt = 'adopt = { coverage_names = ["old"] }'
        staged = f'{adopt}\n  limits = {{ max_creates = "10" }}'
        self.changed(50, 7, adopt, around=WHOLE)
        self.changed(50, 7, staged, around=WHOLE)
        self.workspace.save_plan()
        self.workspace.apply_saved()
        # The next ten, which wait no more; of the others nothing is said.
        self.expect(10, 13)

    def test_what_is_skipped_changes(self):
        self.configure()
        self.workspace.apply()
        self.fleet.launch("old", instance_type="t2.micro", Mirror="many")
        self.changed(0, 0, 'tags = { Team = "security" }')
        # One that was skipped gets its session.
        self.changed(0, 0, 'try_instance_types = ["t2.*"]', around=CHANGED + 13)
