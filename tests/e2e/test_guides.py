"""The guides from other tools, walked to their end on the sample fleet."""

import json

import pytest

from harness import documents
from harness.sandbox import sandbox as start_sandbox

SAMPLE = documents.ROOT / "tests" / "sandbox" / "fleets" / "sample.yaml"
TARGET, FILTER = "tmt-0ffffffffffffff01", "tmf-0ffffffffffffff01"
# What `Mirror = True` selects, primary interfaces first.
FIRST = {f"eni-0eeeeeeeeeeeeee{number}" for number in (10, 20, 30, 40, 50)}
TAGGED = FIRST | {"eni-0eeeeeeeeeeeeee31"}


@pytest.fixture
def sample():
    """The fleet whose ids the guides use."""
    with start_sandbox("--fleet", str(SAMPLE), "--no-throttle") as running:
        yield running


@pytest.fixture
def write(workspace, sample):
    """Makes a block of a guide the whole configuration; `change` edits its text."""

    def do(guide: str, number: int = 1, change=lambda text: text) -> None:
        block = documents.blocks(documents.GUIDES / f"{guide}.md")[number - 1]
        text = documents.runnable(change(block), sample, workspace.header())
        (workspace.directory / "main.tf").write_text(text)

    return do


def session(sample, interface, description, number=1):
    answer = sample.ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        TrafficMirrorTargetId=TARGET,
        TrafficMirrorFilterId=FILTER,
        SessionNumber=number,
        **({"Description": description} if description else {}),
    )
    return answer["TrafficMirrorSession"]["TrafficMirrorSessionId"]


def by_interface(sample):
    return {found.interface: found.id for found in sample.sessions()}


@pytest.fixture
def automirror(sample):
    """One session for each instance, on its first interface, and one of somebody else."""
    session(sample, "eni-0eeeeeeeeeeeeee60", "somebody else's")
    return {interface: session(sample, interface, "Created by AutoMirror") for interface in sorted(FIRST)}


def deletions(sample):
    return [call for call in sample.changing_calls() if call.action == "DeleteTrafficMirrorSession"]


def test_from_automirror(workspace, sample, write, automirror):
    write("from-automirror")
    sample.forget_calls()
    workspace.apply()
    after = by_interface(sample)
    assert {interface: after[interface] for interface in FIRST} == automirror
    assert after.keys() == TAGGED | {"eni-0eeeeeeeeeeeeee60"}
    assert deletions(sample) == [] and len(sample.calls("CreateTrafficMirrorSession")) == len(TAGGED - FIRST)
    sample.forget_calls()
    adopt = '  adopt = { descriptions = ["Created by AutoMirror"] }\n'
    write("from-automirror", change=lambda text: text.replace(adopt, ""))
    workspace.apply()
    assert sample.changing_calls() == [], "the line is no longer needed"


def test_from_automirror_the_first_interface_only(workspace, sample, write, automirror):
    primary = "ignore_tag_case = true\n    primary_only = true"
    write("from-automirror", change=lambda text: text.replace("ignore_tag_case = true", primary))
    sample.forget_calls()
    workspace.apply()
    assert {found.interface: found.id for found in sample.sessions("prod")} == automirror
    assert sample.calls("CreateTrafficMirrorSession") == [] and deletions(sample) == []


def test_from_tms_remover(workspace, sample, write):
    write("from-tms-remover", change=lambda text: text.replace("= false", "= true"))
    workspace.apply()
    assert by_interface(sample).keys() == TAGGED
    write("from-tms-remover")
    assert workspace.plan().sessions("mirror_coverage.prod").removed == TAGGED, "with a preview"
    workspace.apply_saved()
    workspace.assert_empty_plan()
    assert sample.sessions() == []


def test_leftovers_of_automirror(workspace, sample, write, automirror):
    write("from-tms-remover", 3)
    sample.forget_calls()
    workspace.try_apply().succeed()
    assert sample.calls("CreateTrafficMirrorSession") == [], "nothing new"
    plan = workspace.plan("-destroy")
    assert plan.sessions("mirror_coverage.leftovers").removed == automirror.keys()
    workspace.destroy()
    assert [found.description for found in sample.sessions()] == ["somebody else's"]


@pytest.mark.needs("removed")
def test_from_sessions_listed_one_by_one(workspace, sample, write):
    """The sessions of the AWS provider; a built-in resource stands in for them in the state."""
    before = {interface: session(sample, interface, "web traffic mirror session") for interface in sorted(TAGGED)}
    one = 'resource "terraform_data" "web" {\n  count = 6\n}\n'
    workspace.configure(one)
    workspace.apply()
    write("from-aws_ec2_traffic_mirror_session")
    sample.forget_calls()
    workspace.apply()
    assert by_interface(sample) == before
    assert sample.calls("CreateTrafficMirrorSession") == [] and deletions(sample) == []
    assert workspace.state().keys() == {"mirror_coverage.prod"}


@pytest.mark.needs("terraform_data")
def test_from_sessions_listed_one_by_one_by_state_rm(workspace, sample, write):
    """The way of cores without `removed`, and what happens to one whose description does not match."""
    before = {interface: session(sample, interface, "web traffic mirror session") for interface in sorted(FIRST)}
    other = session(sample, "eni-0eeeeeeeeeeeeee31", None)
    workspace.configure('resource "terraform_data" "web" {\n  count = 6\n}\n')
    workspace.apply()
    workspace.run("state", "rm", "terraform_data.web").succeed()
    write("from-aws_ec2_traffic_mirror_session", change=lambda text: text[text.index("resource") :])
    plan = workspace.plan()
    unknown = plan.unknown("mirror_coverage.prod")["sessions"]
    assert {interface for interface, row in unknown.items() if row.get("id")} == {"eni-0eeeeeeeeeeeeee31"}
    workspace.apply_saved()
    workspace.assert_empty_plan()
    ours = {found.interface: found.id for found in sample.sessions("prod")}
    assert {interface: ours[interface] for interface in FIRST} == before
    assert ours["eni-0eeeeeeeeeeeeee31"] != other, "mirrored twice, as the guide warns"


@pytest.mark.needs("postcondition")
def test_from_config_mirrorsession(workspace, sample, write):
    def verdicts():
        workspace.try_apply().succeed()
        batches = json.loads(json.loads(workspace.run("output", "-json", "evaluations").succeed().stdout))
        found = [evaluation for batch in batches for evaluation in batch["Evaluations"]]
        assert all(len(batch["Evaluations"]) <= 100 for batch in batches)
        return {one["ComplianceResourceId"]: one["ComplianceType"] for one in found}

    write("from-config-mirrorsession")
    assert verdicts() == dict.fromkeys(TAGGED, "NON_COMPLIANT"), "no session is never compliant"
    for interface in FIRST:
        session(sample, interface, "by hand")
    assert verdicts() == dict.fromkeys(FIRST, "COMPLIANT") | {"eni-0eeeeeeeeeeeeee31": "NON_COMPLIANT"}
    write("from-config-mirrorsession", 2)
    assert workspace.try_plan().code == 1
    session(sample, "eni-0eeeeeeeeeeeeee31", "by hand")
    workspace.apply()


def hand_written(sample, label):
    """The sessions of one block of that guide, and who they are of."""
    return sorted(sample.sessions(label), key=lambda found: found.interface)


def test_from_hand_written(workspace, sample, write):
    """Each block of the guide does what its heading says."""
    names = {"eni-0eeeeeeeeeeeeee10": "web-1", "eni-0eeeeeeeeeeeeee30": "db-1"}
    sample.tag("i-0ddddddddddddddd1", Project="apollo")
    checks = {
        "subnet": lambda made: {one.interface for one in made}
        == {f"eni-0eeeeeeeeeeeeee{number}" for number in (10, 30, 31, 70)},
        "named": lambda made: all(
            one.description == f"{names[one.interface]} traffic mirror session"
            and one.tags["Name"] == names[one.interface]
            and one.tags["Team"] == "security"
            and (one.tags.get("Project") == "apollo") == (names[one.interface] == "web-1")
            for one in made
            if one.interface in names
        ),
        "numbered": lambda made: len({one.virtual_network_id for one in made}) == len(TAGGED)
        and all(1000 <= one.virtual_network_id <= 1999 for one in made),
        "plain": lambda made: {(one.packet_length, one.number) for one in made} == {(None, 1)}
        and all(one.filter != FILTER for one in made),
        "shared": lambda made: {one.target for one in made} == {TARGET},
        "later": lambda made: {one.interface for one in made} == TAGGED,
    }
    blocks = documents.blocks(documents.GUIDES / "from-hand-written.md")
    labels = [block.split('"mirror_coverage" "')[1].split('"')[0] for block in blocks]
    assert labels == list(checks)
    for number, label in enumerate(labels, 1):
        write("from-hand-written", number)
        workspace.apply()
        made = hand_written(sample, label)
        assert made and checks[label](made), (label, made)
        assert made == hand_written(sample, None), "nothing else is left"
        workspace.destroy()
