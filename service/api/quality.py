"""Quality: both error rates, agreement, edits, time and cost, each with its interval."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from service.api.calling import CallerOf, StationsOf
from service.api.outcomes import SiteName, site_of
from service.clock import rfc3339
from service.feedback import quality
from service.feedback.quality import Quality
from service.flagging.flag import Category
from service.people.permissions import Caller, require
from service.stations import Stations

router = APIRouter(prefix="/v1", tags=["quality"])
Days = Annotated[int, Query(ge=1, le=730, description="How many days back.")]
Group = Annotated[str | None, Query(max_length=100)]


@router.get("/quality")
def read_quality(
    stations: StationsOf,
    caller: CallerOf,
    site: SiteName = None,
    days: Days = 90,
    category: Category | None = None,
    prompt: Annotated[str | None, Query(max_length=100, description="`name version`")] = None,
    length: Group = None,
    lang: Group = None,
    found_by: Group = None,
) -> dict[str, Any]:
    """Precision from decisions, recall from the audit sample, and the rest; `value` null is not known, `unknown` says why."""
    slices = {name: value for name, value in (("length", length), ("lang", lang), ("found_by", found_by)) if value}
    return as_json(measured(stations, caller, site, days, category, prompt, slices))


def measured(
    stations: Stations, caller: Caller, site: str | None, days: int, category: str | None = None,
    prompt: str | None = None, slices: dict[str, str] | None = None,
) -> Quality:  # fmt: skip
    """The figures a caller may see; costs are the whole service's, hence for admins."""
    require(caller, "quality")
    until = stations.clock()
    wanted = site_of(caller, site)
    with stations.database.read() as session:
        return quality.measure(
            session, wanted, until - timedelta(days=days), until, category=category, prompt=prompt, slices=slices,
            costs=caller.role == "admin",
        )  # fmt: skip


def as_json(found: Quality) -> dict[str, Any]:
    """The figures as the API shows them."""
    named = {"agreement": "category", "decision_minutes": "route"}
    shown = asdict(found) | {"since": rfc3339(found.since), "until": rfc3339(found.until), "methods": quality.METHODS}
    for field, name in named.items():
        shown[field] = [{name: group, **figure} for group, figure in shown[field]]
    return shown
