"""default_tags and ignore_tags of the provider block, and tags_all."""

import json

import pytest

from harness.hcl import Unknown, coverage, coverage_without

PROD = "mirror_coverage.prod"


def block(name: str, **arguments) -> str:
    lines = [f"    {key} = {value if isinstance(value, str) else json.dumps(value)}" for key, value in arguments.items()]
    return f"  {name} {{\n" + "\n".join(lines) + "\n  }\n"


def provider(sandbox, *blocks: str) -> str:
    return sandbox.provider().removesuffix("}") + "".join(blocks) + "}\n"


def default_tags(**tags: str) -> str:
    return block("default_tags", tags=tags)


def users_tags(session) -> dict[str, str]:
    return {key: value for key, value in session.tags.items() if key != "Name" and not key.startswith("mirror:")}


def all_tags(sandbox) -> dict[str, str]:
    """The users' tags, the same on every session."""
    first, *others = [users_tags(session) for session in sandbox.sessions("prod")]
    assert all(other == first for other in others)
    return first


@pytest.mark.spine
def test_default_tags(workspace, sandbox, fleet):
    tags = 'tags = { Team = "security", Stage = "prod" }'
    workspace.configure(provider(sandbox, default_tags(Team="network", Stage="prod", Cost="42")), coverage(fleet, tags))
    expected = {"Team": "security", "Stage": "prod", "Cost": "42"}
    assert workspace.plan().after(PROD)["tags_all"] == expected
    workspace.apply()
    assert all_tags(sandbox) == expected
    assert workspace.state()[PROD]["tags"] == {"Team": "security", "Stage": "prod"}

    # Another default is a change in place, by one batch for all sessions.
    before = {session.id for session in sandbox.sessions()}
    workspace.configure(provider(sandbox, default_tags(Team="network", Owner="me")), coverage(fleet, tags))
    plan = workspace.plan()
    assert plan.actions == {PROD: ["update"]}
    assert plan.before(PROD)["tags_all"] == expected
    assert plan.after(PROD)["tags_all"] == {"Team": "security", "Stage": "prod", "Owner": "me"}
    assert plan.sessions(PROD).kept == fleet.tagged_interfaces()
    sandbox.forget_calls()
    workspace.apply_saved()
    assert [call.action for call in sandbox.changing_calls()] == ["CreateTags", "DeleteTags"]
    workspace.assert_empty_plan()
    assert all_tags(sandbox) == {"Team": "security", "Stage": "prod", "Owner": "me"}
    assert {session.id for session in sandbox.sessions()} == before

    # Without the block the defaults go.
    workspace.configure(sandbox.provider(), coverage(fleet, tags))
    workspace.apply()
    assert all_tags(sandbox) == {"Team": "security", "Stage": "prod"}


def test_drift_of_a_default_tag(workspace, sandbox, fleet):
    workspace.configure(provider(sandbox, default_tags(Team="network")), coverage(fleet))
    workspace.apply()
    session = sandbox.sessions()[0]
    sandbox.untag(session.id, key="Team")
    assert workspace.plan().before(PROD)["deviations"] == {session.interface: "tag Team is missing"}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert all_tags(sandbox) == {"Team": "network"}


@pytest.mark.spine
def test_ignored_tags_belong_to_others(workspace, sandbox, fleet):
    ignore = block("ignore_tags", keys=["Owner"], key_prefixes=["cost:"])
    tags = 'tags = { Team = "security", "cost:unit" = "ours" }'
    sandbox.tag(fleet.instances["web-1"], Owner="of the instance")
    workspace.configure(
        provider(sandbox, ignore, default_tags(Owner="default")), coverage(fleet, tags, 'copy_tags = ["Owner"]')
    )
    assert workspace.plan().after(PROD)["tags_all"] == {"Team": "security"}
    workspace.apply()
    assert all_tags(sandbox) == {"Team": "security"}

    for session in sandbox.sessions():
        sandbox.tag(session.id, **{"Owner": "them", "cost:centre": "7", "cost:unit": "theirs"})
    workspace.assert_empty_plan()
    # Other drift on the same sessions is repaired around them.
    for session in sandbox.sessions():
        sandbox.tag(session.id, Team="stranger", Stray="1")
    plan = workspace.plan()
    assert {"tag Team is \"stranger\"; tag Stray is not in the configuration"} == set(
        plan.before(PROD)["deviations"].values()
    )
    workspace.apply_saved()
    workspace.assert_empty_plan()
    theirs = {"Owner": "them", "cost:centre": "7", "cost:unit": "theirs"}
    assert all_tags(sandbox) == {"Team": "security"} | theirs

    # No longer ignored, they are drift as any other tag.
    workspace.configure(sandbox.provider(), coverage(fleet, 'tags = { Team = "security" }'))
    workspace.apply()
    assert all_tags(sandbox) == {"Team": "security"}


def test_an_ignored_name_is_not_written(workspace, sandbox, fleet):
    workspace.configure(provider(sandbox, block("ignore_tags", keys=["Name"])), coverage(fleet, 'name_tag = "x"'))
    workspace.apply()
    assert {session.tags.get("Name") for session in sandbox.sessions()} == {None}


def test_environment(workspaces, sandbox, fleet):
    workspace = workspaces(
        "environment",
        TF_AWS_DEFAULT_TAGS_Team="environment",
        TF_AWS_DEFAULT_TAGS_Stage="environment",
        TF_AWS_IGNORE_TAGS_KEYS="Owner,Other",
        TF_AWS_IGNORE_TAGS_KEY_PREFIXES="cost:",
    )
    workspace.configure(provider(sandbox, default_tags(Team="block")), coverage(fleet))
    workspace.apply()
    assert all_tags(sandbox) == {"Team": "block", "Stage": "environment"}
    sandbox.tag(sandbox.sessions()[0].id, **{"Owner": "them", "cost:centre": "7"})
    workspace.assert_empty_plan()


@pytest.mark.spine
def test_defaults_known_after_apply(workspace, sandbox, fleet, core):
    """A value that is known only after apply leaves the plan of the sessions as it is."""
    late = Unknown(core)
    value = late.expression("run-1")
    workspace.configure(
        provider(sandbox, block("default_tags", tags=f'{{ Team = "network", Run = {value} }}')),
        late.block(),
        coverage(fleet),
    )
    plan = workspace.plan()
    assert set(plan.after(PROD)["sessions"]) == fleet.tagged_interfaces()
    assert plan.unknown(PROD)["tags_all"]
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert all_tags(sandbox) == {"Team": "network", "Run": "run-1"}


def test_ignored_known_after_apply(workspace, sandbox, fleet, core):
    late = Unknown(core)
    value = late.expression("Owner")
    workspace.configure(provider(sandbox), coverage(fleet, 'tags = { Team = "security" }'))
    workspace.apply()
    sandbox.tag(sandbox.sessions()[0].id, Owner="them")
    workspace.configure(
        provider(sandbox, block("ignore_tags", keys=f"[{value}]")),
        late.block(),
        coverage(fleet, 'tags = { Team = "security" }'),
    )
    plan = workspace.plan()
    assert plan.unknown(PROD)["tags_all"] is True
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sandbox.sessions()[0].tags["Owner"] == "them"


RESERVED = {
    "default-mirror": (block("default_tags", tags={"mirror:coverage": "x"}), "mirror:coverage"),
    "default-aws": (block("default_tags", tags={"aws:x": "x"}), "aws:x"),
    "ignored-key": (block("ignore_tags", keys=["mirror:coverage-id"]), "mirror:coverage-id"),
    "ignored-prefix": (block("ignore_tags", key_prefixes=["mirror"]), '"mirror"'),
    "ignored-all": (block("ignore_tags", key_prefixes=[""]), "mirror:coverage"),
}


@pytest.mark.parametrize("case", RESERVED)
def test_reserved_keys(workspace, sandbox, fleet, case):
    wrong, named = RESERVED[case]
    workspace.configure(provider(sandbox, wrong), coverage(fleet))
    result = workspace.try_plan()
    assert result.code == 1, result.readable()
    (error,) = result.errors
    assert error.summary == "Reserved tag key" and named in error.detail, result.readable()
    assert error.code.split()[0] in ("tags", "keys", "key_prefixes"), error.code


def test_fifty_tags_and_no_more(workspace, sandbox, fleet):
    """EC2 takes 50; three are the provider's own, and a copied tag counts where an instance has it."""
    many = {f"default-{number:02}": "x" for number in range(40)}
    own = {f"own-{number}": "x" for number in range(7)}
    hcl = coverage(fleet, f"tags = {json.dumps(own)}", 'copy_tags = ["Copied"]')
    workspace.configure(provider(sandbox, default_tags(**many)), hcl)
    workspace.apply()
    assert {len(session.tags) for session in sandbox.sessions()} == {50}

    sandbox.tag(fleet.instances["web-1"], Copied="1")
    result = workspace.try_plan()
    assert result.code == 1, result.readable()
    (error,) = result.errors
    assert error.summary == "Too many tags" and "tags" in error.code, result.readable()
    assert fleet.interfaces["web-1"][0] in error.detail and "51" in error.detail
    assert {len(session.tags) for session in sandbox.sessions()} == {50}


@pytest.mark.spine
def test_import_with_default_tags(workspaces, sandbox, fleet):
    hcl = (provider(sandbox, default_tags(Team="network")), coverage(fleet, 'tags = { Stage = "prod" }'))
    first = workspaces("first")
    first.configure(*hcl)
    first.apply()
    second = workspaces("second")
    second.configure(*hcl)
    imported = second.import_(PROD, "prod")
    assert imported.code == 0, imported.text
    state = second.state()[PROD]
    assert state["tags"] == {"Stage": "prod"}
    assert state["tags_all"] == {"Stage": "prod", "Team": "network"}
    sandbox.forget_calls()
    second.apply()
    assert sandbox.changing_calls() == []


def test_tags_of_many_sessions_are_written_in_batches(workspace, sandbox, fleet):
    """At most 200 a call; one that was deleted meanwhile halves its batch and stops nobody else."""
    fleet.launch_many(450, Mirror="many")
    many = {"selector": 'selector {\n    tags = { Mirror = "many" }\n  }', "targets": f'["{fleet.balancer_target()}"]'}
    workspace.configure(sandbox.provider(), coverage(fleet, 'tags = { A = "1", B = "2" }', **many))
    workspace.apply()
    before = {session.id for session in sandbox.sessions()}
    workspace.configure(sandbox.provider(), coverage(fleet, 'tags = { A = "2" }', **many))
    sandbox.forget_calls()
    workspace.apply()
    actions = [call.action for call in sandbox.changing_calls()]
    assert sorted(actions) == ["CreateTags"] * 3 + ["DeleteTags"] * 3
    assert all(len(call.sessions()) <= 200 for call in sandbox.changing_calls())

    workspace.configure(sandbox.provider(), coverage(fleet, 'tags = { A = "3" }', **many))
    workspace.save_plan()
    gone = sandbox.sessions()[5].id
    sandbox.ec2.delete_traffic_mirror_session(TrafficMirrorSessionId=gone)
    sandbox.forget_calls()
    workspace.apply_saved()
    assert {call.action for call in sandbox.changing_calls()} == {"CreateTags"}, "nothing is made anew"
    found = sandbox.sessions()
    assert {session.id for session in found} == before - {gone}
    assert {(session.tags.get("A"), session.tags.get("B")) for session in found} == {("3", None)}


def numbered(prefix: str, count: int, value: str = "x") -> str:
    return "tags = " + json.dumps({f"{prefix}-{number:02}": value for number in range(count)})


@pytest.mark.parametrize("why", ["full", "denied"])
def test_a_session_that_takes_no_tag_stops_no_other(workspace, sandbox, fleet, why):
    """It alone is neither tagged nor changed, and the next apply tries it again."""
    ignore = block("ignore_tags", key_prefixes=["theirs-"])
    workspace.configure(provider(sandbox, ignore), coverage(fleet, 'tags = { A = "1" }', "packet_length = 200"))
    workspace.apply()
    (interface,) = fleet.interfaces["web-1"]
    session = sandbox.session_on(interface)
    if why == "full":
        code = "TagLimitExceeded"
        sandbox.tag(session.id, **{f"theirs-{number}": "x" for number in range(50 - len(session.tags))})
    else:
        code = "UnauthorizedOperation"
        sandbox.fault("deny", "CreateTags", parameters={"Resources": session.id})
    hcl = coverage(fleet, 'tags = { A = "1", B = "2" }', "packet_length = 100")
    workspace.configure(provider(sandbox, ignore), hcl)
    result = workspace.try_apply()
    (error,) = result.errors
    assert error.summary == "1 of 3 traffic mirror sessions could not be changed", result.readable()
    assert f"{interface}: {code}" in error.detail
    assert workspace.state()[PROD]["failures"].keys() == {interface}
    done = {(s.interface, s.tags.get("B"), s.packet_length) for s in sandbox.sessions()}
    assert done == {(i, "2", 100) if i != interface else (i, None, 200) for i in fleet.tagged_interfaces()}
    workspace.assert_refresh_keeps_private()

    sandbox.no_faults()
    if why == "full":
        sandbox.untag(session.id, key="theirs-0")
    workspace.apply()
    assert {(s.tags.get("B"), s.packet_length) for s in sandbox.sessions()} == {("2", 100)}


@pytest.mark.parametrize("filter_of", ["given", "own"])
def test_all_of_many_tags_are_renamed(workspace, sandbox, fleet, filter_of):
    """The old and the new ones together are more than EC2 takes: the old ones go first."""

    def hcl(tags: str) -> str:
        return coverage(fleet, tags) if filter_of == "given" else coverage_without(fleet, "traffic_mirror_filter_id", tags)

    workspace.configure(sandbox.provider(), hcl(numbered("old", 30)))
    workspace.apply()
    workspace.configure(sandbox.provider(), hcl(numbered("new", 30)))
    sandbox.forget_calls()
    workspace.apply()
    assert all_tags(sandbox) == {f"new-{number:02}": "x" for number in range(30)}
    changes = [call.action for call in sandbox.changing_calls()]
    assert changes == ["DeleteTags", "CreateTags"] * (1 if filter_of == "given" else 2), "the filter, the sessions"
