"""From a post to its Evidence: what vectors and words find, ranked together, checked again in SQL, explained."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import numpy as np
from sqlalchemy.orm import Session

from service.clock import Clock
from service.corpus import lexical, sketches
from service.corpus.generations import Generation
from service.corpus.indexing import Index
from service.corpus.lexical import LexicalHit
from service.corpus.vectors import VectorHit
from service.database import Database
from service.intake.normalise import ReadablePost
from service.intake.windows import EmbeddedPost, embed_post
from service.models.embedder import Embedder, Vectors
from service.people.site_settings import answer_age_days
from service.retrieval.candidates import CANDIDATES, Candidate, join_hits
from service.retrieval.evidence import Evidence
from service.retrieval.ranking import (
    FEATURES,
    VECTOR_FEATURES,
    Floats,
    RankingModel,
    asked_again,
    features_of,
    likeness,
    shipped,
)
from service.retrieval.reads import ShownPassage, about, passages_of, places, shown
from service.retrieval.remembered import Remembered
from service.retrieval.scale import Scale, measure
from service.retrieval.showing import as_evidence, as_related
from service.retrieval.why import telling_words
from service.settings import LOCAL_EMBEDDER, Settings

NEAREST = 100
"""Passages that each view of a post asks of the vectors, and threads asked of the words."""

REMEMBERED = 128
"""Texts whose answer is kept, the last used ones."""
BESIDE = 4
"""Word searches that run while texts are embedded."""
AT_ONCE = 2
"""Lookups that rank at the same time: more only take the interpreter from one another (32 clients: 60 titles a second, not 80)."""
LIKELY = 0.5
"""A thread that is more likely than not a copy of the post is shown first."""
PLACES, SKETCHES = 20_000, 2_000
"""Passages whose thread, and threads whose sketch is remembered: about 5 and 8 MB."""


@dataclass(frozen=True)
class Pool:
    """All threads that may be related to one post; `external_ids` of each by its id.

    `features` has a row for each candidate, NaN where it has no sketch; `vectors` are those of the sketches, in the
    order of the candidates that have one.
    """

    live: Generation
    candidates: list[Candidate]
    external_ids: dict[str, str]
    features: Floats
    vectors: Floats


@dataclass(frozen=True)
class Near:
    """A post by the model of an index, and for each of its two views the passages nearest to it.

    The hits' cosines are on the bundled model's scale; `scale` brings others there, None where they are.
    """

    embedded: EmbeddedPost
    hits: list[list[VectorHit]]
    scale: Scale | None = None


class Finder:
    """Finds what a community has already said about a post. Safe to call from many threads."""

    def __init__(
        self, database: Database, index: Index, embedder: Embedder, settings: Settings, clock: Clock,
        model: RankingModel | None = None,
    ) -> None:  # fmt: skip
        self._model = model or shipped()
        self._remembered: OrderedDict[tuple[str, ...], tuple[EmbeddedPost, Evidence]] = OrderedDict()
        self._remembering = threading.Lock()
        self._database = database
        self._index = index
        self._places: Remembered[tuple[str, str]] = Remembered(PLACES)
        self._sketches: Remembered[sketches.Stored] = Remembered(SKETCHES)
        self._scales: dict[str, tuple[str, Scale]] = {}
        self._embedder = embedder
        self._settings = settings
        self._clock = clock
        self._ranking = threading.BoundedSemaphore(AT_ONCE)
        self._beside = ThreadPoolExecutor(BESIDE, thread_name_prefix="words")

    def look_up(self, post: ReadablePost, site: str, k: int = 10) -> tuple[EmbeddedPost, Evidence]:
        """Embed what somebody is writing and find what is related; the same text again is remembered.

        Kept for as long as the index of the site is as it was: whatever is hidden or deleted makes it another version.
        """
        text = hashlib.sha256(f"{len(post.title.text)}\x1f{post.title.text}\x1f{post.body.text}".encode()).hexdigest()
        live = self._index.ensure_live(site)
        key = (site, text, str(k), live.change, self._embedder.name)
        with self._remembering:
            known = self._remembered.get(key)
            if known is not None:
                self._remembered.move_to_end(key)
                return known
        words = self.words_beside(post, site)
        embedded = embed_post(post, self._embedder)
        found = embedded, self.find_related(post, embedded, site, k, live=live, words=words.result())
        with self._remembering:
            self._remembered[key] = found
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def words_beside(self, post: ReadablePost, site: str) -> Future[list[LexicalHit]]:
        """What the post's words find, looked for while something else goes on: the database works while the model does."""
        return self._beside.submit(self._words, site, post.text)

    def find_related(
        self,
        post: ReadablePost,
        embedded: EmbeddedPost,
        site: str,
        k: int = 10,
        exclude_external_id: str | None = None,
        passages: int = 12,
        live: Generation | None = None,
        words: Sequence[LexicalHit] | None = None,
    ) -> Evidence:
        """At most `k` threads of a site, best first, and at most `passages` of their passages.

        Only threads that SQL shows at this moment are in it. `live` is the generation of the index to ask, `words` what the
        post's words find, where the caller knows them. Raises StoreUnavailable.
        """
        live = live or self._index.ensure_live(site)
        hits = self._nearest(live, post, embedded)
        with self._ranking:
            return self._ranked(live, hits, post, site, k, passages, exclude_external_id, words)

    def _ranked(
        self, live: Generation, hits: Near, post: ReadablePost, site: str, k: int, passages: int, without: str | None,
        words: Sequence[LexicalHit] | None,
    ) -> Evidence:  # fmt: skip
        with self._database.read() as session:
            pool = self._pool(session, live, hits, post, without, words)
            best = [int(i) for i in np.argsort(-self.order(pool), kind="stable")[:k]]
            chosen = [pool.candidates[i] for i in best]
            ids = [c.thread_id for c in chosen]
            known = about(session, site, ids)
            texts = _by_thread(passages_of(session, [id_ for id_ in ids if id_ in known], live.chunker))
            days = answer_age_days(session, site, self._settings.answer_age_days)
        alike = likeness(pool.candidates, chosen)
        features = np.nan_to_num(pool.features[best])
        copied = asked_again(features)
        same = np.maximum(self._model.duplicates(features), copied)
        old_before = self._clock() - timedelta(days=days)
        telling = telling_words(post.text)
        related = [
            as_related(
                telling, c, float(score), float(duplicate), known[c.thread_id], texts[c.thread_id], site, old_before
            )
            for c, score, duplicate in zip(chosen, alike, same, strict=True)
            if c.thread_id in texts
        ]
        copies = {c.thread_id for c, again in zip(chosen, copied, strict=True) if again >= LIKELY}
        related.sort(key=lambda thread: thread.thread_id not in copies)  # a copy comes first, answered or not
        cited = as_evidence([(c, texts.get(c.thread_id, [])) for c in chosen], passages)
        return Evidence(related=related, passages=cited, index_version=live.change)

    def pool(
        self, post: ReadablePost, embedded: EmbeddedPost, site: str, exclude_external_id: str | None = None
    ) -> Pool:
        """Every candidate that may be shown now, with its features."""
        live = self._index.ensure_live(site)
        near = self._nearest(live, post, embedded)
        with self._database.read() as session:
            return self._pool(session, live, near, post, exclude_external_id)

    def _nearest(self, live: Generation, post: ReadablePost, embedded: EmbeddedPost) -> Near:
        """The post by the model that made the index, and the passages nearest to its views."""
        if live.model != (embedded.model or self._embedder.name):
            embedded = embed_post(post, self._index.embedder_of(live))
        hits = self._index.vectors.query(live.collection("passages"), views(embedded), NEAREST)
        scale = self._scale(live)
        if scale is not None:
            hits = [[VectorHit(hit.id, scale(hit.score)) for hit in row] for row in hits]
        return Near(embedded, [hits[0], hits[0]] if len(hits) == 1 else hits, scale)

    def _scale(self, live: Generation) -> Scale | None:
        """What brings the cosines of an index to the scale that scores are told on; None where they are on it."""
        if live.model == LOCAL_EMBEDDER:
            return None
        change, scale = self._scales.get(live.id, ("", Scale()))
        if change != live.change:
            with self._database.read() as session:
                scale = measure(session, live.id)
            self._scales[live.id] = (live.change, scale)
        return scale

    def _words(self, site: str, text: str) -> list[LexicalHit]:
        with self._database.read() as session:
            return lexical.search(session, site, text, NEAREST)

    def _pool(
        self, session: Session, live: Generation, near: Near, post: ReadablePost, without: str | None,
        words: Sequence[LexicalHit] | None = None,
    ) -> Pool:  # fmt: skip
        if words is None:
            words = lexical.search(session, live.site, post.text, NEAREST)
        passage_ids = list({hit.id for row in near.hits for hit in row})
        where = self._places.of(live.change, passage_ids, partial(places, session))
        found = _first(join_hits(where, near.hits, words), CANDIDATES)
        external_ids = shown(session, live.site, [c.thread_id for c in found], without)
        found = [c for c in found if c.thread_id in external_ids]
        ids = [c.thread_id for c in found]
        rows = self._sketches.of(live.change, ids, partial(sketches.stored, session, live.id))
        features = np.full((len(found), len(FEATURES)), np.nan, np.float32)
        there = [row for row, id_ in enumerate(ids) if id_ in rows]
        sketched = sketches.read({ids[row]: rows[ids[row]] for row in there})
        features[there] = features_of(post, near.embedded, sketched)
        if near.scale is not None:
            cosines = slice(0, len(VECTOR_FEATURES))
            features[:, cosines] = near.scale.every(features[:, cosines])
        return Pool(live, found, external_ids, features, sketched.vectors)

    def order(self, pool: Pool) -> Floats:
        """The ranking model's value of each candidate; without a sketch, that of a middling one."""
        values = np.zeros(len(pool.candidates), np.float32)
        sketched = ~np.isnan(pool.features).any(axis=1)
        values[sketched] = self._model.order(pool.features[sketched], pool.vectors)
        return values


def views(embedded: EmbeddedPost) -> Vectors:
    """The vectors a post is looked up by: its title (or first window) and the whole of it, one where they are the same."""
    if len(embedded.vectors) < 2:
        return embedded.vectors
    return np.stack([embedded.vectors[0], embedded.mean])


def _first(candidates: list[Candidate], most: int) -> list[Candidate]:
    if len(candidates) <= most:
        return candidates
    order = np.argsort(-likeness(candidates), kind="stable")[:most]
    return [candidates[int(i)] for i in order]


def _by_thread(passages: Sequence[ShownPassage]) -> dict[str, list[ShownPassage]]:
    grouped: dict[str, list[ShownPassage]] = defaultdict(list)
    for passage in passages:
        grouped[passage.thread_id].append(passage)
    return dict(grouped)
