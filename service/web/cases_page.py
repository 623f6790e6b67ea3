"""Candidate cases: proposed from outcomes, looked at, accepted or rejected. Each form does what an API call does."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from service.api import cases as cases_api
from service.api.calling import stations_of
from service.api.outcomes import site_of
from service.errors import InvalidInput
from service.feedback import cases
from service.feedback.candidates import KINDS
from service.flagging.policy import CATEGORIES
from service.people.permissions import require
from service.web.rendering import FormOf, PageRoute, SignedInOf, go, page, text_of

router = APIRouter(include_in_schema=False, route_class=PageRoute)
SHOWN = 20


@router.get("/quality/cases")
def candidate_cases(request: Request, signed_in: SignedInOf) -> Response:
    """Cases that wait for somebody to look at them."""
    stations, caller = stations_of(request), signed_in.caller
    require(caller, "outcomes")
    site = site_of(caller, None)
    with stations.database.read() as session:
        found = [cases_api.shown(row) for row in cases.listed(session, site, "proposed", SHOWN)]
        counts = cases.counts(session, site)
    return page(
        request, "cases.html", signed_in, found=found, counts=counts, kinds=KINDS, categories=CATEGORIES
    )  # fmt: skip


@router.post("/quality/cases/export")
def export(request: Request, signed_in: SignedInOf, form: FormOf) -> Response:
    """Propose cases from outcomes, from those of a kind or category, or from one."""
    said = {name: text_of(form, name) for name in ("kind", "category", "outcome")}
    chosen = {name: said[name] or None for name in ("kind", "category")}
    try:
        wanted = cases_api.Export.model_validate(chosen | {"outcomes": [said["outcome"]] if said["outcome"] else []})
    except ValidationError:
        raise InvalidInput("there is no such kind, category or outcome") from None
    made = cases_api.export_cases(wanted, stations_of(request), signed_in.caller)
    return go("/quality/cases", f"{len(made['proposed'])} new cases are proposed.")


@router.post("/quality/cases/{case_id}/accept")
def accept(request: Request, signed_in: SignedInOf, case_id: str, _form: FormOf) -> Response:
    """Let a case into the suite."""
    cases_api.decide(stations_of(request), signed_in.caller, case_id, "accepted", None)
    return go("/quality/cases", "The case is in the suite.")


@router.post("/quality/cases/{case_id}/reject")
def reject(request: Request, signed_in: SignedInOf, case_id: str, form: FormOf) -> Response:
    """Keep a case out."""
    cases_api.decide(stations_of(request), signed_in.caller, case_id, "rejected", text_of(form, "reason")[:1000])
    return go("/quality/cases", "The case stays out.")
