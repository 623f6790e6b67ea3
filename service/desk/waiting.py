"""The drafts on the desk: filtered by topic, state, age and holder, page by page. Those written anew beside another are not on it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.database import Database
from service.desk.tables import DraftTopicRow
from service.drafting.tables import DraftRow, RegenerationRow

State = Literal["ready", "pending", "abstained", "failed", "published", "discarded"]
Age = Literal["day", "week", "older"]
Assigned = Literal["me", "nobody", "others"]
TO_EDIT: tuple[State, ...] = ("ready", "pending")
WEEK, DAY = timedelta(days=7), timedelta(days=1)
COUNTED_EVERY_S = 15.0


@dataclass(frozen=True)
class Filters:
    """What a mentor wants to see. Without a state: what waits to be edited. `mine`: the caller's own topics."""

    topic: str | None = None
    state: State | None = None
    age: Age | None = None
    assigned: Assigned | None = None
    mine: bool = False
    oldest: bool = False


def page(
    session: Session, site: str | None, person_id: str, topics: Sequence[str], filters: Filters, now: datetime,
    limit: int, after: str | None = None,
) -> list[DraftRow]:  # fmt: skip
    """Drafts of a site (None: of every site), newest first or oldest first, continued behind the draft `after`.

    Each state is read by itself along its index and the pages are merged: no page sorts what waits.
    """
    order = DraftRow.id.asc() if filters.oldest else DraftRow.id.desc()
    found: list[DraftRow] = []
    for state in (filters.state,) if filters.state else TO_EDIT:
        query = sa.select(DraftRow).where(DraftRow.status == state).order_by(order).limit(limit)
        if site is not None:
            query = query.where(DraftRow.site == site)
        if after is not None:
            query = query.where(DraftRow.id > after if filters.oldest else DraftRow.id < after)
        beside = sa.exists().where(RegenerationRow.draft_id == DraftRow.id)
        query = _filtered(query.where(~beside), person_id, filters, now)
        found += session.scalars(_on_topics(query, topics, filters))
    return sorted(found, key=lambda row: row.id, reverse=not filters.oldest)[:limit]


def next_draft(session: Session, site: str | None, person_id: str, topics: Sequence[str], now: datetime) -> str | None:
    """The id of the draft to go on with: ready, held by nobody, on the mentor's own topics where one waits; the oldest."""
    for mine in (True, False) if topics else (False,):
        filters = Filters(state="ready", assigned="nobody", mine=mine, oldest=True)
        found = page(session, site, person_id, topics, filters, now, 1)
        if found:
            return found[0].id
    return None


@dataclass(frozen=True)
class Waiting:
    """How many drafts are written and wait to be edited, how many are still to be written, and how many on each topic."""

    ready: int
    pending: int
    topics: dict[str, int]


class Counts:
    """Counts of the desk, counted at most every quarter of a minute for each site, however many mentors look."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known: dict[str | None, tuple[float, Waiting]] = {}

    def of(self, site: str | None) -> Waiting:
        """The counts of a site; None: of every site."""
        with self._lock:
            at, known = self._known.get(site, (-math.inf, None))
            if known is None or time.monotonic() - at > COUNTED_EVERY_S:
                with self._database.read() as session:
                    known = count(session, site)
                self._known[site] = (time.monotonic(), known)
            return known


def count(session: Session, site: str | None) -> Waiting:
    """Count what waits. Drafts written anew beside another are few and taken off."""
    here = (
        DraftRow.status.in_(TO_EDIT) if site is None else sa.and_(DraftRow.site == site, DraftRow.status.in_(TO_EDIT))
    )
    by_state = sa.select(DraftRow.status, sa.func.count()).where(here).group_by(DraftRow.status)
    beside = by_state.join(RegenerationRow, RegenerationRow.draft_id == DraftRow.id)
    counted, off = ({str(row[0]): int(row[1]) for row in session.execute(query)} for query in (by_state, beside))
    by_topic = (
        sa.select(DraftTopicRow.topic, sa.func.count()).join(DraftRow, DraftRow.id == DraftTopicRow.draft_id).where(here)
        .group_by(DraftTopicRow.topic).order_by(sa.func.count().desc(), DraftTopicRow.topic)
    )  # fmt: skip
    topics = {str(row[0]): int(row[1]) for row in session.execute(by_topic)}
    ready, pending = (counted.get(state, 0) - off.get(state, 0) for state in TO_EDIT)
    return Waiting(ready, pending, topics)


def put_topics(session: Session, draft_id: str, post_id: str, topics: Sequence[str]) -> None:
    """Say under which topics a draft is found."""
    session.execute(sa.delete(DraftTopicRow).where(DraftTopicRow.draft_id == draft_id))
    session.add_all(DraftTopicRow(topic=topic, draft_id=draft_id, post_id=post_id) for topic in dict.fromkeys(topics))


def retopic(session: Session, post_id: str, topics: Sequence[str]) -> None:
    """The tags of a post were settled: its drafts are found under them from now on."""
    of_post = sa.select(DraftRow.id).where(DraftRow.post_id == post_id)
    for draft_id in session.scalars(of_post).all():
        put_topics(session, draft_id, post_id, topics)


def topics_of(session: Session, draft_ids: Sequence[str]) -> dict[str, list[str]]:
    """The topics of several drafts."""
    query = sa.select(DraftTopicRow).where(DraftTopicRow.draft_id.in_(draft_ids)).order_by(DraftTopicRow.topic)
    found: dict[str, list[str]] = {id_: [] for id_ in draft_ids}
    for row in session.scalars(query):
        found[row.draft_id].append(row.topic)
    return found


def _on_topics(query: sa.Select[DraftRow], topics: Sequence[str], filters: Filters) -> sa.Select[DraftRow]:
    """One topic is read as a set, which is small where the topic is rare; a mentor's own are asked of each draft in turn."""
    if filters.topic is not None:
        query = query.where(
            DraftRow.id.in_(sa.select(DraftTopicRow.draft_id).where(DraftTopicRow.topic == filters.topic))
        )
    if filters.mine:
        own = sa.exists().where(DraftTopicRow.draft_id == DraftRow.id, DraftTopicRow.topic.in_(list(topics)))
        query = query.where(own)
    return query


def _filtered(query: sa.Select[DraftRow], person_id: str, filters: Filters, now: datetime) -> sa.Select[DraftRow]:
    if filters.age == "day":
        query = query.where(DraftRow.created_at >= now - DAY)
    elif filters.age == "week":
        query = query.where(DraftRow.created_at >= now - WEEK, DraftRow.created_at < now - DAY)
    elif filters.age == "older":
        query = query.where(DraftRow.created_at < now - WEEK)
    held = sa.and_(DraftRow.claimed_by.is_not(None), DraftRow.claimed_until >= now)
    if filters.assigned == "me":
        query = query.where(held, DraftRow.claimed_by == person_id)
    elif filters.assigned == "others":
        query = query.where(held, DraftRow.claimed_by != person_id)
    elif filters.assigned == "nobody":
        query = query.where(sa.not_(sa.func.coalesce(held, sa.false())))
    return query
