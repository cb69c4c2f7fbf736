"""Nodes of a cluster gain and lose network interfaces between plans, as docs/guides/kubernetes.md says."""

import re

import pytest

from harness import documents
from harness.hcl import coverage

PROD = "mirror_coverage.prod"
CLUSTER = {"kubernetes.io/cluster/prod": "owned"}


def selector(number):
    """The selector of the guide's block."""
    block = documents.blocks(documents.GUIDES / "kubernetes.md")[number - 1]
    return re.search(r"selector \{.*?\n  \}", block, re.DOTALL)[0]


def limits():
    """The limits of the guide's first block, which interfaces that come and go never reach."""
    return re.search(r"limits = .*", documents.blocks(documents.GUIDES / "kubernetes.md")[0])[0]


class Nodes:
    """Three nodes; the VPC CNI attaches interfaces to them and takes them away."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.secondary = {}
        for name in ("node-1", "node-2", "node-3"):
            self.start(name)

    def start(self, name):
        self.fleet.launch(name, **CLUSTER)
        self.secondary[name] = []

    def gain(self, name):
        index = len(self.secondary[name]) + 1
        self.secondary[name].append(self.fleet.attach(self.fleet.instances[name], index))

    def lose(self, name):
        self.fleet.remove(self.secondary[name].pop())

    def end(self, name):
        for interface in self.secondary.pop(name):
            self.fleet.remove(interface)
        self.fleet.terminate(name)

    @property
    def primary(self):
        return {self.fleet.interfaces[name][0] for name in self.secondary}

    @property
    def all(self):
        return self.primary | {interface for interfaces in self.secondary.values() for interface in interfaces}


# What happens between two applies, a step a line.
DAY = [
    [("gain", "node-1"), ("gain", "node-1"), ("gain", "node-2")],
    [("lose", "node-1"), ("gain", "node-3"), ("gain", "node-2")],
    # Away and back at once: another interface in the same place.
    [("lose", "node-2"), ("gain", "node-2")],
    [("end", "node-3"), ("start", "node-4"), ("gain", "node-4")],
    [("lose", "node-1"), ("lose", "node-2"), ("lose", "node-2"), ("lose", "node-4")],
]


@pytest.mark.spine
def test_every_interface(workspace, sandbox, fleet):
    nodes = Nodes(fleet)
    workspace.configure(sandbox.provider(), coverage(fleet, limits(), selector=selector(1)))
    workspace.apply()
    for step in DAY:
        before = {session.interface: session for session in sandbox.sessions()}
        known = nodes.all
        for what, name in step:
            getattr(nodes, what)(name)
        plan = workspace.plan().sessions(PROD)
        assert (plan.added, plan.changed) == (nodes.all - known, set())
        sandbox.forget_calls()
        workspace.apply_saved()
        workspace.assert_empty_plan()
        after = {session.interface: session for session in sandbox.sessions()}
        assert after.keys() == nodes.all
        assert all(after[interface] == before[interface] for interface in known & nodes.all), "the others stay"
        creates = [call for call in sandbox.changing_calls() if call.action == "CreateTrafficMirrorSession"]
        assert len(creates) == len(nodes.all - known)
        assert "DeleteTrafficMirrorSession" not in {call.action for call in sandbox.changing_calls()}


@pytest.mark.spine
def test_primary_only(workspace, sandbox, fleet):
    """Quiet: only nodes come and go."""
    nodes = Nodes(fleet)
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector(2)))
    workspace.apply()
    for step in DAY:
        before = {session.interface: session for session in sandbox.sessions()}
        known = nodes.primary
        for what, name in step:
            getattr(nodes, what)(name)
        if nodes.primary == known:
            workspace.assert_empty_plan()
        workspace.apply()
        after = {session.interface: session for session in sandbox.sessions()}
        assert after.keys() == nodes.primary
        assert all(after[interface] == before[interface] for interface in known & nodes.primary)


def test_a_plan_that_waits(workspace, sandbox, fleet):
    """Interfaces that go and come after the plan are no error: gone is gone, new waits."""
    nodes = Nodes(fleet)
    nodes.gain("node-1")
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector(1)))
    workspace.apply()
    nodes.gain("node-2")
    nodes.gain("node-3")
    workspace.save_plan()
    nodes.lose("node-2")
    nodes.lose("node-1")
    nodes.gain("node-1")
    workspace.apply_saved()
    new = nodes.secondary["node-1"][0]
    assert {session.interface for session in sandbox.sessions()} == nodes.all - {new}
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == nodes.all


def test_a_trunk_is_skipped(workspace, sandbox, fleet):
    nodes = Nodes(fleet)
    created = sandbox.ec2.create_network_interface(SubnetId=fleet.subnets[0], InterfaceType="trunk")
    trunk = created["NetworkInterface"]["NetworkInterfaceId"]
    sandbox.ec2.attach_network_interface(
        NetworkInterfaceId=trunk, InstanceId=fleet.instances["node-1"], DeviceIndex=1
    )
    workspace.configure(sandbox.provider(), coverage(fleet, selector=selector(1)))
    workspace.apply()
    skipped = workspace.state()[PROD]["skipped"]
    assert {interface: skip["reason"] for interface, skip in skipped.items()} == {trunk: "UNSUPPORTED_INTERFACE"}
    assert {session.interface for session in sandbox.sessions()} == nodes.all
