"""Pieces of configuration that many tests share."""

import json

from .cores import Core
from .fleet import Fleet

TAGGED = 'selector {\n    tags = { Mirror = "True" }\n  }'


def coverage(
    fleet: Fleet,
    *more: str,
    label: str = "prod",
    name: str = "prod",
    selector: str = TAGGED,
    targets: str | None = None,
    filter_id: str | None = None,
) -> str:
    """A mirror_coverage of everything tagged; `targets` and `filter_id` are HCL."""
    arguments = [
        f'name = "{name}"',
        f"traffic_mirror_target_ids = {targets or json.dumps([fleet.target])}",
        f"traffic_mirror_filter_id = {filter_id or json.dumps(fleet.filter)}",
        *([selector] if selector else []),
        *more,
    ]
    return f'resource "mirror_coverage" "{label}" {{\n  ' + "\n  ".join(arguments) + "\n}\n"


def coverage_without(fleet: Fleet, argument: str, *more: str) -> str:
    """The usual coverage, one of its arguments left out and `more` put in."""
    lines = {
        "name": 'name = "prod"',
        "traffic_mirror_target_ids": f"traffic_mirror_target_ids = {json.dumps([fleet.target])}",
        "traffic_mirror_filter_id": f"traffic_mirror_filter_id = {json.dumps(fleet.filter)}",
        "selector": TAGGED,
    }
    lines.pop(argument)
    return 'resource "mirror_coverage" "prod" {\n  ' + "\n  ".join([*lines.values(), *more]) + "\n}\n"


class Unknown:
    """A value that core knows only once it has applied something of the same run."""

    def __init__(self, core: Core, label: str = "late", trigger: str = "1"):
        self._builtin = core.has("terraform_data")
        self._label = label
        self._trigger = trigger
        self._values: list[str] = []

    def expression(self, value: str) -> str:
        """HCL whose value is `value`, unknown until the resource below is made."""
        if self._builtin:
            # An output has no refinement; the null provider's id below has one.
            if value not in self._values:
                self._values.append(value)
            return f"terraform_data.{self._label}.output[{self._values.index(value)}]"
        return f'element(split("|", "${{null_resource.{self._label}.id}}|{value}"), 1)'

    def selector(self, value: str) -> str:
        """A selector block by the tag Mirror, whose value is `value`."""
        return f"selector {{\n    tags = {{ Mirror = {self.expression(value)} }}\n  }}"

    def refined(self, value: str) -> str:
        """The same through a template, of which core knows that it is not null."""
        if self._builtin:
            return f'element(split("|", "${{terraform_data.{self._label}.id}}|{value}"), 1)'
        return self.expression(value)

    def block(self) -> str:
        """The resource; call it after `expression`."""
        if self._builtin:
            return (
                f'resource "terraform_data" "{self._label}" {{\n'
                f"  input            = {json.dumps(self._values)}\n"
                f"  triggers_replace = [{json.dumps(self._trigger)}]\n}}\n"
            )
        return (
            f'resource "null_resource" "{self._label}" {{\n'
            f"  triggers = {{ again = {json.dumps(self._trigger)} }}\n}}\n"
        )
