"""The moderators' queue: by urgency, then age, page by page, with filters and counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.database import Database
from service.intake.tables import PostRow, PostTextRow
from service.review.tables import ReviewFacetRow, ReviewItemRow

COUNTS_AGE_S = 3.0


@dataclass(frozen=True)
class Filters:
    """What the queue shows. `by` is `machine` or `member`; `opened_before` a moment; `search` a part of the title."""

    category: str | None = None
    tag: str | None = None
    route: str | None = None
    by: str | None = None
    assigned: Literal["me", "nobody", "others"] | None = None
    opened_before: datetime | None = None
    escalated: bool | None = None
    search: str | None = None

    def facets(self) -> list[tuple[str, str]]:
        """The filters that have a row of their own."""
        named = (("category", self.category), ("tag", self.tag), ("by", self.by), ("route", self.route))
        return [(name, value) for name, value in named if value]


@dataclass(frozen=True)
class Listed:
    """An item as the list shows it."""

    item: ReviewItemRow
    external_id: str
    title: str
    author_id: str


def page(
    session: Session, site: str | None, person: str, filters: Filters, now: datetime, limit: int,
    after: tuple[int, str] | None = None,
) -> list[Listed]:  # fmt: skip
    """Open items of a site (None: every site) after a place in the queue, without those this person may not decide."""
    item = ReviewItemRow
    facets = filters.facets()
    query = sa.select(item, PostRow.external_id, PostRow.author_id, PostTextRow.title)
    if facets:
        query = query.join_from(ReviewFacetRow, item, item.id == ReviewFacetRow.item_id)
        query = query.where(*_is(ReviewFacetRow, *facets[0]))
        if site is not None:
            query = query.where(ReviewFacetRow.site == site)
        urgency, key = ReviewFacetRow.urgency, ReviewFacetRow.item_id
    else:
        if site is not None:
            query = query.where(item.site == site)
        query = query.where(item.state == "open")
        urgency, key = item.urgency, item.id
    for name, value in facets[1:]:
        other = sa.orm.aliased(ReviewFacetRow)
        query = query.where(sa.exists().where(*_is(other, name, value), other.urgency == urgency, other.item_id == key))
    query = query.join(PostRow, PostRow.id == item.post_id)
    text = sa.and_(PostTextRow.post_id == item.post_id, PostTextRow.revision == PostRow.revision)
    query = query.outerjoin(PostTextRow, text)
    query = query.where(sa.or_(item.not_for.is_(None), item.not_for != person), *_conditions(filters, person, now))
    if after is not None:
        query = query.where(sa.tuple_(urgency, key) > after)
    query = query.order_by(urgency, key).limit(limit)
    return [Listed(row[0], row[1], row[3] or "", row[2]) for row in session.execute(query)]


def next_item(
    session: Session,
    site: str | None,
    person: str,
    now: datetime,
    avoid: Sequence[str] = (),
    filters: Filters | None = None,
) -> ReviewItemRow | None:
    """The item to show next: the first that nobody holds, and of those one without the categories in `avoid` if any is."""
    found = page(session, site, person, filters or Filters(), now, 60)
    free = [listed.item for listed in found if _free(listed.item, person, now)]
    if not avoid or not free:
        return free[0] if free else None
    avoided = set(avoid)
    return next((row for row in free if not avoided & set(row.categories)), free[0])


@dataclass(frozen=True)
class QueueCounts:
    """How many items are open."""

    open: int
    urgent: int
    held: int
    facets: dict[str, dict[str, int]]


@dataclass
class Counts:
    """Counts per site, counted at most every three seconds, however many pages ask."""

    database: Database
    _kept: dict[str | None, tuple[float, QueueCounts]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, site: str | None) -> QueueCounts:
        """The counts of a site; None: of all sites."""
        with self._lock:
            kept = self._kept.get(site)
            if kept is not None and time.monotonic() - kept[0] < COUNTS_AGE_S:
                return kept[1]
            with self.database.read() as session:
                counted = count(session, site)
            self._kept[site] = (time.monotonic(), counted)
            return counted

    def forget(self) -> None:
        """Count anew at the next question."""
        with self._lock:
            self._kept.clear()


def count(session: Session, site: str | None) -> QueueCounts:
    """Count the open items."""
    by_urgency = sa.select(ReviewItemRow.urgency, sa.func.count()).where(ReviewItemRow.state == "open")
    by_facet = sa.select(ReviewFacetRow.facet, ReviewFacetRow.value, sa.func.count())
    if site is not None:
        by_urgency = by_urgency.where(ReviewItemRow.site == site)
        by_facet = by_facet.where(ReviewFacetRow.site == site)
    urgencies: dict[int, int] = {row[0]: row[1] for row in session.execute(by_urgency.group_by(ReviewItemRow.urgency))}
    facets: dict[str, dict[str, int]] = {}
    for name, value, number in session.execute(by_facet.group_by(ReviewFacetRow.facet, ReviewFacetRow.value)):
        facets.setdefault(name, {})[value] = number
    return QueueCounts(sum(urgencies.values()), urgencies.get(0, 0), urgencies.get(1, 0), facets)


def _is(row: Any, facet: str, value: str) -> list[Any]:
    return [row.facet == facet, row.value == value]


def _conditions(filters: Filters, person: str, now: datetime) -> list[Any]:
    item, wanted = ReviewItemRow, []
    held = sa.and_(item.claimed_by.is_not(None), item.claimed_until >= now)
    if filters.assigned == "me":
        wanted.append(sa.and_(held, item.claimed_by == person))
    elif filters.assigned == "others":
        wanted.append(sa.and_(held, item.claimed_by != person))
    elif filters.assigned == "nobody":
        wanted.append(sa.or_(item.claimed_by.is_(None), item.claimed_until < now))
    if filters.opened_before is not None:
        wanted.append(item.opened_at < filters.opened_before)
    if filters.escalated is not None:
        wanted.append(item.escalated.is_(filters.escalated))
    if filters.search:
        part = filters.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        title = PostTextRow.title.ilike(f"%{part}%", escape="\\")
        wanted.append(sa.or_(title, PostRow.external_id == filters.search))
    return wanted


def _free(row: ReviewItemRow, person: str, now: datetime) -> bool:
    held = row.claimed_by is not None and row.claimed_until is not None and row.claimed_until >= now
    return not held or row.claimed_by == person
