"""The learned flag reader: linear readers for each category, the strongest place of a post counting for each.

English is read five times: windows by their vectors, sentences by theirs (each in the context of its window) and by those of
the adapted layers (`adapted_reader.py`), and sentences and stretches of three by their words and characters (`features.py`).
The bundled vectors know English alone, so other languages are read by words and characters only. The maxima, the length of a
long post (the strongest of many sentences is strong by chance), and what the detectors found go into one logistic combination,
fitted on out-of-fold values so that its probabilities are calibrated (Platt 1999). Weights are plain arrays, fitted by
`python -m service.flagging.fit`; scoring needs numpy alone. Off-topic is what the post as a whole says (`subject.py`), in
English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.flagging import adapted_reader, features, subject
from service.flagging.flag import Category
from service.flagging.policy import CATEGORIES
from service.intake.language import VECTOR_LANGUAGES
from service.intake.windows import EmbeddedPost, Window, read_sentences

WEIGHTS = Path(__file__).with_name("flag_reader.npz")
Array = NDArray[np.float32]


LONG_FROM = 12
"""Sentences from which a post is long: three quarters of the labelled posts have no more."""


def length(sentences: int) -> float:
    """What the combination knows of a post's length: the logarithm of how much longer than LONG_FROM it is, else 0."""
    return float(np.log(max(sentences, LONG_FROM) / LONG_FROM))


@dataclass(frozen=True)
class Score:
    """A category's probability, the place that says so most, and whether the labels support the claim."""

    probability: float
    place: Window
    calibrated: bool


class _Grams:
    """Words and characters in one group of languages. Kept columns alone have weights: `_at` tells which row, 0 for none."""

    def __init__(self, arrays: Mapping[str, Array], group: str) -> None:
        columns = arrays[f"{group}columns"]
        self._idf = np.zeros(features.SIZE, np.float32)
        self._idf[columns] = arrays[f"{group}idf"]
        self._at = np.zeros(features.SIZE, np.int64)
        self._at[columns] = np.arange(1, len(columns) + 1)
        self._weights, self._bias = {}, {}
        for name in ("grams", "stretches"):
            kept = arrays[
                f"{group}{name}"
            ]  # as they are stored, in half precision: rows are widened when they are read
            self._weights[name] = np.concatenate([np.zeros((1, len(CATEGORIES)), kept.dtype), kept])
            self._bias[name] = arrays[f"{group}{name}_bias"].astype(np.float32)

    def read(self, places: Sequence[Window]) -> tuple[Array, Array]:
        """(places, categories) of the sentences, (stretches, categories) of the stretches."""
        texts = [place.text for place in places]
        return self._read("grams", texts), self._read("stretches", features.stretches(texts, features.STRETCH))

    def _read(self, name: str, texts: Sequence[str]) -> Array:
        found = features.weigh(features.count(texts), self._idf)
        return replace(found, column=self._at[found.column]).times(self._weights[name]) + self._bias[name]


class LearnedReader:
    """Weights loaded once.

    `window`, `sentence`: (categories, dimension + 1). `columns`, `idf`: the kept columns of the n-grams; `grams`, `stretches`:
    their weights in a sentence and in a stretch, (columns, categories), with `grams_bias`, `stretches_bias`. `combine`:
    (categories, 8), for the strongest of each of the five readings, `length`, the strongest detector, and 1. `calibrated`:
    (categories,). The same names with `abroad_` before them are those of other languages: `abroad_combine` is (categories, 4),
    for the strongest of the two readings of n-grams, the detector, and 1, and `abroad_read` tells which categories are read.
    """

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self._window = arrays["window"].astype(np.float32)
            self._sentence = arrays["sentence"].astype(np.float32)
            self._grams, self._abroad = _Grams(arrays, ""), _Grams(arrays, "abroad_")
            self._combine = arrays["combine"].astype(np.float32)
            self._calibrated = arrays["calibrated"].astype(bool)
            self._abroad_combine = arrays["abroad_combine"].astype(np.float32)
            self._abroad_calibrated = arrays["abroad_calibrated"].astype(bool)
            self._abroad_read = arrays["abroad_read"].astype(bool)

    def read(
        self, embedded: EmbeddedPost, detected: Mapping[Category, float], lang: str = "en"
    ) -> dict[Category, Score]:
        """The score of every category that is read in this language; `detected` are the strongest detector findings.

        Raises ValueError where a post in English was embedded without its adapted layers.
        """
        if not len(embedded.vectors):
            return {}
        if lang not in VECTOR_LANGUAGES:
            return self._read_abroad(embedded, detected)
        windows = _linear(embedded.vectors, self._window)
        at, vectors = places(embedded)
        sentences, adapted = _linear(vectors, self._sentence), adapted_reader.read(embedded)
        grams, stretches = self._grams.read(at)
        strongest = [part.max(axis=0) for part in (windows, sentences, grams, stretches, adapted)]
        found: dict[Category, Score] = {}
        for number, category in enumerate(CATEGORIES):
            if category == "duplicate_crosspost":
                continue  # not to be seen in the post alone
            weights = self._combine[number]
            readings = [*(part[number] for part in strongest), length(len(at))]
            probability = _probability(readings, detected.get(category, 0.0), weights)
            if category == "off_topic":
                as_a_whole = subject.off_topic(embedded)
                probability = probability if as_a_whole is None else as_a_whole
            alone = weights[1] * sentences[:, number] + weights[2] * grams[:, number] + weights[4] * adapted[:, number]
            place = at[_place(alone, weights[3] * stretches[:, number])]
            found[category] = Score(probability, place, bool(self._calibrated[number]))
        return found

    def of_each_sentence(self, embedded: EmbeddedPost, category: Category, lang: str = "en") -> Array:
        """(sentences,): the probability that each, with what stands around it, shows the category; no detector counts."""
        number, texts, vectors = CATEGORIES.index(category), embedded.sentences, embedded.sentence_vectors
        english = lang in VECTOR_LANGUAGES and vectors is not None
        grams, stretches = (self._grams if english else self._abroad).read(texts)
        own, around = grams[:, number], _around(len(texts), stretches[:, number])
        if english and vectors is not None:
            window = _linear(embedded.vectors, self._window)[:, number].max()
            alone = _linear(vectors, self._sentence)[:, number]
            weights = self._combine[number]
            adapted = adapted_reader.of_every_sentence(embedded)[:, number]
            said = weights[0] * window + weights[1] * alone + weights[2] * own + weights[3] * around
            logits = said + weights[4] * adapted + weights[5] * length(len(texts)) + weights[-1]
        else:
            weights = self._abroad_combine[number]
            logits = weights[0] * own + weights[1] * around + weights[-1]
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))), np.float32)

    def _read_abroad(self, embedded: EmbeddedPost, detected: Mapping[Category, float]) -> dict[Category, Score]:
        at, _ = places(embedded)
        grams, stretches = self._abroad.read(at)
        found: dict[Category, Score] = {}
        for number, category in enumerate(CATEGORIES):
            if self._abroad_read[number]:
                parts = grams[:, number], stretches[:, number]
                strongest = [part.max() for part in parts]
                probability = _probability(strongest, detected.get(category, 0.0), self._abroad_combine[number])
                place = at[_place(*parts)]
                found[category] = Score(probability, place, bool(self._abroad_calibrated[number]))
        return found


@cache
def shipped_reader() -> LearnedReader:
    """The reader that ships with the service, loaded once; nothing changes it."""
    return LearnedReader()


def _place(alone: Array, stretches: Array) -> int:
    """The strongest sentence: what it says alone, and what the strongest stretch says that holds it."""
    return int(np.argmax(alone + _around(len(alone), stretches)))


def _around(sentences: int, stretches: Array) -> Array:
    """For each sentence the strongest stretch that holds it."""
    around = np.full(sentences, -np.inf, np.float32)
    for n in range(sentences - len(stretches) + 1):
        part = around[n : n + len(stretches)]
        np.maximum(part, stretches, out=part)
    return around


def _probability(readings: Sequence[float], detected: float, weights: Array) -> float:
    """Of what was read, with what a detector found."""
    logit = float(np.array([*readings, detected, 1.0], np.float32) @ weights)
    return 1.0 / (1.0 + float(np.exp(-np.clip(logit, -30, 30))))


def places(embedded: EmbeddedPost) -> tuple[tuple[Window, ...], Array]:
    """The sentences that are read (`windows.read_sentences`) with their vectors; the windows where there are none."""
    rows = read_sentences(embedded)
    if rows and embedded.sentence_vectors is not None:
        return tuple(embedded.sentences[i] for i in rows), embedded.sentence_vectors[rows]
    return embedded.windows, embedded.vectors


def _linear(vectors: Array, weights: Array) -> Array:
    return np.asarray(vectors @ weights[:, :-1].T + weights[:, -1], dtype=np.float32)
