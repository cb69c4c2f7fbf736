"""How well a run of calls used the bucket that EC2 throttles them with."""

import dataclasses

from .sandbox import Sandbox


@dataclasses.dataclass(frozen=True)
class Bucket:
    """So many calls at once, and so many a second; on a clock that runs so many times as fast as time."""

    size: float
    per_second: float
    clock_speed: float = 1

    def arguments(self, *actions: str) -> list[str]:
        """Those of a sandbox where these actions have this bucket, once it throttles."""
        rates = [f"--rate={action}={self.size}/{self.per_second}" for action in actions]
        return ["--no-throttle", f"--clock-speed={self.clock_speed}", *rates]

    def ideal(self, calls: int) -> float:
        """Seconds that nobody can do better."""
        return (calls - self.size) / self.per_second


@dataclasses.dataclass(frozen=True)
class Pacing:
    """What came of it, in seconds of the sandbox's clock."""

    calls: int
    throttled: int
    seconds: float

    @property
    def throttled_part(self) -> float:
        return self.throttled / self.calls


def pacing(sandbox: Sandbox, action: str) -> Pacing:
    """Of all calls of an action in the ledger."""
    calls = sandbox.calls(action)
    through = [call.time_ms for call in calls if call.outcome == "ok"]
    throttled = sum(call.outcome == "RequestLimitExceeded" for call in calls)
    return Pacing(len(calls), throttled, (max(through) - min(call.time_ms for call in calls)) / 1000)
