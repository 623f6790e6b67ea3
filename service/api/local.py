"""Calls for the command line and administrators of this machine: try a post, import a local file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.api.calling import CallerOf, StationsOf, allowed
from service.intake.post import SiteName
from service.people.permissions import require
from service.trying import AskedTry, try_post

router = APIRouter(tags=["local"])


class LocalFile(BaseModel):
    """A file on the server's own machine."""

    model_config = ConfigDict(extra="forbid")

    site: SiteName
    format: Annotated[str, Field(max_length=20)]
    path: Annotated[str, Field(max_length=4000)]
    mapping: Annotated[str, Field(max_length=4000)] | None = None


@router.post("/v1/try")
def try_(asked: AskedTry, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Assess a post without keeping it."""
    require(caller, "try")
    allowed(stations, caller, "try", asked.site)
    return try_post(stations, asked)


@router.post("/v1/imports/local", status_code=202)
def import_local(asked: LocalFile, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Import a file of this machine as a durable job."""
    require(caller, "settings")
    mapping = Path(asked.mapping) if asked.mapping else None
    return stations.start_import(asked.site, Path(asked.path), asked.format, mapping, keep=True)
