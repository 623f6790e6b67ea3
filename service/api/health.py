"""Whether the service lives, whether it is ready (and what is not), and its counters."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from service.api.calling import StationsOf
from service.models.embedder import BundledEmbedder
from service.stations import Stations

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(stations: StationsOf) -> JSONResponse:
    """200 where everything needed to assess a post works, else 503; names what does not."""
    parts = readiness(stations)
    ready = all(state == "ok" for state in parts.values())
    return JSONResponse({"status": "ready" if ready else "not_ready", "parts": parts}, 200 if ready else 503)


@router.get("/metrics")
def metrics() -> Response:
    """Prometheus counters of this process."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def readiness(stations: Stations) -> dict[str, Any]:
    """Each part: `ok`, or what is wrong with it."""
    return {
        "database": _tried(lambda: _select_one(stations)),
        "vectors": _tried(stations.vectors.check),
        "embedder": _tried(lambda: _load(stations)),
    }


def _select_one(stations: Stations) -> None:
    with stations.database.read() as session:
        session.execute(sa.text("SELECT 1"))


def _load(stations: Stations) -> None:
    if isinstance(stations.embedder, BundledEmbedder):
        stations.embedder.load()


def _tried(check: Any) -> str:
    try:
        check()
    except Exception as failure:
        return str(getattr(failure, "detail", type(failure).__name__))
    return "ok"
