"""Trying a post: what would be made of it, shown in full and kept nowhere. The form does what `POST /v1/try` does."""

from __future__ import annotations

from typing import Any, get_args

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from service.api import local
from service.api.calling import stations_of
from service.api.sites import sites_of
from service.errors import InvalidInput
from service.flagging.flag import Flag
from service.intake.post import BODY_LIMIT, TITLE_LIMIT, Format, Kind
from service.people.identity import SignedIn
from service.people.permissions import require
from service.trying import AskedTry
from service.web.highlight import highlighted
from service.web.rendering import FormOf, PageRoute, Place, SignedInOf, page, text_of

PLACES = (Place("/try", "Try", "try"),)
FIELDS = ("site", "title", "body", "format", "kind")
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/try")
def ask(request: Request, signed_in: SignedInOf) -> Response:
    """An empty form."""
    require(signed_in.caller, "try")
    return _page(request, signed_in, {})


@router.post("/try")
def try_(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """The assessment of what was pasted; a refused post stays in the form."""
    require(signed_in.caller, "try")
    written: dict[str, Any] = {name: text_of(form, name).replace("\r\n", "\n") for name in FIELDS}
    written["draft"] = bool(form.get("draft"))
    try:
        asked = AskedTry.model_validate(written)
        tried = local.try_(asked, stations_of(request), signed_in.caller)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return _page(request, signed_in, written, f"{first['loc'][0]}: {first['msg']}", 422)
    except InvalidInput as refusal:
        return _page(request, signed_in, written, refusal.detail, refusal.status)
    return _page(request, signed_in, written, tried=tried)


def _page(
    request: Request, signed_in: SignedIn, written: dict[str, Any], refusal: str = "", status: int = 200,
    tried: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    stations, caller = stations_of(request), signed_in.caller
    sites = sites_of(stations, caller)
    empty = {"site": sites[0] if sites else caller.site, "title": "", "body": "", "format": "markdown"}
    shown: dict[str, Any] = {"made": None, "draft": None}
    if tried is not None:
        flags = [Flag.model_validate(flag) for flag in tried["assessment"]["flags"]]
        shown = {
            "made": tried["assessment"], "draft": _draft(tried["draft"]),
            "title": highlighted(written["title"], "title", flags), "body": highlighted(written["body"], "body", flags),
        }  # fmt: skip
    return page(
        request, "try.html", signed_in, status, refusal=refusal, sites=sites if len(sites) > 1 else [],
        written=empty | {"kind": "question", "draft": False} | written, kinds=get_args(Kind), formats=get_args(Format),
        title_limit=TITLE_LIMIT, body_limit=BODY_LIMIT, drafts=stations.settings.drafts_enabled, **shown,
    )  # fmt: skip


def _draft(written: dict[str, Any] | None) -> dict[str, Any] | None:
    """A draft that is not stored has nothing waiting before it and cannot be stale."""
    return None if written is None else written | {"stale": False, "stale_because": None, "waiting": 0}
