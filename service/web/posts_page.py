"""Recent posts, and one assessment in full."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import Response

from service import assessment as assessments
from service.api.calling import stations_of
from service.assessment import AssessmentRow
from service.drafting import repository as drafts
from service.errors import NotFound
from service.flagging.flag import Flag
from service.intake import repository as posts
from service.intake.tables import PostRow, PostTextRow
from service.mentoring import shown as shown_draft
from service.people.permissions import require
from service.review import wellbeing
from service.review.verdict import distressing
from service.web.highlight import highlighted
from service.web.rendering import PageRoute, Place, SignedInOf, page

PAGE_SIZE = 50
PLACES = (Place("/posts", "Posts", "posts.read"),)
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/posts")
def recent(request: Request, signed_in: SignedInOf, before: str | None = None) -> Response:
    """Recent posts with their newest assessment."""
    require(signed_in.caller, "posts.read")
    newest = sa.select(sa.func.max(AssessmentRow.id)).group_by(AssessmentRow.post_id)
    query = (
        sa.select(AssessmentRow, PostTextRow.title, PostRow.external_id)
        .join(PostRow, PostRow.id == AssessmentRow.post_id)
        .join(PostTextRow, sa.and_(PostTextRow.post_id == PostRow.id, PostTextRow.revision == PostRow.revision))
        .where(AssessmentRow.id.in_(newest))
        .order_by(AssessmentRow.id.desc())
        .limit(PAGE_SIZE)
    )
    if signed_in.caller.role != "admin" and signed_in.caller.site != "*":
        query = query.where(AssessmentRow.site == signed_in.caller.site)
    if before:
        query = query.where(AssessmentRow.id < before)
    stations = stations_of(request)
    with stations.database.read() as session:
        collapsing = wellbeing.choices_of(session, signed_in.caller.id).collapse_distress
        rows: list[dict[str, Any]] = [
            {"row": row, "title": title, "external_id": external_id,
             "collapsed": collapsing and distressing(stations.readers.policy, [f["category"] for f in row.flags])}
            for row, title, external_id in session.execute(query)
        ]  # fmt: skip
    more = rows[-1]["row"].id if len(rows) == PAGE_SIZE else None
    return page(request, "posts.html", signed_in, rows=rows, more=more)


@router.get("/posts/{post_id}")
def one_post(request: Request, signed_in: SignedInOf, post_id: str) -> Response:
    """One post, its newest assessment in full, and its draft."""
    require(signed_in.caller, "posts.read")
    stations = stations_of(request)
    with stations.database.read() as session:
        collapsing = wellbeing.choices_of(session, signed_in.caller.id).collapse_distress
        post = posts.get(session, post_id)
        made = assessments.newest(session, post_id)
        row = drafts.newest_for_post(session, post_id)
        draft = shown_draft(session, row) if row else None
    if made is None or not signed_in.caller.may_on(post.site):
        raise NotFound("There is no such post, or it was erased.", field="post_id")
    flags: list[Flag] = made.flags
    return page(
        request, "post.html", signed_in, post=post, made=made, draft=draft,
        title=highlighted(post.title, "title", flags), body=highlighted(post.body, "body", flags),
        collapsed=collapsing and distressing(stations.readers.policy, [flag.category for flag in flags]),
    )  # fmt: skip
