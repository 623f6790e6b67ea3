"""Where an assessment meets the queue: opens, updates or withdraws the one open item of a post."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.flagging.flag import Flag, Route
from service.intake.post import Post
from service.review import claims, items
from service.review.tables import DecisionRow, GoldenRow, ReviewItemRow, ReviewViewRow
from service.settings import Settings


def note_assessment(
    session: Session, *, post: Post, assessment_id: str, route: Route, flags: list[Flag], decision_digest: str,
    settings: Settings, now: datetime, tags: Sequence[str] = (),
) -> str | None:  # fmt: skip
    """Let the queue know of a new assessment, in the caller's transaction; returns the id of the item where it became urgent.

    A routed post gets an item, unless a person decided on exactly this already. An unflagged one enters with the
    probability `AUDIT_SHARE`, not marked as a sample. A route that a person has seen is never lowered.
    """
    seen = items.Seen(assessment_id, decision_digest, route.to, [f.category for f in flags], list(tags))
    row = items.open_for_post(session, post.id)
    before = row.urgency if row is not None else None
    if row is not None:
        _update(session, row, seen, settings, now)
    elif route.to != "publish":
        if not _decided(session, post.id, decision_digest):
            row = items.open_item(session, post.id, post.site, seen, "machine", now)
    elif is_sampled(post.id, settings.audit_share) and not _had_item(session, post.id):
        items.open_item(session, post.id, post.site, seen, "audit", now, sampled_with=settings.audit_share)
    urgent = row is not None and row.state == "open" and row.urgency == 0 and before != 0
    return row.id if row is not None and urgent else None


def was_seen(session: Session, post_id: str) -> bool:
    """Whether a person has opened or decided on this post's item."""
    views = sa.select(ReviewViewRow.item_id).where(ReviewViewRow.post_id == post_id).limit(1)
    acts = sa.select(DecisionRow.id).where(DecisionRow.post_id == post_id).limit(1)
    return session.scalar(views) is not None or session.scalar(acts) is not None


def seen_by_now(session: Session, post_id: str) -> bool:
    """As `was_seen`, and nobody else opens the post's item for the first time until the transaction ends."""
    item = items.open_for_post(session, post_id)
    if item is not None:
        claims.lock(session, item.id)
    return was_seen(session, post_id)


def is_sampled(post_id: str, share: float) -> bool:
    """Whether a post belongs to the audit sample: the same answer each time it is assessed, unknown to its author."""
    drawn = int(hashlib.sha256(f"audit sample {post_id}".encode()).hexdigest()[:12], 16) / 16**12
    return drawn < share


def _update(session: Session, row: ReviewItemRow, seen: items.Seen, settings: Settings, now: datetime) -> None:
    if row.origin in (*items.MEASURING, "third") and row.decision_digest != seen.decision_digest:
        if seen.route != "publish":
            items.make_ordinary(session, row, "machine")
        elif row.origin in items.MEASURING:
            items.close(session, row, "withdrawn", now)
            return
    untouched = row.origin == "machine" and not row.reports and not was_seen(session, row.post_id)
    if seen.route != "publish" or not untouched:
        if was_seen(session, row.post_id):
            items.refresh(session, row, seen, now, may_lower=False)
        else:
            items.refresh(session, row, seen, now, may_lower=row.origin in ("machine", "audit") and not row.reports)
        if row.origin == "audit" and seen.route != "publish":
            items.set_origin(session, row, "machine")
        return
    if is_sampled(row.post_id, settings.audit_share):
        items.refresh(session, row, seen, now, may_lower=True)
        items.set_origin(session, row, "audit", sampled_with=settings.audit_share)
        return
    items.close(session, row, "withdrawn", now)


def _decided(session: Session, post_id: str, digest: str) -> bool:
    deciding = sa.select(ReviewItemRow).where(
        ReviewItemRow.post_id == post_id, ReviewItemRow.origin.not_in(items.MEASURING)
    )
    newest = session.scalar(deciding.order_by(ReviewItemRow.id.desc()).limit(1))
    return newest is not None and newest.state == "decided" and newest.decision_digest == digest


def _had_item(session: Session, post_id: str) -> bool:
    golden = session.get(GoldenRow, post_id) is not None
    return (
        golden
        or session.scalar(sa.select(ReviewItemRow.id).where(ReviewItemRow.post_id == post_id).limit(1)) is not None
    )
