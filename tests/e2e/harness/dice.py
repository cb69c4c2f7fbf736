"""Seeds of random runs: printed, settable, and the same in every worker of pytest-xdist.

MIRROR_SEED sets the first seed; the others count on from it, so that one run is repeated by its own seed and a count of one. Without it a
short run always has the same seeds, so that a change is judged by what it changed, and a long one draws new ones.
"""

import os
import secrets


def first_seed() -> int:
    """The seed of the first run. Call it once before workers start: they inherit it."""
    is_long = any(count in os.environ for count in ("MIRROR_KILLS", "MIRROR_HISTORIES"))
    return int(os.environ.setdefault("MIRROR_SEED", str(secrets.randbelow(1_000_000) if is_long else 1)))


def seeds(count_variable: str, short: int) -> list[int]:
    """As many seeds as the variable says, or a few."""
    first = first_seed()
    return [first + number for number in range(int(os.environ.get(count_variable, short)))]
