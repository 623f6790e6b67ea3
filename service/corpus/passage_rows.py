"""The rows of `passages`: written only for threads of which nothing changed since they were read."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.corpus.passages import Piece
from service.corpus.tables import PassageRow, ThreadRow

BOUND = 500
"""Ids in one statement."""


def changes(session: Session, thread_ids: Sequence[str]) -> dict[str, str]:
    """The name of the last change of each thread that exists. Read it before the texts."""
    rows = session.execute(sa.select(ThreadRow.id, ThreadRow.change).where(ThreadRow.id.in_(list(thread_ids))))
    return {row.id: row.change for row in rows}


def unchanged(session: Session, before: dict[str, str]) -> set[str]:
    """Threads of which nothing changed since `changes` was read; their rows are held until the transaction ends."""
    select = sa.select(ThreadRow.id, ThreadRow.change).where(ThreadRow.id.in_(list(before))).order_by(ThreadRow.id)
    return {id_ for id_, change in session.execute(select.with_for_update()) if before[id_] == change}


def write(session: Session, site: str, chunker: str, pieces: dict[str, list[Piece]], current: set[str]) -> set[str]:
    """Make the rows of the threads in `current` what was cut; the ids of rows that were there and are not wanted."""
    ids = [id_ for id_ in pieces if id_ in current]
    where = (PassageRow.thread_id.in_(ids), PassageRow.chunker == chunker)
    have = set(session.scalars(sa.select(PassageRow.id).where(*where)))
    stale = sorted(have - {piece.id for id_ in ids for piece in pieces[id_]})
    for start in range(0, len(stale), BOUND):
        session.execute(sa.delete(PassageRow).where(PassageRow.id.in_(stale[start : start + BOUND])))
    rows = [
        {
            "id": piece.id, "thread_id": id_, "answer_id": piece.answer_id, "site": site, "chunker": chunker,
            "ordinal": piece.ordinal, "field": piece.field, "text": piece.text,
        }
        for id_ in ids
        for piece in pieces[id_]
        if piece.id not in have
    ]  # fmt: skip
    if rows:
        session.execute(sa.insert(PassageRow), rows)
    return set(stale)
