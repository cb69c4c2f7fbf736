"""A fleet that moves at random: between the steps of a history, and by itself while one is done."""

import random
from collections.abc import Callable

from .fleet import Fleet
from .sandbox import Sandbox

# Calls of plans and applies before which the fleet moves by itself.
MOVES_BEFORE = (
    *("DescribeInstances", "DescribeTrafficMirrorSessions") * 2,
    "CreateTrafficMirrorSession", "ModifyTrafficMirrorSession", "DeleteTrafficMirrorSession", "CreateTags",
)  # fmt: skip

# Interfaces that an m5.large takes.
MOST_INTERFACES = 3


class MovingFleet:
    """What `move_fleet` does is said first."""

    def __init__(self, dice: random.Random, sandbox: Sandbox, fleet: Fleet):
        self.dice, self.sandbox, self.fleet = dice, sandbox, fleet
        self.launched = 0
        # Interfaces attached later, and the zone of each instance: they stay in it.
        self.extra: dict[str, int] = {}
        self.zone: dict[str, int] = {}
        # The instance that is to end by itself.
        self.doomed: str | None = None

    def say(self, text: str) -> None:
        print(text, flush=True)

    def move_fleet(self) -> None:
        names = self.extras()
        moves: list[Callable[[], None]] = [self.launch, self.launch]
        if names:
            moves += [lambda: self.terminate(names), lambda: self.retag(names), lambda: self.attach(names)]
        if self.movable():
            moves.append(lambda: self.detach(names))
        self.dice.choice(moves)()

    def extras(self) -> list[str]:
        return [name for name in self.fleet.instances if name.startswith("extra") and name != self.doomed]

    def movable(self) -> list[str]:
        return sorted(self.extra.keys() - self.ending())

    def ending(self) -> set[str]:
        """The interfaces of the instance that is to end by itself."""
        return set(self.fleet.interfaces.get(self.doomed or "", []))

    def arm(self) -> None:
        """Some call of what is run next finds the fleet moved: an instance more or, some of the time, one less."""
        of = self.dice.choice(MOVES_BEFORE)
        # A plan asks several times; of the changes there are seldom many.
        at = self.dice.choice([1, 2, 3, 4, 5] if of.startswith("Describe") else [1, 1, 2])
        names = self.extras()
        if names and self.dice.random() < 0.4:
            self.doomed = self.dice.choice(names)
            self.say(f"    {self.doomed} ends at {of} number {at}")
            self.sandbox.terminate_at(of, at, self.fleet.instances[self.doomed])
        else:
            self.say(f"    an instance is launched at {of} number {at}")
            self.sandbox.launch_at(of, at, self.fleet.subnets[0], Mirror=self.dice.choice(["True", "Too"]))

    def settle(self) -> bool:
        """Nothing moves by itself any more; whether something did."""
        moved = any(step["outcome"] == "ok" for step in self.sandbox.churn())
        self.sandbox.no_churn()
        if moved:
            self.say("    it did")
            if self.doomed:
                self.forget_instance(self.doomed)
        self.doomed = None
        return moved

    def launch(self) -> None:
        self.launched += 1
        tags = self.dice.choice([{"Mirror": "True"}, {"Mirror": "True"}, {"Mirror": "Too"}, {}])
        name, count = f"extra-{self.launched}", self.dice.choice([1, 1, 2])
        self.say(f"    launch {name} {tags} with {count}")
        self.zone[name] = self.dice.choice([0, 1])
        self.fleet.launch(name, interfaces=count, subnet=self.zone[name], **tags)

    def terminate(self, names: list[str]) -> None:
        name = self.dice.choice(names)
        self.say(f"    terminate {name}")
        self.sandbox.ec2.terminate_instances(InstanceIds=[self.fleet.instances[name]])
        self.forget_instance(name)

    def forget_instance(self, name: str) -> None:
        del self.fleet.instances[name]
        for interface in self.fleet.interfaces.pop(name):
            self.extra.pop(interface, None)

    def retag(self, names: list[str]) -> None:
        name, value = self.dice.choice([*names, "web-2"]), self.dice.choice(["True", "Too", "False"])
        self.say(f"    tag {name} Mirror={value}")
        self.sandbox.tag(self.fleet.instances[name], Mirror=value)

    def attach(self, names: list[str]) -> None:
        name = self.dice.choice(names)
        taken = self.fleet.indices_of(name)
        if len(taken) < MOST_INTERFACES:
            index = min({1, 2, 3} - taken)
            interface = self.fleet.attach(self.fleet.instances[name], index, self.zone[name])
            self.fleet.interfaces[name].append(interface)
            self.extra[interface] = self.zone[name]
            self.say(f"    attach {interface} to {name}")

    def detach(self, names: list[str]) -> None:
        """An interface goes to another instance of its zone, or away."""
        interface = self.dice.choice(self.movable())
        for interfaces in self.fleet.interfaces.values():
            if interface in interfaces:
                interfaces.remove(interface)
        near = [name for name in names if self.zone[name] == self.extra[interface]]
        name = self.dice.choice([*near, None])
        taken = self.fleet.indices_of(name) if name else set()
        if name is None or len(taken) == MOST_INTERFACES:
            self.say(f"    detach and delete {interface}")
            self.fleet.remove(interface)
            del self.extra[interface]
        else:
            self.say(f"    move {interface} to {name}")
            self.fleet.move(interface, name, min({1, 2, 3} - taken))

    def maybe_move(self) -> None:
        for _ in range(self.dice.choice([0, 1, 1, 2])):
            self.move_fleet()
