"""The learned flag reader: one linear reader a category over the vectors of a post's windows, the strongest window counting.

`logit = max over windows of (vector · w + b)`, then a logistic combination with what the detectors found, fitted on
out-of-fold values so that its probabilities are calibrated (Platt 1999). Weights are plain arrays, fitted by
`python -m service.flagging.fit`; scoring needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.flagging.flag import Category
from service.flagging.policy import CATEGORIES
from service.intake.windows import EmbeddedPost

WEIGHTS = Path(__file__).with_name("flag_reader.npz")


@dataclass(frozen=True)
class Score:
    """A category's probability, the number of the window that says so most, and whether the labels support the claim."""

    probability: float
    window: int
    calibrated: bool


class LearnedReader:
    """Weights loaded once: `window` (categories, dimension + 1), `combine` (categories, 4), `calibrated` (categories,)."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self._window: NDArray[np.float32] = arrays["window"].astype(np.float32)
            self._combine: NDArray[np.float32] = arrays["combine"].astype(np.float32)
            self._calibrated = arrays["calibrated"].astype(bool)

    def read(self, embedded: EmbeddedPost, detected: Mapping[Category, float]) -> dict[Category, Score]:
        """Every category's score; `detected` are the strongest detector findings."""
        if not len(embedded.vectors):
            return {}
        logits = embedded.vectors @ self._window[:, :-1].T + self._window[:, -1]
        windows = logits.argmax(axis=0)
        found: dict[Category, Score] = {}
        for number, category in enumerate(CATEGORIES):
            if category == "duplicate_crosspost":
                continue  # not to be seen in the post alone
            strongest, detector = float(logits[windows[number], number]), detected.get(category, 0.0)
            a, b, c, bias = (float(value) for value in self._combine[number])
            logit = a * strongest + b * detector + c * strongest * detector + bias
            probability = 1.0 / (1.0 + float(np.exp(-np.clip(logit, -30, 30))))
            found[category] = Score(probability, int(windows[number]), bool(self._calibrated[number]))
        return found
