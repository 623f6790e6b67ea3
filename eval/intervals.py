"""How sure a figure is, and whether two runs differ: every interval and test that the suite prints.

Wilson 1927 for rates (as recommended by Brown, Cai and DasGupta 2001); cluster bootstrap for everything else (Field and
Welsh 2007: whole clusters are drawn with replacement, percentile interval); exact McNemar 1947 for paired rates; paired
cluster bootstrap for other paired differences (Efron and Tibshirani 1993); Connor 1987 for the power of a paired rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Z95 = 1.959963984540054
Z80_POWER = 0.8416212335729143
DRAWS = 1000


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval, from `n` observations."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Change:
    """b − a on the same cases: the difference, its 95 % interval, and the two-sided p value."""

    difference: float
    low: float
    high: float
    p: float
    n: int
    method: str

    @property
    def significant(self) -> bool:
        """Whether chance explains the difference badly (p < 0.05)."""
        return self.p < 0.05


def wilson(successes: float, n: int, z: float = Z95) -> Interval:
    """Wilson's score interval of a rate; with no observation the whole of [0, 1] around NaN."""
    if n == 0:
        return Interval(math.nan, 0.0, 1.0, 0)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half), n)


def cluster_weights(clusters: Sequence[str], draws: int = DRAWS, seed: int = 0) -> tuple[NDArray[np.int64], Array]:
    """(index of the cluster of each case, how often each cluster was drawn: draws × clusters); the same seed, the same.

    Read only: metrics over the same cases share them.
    """
    return _weights(tuple(clusters), draws, seed)


@lru_cache(maxsize=32)
def _weights(clusters: tuple[str, ...], draws: int, seed: int) -> tuple[NDArray[np.int64], Array]:
    names = {name: index for index, name in enumerate(dict.fromkeys(clusters))}
    of_case = np.array([names[name] for name in clusters], dtype=np.int64)
    count = len(names)
    generator = np.random.default_rng(seed)
    drawn: Array = generator.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)
    of_case.setflags(write=False)
    drawn.setflags(write=False)
    return of_case, drawn


def bootstrap_sums(
    sums: Array, clusters: Sequence[str], summary: Callable[[Array], Array], draws: int = DRAWS, seed: int = 0
) -> tuple[float, Array]:
    """The figure and its bootstrap distribution, for figures that are functions of column sums.

    `sums` is cases × columns; `summary` maps (…, columns) to (…).
    """
    of_case, drawn = cluster_weights(clusters, draws, seed)
    by_cluster = np.zeros((drawn.shape[1], sums.shape[1]))
    np.add.at(by_cluster, of_case, sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(summary(by_cluster.sum(axis=0)))
        return value, np.asarray(summary(drawn @ by_cluster), dtype=np.float64)


def bootstrap_rows(
    rows: Array, row_clusters: Sequence[str], summary: Callable[[Array], float], draws: int = 300, seed: int = 0
) -> tuple[float, Array]:
    """The same for figures of all rows together (AUC, calibration): rows of drawn clusters are repeated."""
    of_row, drawn = cluster_weights(row_clusters, draws, seed)
    order = np.argsort(of_row, kind="stable")
    times = drawn.astype(np.int64)[:, of_row[order]]
    found = np.array([summary(rows[np.repeat(order, times[draw])]) for draw in range(draws)], dtype=np.float64)
    return summary(rows), found


def percentile(value: float, distribution: Array, n: int) -> Interval:
    """The 95 % percentile interval of a bootstrap distribution; draws in which the figure is undefined are left out."""
    defined = distribution[~np.isnan(distribution)]
    if math.isnan(value) or not len(defined):
        return Interval(value, math.nan, math.nan, n)
    low, high = np.quantile(defined, [0.025, 0.975])
    return Interval(value, min(float(low), value), max(float(high), value), n)


def mcnemar(lost: int, won: int) -> float:
    """Two-sided exact p of McNemar's test: `lost` cases that only the first run passed, `won` that only the second did."""
    n = lost + won
    if n == 0:
        return 1.0
    tail: float = sum(math.comb(n, k) for k in range(min(lost, won) + 1)) / 2**n
    return min(1.0, 2 * tail)


def change_of_sums(
    a: Array, b: Array, clusters: Sequence[str], summary: Callable[[Array], Array], draws: int = 2000, seed: int = 0
) -> Change:
    """Paired cluster bootstrap of summary(b) − summary(a), both cases × columns in the same order."""
    first, first_drawn = bootstrap_sums(a, clusters, summary, draws, seed)
    second, second_drawn = bootstrap_sums(b, clusters, summary, draws, seed)
    return _change(second - first, second_drawn - first_drawn, len(a))


def change_of_rows(
    a: Array, a_clusters: Sequence[str], b: Array, b_clusters: Sequence[str], summary: Callable[[Array], float],
    draws: int = 500, seed: int = 0,
) -> Change:  # fmt: skip
    """The same for figures of all rows; clusters must be the same set, in the order of first appearance."""
    if list(dict.fromkeys(a_clusters)) != list(dict.fromkeys(b_clusters)):
        raise ValueError("the two runs do not hold the same clusters")
    first, first_drawn = bootstrap_rows(a, a_clusters, summary, draws, seed)
    second, second_drawn = bootstrap_rows(b, b_clusters, summary, draws, seed)
    return _change(second - first, second_drawn - first_drawn, len(dict.fromkeys(a_clusters)))


def _change(difference: float, distribution: Array, n: int) -> Change:
    defined = distribution[~np.isnan(distribution)]
    if math.isnan(difference) or not len(defined):
        return Change(difference, math.nan, math.nan, 1.0, n, "paired bootstrap")
    low, high = np.quantile(defined, [0.025, 0.975])
    if not np.any(defined):
        return Change(difference, 0.0, 0.0, 1.0, n, "paired bootstrap")
    below = (1 + np.sum(defined <= 0)) / (1 + len(defined))
    above = (1 + np.sum(defined >= 0)) / (1 + len(defined))
    return Change(difference, float(low), float(high), float(min(1.0, 2 * min(below, above))), n, "paired bootstrap")


def detectable_rate(n: int, discordant: float = 0.1) -> float:
    """The smallest paired change of a rate that `n` cases show with 80 % power at p < 0.05 (Connor 1987).

    `discordant` is the assumed share of cases on which two runs differ; the answer never exceeds it. NaN where even
    all discordant cases in one direction would not show.
    """
    low, high = 0.0, discordant
    if n == 0 or _needed(discordant, discordant) > n:
        return math.nan
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _needed(middle, discordant) <= n else (middle, high)
    return high


def _needed(difference: float, discordant: float) -> float:
    if difference <= 0:
        return math.inf
    root = Z95 * math.sqrt(discordant) + Z80_POWER * math.sqrt(max(discordant - difference**2, 0.0))
    return float((root / difference) ** 2)


def detectable_figure(interval: Interval) -> float:
    """The smallest change of any other figure seen with 80 % power, if two runs correlate by one half over cases."""
    return (Z95 + Z80_POWER) * (interval.high - interval.low) / (2 * Z95)


def kappa(first: Sequence[str] | Array, second: Sequence[str] | Array) -> float:
    """Cohen's kappa 1960 of two readers over the same items; 1 where both always say the one same thing."""
    n = len(first)
    if n == 0 or n != len(second):
        raise ValueError("two readers must have read the same items")
    labels, said = np.unique(np.concatenate([np.asarray(first), np.asarray(second)]), return_inverse=True)
    agreed = float(np.mean(said[:n] == said[n:]))
    a, b = (np.bincount(side, minlength=len(labels)) / n for side in (said[:n], said[n:]))
    chance = float(a @ b)
    return 1.0 if len(labels) == 1 else (agreed - chance) / (1 - chance)


def kappa_of_rows(rows: Array) -> float:
    """The same of rows (first reader's label, second reader's label), labels as numbers."""
    return kappa(rows[:, 0], rows[:, 1])
