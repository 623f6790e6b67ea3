"""Settings for admins: sites, people and roles, keys, webhooks, the audit log. Each form does what an API call does."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from service.api import audit as audit_api
from service.api import people as people_api
from service.api import sites as sites_api
from service.api import switches as switches_api
from service.api import webhooks as webhooks_api
from service.api.calling import stations_of
from service.clock import rfc3339
from service.database import Database
from service.errors import InvalidInput, NotFound
from service.integrations.webhooks import EVENTS
from service.models.switches import FEATURES
from service.people.identity import SignedIn
from service.people.permissions import ROLES, Caller, require
from service.people.site_settings import MOST_DAYS
from service.review import audit
from service.stations import Stations
from service.web.rendering import FormOf, PageRoute, Place, SignedInOf, go, page, text_of

PLACES = (Place("/settings", "Settings", "settings"),)
Model = TypeVar("Model", bound=BaseModel)
_CHECKS: WeakKeyDictionary[Database, audit.Checks] = WeakKeyDictionary()
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/settings")
def settings(request: Request, signed_in: SignedInOf) -> Response:
    """Everything an admin can set."""
    return _page(request, signed_in)


@router.post("/settings/sites")
def change_site(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Change what a site decides for itself; an empty field leaves it to the service."""
    require(signed_in.caller, "settings")
    site, written = text_of(form, "site"), text_of(form, "answer_age_days")
    try:
        sent = sites_api.SiteChoices.model_validate({"answer_age_days": written or None})
    except ValidationError:
        problem = f"{written[:20]!r} is no whole number of days from 1 to {MOST_DAYS}."
        return _page(request, signed_in, refused=(site, written, problem))
    now = sites_api.change_settings(site, sent, stations_of(request), signed_in.caller)
    return go("/settings", f"{site}: answers older than {now['answer_age_days']} days are shown as old.")


@router.post("/settings/people")
def add_person(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Add a person, and show the sign-in link this once."""
    require(signed_in.caller, "people")
    named: dict[str, Any] = {name: text_of(form, name) for name in ("email", "role", "site", "name")}
    topics = [topic for topic in re.split(r"[,\s]+", text_of(form, "topics")) if topic]
    sent = _checked(people_api.NewPerson, named | {"topics": topics or None})
    made = people_api.add_person(sent, stations_of(request), signed_in.caller)
    return _page(request, signed_in, once=("Sign-in link, shown this once", made["sign_in_link"]))


@router.post("/settings/people/{person_id}/disable")
def disable_person(request: Request, signed_in: SignedInOf, person_id: str, _form: FormOf) -> Response:
    """Let somebody in no longer."""
    people_api.disable_person(person_id, stations_of(request), signed_in.caller)
    return go("/settings", "They can no longer sign in.")


@router.post("/settings/people/{person_id}/sign-out")
def sign_out_person(request: Request, signed_in: SignedInOf, person_id: str, _form: FormOf) -> Response:
    """End every session of a person."""
    people_api.sign_out_everywhere(person_id, stations_of(request), signed_in.caller)
    return go("/settings", "They are signed out everywhere.")


@router.post("/settings/keys")
def add_key(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Make a key, and show it this once."""
    sent = _checked(people_api.NewKey, {"role": text_of(form, "role"), "site": text_of(form, "site")})
    made = people_api.add_key(sent, stations_of(request), signed_in.caller)
    return _page(request, signed_in, once=("API key, shown this once", made["key"]))


@router.post("/settings/keys/{key_id}/revoke")
def revoke_key(request: Request, signed_in: SignedInOf, key_id: str, _form: FormOf) -> Response:
    """End a key."""
    people_api.revoke_key(key_id, stations_of(request), signed_in.caller)
    return go("/settings", "The key is revoked.")


@router.post("/settings/webhooks")
def add_webhook(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Register an endpoint."""
    require(signed_in.caller, "settings")
    named: dict[str, Any] = {name: text_of(form, name) for name in ("site", "url", "secret")}
    sent = _checked(webhooks_api.NewEndpoint, named | {"events": form.getlist("events")})
    webhooks_api.add_endpoint(sent, stations_of(request), signed_in.caller)
    return go("/settings", "The endpoint is registered.")


@router.post("/settings/switches")
def move_switch(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Switch off or on what asks models."""
    require(signed_in.caller, "settings")
    feature, on = text_of(form, "feature"), text_of(form, "on") == "yes"
    sent = _checked(switches_api.WantedSwitch, {"on": on, "reason": text_of(form, "reason")})
    switches_api.move_switch(feature, sent, stations_of(request), signed_in.caller)
    return go("/settings", f"{feature} is switched {'on' if on else 'off'}.")


@router.get("/settings/audit")
def audit_of_post(request: Request, signed_in: SignedInOf, post: str = "", verify: str = "") -> Response:
    """Every link of the chain about one post, to read or to download; with `verify=all` the whole chain is read anew."""
    stations, caller = stations_of(request), signed_in.caller
    require(caller, "audit")
    post_id = post.strip()[:36]
    links: list[dict[str, Any]] = []
    problem = ""
    try:
        links = audit_api.export_post(post_id, stations, caller)["data"] if post_id else []
    except NotFound as refusal:
        problem = refusal.detail
    newest = audit_api.list_links(stations, caller, limit=50)["data"] if not post_id else []
    return page(
        request, "audit.html", signed_in, post_id=post_id, links=links, newest=newest, problem=problem,
        chain=_chain(stations, caller, anew=verify == "all"),
    )  # fmt: skip


def _page(
    request: Request,
    signed_in: SignedIn,
    once: tuple[str, str] | None = None,
    refused: tuple[str, str, str] | None = None,
) -> Response:
    """The page; `refused` names the site whose form was refused, what was written there, and what is wrong with it."""
    stations, caller = stations_of(request), signed_in.caller
    require(caller, "settings")
    return page(
        request, "settings.html", signed_in, 422 if refused else 200, once=once, roles=ROLES, refused=refused,
        sites=sites_api.settings_of(stations, sites_api.sites_of(stations, caller)),
        default_days=stations.settings.answer_age_days, most_days=MOST_DAYS,
        people=people_api.list_people(stations, caller)["data"], keys=people_api.list_keys(stations, caller)["data"],
        endpoints=webhooks_api.list_endpoints(stations, caller)["data"],
        switches=switches_api.list_switches(stations, caller)["data"], features=FEATURES,
        chain=_chain(stations, caller), events=EVENTS,
    )  # fmt: skip


def _chain(stations: Stations, caller: Caller, *, anew: bool = False) -> dict[str, Any]:
    """The audit chain as the pages show it: what this process verified before is not read again unless `anew`."""
    require(caller, "audit")
    checks = _CHECKS.setdefault(stations.database, audit.Checks())
    checked = checks.look(stations.database, stations.clock(), anew=anew)
    found = checked.found
    return {
        "holds": found.holds, "links": found.links, "head": found.head, "broken_at": found.broken_at,
        "whole_at": rfc3339(checked.whole_at),
    }  # fmt: skip


def _checked(model: type[Model], values: dict[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0])
        raise InvalidInput(f"{field}: {first['msg']}", field=field) from None
