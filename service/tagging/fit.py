"""Fits a site's tagger from posts with their tags: `answerloop tags fit`. Needs scikit-learn and minutes, not hours.

First readings are ridge regressions (Hoerl and Kennard 1970) over hashed TF-IDF terms and over the vectors, and the
tags of the nearest past posts. Their scores for posts they were not fitted on train boosted trees, which judge each
candidate tag. Only hashes of terms that occur in at least two posts are kept.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput
from service.tagging.example import Example, names_of
from service.tagging.reader import FirstReadings, candidates, features, middle_of, nearness, weighted_terms
from service.tagging.taxonomy import Taxonomy
from service.tagging.trees import Trees, arrays_of

Array = NDArray[np.float32]
LEAST_POSTS = 60
MOST_POSTS = 12_000
"""The newest are kept: a ridge over more takes too long and old habits of tagging mislead."""
FOLDS = 5
LATELY = 500


@dataclass(frozen=True)
class Labelled:
    """One post with its tags. `group` (an author, a voice) stays on one side of every split; the post counts as `weight`
    posts, more than one where it was drawn to stand for others."""

    example: Example
    tags: tuple[str, ...]
    group: str
    weight: float = 1.0


def fit(
    posts: Sequence[Labelled], taxonomy: Taxonomy, about: Array, *, manifest: dict[str, Any],
    progress: Callable[[str], None] = lambda _said: None,
) -> bytes:  # fmt: skip
    """Weights for `TagReader.load`, from posts in order of time, oldest first. `about` are the vectors of the tags' names
    and definitions, tags × dimension. Raises InvalidInput for fewer than 60 posts."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    if len(posts) < LEAST_POSTS:
        raise InvalidInput(
            f"a tagger needs at least {LEAST_POSTS} posts with tags, there are {len(posts)}", field="posts"
        )
    posts = posts[-MOST_POSTS:]
    labels = labels_of(posts, taxonomy)
    examples = [post.example for post in posts]
    weights = np.array([post.weight for post in posts], np.float32)
    fold = folds_of([post.group for post in posts])
    scores = np.zeros((len(posts), 4, labels.shape[1]), np.float32)
    for number in range(FOLDS):
        here = fold == number
        rest = [e for e, h in zip(examples, here, strict=True) if not h]
        part = first_readings(rest, labels[~here], weights[~here])
        scores[here] = FirstReadings(part).read([e for e, h in zip(examples, here, strict=True) if h])
        progress(f"part {number + 1} of {FOLDS}")
    arrays = first_readings(examples, labels, weights)
    arrays |= {"mean": scores.mean(axis=(0, 2)), "spread": scores.std(axis=(0, 2))}
    first = FirstReadings(arrays)
    named = name_rates(examples, labels, taxonomy)
    chosen = candidates(scores)
    rows = features(scores, examples, taxonomy, named, about, first, trailing(labels))
    flat = rows[np.arange(len(rows))[:, None], chosen].reshape(-1, rows.shape[-1])
    true = np.take_along_axis(labels, chosen, axis=1).ravel()
    trees = HistGradientBoostingClassifier(
        max_iter=250, learning_rate=0.05, max_leaf_nodes=12, max_depth=6, min_samples_leaf=max(20, len(flat) // 4000),
        l2_regularization=10.0, max_features=0.4, early_stopping=False, random_state=0,
    ).fit(flat, true, sample_weight=np.repeat(weights, chosen.shape[1]))  # fmt: skip
    kept = {
        **arrays, "about": about.astype(np.float16), "name_title": named[0], "name_whole": named[1],
        **{f"trees_{name}": array for name, array in arrays_of(trees).items()},
        "manifest": np.array(json.dumps({**manifest, "tags": list(taxonomy.names), "posts": len(posts)})),
    }  # fmt: skip
    found = Trees({name[6:]: array for name, array in kept.items() if name.startswith("trees_")}).probability(
        flat[:500]
    )
    if not np.allclose(found, trees.predict_proba(flat[:500])[:, 1], atol=1e-4):
        raise AssertionError("the trees as arrays say something else than the trees fitted")
    packed = io.BytesIO()
    np.savez_compressed(packed, **kept)  # type: ignore[arg-type]
    return packed.getvalue()


def labels_of(posts: Sequence[Labelled], taxonomy: Taxonomy) -> NDArray[np.int8]:
    """Posts × tags, 1 where a post carries a tag; tags outside the vocabulary are left out."""
    place = {tag: index for index, tag in enumerate(taxonomy.names)}
    labels = np.zeros((len(posts), len(place)), np.int8)
    for row, post in enumerate(posts):
        for tag in post.tags:
            if tag in place:
                labels[row, place[tag]] = 1
    return labels


def _ridge(
    counted: Sequence[Mapping[int, int]], terms: NDArray[np.uint32], idf: Array, wanted: Array, weights: Array
) -> NDArray[Any]:
    """Terms × tags, solved over the posts, which are fewer than the terms. A post of weight w has a w-th of the penalty."""
    from scipy.sparse import csr_matrix

    found = [weighted_terms(one, terms, idf) for one in counted]
    starts = np.cumsum([0, *(len(place) for place, _ in found)])
    values, places = np.concatenate([w for _, w in found]), np.concatenate([p for p, _ in found])
    sparse = csr_matrix((values, places, starts), (len(counted), len(terms)))
    alone = np.linalg.solve((sparse @ sparse.T).toarray() + np.diag(1 / weights), wanted)
    return np.asarray((sparse.T @ alone).astype(np.float16))


def trailing(labels: NDArray[np.int8], *, last: bool = False) -> Array:
    """How often each tag was used in the 500 posts before each post; with `last`, before the next one only."""
    prior = labels.mean(axis=0)
    until = np.vstack([np.zeros((1, labels.shape[1])), np.cumsum(labels, axis=0)])
    places = np.array([len(labels)]) if last else np.arange(len(labels))
    since = np.maximum(places - LATELY, 0)
    return np.asarray((until[places] - until[since] + 10 * prior) / (places - since + 10)[:, None], dtype=np.float32)


def folds_of(groups: Sequence[str]) -> NDArray[np.intp]:
    """A fold for each post; a group is in one fold, and folds are about as large as each other."""
    sizes = [0] * FOLDS
    of: dict[str, int] = {}
    for group, count in sorted(Counter(groups).items(), key=lambda pair: (-pair[1], pair[0])):
        of[group] = int(np.argmin(sizes))
        sizes[of[group]] += count
    return np.array([of[group] for group in groups])


def first_readings(examples: Sequence[Example], labels: NDArray[np.int8], weights: Array) -> dict[str, NDArray[Any]]:
    """The arrays of `FirstReadings`. `weights`: as how many posts each example counts in the regressions."""
    seen: Counter[int] = Counter(term for e in examples for term in e.terms)
    terms = np.array(sorted(term for term, n in seen.items() if n >= 2), np.uint32)
    idf = np.array([np.log((1 + len(examples)) / (1 + seen[int(term)])) + 1 for term in terms], np.float32)
    wanted = labels.astype(np.float32)
    prior = np.average(wanted, axis=0, weights=weights).astype(np.float32)
    centred = wanted - prior
    past = np.round(np.stack([middle_of(e) for e in examples]) * 127).astype(np.int8)
    vectors = past.astype(np.float32) / 127.0
    by_past = np.linalg.solve(nearness(vectors @ vectors.T) + 0.3 * np.diag(1 / weights), centred)
    return {
        "terms": terms, "idf": idf, "by_term": _ridge([e.terms for e in examples], terms, idf, centred, weights),
        "by_title": _ridge([e.title_terms for e in examples], terms, idf, centred, weights),
        "by_past": by_past.astype(np.float16), "mean": np.zeros(4, np.float32), "spread": np.ones(4, np.float32), "prior": prior,
        "recent": trailing(labels, last=True)[0],
        "together": (wanted.T @ wanted) / (wanted.sum(0)[:, None] + 1),
        "past": past, "past_tags": labels,
    }  # fmt: skip


def name_rates(examples: Sequence[Example], labels: NDArray[np.int8], taxonomy: Taxonomy) -> tuple[Array, Array]:
    """How often a tag is right where the title, or the whole, calls it by name."""
    names = names_of(examples, taxonomy)
    prior = labels.mean(axis=0)
    rates = []
    for column in range(2):
        called = names[..., column] > 0
        rates.append(((called * labels).sum(axis=0) + prior) / (called.sum(axis=0) + 1))
    return rates[0].astype(np.float32), rates[1].astype(np.float32)
