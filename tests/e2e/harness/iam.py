"""The IAM policies of docs/guides/iam.md, which the sandbox enforces."""

import json
import re
from typing import Any

from .paths import ROOT

_FOUND = re.findall(r"<!-- policy: (\w+) -->\n\n```json\n(.*?)```", (ROOT / "docs/guides/iam.md").read_text(), re.DOTALL)
PURPOSES = [purpose for purpose, _ in _FOUND]
_DOCUMENTS = {purpose: text for purpose, text in _FOUND}


def policy(purpose: str, without: str | None = None) -> dict[str, Any]:
    """The guide's policy, perhaps without one of its actions."""
    document = json.loads(_DOCUMENTS[purpose])
    for statement in document["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action != without]
    return document


def actions(purpose: str) -> list[str]:
    """What a policy allows, as `ec2:DescribeInstances`."""
    return sorted(action for statement in policy(purpose)["Statement"] for action in statement["Action"])
