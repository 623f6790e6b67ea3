"""The sites a caller may work on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter

from service.api.calling import CallerOf, StationsOf
from service.people.permissions import Caller
from service.people.tables import SiteRow
from service.stations import Stations

router = APIRouter(prefix="/v1/sites", tags=["people"])
MOST = 200


@router.get("")
def list_sites(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The names of the caller's sites: their own, or every known one."""
    return {"data": sites_of(stations, caller)}


def sites_of(stations: Stations, caller: Caller) -> list[str]:
    """The caller's own site; for an admin and for a key or person of `*`, every site that is known."""
    if caller.role != "admin" and caller.site != "*":
        return [caller.site]
    with stations.database.read() as session:
        known = list(
            session.scalars(sa.select(SiteRow.name).where(SiteRow.name != "*").order_by(SiteRow.name).limit(MOST))
        )
    return sorted(known, key=lambda name: name != caller.site)
