"""A site's index, built anew or checked while the service answers: calls for the command line and administrators."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from service import index_jobs
from service.api.calling import CallerOf, StationsOf, allowed
from service.api.openapi import EventStream
from service.errors import Conflict
from service.index_jobs import Work
from service.intake.post import SiteName

router = APIRouter(prefix="/v1/index", tags=["index"])
LOOK_S = 1.0


class AskedReindex(BaseModel):
    """Which site, and the setting `EMBED_MODEL` that the caller expects the server to have."""

    model_config = ConfigDict(extra="forbid")

    site: SiteName
    model: Annotated[str, Field(max_length=200)] | None = None


class AskedCheck(BaseModel):
    """Which site, whether to mend what is wrong, and whether to embed every passage again."""

    model_config = ConfigDict(extra="forbid")

    site: SiteName
    repair: bool = False
    every_text: bool = False


@router.post("/reindex", response_class=EventStream)
def reindex(asked: AskedReindex, stations: StationsOf, caller: CallerOf) -> StreamingResponse:
    """Build the index anew and switch to it; the old one answers until then. Progress and the end as server-sent events.

    Who stops following stops the work; asked for again it goes on. 409 while other work on this index is under way.
    """
    allowed(stations, caller, "settings", asked.site)
    configured = stations.settings.embed_model
    if asked.model not in (None, configured):
        raise Conflict(
            f"the server runs with EMBED_MODEL={configured}; start it again with the other model", field="model"
        )
    return _followed(Work(stations, asked.site, partial(index_jobs.reindex, stations, asked.site)))


@router.post("/check", response_class=EventStream)
def check(asked: AskedCheck, stations: StationsOf, caller: CallerOf) -> StreamingResponse:
    """Compare the index with SQL; progress and the numbers of faults as server-sent events. 409 as for a reindex."""
    allowed(stations, caller, "settings", asked.site)
    task = partial(index_jobs.check, stations, asked.site, repair=asked.repair, every_text=asked.every_text)
    return _followed(Work(stations, asked.site, task))


def _followed(work: Work) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(work), media_type="text/event-stream", headers=headers)


async def _events(work: Work) -> AsyncIterator[str]:
    try:
        while True:
            said = await run_in_threadpool(work.next, LOOK_S)
            yield ": working\n\n" if said is None else f"data: {json.dumps(said, ensure_ascii=False)}\n\n"
            if said is not None and not said.keys().isdisjoint(("result", "error")):
                return
    finally:
        work.abandon()
