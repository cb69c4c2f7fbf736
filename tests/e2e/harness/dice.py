"""Seeds of random runs: printed, settable, and the same in every worker of pytest-xdist.

MIRROR_SEED sets the first seed; the others count on from it, so that one run is repeated by its own seed and a count of one.
"""

import os
import secrets


def first_seed() -> int:
    """The seed of the first run. Call it once before workers start: they inherit it."""
    return int(os.environ.setdefault("MIRROR_SEED", str(secrets.randbelow(1_000_000))))


def seeds(count_variable: str, short: int) -> list[int]:
    """As many seeds as the variable says, or a few."""
    first = first_seed()
    return [first + number for number in range(int(os.environ.get(count_variable, short)))]
