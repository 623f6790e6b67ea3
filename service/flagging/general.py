"""What any text says of harm, by the names of OpenAI's moderation categories: for `/v1/moderations`, beside our own flags.

Our flags are about career posts; a caller of that endpoint sends anything. A label's readings are a linear one of the text's
vector and a linear one of its hashed words and characters (`features.py`); `any`, harm of whatever kind, is also read by a
Gaussian kernel over labelled vectors (support vector machine, Cortes and Vapnik 1995) and by the likeliest of the other
labels. A logistic combination fitted on out-of-fold readings joins them (stacking, Wolpert 1992). `toxic` is rudeness to
people. Weights are plain arrays, fitted by `python -m service.flagging.fit_general`; scoring needs numpy alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.flagging import features
from service.intake.windows import EmbeddedPost

WEIGHTS = Path(__file__).with_name("general.npz")
FITTED_ON = "local/all-MiniLM-L6-v2-int8"
LABELS = (
    "harassment", "hate", "hate/threatening", "self-harm", "sexual", "sexual/minors", "violence", "violence/graphic", "toxic", "any",
)  # fmt: skip
KINDS = len(LABELS) - 2
"""The labels that are kinds of harm, before `toxic` and `any`."""
WIDTH = 1.5
"""Of the kernel: exp(−WIDTH · |a − b|²)."""
LONGEST = 12
"""Pieces of `features.LONGEST` characters of a text whose words are read; the likeliest counts."""
Array = NDArray[np.float32]


@dataclass(frozen=True)
class GeneralReader:
    """`vector`: (labels, dimension + 1), `grams`: (features.SIZE, labels), `grams_bias`: (labels,), `idf`: (features.SIZE,).

    `centres`: (n, dimension) with `heights`: (n + 1,), the kernel reading of `any`. `combine`: (labels, 6) for the readings
    of vector, words, kernel, the likeliest kind by vector and by words, and 1.
    """

    vector: Array
    grams: Array
    grams_bias: Array
    idf: Array
    centres: Array
    heights: Array
    combine: Array

    def read(self, embedded: EmbeddedPost, text: str) -> dict[str, float]:
        """Probability of every label the reader was fitted for; empty where nothing can be said."""
        return self.score(embedded.mean, text) if len(embedded.vectors) else {}

    def score(self, mean: Array, text: str) -> dict[str, float]:
        """The same from the text's mean vector."""
        counted = features.weigh(features.count(pieces(text)), self.idf)
        words = (counted.times(self.grams) + self.grams_bias).max(axis=0)
        readings = joined(self.vector[:, :-1] @ mean + self.vector[:, -1], words, self._kernel(mean))
        said = 1 / (1 + np.exp(-np.clip((self.combine * readings).sum(axis=1), -30, 30)))
        return {label: float(p) for label, p, row in zip(LABELS, said, self.combine, strict=True) if row.any()}

    def _kernel(self, mean: Array) -> float:
        if not len(self.centres):
            return 0.0
        near = np.exp(-WIDTH * ((self.centres - mean) ** 2).sum(axis=1))
        return float(near @ self.heights[:-1] + self.heights[-1])


def joined(vector: Array, words: Array, kernel: float) -> Array:
    """(labels, 6): the inputs of the combination; the last but `any` have no kernel and no likeliest kind."""
    readings = np.zeros((len(LABELS), 6), np.float32)
    readings[:, 0], readings[:, 1], readings[:, 5] = vector, words, 1.0
    readings[-1, 2:5] = kernel, vector[:KINDS].max(), words[:KINDS].max()
    return readings


def pieces(text: str) -> list[str]:
    """The text in pieces whose words are counted together; never none."""
    size = features.LONGEST
    return [text[start : start + size] for start in range(0, max(len(text), 1), size)][:LONGEST]


@cache
def shipped() -> GeneralReader:
    """The weights that come with the service."""
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        grams = np.zeros((features.SIZE, len(LABELS)), np.float32)
        grams[arrays["columns"]] = arrays["grams"]
        idf = np.zeros(features.SIZE, np.float32)
        idf[arrays["columns"]] = arrays["idf"]
        return GeneralReader(
            arrays["vector"].astype(np.float32), grams, arrays["grams_bias"].astype(np.float32), idf,
            arrays["centres"].astype(np.float32), arrays["heights"].astype(np.float32), arrays["combine"].astype(np.float32),
        )  # fmt: skip


@cache
def cuts() -> dict[str, float]:
    """From which probability on a label is said to be there; the labels that are read at all."""
    manifest: dict[str, dict[str, float]] = json.loads(WEIGHTS.with_suffix(".json").read_text("utf-8"))
    return manifest["cuts"]
