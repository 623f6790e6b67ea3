"""One draft on the desk, and everything its form does. Whatever a button does, what was typed is saved first."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from service import comparing, editing, mentoring
from service.api.calling import stations_of
from service.api.desk import Anew, PutAway
from service.api.posts import KeptTags
from service.api.posts import keep_tags as keep_post_tags
from service.desk import publishing
from service.desk import repository as desk
from service.desk.reading_back import edits_of
from service.desk.revision import NewRevision, SentenceEdit, pieces
from service.errors import AnswerloopError, Conflict, InvalidInput, StaleVersion
from service.people.identity import SignedIn
from service.people.permissions import require
from service.web.desk_form import revision_of, same
from service.web.desk_view import draft_values
from service.web.rendering import FormOf, PageRoute, SignedInOf, go, page, part, text_of

Model = TypeVar("Model", bound=BaseModel)
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/desk/{draft_id}")
def draft(request: Request, signed_in: SignedInOf, draft_id: str) -> Response:
    """One draft with everything an edit needs; `?as=text` edits it as one text."""
    return _draft(request, signed_in, draft_id)


@router.get("/desk/{draft_id}/changes")
def changes(
    request: Request, signed_in: SignedInOf, draft_id: str,
    old: comparing.Which = "machine", new: comparing.Which = "current",
) -> Response:  # fmt: skip
    """What changed between two texts of a draft."""
    stations, caller = stations_of(request), signed_in.caller
    compared = comparing.compare(stations, caller, draft_id, old, new)
    with stations.database.read() as session:
        row = mentoring.find(session, caller, draft_id)
        made = desk.revisions(session, draft_id)
        may = row.status in desk.OPEN and desk.holder(row, stations.clock()) == caller.id
    values: dict[str, Any] = {
        "compared": compared,
        "draft_id": draft_id,
        "revisions": made,
        "version": row.version,
        "may": may,
    }
    if request.headers.get("hx-request") == "true":
        return part("desk_diff.html", csrf=signed_in.csrf, **values)
    return page(request, "desk_changes.html", signed_in, csrf=signed_in.csrf, **values)


@router.get("/desk/{draft_id}/markdown")
def markdown(request: Request, signed_in: SignedInOf, draft_id: str) -> Response:
    """The text to copy, with its provenance and sources."""
    stations, caller = stations_of(request), signed_in.caller
    text = comparing.markdown(stations, caller, draft_id)
    with stations.database.read() as session:
        row = mentoring.find(session, caller, draft_id)
        mine = desk.holder(row, stations.clock()) == caller.id
    return page(
        request,
        "desk_markdown.html",
        signed_in,
        text=text,
        draft_id=draft_id,
        status_now=row.status,
        mine=mine,
        version=row.version,
    )


@router.post("/desk/{draft_id}/claim")
def claim(request: Request, signed_in: SignedInOf, draft_id: str, _form: FormOf) -> Response:
    """Take a draft."""
    try:
        editing.take(stations_of(request), signed_in.caller, draft_id)
    except Conflict as refusal:
        return _draft(request, signed_in, draft_id, refusal)
    return go(f"/desk/{draft_id}")


@router.post("/desk/{draft_id}/tags")
def keep_tags(request: Request, signed_in: SignedInOf, draft_id: str, form: FormOf) -> Response:
    """Say which tags the post keeps."""
    stations, caller = stations_of(request), signed_in.caller
    with stations.database.read() as session:
        post_id = mentoring.find(session, caller, draft_id).post_id
    tags = [value for value in [*form.getlist("tags"), text_of(form, "add_tag")] if isinstance(value, str) and value]
    keep_post_tags(post_id, _checked(KeptTags, {"tags": tags, "by": "mentor"}), stations, caller)
    if request.headers.get("hx-request") == "true":
        values = draft_values(mentoring.open_draft(stations, caller, draft_id), stations, text_view=False)
        return part("desk_tags.html", csrf=signed_in.csrf, saved=True, **values)
    return go(f"/desk/{draft_id}", "The tags are kept.")


@router.post("/desk/{draft_id}/{action}")
def act(request: Request, signed_in: SignedInOf, draft_id: str, action: str, form: FormOf) -> Response:
    """Everything else a mentor does from the form of a draft: what was typed is saved first."""
    require(signed_in.caller, "drafts.edit")
    doing = ACTIONS.get(action)
    if doing is None:
        raise InvalidInput("there is no such action", field="action")
    try:
        version = _save_first(request, signed_in, draft_id, form)
        return doing(request, signed_in, draft_id, version, form)
    except (Conflict, StaleVersion, InvalidInput) as refusal:
        return _draft(request, signed_in, draft_id, refusal, form)


def _save(_request: Request, _signed_in: SignedIn, draft_id: str, _version: int, form: FormData) -> Response:
    return go(f"/desk/{draft_id}?as=text" if "text" in form else f"/desk/{draft_id}", "Saved.")


def _insert(request: Request, signed_in: SignedIn, draft_id: str, version: int, form: FormData) -> Response:
    """Take a point of the evidence into the draft, as a sentence of the mentor's that says where it is from."""
    stations, caller = stations_of(request), signed_in.caller
    shown = mentoring.open_draft(stations, caller, draft_id)
    passage_id, _, number = text_of(form, "point").partition(":")
    passage = next((p for p in shown["passages"] if p["passage_id"] == passage_id), None)
    if passage is None or not number.isdecimal() or int(number) >= len(passage["points"]):
        raise InvalidInput("the evidence has no such point", field="point")
    text = mentoring.as_point(passage["points"][int(number)], passage)
    _add(request, signed_in, draft_id, version, text, passage_id, None)
    return go(f"/desk/{draft_id}", "Taken in, at the end.")


def _use(request: Request, signed_in: SignedIn, draft_id: str, version: int, form: FormData) -> Response:
    """Take a sentence that was written anew: in the place of the one it was written for, or at the end."""
    stations, caller = stations_of(request), signed_in.caller
    shown = mentoring.open_draft(stations, caller, draft_id)
    anew_id, _, sentence_id = text_of(form, "use").partition(":")
    anew = next((a for a in shown["anew"] if a["id"] == anew_id), None)
    sentence = next((s for s in anew["sentences"] if s["id"] == sentence_id), None) if anew else None
    if anew is None or sentence is None:
        raise InvalidInput("there is no such sentence", field="use")
    passage = next((str(s["passage_id"]) for s in sentence["sources"]), None)
    _add(request, signed_in, draft_id, version, str(sentence["text"]), passage, anew["sentence_id"])
    return go(f"/desk/{draft_id}", "Taken in.")


def _add(
    request: Request,
    signed_in: SignedIn,
    draft_id: str,
    version: int,
    text: str,
    passage_id: str | None,
    instead: str | None,
) -> None:
    """Append a revision with one more sentence: behind `instead`, which is cut, or at the end."""
    stations, caller = stations_of(request), signed_in.caller
    with stations.database.read() as session:
        wanted = publishing.ready(session, mentoring.find(session, caller, draft_id))
    known = {edit.id for edit in wanted.edits} | {str(s["id"]) for s in wanted.machine}
    id_ = next(f"own-{n}" for n in range(1, 1000) if f"own-{n}" not in known)
    done = [edit for edit in wanted.edits if edit.id != instead]
    if instead is not None:
        done.append(SentenceEdit(id=instead, action="cut"))
    done.append(SentenceEdit(id=id_, action="add", text=text, passage_id=passage_id, after=instead))
    editing.revise(stations, caller, draft_id, version, NewRevision(sentences=done))


def _sentences(request: Request, signed_in: SignedIn, draft_id: str, version: int, _form: FormData) -> Response:
    """Back from one text to sentences: the text is made of them again; the text as it was stays a revision."""
    stations, caller = stations_of(request), signed_in.caller
    with stations.database.read() as session:
        wanted = publishing.ready(session, mentoring.find(session, caller, draft_id))
    editing.revise(stations, caller, draft_id, version, NewRevision(sentences=wanted.edits))
    return go(f"/desk/{draft_id}", "Made of its sentences again; the text as it was is among the revisions.")


def _restore(request: Request, signed_in: SignedIn, draft_id: str, version: int, form: FormData) -> Response:
    """Bring an earlier revision back, as a new one."""
    stations, caller = stations_of(request), signed_in.caller
    number = text_of(form, "seq")
    with stations.database.read() as session:
        found = desk.revision(
            session, mentoring.find(session, caller, draft_id).id, int(number) if number.isdecimal() else 0
        )
    editing.revise(stations, caller, draft_id, version, NewRevision(text=found.text, sentences=found.edits))
    return go(f"/desk/{draft_id}", f"Revision {number} is back, as a new one.")


def _regenerate(request: Request, signed_in: SignedIn, draft_id: str, version: int, form: FormData) -> Response:
    sent = {"instruction": text_of(form, "instruction"), "sentence_id": text_of(form, "sentence") or None}
    wish = _checked(Anew, sent | {"form": text_of(form, "form") or None})
    editing.regenerate(
        stations_of(request), signed_in.caller, draft_id, version, wish.instruction, wish.sentence_id, wish.form
    )
    return go(f"/desk/{draft_id}#anew", "It is being written beside your text, which stays as it is.")


def _continue(request: Request, signed_in: SignedIn, draft_id: str, version: int, _form: FormData) -> Response:
    editing.continue_with(stations_of(request), signed_in.caller, draft_id, version)
    return go(
        f"/desk/{draft_id}", "This draft has taken the other's place; what you wrote there is kept among its revisions."
    )


def _release(request: Request, signed_in: SignedIn, draft_id: str, version: int, _form: FormData) -> Response:
    editing.release(stations_of(request), signed_in.caller, draft_id, version)
    return go("/desk", "Handed back; what you wrote is kept.")


def _publish(request: Request, signed_in: SignedIn, draft_id: str, version: int, form: FormData) -> Response:
    via: Literal["webhook", "copy"] = "copy" if text_of(form, "via") == "copy" else "webhook"
    done = editing.publish(stations_of(request), signed_in.caller, draft_id, version, via)
    return go(f"/desk/{draft_id}", _said(via, done.more["published"]["endpoints"]))


def _said(via: Literal["webhook", "copy"], endpoints: int) -> str:
    """What happened to a text that was published."""
    if via == "copy":
        return "Noted as published; no webhook was sent."
    if not endpoints:
        return (
            "Published here, but no site was told: no webhook endpoint is registered for it. "
            "Use “Copy as Markdown” to put the answer on the site."
        )
    return f"Published: the site is told, at {endpoints} webhook endpoint{'s' if endpoints > 1 else ''}."


def _discard(request: Request, signed_in: SignedIn, draft_id: str, version: int, form: FormData) -> Response:
    if not text_of(form, "reason"):
        raise InvalidInput("say why it is not used", field="reason")
    why = _checked(PutAway, {"reason": text_of(form, "reason"), "note": text_of(form, "note") or None})
    editing.discard(stations_of(request), signed_in.caller, draft_id, version, why.reason, why.note)
    return go("/desk", "Put away.")


ACTIONS = {
    "save": _save, "insert": _insert, "use": _use, "sentences": _sentences, "restore": _restore, "regenerate": _regenerate,
    "continue": _continue, "release": _release, "publish": _publish, "discard": _discard,
}  # fmt: skip


def _save_first(request: Request, signed_in: SignedIn, draft_id: str, form: FormData) -> int:
    """Append what the form says where it is new. Returns the version to go on with."""
    stations, caller = stations_of(request), signed_in.caller
    said = text_of(form, "version")
    if not said.isdecimal() or len(said) > 9:
        raise InvalidInput("the form names no version of the draft; reload the page", field="version")
    if not form.get("edited"):
        return int(said)
    with stations.database.read() as session:
        row = mentoring.find(session, caller, draft_id)
        wanted = publishing.ready(session, row)
    new = revision_of(form, wanted.machine)
    if same(new, wanted.machine, wanted.text, wanted.edits):
        return int(said)
    return editing.revise(stations, caller, draft_id, int(said), new).version


def _draft(
    request: Request,
    signed_in: SignedIn,
    draft_id: str,
    refusal: AnswerloopError | None = None,
    form: FormData | None = None,
) -> Response:
    stations, caller = stations_of(request), signed_in.caller
    shown = mentoring.open_draft(stations, caller, draft_id)
    text_view = request.query_params.get("as") == "text" or (form is not None and "text" in form)
    if form is not None and form.get("edited"):
        shown = _written(request, signed_in, shown, form)
    values = draft_values(shown, stations, text_view=text_view or shown["free"])
    written = {k: v for k, v in (form or {}).items() if isinstance(v, str)}
    return page(
        request, "desk_draft.html", signed_in, refusal.status if refusal else 200, refusal=refusal, written=written,
        csrf=signed_in.csrf, saved=False, listening=editing.listening(stations, shown["site"]), **values,
    )  # fmt: skip


def _written(request: Request, signed_in: SignedIn, shown: dict[str, Any], form: FormData) -> dict[str, Any]:
    """The draft as the refused form had it, so that nothing typed is lost."""
    stations, caller = stations_of(request), signed_in.caller
    with stations.database.read() as session:
        wanted = publishing.ready(session, mentoring.find(session, caller, shown["id"]))
    try:
        new = revision_of(form, wanted.machine)
    except InvalidInput:
        return shown
    known = {piece["id"]: piece for piece in shown["pieces"]}
    own: dict[str, Any] = {"grounding": None, "blocked": None, "machine": None, "sources": []}
    placed = [
        known.get(p.id, own) | {"id": p.id, "section": p.section, "action": p.action, "text": p.text,
                                "after": p.edit.after if p.edit else None, "passage_id": p.edit.passage_id if p.edit else None}
        for p in pieces(wanted.machine, edits_of(new, wanted.machine, wanted.edits))
    ]  # fmt: skip
    return shown | {"pieces": placed, "text": new.text if new.text is not None else shown["text"]}


def _checked(model: type[Model], values: dict[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0])
        raise InvalidInput(f"{field}: {first['msg']}", field=field) from None
