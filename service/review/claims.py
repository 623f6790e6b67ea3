"""Who holds an item: a lease that a heartbeat renews, so that two moderators never work on the same post."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import Conflict, NotAllowed
from service.people.tables import PersonRow
from service.review import deciders
from service.review.tables import ReviewItemRow, ReviewViewRow

VIEWING = timedelta(seconds=90)


def claim(session: Session, row: ReviewItemRow, person: str, now: datetime, lease_seconds: int) -> datetime:
    """Take or renew the lease; returns until when it holds.

    Raises Conflict where somebody else holds it or it is no longer open, NotAllowed where this person may not decide.
    """
    if deciders.barred(session, row, person):
        raise NotAllowed("somebody else has to look at this one")
    until = now + timedelta(seconds=lease_seconds)
    free = sa.or_(
        ReviewItemRow.claimed_by.is_(None), ReviewItemRow.claimed_by == person, ReviewItemRow.claimed_until < now
    )
    taken = sa.update(ReviewItemRow).where(ReviewItemRow.id == row.id, ReviewItemRow.state == "open", free)
    done = session.execute(taken.values(claimed_by=person, claimed_until=until).returning(ReviewItemRow.id)).first()
    session.refresh(row)
    if done is None:
        check_free(session, row, person, now)
        raise Conflict("this item is no longer open", state=row.state)
    return until


def renew(session: Session, row: ReviewItemRow, person: str, now: datetime, lease_seconds: int) -> datetime:
    """Keep the lease while the page is open; one that ran out is kept where nobody took the item meanwhile.

    Raises Conflict where it was given back, somebody else holds it or it is no longer open.
    """
    until = now + timedelta(seconds=lease_seconds)
    mine = sa.update(ReviewItemRow).where(
        ReviewItemRow.id == row.id, ReviewItemRow.state == "open", ReviewItemRow.claimed_by == person
    )
    done = session.execute(mine.values(claimed_until=until).returning(ReviewItemRow.id)).first()
    session.refresh(row)
    if done is None:
        check_free(session, row, person, now)
        given_back = "this item was given back" if row.state == "open" else "this item is no longer open"
        raise Conflict(given_back, reason="not_claimed", state=row.state)
    return until


def release(row: ReviewItemRow, person: str) -> None:
    """Give an item back; nothing happens where somebody else holds it."""
    if row.claimed_by == person:
        row.claimed_by = row.claimed_until = None


def holder(row: ReviewItemRow, now: datetime) -> str | None:
    """Who holds the item now."""
    held = row.claimed_by is not None and row.claimed_until is not None and row.claimed_until >= now
    return row.claimed_by if held else None


def check_free(session: Session, row: ReviewItemRow, person: str, now: datetime) -> None:
    """Raise Conflict where somebody else holds the item."""
    held_by = holder(row, now)
    if held_by is not None and held_by != person:
        name = names(session, [held_by]).get(held_by, "somebody else")
        raise Conflict(f"{name} is working on this item", reason="claimed", claimed_by=name)


def note_view(session: Session, row: ReviewItemRow, person: str, now: datetime) -> None:
    """Note that somebody has the item in front of them."""
    view = session.get(ReviewViewRow, (row.id, person))
    if view is None:
        lock(session, row.id)
        session.refresh(row)
        session.add(ReviewViewRow(item_id=row.id, person_id=person, post_id=row.post_id, first_at=now, last_at=now))
    else:
        view.last_at = now


def lock(session: Session, item_id: str) -> None:
    """Hold an item's row until the transaction ends: who opens an item first and who assesses its post anew take turns."""
    session.execute(sa.select(ReviewItemRow.id).where(ReviewItemRow.id == item_id).with_for_update())


@dataclass(frozen=True)
class Viewer:
    """Somebody who has an item open."""

    id: str
    name: str


def viewers(session: Session, item_id: str, now: datetime, without: str) -> list[Viewer]:
    """Who else looked at an item within the last minute and a half."""
    query = sa.select(ReviewViewRow.person_id).where(
        ReviewViewRow.item_id == item_id, ReviewViewRow.last_at > now - VIEWING, ReviewViewRow.person_id != without
    )
    ids = list(session.scalars(query))
    known = names(session, ids)
    return [Viewer(i, known.get(i, "an API key")) for i in ids]


def names(session: Session, ids: list[str]) -> dict[str, str]:
    """The names of people by id; keys have none."""
    if not ids:
        return {}
    found = session.execute(sa.select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(set(ids))))
    return {row.id: row.name for row in found}
