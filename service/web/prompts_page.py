"""Prompts, policies and taxonomies: versions, what differs between them, where labels point, gate and shadow runs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from service.api import prompts as prompts_api
from service.api.calling import stations_of
from service.errors import AnswerloopError, Conflict, InvalidInput, NotFound
from service.people.identity import SignedIn
from service.people.permissions import require
from service.prompting.labels import CANDIDATE, PRODUCTION
from service.web.changes import rows_of
from service.web.rendering import FormOf, PageRoute, Place, SignedInOf, go, page, text_of

PLACES = (Place("/prompts", "Prompts", "prompts.read"),)
Version = Annotated[str, Query(max_length=24)]
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/prompts")
def prompts(request: Request, signed_in: SignedInOf) -> Response:
    """Every name with what is live."""
    listed = prompts_api.list_prompts(stations_of(request), signed_in.caller)["data"]
    return page(request, "prompts.html", signed_in, listed=listed)


@router.get("/prompts/{name:path}")
def one_prompt(
    request: Request, signed_in: SignedInOf, name: str, old: Version = "", new: Version = "", read: Version = ""
) -> Response:
    """One name: versions, difference, labels, gate runs, shadow."""
    return _page(request, signed_in, name, old, new, read)


@router.post("/prompts/{name:path}")
def move(request: Request, signed_in: SignedInOf, name: str, form: FormOf) -> Response:
    """Move a label, or start the gate run that may."""
    stations, caller = stations_of(request), signed_in.caller
    require(caller, "prompts.move")
    sent = {
        "version": text_of(form, "version"),
        "reason": text_of(form, "reason"),
        "override": bool(form.get("override")),
    }
    label = text_of(form, "label") or PRODUCTION
    try:
        wanted = prompts_api.WantedMove.model_validate(sent)
        made = prompts_api.move_label(name, label, wanted, Response(), stations, caller)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return _page(request, signed_in, name, refusal=InvalidInput(f"{first['loc'][0]}: {first['msg']}"), written=sent)
    except (Conflict, InvalidInput, NotFound) as refusal:
        return _page(request, signed_in, name, refusal=refusal, written=sent)
    if made["state"] == "gate":
        return go(f"/prompts/{name}", f"A gate run on {wanted.version} was started; it moves the label if it passes.")
    restart = " Restart the service: it goes by another version still." if made["restart_needed"] else ""
    return go(f"/prompts/{name}", f"{label} of {name} points to {wanted.version}.{restart}")


def _page(
    request: Request, signed_in: SignedIn, name: str, old: str = "", new: str = "", read: str = "", *,
    refusal: AnswerloopError | None = None, written: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    stations, caller = stations_of(request), signed_in.caller
    shown = prompts_api.read_prompt(name, stations, caller)
    versions, labels = [v["version"] for v in shown["versions"]], shown["labels"]
    new = new or labels.get(CANDIDATE) or versions[-1]
    old = old or labels.get(PRODUCTION) or versions[0]
    if old == new and len(versions) > 1 and not request.query_params.get("new"):
        old = versions[max(0, versions.index(new) - 1)]
    diff = prompts_api.diff_versions(name, stations, caller, old, new)["diff"] if old != new else ""
    text = prompts_api.read_version(name, read, stations, caller)["text"] if read else ""
    history = prompts_api.label_history(name, stations, caller)
    newest = next(iter(shown["gates"]), None)
    return page(
        request, "prompt.html", signed_in, refusal.status if refusal else 200, prompt=shown, old=old, new=new,
        rows=rows_of(diff), read=read, text=text, moves=history["moves"][:20], gates=history["gates"], newest=newest,
        waits=newest is not None and newest["state"] != "done", refusal=refusal, versions=versions,
        written={"version": "", "reason": ""} | (written or {}),
        overridable={gate["version"] for gate in _newest_of_each(history["gates"]) if gate["verdict"] == "unmeasured"},
    )  # fmt: skip


def _newest_of_each(gates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for gate in gates:
        found.setdefault(gate["version"], gate)
    return list(found.values())
