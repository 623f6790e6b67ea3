"""What a moderator reads: the queue, and one item with all that a decision needs. The API and the pages show the same."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service import assessment as assessments
from service import precedents
from service.assessment import Assessment, AssessmentRow
from service.clock import rfc3339
from service.deciding import find_item
from service.errors import NotFound
from service.flagging.care import CrisisLines, care_card, load_crisis_lines
from service.flagging.policy import Policy
from service.intake import repository as posts
from service.intake.post import NewPost, Post
from service.people.permissions import Caller, require
from service.review import claims, concerns, deciders, decisions, history, items, queue, redaction, wellbeing
from service.review.agreement import upheld
from service.review.history import PastPost
from service.review.queue import Filters, Listed
from service.review.tables import DecisionRow, ReviewItemRow
from service.review.verdict import distressing, needs_reason
from service.stations import Stations

NOBODY: str = NewPost.model_fields["author"].default.id
"""The author of posts that a site sent without one: no history can be told of them."""


def site_of(caller: Caller) -> str | None:
    """The site whose queue a caller sees; None: every site."""
    return None if caller.role == "admin" or caller.site == "*" else caller.site


def check_filters(caller: Caller, filters: Filters) -> None:
    """Raise NotAllowed for another site's queue. Only admins may see which items the audit sample brought."""
    require(caller, "review", filters.site)
    if filters.by == "audit":
        require(caller, "settings")


def counts(stations: Stations, caller: Caller, site: str | None = None) -> dict[str, Any]:
    """The counts of the caller's queue, or of one site's; how many the audit sample brought is for admins."""
    counted = asdict(stations.queue_counts.of(site_of(caller) or site))
    if not caller.may("settings"):
        counted["facets"]["by"] = {k: v for k, v in counted["facets"].get("by", {}).items() if k != "audit"}
    return counted


def listing(
    stations: Stations, caller: Caller, filters: Filters, limit: int, after: tuple[int, str] | None = None
) -> list[Listed]:
    """A page of the queue. Raises NotAllowed for another site's queue, and for whom the audit sample is not marked."""
    check_filters(caller, filters)
    with stations.database.read() as session:
        return queue.page(session, site_of(caller), caller.id, filters, stations.clock(), limit, after)


def entry(listed: Listed, now: datetime) -> dict[str, Any]:
    """An item as lists show it. Who sampled it, or that it is a second look, is not told."""
    return _outline(listed.item, now) | {
        "external_id": listed.external_id, "title": listed.title, "author_id": listed.author_id,
    }  # fmt: skip


def open_item(stations: Stations, caller: Caller, item_id: str) -> dict[str, Any]:
    """One item in full, and a note that this person looked at it. Raises NotFound, NotAllowed."""
    now = stations.clock()
    with stations.database.write() as session:
        item = find_item(session, caller, item_id)
        claims.note_view(session, item, caller.id, now)
    with stations.database.read() as session:
        try:
            post = posts.get(session, item.post_id)
        except NotFound:
            raise NotFound("the post was erased", field="item_id", reason="erased") from None
    similar = precedents.of_post(stations, post)
    with stations.database.read() as session:
        made = assessments.newest(session, item.post_id)
        if made is None:
            raise NotFound("the post has no assessment", field="item_id")
        shown = _outline(item, now) | _post(post) | {"assessment": made.model_dump(mode="json")}
        shown |= _care(stations, post, made, item)
        shown |= _people(session, stations, caller, item, now)
        shown["kept_tags"] = None if item.origin in items.MEASURING else posts.kept_tags(session, post.id)
        known = post.author.id != NOBODY
        others = history.of_author(session, post.site, post.author.id, post.id) if known else []
        heavy = weighing(session, stations.readers.policy, [past.post_id for past in [*similar, *others]])
        shown["precedents"] = [_past(past, heavy) for past in similar]
        shown["author_posts"] = [_past(past, heavy) for past in others]
    return shown


def next_for(
    stations: Stations, caller: Caller, filters: Filters | None = None, after: tuple[int, str] | None = None
) -> ReviewItemRow | None:
    """The item to go on with; after several distressing posts in a row another kind comes first where there is one."""
    filters = filters or Filters()
    check_filters(caller, filters)
    now, policy = stations.clock(), stations.readers.policy
    with stations.database.read() as session:
        choices = wellbeing.choices_of(session, caller.id)
        tired = wellbeing.shift(session, caller.id, choices, now).wants_relief
        avoid = [clause.category for clause in policy.clauses if clause.distressing] if tired else []
        return queue.next_item(session, site_of(caller), caller.id, now, avoid, filters, after)


def weighing(session: Session, policy: Policy, post_ids: list[str]) -> set[str]:
    """Of some posts those that may weigh on whoever reads them, by their newest assessment or what a person upheld."""
    newest = sa.select(sa.func.max(AssessmentRow.id)).where(AssessmentRow.post_id.in_(post_ids))
    made = sa.select(AssessmentRow).where(AssessmentRow.id.in_(newest.group_by(AssessmentRow.post_id)))
    said = decisions.standing().where(DecisionRow.post_id.in_(post_ids))
    found = {row.post_id for row in session.scalars(said) if distressing(policy, sorted(upheld(row)))}
    for row in session.scalars(made):
        if distressing(policy, [str(flag["category"]) for flag in row.flags]):
            found.add(row.post_id)
    return found


def weighing_items(session: Session, policy: Policy, item_ids: list[str]) -> set[str]:
    """Of some items those whose post may weigh on whoever reads it."""
    chosen = sa.select(ReviewItemRow).where(ReviewItemRow.id.in_(item_ids))
    return {row.id for row in session.scalars(chosen) if distressing(policy, row.categories)}


def undoable(stations: Stations, caller: Caller, item_id: str) -> dict[str, Any] | None:
    """The caller's own decision on an item while it can be undone: `{item_id, act, title, collapsed}`."""
    with stations.database.read() as session:
        try:
            item = find_item(session, caller, item_id)
            title = posts.get(session, item.post_id).title
        except NotFound:
            return None
        made = decisions.in_force(session, item.id)
        choices = wellbeing.choices_of(session, caller.id)
    if made is None or made.by != caller.id or decisions.undo_until(made, stations.settings) < stations.clock():
        return None
    return {
        "item_id": item.id, "act": made.act, "title": title, "collapsed": choices.collapse_distress and made.distressing,
    }  # fmt: skip


def _outline(item: ReviewItemRow, now: datetime) -> dict[str, Any]:
    held = claims.holder(item, now)
    return {
        "id": item.id, "post_id": item.post_id, "site": item.site, "state": item.state, "urgency": item.urgency,
        "route": "review" if item.route == "publish" else item.route, "categories": item.categories,
        "assessment_id": item.assessment_id, "reports": item.reports, "appeal": item.origin == "appeal", "escalated": item.escalated,
        "opened_at": rfc3339(item.opened_at), "updated_at": rfc3339(item.updated_at),
        "claimed_by": held, "claimed_until": rfc3339(item.claimed_until) if held and item.claimed_until else None,
    }  # fmt: skip


def _post(post: Post) -> dict[str, Any]:
    shown = post.model_dump(mode="json") | {"received_at": rfc3339(post.received_at)}
    return {"external_id": post.external_id, "title": post.title, "author_id": post.author.id, "post": shown}


def _care(stations: Stations, post: Post, made: Assessment, item: ReviewItemRow) -> dict[str, Any]:
    policy = stations.readers.policy
    lines = crisis_lines(stations.settings.prompts_dir / "policy" / "crisis_lines.yaml")
    cards = {}
    for flag in made.flags:
        if flag.care.id in policy.cards and flag.care.id not in cards:
            cards[flag.care.id] = care_card(flag.care, policy, lines).model_dump(mode="json")
    raised: dict[str, str] = {flag.category: flag.clause for flag in made.flags}
    clauses = {}
    for category in dict.fromkeys([*item.categories, *(flag.category for flag in made.flags)]):
        if policy.active(category):
            clause = policy.clause_of(category, raised.get(category))
            clauses[category] = {
                "clause": clause.clause, "title": clause.title, "author_text": clause.author_text,
                "reason_required": needs_reason(policy, category), "distressing": clause.distressing,
            }  # fmt: skip
    redacted = redaction.suggested(post, made.flags)
    return {
        "clauses": clauses, "cards": cards, "redaction": asdict(redacted) if redacted else None,
        "distressing": distressing(policy, list(clauses)),
    }  # fmt: skip


def _people(session: Session, stations: Stations, caller: Caller, item: ReviewItemRow, now: datetime) -> dict[str, Any]:
    blind = item.origin == "second"
    reports = concerns.reports_of(session, item.post_id)
    appeals = [] if blind else concerns.appeals_of(session, item.post_id)
    acts = [] if blind else decisions.acts_on(session, item.id)
    owners = [*(r.id for r in reports), *(a.id for a in appeals), *(d.id for d in acts)]
    said = {key: row.reason for key, row in decisions.texts(session, owners).items()}
    notes = {key: row.note_to_author for key, row in decisions.texts(session, [d.id for d in acts]).items()}
    names = claims.names(session, [*(d.by for d in acts), *([item.claimed_by] if item.claimed_by else [])])
    made = None if blind else decisions.in_force(session, item.id)
    undo_until = decisions.undo_until(made, stations.settings) if made and made.by == caller.id else None
    return {
        "claimed_by_name": names.get(item.claimed_by or "", "an API key") if claims.holder(item, now) else None,
        "mine": claims.holder(item, now) == caller.id,
        "not_for_me": deciders.barred(session, item, caller.id),
        "viewers": [asdict(v) for v in claims.viewers(session, item.id, now, caller.id)],
        "reported": [{"category": r.category, "at": rfc3339(r.at), "reason": said.get(r.id)} for r in reports],
        "appeals": [{"id": a.id, "state": a.state, "at": rfc3339(a.at), "reason": said.get(a.id)} for a in appeals],
        "acts": [_act(d, names, said, notes) for d in acts],
        "undo_until": rfc3339(undo_until) if undo_until and undo_until > now else None,
    }  # fmt: skip


def _act(
    row: DecisionRow, names: dict[str, str], said: dict[str, str | None], notes: dict[str, str | None]
) -> dict[str, Any]:
    return {
        "id": row.id, "act": row.act, "by": names.get(row.by, "an API key"), "at": rfc3339(row.at),
        "assessment_id": row.assessment_id, "newest_assessment_id": row.newest_assessment_id, "flags": row.flags,
        "tags": row.tags, "reason": said.get(row.id), "note_to_author": notes.get(row.id),
        "takes_back": row.takes_back,
    }  # fmt: skip


def _past(past: PastPost, heavy: set[str]) -> dict[str, Any]:
    shown = asdict(past) | {"distressing": past.post_id in heavy}
    shown["received_at"] = rfc3339(past.received_at)
    shown["decided_at"] = rfc3339(past.decided_at) if past.decided_at else None
    return shown


@cache
def crisis_lines(path: Path) -> CrisisLines:
    """The crisis lines of the site, read once."""
    return load_crisis_lines(path)
