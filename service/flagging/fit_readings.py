"""The linear readers of a fit: which rows they learn from, and what they say of posts they were fitted without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from service.flagging import features, joint_logistic
from service.flagging.labelled import Array, Labelled, Places
from service.flagging.policy import CATEGORIES

FOLDS = 4
LEAST_SENTENCES_OF_A_GRAM = 4
VECTOR_STRENGTH, GRAM_STRENGTH = 1.0, 3.0
TEXT_WEIGHT = 1.0
"""What a single text counts beside a sentence of a post."""


@dataclass(frozen=True)
class Rows:
    """The rows a reader learns from: `matrix` (rows, features), `true` and `weight` (rows, categories; weight 0 where a row
    says nothing of a category), and for each of the posts, which come first, where its rows begin (`starts`, one more)."""

    matrix: Any
    true: Array
    weight: Array
    starts: Array

    def fitted(self, without: Iterable[int], strength: float) -> tuple[Array, Array]:
        """(weights, biases) from all rows but those of some posts."""
        kept = np.ones(len(self.true), bool)
        for post in without:
            kept[self.starts[post] : self.starts[post + 1]] = False
        true = self.true[kept]
        return joint_logistic.fit(self.matrix[kept], true, _balanced(true, self.weight[kept]), strength)

    def strongest(self, weights: Array, biases: Array) -> Array:
        """(posts, categories): what the strongest row of each post says."""
        said = np.asarray(self.matrix[: self.starts[-1]] @ weights) + biases
        return np.maximum.reduceat(said, self.starts[:-1], axis=0)

    def out_of_fold(self, folds: Sequence[Array], strength: float) -> Array:
        """As `strongest`, by readers that were fitted without the post's fold."""
        found = np.zeros((len(self.starts) - 1, len(CATEGORIES)), np.float32)
        for fold in folds:
            found[fold] = self.strongest(*self.fitted(fold, strength))[fold]
        return found


def by_voice(posts: Sequence[Labelled], folds: int = FOLDS) -> list[Array]:
    """The posts of each fold; a voice is in one."""
    from sklearn.model_selection import GroupKFold

    groups = [post.group for post in posts]
    return [test for _, test in GroupKFold(folds).split(groups, groups=groups)]


def window_rows(posts: Sequence[Labelled], texts: Sequence[Labelled]) -> Rows:
    """Windows by their vectors."""
    vectors = [p.vectors for p in (*posts, *texts)]
    return _rows(np.concatenate(vectors), posts, texts, [len(p.vectors) for p in posts], "quoted_windows")


def sentence_rows(posts: Sequence[Labelled], texts: Sequence[Labelled]) -> Rows:
    """Sentences by their vectors."""
    vectors = [p.sentence_vectors for p in (*posts, *texts)]
    return _rows(np.concatenate(vectors), posts, texts, [len(p.sentences) for p in posts], "quoted_sentences")


def kept_grams(posts: Sequence[Labelled], texts: Sequence[Labelled]) -> tuple[Array, Array]:
    """(columns of the n-grams that enough sentences have, their idf); those of ordinary posts do not count."""
    sentences = [s for p in (*posts, *texts) if p.known is None for s in p.sentences]
    seen = np.bincount(features.count(sentences).column, minlength=features.SIZE)
    columns = np.flatnonzero(seen >= LEAST_SENTENCES_OF_A_GRAM)
    return columns, (np.log((1 + len(sentences)) / (1 + seen[columns])) + 1).astype(np.float32)


def gram_rows(
    posts: Sequence[Labelled], texts: Sequence[Labelled], grams: tuple[Array, Array], length: int = 1
) -> Rows:
    """Stretches of `length` sentences by their kept n-grams."""
    from scipy.sparse import csr_matrix

    columns, of_columns = grams
    idf = np.zeros(features.SIZE, np.float32)
    idf[columns] = of_columns
    posts = [_in_stretches(post, length) for post in posts]
    stretches = [s for p in (*posts, *texts) for s in p.sentences]
    found = features.weigh(features.count(stretches), idf)
    matrix = csr_matrix((found.value, (found.row, found.column)), (len(stretches), features.SIZE))[:, columns]
    return _rows(matrix, posts, texts, [len(p.sentences) for p in posts], "quoted_sentences")


def _in_stretches(post: Labelled, length: int) -> Labelled:
    """The post with stretches for sentences; one that holds a quoted sentence is quoted."""
    found = tuple(features.stretches(post.sentences, length))
    length = len(post.sentences) - len(found) + 1
    quoted = {
        category: {j for i in marks for j in range(max(i - length + 1, 0), min(i + 1, len(found)))}
        for category, marks in post.quoted_sentences.items()
    }
    return replace(post, sentences=found, quoted_sentences=quoted)


def _rows(
    matrix: Any, posts: Sequence[Labelled], texts: Sequence[Labelled], lengths: Sequence[int], quoted: str
) -> Rows:
    starts = np.cumsum([0, *lengths])
    true = np.zeros((matrix.shape[0], len(CATEGORIES)), bool)
    weight = np.ones(true.shape, np.float32)
    number: dict[str, int] = {category: n for n, category in enumerate(CATEGORIES)}
    for begin, end, post in zip(starts, starts[1:], posts, strict=False):
        if post.known is not None:
            weight[begin:end, [n for category, n in number.items() if category not in post.known]] = 0
        places: Places = getattr(post, quoted)
        for category, marks in places.items():
            true[[begin + mark for mark in marks], number[category]] = True
    for row, text in enumerate(texts, starts[-1]):
        if text.category == "none":
            weight[row] = TEXT_WEIGHT
        elif text.category is not None:
            weight[row] = 0
            weight[row, number[text.category]] = TEXT_WEIGHT
            true[row, number[text.category]] = not text.clean
    return Rows(matrix, true, weight, starts)


def _balanced(true: Array, weight: Array) -> Array:
    """Weights with which the true and the false rows of a category count alike, their sum kept."""
    whole = weight.sum(axis=0)
    positive = (weight * true).sum(axis=0)
    up = whole / np.maximum(2 * positive, 1e-9)
    down = whole / np.maximum(2 * (whole - positive), 1e-9)
    return np.asarray(np.where(true, weight * up, weight * down))
