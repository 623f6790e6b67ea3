"""Webhook endpoints, deliveries and replays."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.api.calling import CallerOf, StationsOf, allowed
from service.api.paging import CursorParameter, Limit, decode, encode, page
from service.clock import rfc3339
from service.errors import NotFound
from service.intake.post import SiteName
from service.integrations.tables import WebhookDeliveryRow, WebhookEndpointRow
from service.people.permissions import Caller, require
from service.stations import Stations

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


class NewEndpoint(BaseModel):
    """Where to send events, signed with `secret` (`whsec_…`); no events named: all of them."""

    model_config = ConfigDict(extra="forbid")

    site: SiteName
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    secret: Annotated[str, Field(min_length=12, max_length=200)]
    events: Annotated[list[str], Field(max_length=20)] = []


@router.post("", status_code=201)
def add_endpoint(sent: NewEndpoint, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Register an endpoint."""
    allowed(stations, caller, "webhooks", sent.site)
    with stations.database.write() as session:
        endpoint_id = stations.webhooks.add(session, sent.site, sent.url, sent.secret, sent.events)
    return {"id": endpoint_id, "site": sent.site, "url": sent.url, "events": sent.events}


@router.get("")
def list_endpoints(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The caller's endpoints; secrets are not shown."""
    require(caller, "webhooks")
    query = (
        sa.select(WebhookEndpointRow).where(WebhookEndpointRow.disabled_at.is_(None)).order_by(WebhookEndpointRow.id)
    )
    if caller.role != "admin" and caller.site != "*":
        query = query.where(WebhookEndpointRow.site == caller.site)
    with stations.database.read() as session:
        rows = list(session.scalars(query.limit(200)))
    return {"data": [{"id": r.id, "site": r.site, "url": r.url, "events": r.events} for r in rows]}


@router.delete("/{endpoint_id}", status_code=204)
def remove_endpoint(endpoint_id: str, stations: StationsOf, caller: CallerOf) -> None:
    """Stop sending to an endpoint."""
    _endpoint(stations, caller, endpoint_id)
    with stations.database.write() as session:
        row = session.get_one(WebhookEndpointRow, endpoint_id)
        row.disabled_at = stations.clock()


@router.get("/{endpoint_id}/deliveries")
def list_deliveries(
    endpoint_id: str, stations: StationsOf, caller: CallerOf, limit: Limit = 50, cursor: CursorParameter = None
) -> dict[str, Any]:
    """Deliveries of an endpoint, newest first."""
    _endpoint(stations, caller, endpoint_id)
    query = sa.select(WebhookDeliveryRow).where(WebhookDeliveryRow.endpoint_id == endpoint_id)
    keys = decode(cursor)
    if keys:
        query = query.where(WebhookDeliveryRow.id < str(keys[0]))
    with stations.database.read() as session:
        rows = list(session.scalars(query.order_by(WebhookDeliveryRow.id.desc()).limit(limit)))
    shown = [
        {"id": r.id, "event": r.event, "state": r.state, "attempts": r.attempts, "last_status": r.last_status,
         "last_error": r.last_error, "created_at": rfc3339(r.created_at)}
        for r in rows
    ]  # fmt: skip
    return page(shown, limit, encode(rows[-1].id) if rows else None)


@router.post("/deliveries/{delivery_id}/replay", status_code=202)
def replay(delivery_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, str]:
    """Send a delivery again under the same id."""
    require(caller, "webhooks")
    with stations.database.read() as session:
        row = session.get(WebhookDeliveryRow, delivery_id)
    if row is None:
        raise NotFound("there is no such delivery", field="delivery_id")
    _endpoint(stations, caller, row.endpoint_id)
    with stations.database.write() as session:
        stations.webhooks.replay(session, delivery_id)
    return {"id": delivery_id, "state": "waiting"}


def _endpoint(stations: Stations, caller: Caller, endpoint_id: str) -> WebhookEndpointRow:
    require(caller, "webhooks")
    with stations.database.read() as session:
        row = session.get(WebhookEndpointRow, endpoint_id)
    if row is None or row.disabled_at is not None or not caller.may_on(row.site):
        raise NotFound("there is no such endpoint", field="endpoint_id")
    return row
