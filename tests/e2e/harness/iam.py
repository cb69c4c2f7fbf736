"""The IAM policies of docs/guides/iam.md, which the sandbox enforces."""

import json
import re
from typing import Any

from .paths import ROOT

_GUIDE = (ROOT / "docs/guides/iam.md").read_text()
_FOUND = re.findall(r"<!-- policy: (\w+) -->\n\n```json\n(.*?)```", _GUIDE, re.DOTALL)
PURPOSES = [purpose for purpose, _ in _FOUND]
_DOCUMENTS = {purpose: text for purpose, text in _FOUND}

# What the guide says of an action that is missing: of mirror_audit and of mirror_coverage.
ROWS = re.findall(r"^\| `(\w+:\w+)` \| ([\w ]+) \| ([\w ]+) \|", _GUIDE, re.MULTILINE)
WITHOUT_DELIVERY = re.search(r"`check_delivery = false` an audit asks for less: (.*?) may be missing", _GUIDE, re.DOTALL)[1]


def policy(purpose: str, *without: str) -> dict[str, Any]:
    """The guide's policy, perhaps without some of its actions."""
    document = json.loads(_DOCUMENTS[purpose])
    for statement in document["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action not in without]
    return document


def actions(purpose: str) -> list[str]:
    """What a policy allows, as `ec2:DescribeInstances`."""
    return sorted(action for statement in policy(purpose)["Statement"] for action in statement["Action"])
