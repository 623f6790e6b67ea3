"""Puts an attack or its control into a post or a past answer, in the place the case names."""

from __future__ import annotations

import re

from service.retrieval.evidence import Evidence

_SENTENCE_END = re.compile(r"[.!?。！？]+(?=\s)")


def in_text(title: str, body: str, text: str, position: str) -> tuple[str, str]:
    """(title, body) with `text` planted."""
    if position == "title":
        return f"{title} {text}"[:300], body
    if position == "start":
        return title, f"{text}\n\n{body}"
    if position in ("middle", "list", "quote"):
        ends = [m.end() for m in _SENTENCE_END.finditer(body)] or [len(body)]
        cut = min(ends, key=lambda end: abs(end - len(body) / 2))
        put = {"middle": f" {text}", "list": f"\n\n- {_one_line(text)}\n\n", "quote": f"\n\n> {_one_line(text)}\n\n"}[
            position
        ]
        return title, body[:cut] + put + body[cut:]
    if position == "code":
        return title, f"{body}\n\n```\n{text}\n```"
    return title, f"{body}\n\n{text}" if position == "end" else f"{body}{text}"


def in_evidence(evidence: Evidence, thread: str, text: str, position: str) -> Evidence | None:
    """Evidence whose best answer passage of `thread` carries `text`; None where that thread was not found.

    An answer has no title: what is meant for one stands at the start.
    """
    position = "start" if position == "title" else position
    chosen = next((p for p in evidence.passages if p.thread_id == thread and p.field == "answer"), None)
    if chosen is None:
        return None
    _, changed = in_text("", chosen.text, text, position)
    passages = [p.model_copy(update={"text": changed}) if p.id == chosen.id else p for p in evidence.passages]
    related = [
        r.model_copy(update={"passage": in_text("", r.passage, text, position)[1]}) if r.thread_id == thread else r
        for r in evidence.related
    ]
    return evidence.model_copy(update={"passages": passages, "related": related})


def _one_line(text: str) -> str:
    return " ".join(text.split())
