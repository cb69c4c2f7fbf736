"""What `terraform query` finds and writes down, and what becomes of that."""

import json

from .workspace import PLAN_FILE, Result, Workspace


def query(config: str = "", more: str = "") -> str:
    """A query for every coverage; `config` goes into its config block, `more` beside it."""
    return f'list "mirror_coverage" "all" {{\n  provider = mirror\n  {more}\n  config {{\n    {config}\n  }}\n}}\n'


def events(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def write_down(workspaces, provider: str, name: str = "fresh", config: str = "", more: str = ""):
    """A workspace with what a query wrote, and the query's warnings."""
    fresh = workspaces(name)
    fresh.configure(provider)
    (fresh.directory / "find.tfquery.hcl").write_text(query(config, more))
    result = fresh.run("query", "-json", "-generate-config-out=found.tf").succeed()
    return fresh, [warning for warning in result.warnings if "development overrides" not in warning.summary]


def assert_takes_over(fresh: Workspace, cloud, coverages: int, elsewhere=()) -> None:
    """Imports them, changes nothing while it plans or applies, and is empty then."""
    places = [cloud, *elsewhere]

    def mirrored():
        filters = [place.ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"] for place in places]
        return [place.sessions() for place in places], filters

    before = mirrored()
    cloud.forget_calls()
    plan = fresh.try_plan("-detailed-exitcode")
    assert plan.code == 2, plan.readable()
    (summary,) = [event["changes"] for event in events(plan) if event["type"] == "change_summary"]
    counted = {word: summary[word] for word in ("import", "add", "change", "remove")}
    shown = fresh.run("show", "-no-color", PLAN_FILE).stdout
    assert counted == {"import": coverages, "add": 0, "change": 0, "remove": 0}, shown
    fresh.apply_saved()
    fresh.assert_empty_plan()
    assert cloud.changing_calls() == [] and mirrored() == before
    # Not even when it is applied again, without the import blocks.
    found = fresh.directory / "found.tf"
    blocks = found.read_text().split("\nimport {\n")
    assert len(blocks) == coverages + 1, found.read_text()
    found.write_text(blocks[0] + "".join(block.split("\n}\n", 1)[1] for block in blocks[1:]))
    fresh.apply()
    assert cloud.changing_calls() == [] and mirrored() == before
