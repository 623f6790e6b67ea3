"""Thresholds of a site: versions, a fit from outcomes, the shadow, the gate, and the move into production."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service import tuning
from service.api.calling import CallerOf, StationsOf, allowed
from service.clock import new_id, rfc3339
from service.feedback.fit_thresholds import Bounds
from service.flagging import versions
from service.flagging.tables import ThresholdsRow
from service.intake.post import clean_text
from service.jobs import GATES

router = APIRouter(prefix="/v1/thresholds", tags=["thresholds"])
Line = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(clean_text)]
Percent = Annotated[float, Field(gt=0, lt=100)]
Number = Annotated[int, Field(ge=1, le=1_000_000)]


class Fit(BaseModel):
    """The bounds, in percent, and how far back to look."""

    model_config = ConfigDict(extra="forbid")

    missed: Percent = Bounds.missed
    clean_flagged: Percent = Bounds.clean_flagged
    days: Annotated[int, Field(ge=1, le=730)] = 180


class Promote(BaseModel):
    """Which version goes into production; null: back to the shipped thresholds."""

    model_config = ConfigDict(extra="forbid")

    number: Number | None
    reason: Line


@router.get("/{site}")
def list_versions(site: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The versions of a site's thresholds, newest first, with what shadow and gate said."""
    allowed(stations, caller, "settings", site)
    with stations.database.read() as session:
        live = versions.live(session, site)
        found = [shown(row) for row in versions.listed(session, site)]
    return {"data": found, "next_cursor": None, "production": live.number if live is not None else None}


@router.post("/{site}/fit", status_code=201)
def fit_version(site: str, sent: Fit, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Fit a candidate from outcomes; 422 with too few labels. It changes nothing until it is moved."""
    allowed(stations, caller, "settings", site)
    bounds = Bounds(sent.missed, sent.clean_flagged)
    return shown(tuning.fit(stations, site, caller.id, days=sent.days, bounds=bounds))


@router.post("/{site}/promote")
def promote_version(site: str, sent: Promote, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Move production; 409 before the shadow was run and the gate passed. Back is immediate."""
    allowed(stations, caller, "settings", site)
    made = tuning.promote(stations, site, sent.number, caller.id, sent.reason)
    return {"site": site, "production": made.number, "at": rfc3339(made.at)}


@router.post("/{site}/{number}/shadow")
def shadow_version(site: str, number: int, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Route what was assessed before with a version beside production."""
    allowed(stations, caller, "settings", site)
    return tuning.shadow(stations, site, number)


@router.post("/{site}/{number}/gate", status_code=202)
def gate_version(site: str, number: int, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Hold a version against production on the shipped and the accepted cases, as a job; the list shows the verdict."""
    allowed(stations, caller, "settings", site)
    with stations.database.write() as session:
        row = versions.find(session, site, number)
        row.gate = {"verdict": "running"}
        stations.jobs.enqueue(session, GATES, tuning.GATE_JOB, f"thresholds-{row.id}-{new_id()}", site, number)
        return shown(row)


def shown(row: ThresholdsRow) -> dict[str, Any]:
    """A version as the API shows it."""
    names = ("site", "number", "thresholds", "made_from", "made_by", "report", "shadow", "gate")
    return {name: getattr(row, name) for name in names} | {"at": rfc3339(row.at)}
