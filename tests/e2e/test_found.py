"""What `terraform query` writes down imports and changes nothing, whatever the lost configuration said."""

import json
import re

import pytest

from harness import paths
from harness.hcl import coverage, coverage_without
from harness.query import assert_takes_over, events, query, write_down
from harness.sandbox import sandbox as start_sandbox

pytestmark = pytest.mark.needs("query")

def detach(sandbox, interface):
    described = sandbox.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
    sandbox.ec2.detach_network_interface(AttachmentId=described["Attachment"]["AttachmentId"], Force=True)


def test_what_differs_between_the_sessions_stays(workspaces, sandbox, fleet):
    """Filters picked by tags, copies of tags, and what somebody changed by hand."""
    sandbox.tag(fleet.instances["web-1"], MF=fleet.other_filter, Owner="ann")
    sandbox.tag(fleet.instances["web-2"], Owner="bob")
    lost = workspaces("lost")
    by_tag = f'override = {{\n    filter_tag = "MF"\n    filter_ids = ["{fleet.other_filter}"]\n  }}'
    lost.configure(sandbox.provider(), coverage(fleet, by_tag, 'copy_tags = ["Owner", "Nowhere"]', "session_number = 5"))
    lost.apply()
    (by_tag,), (first, second) = fleet.interfaces["web-1"], fleet.interfaces["web-2"]
    session = {name: sandbox.session_on(name) for name in (by_tag, first, second)}
    assert session[by_tag].filter == fleet.other_filter
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session[first].id, PacketLength=200)
    sandbox.tag(session[second].id, Stray="by hand")
    detach(sandbox, second)

    fresh, warnings = write_down(workspaces, sandbox.provider())
    written = (fresh.directory / "found.tf").read_text()
    assert '"Owner"' in written and "Nowhere" not in written and "Stray" not in written
    told = " ".join(" ".join(warning.text.split()) for warning in warnings)
    for what in (by_tag, fleet.other_filter, first, "200 bytes", second, "Stray", "attached to no instance"):
        assert what in told, f"{what}: {told}"
    assert_takes_over(fresh, sandbox, 1)

    # Each stays until its own argument says something else.
    (address,) = fresh.state()
    rows = fresh.state()[address]["sessions"]
    assert rows[by_tag]["traffic_mirror_filter_id"] == fleet.other_filter
    found = fresh.directory / "found.tf"

    def edited(argument, value):
        text, changed = re.subn(rf"(?m)^  {argument} +=.*$", f"  {argument} = {value}", found.read_text())
        assert changed == 1
        found.write_text(text)
        fresh.apply()
        return {name: sandbox.session_on(name) for name in (by_tag, first, second)}

    sandbox.ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=session[by_tag].id, TrafficMirrorFilterId=fleet.filter
    )
    shaped = edited("packet_length", 128)
    assert {one.packet_length for one in shaped.values()} == {128}
    assert shaped[by_tag].filter == fleet.other_filter, "and its drift is repaired"
    shaped = edited("packet_length", "null")
    assert {one.packet_length for one in shaped.values()} == {None}
    shaped = edited("traffic_mirror_filter_id", json.dumps(fleet.other_filter))
    assert {one.filter for one in shaped.values()} == {fleet.other_filter}
    assert shaped[second].tags["Stray"] == "by hand"
    # Where the ids give way to a selector, the usual rules hold: what is attached to nothing is mirrored by nobody.
    text = found.read_text()
    start = text.index("  selector {")
    end = text.index("\n  }\n", start) + 5
    found.write_text(text[:start] + '  selector {\n    tags = { Mirror = "True" }\n  }\n' + text[end:])
    fresh.apply()
    assert {one.interface for one in sandbox.sessions()} == {by_tag, first}


def test_what_only_a_flag_admits_stays(workspaces):
    """A sensor, a type that no list has, and what services manage; the sandbox itself would let nobody mirror the last two."""
    file = paths.ROOT / "tests" / "e2e" / "fleets" / "admitted.yaml"
    with start_sandbox("--fleet", str(file), "--no-throttle") as running:
        fresh, warnings = write_down(workspaces, running.provider())
        assert warnings == [], "nothing of it has to be guessed"
        assert_takes_over(fresh, running, 2)
        states = {state["name"]: state for state in fresh.state().values()}
        flags = ("include_sensors", "include_requester_managed", "try_instance_types")
        assert [states["prod"][flag] for flag in flags] == [True, True, ["t2.micro"]]
        assert [states["plain"][flag] for flag in flags] == [None, None, None]
        # It is managed as before: what vanishes comes back.
        sensor = "eni-0eeeeeeeeeeeeee81"
        running.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=running.session_on(sensor).id)
        fresh.apply()
        assert running.session_on(sensor).tags["mirror:coverage"] == "prod"


def test_a_coverage_without_sessions_is_found_by_its_filter(workspaces, sandbox, fleet):
    lost = workspaces("lost")
    lost.configure(
        sandbox.provider(),
        coverage_without(fleet, "traffic_mirror_filter_id", "enabled = false", 'tags = { Team = "security" }'),
        coverage(fleet, label="test", name="test"),
    )
    lost.apply()
    owner = lost.state()["mirror_coverage.prod"]["id"]
    fresh, warnings = write_down(workspaces, sandbox.provider())
    assert any("no session" in warning.text for warning in warnings), warnings
    assert_takes_over(fresh, sandbox, 2)
    states = {state["name"]: state for state in fresh.state().values()}
    assert states["prod"]["id"] == owner and states["prod"]["enabled"] is False
    # Given a target and a selector, it goes on with its filter.
    found = fresh.directory / "found.tf"
    lines = [line for line in found.read_text().splitlines() if line.split("=")[0].strip() != "enabled"]
    text = "\n".join(lines).replace(
        "traffic_mirror_target_ids = []",
        f'traffic_mirror_target_ids = ["{fleet.target}"]\n  selector {{\n    tags = {{ Mirror = "True" }}\n  }}',
    )
    found.write_text(text + "\n")
    fresh.apply()
    filters = {session.filter for session in sandbox.sessions("prod")}
    assert filters == {states["prod"]["filter_id"]}


def twin_of(sandbox, session, **more):
    """Another session of the same coverage on the same interface."""
    tags = [{"Key": key, "Value": value} for key, value in session.tags.items()]
    made = sandbox.ec2.create_traffic_mirror_session(
        NetworkInterfaceId=session.interface,
        TrafficMirrorTargetId=session.target,
        TrafficMirrorFilterId=session.filter,
        SessionNumber=9,
        TagSpecifications=[{"ResourceType": "traffic-mirror-session", "Tags": tags}],
        **more,
    )
    return made["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def test_a_second_session_on_an_interface_stays(workspaces, sandbox, fleet):
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), coverage(fleet))
    lost.apply()
    one, another, _ = sandbox.sessions()
    twin = twin_of(sandbox, one, PacketLength=64)
    fresh, warnings = write_down(workspaces, sandbox.provider())
    assert any(twin in warning.text and "second session" in warning.text for warning in warnings), warnings
    assert_takes_over(fresh, sandbox, 1)
    # One that comes later is drift, and so is whatever becomes of the first.
    later = twin_of(sandbox, another)
    sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=one.id, PacketLength=100)
    fresh.apply()
    left = {session.id: session for session in sandbox.sessions()}
    assert twin in left and later not in left and len(left) == 4
    assert left[one.id].packet_length is None
    # Where the ids give way to a selector, there is one for each interface again.
    found = fresh.directory / "found.tf"
    text = found.read_text()
    start = text.index("  selector {")
    end = text.index("\n  }\n", start) + 5
    found.write_text(text[:start] + '  selector {\n    tags = { Mirror = "True" }\n  }\n' + text[end:])
    result = fresh.apply()
    assert twin not in {session.id for session in sandbox.sessions()}
    assert len(sandbox.sessions()) == 3
    assert any(twin in warning.text and "deleted" in warning.summary for warning in result.warnings), result.readable()


def test_a_second_session_goes_with_the_first(workspaces, sandbox, fleet):
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), coverage(fleet))
    lost.apply()
    twin_of(sandbox, sandbox.sessions()[0])
    fresh, _ = write_down(workspaces, sandbox.provider())
    fresh.apply()
    fresh.destroy()
    assert sandbox.sessions() == []


def test_a_filter_of_its_own_stays_as_it_was_found(workspaces, sandbox, fleet):
    lost = workspaces("lost")
    lost.configure(
        sandbox.provider(), coverage_without(fleet, "traffic_mirror_filter_id", 'tags = { Team = "security" }')
    )
    lost.apply()
    own = lost.state()["mirror_coverage.prod"]["filter_id"]

    def rules():
        (found,) = sandbox.ec2.describe_traffic_mirror_filters(TrafficMirrorFilterIds=[own])["TrafficMirrorFilters"]
        return [rule for way in ("IngressFilterRules", "EgressFilterRules") for rule in found[way]]

    first, second, *_ = [rule["TrafficMirrorFilterRuleId"] for rule in rules()]
    sandbox.ec2.modify_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=first, RuleAction="reject")
    sandbox.tag(own, Stray="by hand")
    sandbox.untag(own, key="Team")
    fresh, warnings = write_down(workspaces, sandbox.provider())
    told = " ".join(" ".join(warning.text.split()) for warning in warnings)
    for what in (own, first, "Stray", "Team"):
        assert what in told, f"{what}: {told}"
    assert_takes_over(fresh, sandbox, 1)
    # What changes after that is drift as ever.
    sandbox.ec2.delete_traffic_mirror_filter_rule(TrafficMirrorFilterRuleId=second)
    fresh.apply()
    assert {rule["RuleAction"] for rule in rules()} == {"accept"} and len(rules()) == 4


def test_without_an_account_id_it_is_said(workspaces, sandbox, fleet):
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), coverage(fleet))
    lost.apply()
    fresh = workspaces("fresh")
    skips = "  skip_credentials_validation = true\n  skip_requesting_account_id = true\n}"
    fresh.configure(sandbox.provider().rstrip().removesuffix("}") + skips + "\n")
    (fresh.directory / "find.tfquery.hcl").write_text(query())
    result = fresh.run("query", "-json").succeed()
    (found,) = [event["list_resource_found"] for event in events(result) if event["type"] == "list_resource_found"]
    assert found["identity"].get("account_id") is None
    assert any("account" in warning.summary and "skip_requesting_account_id" in warning.text for warning in result.warnings)


def test_one_region_fails_and_the_other_is_listed(workspaces, sandbox, fleet):
    lost = workspaces("lost")
    lost.configure(sandbox.provider(), coverage(fleet))
    lost.apply()
    fresh = workspaces("fresh")
    fresh.configure(sandbox.provider())
    regions = query(f'regions = ["us-east-1", "{sandbox.region}"]')
    (fresh.directory / "find.tfquery.hcl").write_text(regions)
    sandbox.fault("deny", "DescribeTrafficMirrorSessions", times=1)
    result = fresh.run("query", "-json")
    found = [event["list_resource_found"] for event in events(result) if event["type"] == "list_resource_found"]
    assert [one["identity"]["region"] for one in found] == [sandbox.region]
    (warning,) = [warning for warning in result.warnings if "could not be listed" in warning.summary]
    assert result.code == 0 and "Region: us-east-1" in warning.text and "DescribeTrafficMirrorSessions" in warning.text
    # Where none can be listed, that is an error.
    sandbox.fault("deny", "DescribeTrafficMirrorSessions")
    result = fresh.run("query", "-json")
    assert result.code == 1 and len(result.errors) == 2
