"""The mentors' desk: what waits, the mentor's own topics and figures. Each form does what an API call does."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service import editing, mentoring
from service.api.calling import stations_of
from service.api.desk import FiltersOf, place_of
from service.api.paging import encode
from service.desk.waiting import Filters
from service.errors import Conflict
from service.feedback import edits as figures
from service.people.permissions import require
from service.web.desk_view import list_values
from service.web.rendering import FormOf, PageRoute, Place, SignedInOf, go, page

PAGE_SIZE = 40
PLACES = (Place("/desk", "Desk", "drafts.edit", first=2),)
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/desk")
def waiting(request: Request, signed_in: SignedInOf, filters: FiltersOf, cursor: str | None = None) -> Response:
    """The drafts that wait, with filters in the address, and the mentor's own figures."""
    stations, caller = stations_of(request), signed_in.caller
    listed = mentoring.listing(stations, caller, filters, PAGE_SIZE, place_of(cursor))
    with stations.database.read() as session:
        own, chosen_topics = figures.of_mentor(session, caller.id), mentoring.topics_of(session, caller)
    chosen = {k: v for k, v in request.query_params.items() if v and k in Filters.__dataclass_fields__}
    more = urlencode(chosen | {"cursor": encode(listed[-1]["id"])}) if len(listed) == PAGE_SIZE else ""
    vocabulary = [entry["tag"] for entry in stations.vocabulary("" if caller.site == "*" else caller.site)]
    return page(
        request, "desk.html", signed_in, entries=list_values(listed, stations.clock()), chosen=chosen, more=more, own=own,
        counts=mentoring.counts(stations, caller), topics=chosen_topics, vocabulary=vocabulary,
    )  # fmt: skip


@router.post("/desk/next")
def take_next(request: Request, signed_in: SignedInOf, _form: FormOf) -> Response:
    """Take the draft to go on with."""
    stations, caller = stations_of(request), signed_in.caller
    found = mentoring.next_for(stations, caller)
    if found is None:
        return go("/desk", "Nothing waits that nobody holds.")
    try:
        editing.take(stations, caller, found)
    except Conflict:
        return go("/desk", "Somebody else was quicker; choose another one.")
    return go(f"/desk/{found}")


@router.post("/desk/topics")
def choose_topics(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Keep the mentor's own topics."""
    wanted = [value for value in form.getlist("topics") if isinstance(value, str)]
    mentoring.choose_topics(stations_of(request), signed_in.caller, wanted)
    return go("/desk?mine=true" if wanted else "/desk", "Kept.")


@router.get("/desk/figures")
def read_figures(request: Request, signed_in: SignedInOf) -> Response:
    """What became of drafts: the mentor's own; for admins everybody's."""
    stations, caller = stations_of(request), signed_in.caller
    require(caller, "drafts.edit")
    with stations.database.read() as session:
        own = figures.of_mentor(session, caller.id)
        every = figures.of_all(session, mentoring.site_of(caller)) if caller.role == "admin" else None
    return page(request, "desk_figures.html", signed_in, own=own, every=every)
