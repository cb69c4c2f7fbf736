"""The provider, Terraform or both are killed, or the run is interrupted, during a random call of an operation.

MIRROR_KILLS runs, seeded as harness/dice.py says. What holds afterwards is the same for each.
"""

import os
import random
import re
import signal
import subprocess
import time

import pytest

from harness import cores, dice
from harness.cloud import OWNER_ID, OWNER_NAME, SETTLED
from harness.hcl import coverage, coverage_without
from harness.processes import members_of
from harness.workspace import Workspace

PROD = "mirror_coverage.prod"
# About as many calls as the operation makes with a given filter, and with its own: each of them can be the one. A run that
# makes fewer is not killed.
OPERATIONS = ["create", "update", "destroy", "replace"]
CALLS = {"create": (24, 30), "update": (26, 28), "destroy": (17, 20), "replace": (30, 39)}


class Run:
    """One coverage, one operation, one call at which something is killed."""

    def __init__(self, operation, dice, workspace, sandbox, fleet):
        self.operation, self.dice, self.workspace, self.sandbox, self.fleet = operation, dice, workspace, sandbox, fleet
        # Five of six are killed, the sixth is asked to stop.
        self.victim = dice.choice(["provider", "provider", "core", "core", "both", "interrupt"])
        self.owns_filter = dice.random() < 0.5
        self.at = dice.randrange(CALLS[self.operation][self.owns_filter])
        # Whether the call is carried out before its maker dies. An orphaned provider has to get its answer.
        self.carried_out = self.victim == "core" or dice.random() < 0.5
        self.interfaces = fleet.tagged_interfaces()
        print(
            f"{workspace.core}: {self.operation}, {self.victim}, at call {self.at}, carried out: {self.carried_out}, "
            f"own filter: {self.owns_filter}"
        )
        # Sessions of others, on the same interfaces: by hand, and of another coverage.
        self.foreign = [
            sandbox.create_session(fleet.interfaces["web-1"][0], fleet.target, fleet.filter, 7),
            sandbox.create_session(
                fleet.interfaces["web-2"][0], fleet.target, fleet.filter, 8,
                **{OWNER_NAME: "other", OWNER_ID: "mc-0123456789abcdef0"},
            ),
        ]  # fmt: skip
        self.before = self.others()
        self.given_filters = self.filters()

    def others(self):
        return [session for session in self.sandbox.sessions() if session.id in self.foreign]

    def ours(self):
        return [session for session in self.sandbox.sessions() if session.id not in self.foreign]

    def filters(self):
        found = self.sandbox.ec2.describe_traffic_mirror_filters()["TrafficMirrorFilters"]
        return {one["TrafficMirrorFilterId"] for one in found}

    def configure(self, *more):
        body = (coverage_without(self.fleet, "traffic_mirror_filter_id", *more) if self.owns_filter
                else coverage(self.fleet, *more))  # fmt: skip
        self.workspace.configure(self.sandbox.provider(), body)

    def prepare(self):
        """What comes before the operation."""
        self.configure()
        if self.operation == "create":
            return
        self.workspace.try_apply().succeed()
        if self.operation == "update":
            # Sessions to delete, to retag, to modify and to create.
            self.sandbox.untag(self.fleet.instances["web-1"], key="Mirror")
            self.fleet.launch("web-3", interfaces=2, Mirror="True")
            self.interfaces = {*self.fleet.interfaces["web-2"], *self.fleet.interfaces["web-3"]}
            self.configure('tags = { Team = "a" }', 'description = "watched"')

    def kill(self):
        """Starts the operation, and kills the victim while the chosen call is under way."""
        trouble = {"kind": "slow", "delay_ms": 1500} if self.carried_out else {"kind": "hang"}
        self.sandbox.fault(action="*", skip=self.at, times=1, **trouble)
        verb = "destroy" if self.operation == "destroy" else "apply"
        more = [f"-replace={PROD}"] if self.operation == "replace" else []
        process = self.workspace.start(
            verb, "-json", "-input=false", "-auto-approve", *more,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        while not self.sandbox.faults()[0]["hit"] and process.poll() is None:
            time.sleep(0.01)
        if process.poll() is None:
            print(f"killed during {self.sandbox.calls()[-1].action}")
            if self.victim == "both":
                # At once: a core that outlives its provider writes its state, and must not be killed while it does.
                os.killpg(process.pid, signal.SIGKILL)
            elif self.victim == "interrupt":
                os.killpg(process.pid, signal.SIGINT)
            else:
                members = members_of(process)
                for pid in members.providers if self.victim == "provider" else members.cores:
                    os.kill(pid, signal.SIGKILL)
        else:
            print(f"not killed: {len(self.sandbox.calls())} calls")
        if self.victim == "core":
            # The provider's end of the pipe may be open longer.
            process.wait(120)
            process.stdout.close()
        else:
            process.communicate(timeout=120)
        self.sandbox.no_faults()
        if self.victim == "interrupt" and (self.workspace.directory / "terraform.tfstate").exists():
            assert not list(self.workspace.tainted()), "what is half done is no reason to make it again"

    def import_if_settled(self):
        """Killed between settling and saving: the plan's warning shows the one command that helps."""
        owners = {s.owner for s in self.ours() if SETTLED.fullmatch(s.owner)}
        in_state = {values["id"] for address, values in self.state().items() if address == PROD}
        if self.operation not in ("create", "replace") or not owners - in_state:
            return
        owners -= in_state
        if in_state:
            # The one that was to be replaced: its sessions are gone.
            self.workspace.run("state", "rm", PROD).succeed()
        warnings = "\n".join(warning.text for warning in self.workspace.try_plan().succeed().warnings)
        (shown,) = set(re.findall(r"terraform import \S+ (mc-[0-9a-f]{17})", warnings))
        assert {shown} == owners
        print(f"imported {shown}")
        imported = self.workspace.import_(PROD, shown)
        assert imported.code == 0, imported.text

    def state(self):
        return self.workspace.state() if (self.workspace.directory / "terraform.tfstate").exists() else {}

    def recover(self):
        """At most two further applies."""
        wanted = set() if self.operation == "destroy" else self.interfaces
        for _ in range(2):
            again = self.workspace.try_destroy() if self.operation == "destroy" else self.workspace.try_apply()
            if again.code == 0 and {session.interface for session in self.ours()} == wanted:
                break
        again.succeed()

    def check(self):
        ours = self.ours()
        print(*(f"{s.interface} {s.id} {s.number} {s.owner}" for s in ours), sep="\n")
        assert self.others() == self.before
        assert not any(call.sessions() & set(self.foreign) for call in self.sandbox.changing_calls())
        added = self.filters() - self.given_filters
        if self.operation == "destroy":
            assert ours == [] and added == set() and PROD not in self.state()
            return
        assert [session.interface for session in ours] == sorted(self.interfaces)
        state = self.workspace.state()[PROD]
        assert {session.owner for session in ours} == {state["id"]} and SETTLED.fullmatch(state["id"])
        assert {key: value["id"] for key, value in state["sessions"].items()} == {s.interface: s.id for s in ours}
        assert added == ({state["filter_id"]} if self.owns_filter else set())
        self.workspace.assert_empty_plan()


@pytest.mark.parametrize("seed", dice.seeds("MIRROR_KILLS", 6))
def test_killed_anywhere(tmp_path, provider_binary, sandbox, fleet, seed):
    throw = random.Random(seed)
    # Each operation has its turn, and each core.
    operation, turn = OPERATIONS[seed % len(OPERATIONS)], seed // len(OPERATIONS)
    core = cores.all_cores()[turn % len(cores.all_cores())]
    run = Run(operation, throw, Workspace(tmp_path / "main", core, provider_binary, {}), sandbox, fleet)
    run.prepare()
    sandbox.forget_calls()
    run.kill()
    run.import_if_settled()
    run.recover()
    run.check()
