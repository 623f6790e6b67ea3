"""A field as a person reads it, the quotes of its flags marked: by an underline and a label, not by colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from markupsafe import Markup, escape

from service.flagging.flag import Flag


def highlighted(text: str, field: Literal["title", "body"], flags: Sequence[Flag]) -> Markup:
    """`text`, escaped, with each quoted stretch in `<mark>`; stretches that overlap are joined and name all categories."""
    spans = sorted((q.start, q.end, flag.category) for flag in flags for q in flag.quotes if q.field == field)
    joined: list[tuple[int, int, list[str]]] = []
    for start, end, category in spans:
        if joined and start < joined[-1][1]:
            before = joined[-1]
            joined[-1] = (before[0], max(before[1], end), [*before[2], category])
        else:
            joined.append((start, end, [category]))
    parts: list[Markup] = []
    at = 0
    for start, end, categories in joined:
        names = ", ".join(dict.fromkeys(c.replace("_", " ") for c in categories))
        parts.append(escape(text[at:start]))
        parts.append(Markup("<mark>{}<small> [{}]</small></mark>").format(text[start:end], names))
        at = end
    parts.append(escape(text[at:]))
    return Markup("").join(parts)
