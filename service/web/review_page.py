"""The moderators' pages: the queue, one item, and the forms that decide. Each form does what an API call does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from service import deciding, moderating
from service.api.calling import stations_of
from service.api.paging import encode
from service.api.review import FiltersOf, place_of
from service.api.sites import sites_of
from service.errors import AnswerloopError, Conflict, InvalidInput, NotFound
from service.flagging.flag import Category
from service.people.permissions import Caller, require
from service.review import wellbeing
from service.review.queue import Filters
from service.review.verdict import distressing
from service.stations import Stations
from service.web.deciding_form import decision_of, reason_of, shown_to
from service.web.item_view import item_values
from service.web.rendering import FormOf, PageRoute, Place, SignedInOf, go, page, text_of

PAGE_SIZE = 40
CATEGORIES = get_args(Category)
WAITS = ((1, "an hour"), (6, "6 hours"), (24, "a day"), (72, "3 days"), (168, "a week"))
"""How long an item may have waited, to choose from."""
PLACES = (Place("/review", "Review", "review", first=1),)
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/review")
def queue(
    request: Request, signed_in: SignedInOf, filters: FiltersOf, cursor: str | None = None, done: str = ""
) -> Response:
    """The queue with filters, counts and a bulk form."""
    stations, caller = stations_of(request), signed_in.caller
    listed = moderating.listing(stations, caller, filters, PAGE_SIZE, place_of(cursor))
    now, policy = stations.clock(), stations.readers.policy
    sites = sites_of(stations, caller)
    with stations.database.read() as session:
        choices = wellbeing.choices_of(session, caller.id)
        shift = wellbeing.shift(session, caller.id, choices, now)
    entries = []
    for one in listed:
        heavy = choices.collapse_distress and distressing(policy, one.item.categories)
        minutes = int((now - one.item.opened_at).total_seconds() // 60)
        entries.append(moderating.entry(one, now) | {"age": _age(minutes), "collapsed": heavy})
    chosen = _chosen(request)
    more = urlencode(chosen | {"cursor": encode(listed[-1].item.urgency, listed[-1].item.id)}) if listed else ""
    return page(
        request, "review.html", signed_in, entries=entries, counts=moderating.counts(stations, caller, filters.site), chosen=chosen,
        done=_undoable(stations, caller, done), carried=_at("", request),
        more=more if len(listed) == PAGE_SIZE else "", choices=choices, shift=shift, categories=CATEGORIES,
        events="/v1/review/events" + ("?" + urlencode({"site": filters.site}) if filters.site else ""), sites=sites if len(sites) > 1 else [],
        who=("machine", "member", "audit") if caller.may("settings") else ("machine", "member"),
        since={(now - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:00:00Z"): label for hours, label in WAITS},
    )  # fmt: skip


@router.post("/review/next")
def start(request: Request, signed_in: SignedInOf, filters: FiltersOf, _form: FormOf) -> Response:
    """Take the next item that fits the filters in the address."""
    return _on(request, signed_in.caller, filters)


@router.post("/review/wellbeing")
def choose(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Keep the moderator's own choices."""
    stations = stations_of(request)
    require(signed_in.caller, "review")
    numbers = {name: text_of(form, name) for name in ("distress_in_row", "break_after_minutes")}
    if not all(value.isdecimal() and int(value) <= 480 for value in numbers.values()):
        raise InvalidInput("both are whole numbers from 0 to 480", field="break_after_minutes")
    choices = wellbeing.Choices(
        distress_in_row=min(50, int(numbers["distress_in_row"])), collapse_distress=bool(form.get("collapse_distress")),
        break_after_minutes=int(numbers["break_after_minutes"]),
    )  # fmt: skip
    with stations.database.write() as session:
        wellbeing.choose(session, signed_in.caller.id, choices)
    return go(_at("/review", request), "Kept.")


@router.post("/review/bulk")
def bulk(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Preview a decision on several items, or carry it out."""
    stations, verdict = stations_of(request), text_of(form, "verdict")
    chosen = [value for value in form.getlist("item") if isinstance(value, str)][:200]
    pairs = [value.partition(":") for value in chosen]
    wanted = [(item, decision_of({"assessment_id": seen, "verdict": verdict})) for item, _, seen in pairs]
    require(signed_in.caller, "review")
    preview = text_of(form, "confirmed") != "yes"
    results = deciding.decide_many(stations, signed_in.caller, wanted, preview=preview)
    with stations.database.read() as session:
        collapsing = preview and wellbeing.choices_of(session, signed_in.caller.id).collapse_distress
        shown = [result.item_id for result in results] if collapsing else []
        heavy = moderating.weighing_items(session, stations.readers.policy, shown)
    if not preview:
        made = sum(result.decision_id is not None for result in results)
        return go(_at("/review", request), f"{made} decided, {len(results) - made} left as they were.")
    return page(
        request, "review_bulk.html", signed_in, results=results, verdict=verdict, chosen=chosen, heavy=heavy,
        carried=_at("", request),
    )  # fmt: skip


@router.get("/review/{item_id}")
def item(request: Request, signed_in: SignedInOf, item_id: str, done: str = "") -> Response:
    """One item with everything a decision needs."""
    return _item(request, signed_in, item_id, done=done)


@router.post("/review/{item_id}/claim")
def claim(request: Request, signed_in: SignedInOf, item_id: str, _form: FormOf, renew: bool = False) -> Response:
    """Take an item. `renew` keeps a lease while the page is open and takes nothing that was given back."""
    if renew:
        deciding.renew(stations_of(request), signed_in.caller, item_id)
        return Response(status_code=204)
    try:
        deciding.claim(stations_of(request), signed_in.caller, item_id)
    except Conflict as refusal:
        return _item(request, signed_in, item_id, refusal)
    return go(_at(f"/review/{item_id}", request))


@router.post("/review/{item_id}/release")
def release(request: Request, signed_in: SignedInOf, item_id: str, _form: FormOf) -> Response:
    """Give an item back."""
    deciding.release(stations_of(request), signed_in.caller, item_id)
    return go(_at("/review", request), "Given back.")


@router.post("/review/{item_id}/skip")
def skip(request: Request, signed_in: SignedInOf, filters: FiltersOf, item_id: str, _form: FormOf) -> Response:
    """Give an item back and go on with the one after it that fits the filters."""
    stations, caller = stations_of(request), signed_in.caller
    deciding.release(stations, caller, item_id)
    with stations.database.read() as session:
        here = deciding.find_item(session, caller, item_id)
    row = moderating.next_for(stations, caller, filters, after=(here.urgency, here.id))
    if row is not None:
        return _take(request, caller, row.id)
    return go(_at("/review", request), "That was the last one.")


@router.post("/review/{item_id}/decide")
def decide(request: Request, signed_in: SignedInOf, filters: FiltersOf, item_id: str, form: FormOf) -> Response:
    """Decide, and go on with the next item that fits the filters."""
    stations, caller = stations_of(request), signed_in.caller
    try:
        shown = moderating.open_item(stations, caller, item_id)
        deciding.decide(stations, caller, item_id, shown_to(form, shown))
    except (Conflict, InvalidInput, NotFound) as refusal:
        return _item(request, signed_in, item_id, refusal, written=_written(form))
    return _on(request, caller, filters, done=item_id)


@router.post("/review/{item_id}/escalate")
def escalate(request: Request, signed_in: SignedInOf, item_id: str, form: FormOf) -> Response:
    """Move an item to the top and to the admins."""
    try:
        deciding.escalate(stations_of(request), signed_in.caller, item_id, reason_of(form))
    except (Conflict, InvalidInput) as refusal:
        return _item(request, signed_in, item_id, refusal, written=_written(form))
    return go(_at("/review", request), "Escalated; the admins are told.")


@router.post("/review/{item_id}/undo")
def undo(request: Request, signed_in: SignedInOf, item_id: str, _form: FormOf) -> Response:
    """Take one's own decision back."""
    deciding.undo(stations_of(request), signed_in.caller, item_id)
    return go(_at(f"/review/{item_id}", request), "Taken back; the item is open again.")


@router.post("/review/{item_id}/reopen")
def reopen(request: Request, signed_in: SignedInOf, item_id: str, form: FormOf) -> Response:
    """Open a decided item again."""
    deciding.reopen(stations_of(request), signed_in.caller, item_id, reason_of(form))
    return go(_at(f"/review/{item_id}", request), "Open again.")


def _item(
    request: Request, signed_in: Any, item_id: str, refusal: AnswerloopError | None = None, *,
    written: dict[str, Any] | None = None, done: str = "",
) -> Response:  # fmt: skip
    stations, caller = stations_of(request), signed_in.caller
    try:
        shown = moderating.open_item(stations, caller, item_id)
    except NotFound as gone:
        if gone.extra.get("reason") != "erased":
            raise
        return page(request, "review_gone.html", signed_in, gone.status, item_id=item_id, carried=_at("", request))
    with stations.database.read() as session:
        choices = wellbeing.choices_of(session, caller.id)
        shift = wellbeing.shift(session, caller.id, choices, stations.clock())
    vocabulary = [entry["tag"] for entry in stations.vocabulary(shown["site"])]
    values = item_values(shown, vocabulary, written or {})
    return page(
        request, "review_item.html", signed_in, refusal.status if refusal else 200, **values, refusal=refusal,
        changed=refusal.extra.get("changed") if refusal else None, categories=CATEGORIES, shift=shift,
        collapsing=choices.collapse_distress, collapsed=choices.collapse_distress and shown["distressing"],
        done=_undoable(stations, caller, done), carried=_at("", request),
    )  # fmt: skip


def _written(form: FormData) -> dict[str, Any]:
    """What was typed and ticked, to be shown again."""
    return dict(form) | ({"tags": form.getlist("tags")} if form.get("tags_shown") else {})


def _on(request: Request, caller: Caller, filters: Filters, done: str = "") -> Response:
    row = moderating.next_for(stations_of(request), caller, filters)
    if row is not None:
        return _take(request, caller, row.id, done)
    nothing = "Nothing else fits these filters." if _chosen(request) else "Nothing else waits."
    return go(_at("/review", request, done), nothing)


def _take(request: Request, caller: Caller, item_id: str, done: str = "") -> Response:
    try:
        deciding.claim(stations_of(request), caller, item_id)
    except Conflict:
        return go(_at("/review", request), "Somebody else was quicker; choose another one.")
    return go(_at(f"/review/{item_id}", request, done))


def _chosen(request: Request) -> dict[str, str]:
    """The filters in the address, as they were chosen."""
    return {k: v for k, v in request.query_params.items() if v and k in Filters.__dataclass_fields__}


def _at(path: str, request: Request, done: str = "") -> str:
    """A path with the filters in the address of the present one, so that they hold until somebody lifts them."""
    query = urlencode(_chosen(request) | ({"done": done} if done else {}))
    return f"{path}?{query}" if query else path


def _undoable(stations: Stations, caller: Caller, item_id: str) -> dict[str, Any] | None:
    """The decision just made, while it can be undone."""
    return moderating.undoable(stations, caller, item_id) if item_id else None


def _age(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
