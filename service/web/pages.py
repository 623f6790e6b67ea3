"""The pages, server-rendered, and what every page is served with. They read what the API reads and decide nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.staticfiles import StaticFiles

from service import assessment as assessments
from service.api.calling import COOKIE, stations_of
from service.api.drafts import shown as shown_draft
from service.assessment import AssessmentRow
from service.drafting import repository as drafts
from service.errors import NotFound, NotSignedIn
from service.flagging.flag import Flag
from service.intake import repository as posts
from service.intake.tables import PostRow, PostTextRow
from service.people import identity
from service.people.identity import OpenedSession, SignedIn
from service.people.permissions import require
from service.reporting import ROUTES, in_words
from service.web.highlight import highlighted

HERE = Path(__file__).parent
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_SIZE = 50

router = APIRouter(include_in_schema=False)
templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
)
templates.globals["in_words"] = in_words
templates.globals["routes"] = ROUTES
templates.globals["has_htmx"] = (HERE / "static" / "vendor" / "htmx.min.js").exists()


def install(app: FastAPI) -> None:
    """Add the pages and their files to the app."""
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")


@router.get("/")
def front(request: Request) -> Response:
    """Sign in, or go on where work is."""
    signed_in = _signed_in(request)
    return RedirectResponse("/posts", 303) if signed_in else _page("sign_in.html", None, problem="")


@router.get("/sign-in/{secret}")
def sign_in_page(secret: str) -> Response:
    """The link's page: a button spends it, so that a mail scanner that follows links does not."""
    return _page("spend_link.html", None, secret=secret)


@router.post("/sign-in/{secret}")
def sign_in(secret: str, request: Request) -> Response:
    """Spend a one-time link."""
    stations = stations_of(request)
    try:
        with stations.database.write() as session:
            opened = identity.use_link(session, secret, stations.clock())
    except NotSignedIn as failure:
        return _page("sign_in.html", None, 401, problem=failure.detail)
    return _welcome(request, opened)


@router.post("/sign-in")
def sign_in_with_key(request: Request, key: Annotated[str, Form(max_length=200)]) -> Response:
    """Sign in with an API key."""
    stations = stations_of(request)
    try:
        with stations.database.write() as session:
            opened = identity.open_session_for_key(session, key.strip(), stations.clock())
    except NotSignedIn as failure:
        return _page("sign_in.html", None, 401, problem=failure.detail)
    return _welcome(request, opened)


@router.post("/sign-out")
def sign_out(request: Request, csrf: Annotated[str, Form(max_length=100)] = "") -> Response:
    """End this session."""
    signed_in = _required(request)
    if csrf == signed_in.csrf:
        stations = stations_of(request)
        with stations.database.write() as session:
            identity.sign_out(session, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/", 303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/posts")
def recent(request: Request, before: str | None = None) -> Response:
    """Recent posts with their newest assessment."""
    signed_in = _required(request)
    require(signed_in.caller, "posts.read")
    newest = sa.select(sa.func.max(AssessmentRow.id)).group_by(AssessmentRow.post_id)
    query = (
        sa.select(AssessmentRow, PostTextRow.title, PostRow.external_id)
        .join(PostRow, PostRow.id == AssessmentRow.post_id)
        .join(PostTextRow, sa.and_(PostTextRow.post_id == PostRow.id, PostTextRow.revision == PostRow.revision))
        .where(AssessmentRow.id.in_(newest))
        .order_by(AssessmentRow.id.desc())
        .limit(PAGE_SIZE)
    )
    if signed_in.caller.role != "admin" and signed_in.caller.site != "*":
        query = query.where(AssessmentRow.site == signed_in.caller.site)
    if before:
        query = query.where(AssessmentRow.id < before)
    with stations_of(request).database.read() as session:
        rows: list[dict[str, Any]] = [
            {"row": row, "title": title, "external_id": external_id}
            for row, title, external_id in session.execute(query)
        ]
    return _page("posts.html", signed_in, rows=rows, more=rows[-1]["row"].id if len(rows) == PAGE_SIZE else None)


@router.get("/posts/{post_id}")
def one_post(request: Request, post_id: str) -> Response:
    """One post, its newest assessment in full, and its draft."""
    signed_in = _required(request)
    require(signed_in.caller, "posts.read")
    stations = stations_of(request)
    with stations.database.read() as session:
        try:
            post = posts.get(session, post_id)
        except NotFound:
            return _page("problem.html", signed_in, 404, problem="There is no such post, or it was erased.")
        made = assessments.newest(session, post_id)
        row = drafts.newest_for_post(session, post_id)
        draft = shown_draft(session, row) if row else None
    if made is None or not signed_in.caller.may_on(post.site):
        return _page("problem.html", signed_in, 404, problem="There is no such post.")
    flags: list[Flag] = made.flags
    return _page(
        "post.html", signed_in, post=post, made=made, draft=draft,
        title=highlighted(post.title, "title", flags), body=highlighted(post.body, "body", flags),
    )  # fmt: skip


def _page(name: str, signed_in: SignedIn | None, status: int = 200, **values: Any) -> HTMLResponse:
    text = templates.get_template(name).render(signed_in=signed_in, **values)
    headers = {"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
    headers["Cache-Control"] = "no-store"
    return HTMLResponse(text, status, headers)


def _welcome(request: Request, opened: OpenedSession) -> Response:
    response = RedirectResponse("/posts", 303)
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, opened.secret, max_age=86_400 * identity.SESSION_DAYS, httponly=True, samesite="lax", secure=secure
    )
    return response


def _signed_in(request: Request) -> SignedIn | None:
    secret = request.cookies.get(COOKIE)
    if not secret:
        return None
    stations = stations_of(request)
    try:
        with stations.database.read() as session:
            return identity.authenticate_session(session, secret, stations.clock())
    except NotSignedIn:
        return None


def _required(request: Request) -> SignedIn:
    signed_in = _signed_in(request)
    if signed_in is None:
        raise NotSignedIn("sign in first: open `/`")
    return signed_in
