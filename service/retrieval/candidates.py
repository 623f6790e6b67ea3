"""Threads that may be related: what the vectors and the words find, joined, and checked again in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.corpus.lexical import LexicalHit
from service.corpus.tables import AnswerRow, AuthorRow, PassageRow, ThreadRow
from service.corpus.vectors import VectorHit

CANDIDATES = 320
"""Most threads that are ranked for one post."""


@dataclass
class Nearest:
    """The passage of a thread nearest to the post, in one field of the thread."""

    passage_id: str
    score: float


@dataclass
class Candidate:
    """A thread that may be related.

    `near[view][field]` is its nearest passage of that field to one view of the post (0 title, 1 whole post); `words`
    is its score in the lexical index, 0 where that did not find it.
    """

    thread_id: str
    near: dict[int, dict[str, Nearest]] = field(default_factory=dict)
    words: float = 0.0

    def similarity(self, view: int, fields: Sequence[str], missing: float) -> float:
        """The highest cosine to a view over some fields, `missing` where no such passage was found."""
        found = self.near.get(view, {})
        return max((found[name].score for name in fields if name in found), default=missing)

    @property
    def best(self) -> Nearest | None:
        """The passage that is nearest to any view."""
        every = [nearest for view in self.near.values() for nearest in view.values()]
        return max(every, key=lambda nearest: nearest.score, default=None)


@dataclass(frozen=True)
class KnownThread:
    """What SQL says of a candidate now."""

    id: str
    external_id: str
    title: str
    url: str | None
    tags: list[str]
    created_at: datetime


def join_hits(session: Session, hits: Sequence[Sequence[VectorHit]], words: Sequence[LexicalHit]) -> list[Candidate]:
    """One Candidate a thread, from the passages each view of the post found and from the words."""
    ids = list({hit.id for row in hits for hit in row})
    place = sa.select(PassageRow.id, PassageRow.thread_id, PassageRow.field).where(PassageRow.id.in_(ids))
    where = {id_: (thread_id, name) for id_, thread_id, name in session.execute(place)} if ids else {}
    found: dict[str, Candidate] = {}
    for view, row in enumerate(hits):
        for hit in row:
            if hit.id in where:
                thread_id, name = where[hit.id]
                fields = found.setdefault(thread_id, Candidate(thread_id)).near.setdefault(view, {})
                if name not in fields or fields[name].score < hit.score:
                    fields[name] = Nearest(hit.id, hit.score)
    for word_hit in words:
        found.setdefault(word_hit.thread_id, Candidate(word_hit.thread_id)).words = word_hit.score
    return list(found.values())


def opted_out(site: sa.ColumnElement[str], author_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether this author ended the reuse of what they wrote."""
    wish = sa.select(AuthorRow.id).where(
        AuthorRow.site == site, AuthorRow.id == author_id, AuthorRow.reuse == "opted_out"
    )
    return wish.exists()


def shown(session: Session, site: str, thread_ids: Sequence[str], without: str | None) -> dict[str, KnownThread]:
    """Those of the threads that may be shown now: of this site, public, not opted out, not `without` (external id)."""
    row = ThreadRow
    query = sa.select(row.id, row.external_id, row.title, row.url, row.tags, row.created_at).where(
        row.id.in_(thread_ids),
        row.site == site,
        row.visibility == "public",
        ~opted_out(row.site.expression, row.author_id.expression),
    )
    if without is not None:
        query = query.where(row.external_id != without)
    return {known[0]: KnownThread(*known) for known in session.execute(query)}


@dataclass(frozen=True)
class ShownPassage:
    """A passage with who wrote it."""

    id: str
    thread_id: str
    answer_id: str | None
    field: Literal["title", "question", "answer"]
    text: str
    ordinal: int
    author: dict[str, str | None]
    date: datetime | None
    accepted: bool
    votes: int | None


PASSAGES_A_THREAD = 60


def passages_of(session: Session, site: str, thread_ids: Sequence[str], chunker: str) -> list[ShownPassage]:
    """The passages of threads in reading order, without those of answer authors who opted out."""
    passage, answer = PassageRow, AnswerRow
    query = (
        sa.select(
            passage.id,
            passage.thread_id,
            passage.answer_id,
            passage.field,
            passage.text,
            passage.ordinal,
            sa.func.coalesce(answer.author, ThreadRow.author).label("author"),
            sa.func.coalesce(answer.created_at, ThreadRow.created_at).label("date"),
            sa.func.coalesce(answer.accepted, False).label("accepted"),
            answer.score,
        )
        .join(ThreadRow, ThreadRow.id == passage.thread_id)
        .outerjoin(answer, answer.id == passage.answer_id)
        .where(passage.thread_id.in_(thread_ids), passage.ordinal < PASSAGES_A_THREAD, passage.chunker == chunker)
        .where(sa.or_(answer.id.is_(None), ~opted_out(passage.site.expression, answer.author_id.expression)))
        .order_by(passage.thread_id, passage.ordinal)
    )
    return [
        ShownPassage(id_, thread, answer_id, field_, text, ordinal, author or {}, date, accepted, votes)
        for id_, thread, answer_id, field_, text, ordinal, author, date, accepted, votes in session.execute(query)
    ]
