"""Random histories: see harness/history.py. MIRROR_HISTORIES of them on each core, seeded as harness/dice.py says."""

import os
import random

import pytest

from harness import dice
from harness.history import History

SHORT = 3
# Few in the short run, where a history is to take seconds.
STEPS = 8 if "MIRROR_HISTORIES" in os.environ else 4


@pytest.mark.spine
@pytest.mark.parametrize("seed", dice.seeds("MIRROR_HISTORIES", SHORT))
def test_history(workspace, sandbox, fleet, seed):
    print(f"seed {seed} on {workspace.core}")
    history = History(random.Random(f"{seed} {workspace.core}"), workspace, sandbox, fleet)
    for _ in range(STEPS):
        history.step()
    history.write()
    history.say("at last:")
    history.apply()
    history.destroy()
    history.expect_others_untouched()
