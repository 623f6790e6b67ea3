"""The audit log: its newest links, its verification, and everything about one post for export."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from service.api.calling import CallerOf, StationsOf
from service.api.paging import CursorParameter, Limit, decode, encode, page
from service.errors import InvalidInput, NotFound
from service.intake.tables import PostRow
from service.people.permissions import require
from service.review import audit

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("")
def list_links(
    stations: StationsOf, caller: CallerOf, limit: Limit = 50, cursor: CursorParameter = None
) -> dict[str, Any]:
    """Links of the chain, newest first."""
    require(caller, "audit")
    keys = decode(cursor)
    if keys and not isinstance(keys[0], int):
        raise InvalidInput("this cursor was not made by this service", field="cursor")
    with stations.database.read() as session:
        links = audit.newest(session, limit, keys[0] if keys else None)
    return page(links, limit, encode(links[-1]["seq"]) if links else None)


@router.get("/verify")
def verify(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Read the whole chain; `broken_at` is the first link that does not hold."""
    require(caller, "audit")
    with stations.database.read() as session:
        found = audit.verify(session)
    return {"holds": found.holds, "links": found.links, "head": found.head, "broken_at": found.broken_at}


@router.get("/posts/{post_id}")
def export_post(post_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Every link about one post, oldest first; also after the post was erased."""
    require(caller, "audit")
    with stations.database.read() as session:
        if session.get(PostRow, post_id) is None:
            raise NotFound("there is no such post", field="post_id")
        return {"post_id": post_id, "data": audit.record(session, f"post:{post_id}")}
