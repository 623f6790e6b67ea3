"""When a wave is noticed: misses found by people since it may have begun are more than the days before explain."""

from __future__ import annotations

import math
from collections.abc import Sequence

from eval.simulation.population import WAVE_FIRST

SURE = 0.01


def noticed(found: Sequence[int], first: int = WAVE_FIRST) -> int | None:
    """The first day from `first` on at which a Poisson count of misses at the rate of the days before has p < 0.01.

    The rate is raised by half a miss over the days before, so that a quiet start does not make one miss a wave.
    """
    if len(found) <= first or first == 0:
        return None
    rate = (sum(found[:first]) + 0.5) / first
    for day in range(first, len(found)):
        if tail(sum(found[first : day + 1]), rate * (day + 1 - first)) < SURE:
            return day
    return None


def tail(count: int, expected: float) -> float:
    """P(X ≥ count) of a Poisson count."""
    return 1.0 - sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(count))
