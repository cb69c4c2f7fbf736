"""Each message of docs/guides/troubleshooting.md, brought about."""

import re

import pytest

from harness.documents import GUIDES
from harness.hcl import coverage, coverage_without

PROD = "mirror_coverage.prod"
HEADINGS = set(re.findall(r"^## `(.+)`$", (GUIDES / "troubleshooting.md").read_text(), re.MULTILINE))


def inconsistent(workspace, sandbox, fleet):
    if workspace.core.product == "terraform" and workspace.core.version >= (1, 16):
        pytest.skip("this core hands the first plan's fleet to the final plan")
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.save_plan()
    fleet.launch("web-3", Mirror="True")
    # Another machine has none of the notes of this one.
    elsewhere = workspace.directory.with_name("elsewhere")
    elsewhere.mkdir()
    result = workspace.run("apply", "-json", "-input=false", "saved.tfplan", env={"TMPDIR": str(elsewhere)})
    assert result.code == 1 and sandbox.sessions() == [], "nothing was changed"
    yield result
    # The first remedy.
    workspace.apply()
    workspace.destroy()
    # The second.
    selector = 'selector {\n    tags = { Mirror = "True" }\n  }'
    pinned = f'data "mirror_interfaces" "prod" {{\n  {selector}\n}}\n'
    selection = coverage_without(fleet, "selector", "selection = data.mirror_interfaces.prod.selection")
    workspace.configure(sandbox.provider(), pinned, selection)
    workspace.save_plan()
    fleet.launch("web-4", Mirror="True")
    workspace.apply_saved()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces() | set(
        fleet.interfaces["web-3"]
    )


def target_full(workspace, sandbox, fleet):
    """Somebody else fills the target between plan and apply."""
    fleet.launch("small")
    small = fleet.create_target("small")
    workspace.configure(sandbox.provider(), coverage(fleet, "allow_partial = true", targets=f'["{small}"]'))
    workspace.save_plan()
    for interface in sorted(fleet.launch_many(8, Team="another")):
        sandbox.create_session(interface, small, fleet.filter, 1)
    yield workspace.apply_saved()
    assert len(sandbox.sessions("prod")) == 2
    both = f'["{small}", "{fleet.target}"]'
    workspace.configure(sandbox.provider(), coverage(fleet, 'placement = "balanced"', targets=both))
    workspace.apply()
    assert len(sandbox.sessions("prod")) == 3


def quota(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    for number in (1, 2, 3):
        sandbox.create_session(interface, fleet.target, fleet.filter, number)
    workspace.configure(sandbox.provider(), coverage(fleet))
    yield workspace.try_plan()
    workspace.configure(sandbox.provider(), coverage(fleet, "allow_partial = true"))
    workspace.apply()


def override_refused(workspace, sandbox, fleet):
    sandbox.tag(fleet.instances["web-1"], **{"Mirror-Target": fleet.other_target})
    rule = f'override = {{ target_tag = "Mirror-Target", target_ids = ["{fleet.target}"] }}'
    workspace.configure(sandbox.provider(), coverage(fleet, rule))
    result = workspace.try_plan()
    assert any("OVERRIDE_REFUSED" in warning.detail for warning in result.warnings)
    yield result
    workspace.configure(sandbox.provider(), coverage(fleet, rule.replace(fleet.target, fleet.other_target)))
    workspace.apply()
    assert sandbox.session_on(fleet.interfaces["web-1"][0]).target == fleet.other_target


def number_in_use(workspace, sandbox, fleet):
    (interface,) = fleet.interfaces["web-1"]
    sandbox.create_session(interface, fleet.target, fleet.filter, 7)
    workspace.configure(sandbox.provider(), coverage(fleet, "session_number = 7"))
    assert any("Session number 7 is taken" in warning.summary for warning in workspace.plan().warnings)
    result = workspace.apply_saved()
    (warning,) = [warning for warning in result.warnings if "could not be" in warning.summary]
    assert "InvalidParameterValue" in warning.detail and "already being used" in warning.detail
    yield result
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    assert sandbox.session_on(interface, "prod").number == 8


def denied(workspace, sandbox, fleet):
    sandbox.fault("deny", "DescribeInstances")
    sandbox.fault("deny", "DescribeNetworkInterfaces")
    workspace.configure(sandbox.provider(), coverage(fleet))
    result = workspace.try_plan()
    assert any("ec2:Describe" in error.text for error in result.errors)
    yield result
    sandbox.no_faults()
    sandbox.fault("deny", "CreateTrafficMirrorSession")
    workspace.configure(sandbox.provider(), coverage(fleet, "preflight_dry_run = true"))
    assert workspace.try_plan().code == 1
    sandbox.no_faults()
    workspace.apply()


def empty(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    for name in ("web-1", "web-2"):
        sandbox.untag(fleet.instances[name], key="Mirror")
    yield workspace.try_plan()
    workspace.destroy("-refresh=false")
    assert sandbox.sessions() == []


def closed_port(workspace, sandbox, fleet):
    groups = sandbox.ec2.describe_security_groups()["SecurityGroups"]
    (group,) = [found["GroupId"] for found in groups if found["GroupName"] == "closed"]
    fleet.launch("closed", group=group)
    target = fleet.create_target("closed")
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{target}"]'))
    yield workspace.try_plan()
    vxlan = {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    sandbox.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[vxlan])
    assert workspace.plan().warnings == []
    workspace.apply_saved()
    workspace.assert_empty_plan()


def unseen(workspace, sandbox, fleet):
    sandbox.fault("deny", "DescribeTargetGroups")
    workspace.configure(sandbox.provider(), coverage(fleet, targets=f'["{fleet.balancer_target()}"]'))
    yield workspace.try_plan()
    sandbox.no_faults()
    assert workspace.plan().warnings == []
    workspace.apply_saved()
    workspace.assert_empty_plan()


def namesake(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    state = workspace.directory / "terraform.tfstate"
    owner = workspace.state()[PROD]["id"]
    state.unlink()
    yield workspace.try_plan()
    workspace.import_(PROD, owner).succeed()
    sandbox.forget_calls()
    workspace.apply()
    assert sandbox.changing_calls() == []


def filter_in_use(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage_without(fleet, "traffic_mirror_filter_id"))
    workspace.apply()
    used = workspace.state()[PROD]["filter_id"]
    (interface,) = fleet.interfaces["database"]
    user = sandbox.create_session(interface, fleet.target, used, 1)
    result = workspace.try_destroy()
    (error,) = result.errors
    assert all(word in error.detail for word in (used, user, "InUse")) and " sessions could not" not in error.summary
    yield result
    assert [session.id for session in sandbox.sessions()] == [user]
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=user)
    workspace.destroy()
    filters = sandbox.ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
    assert used not in {found["TrafficMirrorFilterId"] for found in filters}


def left_alone(workspace, sandbox, fleet):
    """Every plan says it, also when there is nothing to adopt any more, or never was."""
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    left = {sandbox.create_session(interface, fleet.target, fleet.filter, 5) for interface in fleet.tagged_interfaces()}
    for session in left:
        sandbox.ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=session, Description="by hand")
    adopting = coverage(fleet, 'adopt = { descriptions = ["by hand"] }')
    for _ in range(2):
        workspace.configure(sandbox.provider(), adopting)
        result = workspace.apply()
        (warning,) = workspace.try_plan().warnings
        assert all(session in warning.detail for session in left)
    yield result
    workspace.configure(sandbox.provider(), coverage(fleet))
    assert workspace.plan().warnings == []
    workspace.configure(sandbox.provider(), adopting)
    for session in left:
        sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=session)
    assert workspace.plan().warnings == []


def taken_over_in_one_state(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet, name="old", label="old"))
    workspace.apply()
    before = {session.id for session in sandbox.sessions()}
    workspace.configure(sandbox.provider(), coverage(fleet, 'adopt = { coverage_names = ["old"] }'))
    yield workspace.try_apply()
    assert {session.id for session in sandbox.sessions("old")} == before
    workspace.run("state", "rm", "mirror_coverage.old").succeed()
    workspace.apply()
    assert {session.id for session in sandbox.sessions("prod")} == before


def lagging(workspace, sandbox, fleet):
    sandbox.delay_describes(600)
    workspace.configure(sandbox.provider(), coverage(fleet))
    yield workspace.try_apply().succeed()
    sandbox.delay_describes(0)
    workspace.assert_empty_plan()


def no_account(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(access_key=None, secret_key=None), coverage(fleet))
    yield workspace.try_plan()
    wrong = {
        "SignatureDoesNotMatch": sandbox.provider(secret_key='"another"'),
        "111111111111": sandbox.provider(allowed_account_ids='["111111111111"]'),
        "http://127.0.0.1:1": sandbox.provider(endpoint='"http://127.0.0.1:1"'),
        "region": sandbox.provider(region=None),
    }
    for cause, block in wrong.items():
        workspace.configure(block, coverage(fleet))
        (error,) = workspace.try_plan().errors
        assert error.summary == "The provider cannot use the AWS account" and cause in error.detail, error.text
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()


def too_many_deletes(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.apply()
    before = sandbox.sessions()
    limited = coverage(fleet, 'limits = { max_deletes = "1" }')
    sandbox.untag(fleet.instances["web-2"], key="Mirror")
    workspace.configure(sandbox.provider(), limited)
    yield workspace.try_plan()
    assert sandbox.sessions() == before
    workspace.configure(sandbox.provider(), limited.replace('"1"', '"2"'))
    workspace.apply()
    assert len(sandbox.sessions()) == 1


def too_many_tags(workspace, sandbox, fleet):
    tags = "\n".join(f"    tag{number} = {number}" for number in range(48))
    workspace.configure(sandbox.provider(), coverage(fleet, f"tags = {{\n{tags}\n  }}"))
    yield workspace.try_plan()
    workspace.configure(sandbox.provider(), coverage(fleet, f"tags = {{\n{tags}\n  }}".replace("    tag47 = 47\n", "")))
    workspace.apply()


def nothing_to_import(workspace, sandbox, fleet):
    workspace.configure(sandbox.provider(), coverage(fleet))
    yield workspace.import_(PROD, "prod")
    workspace.apply()


SITUATIONS = {
    "The provider cannot use the AWS account": no_account,
    "Too many sessions would be deleted": too_many_deletes,
    "Too many tags": too_many_tags,
    "No coverage to import": nothing_to_import,
    "EC2 does not show all changes yet": lagging,
    "The coverage whose sessions are to be adopted is still in this state": taken_over_in_one_state,
    "Provider produced inconsistent final plan": inconsistent,
    "TrafficMirrorSourcesPerTargetLimitExceeded": target_full,
    "No room for more traffic mirror sessions": quota,
    "selected network interfaces get no session": override_refused,
    "traffic mirror sessions could not be created": number_in_use,
    "UnauthorizedOperation": denied,
    "Some of what is behind the traffic mirror targets cannot be seen": unseen,
    "A traffic mirror target lets no mirrored packet in": closed_port,
    "Every session would be deleted": empty,
    "Another coverage has the same name": namesake,
    "The coverage's own traffic mirror filter could not be deleted": filter_in_use,
    "Some sessions that adopt describes are left alone": left_alone,
}


def test_every_heading_has_a_situation():
    # The error of the target's own resource is in test_targets.py, creates on several machines are in test_elsewhere.py.
    elsewhere = {"TrafficMirrorTargetInUseException", "Another create of this coverage may still run"}
    assert HEADINGS == SITUATIONS.keys() | elsewhere


@pytest.mark.parametrize("message", SITUATIONS)
def test_message_and_remedy(workspace, sandbox, fleet, message):
    situation = SITUATIONS[message](workspace, sandbox, fleet)
    result = next(situation)
    # `terraform import` knows no JSON.
    told = [one.text for one in result.diagnostics] or [result.text]
    assert any(message in text for text in told), result.readable()
    assert next(situation, None) is None
