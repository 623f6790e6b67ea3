"""What a search reads in SQL: where passages stand, which threads may be shown at this moment, and what is shown of them.

Each is one statement, written out, with its ids as one JSON parameter: building and caching an `IN` of two hundred ids
took longer than the database does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.database import UtcDateTime, listed

PASSAGES_A_THREAD = 60

_PLACES = "SELECT id, thread_id, field FROM passages WHERE id IN {ids}"
_MAY_BE_SHOWN = (
    "t.id IN {ids} AND t.site = :site AND t.visibility = 'public' AND NOT EXISTS "
    "(SELECT 1 FROM authors a WHERE a.site = t.site AND a.id = t.author_id AND a.reuse = 'opted_out')"
)
_SHOWN = f"SELECT t.id, t.external_id FROM threads t WHERE {_MAY_BE_SHOWN}"
_ABOUT = f"SELECT t.id, t.external_id, t.title, t.url, t.tags, t.created_at FROM threads t WHERE {_MAY_BE_SHOWN}"
_PASSAGES = (
    "SELECT p.id, p.thread_id, p.answer_id, p.field, p.text, p.ordinal, coalesce(w.author, t.author) AS author, "
    "coalesce(w.created_at, t.created_at) AS date, w.accepted, w.score FROM passages p "
    "JOIN threads t ON t.id = p.thread_id LEFT JOIN answers w ON w.id = p.answer_id "
    "WHERE p.thread_id IN {ids} AND p.ordinal < :most AND p.chunker = :chunker AND (w.id IS NULL OR NOT EXISTS "
    "(SELECT 1 FROM authors a WHERE a.site = p.site AND a.id = w.author_id AND a.reuse = 'opted_out')) "
    "ORDER BY p.thread_id, p.ordinal"
)
_TYPED: dict[str, dict[str, Any]] = {
    _ABOUT: {"tags": sa.JSON(), "created_at": UtcDateTime()},
    _PASSAGES: {"author": sa.JSON(), "date": UtcDateTime(), "accepted": sa.Boolean()},
}
"""Columns whose values SQL does not give as they are meant."""


@dataclass(frozen=True)
class KnownThread:
    """What SQL says of a thread that is shown."""

    id: str
    external_id: str
    title: str
    url: str | None
    tags: list[str]
    created_at: datetime


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


def places(session: Session, passage_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The thread and the field of each passage that SQL knows."""
    rows = _run(session, _PLACES, passage_ids)
    return {id_: (thread_id, name) for id_, thread_id, name in rows}


def shown(session: Session, site: str, thread_ids: Sequence[str], without: str | None) -> dict[str, str]:
    """External ids of those threads that may be shown now: of this site, public, not opted out, not `without`."""
    rows = _run(session, _SHOWN, thread_ids, {"site": site})
    return {id_: external_id for id_, external_id in rows if external_id != without}


def about(session: Session, site: str, thread_ids: Sequence[str]) -> dict[str, KnownThread]:
    """What is told of those threads that may be shown now."""
    return {row[0]: KnownThread(*row) for row in _run(session, _ABOUT, thread_ids, {"site": site})}


def passages_of(session: Session, thread_ids: Sequence[str], chunker: str) -> list[ShownPassage]:
    """The passages of threads in reading order, without those of answer authors who opted out."""
    rows = _run(session, _PASSAGES, thread_ids, {"most": PASSAGES_A_THREAD, "chunker": chunker})
    return [
        ShownPassage(id_, thread, answer_id, field, text, ordinal, author or {}, date, bool(accepted), votes)
        for id_, thread, answer_id, field, text, ordinal, author, date, accepted, votes in rows
    ]


def _run(
    session: Session, statement: str, ids: Sequence[str], values: dict[str, Any] | None = None,
) -> Sequence[Any]:  # fmt: skip
    if not ids:
        return ()
    asked = _prepared(statement, listed(session))
    return session.connection().execute(asked, {"ids": json.dumps(list(ids)), **(values or {})}).fetchall()


@cache
def _prepared(statement: str, ids: str) -> Any:
    """A statement made once: making it anew each time costs more than many of them take."""
    return sa.text(statement.format(ids=ids)).columns(**_TYPED.get(statement, {}))
