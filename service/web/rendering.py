"""What every page is made with: templates, the signed-in person, checked forms, and errors as pages.

A page module has a `router = APIRouter(include_in_schema=False, route_class=PageRoute)` and, where it belongs into the
navigation, `PLACES`. `service/web/pages.py` lists the modules.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import FormData

from service.api.calling import COOKIE, stations_of
from service.errors import AnswerloopError, NotAllowed, NotSignedIn
from service.people import identity
from service.people.identity import SignedIn
from service.people.permissions import Permission
from service.reporting import ROUTES, in_words

HERE = Path(__file__).parent
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
FLASH = "answerloop_flash"
FLASH_LIMIT = 500


@dataclass(frozen=True)
class Place:
    """An entry of the navigation; `first` is the front page of whoever may go there, lowest number first."""

    path: str
    label: str
    permission: Permission
    first: int = 100


PLACES: list[Place] = []
"""The navigation; filled when the page modules are installed."""

templates = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(), undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
templates.globals["in_words"] = in_words
templates.globals["routes"] = ROUTES
templates.globals["has_htmx"] = (HERE / "static" / "vendor" / "htmx.min.js").exists()


def words(name: str) -> str:
    """A category, route or state as a person reads it."""
    return name.replace("_", " ")


templates.filters["words"] = words


def signed_in_or_none(request: Request) -> SignedIn | None:
    """Who this browser belongs to, if anybody is signed in."""
    secret = request.cookies.get(COOKIE)
    if not secret:
        return None
    stations = stations_of(request)
    try:
        with stations.database.read() as session:
            return identity.authenticate_session(session, secret, stations.clock())
    except NotSignedIn:
        return None


def signed_in_of(request: Request) -> SignedIn:
    """Who this browser belongs to. Raises NotSignedIn."""
    signed_in = signed_in_or_none(request)
    if signed_in is None:
        raise NotSignedIn("sign in first: open `/`")
    return signed_in


SignedInOf = Annotated[SignedIn, Depends(signed_in_of)]


async def form_of(request: Request, signed_in: SignedInOf) -> FormData:
    """The form that was sent. Raises NotAllowed where it does not carry this session's token (field or header)."""
    form = await request.form(max_files=0, max_fields=500)
    if not signed_in.accepts(request.headers.get("x-csrf-token") or text_of(form, "csrf")):
        raise NotAllowed("this form is too old; go back, reload the page and send it again")
    return form


FormOf = Annotated[FormData, Depends(form_of)]


def text_of(form: FormData, name: str) -> str:
    """A field of a form without surrounding space; empty where it is missing."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def page(request: Request, name: str, signed_in: SignedIn | None, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a template with the navigation, and once the message that `go` left."""
    places = [p for p in PLACES if signed_in is not None and signed_in.caller.may(p.permission)]
    flash = unquote(request.cookies.get(FLASH, ""))[:FLASH_LIMIT]
    here = request.url.path
    text = templates.get_template(name).render(signed_in=signed_in, places=places, here=here, flash=flash, **values)
    response = HTMLResponse(text, status, HEADERS)
    if flash:
        response.delete_cookie(FLASH)
    return response


def part(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a piece of a page, as htmx asks for it."""
    return HTMLResponse(templates.get_template(name).render(**values), status, HEADERS)


def go(path: str, flash: str = "") -> RedirectResponse:
    """Go on to another page after a form, with a message that is shown there once."""
    response = RedirectResponse(path, 303)
    if flash:
        response.set_cookie(FLASH, quote(flash[:FLASH_LIMIT]), max_age=60, httponly=True, samesite="lax")
    return response


class PageRoute(APIRoute):
    """A route whose errors are pages: who is not signed in goes to the front page, others read what is wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with errors turned into pages."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            if request.method == "GET":
                request.scope["query_string"] = _said(request.scope["query_string"])
            try:
                return await handle(Request(request.scope, request.receive))
            except NotSignedIn:
                wanted = request.url.path if request.method == "GET" else "/"
                return RedirectResponse(f"/?next={quote(wanted)}", 303, HEADERS)
            except RequestValidationError:
                return refused(request, 422, "This address or form holds something that does not fit.")
            except AnswerloopError as error:
                return refused(request, error.status, error.detail)

        return handled


def _said(query: bytes) -> bytes:
    """A query without empty values: a filter left at “any” says nothing."""
    return urlencode([(name, value) for name, value in parse_qsl(query.decode("ascii", "replace")) if value]).encode()


def refused(request: Request, status: int, problem: str) -> HTMLResponse:
    """A page that says what is wrong."""
    return page(request, "problem.html", signed_in_or_none(request), status, problem=problem)
