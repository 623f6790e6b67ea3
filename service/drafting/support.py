"""How well passages carry a sentence: a small linear model over what they have in common.

One logistic regression whose weights glide with the length of the passage, because a word that is missing says more beside
two sentences than beside twenty. Fitted by `python -m service.drafting.fit`; scoring needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.drafting.reading import ReadText, read_texts
from service.drafting.support_features import WORD_FEATURES, features
from service.models.embedder import Embedder

WEIGHTS = Path(__file__).with_name("support_model.npz")
TURNS = (-1.0, 0.0, 1.0)
"""Passage lengths, in standard deviations, around which the weights change over."""
STEEPNESS, CLIP = 4.0, 4.0
FITTED_ON = "local/all-MiniLM-L6-v2-int8"
"""The embedder whose vectors the weights know; with another one the words alone decide."""

Floats = NDArray[np.float64]


class SupportModel:
    """Weights loaded once. `score` is the probability that the passages say what the claim says."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self._arrays = {name: arrays[name].astype(float) for name in arrays.files}

    @property
    def supported(self) -> float:
        """From this score on a claim counts as supported."""
        return float(self._arrays["cuts"][0])

    @property
    def partial(self) -> float:
        """From this score on a claim counts as partly supported; below it, it is dropped."""
        return float(self._arrays["cuts"][1])

    def score(self, claim: ReadText, passages: Sequence[ReadText], embedder_name: str = FITTED_ON) -> float:
        """0 to 1; 0 for an empty claim or no passage."""
        if not claim.words or not any(p.words for p in passages):
            return 0.0
        vectors = embedder_name == FITTED_ON and len(claim.vectors) > 0
        which = "full" if vectors else "words"
        row = columns(features(claim, passages)[None, :], which)
        a = self._arrays
        logit = a[f"{which}_calibration"][0] * float(
            terms((row - a[f"{which}_mean"]) / a[f"{which}_scale"])[0] @ a[f"{which}_weights"]
        )
        return float(1 / (1 + np.exp(-np.clip(logit + a[f"{which}_calibration"][1], -30, 30))))


def columns(rows: Floats, which: str) -> Floats:
    """The features that a variant reads: all of them, or those of words."""
    return rows if which == "full" else rows[:, : len(WORD_FEATURES)]


def terms(standard: Floats) -> Floats:
    """What the weights are laid on: each standardised feature, and again behind each turn of the passage length."""
    clipped = np.clip(standard, -CLIP, CLIP)
    length = clipped[:, [_LENGTH]]
    gates = [1 / (1 + np.exp(-STEEPNESS * (length - turn))) for turn in TURNS]
    return np.concatenate([clipped, *(clipped * gate for gate in gates)], axis=1)


_LENGTH = WORD_FEATURES.index("passage_length")


@cache
def shipped() -> SupportModel:
    """The support model that ships with the service."""
    return SupportModel()


def support(sentence: str, passage: str, embedder: Embedder) -> float:
    """How well a passage carries a sentence, 0 to 1."""
    claim, source = read_texts([sentence, passage], embedder)
    return shipped().score(claim, [source], embedder.name)


def manifest() -> dict[str, Any]:
    """What the weights were fitted on, with which result, and how to fit them again."""
    import json

    found: dict[str, Any] = json.loads(WEIGHTS.with_suffix(".json").read_text("utf-8"))
    return found
