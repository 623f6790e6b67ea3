"""A post with the quoted stretches taken out, as a suggestion that a moderator sends to the author."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.flagging.flag import Flag
from service.intake.post import NewPost


@dataclass(frozen=True)
class Redaction:
    """What the post would say without the quotes, and which categories were taken out."""

    title: str
    body: str
    categories: list[str]


def suggested(post: NewPost, flags: Sequence[Flag]) -> Redaction | None:
    """The redacted post for flags whose care is a redaction; None where no such flag quotes anything."""
    chosen = [flag for flag in flags if flag.care.kind == "redaction" and flag.quotes]
    if not chosen:
        return None
    fields = {}
    for name, text in (("title", post.title), ("body", post.body)):
        spans = sorted((q.start, q.end, flag.category) for flag in chosen for q in flag.quotes if q.field == name)
        fields[name] = _without(text, spans)
    return Redaction(fields["title"], fields["body"], list(dict.fromkeys(flag.category for flag in chosen)))


def _without(text: str, spans: Sequence[tuple[int, int, str]]) -> str:
    parts, at = [], 0
    for start, end, category in spans:
        if end <= at:
            continue
        if start >= at:
            parts += [text[at:start], f"[removed: {category.replace('_', ' ')}]"]
        at = end
    return "".join([*parts, text[at:]])
