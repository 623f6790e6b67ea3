"""Past threads: keep the corpus current, import in bulk, honour authors who opted out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from service.api.calling import CallerOf, StationsOf, allowed
from service.corpus.thread import Thread
from service.errors import InvalidInput, NotFound
from service.intake.post import SiteName
from service.people.permissions import Caller, require

router = APIRouter(tags=["threads"])
ExternalId = Annotated[str, Path(min_length=1, max_length=200)]
LINE = '{"external_id": "t-1", "title": "How do I ask for a raise?", "created_at": "2026-01-01T00:00:00Z"}\n'
NDJSON = {
    "required": True,
    "description": "One thread a line: what `PUT /v1/threads/{site}/{external_id}` takes, and its `external_id`.",
    "content": {"application/x-ndjson": {"schema": {"type": "string"}, "example": LINE}},
}


class Reuse(BaseModel):
    """Whether what an author wrote may be shown and cited."""

    model_config = ConfigDict(extra="forbid")

    reuse: Literal["allowed", "opted_out"]


@router.put("/v1/threads/{site}/{external_id}")
def put_thread(
    site: SiteName, external_id: ExternalId, thread: Thread, response: Response, stations: StationsOf, caller: CallerOf
) -> dict[str, Any]:
    """Keep one thread; 201 where it is new. It is findable when this answers."""
    allowed(stations, caller, "threads.write", site)
    stored = stations.put_thread(site, external_id, thread)
    response.status_code = 201 if stored.created else 200
    return {"thread_id": stored.thread_id, "site": site, "external_id": external_id, "changed": stored.changed}


@router.delete("/v1/threads/{site}/{external_id}", status_code=204)
def delete_thread(site: SiteName, external_id: ExternalId, stations: StationsOf, caller: CallerOf) -> None:
    """Delete a thread everywhere; drafts that rest on it become stale."""
    allowed(stations, caller, "threads.write", site)
    stations.delete_thread(site, external_id)


@router.put("/v1/authors/{site}/{author_id}")
def set_reuse(
    site: SiteName, author_id: ExternalId, wish: Reuse, stations: StationsOf, caller: CallerOf
) -> dict[str, Any]:
    """An author allows or ends the reuse of what they wrote."""
    allowed(stations, caller, "authors.write", site)
    stations.set_reuse(site, author_id, wish.reuse)
    return {"site": site, "author_id": author_id, "reuse": wish.reuse}


@router.post("/v1/imports", status_code=202, openapi_extra={"requestBody": NDJSON})
async def start_import(
    request: Request,
    stations: StationsOf,
    caller: CallerOf,
    site: Annotated[SiteName | None, Query()] = None,
) -> dict[str, Any]:
    """Import NDJSON (one thread with its `external_id` a line) as a durable job; ask for its progress by the id.

    Without a `site` the threads are those of the caller's own.
    """
    from starlette.concurrency import run_in_threadpool

    site = site or _own_site(caller)
    await run_in_threadpool(allowed, stations, caller, "threads.write", site)
    upload = stations.uploads.open()
    try:
        async for chunk in request.stream():
            await run_in_threadpool(upload.write, chunk)
    except BaseException:
        upload.discard()
        raise
    return await run_in_threadpool(stations.start_import, site, upload.close())


@router.get("/v1/imports/{import_id}")
def read_import(import_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """How far an import came, and which lines were refused."""
    require(caller, "threads.write")
    shown = stations.import_state(import_id)
    if not caller.may_on(str(shown["site"])):
        raise NotFound("there is no such import", field="import_id")
    return shown


def _own_site(caller: Caller) -> str:
    """The one site a caller belongs to. Raises InvalidInput for who belongs to all: what is written names its site."""
    require(caller, "threads.write")
    if caller.site == "*":
        raise InvalidInput("name the site that the threads belong to", field="site")
    return caller.site
