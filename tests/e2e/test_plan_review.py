"""The line of docs/guides/plan-review.md, run as it stands there by jq, or where there is none by its library."""

import re
import shutil
import subprocess

import pytest

from harness import jq
from harness.hcl import Unknown, coverage, coverage_without
from harness.paths import ROOT

LINE = re.search(r"```sh\n(.*?)```", (ROOT / "docs/guides/plan-review.md").read_text(), re.DOTALL)[1]


@pytest.fixture
def lines(workspace, tmp_path):
    """Plans, and the guide's line about the plan: the fields of each line."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "terraform").symlink_to(shutil.which(workspace.core.command))
    if shutil.which("jq") is None:
        jq.install(folder)

    def run(*arguments: str) -> list[list[str]]:
        workspace.run("plan", "-input=false", "-out=tfplan", *arguments).succeed()
        environment = workspace.environment | {"PATH": f"{folder}:{workspace.environment['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", LINE], cwd=workspace.directory, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    return run


def expect(fleet, what, *names, target=None):
    """The lines of all interfaces of these instances."""
    return sorted(
        [what, interface, fleet.instances[name], target or fleet.target, "mirror_coverage.prod"]
        for name in names
        for interface in fleet.interfaces[name]
    )


@pytest.mark.spine
def test_from_the_first_to_the_last_session(workspace, sandbox, fleet, lines):
    workspace.configure(sandbox.provider(), coverage(fleet))
    assert lines() == expect(fleet, "created", "web-1", "web-2")
    workspace.apply()
    assert lines() == [], "nothing to do, nothing to say"

    fleet.launch("web-3", Mirror="True")
    sandbox.untag(fleet.instances["web-1"], key="Mirror")
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{fleet.other_target}"]'))
    moved = expect(fleet, "moved", "web-2", target=f"{fleet.target} -> {fleet.other_target}")
    created = expect(fleet, "created", "web-3", target=fleet.other_target)
    assert sorted(lines()) == sorted([*expect(fleet, "deleted", "web-1"), *moved, *created])
    workspace.apply()
    everything = expect(fleet, "deleted", "web-2", "web-3", target=fleet.other_target)
    assert sorted(lines("-destroy")) == everything


@pytest.mark.spine
def test_a_target_of_the_same_run(workspace, sandbox, fleet, core, lines):
    late = Unknown(core)
    workspace.configure(
        sandbox.provider(), coverage(fleet, targets=f"[{late.expression(fleet.target)}]"), late.block()
    )
    assert lines() == expect(fleet, "created", "web-1", "web-2", target="(known after apply)")
    workspace.apply()
    late = Unknown(core, trigger="2")
    workspace.configure(
        sandbox.provider(), coverage(fleet, targets=f"[{late.expression(fleet.other_target)}]"), late.block()
    )
    shown = f"{fleet.target} -> (known after apply)"
    assert lines() == expect(fleet, "moved", "web-1", "web-2", target=shown)


@pytest.mark.spine
def test_an_unknown_selector(workspace, sandbox, fleet, core, lines):
    late = Unknown(core)
    selector = late.selector("True")
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector), late.block())
    assert lines() == [["mirror_coverage.prod", "unknown until apply"]]


@pytest.mark.spine
def test_adopted(workspace, sandbox, fleet, lines):
    (interface,) = fleet.interfaces["web-1"]
    sandbox.ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        TrafficMirrorTargetId=fleet.other_target,
        TrafficMirrorFilterId=fleet.filter,
        SessionNumber=1,
        Description="by hand",
    )
    workspace.configure(sandbox.provider(), coverage(fleet, 'adopt = { descriptions = ["by hand"] }'))
    adopted, created = expect(fleet, "adopted", "web-1"), expect(fleet, "created", "web-2")
    assert sorted(lines()) == sorted([*adopted, *created])


@pytest.mark.spine
def test_changed(workspace, sandbox, fleet, lines):
    """Drift of one session is its own line with what is amiss; a new tag is a line for each."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    session = sandbox.session_on(interface)
    sandbox.ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=session.id, TrafficMirrorFilterId=fleet.other_filter
    )
    ((*line, detail, coverage_address),) = lines()
    assert [*line, coverage_address] == expect(fleet, "changed", "web-1")[0]
    assert fleet.other_filter in detail
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=session.id)
    ((*line, detail, coverage_address),) = lines()
    assert [*line, coverage_address] == expect(fleet, "created", "web-1")[0]
    assert detail == f"{session.id} is gone"
    workspace.apply()
    workspace.configure(sandbox.provider(), coverage(fleet, 'tags = { Team = "security" }'))
    assert lines() == expect(fleet, "changed", "web-1", "web-2")


@pytest.mark.spine
def test_replaced(workspace, sandbox, fleet, lines):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    both = [*expect(fleet, "deleted", "web-1", "web-2"), *expect(fleet, "created", "web-1", "web-2")]
    assert sorted(lines("-replace=mirror_coverage.prod")) == sorted(both)


def test_a_repair_of_the_filter_alone(workspace, sandbox, fleet, lines):
    workspace.configure(sandbox.provider(), coverage_without(fleet, "traffic_mirror_filter_id"))
    workspace.apply()
    filter_id = workspace.state()["mirror_coverage.prod"]["filter_id"]
    (found,) = sandbox.ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=[filter_id])["TrafficMirrorFilters"]
    rule = found["IngressFilterRules"][0]["TrafficMirrorFilterRuleId"]
    sandbox.ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=rule)
    ((what, changed, *_, detail, coverage_address),) = lines()
    assert (what, changed, coverage_address) == ("changed", filter_id, "mirror_coverage.prod")
    assert "ingress" in detail
