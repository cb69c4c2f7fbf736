"""What AutoMirror's documentation promises, worked out by hand: we create at least that. And the peers' defects, none of which is ours.

The same promises as `src/planner/parity.rs`, here through a real core.
"""

import ast
import collections
import dataclasses
import json
import re

import pytest

from harness.cloud import OWNER_ID
from harness.hcl import coverage
from harness.paths import ROOT

PROD = "mirror_coverage.prod"
SELECTOR = 'selector {\n    tags            = { Mirror = "True" }\n    ignore_tag_case = true\n  }'


@dataclasses.dataclass(frozen=True)
class Case:
    """Instances by name with their tags, and which of them must have a session on the first interface."""

    tags: dict[str, dict[str, str]]
    at_least: set[str]
    none: set[str] = dataclasses.field(default_factory=set)
    types: dict[str, str] = dataclasses.field(default_factory=dict)
    interfaces: dict[str, int] = dataclasses.field(default_factory=dict)
    # Sessions of somebody else, by instance.
    foreign: dict[str, int] = dataclasses.field(default_factory=dict)
    # Where tags choose: the names of attributes of the fleet.
    chosen: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    targets: tuple[str, ...] = ("target",)
    stopped: set[str] = dataclasses.field(default_factory=set)
    evenly: bool = False


YES = {"Mirror": "True"}
SIX = [f"app-{number}" for number in range(6)]

CASES = {
    "a tagged instance gets a session, others get none": Case(
        {"a": YES, "b": {}, "c": {"Mirror": "False"}, "d": {"Mirror-Target": "target"}}, {"a"}, {"b", "c", "d"}
    ),
    "key and value without regard to case": Case(
        {"a": {"mirror": "true"}, "b": {"mirror": "True"}, "c": {"Mirror": "true"}}, {"a", "b", "c"}
    ),
    "both spellings on one instance are one session": Case({"a": YES | {"mirror": "true"}}, {"a"}),
    "the first interface of an instance, at least": Case({"a": YES}, {"a"}, interfaces={"a": 3}),
    "stopped instances, so that they are mirrored when they run": Case({"a": YES, "b": YES}, {"a", "b"}, stopped={"b"}),
    "a type that cannot be mirrored gets none and hinders nobody": Case(
        {"a": YES, "b": YES}, {"b"}, {"a"}, types={"a": "t2.micro"}
    ),
    "six instances on two targets end three each": Case(
        dict.fromkeys(SIX, YES), set(SIX), targets=("target", "other_target"), evenly=True
    ),
    "tags choose target and filter, their keys without regard to case": Case(
        {
            "a": YES | {"Mirror-Target": "other_target", "Mirror-Filter": "other_filter"},
            "b": YES | {"mirror-target": "other_target"},
            "c": YES | {"MIRROR-FILTER": "other_filter"},
        },
        {"a", "b", "c"},
        chosen={"a": ("other_target", "other_filter"), "b": ("other_target", "filter"), "c": ("target", "other_filter")},
    ),
    "a tag that names a target that is not there hinders nobody else": Case(
        {"a": YES | {"Mirror-Target": "tmt-00000000000000bad"}, "b": YES}, {"b"}, {"a"}
    ),
    "sessions of somebody else leave room for ours": Case(
        {"a": YES, "b": YES}, {"a", "b"}, foreign={"a": 1, "b": 2}
    ),
    "three sessions of somebody else leave none, and hinder no other": Case(
        {"a": YES, "b": YES}, {"b"}, {"a"}, foreign={"a": 3}
    ),
}


def launch(sandbox, fleet, case):
    for name in ("web-1", "web-2"):
        sandbox.untag(fleet.instances[name], key="Mirror")
    for name, tags in case.tags.items():
        meant = {key: getattr(fleet, value, value) for key, value in tags.items()}
        kind = case.types.get(name, "m5.large")
        instance = fleet.launch(name, interfaces=case.interfaces.get(name, 1), instance_type=kind, **meant)
        for number in range(1, case.foreign.get(name, 0) + 1):
            sandbox.create_session(fleet.interfaces[name][0], fleet.target, fleet.filter, number)
        if name in case.stopped:
            sandbox.ec2.stop_instances(InstanceIds=[instance])


@pytest.mark.parametrize("promise", CASES)
def test_promise(workspace, sandbox, fleet, promise):
    case = CASES[promise]
    launch(sandbox, fleet, case)
    foreign = sandbox.sessions()
    override = (
        f'override = {{\n    target_tag = "Mirror-Target"\n    target_ids = {json.dumps([fleet.target, fleet.other_target])}\n'
        f'    filter_tag = "Mirror-Filter"\n    filter_ids = {json.dumps([fleet.filter, fleet.other_filter])}\n  }}'
    )
    targets = json.dumps([getattr(fleet, name) for name in case.targets])
    more = ('placement = "balanced"', "allow_partial = true", override)
    workspace.configure(sandbox.provider(), coverage(fleet, *more, selector=SELECTOR, targets=targets))
    workspace.apply()
    ours = sandbox.sessions("prod")
    on = collections.Counter(session.interface for session in ours)
    first = {name: fleet.interfaces[name][0] for name in case.tags}
    assert {first[name] for name in case.at_least} <= on.keys()
    assert not {first[name] for name in case.none} & on.keys()
    assert set(on.values()) <= {1}, "never two of ours on one interface"
    assert [session for session in sandbox.sessions() if session.owner is None] == foreign
    for name, (target, filter_id) in case.chosen.items():
        session = sandbox.session_on(first[name], "prod")
        assert (session.target, session.filter) == (getattr(fleet, target), getattr(fleet, filter_id))
    if case.evenly:
        loads = collections.Counter(session.target for session in ours)
        assert len(loads) == len(case.targets) and max(loads.values()) - min(loads.values()) <= 1


# The classes of defects that peers have, and the tests that would find each here.
DEFECTS = {
    "unpaginated describes": ["test_automirror_parity.py::test_more_than_a_page"],
    "the first interface only": [
        "test_lifecycle.py::test_plan_lists_what_apply_creates",
        "test_lifecycle.py::test_an_attached_interface_is_planned",
        "test_kubernetes.py::test_every_interface",
    ],
    "a constant or wrong session number": [
        "test_lifecycle.py::test_foreign_sessions_are_left_alone",
        "test_automirror_parity.py::test_the_last_number_is_taken",
        "test_concurrent.py::test_two_coverages_of_the_same_interfaces_in_one_run",
        "test_concurrent.py::test_aliases_that_race_for_the_same_interfaces",
    ],
    "any session counts as done": [
        "test_automirror_parity.py::test_a_foreign_session_is_not_done",
        "test_audit_delivery.py::test_filters_numbers_and_lengths",
    ],
    "an API error leaves the old verdict standing": ["test_data_sources.py::test_an_api_error_is_no_verdict"],
    "one failure aborts or hides the rest": [
        "test_failures.py::test_a_create_that_fails_in_part_is_a_warning",
        "test_failures.py::test_an_update_that_fails_in_part_is_an_error_and_saved",
        "test_automirror_parity.py::test_every_failure_is_told",
    ],
    "a silent skip by a stale list of instance types": ["test_sessions.py::test_ineligible_interfaces"],
    "others' sessions are deleted": [
        "test_ownership.py::test_destroy_removes_ours_only",
        "test_drift.py::test_a_session_with_anothers_id_is_not_ours_any_more",
        "test_automirror_parity.py::test_what_is_foreign_is_never_touched",
    ],
    "compliant because nothing is there": ["test_data_sources.py::test_an_empty_match_is_no_match"],
    "a filter for IPv4 only": ["test_owned_filter.py::test_it_is_made_with_the_coverage_and_goes_with_it"],
    "side state instead of EC2 as the truth": [
        "test_drift.py::test_all_sessions_gone_behind_our_back",
        "test_automirror_parity.py::test_a_lost_state_is_no_second_session",
    ],
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_class_of_defect_has_its_tests(defect):
    """Each is there, runs everywhere, and judges something."""
    for name in DEFECTS[defect]:
        file, test = name.split("::")
        module = ast.parse((ROOT / "tests" / "e2e" / file).read_text())
        (found,) = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == test]
        marks = " ".join(ast.unparse(mark) for mark in found.decorator_list)
        assert "skip" not in marks and "xfail" not in marks, name
        assert any(isinstance(node, ast.Assert) for node in ast.walk(found)), name


def test_more_than_a_page(workspace, sandbox, fleet):
    """More instances, and more sessions of others, than one answer holds."""
    balancer = fleet.balancer_target()
    for interface in fleet.launch_many(1010, Team="another"):
        sandbox.create_session(interface, balancer, fleet.filter, 1)
    expected = fleet.launch_many(1010, Mirror="many")
    selector = 'selector {\n    tags = { Mirror = "many" }\n  }'
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector, targets=f'["{balancer}"]'))
    assert workspace.plan().sessions(PROD).added == expected
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert {session.interface for session in sandbox.sessions("prod")} == expected
    for action in ("DescribeInstances", "DescribeTrafficMirrorSessions"):
        assert any(call.parameter("NextToken") for call in sandbox.calls(action)), action


def test_a_foreign_session_is_not_done(workspace, sandbox, fleet):
    """Not one to the same target, nor one that carries the coverage's name."""
    foreign = {
        sandbox.create_session(interface, fleet.target, fleet.filter, 1, **{"mirror:coverage": "prod"})
        for interface in fleet.tagged_interfaces()
    }
    workspace.configure(sandbox.provider(), coverage(fleet))
    assert workspace.plan().sessions(PROD).added == fleet.tagged_interfaces()
    workspace.apply_saved()
    workspace.assert_empty_plan()
    ours = [session for session in sandbox.sessions() if session.id not in foreign]
    assert {session.interface for session in ours} == fleet.tagged_interfaces()
    assert {session.number for session in ours} == {2}


def test_the_last_number_is_taken(workspace, sandbox, fleet):
    """After 32766 there is no next number; a free one is taken, and nothing collides after a deletion."""
    (interface,) = fleet.interfaces["web-1"]
    last = sandbox.create_session(interface, fleet.target, fleet.filter, 32766)
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    ours = sandbox.session_on(interface, "prod")
    assert 1 <= ours.number < 32766
    first, second = fleet.interfaces["web-2"]
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=sandbox.session_on(first).id)
    sandbox.create_session(first, fleet.target, fleet.filter, 1)
    workspace.apply()
    assert sandbox.session_on(first, "prod").number == 2
    assert last in {session.id for session in sandbox.sessions()}


def test_every_failure_is_told(workspace, sandbox, fleet):
    """Two interfaces fail for two reasons: each is named with AWS's own code, and the third is mirrored."""
    (first,), (second, third) = fleet.interfaces["web-1"], fleet.interfaces["web-2"]
    codes = {first: "TrafficMirrorSessionLimitExceeded", second: "NetworkInterfaceNotSupported"}
    for interface, code in codes.items():
        sandbox.fault(
            "error", "CreateTrafficMirrorSession", code=code, message="no", parameters={"NetworkInterfaceId": interface}
        )
    workspace.configure(sandbox.provider(), coverage(fleet))
    result = workspace.try_apply().succeed()
    told = "\n".join(warning.text for warning in result.warnings)
    assert all(interface in told and code in told for interface, code in codes.items())
    assert {session.interface for session in sandbox.sessions()} == {third}


def test_what_is_foreign_is_never_touched(workspace, sandbox, fleet):
    """Through a life of changes no call names a session of somebody else."""
    foreign = {
        sandbox.create_session(interface, fleet.target, fleet.filter, 1)
        for interface in {*fleet.tagged_interfaces(), *fleet.interfaces["database"]}
    }
    before = {session for session in sandbox.sessions()}
    sandbox.forget_calls()
    for more in ((), ('tags = { Team = "a" }', "session_number = 9"), ("enabled = false",)):
        workspace.configure(sandbox.provider(), coverage(fleet, *more))
        workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{fleet.other_target}"]'))
    workspace.apply()
    sandbox.untag(fleet.instances["web-2"], key="Mirror")
    workspace.apply()
    workspace.destroy()
    assert set(sandbox.sessions()) == before
    assert not any(call.sessions() & foreign for call in sandbox.changing_calls())


def test_a_lost_state_is_no_second_session(workspace, sandbox, fleet):
    """The sessions in EC2 are the truth: what they say about their owner gives them back."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    before = sandbox.sessions()
    (workspace.directory / "terraform.tfstate").unlink()
    assert any(before[0].tags[OWNER_ID] in warning.text for warning in workspace.plan().warnings)
    workspace.import_(PROD, "prod").succeed()
    sandbox.forget_calls()
    workspace.apply()
    assert sandbox.sessions() == before and sandbox.changing_calls() == []
