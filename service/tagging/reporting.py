"""How well a fitted tagger does on posts it was not fitted on: what `answerloop tags fit` prints."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from service.tagging.choosing import THRESHOLD, choose
from service.tagging.fit import Labelled, labels_of
from service.tagging.reader import TagReader
from service.tagging.taxonomy import Taxonomy

BINS = 10
SUGGESTED = 5
"""Tags that a post without any is given at most."""


def report_on(reader: TagReader, posts: Sequence[Labelled], taxonomy: Taxonomy) -> dict[str, Any]:
    """P@1, R@3, R@5, micro-F1, expected calibration error, coverage at 90 % precision, and precision and recall per tag."""
    labels = labels_of(posts, taxonomy)
    place = {tag: index for index, tag in enumerate(taxonomy.names)}
    said = np.zeros(labels.shape)
    for row, post in enumerate(posts):
        for tag, probability in reader.read(post.example).items():
            said[row, place[tag]] = probability
    tagged = labels.sum(axis=1) > 0
    labels, said = labels[tagged], said[tagged]
    if not len(labels):
        return {"posts": 0}
    order = (-said).argsort(axis=1)
    hits = np.take_along_axis(labels, order, axis=1)
    kept = said >= THRESHOLD
    right = (kept & (labels == 1)).sum(axis=0)
    return {
        "posts": len(labels),
        "p_at_1": round(float(hits[:, 0].mean()), 4),
        "r_at_3": round(float((hits[:, :3].sum(axis=1) / labels.sum(axis=1)).mean()), 4),
        "r_at_5": round(float((hits[:, :5].sum(axis=1) / labels.sum(axis=1)).mean()), 4),
        "micro_f1": round(float(2 * right.sum() / max(kept.sum() + labels.sum(), 1)), 4),
        "ece": round(calibration_error(said[kept], labels[kept]), 4),
        "coverage_at_90": round(coverage(said.max(axis=1), hits[:, 0]), 4),
        "tags": {
            tag: {
                "n": int(labels[:, c].sum()),
                "precision": round(float(right[c] / kept[:, c].sum()), 3) if kept[:, c].any() else None,
                "recall": round(float(right[c] / labels[:, c].sum()), 3) if labels[:, c].any() else None,
            }
            for tag, c in place.items()
        },
    }


def gain_of(
    post: Labelled, candidate: TagReader, vocabulary: Taxonomy, production: TagReader, vocabulary_now: Taxonomy
) -> float:
    """The F1 of what the candidate would suggest for a post less that of production, −1 to 1, against the post's tags."""
    said = (
        choose(reader.read(post.example), taxonomy, (), SUGGESTED)
        for reader, taxonomy in ((candidate, vocabulary), (production, vocabulary_now))
    )
    after, before = (f1_of(tags, post.tags) for tags in said)
    return after - before


def f1_of(suggested: Collection[str], wanted: Collection[str]) -> float:
    """F1 of one list of tags against another, 0 to 1; two empty lists agree."""
    if not suggested and not wanted:
        return 1.0
    return 2 * len(set(suggested) & set(wanted)) / (len(suggested) + len(wanted))


def calibration_error(said: np.ndarray[Any, Any], true: np.ndarray[Any, Any]) -> float:
    """Expected calibration error over ten bins of equal width (Naeini, Cooper and Hauskrecht 2015)."""
    if not len(said):
        return 0.0
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    return float(
        sum((place == b).mean() * abs(said[place == b].mean() - true[place == b].mean()) for b in set(place.tolist()))
    )


def coverage(surest: np.ndarray[Any, Any], right: np.ndarray[Any, Any], precision: float = 0.9) -> float:
    """The largest share of posts, surest first, whose first tag is right in at least `precision` of them."""
    hits = np.cumsum(right[np.argsort(-surest)]) / np.arange(1, len(right) + 1)
    enough = np.flatnonzero(hits >= precision)
    return float((enough[-1] + 1) / len(right)) if len(enough) else 0.0
