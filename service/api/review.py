"""The review queue: list, open, claim, decide, take back, escalate, decide many."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from service import deciding, moderating
from service.api.calling import CallerOf, StationsOf
from service.api.followers import Place, Streams
from service.api.openapi import EventStream
from service.api.paging import CursorParameter, Limit, decode, encode, page
from service.clock import rfc3339
from service.errors import InvalidInput
from service.flagging.flag import Category
from service.intake.post import clean_text
from service.people.permissions import require
from service.review import agreement, wellbeing
from service.review.queue import Filters
from service.review.tables import DecisionRow
from service.review.verdict import Decide, Words
from service.stations import Stations

router = APIRouter(prefix="/v1/review", tags=["review"])
EVENTS_FOR_S = 600.0
EVENT_EVERY_S = 3.0
QUIET_FOR_S = 20.0
EVENT_STREAMS = Streams(most=200, each=6)
Search = Annotated[str | None, Query(max_length=200), AfterValidator(lambda v: clean_text(v) if v else None)]

Empty = BeforeValidator(lambda value: None if value == "" else value)
"""A field of a form that was left open: a browser sends it empty."""


def filters_of(
    category: Annotated[Category | None, Empty] = None,
    tag: Annotated[str | None, Query(max_length=60), Empty] = None,
    route: Annotated[Literal["review", "urgent_review", "hold"] | None, Empty] = None,
    by: Annotated[Literal["machine", "member", "audit"] | None, Empty] = None,
    assigned: Annotated[Literal["me", "nobody", "others"] | None, Empty] = None,
    opened_before: Annotated[AwareDatetime | None, Empty] = None,
    escalated: Annotated[bool | None, Empty] = None,
    search: Search = None,
    site: Annotated[str | None, Query(max_length=63), Empty] = None,
) -> Filters:
    """The filters of the queue, from the address."""
    return Filters(category, tag, route, by, assigned, opened_before, escalated, search, site)


FiltersOf = Annotated[Filters, Depends(filters_of)]


@router.get("/items")
def list_items(
    stations: StationsOf, caller: CallerOf, filters: FiltersOf, limit: Limit = 50, cursor: CursorParameter = None
) -> dict[str, Any]:
    """Open items by urgency, then age, with the counts of the whole queue."""
    listed = moderating.listing(stations, caller, filters, limit, place_of(cursor))
    now = stations.clock()
    last = encode(listed[-1].item.urgency, listed[-1].item.id) if listed else None
    counts = moderating.counts(stations, caller, filters.site)
    return page([moderating.entry(entry, now) for entry in listed], limit, last) | {"counts": counts}


@router.get("/next")
def next_item(stations: StationsOf, caller: CallerOf, filters: FiltersOf) -> dict[str, Any]:
    """The id of the item to go on with, null where nothing waits."""
    row = moderating.next_for(stations, caller, filters)
    return {"id": row.id if row is not None else None}


@router.get("/events", response_class=EventStream)
def follow_queue(
    request: Request, stations: StationsOf, caller: CallerOf, site: Annotated[str | None, Query(max_length=63)] = None
) -> StreamingResponse:
    """The counts of open and urgent items as server-sent events, whenever they change. 429 where too many are followed.

    All streams of a site share one count, made at most every three seconds.
    """
    require(caller, "review", site)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    place = EVENT_STREAMS.enter(caller.id)
    events = _events(request, stations, moderating.site_of(caller) or site, place)
    return StreamingResponse(
        events, media_type="text/event-stream", headers=headers, background=BackgroundTask(place.leave)
    )


@router.get("/wellbeing")
def read_wellbeing(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The caller's choices and where this shift stands."""
    require(caller, "review")
    with stations.database.read() as session:
        choices = wellbeing.choices_of(session, caller.id)
        shift = wellbeing.shift(session, caller.id, choices, stations.clock())
    return {"choices": choices.model_dump(), "shift": asdict(shift) | {"wants_break": shift.wants_break}}


@router.put("/wellbeing")
def choose_wellbeing(choices: wellbeing.Choices, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Keep the caller's own choices over the defaults; a key has none to keep."""
    require(caller, "review")
    with stations.database.write() as session:
        wellbeing.choose(session, caller.id, choices)
    return choices.model_dump()


@router.get("/agreement")
def read_agreement(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Kappa per category over blind second reviews, and how people did on golden items."""
    require(caller, "quality")
    site = moderating.site_of(caller)
    with stations.database.read() as session:
        second, golden = agreement.second_reviews(session, site), agreement.golden_scores(session, site)
    return {"second_reviews": [asdict(a) for a in second], "golden": [asdict(g) for g in golden]}


class GoldenPost(BaseModel):
    """A post whose right answer is known."""

    model_config = ConfigDict(extra="forbid")

    post_id: Annotated[str, Field(min_length=1, max_length=36)]
    verdict: Literal["agree", "change", "dismiss", "misplaced"]
    categories: Annotated[list[Category], Field(max_length=21)] = []


@router.post("/golden", status_code=201)
def add_golden(sent: GoldenPost, stations: StationsOf, caller: CallerOf) -> dict[str, str]:
    """Put a post with a known answer into the queue, not marked as such."""
    row = deciding.add_golden(stations, caller, sent.post_id, sent.verdict, list(sent.categories))
    return {"item_id": row.id}


@router.get("/items/{item_id}")
def read_item(item_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """One item with all that a decision needs."""
    return moderating.open_item(stations, caller, item_id)


@router.post("/items/{item_id}/claim")
def claim_item(item_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Take an item, or renew the lease. 409 where somebody else holds it."""
    until = deciding.claim(stations, caller, item_id)
    return {"id": item_id, "claimed_by": caller.id, "claimed_until": rfc3339(until)}


@router.post("/items/{item_id}/heartbeat")
def renew_claim(item_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Renew the lease of an item one holds. 409 where it was given back or somebody else holds it."""
    until = deciding.renew(stations, caller, item_id)
    return {"id": item_id, "claimed_by": caller.id, "claimed_until": rfc3339(until)}


@router.post("/items/{item_id}/release", status_code=204)
def release_item(item_id: str, stations: StationsOf, caller: CallerOf) -> None:
    """Give an item back."""
    deciding.release(stations, caller, item_id)


@router.post("/items/{item_id}/decide")
def decide_item(item_id: str, wanted: Decide, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Decide. 409 names what changed where a newer assessment differs from the one named."""
    return decision(deciding.decide(stations, caller, item_id, wanted))


@router.post("/items/{item_id}/undo")
def undo_decision(item_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Take one's own decision back, for ten minutes."""
    return decision(deciding.undo(stations, caller, item_id))


class Because(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Words | None = None


@router.post("/items/{item_id}/reopen")
def reopen_item(item_id: str, sent: Because, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Open a decided item again, with a reason."""
    return decision(deciding.reopen(stations, caller, item_id, sent.reason))


@router.post("/items/{item_id}/escalate")
def escalate_item(item_id: str, sent: Because, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Move an item to the top and tell the admins."""
    return decision(deciding.escalate(stations, caller, item_id, sent.reason))


class OneOfMany(Decide):
    """One decision of a bulk."""

    item_id: Annotated[str, Field(min_length=1, max_length=36)]


class Bulk(BaseModel):
    """Several decisions; a preview says what each would do and does nothing."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[OneOfMany], Field(min_length=1, max_length=200)]
    preview: bool = True


@router.post("/decisions")
def decide_many(sent: Bulk, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Decide several items, each by itself, or preview it."""
    require(caller, "review")
    chosen = [(one.item_id, Decide.model_validate(one.model_dump(exclude={"item_id"}))) for one in sent.items]
    results = deciding.decide_many(stations, caller, chosen, preview=sent.preview)
    return {"preview": sent.preview, "data": [asdict(result) for result in results]}


def place_of(cursor: str | None) -> tuple[int, str] | None:
    """The place in the queue that a cursor names. Raises InvalidInput."""
    keys = decode(cursor, 2)
    if keys is None:
        return None
    if not isinstance(keys[0], int) or not isinstance(keys[1], str):
        raise InvalidInput("this cursor was not made by this service", field="cursor")
    return keys[0], keys[1]


def decision(row: DecisionRow) -> dict[str, Any]:
    """A decision as the API shows it."""
    return {
        "id": row.id, "item_id": row.item_id, "post_id": row.post_id, "act": row.act, "by": row.by,
        "at": rfc3339(row.at), "assessment_id": row.assessment_id, "newest_assessment_id": row.newest_assessment_id,
        "flags": row.flags, "tags": row.tags, "takes_back": row.takes_back,
    }  # fmt: skip


async def _events(request: Request, stations: Stations, site: str | None, place: Place) -> AsyncIterator[str]:
    deadline, before, said = time.monotonic() + EVENTS_FOR_S, (-1, -1), time.monotonic()
    try:
        while time.monotonic() < deadline and not await request.is_disconnected():
            counts = await run_in_threadpool(stations.queue_counts.of, site)
            now = (counts.open, counts.urgent)
            if now != before:
                yield f"event: open\ndata: {counts.open}\n\nevent: urgent\ndata: {counts.urgent}\n\n"
                before, said = now, time.monotonic()
            elif time.monotonic() - said > QUIET_FOR_S:
                yield ": still here\n\n"
                said = time.monotonic()
            await asyncio.sleep(EVENT_EVERY_S)
    finally:
        place.leave()
