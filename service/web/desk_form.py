"""The form of the desk, read into a revision: what was typed into each sentence, which were kept or cut, what was added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from service.desk.reading_back import edits_of
from service.desk.revision import NewRevision, SentenceEdit, as_text
from service.errors import InvalidInput
from service.web.rendering import text_of

TOP, END = "top", "end"


def revision_of(form: FormData, machine: Sequence[dict[str, Any]]) -> NewRevision:
    """What the form says of the draft's sentences, or of its text where it was edited as a whole. Raises InvalidInput."""
    try:
        if "text" in form:
            kept = [str(s["id"]) for s in machine if text_of(form, f"act:{s['id']}") == "keep"]
            return NewRevision(text=_text(form, "text").strip(), confirmed=kept)
        done = [edit for sentence in machine if (edit := _edit(form, sentence)) is not None]
        return NewRevision(text=None, sentences=[*done, *_added(form)])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInput(str(first["msg"]), field=str(first["loc"][0]) if first["loc"] else "text") from None


def same(new: NewRevision, machine: Sequence[dict[str, Any]], text: str, edits: Sequence[SentenceEdit]) -> bool:
    """Whether a revision says nothing beyond the text and the edits that are there."""
    done = edits_of(new, machine, edits)
    now = new.text if new.text is not None else as_text(machine, done)
    return now.strip() == text.strip() and {e.id: e for e in done} == {e.id: e for e in edits}


def _edit(form: FormData, sentence: dict[str, Any]) -> SentenceEdit | None:
    id_, act = str(sentence["id"]), text_of(form, f"act:{sentence['id']}")
    text = _text(form, f"text:{id_}").strip() if f"text:{id_}" in form else str(sentence["text"])
    if act == "cut":
        return SentenceEdit(id=id_, action="cut")
    if not text:
        return SentenceEdit(id=id_, action="cut")
    if " ".join(text.split()) != " ".join(str(sentence["text"]).split()):
        return SentenceEdit(id=id_, action="change", text=text)
    return SentenceEdit(id=id_, action="keep") if act == "keep" else None


def _added(form: FormData) -> list[SentenceEdit]:
    found = []
    for name in form:
        kind, _, id_ = name.partition(":")
        text = _text(form, name).strip() if kind == "own" else ""
        if text:
            passage = text_of(form, f"passage:{id_}") or None
            found.append(
                SentenceEdit(id=id_, action="add", text=text, after=_place(form, f"after:{id_}"), passage_id=passage)
            )
    text = _text(form, "new").strip()
    if text:
        taken = {edit.id for edit in found}
        count = next(n for n in range(1, 400) if f"own-{n}" not in taken)
        found.append(SentenceEdit(id=f"own-{count}", action="add", text=text, after=_place(form, "new_after")))
    return found


def _place(form: FormData, name: str) -> str | None:
    place = text_of(form, name)
    return "" if place == TOP else None if place in ("", END) else place


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""
