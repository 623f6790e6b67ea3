"""The fitted tagger: four first readings of a post for every tag, then one judgement for the likeliest tags."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput
from service.tagging.example import Example, names_of
from service.tagging.taxonomy import Taxonomy
from service.tagging.trees import Trees

Array = NDArray[np.float32]
NEIGHBOURS = 30
WIDTH = 3.0
"""Of the kernel: how fast a past post stops counting as it grows less alike."""
CANDIDATES = 40
"""Tags judged for one post, by their first readings; the others count as improbable."""


class TagReader:
    """Probabilities of every tag of a vocabulary. Weights are arrays (see `fit.py`); nothing of a post's words is in them."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], taxonomy: Taxonomy) -> None:
        self.manifest: dict[str, Any] = json.loads(str(arrays["manifest"]))
        if self.manifest["tags"] != list(taxonomy.names):
            raise InvalidInput("the tagger was fitted for another vocabulary: fit it again", field="taxonomy")
        self._taxonomy = taxonomy
        self._first = FirstReadings(arrays)
        self._names = (arrays["name_title"].astype(np.float32), arrays["name_whole"].astype(np.float32))
        self._about = arrays["about"].astype(np.float32)
        self._trees = Trees({name[6:]: arrays[name] for name in arrays if name.startswith("trees_")})

    @property
    def dimension(self) -> int:
        """Of the vectors it was fitted on."""
        return int(self._first.past.shape[1])

    @classmethod
    def load(cls, data: bytes, taxonomy: Taxonomy) -> TagReader:
        """From what `fit` packed. Raises InvalidInput where the vocabulary is another."""
        with np.load(io.BytesIO(data), allow_pickle=False) as packed:
            return cls({name: packed[name] for name in packed.files}, taxonomy)

    def read(self, example: Example) -> dict[str, float]:
        """The probability of each candidate tag; a tag that is not named is improbable."""
        scores = self._first.read([example])
        rows = features(scores, [example], self._taxonomy, self._names, self._about, self._first)[0]
        chosen = candidates(scores)[0]
        probabilities = self._trees.probability(rows[chosen])
        return {self._taxonomy.names[c]: float(p) for c, p in zip(chosen, probabilities, strict=True)}


class FirstReadings:
    """What terms, vectors and the nearest past posts say of each tag."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.terms = arrays["terms"]
        self.idf = arrays["idf"].astype(np.float32)
        self.by_term = arrays["by_term"]
        self.by_title = arrays["by_title"]
        self.by_past = arrays["by_past"].astype(np.float32)
        self.prior = arrays["prior"].astype(np.float32)
        self.recent = arrays["recent"].astype(np.float32)
        self.together = arrays["together"].astype(np.float32)
        self.past = arrays["past"].astype(np.float32) / 127.0
        self.mean, self.spread = arrays["mean"], arrays["spread"]
        self.past_tags = arrays["past_tags"].astype(np.float32)

    def read(self, examples: Sequence[Example]) -> Array:
        """Examples × 4 × tags: by terms, by vectors, by neighbours, by the title's terms."""
        return np.stack([self._one(example) for example in examples])

    def _one(self, example: Example) -> Array:
        near: Array = np.asarray(self.past @ middle_of(example), dtype=np.float32)
        return np.stack(
            [
                self._by_terms(example.terms, self.by_term),
                nearness(near) @ self.by_past + self.prior,
                self._by_neighbours(near),
                self._by_terms(example.title_terms, self.by_title),
            ]
        )

    def _by_terms(self, found: Mapping[int, int], by_term: NDArray[Any]) -> Array:
        places, weights = weighted_terms(found, self.terms, self.idf)
        return np.asarray(weights @ by_term[places].astype(np.float32) + self.prior, dtype=np.float32)

    def _by_neighbours(self, near: Array) -> Array:
        k = min(NEIGHBOURS, len(near))
        nearest = np.argpartition(-near, k - 1)[:k]
        weight = np.exp(8 * (near[nearest] - near[nearest].max()))
        return np.asarray(weight @ self.past_tags[nearest] / weight.sum(), dtype=np.float32)


def weighted_terms(found: Mapping[int, int], terms: NDArray[np.uint32], idf: Array) -> tuple[NDArray[np.intp], Array]:
    """(places in `terms`, weights): sublinear TF-IDF of length 1."""
    hashes = np.fromiter(found.keys(), np.uint32, len(found))
    counts = np.fromiter(found.values(), np.float32, len(found))
    place = np.minimum(np.searchsorted(terms, hashes), len(terms) - 1)
    known = terms[place] == hashes
    place, counts = place[known], counts[known]
    weights = (1 + np.log(counts)) * idf[place]
    return place, np.asarray(weights / max(float(np.linalg.norm(weights)), 1e-9), dtype=np.float32)


def nearness(cosine: Array) -> Array:
    """The Gaussian kernel of vectors of length 1 from their cosines."""
    return np.asarray(np.exp(WIDTH * (cosine - 1)), dtype=np.float32)


def middle_of(example: Example) -> Array:
    """Title and body in equal parts, of length 1."""
    both = example.title + example.body
    return np.asarray(both / max(float(np.linalg.norm(both)), 1e-9), dtype=np.float32)


def candidates(scores: Array) -> NDArray[np.intp]:
    """Examples × candidates: the tags whose first readings rank highest."""
    ranks = (-scores).argsort(axis=2).argsort(axis=2)
    combined = np.sort(ranks, axis=1)[:, 0] + 0.1 * ranks.mean(axis=1)
    return np.asarray(combined.argsort(axis=1)[:, :CANDIDATES])


def features(
    scores: Array, examples: Sequence[Example], taxonomy: Taxonomy, named: tuple[Array, Array], about: Array,
    first: FirstReadings, lately: Array | None = None,
) -> Array:  # fmt: skip
    """Examples × tags × features, for the trees. `lately` is how often each tag was used just before each example; without
    it, just before the fit."""
    n, _, tags = scores.shape
    names = names_of(examples, taxonomy)
    recent = first.recent if lately is None else lately
    columns: list[Any] = []
    together = sum((scores[:, kind] - first.mean[kind]) / first.spread[kind] for kind in range(scores.shape[1]))
    for s in (*scores.swapaxes(0, 1), np.asarray(together)):
        columns += [s, s - s.max(axis=1, keepdims=True), (-s).argsort(axis=1).argsort(axis=1)]
    titles = np.stack([e.title for e in examples]) @ about.T
    bodies = np.stack([e.body for e in examples]) @ about.T
    columns += [titles, bodies, titles - titles.max(axis=1, keepdims=True), bodies - bodies.max(axis=1, keepdims=True)]
    columns += [names[..., c] for c in range(4)]
    columns += [(names[..., 0] > 0) * named[0], (names[..., 1] > 0) * named[1]]
    columns += [np.broadcast_to(p, (n, tags)) for p in (first.prior, recent, recent / (first.prior + 1e-4))]
    columns.append(np.clip(scores[:, 0], 0, 1) @ first.together)
    lengths = np.array([[e.length, len(e.title_stems)] for e in examples], np.float32)
    columns += [np.broadcast_to(lengths[:, c : c + 1], (n, tags)) for c in range(2)]
    return np.stack([np.asarray(c, np.float32) for c in columns], axis=-1)
