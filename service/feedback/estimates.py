"""Shares, means and totals with their intervals; pure. What cannot be known is None, with the reason, never 0.

Wilson 1927 for shares; percentile bootstrap (Efron 1979) for means; order statistics (Conover 1999) for medians; Cohen
1960 for kappa. Weighted shares are Hájek's (1971) ratio of inverse-probability totals; their interval is Wilson's at
Kish's (1965) effective number, which stays honest where no case was found (a linearised variance would be 0 there).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Z95 = 1.959963984540054
LEAST_FOR_MEAN = 5


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval from `n` observations; `value` None and `unknown` saying why where it is not known."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    unknown: str = ""


def unknown(why: str, n: int = 0) -> Figure:
    """A figure that is not known."""
    return Figure(None, None, None, n, why)


def share(hits: float, n: float, nothing: str = "nothing was counted") -> Figure:
    """A share with Wilson's interval; `n` may be an effective number."""
    if n <= 0:
        return unknown(nothing)
    p = min(max(hits / n, 0.0), 1.0)
    middle = (p + Z95 * Z95 / (2 * n)) / (1 + Z95 * Z95 / n)
    half = Z95 / (1 + Z95 * Z95 / n) * math.sqrt(p * (1 - p) / n + Z95 * Z95 / (4 * n * n))
    return Figure(p, max(0.0, min(middle - half, p)), min(1.0, max(middle + half, p)), round(n))


@dataclass(frozen=True)
class Sampled:
    """What a sample drawn with known probabilities says of the whole: how large it is, and the share of hits in it.

    `size` is the Horvitz–Thompson (1952) total Σ 1/π; `hits` Hájek's share with its interval; `n` how many were drawn.
    """

    size: float
    hits: Figure
    n: int


def sampled(drawn: Sequence[tuple[float, bool]], answered: float = 1.0) -> Sampled:
    """From (probability of being drawn, hit) pairs. `answered` is the share of drawn ones that were looked at so far."""
    if not drawn:
        return Sampled(0.0, unknown("no post of the audit sample was decided"), 0)
    weights = np.array([1 / probability for probability, _ in drawn])
    hits = np.array([hit for _, hit in drawn], dtype=float)
    total = float(weights.sum())
    effective = total**2 / float((weights**2).sum())
    found = share(float((weights * hits).sum()) / total * effective, effective)
    return Sampled(total / answered, Figure(found.value, found.low, found.high, len(drawn)), len(drawn))


def recall(caught: float, missed_beside: float, unflagged: Sampled) -> Figure:
    """caught / (caught + missed): misses among routed posts are counted, those among unflagged ones estimated.

    The interval carries that of the miss rate over. Unknown without an audit sample, or without any true case.
    """
    n = round(caught + missed_beside) + unflagged.n
    rate = unflagged.hits
    if rate.value is None or rate.low is None or rate.high is None:
        return unknown(rate.unknown, n)
    if caught + missed_beside == 0 and rate.value == 0:
        return unknown("no true case was seen, neither caught nor missed", n)

    def at(missed_share: float) -> float:
        return caught / (caught + missed_beside + unflagged.size * missed_share)

    if caught == 0:
        return Figure(0.0, 0.0, 1.0, n)
    return Figure(at(rate.value), at(rate.high), at(rate.low), n)


def mean(values: Sequence[float]) -> Figure:
    """A mean with its percentile bootstrap interval (seeded: the same values, the same interval)."""
    if not values:
        return unknown("nothing was counted")
    middle = float(np.mean(values))
    if len(values) < LEAST_FOR_MEAN:
        return Figure(middle, None, None, len(values), f"fewer than {LEAST_FOR_MEAN}: no interval")
    drawn = np.random.default_rng(len(values)).choice(np.asarray(values), (500, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Figure(middle, min(float(low), middle), max(float(high), middle), len(values))


def median(values: Sequence[float]) -> Figure:
    """A median with its distribution-free interval."""
    if not values:
        return unknown("nothing was counted")
    rows, n = sorted(values), len(values)
    middle = float(np.median(rows))
    if n < LEAST_FOR_MEAN + 1:
        return Figure(middle, None, None, n, f"fewer than {LEAST_FOR_MEAN + 1}: no interval")
    half = Z95 * math.sqrt(n) / 2
    low, high = max(math.floor(n / 2 - half), 1), min(math.ceil(1 + n / 2 + half), n)
    return Figure(middle, rows[low - 1], rows[high - 1], n)


def kappa(both: int, first: int, second: int, n: int) -> Figure:
    """Cohen's kappa of two readers with its interval; `first` and `second` count what each marked, `both` what both did."""
    if n == 0:
        return unknown("no second review was decided")
    observed = (n - first - second + 2 * both) / n
    one, other = first / n, second / n
    chance = one * other + (1 - one) * (1 - other)
    if chance == 1:
        return unknown("both always said the same one thing", n)
    value = (observed - chance) / (1 - chance)
    half = Z95 * math.sqrt(observed * (1 - observed) / n) / (1 - chance)
    return Figure(value, max(-1.0, value - half), min(1.0, value + half), n)
