"""What every endpoint needs: the stations, who is calling, and whether the site is known."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from service.errors import NotAllowed, NotSignedIn
from service.people import identity
from service.people.permissions import Caller, Permission, require
from service.stations import Stations

COOKIE = "answerloop_session"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_BEARER = HTTPBearer(auto_error=False, scheme_name="api_key", description="An API key: `answerloop keys create`.")
"""For `/openapi.json` alone: `caller_of` reads the header, and says what is wrong with it."""


def stations_of(request: Request) -> Stations:
    """The stations this app was wired with."""
    return cast(Stations, request.app.state.stations)


StationsOf = Annotated[Stations, Depends(stations_of)]


def caller_of(request: Request, stations: StationsOf, _described: Annotated[object, Depends(_BEARER)]) -> Caller:
    """Who is calling: a bearer key, or a browser session (whose writes must carry its token). Raises NotSignedIn."""
    header = request.headers.get("authorization", "")
    with stations.database.read() as session:
        if header:
            scheme, _, secret = header.partition(" ")
            if scheme.lower() != "bearer" or not secret:
                raise NotSignedIn("send `Authorization: Bearer <API key>`")
            caller = identity.authenticate_key(session, secret.strip())
            if caller.kind == "key":
                stations.limits.hit(caller.id)
            return caller
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            raise NotSignedIn("send `Authorization: Bearer <API key>`")
        signed_in = identity.authenticate_session(session, cookie, stations.clock())
    if request.method not in SAFE_METHODS and not signed_in.accepts(request.headers.get("x-csrf-token")):
        raise NotAllowed("the form's token is missing or old; reload the page")
    return signed_in.caller


CallerOf = Annotated[Caller, Depends(caller_of)]


def allowed(stations: Stations, caller: Caller, permission: Permission, site: str) -> None:
    """Raise NotAllowed or UnknownSite unless the caller may do that on that site, which must be known."""
    require(caller, permission)
    if caller.site != "*" and caller.role != "admin":
        require(caller, permission, site)
    with stations.database.read() as session:
        identity.check_site(session, site)
