"""Whether a probability means what it says, and how well a score orders: ECE, Brier, reliability, AUC, coverage.

Rows are (label 0 or 1, probability). ECE: Naeini, Cooper and Hauskrecht 2015, over bins of equal width; Brier 1950;
AUC by ranks (Mann and Whitney 1947), ties counted half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BINS = 10


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability plot."""

    low: float
    high: float
    n: int
    mean_probability: float
    share_true: float


def reliability(rows: Array, bins: int = BINS) -> list[Bin]:
    """The filled bins, from 0 to 1."""
    if not len(rows):
        return []
    place = np.minimum((rows[:, 1] * bins).astype(int), bins - 1)
    found = []
    for index in range(bins):
        inside = rows[place == index]
        if len(inside):
            mean = inside.mean(axis=0)
            found.append(Bin(index / bins, (index + 1) / bins, len(inside), float(mean[1]), float(mean[0])))
    return found


def expected_calibration_error(rows: Array) -> float:
    """Mean gap between probability and share of true ones, weighted by bin size; NaN without rows."""
    if not len(rows):
        return math.nan
    return sum(b.n * abs(b.mean_probability - b.share_true) for b in reliability(rows)) / len(rows)


def brier(rows: Array) -> float:
    """Mean squared error of the probabilities; NaN without rows."""
    return float(np.mean((rows[:, 1] - rows[:, 0]) ** 2)) if len(rows) else math.nan


def auc(rows: Array) -> float:
    """The chance that a true row scores above a false one; NaN where one kind is missing."""
    positive = rows[:, 0] > 0.5
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return math.nan
    _, inverse, counts = np.unique(rows[:, 1], return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def coverage_curve(rows: Array) -> list[tuple[float, float]]:
    """(coverage, precision) for every cut of the probability, from the surest row down."""
    if not len(rows):
        return []
    order = np.argsort(-rows[:, 1], kind="stable")
    hits = np.cumsum(rows[order, 0])
    taken = np.arange(1, len(rows) + 1)
    last_of_tie = np.append(np.diff(rows[order, 1]) != 0, True)
    return [(float(k / len(rows)), float(h / k)) for k, h in zip(taken[last_of_tie], hits[last_of_tie], strict=True)]


def coverage_at(rows: Array, precision: float) -> float:
    """The largest share of rows that can be taken, surest first, at this precision; 0 where none."""
    return max((c for c, p in coverage_curve(rows) if p >= precision), default=0.0)
