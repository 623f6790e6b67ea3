"""From a post to its Evidence: what vectors and words find, ranked together, checked again in SQL, explained."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from service.clock import Clock
from service.corpus import lexical, sketches
from service.corpus.generations import Generation
from service.corpus.indexing import Index
from service.database import Database
from service.intake.normalise import ReadablePost
from service.intake.windows import EmbeddedPost, embed_post
from service.models.embedder import Embedder, Vectors
from service.retrieval.candidates import (
    CANDIDATES,
    Candidate,
    KnownThread,
    ShownPassage,
    join_hits,
    passages_of,
    shown,
)
from service.retrieval.disagreement import disagree
from service.retrieval.evidence import Evidence, EvidencePassage, RelatedThread
from service.retrieval.ranking import (
    FEATURES,
    TITLE_VIEW,
    WHOLE_VIEW,
    Floats,
    RankingModel,
    features_of,
    likeness,
    shipped,
)
from service.retrieval.why import why
from service.settings import Settings

WHOLE_THREADS, PASSAGES_OF_BEST = 3, 4
"""Of so many threads all answers are evidence, at most so many passages of each."""
NEAREST = 100
"""Passages that each view of a post asks of the vectors, and threads asked of the words."""

REMEMBERED = 128
"""Texts whose answer is kept, the last used ones."""


@dataclass(frozen=True)
class Pool:
    """All threads that may be related to one post.

    `features` has a row for each candidate, NaN where it has no sketch; `vectors` are those of the sketches, in the
    order of the candidates that have one.
    """

    live: Generation
    candidates: list[Candidate]
    known: dict[str, KnownThread]
    features: Floats
    vectors: Floats


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
        self._embedder = embedder
        self._settings = settings
        self._clock = clock

    def look_up(self, post: ReadablePost, site: str, k: int = 10) -> tuple[EmbeddedPost, Evidence]:
        """Embed what somebody is writing and find what is related; the same text again is remembered.

        Kept for as long as the index of the site is as it was: whatever is hidden or deleted makes it another version.
        """
        text = hashlib.sha256(f"{len(post.title.text)}\x1f{post.title.text}\x1f{post.body.text}".encode()).hexdigest()
        key = (site, text, str(k), self._index.version(site), self._embedder.name)
        with self._remembering:
            known = self._remembered.get(key)
            if known is not None:
                self._remembered.move_to_end(key)
                return known
        embedded = embed_post(post, self._embedder)
        found = embedded, self.find_related(post, embedded, site, k)
        with self._remembering:
            self._remembered[key] = found
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def find_related(
        self,
        post: ReadablePost,
        embedded: EmbeddedPost,
        site: str,
        k: int = 10,
        exclude_external_id: str | None = None,
        passages: int = 12,
    ) -> Evidence:
        """At most `k` threads of a site, best first, and at most `passages` of their passages.

        Only threads that SQL shows at this moment are in it. Raises StoreUnavailable.
        """
        pool = self.pool(post, embedded, site, exclude_external_id)
        found, live = pool.candidates, pool.live
        alike, same = likeness(found), self._model.duplicates(np.nan_to_num(pool.features))
        best = [int(i) for i in np.argsort(-self.order(pool), kind="stable")[:k]]
        chosen = [(found[i], float(alike[i]), float(same[i])) for i in best]
        with self._database.read() as session:
            texts = _by_thread(session, site, [c.thread_id for c, *_ in chosen], live.chunker)
        now = self._clock()
        age = timedelta(days=self._settings.answer_age_days)
        related = [
            _related(post, c, score, duplicate, pool.known[c.thread_id], texts.get(c.thread_id, []), site, now - age)
            for c, score, duplicate in chosen
            if texts.get(c.thread_id)
        ]
        cited = _evidence([(c, texts.get(c.thread_id, [])) for c, *_ in chosen], passages)
        return Evidence(related=related, passages=cited, index_version=f"{live.id}:{live.version}")

    def pool(
        self, post: ReadablePost, embedded: EmbeddedPost, site: str, exclude_external_id: str | None = None
    ) -> Pool:
        """Every candidate that may be shown now, with its features."""
        live = self._index.ensure_live(site)
        if live.model != self._embedder.name:  # a reindex for another model is under way
            embedded = embed_post(post, self._index.embedder_of(live))
        hits = self._index.vectors.query(live.collection("passages"), views(embedded), NEAREST)
        with self._database.read() as session:
            words = lexical.search(session, site, post.text, NEAREST)
            found = _first(join_hits(session, hits, words), CANDIDATES)
            known = shown(session, site, [c.thread_id for c in found], exclude_external_id)
            found = [c for c in found if c.thread_id in known]
            sketched = sketches.fetch(session, live.id, [c.thread_id for c in found])
        place = {id_: row for row, id_ in enumerate(sketched.ids)}
        values, rows = features_of(post, embedded, sketched), []
        features = np.full((len(found), len(FEATURES)), np.nan, np.float32)
        for row, candidate in enumerate(found):
            if candidate.thread_id in place:
                rows.append(place[candidate.thread_id])
                features[row] = values[rows[-1]]
        return Pool(live, found, known, features, sketched.vectors[rows])

    def order(self, pool: Pool) -> Floats:
        """The ranking model's value of each candidate; without a sketch, that of a middling one."""
        values = np.zeros(len(pool.candidates), np.float32)
        sketched = ~np.isnan(pool.features).any(axis=1)
        values[sketched] = self._model.order(pool.features[sketched], pool.vectors)
        return values


def views(embedded: EmbeddedPost) -> Vectors:
    """The vectors a post is looked up by: its title (or first window) and the whole of it."""
    return np.stack([embedded.vectors[0], embedded.mean]) if len(embedded.vectors) else embedded.vectors


def _first(candidates: list[Candidate], most: int) -> list[Candidate]:
    if len(candidates) <= most:
        return candidates
    order = np.argsort(-likeness(candidates), kind="stable")[:most]
    return [candidates[int(i)] for i in order]


def _by_thread(session: Session, site: str, thread_ids: Sequence[str], chunker: str) -> dict[str, list[ShownPassage]]:
    grouped: dict[str, list[ShownPassage]] = defaultdict(list)
    for passage in passages_of(session, site, thread_ids, chunker) if thread_ids else ():
        grouped[passage.thread_id].append(passage)
    return grouped


def _related(
    post: ReadablePost, candidate: Candidate, score: float, duplicate: float, thread: KnownThread,
    texts: list[ShownPassage], site: str, old_before: datetime,
) -> RelatedThread:  # fmt: skip
    by_id = {p.id: p for p in texts}
    nearest = candidate.best
    passage = by_id.get(nearest.passage_id) if nearest else None
    if passage is None or passage.field == "title":
        passage = next((p for p in texts if p.field == "question"), texts[0])
    answers: dict[str, list[ShownPassage]] = defaultdict(list)
    for p in texts:
        if p.answer_id:
            answers[p.answer_id].append(p)
    firsts = [parts[0] for parts in answers.values()]
    best = max(firsts, key=lambda p: (p.accepted, p.votes or 0), default=None)
    dated = [p.date for p in firsts if p.date is not None]
    title = candidate.similarity(TITLE_VIEW, ("title",), 0.0)
    question = candidate.similarity(WHOLE_VIEW, ("question", "title"), 0.0)
    return RelatedThread(
        thread_id=thread.id,
        site=site,
        external_id=thread.external_id,
        title=thread.title,
        url=thread.url,
        score=round(score, 4),
        duplicate_probability=round(duplicate, 4),
        passage=passage.text,
        passage_id=passage.id,
        why=why(post.text, thread.title, passage, title, question),
        tags=list(thread.tags),
        created_at=thread.created_at,
        answered_at=(best.date if best and best.date else None) or max(dated, default=None),
        answered_by=_called(best.author) if best else None,
        answers=len(answers),
        old=bool(dated) and max(dated) < old_before,
        disagreement=disagree([p.text for p in firsts]),
    )


def _called(author: dict[str, str | None]) -> str | None:
    return author.get("role") or author.get("id")


def _evidence(chosen: list[tuple[Candidate, list[ShownPassage]]], most: int) -> list[EvidencePassage]:
    """The best threads with all that was answered there, the others with what was found of them; best first.

    How alike the questions are says more about an answer's use than how alike answer and question are, so the order is
    that of the threads; only within a thread the nearest passage comes first.
    """
    answers: list[EvidencePassage] = []
    asked: list[EvidencePassage] = []
    for rank, (candidate, texts) in enumerate(chosen):
        near: dict[str, float] = {}
        for view in candidate.near.values():
            for nearest in view.values():
                near[nearest.passage_id] = max(nearest.score, near.get(nearest.passage_id, -1.0))
        lowest = min(near.values(), default=0.0)
        given = [p for p in texts if p.field == "answer" and (rank < WHOLE_THREADS or p.id in near)]
        if not given:
            given = [p for p in texts if p.field == "answer"]
        given.sort(key=lambda p: (-near.get(p.id, -1.0), not p.accepted, -(p.votes or 0), p.ordinal))
        kept = given[: PASSAGES_OF_BEST if rank < WHOLE_THREADS else 1]
        answers += [_as_evidence(p, near.get(p.id, lowest)) for p in kept]
        asked += [_as_evidence(p, near[p.id]) for p in texts if p.field == "question" and p.id in near]
    return [*answers, *asked][:most]


def _as_evidence(p: ShownPassage, score: float) -> EvidencePassage:
    return EvidencePassage(
        id=p.id, thread_id=p.thread_id, answer_id=p.answer_id, field=p.field, text=p.text,
        score=round(score, 4), author=p.author.get("id"), author_role=p.author.get("role"),
        author_level=p.author.get("level"), date=p.date, accepted=p.accepted, votes=p.votes,
    )  # fmt: skip
