"""A random history of one coverage: a fleet that moves, a configuration that is edited, and all that a core can do with them.

Every step is printed before it is done, so that a failed history can be read and, by its seed, repeated.
"""

import dataclasses
import json
import random
from collections.abc import Callable

from .cloud import OWNER_ID, OWNER_NAME, SETTLED
from .cores import Core
from .fleet import Fleet
from .moving_fleet import MovingFleet
from .sandbox import Sandbox
from .workspace import Result, Workspace

SELECTORS = {"True": {"True"}, "T*": {"True", "Too"}, "Too": {"Too"}}
# What no run may ever say: core's words for a provider that breaks its promises.
BROKEN = ("inconsistent final plan", "inconsistent result after apply", "Provider produced", "panic", "plugin crashed",
          "planned for no changes", "unexpected new value")  # fmt: skip


@dataclasses.dataclass
class Wish:
    """The configuration, as far as it is edited."""

    label: str = "prod"
    name: str = "prod"
    mirror: str = "True"
    pinned: bool = False
    owns_filter: bool = False
    create_first: bool = False
    enabled: bool = True
    description: str = ""
    team: str = ""
    targets: int = 1
    moved_from: str = ""

    @property
    def address(self) -> str:
        return f"mirror_coverage.{self.label}"


class History(MovingFleet):
    """The walker: `step` draws one step and does it, or one of the kind that it is told."""

    def __init__(self, dice: random.Random, workspace: Workspace, sandbox: Sandbox, fleet: Fleet):
        super().__init__(dice, sandbox, fleet)
        self.workspace = workspace
        self.core: Core = workspace.core
        self.wish = Wish(pinned=dice.random() < 0.4, owns_filter=dice.random() < 0.3, create_first=dice.random() < 0.4)
        by_hand = sandbox.create_session(fleet.interfaces["web-1"][0], fleet.target, fleet.filter, 7)
        of_another = sandbox.create_session(
            fleet.interfaces["database"][0], fleet.target, fleet.filter, 8,
            **{OWNER_NAME: "other", OWNER_ID: "mc-0123456789abcdef0"},
        )  # fmt: skip
        self.foreign = {by_hand, of_another}
        self.others = self.foreign_sessions()
        self.given_filters = self.filters()
        sandbox.forget_calls()

    # What there is.

    def foreign_sessions(self) -> list:
        return [session for session in self.sandbox.sessions() if session.id in self.foreign]

    def ours(self) -> list:
        return [session for session in self.sandbox.sessions() if session.id not in self.foreign]

    def filters(self) -> set[str]:
        found = self.sandbox.ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
        return {one["TrafficMirrorFilterId"] for one in found}

    def selected(self) -> set[str]:
        """The interfaces that the wish covers now, as EC2 has them."""
        if not self.wish.enabled:
            return set()
        found = set()
        for page in self.sandbox.ec2.get_paginator("describe_instances").paginate():
            for instance in (i for r in page["Reservations"] for i in r["Instances"]):
                tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
                if instance["State"]["Name"] != "terminated" and tags.get("Mirror") in SELECTORS[self.wish.mirror]:
                    found |= {interface["NetworkInterfaceId"] for interface in instance["NetworkInterfaces"]}
        return found

    def exists(self) -> bool:
        return self.wish.address in self.state()

    def state(self) -> dict[str, dict]:
        return self.workspace.state() if (self.workspace.directory / "terraform.tfstate").exists() else {}

    # What is written.

    def edit(self) -> None:
        field = self.dice.choice(["mirror", "mirror", "pinned", "owns_filter", "create_first", "enabled", "name",
                                  "description", "team", "targets"])  # fmt: skip
        value = {
            "mirror": self.dice.choice(sorted(SELECTORS)),
            "pinned": not self.wish.pinned,
            "owns_filter": not self.wish.owns_filter,
            "create_first": not self.wish.create_first,
            "enabled": not self.wish.enabled,
            "name": self.dice.choice(["prod", "watch"]),
            "description": self.dice.choice(["", "seen", "{instance_id}"]),
            "team": self.dice.choice(["", "a", "b"]),
            "targets": self.dice.choice([1, 2]),
        }[field]
        self.say(f"    edit {field} = {value!r}")
        setattr(self.wish, field, value)

    def write(self) -> None:
        wish, fleet = self.wish, self.fleet
        selector = f'selector {{\n    tags = {{ Mirror = "{wish.mirror}" }}\n  }}'
        targets = [fleet.target, fleet.other_target][: wish.targets]
        lines = [
            f'name = "{wish.name}"',
            f"traffic_mirror_target_ids = {json.dumps(targets)}",
            # An empty selection is nothing to be warned of here.
            'limits = { allow_empty = "true" }',
            "selection = data.mirror_interfaces.prod.selection" if wish.pinned else selector,
        ]
        if not wish.owns_filter:
            lines.append(f'traffic_mirror_filter_id = "{fleet.filter}"')
        if wish.description:
            lines.append(f'description = "{wish.description}"')
        if wish.team:
            lines.append(f'tags = {{ Team = "{wish.team}" }}')
        if not wish.enabled:
            lines.append("enabled = false")
        if wish.create_first:
            lines.append("lifecycle {\n    create_before_destroy = true\n  }")
        parts = [self.sandbox.provider(), f'resource "mirror_coverage" "{wish.label}" {{\n  ' + "\n  ".join(lines) + "\n}\n"]
        if wish.pinned:
            parts.append(f'data "mirror_interfaces" "prod" {{\n  {selector}\n}}\n')
        if wish.moved_from:
            parts.append(f"moved {{\n  from = mirror_coverage.{wish.moved_from}\n  to   = {wish.address}\n}}\n")
        self.workspace.configure(*parts)

    # What is run.

    def kinds(self) -> list[Callable[[], None]]:
        """What a step can run on this core."""
        runs = [self.apply, self.saved_plan, self.at_prompt, self.refresh_only, self.targeted, self.replace, self.taint,
                self.without_refresh, self.state_mv, self.import_again, self.unapplied_plan, self.destroy,
                self.during]  # fmt: skip
        if self.core.has("moved"):
            runs.append(self.moved)
        if self.core.has("test"):
            runs.append(self.test)
        return runs

    def step(self, kind: int | None = None) -> None:
        """One step: of that kind, counted round and round, or of any."""
        runs = self.kinds()
        run = self.dice.choice(runs) if kind is None else runs[kind % len(runs)]
        self.say(f"{run.__name__}:")
        if self.dice.random() < 0.5:
            self.edit()
        self.maybe_move()
        self.write()
        if self.dice.random() < 0.5:
            self.arm()
        run()
        self.settle()
        self.expect_others_untouched()

    def apply(self, *arguments: str) -> None:
        """The plain one, and all that must be true after it."""
        self.expect_done(self.workspace.try_apply(*arguments))
        if self.settle():
            # What moved meanwhile waits for the next one.
            self.expect_done(self.workspace.try_apply())
        self.expect_exact()

    def saved_plan(self, *arguments: str) -> None:
        """Applied on the machine that made it, where the first plan's note is found: no core has an excuse."""
        self.workspace.try_plan(*arguments).succeed()
        self.maybe_move()
        self.expect_done(self.workspace.try_apply_saved())

    def at_prompt(self, *arguments: str) -> None:
        result = self.workspace.apply_if_prompted(self.maybe_move, *arguments)
        self.expect_done(result)

    def during(self) -> None:
        """The fleet moves between the two plans of one run, and while it applies."""
        self.settle()
        self.arm()
        self.expect_done(self.workspace.try_apply())

    def refresh_only(self) -> None:
        self.expect_done(self.workspace.run("apply", "-refresh-only", "-json", "-auto-approve", "-input=false"))

    def targeted(self) -> None:
        self.expect_done(self.workspace.try_apply(f"-target={self.wish.address}"))

    def replace(self) -> None:
        if self.exists():
            self.dice.choice([self.at_prompt, self.saved_plan, self.apply])(f"-replace={self.wish.address}")

    def taint(self) -> None:
        if self.exists():
            self.workspace.run("taint", self.wish.address).succeed()
            self.dice.choice([self.at_prompt, self.apply])()

    def without_refresh(self) -> None:
        self.expect_done(self.workspace.try_apply("-refresh=false"))

    def unapplied_plan(self) -> None:
        self.workspace.try_plan().succeed()
        self.edit()
        self.maybe_move()
        self.write()
        self.dice.choice([self.apply, self.at_prompt, self.without_refresh])()

    def relabelled(self) -> str:
        before = self.wish.label
        self.wish.label = "prod" if before == "again" else "again"
        return before

    def state_mv(self) -> None:
        if self.exists():
            before = self.wish.address
            self.relabelled()
            self.wish.moved_from = ""
            self.workspace.run("state", "mv", before, self.wish.address).succeed()
            self.write()
        self.at_prompt()

    def moved(self) -> None:
        self.wish.moved_from = self.relabelled()
        self.write()
        self.dice.choice([self.apply, self.at_prompt])()

    def import_again(self) -> None:
        if not self.exists() or not self.state()[self.wish.address]["sessions"]:
            return self.apply()
        identity = self.state()[self.wish.address]["id"]
        if not any(session.owner == identity for session in self.ours()):
            return self.apply()
        self.workspace.run("state", "rm", self.wish.address).succeed()
        imported = self.workspace.import_(self.wish.address, identity)
        self.expect_whole(imported)
        # The last of its sessions may have ended by itself.
        left = any(session.owner == identity for session in self.ours())
        assert imported.code == 0 or not left, imported.text
        self.dice.choice([self.apply, self.at_prompt])()

    def test(self) -> None:
        """Core makes a coverage of its own, of the same name, and tears it down again."""
        before = self.ours()
        # A session of an instance that ends may fail there, and ends in the state too.
        ends = self.ending()
        (self.workspace.directory / "prod.tftest.hcl").write_text(
            'run "made" {\n  command = apply\n  assert {\n'
            f"    condition     = length({self.wish.address}.failures) <= {len(ends)}\n"
            '    error_message = "failed"\n  }\n}\nrun "again" {\n  command = plan\n}\n'
        )
        self.expect_done(self.workspace.run("test", "-no-color"))
        (self.workspace.directory / "prod.tftest.hcl").unlink()
        after = self.ours()
        assert [one for one in after if one.interface not in ends] == [one for one in before if one.interface not in ends]
        assert all(one in before for one in after)

    def destroy(self) -> None:
        self.expect_whole(self.workspace.try_destroy().succeed())
        assert self.ours() == []
        assert self.filters() == self.given_filters

    # What must be true.

    def expect_whole(self, result: Result) -> None:
        said = [words for words in BROKEN if words in result.text]
        assert not said, f"{said}\n{result.readable()}"

    def expect_done(self, result: Result) -> None:
        self.expect_whole(result)
        result.succeed()

    def expect_exact(self) -> None:
        """After a plain apply while nothing moves: each interface has its session, and nothing is left to do."""
        ours = self.ours()
        assert [session.interface for session in ours] == sorted(self.selected())
        state = self.state()[self.wish.address]
        assert {session.owner for session in ours} <= {state["id"]} and SETTLED.fullmatch(state["id"])
        assert {session.tags[OWNER_NAME] for session in ours} <= {self.wish.name}
        added = self.filters() - self.given_filters
        assert added == ({state["filter_id"]} if self.wish.owns_filter else set())
        self.workspace.assert_empty_plan()
        self.workspace.assert_refresh_keeps_private()

    def expect_others_untouched(self) -> None:
        assert self.foreign_sessions() == self.others
        touched = [call for call in self.sandbox.changing_calls() if call.sessions() & self.foreign]
        assert not touched
        self.sandbox.forget_calls()
