"""What a core says in JSON: plans and diagnostics."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Diagnostic:
    """A warning or an error, and where in the configuration it points."""

    severity: str
    summary: str
    detail: str
    address: str
    code: str

    @classmethod
    def parse(cls, raw: dict) -> "Diagnostic":
        snippet = raw.get("snippet") or {}
        return cls(
            raw["severity"],
            raw["summary"],
            raw.get("detail", ""),
            raw.get("address", ""),
            # The line of the configuration that core underlines. Beyond the
            # start of a block it proves that an attribute path was given.
            snippet.get("code", ""),
        )

    @property
    def text(self) -> str:
        return f"{self.summary}\n{self.detail}"

    def __str__(self) -> str:
        return f"[{self.severity}] {self.summary} ({self.address}, at `{self.code.strip()}`): {self.detail}"


@dataclasses.dataclass(frozen=True)
class SessionChanges:
    """The keys of `sessions`, interface ids, by what happens to them."""

    added: set[str]
    removed: set[str]
    changed: set[str]
    kept: set[str]


class Plan:
    """`show -json` of a saved plan."""

    def __init__(self, shown: dict, diagnostics: list[Diagnostic]):
        self._changes = {change["address"]: change for change in shown.get("resource_changes", [])}
        self.drift = {change["address"]: change for change in shown.get("resource_drift", [])}
        self.warnings = [
            d for d in diagnostics if d.severity == "warning" and "development overrides" not in d.summary
        ]

    @property
    def actions(self) -> dict[str, list[str]]:
        """The actions by address, of whatever is not left as it is."""
        actions = {address: change["change"]["actions"] for address, change in self._changes.items()}
        return {address: list_ for address, list_ in actions.items() if list_ not in (["no-op"], ["read"])}

    def before(self, address: str) -> dict[str, Any]:
        return self._changes[address]["change"]["before"] or {}

    def after(self, address: str) -> dict[str, Any]:
        return self._changes[address]["change"]["after"] or {}

    def unknown(self, address: str) -> dict[str, Any]:
        return self._changes[address]["change"]["after_unknown"] or {}

    def replaces(self, address: str) -> bool:
        return set(self._changes[address]["change"]["actions"]) == {"create", "delete"}

    def sessions(self, address: str) -> SessionChanges:
        """Which sessions come and go; fails when the plan does not list them."""
        assert self.unknown(address).get("sessions") is not True, f"{address}.sessions is unknown as a whole"
        before = self.before(address).get("sessions") or {}
        after = self.after(address).get("sessions") or {}
        unknown = self.unknown(address).get("sessions") or {}
        both = before.keys() & after.keys()
        changed = {key for key in both if before[key] != after[key] or any_true(unknown.get(key, {}))}
        return SessionChanges(
            added=after.keys() - before.keys(),
            removed=before.keys() - after.keys(),
            changed=changed,
            kept=both - changed,
        )


def any_true(value: Any) -> bool:
    """Whether a tree of `after_unknown` marks anything."""
    if isinstance(value, dict):
        return any(any_true(item) for item in value.values())
    if isinstance(value, list):
        return any(any_true(item) for item in value)
    return value is True
