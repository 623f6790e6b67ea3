"""Conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster 2022, arXiv:2208.02814), with weights; pure.

For losses in [0, 1] that fall with a parameter, the least parameter whose mean loss, with one more loss of 1 added, is
at most α keeps the expected loss of a new example at most α. Examples drawn with unequal probabilities carry weights
1/probability (weighted exchangeability, Tibshirani, Foygel Barber, Candès and Ramdas 2019); the new example takes the
largest weight, which errs on the safe side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

GRID = 200
"""Cuts tried: every 0.5 %."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Label:
    """One example: the reader's probability, whether people say the concern is there, and its weight."""

    probability: float
    true: bool
    weight: float = 1.0


@dataclass(frozen=True)
class Cut:
    """A cut that keeps a bound; `seen` is the weighted share of losses measured at it, `labels` how many it rests on."""

    at: float
    labels: int
    seen: float


@dataclass(frozen=True)
class TooFew:
    """No cut can keep the bound whatever the losses are: `labels` that weigh as much as `count_for` equal ones."""

    labels: int
    needed: int
    count_for: int


@dataclass(frozen=True)
class OutOfReach:
    """There are labels enough, and no cut that was tried keeps the bound; `seen` is the weighted share lost at the last."""

    labels: int
    seen: float


Found = Cut | TooFew | OutOfReach


def clean_flagged_at_most(labels: Sequence[Label], alpha: float) -> Found:
    """The lowest cut at which at most `alpha` of clean examples are flagged."""
    clean = [label for label in labels if not label.true]
    return _first(clean, alpha, [step / GRID for step in range(GRID + 1)], lambda p, cut: p >= cut)


def missed_at_most(labels: Sequence[Label], alpha: float) -> Found:
    """The highest cut at which at most `alpha` of true examples are missed."""
    true = [label for label in labels if label.true]
    return _first(true, alpha, [step / GRID for step in range(GRID, -1, -1)], lambda p, cut: p < cut)


def least_labels(alpha: float) -> int:
    """How many equally weighted labels a bound takes at least."""
    return max(1, math.ceil((1 - alpha) / alpha * (1 - _ROUNDING)))


def control(
    weights: Sequence[float], alpha: float, settings: Sequence[float], lost: Callable[[int, float], bool]
) -> Found:
    """The first of `settings` that keeps the weighted share of losses at most `alpha`; losses fall along them."""
    total = sum(weights)
    heaviest = max(weights, default=1.0)
    allowed = alpha * (total + heaviest) * (1 + _ROUNDING)
    if heaviest > allowed or not total:
        return TooFew(len(weights), least_labels(alpha), int(total / heaviest))
    losses = 0.0
    for setting in settings:
        losses = sum(weight for index, weight in enumerate(weights) if lost(index, setting))
        if losses + heaviest <= allowed:
            return Cut(setting, len(weights), losses / total)
    return OutOfReach(len(weights), losses / total)


def _first(labels: Sequence[Label], alpha: float, cuts: Sequence[float], lost: Callable[[float, float], bool]) -> Found:
    weights = [label.weight for label in labels]
    return control(weights, alpha, cuts, lambda index, cut: lost(labels[index].probability, cut))
