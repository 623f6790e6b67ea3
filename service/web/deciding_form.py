"""The form of a decision, read into what the API takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from service.errors import InvalidInput
from service.review.verdict import Decide
from service.web.rendering import text_of

REJECTED = "-"
"""What a flag's choice sends where the person rejects the flag."""


def shown_to(form: FormData, item: dict[str, Any]) -> Decide:
    """The decision that a form describes. Flags are sent with `change` alone: the other verdicts speak of all of them.

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
        tags = [value for value in form.getlist("tags") if isinstance(value, str)]
        added = text_of(form, "add_tag")
        sent["tags"] = list(dict.fromkeys([*tags, added] if added else tags))
    if verdict == "change":
        sent["flags"] = _flags(form)
    return decision_of(sent)


def decision_of(sent: Mapping[str, Any]) -> Decide:
    """A checked decision. Raises InvalidInput."""
    try:
        return Decide.model_validate(sent)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "form"
        raise InvalidInput(f"{field}: {first['msg']}", field=field) from None


def note_of(form: FormData, item: dict[str, Any]) -> str:
    """The note to the author: what was written, then the cards and the redaction that were ticked."""
    parts = [text_of(form, "note_to_author")]
    ticked = [value for value in form.getlist("attach") if isinstance(value, str)]
    parts += [card_text(card) for key, card in item["cards"].items() if f"card:{key}" in ticked]
    if "redaction" in ticked and item["redaction"]:
        parts.append(f"Suggested wording:\n\n{item['redaction']['title']}\n\n{item['redaction']['body']}")
    return "\n\n".join(part for part in parts if part)[:5000]


def card_text(card: Mapping[str, Any]) -> str:
    """A care card as plain text."""
    lines = [str(card["text"])]
    for line in card["lines"]:
        ways = [line[way] for way in ("phone", "text", "chat") if line.get(way)]
        lines.append(f"{line['name']}: {', '.join([*ways, line['url']])} ({line['hours']})")
    if card["emergency_note"]:
        lines.append(card["emergency_note"])
    return "\n".join(lines)


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
