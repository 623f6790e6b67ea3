"""Concerns that members bring: reports of a post, and an author's appeal. Both join the post's one open item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service.clock import new_id
from service.errors import Conflict
from service.flagging.flag import Category
from service.flagging.routing import PERSON_AT_RISK
from service.intake.post import Name, Post, clean_text
from service.review import audit, deciders, decisions, items
from service.review.tables import AppealRow, ReportRow, ReviewItemRow, ReviewTextRow

Words = Annotated[str, Field(max_length=5_000), AfterValidator(clean_text)]
MANY_REPORTS = 3
"""From so many reporters on, an item moves up."""


class Report(BaseModel):
    """What a member says about a post; `category` may be left open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reporter_id: Name
    category: Category | Literal["other"] = "other"
    reason: Words | None = None


class Appeal(BaseModel):
    """Why the author wants somebody else to look."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Words | None = None


@dataclass(frozen=True)
class Joined:
    """A concern and the item it joined; `new` is false where the same concern was known, `urgent` says that the item
    became urgent by it."""

    id: str
    item: ReviewItemRow
    new: bool
    urgent: bool = False


def report(session: Session, post: Post, seen: items.Seen, sent: Report, now: datetime) -> Joined:
    """Keep a report; the post's open item takes it up, or one is opened."""
    known = session.scalar(
        sa.select(ReportRow).where(
            ReportRow.post_id == post.id, ReportRow.reporter_id == sent.reporter_id, ReportRow.category == sent.category
        )
    )
    if known is not None:
        return Joined(known.id, items.find(session, known.item_id), new=False)
    item = items.open_for_post(session, post.id)
    before = item.urgency if item is not None else None
    if item is None:
        item = items.open_item(session, post.id, post.site, seen, "member", now)
    elif item.origin in (*items.MEASURING, "third"):
        items.make_ordinary(session, item, "member")
    row = ReportRow(
        id=new_id(), post_id=post.id, item_id=item.id, reporter_id=sent.reporter_id, category=sent.category, at=now
    )
    session.add(row)
    _keep_words(session, row.id, post.id, sent.reason)
    item.reports += 1
    item.updated_at = now
    if sent.category in get_args(Category):
        items.add_category(session, item, sent.category)
    if sent.category in PERSON_AT_RISK:
        items.raise_urgency(session, item, 0)
    elif item.reports >= MANY_REPORTS:
        items.raise_urgency(session, item, 1)
    items.write_facets(session, item, None)
    facts = {"report_id": row.id, "item_id": item.id, "category": sent.category}
    audit.append(
        session, actor="member", act="report", subject=f"post:{post.id}", facts=facts, text=sent.reason or "", now=now
    )
    return Joined(row.id, item, new=True, urgent=item.urgency == 0 and before != 0)


def appeal(session: Session, post: Post, seen: items.Seen, sent: Appeal, now: datetime) -> Joined:
    """Open an appeal against the decision that stands; nobody who decided on the post may decide on it.

    Raises Conflict where nothing was decided yet. While an appeal is open, the same one is returned.
    """
    pending = session.scalar(sa.select(AppealRow).where(AppealRow.post_id == post.id, AppealRow.state == "open"))
    if pending is not None:
        return Joined(pending.id, items.find(session, pending.item_id), new=False)
    against = decisions.in_force_for_post(session, post.id)
    if against is None:
        raise Conflict(
            "nothing was decided about this post, so there is nothing to appeal against", reason="not_decided"
        )
    item = items.open_for_post(session, post.id)
    if item is None:
        item = items.open_item(session, post.id, post.site, seen, "appeal", now, urgency=1, not_for=against.by)
    else:
        items.make_ordinary(session, item, "appeal", item.not_for or against.by)
        if item.claimed_by is not None and deciders.barred(session, item, item.claimed_by):
            item.claimed_by = item.claimed_until = None
        items.raise_urgency(session, item, 1)
    row = AppealRow(
        id=new_id(), post_id=post.id, item_id=item.id, against=against.id, state="open", at=now, decision_id=None,
        decided_at=None,
    )  # fmt: skip
    session.add(row)
    _keep_words(session, row.id, post.id, sent.reason)
    facts = {"appeal_id": row.id, "item_id": item.id, "against": against.id}
    audit.append(
        session, actor="author", act="appeal", subject=f"post:{post.id}", facts=facts, text=sent.reason or "", now=now
    )
    return Joined(row.id, item, new=True)


def reports_of(session: Session, post_id: str) -> list[ReportRow]:
    """The reports of a post, oldest first."""
    return list(session.scalars(sa.select(ReportRow).where(ReportRow.post_id == post_id).order_by(ReportRow.id)))


def appeals_of(session: Session, post_id: str) -> list[AppealRow]:
    """The appeals of a post, oldest first."""
    return list(session.scalars(sa.select(AppealRow).where(AppealRow.post_id == post_id).order_by(AppealRow.id)))


def _keep_words(session: Session, owner_id: str, post_id: str, reason: str | None) -> None:
    if reason:
        session.add(ReviewTextRow(owner_id=owner_id, post_id=post_id, reason=reason, note_to_author=None))
    session.flush()
