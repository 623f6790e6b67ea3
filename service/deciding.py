"""Deciding about posts: what the review pages and `/v1/review` both call. Loads what was assessed, decides, tells the site."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service import learning, precedents
from service.assessment import AssessmentRow
from service.clock import rfc3339
from service.desk import waiting
from service.errors import AnswerloopError, InvalidInput, NotFound
from service.intake import repository as posts
from service.intake.post import Post
from service.people.permissions import Caller, require
from service.review import agreement, claims, concerns, decisions, items
from service.review.tables import AppealRow, DecisionRow, ReviewItemRow
from service.review.verdict import Decide, Judged, distressing, needs_reason
from service.stations import Stations


def find_item(session: Session, caller: Caller, item_id: str) -> ReviewItemRow:
    """An item the caller may work on. Raises NotAllowed, and NotFound for another site's."""
    require(caller, "review")
    row = items.find(session, item_id)
    if not caller.may_on(row.site):
        raise NotFound("there is no such review item", field="item_id")
    return row


def decide(stations: Stations, caller: Caller, item_id: str, wanted: Decide, *, bulk: bool = False) -> DecisionRow:
    """Decide an item, keep the tags the person chose, and announce it, in one transaction.

    A blind second review or a golden item is kept with its outcome alone: the site is told nothing.
    """
    now = stations.clock()
    with stations.database.write() as session:
        item = find_item(session, caller, item_id)
        if wanted.tags is not None:
            stations.check_tags(item.site, wanted.tags)
        seen = _judged(session, item.post_id, wanted.assessment_id)
        made = decisions.decide(
            session, item, caller.id, wanted, seen, newest_judged(session, item.post_id), stations.readers.policy,
            stations.settings, now, bulk=bulk,
        )  # fmt: skip
        learning.note_decision(session, made.row, item, made.appeal)
        final, measures = wanted.verdict != "second_look", item.origin in items.MEASURING
        if not measures:
            _tell(stations, session, item, made, wanted, now)
        elif final and item.origin == "second":
            agreement.ask_third(session, item, made.row, now)
        post = posts.get(session, item.post_id)
    stations.queue_counts.forget()
    if final and not measures:
        precedents.remember(stations, post)
    return made.row


def undo(stations: Stations, caller: Caller, item_id: str) -> DecisionRow:
    """Take back one's own decision within ten minutes; tags and announcement are taken back with it."""
    now = stations.clock()
    with stations.database.write() as session:
        item = find_item(session, caller, item_id)
        row = decisions.undo(session, item, caller.id, stations.settings, now)
        _after_taking_back(stations, session, item, row, now)
    return row


def reopen(stations: Stations, caller: Caller, item_id: str, reason: str | None) -> DecisionRow:
    """Open a decided item again."""
    now = stations.clock()
    with stations.database.write() as session:
        item = find_item(session, caller, item_id)
        row = decisions.reopen(session, item, caller.id, reason, now)
        _after_taking_back(stations, session, item, row, now)
    return row


def escalate(stations: Stations, caller: Caller, item_id: str, reason: str | None) -> DecisionRow:
    """Move an item to the top and to the admins, who are told by webhook."""
    with stations.database.write() as session:
        item = find_item(session, caller, item_id)
        row = decisions.escalate(session, item, caller.id, reason, stations.clock())
        if item.origin not in items.MEASURING:
            data = _data(session, item) | {"item_id": item.id, "escalated": True, "tell": ["admin"]}
            stations.webhooks.announce(session, item.site, "review.urgent", data)
    return row


def claim(stations: Stations, caller: Caller, item_id: str) -> datetime:
    """Take an item or renew the lease; returns until when it holds."""
    now = stations.clock()
    with stations.database.write() as session:
        item = find_item(session, caller, item_id)
        until = claims.claim(session, item, caller.id, now, stations.settings.lease_seconds)
        claims.note_view(session, item, caller.id, now)
    return until


def renew(stations: Stations, caller: Caller, item_id: str) -> datetime:
    """Keep a lease that the caller has; returns until when it holds. Raises Conflict where the item was given back."""
    now = stations.clock()
    with stations.database.write() as session:
        item = find_item(session, caller, item_id)
        until = claims.renew(session, item, caller.id, now, stations.settings.lease_seconds)
        claims.note_view(session, item, caller.id, now)
    return until


def release(stations: Stations, caller: Caller, item_id: str) -> None:
    """Give an item back."""
    with stations.database.write() as session:
        claims.release(find_item(session, caller, item_id), caller.id)


@dataclass(frozen=True)
class BulkResult:
    """What a bulk decision does, or would do, to one item; `problem` says why not."""

    item_id: str
    title: str
    would: str | None
    problem: str | None
    decision_id: str | None = None


def decide_many(
    stations: Stations, caller: Caller, chosen: list[tuple[str, Decide]], *, preview: bool
) -> list[BulkResult]:
    """Decide several items, each in its own transaction, or show what would happen. Urgent and distressing ones, and
    those whose clause wants a reason, are left for a look at each."""
    results = []
    for item_id, wanted in chosen:
        title = ""
        try:
            with stations.database.read() as session:
                item = find_item(session, caller, item_id)
                title = _title(session, item.post_id)
                _fit_for_bulk(stations, item, wanted)
                seen, newest = (
                    _judged(session, item.post_id, wanted.assessment_id),
                    newest_judged(session, item.post_id),
                )
                policy, now = stations.readers.policy, stations.clock()
                decisions.check(session, item, caller.id, wanted, seen, newest, policy, now)
            made = None if preview else decide(stations, caller, item_id, wanted, bulk=True)
            results.append(BulkResult(item_id, title, wanted.verdict, None, made.id if made is not None else None))
        except AnswerloopError as refusal:
            results.append(BulkResult(item_id, title, None, refusal.detail))
    return results


def report(stations: Stations, caller: Caller, post_id: str, sent: concerns.Report) -> concerns.Joined:
    """Keep a member's report; it joins the post's one open item."""
    now = stations.clock()
    with stations.database.write() as session:
        post = _post(session, caller, post_id)
        joined = concerns.report(session, post, seen_of(session, post_id), sent, now)
        if joined.urgent:
            data = _data(session, joined.item) | {"item_id": joined.item.id, "because": [sent.category], "by": "member"}
            stations.webhooks.announce(session, post.site, "review.urgent", data)
    return joined


def appeal(stations: Stations, caller: Caller, post_id: str, sent: concerns.Appeal) -> concerns.Joined:
    """Open the author's appeal."""
    with stations.database.write() as session:
        post = _post(session, caller, post_id)
        return concerns.appeal(session, post, seen_of(session, post_id), sent, stations.clock())


def add_golden(stations: Stations, caller: Caller, post_id: str, verdict: str, categories: list[str]) -> ReviewItemRow:
    """Put a post with a known answer into the queue."""
    require(caller, "settings")
    with stations.database.write() as session:
        post = _post(session, caller, post_id)
        seen = seen_of(session, post_id)
        return agreement.add_golden(session, post, seen, verdict, categories, caller.id, stations.clock())


def newest_judged(session: Session, post_id: str) -> Judged:
    """The newest assessment of a post as far as a decision rests on it. Raises NotFound."""
    newest = sa.select(AssessmentRow).where(AssessmentRow.post_id == post_id).order_by(AssessmentRow.id.desc()).limit(1)
    return _as_judged(session.scalar(newest))


def seen_of(session: Session, post_id: str) -> items.Seen:
    """What the queue keeps of the newest assessment of a post."""
    newest = newest_judged(session, post_id)
    categories = [str(flag["category"]) for flag in newest.flags]
    return items.Seen(newest.assessment_id, newest.decision_digest, newest.route, categories, [])


def _judged(session: Session, post_id: str, assessment_id: str) -> Judged:
    row = session.get(AssessmentRow, assessment_id)
    if row is None or row.post_id != post_id:
        raise InvalidInput("this post has no such assessment", field="assessment_id")
    return _as_judged(row)


def _as_judged(row: AssessmentRow | None) -> Judged:
    if row is None:
        raise NotFound("the post has no assessment", field="post_id")
    return Judged(row.id, row.decision_digest, row.route, row.revision, list(row.flags))


def _post(session: Session, caller: Caller, post_id: str) -> Post:
    require(caller, "posts.report")
    post = posts.get(session, post_id)
    if not caller.may_on(post.site):
        raise NotFound("there is no such post", field="post_id")
    return post


def _title(session: Session, post_id: str) -> str:
    try:
        return posts.get(session, post_id).title
    except NotFound:
        return ""


def _fit_for_bulk(stations: Stations, item: ReviewItemRow, wanted: Decide) -> None:
    policy = stations.readers.policy
    if item.urgency == 0 or distressing(policy, item.categories):
        raise InvalidInput("urgent and distressing posts are decided one by one", field="item_id")
    if wanted.verdict == "agree" and any(needs_reason(policy, c) for c in item.categories):
        raise InvalidInput("its clause wants a reason of its own", field="item_id")


def _data(session: Session, item: ReviewItemRow) -> dict[str, Any]:
    data: dict[str, Any] = {"post_id": item.post_id, "external_id": None}
    with contextlib.suppress(NotFound):
        data["external_id"] = posts.get(session, item.post_id).external_id
    return data


def _tell(
    stations: Stations, session: Session, item: ReviewItemRow, made: decisions.Decided, wanted: Decide, now: datetime
) -> None:
    """What a decision changes on the site: tags, the drafts' topics, and the events that say so."""
    if wanted.tags is not None:
        posts.keep_tags(session, item.post_id, list(dict.fromkeys(wanted.tags)), "moderator", now)
        waiting.retopic(session, item.post_id, wanted.tags)
    if wanted.verdict != "second_look":
        _announce(stations, session, item, made.row, wanted.note_to_author)
    if made.appeal is not None:
        _announce_appeal(stations, session, item, made.appeal, made.row, wanted.note_to_author)


def _announce(stations: Stations, session: Session, item: ReviewItemRow, made: DecisionRow, note: str | None) -> None:
    data = _data(session, item) | {
        "item_id": item.id, "decision_id": made.id, "verdict": made.act, "assessment_id": made.assessment_id,
        "flags": [{name: f[name] for name in ("category", "agree")} for f in made.flags], "tags": made.tags,
        "note_to_author": note, "decided_at": rfc3339(made.at), "takes_back": made.takes_back,
    }  # fmt: skip
    stations.webhooks.announce(session, item.site, "review.decided", data)


def _announce_appeal(
    stations: Stations, session: Session, item: ReviewItemRow, settled: AppealRow, made: DecisionRow, note: str | None
) -> None:
    data = _data(session, item) | {"appeal_id": settled.id, "outcome": settled.state, "verdict": made.act}
    data |= {"decision_id": made.id, "against": settled.against, "note_to_author": note}
    stations.webhooks.announce(session, item.site, "appeal.decided", data)


def _after_taking_back(
    stations: Stations, session: Session, item: ReviewItemRow, row: DecisionRow, now: datetime
) -> None:
    learning.note_taken_back(session, row)
    taken = session.get(DecisionRow, row.takes_back) if row.takes_back else None
    if taken is None or taken.origin in items.MEASURING:
        return
    if taken.tags is not None and posts.take_back_tags(session, item.post_id, "moderator", taken.at, now):
        waiting.retopic(session, item.post_id, _topics(session, item.post_id))
    _announce(stations, session, item, row, None)


def _topics(session: Session, post_id: str) -> list[str]:
    """The tags that count for a post: those kept, or those suggested where nobody said."""
    kept = posts.kept_tags(session, post_id)
    if kept is not None:
        return kept
    newest = sa.select(AssessmentRow.tags).where(AssessmentRow.post_id == post_id).order_by(AssessmentRow.id.desc())
    return [str(tag["tag"]) for tag in session.scalar(newest.limit(1)) or []]
