"""Urgent items that nobody took up are announced again, to the admins too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import rfc3339
from service.intake.tables import PostRow
from service.people.tables import PersonRow
from service.review.tables import ReviewItemRow
from service.settings import Settings


class Announce(Protocol):
    """Tells a site's webhook endpoints of an event, in the caller's transaction."""

    def __call__(self, session: Session, site: str, event: str, data: dict[str, Any]) -> None: ...


def remind(session: Session, settings: Settings, announce: Announce, now: datetime) -> list[str]:
    """Announce every urgent item that waited too long unclaimed, each once; returns their ids. Call it every minute."""
    late = now - timedelta(minutes=settings.urgent_reminder_minutes)
    unclaimed = sa.or_(ReviewItemRow.claimed_by.is_(None), ReviewItemRow.claimed_until < now)
    query = sa.select(ReviewItemRow).where(
        ReviewItemRow.state == "open", ReviewItemRow.urgency == 0, ReviewItemRow.opened_at <= late,
        ReviewItemRow.reminded_at.is_(None), unclaimed,
    )  # fmt: skip
    reminded = []
    for item in session.scalars(query.limit(500)):
        item.reminded_at = now
        post = session.get(PostRow, item.post_id)
        data: dict[str, Any] = {
            "post_id": item.post_id, "external_id": post.external_id if post else None, "item_id": item.id,
            "assessment_id": item.assessment_id, "route": item.route, "because": item.categories, "reminder": True,
            "waiting_since": rfc3339(item.opened_at), "tell": ["moderator", "admin"],
        }  # fmt: skip
        data["admins"] = _admins(session, item.site)
        announce(session, item.site, "review.urgent", data)
        reminded.append(item.id)
    return reminded


def _admins(session: Session, site: str) -> list[str]:
    """The addresses of a site's admins: those of another site are no concern of its endpoint."""
    query = sa.select(PersonRow.email).where(
        PersonRow.role == "admin", PersonRow.disabled_at.is_(None), PersonRow.site.in_((site, "*"))
    )
    return [email for email in session.scalars(query) if not email.endswith(".invalid")]
