"""The sites a caller may work on, and what each decides for itself."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.api.calling import CallerOf, StationsOf, allowed
from service.people.permissions import Caller
from service.people.site_settings import MOST_DAYS, own_answer_ages
from service.people.tables import SiteRow
from service.site_choices import choose_answer_age
from service.stations import Stations

router = APIRouter(prefix="/v1/sites", tags=["people"])
MOST = 200


class SiteChoices(BaseModel):
    """What a site decides for itself; null: as the service is set. All of it is replaced."""

    model_config = ConfigDict(extra="forbid")

    answer_age_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None


@router.get("")
def list_sites(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The names of the caller's sites: their own, or every known one."""
    return {"data": sites_of(stations, caller)}


@router.get("/{site}/settings")
def read_settings(site: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """What holds on a site, and what of it the site decided itself (`own`; null: as the service is set)."""
    allowed(stations, caller, "settings", site)
    return settings_of(stations, [site])[0]


@router.put("/{site}/settings")
def change_settings(site: str, sent: SiteChoices, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Decide for a site; a change is a link of the audit log."""
    allowed(stations, caller, "settings", site)
    with stations.database.write() as session:
        choose_answer_age(session, site, sent.answer_age_days, caller.id, stations.clock())
    return settings_of(stations, [site])[0]


def settings_of(stations: Stations, sites: list[str]) -> list[dict[str, Any]]:
    """What holds on each of these sites, as the API shows it."""
    with stations.database.read() as session:
        own = own_answer_ages(session, sites)
    default = stations.settings.answer_age_days
    return [
        {"site": site, "answer_age_days": own.get(site, default), "own": {"answer_age_days": own.get(site)}}
        for site in sites
    ]


def sites_of(stations: Stations, caller: Caller) -> list[str]:
    """The caller's own site; for an admin and for a key or person of `*`, every site that is known."""
    if caller.role != "admin" and caller.site != "*":
        return [caller.site]
    with stations.database.read() as session:
        known = list(
            session.scalars(sa.select(SiteRow.name).where(SiteRow.name != "*").order_by(SiteRow.name).limit(MOST))
        )
    return sorted(known, key=lambda name: name != caller.site)
