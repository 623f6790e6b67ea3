"""The learned flag reader: three linear readers a category, the strongest place of a post counting for each.

Windows by their vectors, sentences by theirs (each in the context of its window), and sentences by their words and
characters (`features.py`). The three maxima, with what the detectors found, go into one logistic combination, fitted on
out-of-fold values so that its probabilities are calibrated (Platt 1999). Weights are plain arrays, fitted by
`python -m service.flagging.fit`; scoring needs numpy alone. Off-topic is what the post as a whole says (`subject.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.flagging import features, subject
from service.flagging.flag import Category
from service.flagging.policy import CATEGORIES
from service.intake.windows import EmbeddedPost, Window

WEIGHTS = Path(__file__).with_name("flag_reader.npz")
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Score:
    """A category's probability, the place that says so most, and whether the labels support the claim."""

    probability: float
    place: Window
    calibrated: bool


class LearnedReader:
    """Weights loaded once.

    `window`, `sentence`: (categories, dimension + 1). `columns`: the kept columns of the n-grams; `idf`: theirs;
    `grams`: (columns, categories), `grams_bias`: (categories,). `combine`: (categories, 5), for the three readings, the
    strongest detector, and 1. `calibrated`: (categories,).
    """

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self._window = arrays["window"].astype(np.float32)
            self._sentence = arrays["sentence"].astype(np.float32)
            self._grams = np.zeros((features.SIZE, len(CATEGORIES)), np.float32)
            self._grams[arrays["columns"]] = arrays["grams"]
            self._grams_bias = arrays["grams_bias"].astype(np.float32)
            self._idf = np.zeros(features.SIZE, np.float32)
            self._idf[arrays["columns"]] = arrays["idf"]
            self._combine = arrays["combine"].astype(np.float32)
            self._calibrated = arrays["calibrated"].astype(bool)

    def read(self, embedded: EmbeddedPost, detected: Mapping[Category, float]) -> dict[Category, Score]:
        """Every category's score; `detected` are the strongest detector findings."""
        if not len(embedded.vectors):
            return {}
        windows = _linear(embedded.vectors, self._window)
        places, vectors = _places(embedded)
        sentences = _linear(vectors, self._sentence)
        counted = features.weigh(features.count([place.text for place in places]), self._idf)
        grams = counted.times(self._grams) + self._grams_bias
        found: dict[Category, Score] = {}
        for number, category in enumerate(CATEGORIES):
            if category == "duplicate_crosspost":
                continue  # not to be seen in the post alone
            w, s, g = windows[:, number], sentences[:, number], grams[:, number]
            parts = np.array([w.max(), s.max(), g.max(), detected.get(category, 0.0), 1.0], np.float32)
            logit = float(parts @ self._combine[number])
            probability = 1.0 / (1.0 + float(np.exp(-np.clip(logit, -30, 30))))
            if category == "off_topic":
                as_a_whole = subject.off_topic(embedded)
                probability = probability if as_a_whole is None else as_a_whole
            place = places[int(np.argmax(self._combine[number, 1] * s + self._combine[number, 2] * g))]
            found[category] = Score(probability, place, bool(self._calibrated[number]))
        return found


def _places(embedded: EmbeddedPost) -> tuple[tuple[Window, ...], Array]:
    """The sentences with their vectors, without fragments of one Latin word (a piece of an address decides nothing); the
    windows where there are none."""
    if embedded.sentence_vectors is not None:
        rows = [i for i, s in enumerate(embedded.sentences) if " " in s.text.strip() or not s.text.isascii()]
        if rows:
            return tuple(embedded.sentences[i] for i in rows), embedded.sentence_vectors[rows]
    return embedded.windows, embedded.vectors


def _linear(vectors: Array, weights: Array) -> Array:
    return np.asarray(vectors @ weights[:, :-1].T + weights[:, -1], dtype=np.float32)
