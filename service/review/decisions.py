"""Decisions: appended, each naming the assessment that was seen; taken back by appending, never by deleting."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from service.clock import new_id, rfc3339
from service.errors import Conflict, InvalidInput, NotAllowed
from service.flagging.policy import Policy
from service.intake.tables import PostRow
from service.review import audit, claims, deciders, items
from service.review.tables import AppealRow, DecisionRow, ReviewItemRow, ReviewTextRow
from service.review.verdict import FINAL, Decide, Judged, check_reason, check_same, distressing, judge_flags
from service.settings import Settings


@dataclass(frozen=True)
class Decided:
    """A decision just made, and the appeal it settled where it did."""

    row: DecisionRow
    appeal: AppealRow | None = None


def decide(
    session: Session, item: ReviewItemRow, by: str, wanted: Decide, seen: Judged, newest: Judged, policy: Policy,
    settings: Settings, now: datetime, *, bulk: bool = False,
) -> Decided:  # fmt: skip
    """Append a decision on an open item and take the item out of the queue (`second_look` leaves it to somebody else).

    Raises Conflict (already decided, held by somebody else, a newer assessment that differs), NotAllowed, InvalidInput.
    """
    judged = check(session, item, by, wanted, seen, newest, policy, now)
    categories = [str(f["category"]) for f in seen.flags]
    row = _append(
        session, item, wanted.verdict, by, now, seen=seen, newest=newest, flags=judged, tags=wanted.tags,
        distressing=distressing(policy, categories), bulk=bulk, reason=wanted.reason, note=wanted.note_to_author,
    )  # fmt: skip
    if wanted.verdict == "second_look":
        item.not_for, item.claimed_by, item.claimed_until, item.updated_at = by, None, None, now
        return Decided(row)
    items.close(session, item, "decided", now)
    appeal = _settle_appeal(session, item, row, now)
    _ask_second(session, item, row, seen, settings, now)
    return Decided(row, appeal)


def check(
    session: Session, item: ReviewItemRow, by: str, wanted: Decide, seen: Judged, newest: Judged, policy: Policy,
    now: datetime,
) -> list[dict[str, Any]]:  # fmt: skip
    """What a decision would say about each flag. Raises what `decide` raises; writes nothing."""
    if item.state != "open":
        raise Conflict("this item is decided already", reason="decided", state=item.state)
    if deciders.barred(session, item, by):
        raise NotAllowed("somebody else has to decide this one")
    claims.check_free(session, item, by, now)
    check_same(seen, newest)
    judged = judge_flags(wanted, seen.flags)
    check_reason(wanted, judged, policy)
    return judged


def undo(session: Session, item: ReviewItemRow, by: str, settings: Settings, now: datetime) -> DecisionRow:
    """Take back the caller's own decision within ten minutes; the item is open again. Raises Conflict, NotAllowed."""
    made = in_force(session, item.id)
    if made is None:
        raise Conflict("there is no decision to take back", reason="not_decided")
    if made.by != by:
        raise NotAllowed("only who decided can undo it; re-open the item instead")
    if now > undo_until(made, settings):
        raise Conflict(f"undo ends after {settings.undo_minutes} minutes; re-open the item instead", reason="too_late")
    return _take_back(session, item, made, "undo", by, None, now)


def reopen(session: Session, item: ReviewItemRow, by: str, reason: str | None, now: datetime) -> DecisionRow:
    """Open a decided item again, at any time, with a reason. Raises Conflict, InvalidInput."""
    made = in_force(session, item.id)
    if made is None or item.state != "decided":
        raise Conflict("only a decided item can be re-opened", reason="not_decided")
    if not (reason or "").strip():
        raise InvalidInput("say why the item is opened again", field="reason")
    return _take_back(session, item, made, "reopen", by, reason, now)


def escalate(session: Session, item: ReviewItemRow, by: str, reason: str | None, now: datetime) -> DecisionRow:
    """Move an item to the top and to the admins. A second review ends with it: the admins decide what the site is told.

    Raises Conflict where it is not open.
    """
    if item.state != "open":
        raise Conflict("only an open item can be escalated", reason="decided", state=item.state)
    claims.check_free(session, item, by, now)
    item.escalated, item.updated_at = True, now
    item.claimed_by = item.claimed_until = None
    items.raise_urgency(session, item, 0)
    if item.origin == "second":
        items.make_ordinary(session, item, "machine", item.not_for)
    seen = Judged(item.assessment_id, item.decision_digest, item.route, 0, [])
    return _append(session, item, "escalate", by, now, seen=seen, newest=seen, reason=reason)


def in_force(session: Session, item_id: str) -> DecisionRow | None:
    """The decision that stands on an item."""
    return session.scalar(standing(item_id=item_id, measuring=True).order_by(DecisionRow.id.desc()).limit(1))


def in_force_for_post(session: Session, post_id: str) -> DecisionRow | None:
    """The newest decision that stands on a post; second reviews and golden items decide nothing about it."""
    return session.scalar(standing(post_id=post_id).order_by(DecisionRow.id.desc()).limit(1))


def acts_on(session: Session, item_id: str) -> list[DecisionRow]:
    """Everything people did on an item, oldest first."""
    return list(session.scalars(sa.select(DecisionRow).where(DecisionRow.item_id == item_id).order_by(DecisionRow.id)))


def undo_until(made: DecisionRow, settings: Settings) -> datetime:
    """Until when a decision can be undone by whoever made it."""
    return made.at + timedelta(minutes=settings.undo_minutes)


def standing(
    *, item_id: str | None = None, post_id: str | None = None, measuring: bool = False
) -> sa.Select[DecisionRow]:
    """A query of final decisions that nobody took back; with those that only measure people where `measuring`."""
    later = aliased(DecisionRow)
    query = sa.select(DecisionRow).where(
        DecisionRow.act.in_(FINAL), ~sa.exists().where(later.takes_back == DecisionRow.id)
    )
    if not measuring:
        query = query.where(DecisionRow.origin.not_in(items.MEASURING))
    if item_id is not None:
        query = query.where(DecisionRow.item_id == item_id)
    return query if post_id is None else query.where(DecisionRow.post_id == post_id)


def texts(session: Session, owner_ids: Sequence[str]) -> dict[str, ReviewTextRow]:
    """The words written with decisions, reports and appeals, as far as they are not erased."""
    if not owner_ids:
        return {}
    found = session.scalars(sa.select(ReviewTextRow).where(ReviewTextRow.owner_id.in_(list(owner_ids))))
    return {row.owner_id: row for row in found}


def _append(
    session: Session, item: ReviewItemRow, act: str, by: str, now: datetime, *, seen: Judged, newest: Judged,
    flags: list[dict[str, object]] | None = None, tags: list[str] | None = None, distressing: bool = False,
    bulk: bool = False, reason: str | None = None, note: str | None = None, takes_back: str | None = None,
) -> DecisionRow:  # fmt: skip
    row = DecisionRow(
        id=new_id(), item_id=item.id, post_id=item.post_id, site=item.site, act=act, by=by, at=now,
        assessment_id=seen.assessment_id, newest_assessment_id=newest.assessment_id,
        decision_digest=seen.decision_digest, origin=item.origin, route=seen.route, flags=flags or [], tags=tags,
        sampled_with=item.sampled_with, distressing=distressing, takes_back=takes_back, bulk=bulk,
    )  # fmt: skip
    session.add(row)
    if reason or note:
        session.add(ReviewTextRow(owner_id=row.id, post_id=item.post_id, reason=reason, note_to_author=note))
    session.flush()
    facts = {
        "decision_id": row.id, "item_id": item.id, "assessment_id": row.assessment_id,
        "newest_assessment_id": row.newest_assessment_id, "flags": row.flags, "tags": tags, "takes_back": takes_back,
        "at": rfc3339(now),
    }  # fmt: skip
    text = "\x00".join([reason or "", note or ""]) if reason or note else ""
    audit.append(session, actor=by, act=act, subject=f"post:{item.post_id}", facts=facts, text=text, now=now)
    return row


def _take_back(
    session: Session, item: ReviewItemRow, made: DecisionRow, act: str, by: str, reason: str | None, now: datetime
) -> DecisionRow:
    post = session.get(PostRow, item.post_id)
    if post is None or post.erased_at is not None:
        raise Conflict("the post was erased", reason="erased")
    _withdraw_further_looks(session, item, now)
    if items.open_for_post(session, item.post_id) is not None:
        raise Conflict("a newer item of this post is open; decide that one", reason="newer_item")
    items.reopen(session, item, now)
    appeal = session.scalar(sa.select(AppealRow).where(AppealRow.decision_id == made.id))
    if appeal is not None:
        appeal.state, appeal.decision_id, appeal.decided_at = "open", None, None
    seen = Judged(made.assessment_id, made.decision_digest, made.route, 0, [])
    newest = Judged(item.assessment_id, item.decision_digest, item.route, 0, [])
    return _append(session, item, act, by, now, seen=seen, newest=newest, reason=reason, takes_back=made.id)


def _withdraw_further_looks(session: Session, item: ReviewItemRow, now: datetime) -> None:
    """The second review of an item, and the third look that followed, have nothing left to look at."""
    second = sa.select(ReviewItemRow.id).where(ReviewItemRow.second_of == item.id)
    follows = sa.or_(ReviewItemRow.second_of == item.id, ReviewItemRow.second_of.in_(second))
    for row in session.scalars(sa.select(ReviewItemRow).where(follows, ReviewItemRow.state == "open")).all():
        items.close(session, row, "withdrawn", now)


def _settle_appeal(session: Session, item: ReviewItemRow, made: DecisionRow, now: datetime) -> AppealRow | None:
    open_one = sa.select(AppealRow).where(AppealRow.item_id == item.id, AppealRow.state == "open")
    appeal = session.scalar(open_one)
    if appeal is not None:
        appeal.state = _outcome(session.get(DecisionRow, appeal.against), made)
        appeal.decision_id, appeal.decided_at = made.id, now
    return appeal


def _outcome(against: DecisionRow | None, made: DecisionRow) -> str:
    """What an appeal came to: with `change`, it is overturned where no concern that was appealed against stands."""
    if made.act != "change":
        return "overturned" if made.act in ("dismiss", "misplaced") else "upheld"
    appealed, stands = _concerns(against.flags if against is not None else []), _concerns(made.flags)
    return "upheld" if appealed & stands or not appealed else "overturned"


def _concerns(flags: Sequence[dict[str, Any]]) -> set[str]:
    """The categories that flags are upheld as or were seen as."""
    return {str(name) for flag in flags if flag["agree"] for name in (flag["category"], flag["seen_as"]) if name}


def _ask_second(
    session: Session, item: ReviewItemRow, made: DecisionRow, seen: Judged, settings: Settings, now: datetime
) -> None:
    """A share of decided items is looked at again by somebody else who is not told."""
    if item.origin not in ("machine", "member", "audit") or item.second_of is not None:
        return
    drawn = int(hashlib.sha256(f"second review {made.id}".encode()).hexdigest()[:12], 16) / 16**12
    if drawn >= settings.second_review_share:
        return
    shown = items.Seen(seen.assessment_id, seen.decision_digest, seen.route, item.categories, [])
    items.open_item(
        session, item.post_id, item.site, shown, "second", now, urgency=2, not_for=made.by, second_of=item.id,
        sampled_with=settings.second_review_share,
    )  # fmt: skip
