"""Thresholds of a site: what is in force, what other cuts would have done to past posts, versions on their way."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from service.api import thresholds as thresholds_api
from service.api.calling import stations_of
from service.api.sites import sites_of
from service.errors import AnswerloopError, InvalidInput
from service.flagging.policy import CATEGORIES
from service.people.identity import SignedIn
from service.people.permissions import require
from service.web.rendering import FormOf, PageRoute, SignedInOf, go, page, text_of

CUTS = ("low", "middle", "high")
WISHES = ("miss", "flag")
HOME = "/settings/thresholds"
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/settings/thresholds")
def thresholds(request: Request, signed_in: SignedInOf, site: str = "") -> Response:
    """What is in force at a site, and its versions."""
    require(signed_in.caller, "settings")
    return _page(request, signed_in, site)


@router.post("/settings/thresholds/preview")
def preview(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """What the cuts in the form would have done to past posts. Nothing is kept."""
    stations, caller, site = stations_of(request), signed_in.caller, text_of(form, "site")
    require(caller, "settings")
    try:
        sent = thresholds_api.Changed.model_validate({"changes": _moved(request, signed_in, site, form)})
        found = thresholds_api.preview_changes(site, sent, stations, caller)
    except (InvalidInput, ValidationError) as refusal:
        return _page(request, signed_in, site, refusal, form)
    return page(request, "thresholds_preview.html", signed_in, found=found, site=site, reason="")


@router.post("/settings/thresholds/keep")
def keep(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Keep previewed cuts as a version, with its shadow where enough posts are known."""
    stations, caller, site = stations_of(request), signed_in.caller, text_of(form, "site")
    require(caller, "settings")
    try:
        changes = _moved(request, signed_in, site, form)
        kept = thresholds_api.Kept.model_validate({"changes": changes, "reason": text_of(form, "reason")})
        made = thresholds_api.keep_version(site, kept, stations, caller)
    except (InvalidInput, ValidationError) as refusal:
        return _page(request, signed_in, site, refusal, form)
    try:
        thresholds_api.shadow_version(site, made["number"], stations, caller)
    except InvalidInput as refusal:
        return _to(site, f"Version {made['number']} is kept. No shadow yet: {refusal.detail}.")
    return _to(site, f"Version {made['number']} is kept. It changes nothing until it is moved to production.")


@router.post("/settings/thresholds/fit")
def fit(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Fit a candidate from what people decided."""
    stations, caller, site = stations_of(request), signed_in.caller, text_of(form, "site")
    require(caller, "settings")
    try:
        bounds = {name: text_of(form, name) for name in ("missed", "clean_flagged", "days")}
        sent = thresholds_api.Fit.model_validate(bounds | {name: _wishes(form, name) for name in WISHES})
        made = thresholds_api.fit_version(site, sent, stations, caller)
    except (InvalidInput, ValidationError) as refusal:
        return _page(request, signed_in, site, refusal, form)
    return _to(site, f"Version {made['number']} was fitted from {made['report']['examples']} judged posts.")


@router.post("/settings/thresholds/{number}/shadow")
def shadow(request: Request, signed_in: SignedInOf, number: int, form: FormOf) -> Response:
    """Route past posts with a version beside production."""
    site = text_of(form, "site")
    thresholds_api.shadow_version(site, number, stations_of(request), signed_in.caller)
    return _to(site, f"Version {number} was tried on past posts.")


@router.post("/settings/thresholds/{number}/gate")
def gate(request: Request, signed_in: SignedInOf, number: int, form: FormOf) -> Response:
    """Hold a version against production on the cases."""
    site = text_of(form, "site")
    thresholds_api.gate_version(site, number, stations_of(request), signed_in.caller)
    return _to(site, f"The gate on version {number} was started.")


@router.post("/settings/thresholds/promote")
def promote(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Move production to a version, or back to the shipped cuts."""
    stations, caller, site = stations_of(request), signed_in.caller, text_of(form, "site")
    require(caller, "settings")
    sent = {"number": text_of(form, "number") or None, "reason": text_of(form, "reason")}
    try:
        moved = thresholds_api.promote_version(site, thresholds_api.Promote.model_validate(sent), stations, caller)
    except (AnswerloopError, ValidationError) as refusal:
        return _page(request, signed_in, site, refusal)
    now = "the shipped thresholds" if moved["production"] is None else f"version {moved['production']}"
    return _to(site, f"{site} now uses {now}.")


def _page(
    request: Request, signed_in: SignedIn, site: str, refusal: Exception | None = None, form: FormData | None = None
) -> Response:
    stations, caller = stations_of(request), signed_in.caller
    sites = sites_of(stations, caller)
    site = site if site in sites else sites[0]
    listed = thresholds_api.list_versions(site, stations, caller)
    policy = stations.readers.policy
    rows = [
        {"category": name, "clause": policy.clause_of(name), "cuts": listed["in_force"][name]}
        for name in CATEGORIES
        if policy.active(name)
    ]
    return page(
        request, "thresholds.html", signed_in, _status(refusal), site=site, sites=sites, rows=rows, cuts=CUTS, wishes=WISHES,
        versions=listed["data"], production=listed["production"], moves=listed["moves"], problem=_problem(refusal),
        was_live={move["number"] for move in listed["moves"]}, bounds=thresholds_api.Fit(),
        written={k: v for k, v in (form or {}).items() if isinstance(v, str)},
        wished=form is not None and any(_wishes(form, name) for name in WISHES),
    )  # fmt: skip


def _moved(request: Request, signed_in: SignedIn, site: str, form: FormData) -> dict[str, dict[str, float]]:
    """The cuts of the form that differ from those in force."""
    in_force = thresholds_api.list_versions(site, stations_of(request), signed_in.caller)["in_force"]
    moved: dict[str, dict[str, float]] = {}
    for category, cuts in in_force.items():
        for cut in CUTS:
            written = text_of(form, f"{category}.{cut}")
            if not written:
                continue
            try:
                value = float(written)
            except ValueError:
                raise InvalidInput(f"{category}: {written[:20]!r} is no number", field="changes") from None
            if f"{value:.4f}" != f"{cuts[cut]:.4f}":
                moved.setdefault(category, {})[cut] = value
    if not moved:
        raise InvalidInput("no cut was changed", field="changes")
    return moved


def _wishes(form: FormData, name: str) -> dict[str, str]:
    """category → the percentage written in its field; what was left empty is no wish."""
    written = {category: text_of(form, f"{name}.{category}") for category in CATEGORIES}
    return {category: percent for category, percent in written.items() if percent}


def _status(refusal: Exception | None) -> int:
    return 200 if refusal is None else refusal.status if isinstance(refusal, AnswerloopError) else 422


def _problem(refusal: Exception | None) -> str:
    if isinstance(refusal, ValidationError):
        first: dict[str, Any] = dict(refusal.errors(include_url=False)[0])
        return f"{'.'.join(str(part) for part in first['loc'] if part != 'changes')}: {first['msg']}"
    return refusal.detail if isinstance(refusal, AnswerloopError) else ""


def _to(site: str, said: str) -> Response:
    return go(f"{HOME}?site={site}", said)
