"""What a `selection` carries: the tags of `tag_keys` and nothing that comes and goes with others."""

import json

import pytest

from harness.hcl import TAGGED, coverage_without

PROD = "mirror_coverage.prod"
SELECTION = "selection = data.mirror_interfaces.prod.selection"
SHOWN = 'output "selection" {\n  value = nonsensitive(data.mirror_interfaces.prod.selection)\n}\n'


def interfaces(*more: str) -> str:
    return 'data "mirror_interfaces" "prod" {\n  ' + "\n  ".join([TAGGED, *more]) + "\n}\n"


# Name: (an argument that reads a tag of the instance, what shows it on a session of web-1).
READS = {
    "target": ('override = {{ target_tag = "Team", target_ids = ["{f.other_target}"] }}', lambda f, s: s.target == f.other_target),
    "target-in-another-case": (
        'override = {{ target_tag = "TEAM", target_ids = ["{f.other_target}"] }}', lambda f, s: s.target == f.other_target,
    ),
    "filter": ('override = {{ filter_tag = "Team", filter_ids = ["{f.other_filter}"] }}', lambda f, s: s.filter == f.other_filter),
    "copied": ('copy_tags = ["Team"]', lambda f, s: "Team" in s.tags),
}  # fmt: skip


@pytest.mark.parametrize("case", READS)
def test_a_tag_that_is_not_carried_is_asked_for(workspace, sandbox, fleet, case):
    argument, shows = READS[case]
    argument = argument.format(f=fleet)
    value = fleet.other_filter if case == "filter" else fleet.other_target
    sandbox.tag(fleet.instances["web-1"], Team=value)
    covered = coverage_without(fleet, "selector", SELECTION, argument)
    workspace.configure(sandbox.provider(), interfaces(), covered)
    result = workspace.try_plan()
    (error,) = result.errors
    key = "TEAM" if case == "target-in-another-case" else "Team"
    assert result.code == 1 and "selection" in error.code and f'tag_keys = ["{key}"]' in error.detail, result.readable()
    assert argument.split()[0] in error.detail
    assert sandbox.changing_calls() == []
    workspace.configure(sandbox.provider(), interfaces('tag_keys = ["Team"]'), covered)
    workspace.apply()
    assert shows(fleet, sandbox.session_on(fleet.interfaces["web-1"][0]))
    assert not any(shows(fleet, sandbox.session_on(interface)) for interface in fleet.interfaces["web-2"])


def test_a_template_reads_the_name(workspace, sandbox, fleet):
    """It is carried unless other keys are listed."""
    covered = coverage_without(fleet, "selector", SELECTION, 'description = "of {instance_name}"')
    workspace.configure(sandbox.provider(), interfaces('tag_keys = ["Team"]'), covered)
    (error,) = workspace.try_plan().errors
    assert 'tag_keys = ["Name"]' in error.detail and "description" in error.detail
    workspace.configure(sandbox.provider(), interfaces(), covered)
    workspace.apply()
    assert {session.description for session in sandbox.sessions()} == {"of web-1", "of web-2"}


@pytest.mark.spine
def test_it_is_one_line_of_a_plan_and_changes_only_with_the_interfaces(workspace, sandbox, fleet, core):
    workspace.configure(sandbox.provider(), interfaces(), coverage_without(fleet, "selector", SELECTION), SHOWN)
    # The mark of a provider's value does not travel in Terraform 1.0.
    (line,) = [line for line in workspace.plan_text().splitlines() if "selection" in line]
    assert "(sensitive value)" in line or core.version < (1, 1)

    def text() -> str:
        workspace.try_apply().succeed()
        return json.loads(workspace.run("output", "-json", "selection").succeed().stdout)

    first = text()
    # What is not theirs: other instances, other tags, others' sessions, another target.
    fleet.launch("other", Mirror="False")
    sandbox.tag(fleet.instances["web-1"], Stage="prod")
    sandbox.tag(fleet.interfaces["web-1"][0], Stage="prod")
    sandbox.create_session(fleet.interfaces["web-1"][0], fleet.other_target, fleet.filter, 9)
    fleet.create_target("other")
    assert text() == first
    sandbox.ec2.stop_instances(InstanceIds=[fleet.instances["web-1"]])
    assert text() == first, "a stopped instance keeps its interfaces and their sessions"
    sandbox.tag(fleet.instances["web-1"], Name="renamed")
    renamed = text()
    assert renamed != first
    sandbox.tag(fleet.instances["web-1"], Name="web-1")
    assert text() == first
    fleet.launch("web-3", Mirror="True")
    assert text() not in (first, renamed)
