"""The project's own EC2 stand-in, started for one test."""

import contextlib
import dataclasses
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

from . import iam, paths
from .cloud import Cloud, tag_list, tags_of

ACCESS_KEY = "AKIASANDBOX000000000"
SECRET_KEY = "sandbox"
# Those of this process that have a policy of the IAM guide, and which.
_ENFORCED: dict["Sandbox", str] = {}
# The account's other user, who is not restricted.
ADMINISTRATOR_KEY = "AKIAADMINISTRATOR000"
REGION = "eu-west-1"


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of the provider's, as the sandbox's ledger has it."""

    action: str
    outcome: str
    changed: bool
    parameters: dict[str, Any] = dataclasses.field(hash=False)
    principal: str = ""
    user_agent: str = ""
    time_ms: int = 0

    def parameter(self, name: str) -> Any:
        return self.parameters.get(name)

    def tags(self, resource_type: str) -> dict[str, str]:
        """The tags that a create call asks for on a type of resource."""
        found: dict[str, str] = {}
        for specification in self.parameters.get("TagSpecifications", []):
            if specification["ResourceType"] == resource_type:
                found |= tags_of(specification)
        return found

    def sessions(self) -> set[str]:
        """The ids of the existing sessions that the call names."""
        named = [*self.parameters.get("Resources", []), self.parameters.get("TrafficMirrorSessionId", "")]
        return {identifier for identifier in named if identifier.startswith("tms-")}


class Sandbox(Cloud):
    """ec2-sandbox and its control endpoint."""

    has_filter_rules = True
    image = "ami-00000000000000000"

    def __init__(self, *arguments: str):
        super().__init__(*arguments)
        self.administrator_key = ADMINISTRATOR_KEY

    def elsewhere(self, region: str) -> "Sandbox":
        """The same sandbox in another region."""
        return Sandbox(self.url, self.access_key, self.secret_key, region)

    def calls(self, action: str | None = None) -> list[Call]:
        """The provider's calls so far, in the order of arrival; what boto3 asked is left out."""
        return [
            Call(
                raw["action"], raw["outcome"], raw["changed"], raw["parameters"], raw["principal"], raw["user_agent"],
                raw["time"],
            )
            for raw in self._control("GET", "ledger")["calls"]
            if "Boto3" not in raw["user_agent"] and action in (None, raw["action"])
        ]

    def changing_calls(self) -> list[Call]:
        """Those that changed something."""
        return [call for call in self.calls() if call.changed]

    def principals(self, action: str) -> set[str]:
        """Who made the calls of an action."""
        return {call.principal for call in self.calls(action)}

    def forget_calls(self) -> None:
        self._control("DELETE", "ledger")

    def fault(self, kind: str, action: str, **more: Any) -> None:
        """Something goes wrong with an action from now on; see the sandbox's README."""
        self._control("POST", "faults", {"kind": kind, "action": action, **more})

    def no_faults(self) -> None:
        self._control("DELETE", "faults")

    def throttle(self) -> None:
        """The buckets that AWS documents, from now on."""
        self._control("PATCH", "settings", {"throttle": True})

    def delay_describes(self, seconds: float) -> None:
        """From now on describe calls show a change only after so long."""
        self._control("PATCH", "settings", {"consistency_delay_ms": int(seconds * 1000)})

    def share_target(self, target: str, *accounts: str) -> None:
        """Shares a target with these accounts and no other."""
        body = {"region": self.region, "traffic_mirror_target_id": target, "accounts": accounts}
        self._control("POST", "targets/share", body)

    def launch_at(self, action: str, number: int, subnet: str, **tags: str) -> None:
        """An instance is launched by itself before the call of this number of an action."""
        parameters = {
            "ImageId": self.image,
            "InstanceType": "m5.large",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": subnet,
            "TagSpecifications": [{"ResourceType": "instance", "Tags": tag_list(tags)}],
        }
        step = {"action": "RunInstances", "parameters": parameters, "at_call": number, "of_action": action}
        self._control("PUT", "churn", [step])

    def terminate_at(self, action: str, number: int, instance: str) -> None:
        """An instance is terminated by itself before the call of this number of an action."""
        step = {"action": "TerminateInstances", "parameters": {"InstanceIds": [instance]}, "at_call": number, "of_action": action}
        self._control("PUT", "churn", [step])

    def delete_session_at(self, action: str, number: int, session: str) -> None:
        """A session is deleted by itself before the call of this number of an action."""
        parameters = {"TrafficMirrorSessionId": session}
        step = {"action": "DeleteTrafficMirrorSession", "parameters": parameters, "at_call": number, "of_action": action}
        self._control("PUT", "churn", [step])

    def create_session_at(self, action: str, number: int, interface: str, target: str, filter_id: str, session_number: int) -> None:
        """Somebody else's session is made by itself before the call of this number of an action."""
        parameters = {
            "NetworkInterfaceId": interface,
            "TrafficMirrorTargetId": target,
            "TrafficMirrorFilterId": filter_id,
            "SessionNumber": session_number,
        }
        step = {"action": "CreateTrafficMirrorSession", "parameters": parameters, "at_call": number, "of_action": action}
        self._control("PUT", "churn", [step])

    def churn(self) -> list[dict[str, Any]]:
        """What is to move by itself, with the outcome of what did."""
        return self._control("GET", "churn")

    def no_churn(self) -> None:
        self._control("DELETE", "churn")

    def faults(self) -> list[dict[str, Any]]:
        """The faults that are set."""
        return self._control("GET", "faults")

    def enforce(self, document: dict[str, Any]) -> None:
        """From now on the provider's user, and the roles that it assumes, may do what this IAM policy allows."""
        _ENFORCED.pop(self, None)
        roles = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
        statement = {"Effect": "Allow", "Action": roles, "Resource": "arn:aws:iam::*:role/*"}
        assume = {"Version": "2012-10-17", "Statement": [statement]}
        principals = ["arn:aws:iam::*:user/sandbox", "arn:aws:sts::*:assumed-role/*"]
        policies = [{"principal": who, "document": what} for who in principals for what in (document, assume)]
        self._control("PATCH", "settings", {"policies": policies})

    def enforce_purpose(self, purpose: str) -> None:
        """The same with a policy of the IAM guide; where that is for an apply, plans get the one for a plan."""
        self.enforce(iam.policy(purpose))
        _ENFORCED[self] = purpose

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@contextlib.contextmanager
def only_plans() -> Iterator[None]:
    """Meanwhile what is enforced for an apply is what the guide's policy for a plan allows."""
    applying = [sandbox for sandbox, purpose in _ENFORCED.items() if purpose == "apply"]
    for sandbox in applying:
        sandbox.enforce_purpose("plan")
    try:
        yield
    finally:
        for sandbox in applying:
            sandbox.enforce_purpose("apply")


@contextlib.contextmanager
def sandbox(*arguments: str, profile: str = "debug", policy: str | None = "apply") -> Iterator[Sandbox]:
    """A sandbox with these arguments, ended on leaving.

    The provider may do there what this policy of the IAM guide allows, and nothing else; with None, all. While a workspace
    plans, "apply" means the policy for a plan.
    """
    running = None
    process = subprocess.Popen(
        [str(paths.sandbox_binary(profile)), "--listen", "127.0.0.1:0", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline().strip()
        prefix = "listening on "
        assert line.startswith(prefix), f"ec2-sandbox said {line!r}"
        running = Sandbox(line.removeprefix(prefix), ACCESS_KEY, SECRET_KEY, REGION)
        if policy is not None:
            running.enforce_purpose(policy)
        yield running
    finally:
        _ENFORCED.pop(running, None)
        process.terminate()
        process.wait(30)
        process.stdout.close()
