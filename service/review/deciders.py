"""Who may decide an item: some are for somebody who has not decided on the post before."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from service.review.items import ANEW
from service.review.tables import DecisionRow, ReviewItemRow
from service.review.verdict import FINAL


def barred(session: Session, item: ReviewItemRow, person: str) -> bool:
    """Whether a person has to leave an item to somebody else."""
    if item.not_for == person:
        return True
    return item.origin in ANEW and bool(session.scalar(sa.select(_decided(person, item.post_id))))


def may_decide(person: str) -> sa.ColumnElement[bool]:
    """The condition on review items that a person is not barred."""
    item = ReviewItemRow
    unknown = sa.or_(item.origin.not_in(ANEW), ~_decided(person, item.post_id))
    return sa.and_(sa.or_(item.not_for.is_(None), item.not_for != person), unknown)


def not_handed_on(person: str) -> sa.ColumnElement[bool]:
    """The condition on review items that a person did not escalate them: they are for somebody else to take next."""
    by_them = sa.exists().where(
        DecisionRow.item_id == ReviewItemRow.id, DecisionRow.act == "escalate", DecisionRow.by == person
    )
    return sa.or_(ReviewItemRow.escalated.is_(False), ~by_them)


def _decided(person: str, post_id: str | sa.orm.InstrumentedAttribute[str]) -> sa.Exists:
    """Whether a person made a final decision on a post. One they took back themselves does not count."""
    made, undone = aliased(DecisionRow), aliased(DecisionRow)
    taken_back = sa.exists().where(undone.takes_back == made.id, undone.act == "undo")
    return sa.exists().where(made.post_id == post_id, made.by == person, made.act.in_(FINAL), ~taken_back)
