"""What must be resolved before a draft may be published; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from service.desk.revision import SentenceEdit
from service.errors import Conflict

_PLACEHOLDER = re.compile(
    r"\[(?:[A-Z]{2,}(?:_[A-Z]+)*(?:_\d+)?|(?:your|their|the|insert|add|fill|name|company|date|example|todo)\b[^\]\n]{0,60})\](?!\()"
    r"|\{\{[^}\n]{0,80}\}\}|_{4,}|\b(?:TODO|TBD|FIXME|XXX)\b",
    re.IGNORECASE,
)
_UPPER = re.compile(r"\[[A-Z]{2,}(?:_[A-Z]+)*(?:_\d+)?\](?!\()")


@dataclass(frozen=True)
class Blocker:
    """One thing to resolve; `sentence_id` where it is a sentence's."""

    kind: Literal["stale", "empty", "placeholder", "judgement", "gap"]
    text: str
    sentence_id: str | None = None


def blockers(
    machine: Sequence[dict[str, Any]], edits: Sequence[SentenceEdit], text: str, *, stale: bool
) -> list[Blocker]:
    """Everything that blocks publishing.

    A stale draft; an empty text; placeholders in the text; an opinion of the machine (`judgement`) that nobody kept,
    changed or cut on purpose; a gap that only a person can fill and that is neither filled nor cut.
    """
    found = [Blocker("stale", "a source changed or was deleted; have it written again")] if stale else []
    if not text.strip():
        found.append(Blocker("empty", "there is no text"))
    found += [Blocker("placeholder", hit) for hit in placeholders(text)]
    acts = {edit.id: edit.action for edit in edits}
    for sentence in machine:
        act = acts.get(str(sentence["id"]))
        if sentence.get("section") == "gap" and act not in ("change", "cut"):
            found.append(Blocker("gap", str(sentence["text"]), str(sentence["id"])))
        elif sentence.get("grounding") == "judgement" and act is None:
            found.append(Blocker("judgement", str(sentence["text"]), str(sentence["id"])))
    return found


def placeholders(text: str) -> list[str]:
    """Words left for somebody to fill in: `[COMPANY]`, `[your team]`, `{{name}}`, `____`, `TODO`."""
    hits = [match.group() for match in _PLACEHOLDER.finditer(text)]
    return [hit for hit in hits if not re.fullmatch(r"\[[A-Za-z]+\]", hit) or _UPPER.fullmatch(hit)]


def check(found: Sequence[Blocker]) -> None:
    """Raise Conflict that lists them."""
    if found:
        kinds = ", ".join(dict.fromkeys(blocker.kind for blocker in found))
        raise Conflict(
            f"resolve these before publishing: {kinds}", reason="blocked", blockers=[asdict(b) for b in found]
        )
