"""What the pages of the desk show, made from what the API answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from service.desk.revision import DISCARD_REASONS
from service.stations import Stations

HEADINGS = {
    "answer": "The answer", "ask": "To ask first", "agree": "What others here have said", "differ": "Where they differ",
    "resource": "To read", "gap": "Only you can say this", "own": "Yours",
}  # fmt: skip
GROUNDINGS = {
    "supported": "rests on its source", "partial": "its source says part of this", "judgement": "the machine's own opinion",
}  # fmt: skip
TO_RESOLVE = {
    "judgement": "No source says this. Keep it if you stand behind it, change it, or cut it.",
    "gap": "Write this yourself, or cut it.",
    "source": "Where this was taken from was withdrawn. Take it out.",
    "placeholder": "Something is left to fill in.",
}
REASONS = {
    "wrong": "it is wrong", "unsafe": "it could do harm", "not_useful": "it does not help", "own_words": "I answered in my own words",
    "not_needed": "no answer is needed", "other": "another reason",
}  # fmt: skip
assert set(REASONS) < set(DISCARD_REASONS)


def list_values(listed: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Entries of the desk with their age in words."""
    return [entry | {"age": age(datetime.fromisoformat(entry["created_at"]), now)} for entry in listed]


def draft_values(shown: dict[str, Any], stations: Stations, *, text_view: bool) -> dict[str, Any]:
    """Values for `desk_draft.html`."""
    kept, post = shown["kept_tags"], shown["post"]
    vocabulary = [entry["tag"] for entry in stations.vocabulary(shown["site"])]
    suggested = [tag["tag"] for tag in shown["tags"]]
    chips = list(dict.fromkeys([*(kept or []), *(t for t in post["tags"] if t in vocabulary), *suggested]))
    open_ = shown["status"] in ("ready", "abstained", "failed")
    return {
        "draft": shown, "post": post, "pieces": _numbered(shown["pieces"]), "editing": shown["mine"] and open_,
        "text_view": text_view, "marked": marked, "headings": HEADINGS, "groundings": GROUNDINGS, "to_resolve": TO_RESOLVE,
        "reasons": REASONS, "chips": chips, "ticked": kept if kept is not None else chips,
        "more_tags": [tag for tag in vocabulary if tag not in chips],
        "age": age(datetime.fromisoformat(shown["created_at"]), stations.clock()),
        "dropped": [d for d in shown["dropped"] if d["text"]],
        "dropped_without": sorted({d["reason"] for d in shown["dropped"] if not d["text"]}),
    }  # fmt: skip


def marked(text: str, span: Sequence[int] | None) -> Markup:
    """A passage, escaped, with the quoted stretch in `<mark>`."""
    if span is None:
        return escape(text)
    start, end = span
    return Markup("{}<mark>{}</mark>{}").format(text[:start], text[start:end], text[end:])


def age(since: datetime, now: datetime) -> str:
    """How long ago, in words."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"


def _numbered(placed: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sentences with their number, their heading where a section begins, and how many lines their field needs."""
    found, before = [], ""
    for number, piece in enumerate(placed, 1):
        heading = HEADINGS.get(piece["section"], piece["section"]) if piece["section"] != before else ""
        before = piece["section"]
        lines = sum(1 + len(line) // 58 for line in piece["text"].split("\n"))
        found.append(piece | {"number": number, "heading": heading, "lines": min(lines, 12)})
    return found
