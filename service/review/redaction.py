"""A post with the private stretches taken out, as a suggestion that a moderator sends to the author."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.flagging.detectors.personal_information import PersonalInformation
from service.flagging.finding import DetectorContext
from service.flagging.flag import Flag
from service.intake.normalise import ReadablePost, read_field
from service.intake.post import NewPost
from service.models.private_data import find_private_data

PERSONAL = "personal_information"
Stretch = tuple[str, int, int, str]
"""Field, start and end in it, category."""


@dataclass(frozen=True)
class Redaction:
    """What the post would say without what was taken out, and which categories that was."""

    title: str
    body: str
    categories: list[str]


def suggested(post: NewPost, flags: Sequence[Flag]) -> Redaction | None:
    """The redacted post for flags whose care is a redaction; None where no such flag quotes anything.

    A flag quotes a few places only. Where it is personal information, the whole post is read again and everything of
    the kind is taken out, whether it was quoted or not.
    """
    chosen = [flag for flag in flags if flag.care.kind == "redaction" and flag.quotes]
    if not chosen:
        return None
    found: list[Stretch] = [(q.field, q.start, q.end, flag.category) for flag in chosen for q in flag.quotes]
    if any(flag.category == PERSONAL for flag in chosen):
        found += _personal(post)
    fields = {
        name: _without(text, sorted((start, end, category) for field, start, end, category in found if field == name))
        for name, text in (("title", post.title), ("body", post.body))
    }
    return Redaction(fields["title"], fields["body"], list(dict.fromkeys(flag.category for flag in chosen)))


def _personal(post: NewPost) -> Iterator[Stretch]:
    """Every piece of personal information of a post, also the kinds that alone would be too weak for a flag."""
    context = DetectorContext.of(post)
    readings = (read_field("title", post.title, "text"), read_field("body", post.body, post.format))
    for finding in PersonalInformation().detect(ReadablePost(*readings), context):
        for field, span in finding.spans:
            yield field, span.start, span.end, PERSONAL
    for reading in readings:
        for datum in find_private_data(reading.text, context.regions):
            span = reading.span(datum.start, datum.end)
            yield reading.field, span.start, span.end, PERSONAL
        if reading.source != reading.text:  # addresses of links, comments
            for datum in find_private_data(reading.source, context.regions):
                yield reading.field, datum.start, datum.end, PERSONAL


def _without(text: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """A text without its spans, which are in order; what overlaps is taken out once."""
    parts, at = [], 0
    for start, end, category in spans:
        if end <= at:
            continue
        if start >= at:
            parts += [text[at:start], f"[removed: {category.replace('_', ' ')}]"]
        at = end
    return "".join([*parts, text[at:]])
