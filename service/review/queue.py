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
from service.review import deciders, titles, wellbeing
from service.review.tables import ReviewFacetRow, ReviewItemRow

COUNTS_AGE_S = 3.0
LOOKED_AT = 60
FURTHER = 5_000
"""Where the first `LOOKED_AT` items are all to be avoided, a lighter one is looked for by its heaviest concern: in the whole
queue, and where it is filtered among so many items after them."""


@dataclass(frozen=True)
class Filters:
    """What the queue shows. `by` is `machine`, `member` or `audit`; `opened_before` a moment; `search` beginnings of words of
    the title, or the whole external id."""

    category: str | None = None
    tag: str | None = None
    route: str | None = None
    by: str | None = None
    assigned: Literal["me", "nobody", "others"] | None = None
    opened_before: datetime | None = None
    escalated: bool | None = None
    search: str | None = None
    site: str | None = None

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
    after: tuple[int, str] | None = None, *, to_take: bool = False,
) -> list[Listed]:  # fmt: skip
    """Open items of a site (None: every site) after a place in the queue, without those this person may not decide;
    `to_take` also without those they escalated or somebody else holds."""
    item = ReviewItemRow
    site = filters.site if site is None else site
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
    query = query.where(*(_has(name, value, urgency, key) for name, value in facets[1:]))
    query = query.join(PostRow, PostRow.id == item.post_id)
    text = sa.and_(PostTextRow.post_id == item.post_id, PostTextRow.revision == PostRow.revision)
    query = query.outerjoin(PostTextRow, text)
    query = query.where(*_conditions(session, site, person, filters, now, to_take=to_take))
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
    after: tuple[int, str] | None = None,
) -> ReviewItemRow | None:
    """The item to show next: the first that nobody holds, and of those one without the categories in `avoid` if any is.

    `after` is the place in the queue to go on from.
    """
    filters, avoided = filters or Filters(), set(avoid)
    found = [one.item for one in page(session, site, person, filters, now, LOOKED_AT, after, to_take=True)]
    lighter = next((row for row in found if not avoided & set(row.categories)), None)
    if lighter is None and len(found) == LOOKED_AT and filters.category not in avoided:
        site = filters.site if site is None else site
        lighter = _lighter(session, site, person, filters, now, (found[-1].urgency, found[-1].id), avoid)
    return lighter or (found[0] if found else None)


def _lighter(
    session: Session, site: str | None, person: str, filters: Filters, now: datetime, after: tuple[int, str],
    avoid: Sequence[str],
) -> ReviewItemRow | None:  # fmt: skip
    """The first item after a place that has no category of `avoid`.

    For each concern that need not be avoided the first item of which it is the heaviest is looked up along the index of
    facets; the first of those is the one. Filters are tried on one item after the other, and so on `FURTHER` at most.
    """
    item, lead = ReviewItemRow, sa.orm.aliased(ReviewFacetRow)
    names = [name for name in wellbeing.BY_WEIGHT if name not in avoid]
    light = sa.values(sa.column("name", sa.String), name="light").data([(name,) for name in names]).cte()
    query = sa.select(lead.item_id).join_from(lead, item, item.id == lead.item_id)
    query = query.join(PostRow, PostRow.id == item.post_id)
    query = query.where(lead.facet == "heaviest", lead.value == light.c.name)
    if site is not None:
        query = query.where(lead.site == site)
    query = query.where(sa.tuple_(lead.urgency, lead.item_id) > after)
    end = _place_after(session, site, after) if filters != Filters(site=filters.site) else None
    if end is not None:
        query = query.where(sa.tuple_(lead.urgency, lead.item_id) <= end)
    query = query.where(*_conditions(session, site, person, filters, now, to_take=True))
    query = query.where(*(_has(name, value, lead.urgency, lead.item_id) for name, value in filters.facets()))
    behind = set(avoid) & set(wellbeing.BY_WEIGHT[wellbeing.BY_WEIGHT.index(names[0]) :])
    query = query.where(*(~_has("category", name, lead.urgency, lead.item_id) for name in sorted(behind)))
    first = query.order_by(lead.urgency, lead.item_id).limit(1).correlate(light).scalar_subquery()
    ids = [found for found in session.scalars(sa.select(first).select_from(light)) if found is not None]
    rows = session.scalars(sa.select(item).where(item.id.in_(ids)))
    return min(rows, key=lambda row: (row.urgency, row.id), default=None)


def _place_after(session: Session, site: str | None, place: tuple[int, str]) -> tuple[int, str] | None:
    """The place `FURTHER` items after another; None where the queue is shorter."""
    item = ReviewItemRow
    ahead = sa.select(item.urgency, item.id).where(item.state == "open", sa.tuple_(item.urgency, item.id) > place)
    if site is not None:
        ahead = ahead.where(item.site == site)
    row = session.execute(ahead.order_by(item.urgency, item.id).offset(FURTHER).limit(1)).first()
    return (row[0], row[1]) if row is not None else None


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
    by_facet = by_facet.where(ReviewFacetRow.facet != "heaviest")
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


def _has(facet: str, value: str, urgency: Any, key: Any) -> sa.Exists:
    """The condition that the item at a place in the queue has a facet."""
    other = sa.orm.aliased(ReviewFacetRow)
    return sa.exists().where(*_is(other, facet, value), other.urgency == urgency, other.item_id == key)


def _conditions(
    session: Session, site: str | None, person: str, filters: Filters, now: datetime, *, to_take: bool
) -> list[Any]:
    """What the post and the item themselves have to fulfil, the facets left out."""
    item, wanted = ReviewItemRow, [PostRow.erased_at.is_(None), deciders.may_decide(person)]
    if to_take:
        wanted += [deciders.not_handed_on(person), _free(person, now)]
    if filters.search:
        wanted.append(titles.matching(session, site, filters.search))
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
    return wanted


def _free(person: str, now: datetime) -> sa.ColumnElement[bool]:
    """The condition that nobody else holds an item."""
    item = ReviewItemRow
    return sa.or_(
        item.claimed_by.is_(None), item.claimed_by == person, item.claimed_until.is_(None), item.claimed_until < now
    )
