"""Taggers of a site: the versions that were fitted, the gate, and the move into production."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from service import taggers
from service.api.calling import CallerOf, StationsOf, allowed
from service.api.thresholds import Line, Number
from service.clock import new_id, rfc3339
from service.jobs import GATES
from service.tagging import versions
from service.tagging.tables import TaggerRow

router = APIRouter(prefix="/v1/taggers", tags=["taggers"])


class PromoteTagger(BaseModel):
    """Which version goes into production; null: back to the shipped tagger."""

    model_config = ConfigDict(extra="forbid")

    number: Number | None
    reason: Line


@router.get("/{site}")
def list_versions(site: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The versions of a site's tagger, newest first, with what shadow and gate said. `answerloop tags fit` makes one."""
    allowed(stations, caller, "settings", site)
    with stations.database.read() as session:
        live = versions.live(session, site)
        found = [shown(row) for row in versions.listed(session, site)]
        moves = [
            {"number": move.number, "by": move.by, "reason": move.reason, "at": rfc3339(move.at)}
            for move in versions.moves(session, site)
        ]
    return {"data": found, "next_cursor": None, "production": None if live is None else live.number, "moves": moves}


@router.post("/{site}/promote")
def promote_version(site: str, sent: PromoteTagger, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Move production; 409 where its shadow refuses or its gate has not passed. Back is immediate."""
    allowed(stations, caller, "settings", site)
    made = taggers.promote(stations.database, site, sent.number, caller.id, sent.reason, stations.clock)
    return {"site": site, "production": made.number, "at": rfc3339(made.at)}


@router.post("/{site}/{number}/gate", status_code=202)
def gate_version(site: str, number: Number, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Hold a version against production on the shipped and the site's accepted cases, as a job; the list shows the verdict.

    409 where production has another vocabulary, or is the shipped tagger.
    """
    allowed(stations, caller, "settings", site)
    with stations.database.write() as session:
        row = versions.find(session, site, number)
        taggers.comparable_to(session, row)
        row.gate = {"verdict": "running"}
        stations.jobs.enqueue(session, GATES, taggers.GATE_JOB, f"tagger-{row.id}-{new_id()}", site, number)
        return shown(row)


def shown(row: TaggerRow) -> dict[str, Any]:
    """A version as the API shows it; the report leaves out the single tags."""
    vocabulary = {"name": row.taxonomy["name"], "version": row.taxonomy["version"], "tags": len(row.taxonomy["tags"])}
    report = {name: value for name, value in row.report.items() if name != "tags"}
    return {
        "site": row.site, "number": row.number, "vocabulary": vocabulary, "made_by": row.made_by, "report": report,
        "shadow": row.shadow, "gate": row.gate, "at": rfc3339(row.at),
    }  # fmt: skip
