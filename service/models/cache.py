"""Replies to exactly the same question, kept for a while in SQL.

Only a call that names the posts and threads its text comes from is kept, so that erasing one of them erases the reply.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import Clock
from service.database import Database
from service.models.calls import Reply
from service.models.tables import ModelReplyRow, ModelReplySubjectRow

KEPT = timedelta(days=1)


class ReplyCache:
    """Finds and keeps replies."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find(self, request_sha256: str) -> Reply | None:
        """The reply to this very question, if it is kept and not too old."""
        query = sa.select(ModelReplyRow.reply).where(
            ModelReplyRow.request_sha256 == request_sha256, ModelReplyRow.kept_at > self._clock() - KEPT
        )
        with self._database.read() as session:
            kept = session.scalar(query)
        return None if kept is None else Reply(**kept)

    def keep(self, request_sha256: str, reply: Reply, subjects: tuple[str, ...]) -> None:
        """Keep a reply; those that are too old go at the same time."""
        now = self._clock()
        with self._database.write() as session:
            forget_old(session, now)
            _drop(session, [request_sha256])
            session.add(ModelReplyRow(request_sha256=request_sha256, reply=asdict(reply), kept_at=now))
            session.flush()
            session.add_all(
                ModelReplySubjectRow(request_sha256=request_sha256, subject=subject)
                for subject in dict.fromkeys(subjects)
            )


def forget(session: Session, subjects: Iterable[str]) -> int:
    """Erase every reply that rests on one of these posts and threads; returns how many."""
    named = sa.select(ModelReplySubjectRow.request_sha256).where(ModelReplySubjectRow.subject.in_(list(subjects)))
    return _drop(session, list(session.scalars(named.distinct())))


def forget_old(session: Session, now: datetime) -> int:
    """Erase the replies that are not given out any more; returns how many."""
    return _drop(
        session,
        list(session.scalars(sa.select(ModelReplyRow.request_sha256).where(ModelReplyRow.kept_at <= now - KEPT))),
    )


def _drop(session: Session, requests: list[str]) -> int:
    for table in (ModelReplySubjectRow, ModelReplyRow):
        session.execute(sa.delete(table).where(table.request_sha256.in_(requests)))
    return len(requests)
