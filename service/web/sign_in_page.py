"""Signing in with a one-time link or an API key, and signing out here or everywhere."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from service.api.calling import COOKIE, stations_of
from service.errors import NotSignedIn
from service.people import identity
from service.people.identity import OpenedSession
from service.people.permissions import Caller
from service.web.rendering import PLACES, FormOf, PageRoute, SignedInOf, go, page, signed_in_or_none

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/")
def front(request: Request, next: str = "") -> Response:
    """Sign in, or go on where work is."""
    signed_in = signed_in_or_none(request)
    if signed_in is not None:
        return RedirectResponse(_front_page(signed_in.caller), 303)
    return page(request, "sign_in.html", None, problem="", next=_safe(next))


@router.get("/sign-in/{secret}")
def sign_in_page(secret: str, request: Request) -> Response:
    """The link's page: a button spends it, so that a mail scanner that follows links does not."""
    return page(request, "spend_link.html", None, secret=secret)


@router.post("/sign-in/{secret}")
def sign_in(secret: str, request: Request) -> Response:
    """Spend a one-time link."""
    stations = stations_of(request)
    try:
        with stations.database.write() as session:
            opened = identity.use_link(session, secret, stations.clock())
    except NotSignedIn as failure:
        return page(request, "sign_in.html", None, 401, problem=failure.detail, next="")
    return _welcome(request, opened)


@router.post("/sign-in")
def sign_in_with_key(
    request: Request, key: Annotated[str, Form(max_length=200)], next: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Sign in with an API key."""
    stations = stations_of(request)
    try:
        with stations.database.write() as session:
            opened = identity.open_session_for_key(session, key.strip(), stations.clock())
    except NotSignedIn as failure:
        return page(request, "sign_in.html", None, 401, problem=failure.detail, next=_safe(next))
    return _welcome(request, opened, _safe(next))


@router.post("/sign-out")
def sign_out(request: Request, _form: FormOf) -> Response:
    """End this session."""
    stations = stations_of(request)
    with stations.database.write() as session:
        identity.sign_out(session, request.cookies.get(COOKIE, ""))
    return _farewell("You are signed out.")


@router.post("/sign-out/everywhere")
def sign_out_everywhere(request: Request, signed_in: SignedInOf, _form: FormOf) -> Response:
    """End every session of this person."""
    stations = stations_of(request)
    with stations.database.write() as session:
        identity.sign_out_everywhere(session, signed_in.caller.id)
    return _farewell("You are signed out in every browser.")


def _farewell(said: str) -> Response:
    response = go("/", said)
    response.delete_cookie(COOKIE)
    return response


def _welcome(request: Request, opened: OpenedSession, wanted: str = "") -> Response:
    response = RedirectResponse(wanted or _front_page(opened.caller), 303)
    secure = "https" in (request.url.scheme, urlsplit(stations_of(request).settings.public_url).scheme)
    response.set_cookie(
        COOKIE, opened.secret, max_age=86_400 * identity.SESSION_DAYS, httponly=True, samesite="lax", secure=secure
    )
    return response


def _front_page(caller: Caller) -> str:
    open_to = sorted((p for p in PLACES if caller.may(p.permission)), key=lambda p: p.first)
    return open_to[0].path if open_to else "/posts"


def _safe(path: str) -> str:
    """A page of our own to go on to; empty for anything that could lead elsewhere."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path != "/" else ""
