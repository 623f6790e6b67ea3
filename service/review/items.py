"""Review items: opening, keeping current, closing. Functions take the caller's session; its transaction commits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.errors import NotFound
from service.review import titles, wellbeing
from service.review.tables import ReviewFacetRow, ReviewItemRow

URGENCY = {"urgent_review": 0, "hold": 1, "review": 2, "publish": 2}
"""A route's place in the queue. An audit sample stands where an ordinary review stands, so that it is not told apart."""
MEASURING = ("second", "golden")
"""Origins whose decisions measure people: they are kept, and change nothing on the site."""
ANEW = ("appeal", "second", "third")
"""Origins for which nobody counts who decided on the post before."""


@dataclass(frozen=True)
class Seen:
    """What the queue keeps of an assessment."""

    assessment_id: str
    decision_digest: str
    route: str
    categories: list[str]
    tags: list[str]


def open_for_post(session: Session, post_id: str) -> ReviewItemRow | None:
    """The one open item of a post."""
    return session.scalar(
        sa.select(ReviewItemRow).where(ReviewItemRow.post_id == post_id, ReviewItemRow.state == "open")
    )


def find(session: Session, item_id: str) -> ReviewItemRow:
    """An item. Raises NotFound."""
    row = session.get(ReviewItemRow, item_id)
    if row is None:
        raise NotFound("there is no such review item", field="item_id")
    return row


def open_item(
    session: Session, post_id: str, site: str, seen: Seen, origin: str, now: datetime, *,
    urgency: int | None = None, not_for: str | None = None, second_of: str | None = None, sampled_with: float | None = None,
) -> ReviewItemRow:  # fmt: skip
    """Open an item. `origin` is `machine`, `member`, `audit`, `appeal`, `second`, `third` or `golden`."""
    row = ReviewItemRow(
        id=new_id(), post_id=post_id, site=site, state="open", origin=origin,
        urgency=URGENCY[seen.route] if urgency is None else urgency, route=seen.route,
        categories=_unique(seen.categories), assessment_id=seen.assessment_id, decision_digest=seen.decision_digest,
        opened_at=now, updated_at=now, closed_at=None, claimed_by=None, claimed_until=None, escalated=False,
        not_for=not_for, second_of=second_of, sampled_with=sampled_with, reports=0, reminded_at=None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    write_facets(session, row, seen.tags)
    titles.write(session, row)
    return row


def refresh(session: Session, row: ReviewItemRow, seen: Seen, now: datetime, *, may_lower: bool) -> None:
    """Put the newest assessment into an open item; urgency rises by itself and falls only where `may_lower`."""
    wanted = URGENCY[seen.route]
    row.urgency = wanted if may_lower else min(row.urgency, wanted)
    if may_lower or URGENCY[seen.route] <= URGENCY[row.route]:
        row.route = seen.route
    row.categories = _unique(seen.categories) if may_lower else _unique([*seen.categories, *row.categories])
    row.assessment_id, row.decision_digest, row.updated_at = seen.assessment_id, seen.decision_digest, now
    write_facets(session, row, seen.tags)
    titles.write(session, row)


def raise_urgency(session: Session, row: ReviewItemRow, urgency: int) -> None:
    """Move an item up; never down."""
    if urgency < row.urgency:
        row.urgency = urgency
        write_facets(session, row, None)


def add_category(session: Session, row: ReviewItemRow, category: str) -> None:
    """A concern that joins the item."""
    row.categories = _unique([*row.categories, category])
    write_facets(session, row, None)


def set_origin(session: Session, row: ReviewItemRow, origin: str, sampled_with: float | None = None) -> None:
    """Say who brought the item into the queue."""
    row.origin, row.sampled_with = origin, sampled_with
    write_facets(session, row, None)


def make_ordinary(session: Session, row: ReviewItemRow, origin: str, not_for: str | None = None) -> None:
    """What was to be read blind or once more takes up a new concern: its decision reaches the site like any other."""
    row.second_of, row.not_for = None, not_for
    set_origin(session, row, origin)


def close(session: Session, row: ReviewItemRow, state: str, now: datetime) -> None:
    """Take an item out of the queue: `decided` or `withdrawn`."""
    row.state, row.closed_at, row.updated_at = state, now, now
    row.claimed_by = row.claimed_until = None
    session.flush()
    session.execute(sa.delete(ReviewFacetRow).where(ReviewFacetRow.item_id == row.id))
    titles.forget(session, row.id)


def reopen(session: Session, row: ReviewItemRow, now: datetime) -> None:
    """Put a closed item back into the queue, at its old place."""
    row.state, row.closed_at, row.updated_at = "open", None, now
    session.flush()
    write_facets(session, row, None)
    titles.write(session, row)


def write_facets(session: Session, row: ReviewItemRow, tags: list[str] | None) -> None:
    """Note what the item can be filtered by; `tags` None keeps those it had.

    A sampled item is `machine` like any other and `audit` besides, which only admins may filter by.
    """
    mine = ReviewFacetRow.item_id == row.id
    if tags is None:
        tags = list(session.scalars(sa.select(ReviewFacetRow.value).where(mine, ReviewFacetRow.facet == "tag")))
    session.execute(sa.delete(ReviewFacetRow).where(mine))
    by = {"member"} if row.origin in ("member", "appeal") else {"machine"}
    by |= {"member"} if row.reports else set()
    by |= {"audit"} if row.origin == "audit" else set()
    wanted = [("category", c) for c in row.categories] + [("tag", t) for t in _unique(tags)]
    wanted += [("by", b) for b in sorted(by)] + [("route", "review" if row.route == "publish" else row.route)]
    wanted.append(("heaviest", wellbeing.heaviest(row.categories)))
    session.flush()
    values = [{"facet": f, "value": v, "urgency": row.urgency, "item_id": row.id, "site": row.site} for f, v in wanted]
    session.execute(sa.insert(ReviewFacetRow), values)


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
