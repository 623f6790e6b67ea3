"""Webhook endpoints with their deliveries: add, look, send again, remove. Each form does what an API call does."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from service.api import webhooks as webhooks_api
from service.api.calling import stations_of
from service.errors import NotFound
from service.integrations.webhooks import EVENTS
from service.people.permissions import require
from service.web.rendering import FormOf, PageRoute, SignedInOf, go, page, text_of

SHOWN = 30
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/settings/webhooks/{endpoint_id}")
def deliveries(
    request: Request,
    signed_in: SignedInOf,
    endpoint_id: str,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """One endpoint with what was sent there, newest first."""
    stations, caller = stations_of(request), signed_in.caller
    require(caller, "settings")
    endpoint = next((e for e in webhooks_api.list_endpoints(stations, caller)["data"] if e["id"] == endpoint_id), None)
    if endpoint is None:
        raise NotFound("There is no such endpoint, or it was removed.")
    listed = webhooks_api.list_deliveries(endpoint_id, stations, caller, SHOWN, cursor)
    return page(
        request, "webhook.html", signed_in, endpoint=endpoint, deliveries=listed["data"], more=listed["next_cursor"],
        events=EVENTS,
    )  # fmt: skip


@router.post("/settings/webhooks/{endpoint_id}/replay")
def replay(request: Request, signed_in: SignedInOf, endpoint_id: str, form: FormOf) -> Response:
    """Send one delivery again, under the same id."""
    require(signed_in.caller, "settings")
    webhooks_api.replay(text_of(form, "delivery"), stations_of(request), signed_in.caller)
    return go(f"/settings/webhooks/{endpoint_id}", "It is sent again, under the same id.")


@router.post("/settings/webhooks/{endpoint_id}/remove")
def remove(request: Request, signed_in: SignedInOf, endpoint_id: str, _form: FormOf) -> Response:
    """Stop sending to an endpoint."""
    require(signed_in.caller, "settings")
    webhooks_api.remove_endpoint(endpoint_id, stations_of(request), signed_in.caller)
    return go("/settings", "Nothing more is sent there.")
