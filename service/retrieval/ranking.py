"""Which candidates come first: a linear model over what a post and a thread's sketch have in common.

Each feature is standardised over the candidates of one post, so that the weights speak of standing out rather than of
absolute likeness; a site's own scale does not matter. Standing out far counts apart (`hinged`). Fitted by
`python -m service.retrieval.fit` on links that people made, from content alone. Vectors of another embedding model have the
same features on another scale, which the standardising takes away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.corpus.sketches import Sketches, hashed, stems, usual_lengths, weigh
from service.intake.normalise import ReadablePost
from service.intake.windows import EmbeddedPost
from service.retrieval.candidates import Candidate
from service.retrieval.earlier_posts import features as pair_features
from service.retrieval.earlier_posts import same, usual_cosine

Floats = NDArray[np.float32]

TITLE_VIEW, WHOLE_VIEW = 0, 1
VECTOR_FEATURES = (
    "title_to_title", "title_to_question", "whole_to_title", "whole_to_question", "whole_to_answers", "whole_to_thread",
    "window_to_question", "window_to_answers",
)  # fmt: skip
WORD_FEATURES = (
    "words_in_title", "words_in_question", "words_in_answers", "title_words_in_title", "title_words_in_question",
    "title_words_in_answers", "same_words", "same_words_with_answers",
)  # fmt: skip
FEATURES = VECTOR_FEATURES + WORD_FEATURES
FEEDBACK_FEATURES = ("first_to_thread", "first_to_answers")
FEEDBACK = 3
"""So many threads that come first by FEATURES say what the others are compared with (pseudo-relevance feedback)."""
KNOTS = (1.0, 2.0)
"""Deviations from which on standing out has a weight of its own."""
WEIGHTS = Path(__file__).with_name("ranking.npz")
COPIED = 0.8
"""Likeness of words from which on a question is taken for a copy: the same situation told by two people stays below."""
SATURATION = 1.2
LENGTH_MATTERS = np.array([0.3, 0.75, 0.75], np.float32)
"""k1 and b of BM25 (Robertson and Zaragoza 2009); a title's length says little."""
_LIKENESS = np.array([0.5, 0.3, 0.4, 1.0, 0.3, 0.5], np.float32)
_COLUMN = {
    (TITLE_VIEW, "title"): 0, (TITLE_VIEW, "question"): 1,
    (WHOLE_VIEW, "title"): 2, (WHOLE_VIEW, "question"): 3, (WHOLE_VIEW, "answer"): 4,
}  # fmt: skip
"""Where each cosine stands among the weights of likeness; the last is for shared words."""


@dataclass(frozen=True)
class RankingModel:
    """`first` are weights over the standardised FEATURES, `weights` over them and FEEDBACK_FEATURES, `hinged`; `duplicate` those
    of `duplicates` over the raw FEATURES, the constant last."""

    first: Floats
    weights: Floats
    duplicate: Floats

    def order(self, features: Floats, vectors: Floats) -> Floats:
        """A value for each row of float32 (n, len(FEATURES)), comparable among the candidates of one post only.

        `vectors` are those of the sketches, (n, 3, dimension).
        """
        return hinged(with_feedback(features, vectors, self.first)) @ self.weights

    def duplicates(self, features: Floats) -> Floats:
        """0 to 1 for each row: the probability that the thread asks the same question."""
        logits = features @ self.duplicate[:-1] + self.duplicate[-1]
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))), np.float32)


@cache
def shipped() -> RankingModel:
    """The ranking model that ships with the service."""
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return RankingModel(*(arrays[name].astype(np.float32) for name in ("first", "weights", "duplicate")))


def standardised(features: Floats) -> Floats:
    """Each column with mean 0 and deviation 1; a column that says nothing is 0."""
    if not len(features):
        return features
    spread = features.std(axis=0)
    return np.asarray((features - features.mean(axis=0)) / np.where(spread > 1e-6, spread, 1.0), np.float32)


def hinged(features: Floats) -> Floats:
    """Float32 (n, features × 3), standardised: each column, and by how much it passes each of KNOTS.

    A linear model over them is a piecewise linear one of each feature (Friedman 1991), so that far tells more or less than
    in proportion.
    """
    plain = standardised(features)
    return standardised(np.hstack([plain, *(np.maximum(plain - knot, 0) for knot in KNOTS)]))


def with_feedback(features: Floats, vectors: Floats, first: Floats) -> Floats:
    """The features with FEEDBACK_FEATURES beside them: how near each thread is to those that come first without these."""
    if not len(features):
        return np.zeros((0, len(FEATURES) + len(FEEDBACK_FEATURES)), np.float32)
    best = np.argsort(-(standardised(features) @ first), kind="stable")[:FEEDBACK]
    columns = [near @ _unit(near[best].mean(axis=0)) for near in (_whole(vectors), vectors[:, 2])]
    return np.asarray(np.column_stack([features, *columns]), np.float32)


def _whole(vectors: Floats) -> Floats:
    """The thread as one vector: title, question and answers in equal parts."""
    return _unit(vectors.sum(axis=1))


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
    return unit


def features_of(post: ReadablePost, embedded: EmbeddedPost, sketches: Sketches) -> Floats:
    """float32 (n, len(FEATURES)) for the sketched threads."""
    if not sketches.ids:
        return np.zeros((0, len(FEATURES)), np.float32)
    return np.hstack([_vector_features(embedded, sketches), _word_features(post, sketches)])


def _vector_features(embedded: EmbeddedPost, sketches: Sketches) -> Floats:
    title, question, answers = (sketches.vectors[:, place] for place in range(3))
    if not len(embedded.vectors) or title.shape[1] != embedded.vectors.shape[1]:
        return np.zeros((len(sketches.ids), len(VECTOR_FEATURES)), np.float32)
    first, whole = embedded.vectors[0], embedded.mean
    thread = _whole(sketches.vectors)
    body = [n for n, window in enumerate(embedded.windows) if window.field == "body"] or [0]
    windows = embedded.vectors[body].T
    columns = (
        title @ first, question @ first, title @ whole, question @ whole, answers @ whole, thread @ whole,
        (question @ windows).max(axis=1), (answers @ windows).max(axis=1),
    )  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def _word_features(post: ReadablePost, sketches: Sketches) -> Floats:
    heading = hashed(stems(post.title.text))
    every = heading + hashed(stems(post.body.text))
    n = len(sketches.ids)
    if not every:
        return np.zeros((n, len(WORD_FEATURES)), np.float32)
    own, often = np.unique(np.array(every, np.uint32), return_counts=True)
    weights, in_title = weigh(own), np.isin(own, np.array(heading, np.uint32))
    place = np.minimum(np.searchsorted(own, sketches.hashes), len(own) - 1)
    hit = np.flatnonzero(own[place] == sketches.hashes)
    place, owner, counts = place[hit], sketches.owner[hit], sketches.counts[hit].astype(np.float32)
    asked, whole = counts[:, 0] + counts[:, 1], counts.sum(axis=1)
    lengths = sketches.stats[:, :3].copy()
    lengths[:, 1] += lengths[:, 0]
    relative = 1 - LENGTH_MATTERS + LENGTH_MATTERS * lengths / np.maximum(usual_lengths(), 1e-6)
    said = np.stack([counts[:, 0], asked, counts[:, 2]], axis=1)
    gain = said * (SATURATION + 1) / np.maximum(said + SATURATION * relative[owner], 1e-6) * weights[place][:, None]

    def total(values: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(owner, values, n).astype(np.float32)

    titled = gain * in_title[place][:, None]
    mine = np.asarray(np.log1p(often.astype(np.float32)) * weights, np.float32)
    size = max(float(np.linalg.norm(mine)), 1e-6)
    both = mine[place] * weights[place]
    columns = [total(gain[:, field]) for field in range(3)] + [total(titled[:, field]) for field in range(3)]
    sizes = size * np.maximum(sketches.stats[:, 3:5], 1e-6)
    columns += [total(both * np.log1p(n_times)) / sizes[:, place] for place, n_times in enumerate((asked, whole))]
    return np.stack(columns, axis=1)


def asked_again(features: Floats) -> Floats:
    """0 to 1 for each row: the probability that the thread's question is the post in the same words, answered or not; 0 below
    `COPIED`, where `duplicates` knows better.

    Links that people made say little about copies, which nobody links; labelled pairs of posts do.
    """
    near = features[:, FEATURES.index("whole_to_question")]
    words = features[:, FEATURES.index("same_words")]
    usual = usual_cosine([float(cosine) for cosine in near])
    rows = (pair_features(float(c), float(w), usual, False) for c, w in zip(near, words, strict=True))
    return np.array([same(row) for row in rows], np.float32) * (words >= COPIED)


def likeness(candidates: Sequence[Candidate], of: Sequence[Candidate] | None = None) -> Floats:
    """How related candidates are in themselves, 0 to 1: cosines of the passages that were found, and shared words.

    For those in `of`, without it for all. A cosine that was not found is the lowest that was among all. Comparable
    between posts, which the order's value is not.
    """
    found = [nearest.score for c in candidates for view in c.near.values() for nearest in view.values()]
    lowest = min(found, default=0.0)
    most = max((c.words for c in candidates), default=0.0) or 1.0
    asked = candidates if of is None else of
    rows = np.full((len(asked), len(_LIKENESS)), lowest, np.float32)
    for row, candidate in zip(rows, asked, strict=True):
        for view, fields in candidate.near.items():
            for field, nearest in fields.items():
                if (column := _COLUMN.get((view, field))) is not None:
                    row[column] = nearest.score
        row[-1] = candidate.words / most
    return np.asarray(np.clip(rows @ _LIKENESS / float(_LIKENESS.sum()), 0.0, 1.0), np.float32)
