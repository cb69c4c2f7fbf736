"""Random histories: see harness/history.py. MIRROR_HISTORIES of them on each core, seeded as harness/dice.py says."""

import os
import random

import pytest

from harness import dice
from harness.history import History

SHORT = 3
IS_LONG = "MIRROR_HISTORIES" in os.environ
# Enough that the short histories together have every kind of step; they do these in turn, so that none is left to chance.
STEPS = 8 if IS_LONG else 5


@pytest.mark.spine
@pytest.mark.parametrize("seed", dice.seeds("MIRROR_HISTORIES", SHORT))
def test_history(workspace, sandbox, fleet, seed):
    print(f"seed {seed} on {workspace.core}")
    history = History(random.Random(f"{seed} {workspace.core}"), workspace, sandbox, fleet)
    if not IS_LONG:
        # A step that needs an object finds one.
        history.write()
        history.apply()
    first = STEPS * (seed - dice.first_seed())
    for number in range(first, first + STEPS):
        history.step(None if IS_LONG else number)
    assert IS_LONG or STEPS * SHORT >= len(history.kinds())
    history.write()
    history.say("at last:")
    history.apply()
    history.destroy()
    history.expect_others_untouched()
