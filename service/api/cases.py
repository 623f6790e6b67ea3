"""Cases: outcomes proposed for the eval suite, accepted or rejected by a person, and written in its format."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service import exporting
from service.api.calling import CallerOf, StationsOf
from service.api.openapi import JsonLines
from service.api.outcomes import SiteName, site_of
from service.api.paging import CursorParameter, Limit, decode, encode, page
from service.clock import rfc3339
from service.errors import NotFound
from service.feedback import cases
from service.feedback.candidates import CaseKind
from service.feedback.cases import CaseState
from service.feedback.tables import CaseRow
from service.flagging.flag import Category
from service.intake.post import clean_text
from service.people.permissions import Caller, require
from service.stations import Stations

router = APIRouter(prefix="/v1/cases", tags=["outcomes"])
Line = Annotated[str, Field(max_length=1_000), AfterValidator(clean_text)]


class Export(BaseModel):
    """Which outcomes to turn into candidate cases; `outcomes` names them by their ids, whatever their age and number."""

    model_config = ConfigDict(extra="forbid")

    site: Annotated[str, Field(max_length=63)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    days: Annotated[int, Field(ge=1, le=730)] = 90
    category: Category | None = None
    kind: CaseKind | None = None
    outcomes: Annotated[list[Annotated[str, Field(max_length=36)]], Field(max_length=500)] = []


class Judgement(BaseModel):
    """Why a case is taken, or not."""

    model_config = ConfigDict(extra="forbid")

    reason: Line | None = None


@router.post("/export")
def export_cases(sent: Export, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Propose cases from outcomes: masked, without near-duplicates, the dangerous errors first."""
    require(caller, "outcomes")
    site = site_of(caller, sent.site)
    made = exporting.propose(
        stations, site, caller.id, limit=sent.limit, days=sent.days, category=sent.category, kind=sent.kind,
        outcomes=sent.outcomes,
    )  # fmt: skip
    skipped = {name: getattr(made, name) for name in ("near_duplicates", "erased", "known", "overruled")}
    return {"proposed": [shown(row) for row in made.cases], "skipped": skipped}


@router.get("")
def list_cases(
    stations: StationsOf,
    caller: CallerOf,
    site: SiteName = None,
    state: CaseState | None = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> dict[str, Any]:
    """Cases, newest first, with their lineage."""
    require(caller, "outcomes")
    keys = decode(cursor)
    with stations.database.read() as session:
        found = cases.listed(session, site_of(caller, site), state, limit, str(keys[0]) if keys else None)
    return page([shown(row) for row in found], limit, encode(found[-1].id) if found else None)


@router.get("/accepted.jsonl", response_class=JsonLines)
def read_accepted(stations: StationsOf, caller: CallerOf, site: SiteName = None) -> Response:
    """The accepted cases, one a line, as `python -m eval run flags --data FILE` reads them."""
    require(caller, "outcomes")
    with stations.database.read() as session:
        rows = cases.accepted(session, site_of(caller, site))
    lines = "".join(json.dumps(row.content, ensure_ascii=False) + "\n" for row in rows)
    return Response(lines, media_type="application/x-ndjson")


@router.post("/{case_id}/accept")
def accept_case(case_id: str, sent: Judgement, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Let a case into the suite; whoever accepts has looked at its words and labels."""
    return decide(stations, caller, case_id, "accepted", sent.reason)


@router.post("/{case_id}/reject")
def reject_case(case_id: str, sent: Judgement, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Keep a case out, with a reason."""
    return decide(stations, caller, case_id, "rejected", sent.reason)


def decide(
    stations: Stations, caller: Caller, case_id: str, state: Literal["accepted", "rejected"], reason: str | None
) -> dict[str, Any]:
    """Accept or reject, on a site of the caller's."""
    require(caller, "outcomes")
    with stations.database.write() as session:
        row = cases.find(session, case_id)
        if not caller.may_on(row.site):
            raise NotFound("there is no such case", field="case_id")
        return shown(cases.decide(session, row, state, caller.id, reason, stations.clock()))


def shown(row: CaseRow) -> dict[str, Any]:
    """A case as the API shows it."""
    names = (
        "id",
        "site",
        "state",
        "stratum",
        "content",
        "look_at",
        "outcome_id",
        "decision_id",
        "assessment_id",
        "post_id",
        "reason",
    )
    moments = {
        "proposed_at": rfc3339(row.proposed_at),
        "decided_at": rfc3339(row.decided_at) if row.decided_at else None,
    }
    return {name: getattr(row, name) for name in names} | moments
