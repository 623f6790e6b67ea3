"""Outcomes: every human judgement beside the assessment it was made on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from service.api.calling import CallerOf, StationsOf
from service.api.paging import CursorParameter, Limit, decode, encode, page
from service.clock import rfc3339
from service.errors import NotAllowed
from service.feedback import outcomes
from service.feedback.outcomes import OutcomeKind
from service.feedback.tables import OutcomeRow
from service.flagging.flag import Category
from service.people.permissions import Caller, require

router = APIRouter(prefix="/v1", tags=["outcomes"])
SiteName = Annotated[str | None, Query(max_length=63, description="A site; the caller's own by default.")]
Moment = Annotated[AwareDatetime | None, Query()]


def site_of(caller: Caller, wanted: str | None) -> str | None:
    """The site a caller reads: their own, one they belong to, or None for all. Raises NotAllowed."""
    if wanted is not None and not caller.may_on(wanted):
        raise NotAllowed("this key or person belongs to another site", field="site")
    return wanted or (None if caller.site == "*" else caller.site)


@router.get("/outcomes")
def list_outcomes(
    stations: StationsOf,
    caller: CallerOf,
    site: SiteName = None,
    kind: OutcomeKind | None = None,
    category: Category | None = None,
    verdict: Annotated[str | None, Query(max_length=20)] = None,
    post_id: Annotated[str | None, Query(max_length=36)] = None,
    since: Moment = None,
    until: Moment = None,
    withdrawn: bool = False,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> dict[str, Any]:
    """Outcomes, newest first; those taken back only with `withdrawn`. Who judged is shown to admins alone."""
    require(caller, "outcomes")
    wanted = outcomes.Wanted(site_of(caller, site), kind, category, verdict, post_id, since, until, withdrawn)
    keys = decode(cursor)
    with stations.database.read() as session:
        found = outcomes.listed(session, wanted, limit, str(keys[0]) if keys else None)
    return page([shown(row, caller) for row in found], limit, encode(found[-1].id) if found else None)


def shown(row: OutcomeRow, caller: Caller) -> dict[str, Any]:
    """An outcome as the API shows it."""
    names = (
        "id", "kind", "cause_id", "post_id", "site", "assessment_id", "verdict", "route", "flags", "suggested_tags",
        "kept_tags", "measures", "prompts", "slices", "expected", "against", "sampled_with", "seconds", "cost_usd",
    )  # fmt: skip
    moments = {name: _moment(getattr(row, name)) for name in ("at", "withdrawn_at", "erased_at")}
    by = {"by": row.by} if caller.role == "admin" else {}
    return {name: getattr(row, name) for name in names} | moments | by


def _moment(value: datetime | None) -> str | None:
    return rfc3339(value) if value is not None else None
