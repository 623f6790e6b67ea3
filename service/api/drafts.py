"""Drafts: ask for one, list, read, and watch one being written."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Header, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from service import assessment as assessments
from service import mentoring
from service.api.calling import CallerOf, StationsOf
from service.api.followers import Place, Streams
from service.api.openapi import EventStream
from service.api.paging import CursorParameter, Limit, decode, encode, page
from service.desk import waiting
from service.desk.tables import DraftTopicRow
from service.drafting import repository as drafts
from service.drafting.tables import DraftEventRow, DraftRow
from service.errors import Conflict, NotFound
from service.intake import repository as posts
from service.intake.post import clean_text
from service.people.permissions import Caller, Permission, require
from service.stations import Stations

router = APIRouter(prefix="/v1/drafts", tags=["drafts"])
EVENT_POLL_S = 0.2
EVENTS_FOR_S = 600.0
EVENT_STREAMS = Streams(most=200, each=100)
CLOSING = ("ready", "abstained", "failed", "published", "discarded")


class AskedDraft(BaseModel):
    """For which post a draft is wished for, and an instruction to the writer (“shorter”, “for a junior”)."""

    model_config = ConfigDict(extra="forbid")

    post_id: Annotated[str, Field(min_length=1, max_length=36)]
    instruction: Annotated[str, Field(max_length=500), AfterValidator(clean_text)] = ""


@router.post("", status_code=202)
def ask_for_draft(asked: AskedDraft, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Have a new draft written; 202 and its state. Read it again, or follow its events.

    Where the post's draft is stale, the new one is written from what is found for the post then.
    """
    require(caller, "drafts.ask")
    with stations.database.write() as session:
        post = posts.get(session, asked.post_id)
        if not caller.may_on(post.site):
            raise NotFound("there is no such post", field="post_id")
        if not stations.settings.drafts_enabled:
            raise Conflict("drafts are switched off")
        made = assessments.newest(session, post.id)
        if made is None:
            raise NotFound("the post has no assessment", field="post_id")
        now = stations.clock()
        because = drafts.outdated(drafts.newest_for_post(session, post.id))
        draft_id = drafts.open_draft(
            session, post.id, post.site, made.id, now, asked.instruction, stale_because=because
        )
        kept = posts.kept_tags(session, post.id)
        waiting.put_topics(session, draft_id, post.id, kept if kept is not None else [t.tag for t in made.tags])
        stations.deep_lane.enqueue_draft(session, draft_id)
        return mentoring.shown(session, drafts.find(session, draft_id))


@router.get("")
def list_drafts(
    stations: StationsOf, caller: CallerOf, limit: Limit = 50, cursor: CursorParameter = None,
    state: Literal["pending", "ready", "abstained", "failed", "published", "discarded"] | None = None,
    topic: Annotated[str | None, Query(max_length=60)] = None,
) -> dict[str, Any]:  # fmt: skip
    """Drafts of the caller's site, newest first."""
    require(caller, "drafts.read")
    query = sa.select(DraftRow).order_by(DraftRow.id.desc())
    if caller.role != "admin" and caller.site != "*":
        query = query.where(DraftRow.site == caller.site)
    if state is not None:
        query = query.where(DraftRow.status == state)
    if topic is not None:
        query = query.where(DraftRow.id.in_(sa.select(DraftTopicRow.draft_id).where(DraftTopicRow.topic == topic)))
    keys = decode(cursor)
    if keys:
        query = query.where(DraftRow.id < str(keys[0]))
    with stations.database.read() as session:
        rows = list(session.scalars(query.limit(limit)))
        data = [mentoring.shown(session, row) for row in rows]
    return page(data, limit, encode(rows[-1].id) if rows else None)


@router.get("/{draft_id}")
def read_draft(draft_id: str, response: Response, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """One draft; its version is the ETag that every change must name."""
    with stations.database.read() as session:
        row = _row(session, caller, draft_id, "drafts.read")
        response.headers["ETag"] = f'"{row.version}"'
        return mentoring.shown(session, row)


@router.get("/{draft_id}/events", response_class=EventStream)
def follow_draft(
    draft_id: str, stations: StationsOf, caller: CallerOf, last_event_id: Annotated[str | None, Header()] = None
) -> StreamingResponse:
    """Sentences as they pass the check, as server-sent events; a client that reconnects continues after `Last-Event-ID`.

    An id that no event can have counts as none. 429 where too many are followed.
    """
    with stations.database.read() as session:
        _row(session, caller, draft_id, "drafts.read")
    said = last_event_id or ""
    seen = int(said) if said.isascii() and said.isdecimal() and len(said) <= 9 else 0
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    place = EVENT_STREAMS.enter(caller.id)
    events = _events(stations, draft_id, seen, place)
    return StreamingResponse(
        events, media_type="text/event-stream", headers=headers, background=BackgroundTask(place.leave)
    )


async def _events(stations: Stations, draft_id: str, seen: int, place: Place) -> AsyncIterator[str]:
    """No thread is held between two looks, however many follow."""
    deadline = time.monotonic() + EVENTS_FOR_S
    try:
        while time.monotonic() < deadline:
            closed, found = await run_in_threadpool(_look, stations, draft_id, seen)
            for event in found:
                seen = event.seq
                yield f"id: {event.seq}\nevent: {event.event}\ndata: {json.dumps(event.data, ensure_ascii=False)}\n\n"
            if closed:
                return
            if not found:
                yield ": waiting\n\n"
                await asyncio.sleep(EVENT_POLL_S)
    finally:
        place.leave()


def _look(stations: Stations, draft_id: str, seen: int) -> tuple[bool, list[DraftEventRow]]:
    """Whether the draft is closed, and its events after `seen`.

    In this order: where each statement sees what is committed by then, a draft seen as closed has its last event.
    """
    with stations.database.read() as session:
        status = session.scalar(sa.select(DraftRow.status).where(DraftRow.id == draft_id))
        return status is None or status in CLOSING, drafts.events_after(session, draft_id, seen)


def _row(session: Session, caller: Caller, draft_id: str, permission: Permission) -> DraftRow:
    require(caller, permission)
    row = drafts.find(session, draft_id)
    if not caller.may_on(row.site):
        raise NotFound("there is no such draft", field="draft_id")
    return row
