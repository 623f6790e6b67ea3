"""Earlier posts of a site that ask the same again: a cross-post, a repost, the same advertisement in another section.

A post's vector is kept when it is assessed; a new post looks up the nearest ones and compares words with those. How
likely two posts are the same is a logistic regression, fitted by `python -m service.retrieval.fit_earlier` on labelled
pairs, over both likenesses, how far the pair stands out among the nearest, and whether one member wrote both.
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from service.corpus.indexing import Index
from service.corpus.sketches import hashed, stems, weigh
from service.database import Database
from service.errors import AnswerloopError
from service.intake.normalise import ReadablePost, normalise
from service.intake.post import NewPost, Post
from service.intake.repository import get
from service.intake.tables import PostRow
from service.intake.windows import EmbeddedPost
from service.retrieval.evidence import EarlierPost

log = logging.getLogger(__name__)
LOOKED_AT = 6
"""Nearest earlier posts that are compared word for word."""
LEAST_COSINE = 0.4
"""Posts farther apart are not the same question (all-MiniLM-L6-v2); what stands for a neighbour that is not there."""
LEAST_PROBABILITY = 0.05
WEIGHTS = Path(__file__).with_name("earlier_posts.json")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
_WORD = re.compile(r"[\w\u0300-\u036f\u0900-\u0dff]+")
"""Vowel signs of Indian scripts belong to their words."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Words:
    """The telling words of a text with their weights, of length 1 together; `hashes` are sorted."""

    hashes: NDArray[np.uint32]
    weights: Floats

    def cosine(self, other: Words) -> float:
        """0 to 1: how much of what they say is said in the same words."""
        _, mine, theirs = np.intersect1d(self.hashes, other.hashes, assume_unique=True, return_indices=True)
        return float(self.weights[mine] @ other.weights[theirs])


class EarlierPosts:
    """Keeps posts' vectors and finds earlier posts that are the same. Safe to call from many threads.

    Only where the index is made by the model that reads posts: how near the same question lies is fitted for that one.
    """

    def __init__(self, database: Database, index: Index) -> None:
        self._database = database
        self._index = index

    def remember(self, post: Post, embedded: EmbeddedPost | None) -> None:
        """Keep a post's vector. A store that cannot be written costs the comparison, never the post; a reindex adds it."""
        if embedded is None or not len(embedded.vectors) or embedded.model != self._index.embedder(post.site).name:
            return
        try:
            self._index.add_post(post.site, post.id, embedded.mean)
        except AnswerloopError as failure:
            log.warning("a post could not be kept for comparison: %s", failure.code)

    def find(self, post: NewPost, readable: ReadablePost, embedded: EmbeddedPost) -> EarlierPost | None:
        """The earlier post that is most probably the same, another revision of the same post left out; None where no
        post is likely to be. Raises StoreUnavailable."""
        if not len(embedded.vectors):
            return None
        live = self._index.live(post.site)
        if live is None or live.model != embedded.model:
            return None
        hits = self._index.vectors.query(live.collection("posts"), embedded.mean.reshape(1, -1), LOOKED_AT)[0]
        near = {hit.id: hit.score for hit in hits if hit.score >= LEAST_COSINE}
        if not near:
            return None
        own, found = words_of(readable), []
        with self._database.read() as session:
            earlier_ones = _posts(session, post, list(near))
        usual = usual_cosine([near[earlier.id] for earlier in earlier_ones])
        for earlier in earlier_ones:
            mine = earlier.author.id == post.author.id
            row = features(near[earlier.id], own.cosine(words_of(normalise(earlier))), usual, mine)
            found.append(
                EarlierPost(
                    post_id=earlier.id,
                    external_id=earlier.external_id,
                    probability=round(same(row), 4),
                    same_author=mine,
                )
            )
        best = max(found, key=lambda earlier: earlier.probability, default=None)
        return best if best is not None and best.probability >= LEAST_PROBABILITY else None


def words_of(post: ReadablePost) -> Words:
    """The words of title and body; of scripts without spaces, pairs of characters."""
    counted = Counter(hashed(_tokens(post.text)))
    hashes = np.array(sorted(counted), np.uint32)
    weights = np.log1p(np.array([counted[int(h)] for h in hashes], np.float32)) * weigh(hashes)
    return Words(hashes, np.asarray(weights / max(float(np.linalg.norm(weights)), 1e-9), np.float32))


def usual_cosine(cosines: Sequence[float]) -> float:
    """How near the neighbours of a post usually are: the median of `LOOKED_AT`, those that are missing being far."""
    known = [*cosines, *[LEAST_COSINE] * LOOKED_AT][:LOOKED_AT]
    return float(np.median(known))


def features(cosine: float, words: float, usual: float, same_author: bool) -> tuple[float, float, float, float]:
    """What `same` reads: cosine of the vectors, of the words, how far the first stands out, one member or two."""
    return cosine, words, cosine - usual, float(same_author)


def same(row: tuple[float, float, float, float]) -> float:
    """The probability that two posts are the same, from their `features`."""
    *weights, constant = _weights()
    return float(1.0 / (1.0 + np.exp(-np.clip(np.dot(row, weights) + constant, -30, 30))))


@cache
def _weights() -> tuple[float, ...]:
    return tuple(json.loads(WEIGHTS.read_text("utf-8"))["weights"].values())


def _tokens(text: str) -> list[str]:
    found: list[str] = []

    def pairs(match: re.Match[str]) -> str:
        run = match[0]
        found.extend(run[i : i + 2] for i in range(max(1, len(run) - 1)))
        return " "

    for word in _WORD.findall(_UNSPACED.sub(pairs, text)):
        found += stems(word) if word.isascii() else [word.lower()]
    return found


def _posts(session: Session, post: NewPost, ids: list[str]) -> list[Post]:
    where = (PostRow.id.in_(ids), PostRow.erased_at.is_(None), PostRow.external_id != post.external_id)
    return [get(session, id_) for id_ in session.scalars(sa.select(PostRow.id).where(*where))]
