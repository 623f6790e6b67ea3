"""The form of a decision, read into what the API takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from service.errors import InvalidInput
from service.review.verdict import NOTE_LIMIT, Decide, Words
from service.web.rendering import text_of

_WORDS: TypeAdapter[str] = TypeAdapter(Words)
REJECTED = "-"
"""What a flag's choice sends where the person rejects the flag."""


def shown_to(form: FormData, item: dict[str, Any]) -> Decide:
    """The decision that a form describes. Flags are sent with `change` alone: the other verdicts speak of all of them.
    Tags are sent where the person changed them or said to keep them.

    Raises InvalidInput.
    """
    verdict = text_of(form, "verdict")
    if not verdict:
        raise InvalidInput("choose what you decide", field="verdict")
    sent: dict[str, Any] = {
        "assessment_id": text_of(form, "assessment_id"), "verdict": verdict, "reason": text_of(form, "reason") or None,
        "note_to_author": note_of(form, item) or None,
    }  # fmt: skip
    if form.get("tags_shown"):
        sent["tags"] = _tags(form)
    if verdict == "change":
        sent["flags"] = _flags(form)
    return decision_of(sent)


def reason_of(form: FormData) -> str | None:
    """The reason given beside an act that is no verdict. Raises InvalidInput."""
    try:
        return _WORDS.validate_python(text_of(form, "reason")) or None
    except ValidationError as error:
        raise InvalidInput(f"reason: {error.errors(include_url=False)[0]['msg']}", field="reason") from None


def decision_of(sent: Mapping[str, Any]) -> Decide:
    """A checked decision. Raises InvalidInput."""
    try:
        return Decide.model_validate(sent)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "form"
        raise InvalidInput(f"{field}: {first['msg']}", field=field) from None


def note_of(form: FormData, item: dict[str, Any]) -> str:
    """The note to the author: what was written, then the cards and the redaction that were ticked.

    Raises InvalidInput where that is too long: a note is never cut.
    """
    parts = [text_of(form, "note_to_author")]
    ticked = [value for value in form.getlist("attach") if isinstance(value, str)]
    parts += [card_text(card) for key, card in item["cards"].items() if f"card:{key}" in ticked]
    if "redaction" in ticked and item["redaction"]:
        parts.append(f"Suggested wording:\n\n{item['redaction']['title']}\n\n{item['redaction']['body']}")
    note = "\n\n".join(part for part in parts if part)
    if len(note) > NOTE_LIMIT:
        problem = f"the note with what is ticked has {len(note):,} characters, and {NOTE_LIMIT:,} can be sent"
        raise InvalidInput(f"{problem}; leave something out", field="note_to_author")
    return note


def card_text(card: Mapping[str, Any]) -> str:
    """A care card as plain text."""
    lines = [str(card["text"])]
    for line in card["lines"]:
        ways = [line[way] for way in ("phone", "text", "chat") if line.get(way)]
        lines.append(f"{line['name']}: {', '.join([*ways, line['url']])} ({line['hours']})")
    if card.get("emergency"):
        lines.append(f"In danger now, call {' or '.join(card['emergency'])}")
    if card["emergency_note"]:
        lines.append(card["emergency_note"])
    return "\n".join(lines)


def _tags(form: FormData) -> list[str] | None:
    """The chips as they were left; None where nobody touched them or said to keep them: a suggestion that was merely
    on the page is no word of a person."""
    tags, before = (
        list(dict.fromkeys(value for value in form.getlist(name) if isinstance(value, str) and value))
        for name in ("tags", "ticked")
    )
    added = text_of(form, "add_tag")
    if added and added not in tags:
        tags.append(added)
    return tags if form.get("keep_tags") or set(tags) != set(before) else None


def _flags(form: FormData) -> list[dict[str, Any]]:
    flags: list[dict[str, Any]] = []
    for name, value in form.multi_items():
        if not name.startswith("flag:") or not isinstance(value, str):
            continue
        _, flag_id, category = name.split(":", 2)
        rejected = value == REJECTED
        flags.append({"flag_id": flag_id, "category": category if rejected else value, "agree": not rejected})
    missed = text_of(form, "missed")
    if missed:
        flags.append({"flag_id": None, "category": missed, "agree": True})
    return flags
