"""A tag that a post is given because one place in it says the tag's name is judged by the rest of the post.

Members who write about a topic do so all through a post; a sentence that only names one, to a reader or to a machine,
cannot add it. What is left out is the words: the vectors stay, because one sentence weighs little in them and embedding
again would double what a post costs. A post of few words is embedded again without a place that speaks of topics, which is
much of all that it says.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import replace

from service.intake.language import holds_english
from service.intake.normalise import ReadablePost, Reading
from service.intake.windows import EmbeddedPost
from service.tagging.example import Example, example_in_english
from service.tagging.names import NameFinder

NEAR = 200
"""Characters between the first and the last mention that still count as one place."""
UNBORNE = 0.04
"""Below this probability the rest of the post does not bear the tag at all."""
SHORT = 120
"""Words of a post up to which the vectors are made anew."""
MOST = 4
"""Places that are tried, those of the most probable tags first."""

FEWEST_HIDDEN = 4
"""Fewer invisible characters come from an editor."""
_TOPIC_WORDS = re.compile(
    r"\b(?:tags?|tagged|tagging|retagged|topics?|labels?|labell?ed|categor(?:y|ies)|headings?|classif\w+|index(?:ed|ing)?|sort(?:ed|er|ing)"
    r"|filed?|taxonomy|vocabulary|belongs? in|outputs?|moved to)\b",
    re.I,
)
_NOTATION = re.compile(r"[{}\[\]<>=|]|->|//|/\*|^\W*\w+:")
MARKUP = 24
"""Characters of the source to each side of a place in which markup that readers do not see is looked for."""
_PLACE_END = re.compile(r"[.!?。！？](?=\s)|\n")
_ASIDE = re.compile(r"[(\[][^()\[\]]{0,200}[)\]]?|\s[-–—]\s.{0,200}$")
"""A part of a title that can be left out: in brackets, or after a dash."""


def sobered(
    probabilities: Mapping[str, float], post: ReadablePost, embedded: EmbeddedPost, names: NameFinder,
    least: float, read: Callable[[Example], dict[str, float]], embed: Callable[[ReadablePost], EmbeddedPost],
) -> dict[str, float]:  # fmt: skip
    """`probabilities` without the tags that are named in one place and that the rest of the post does not bear: not at all, or,
    where the place speaks of topics, calls the tag as the vocabulary writes it, is notation or not
    English, not enough to suggest it.

    `least`: the probability below which a tag is not suggested anyway. `read` gives the probabilities of an example, `embed` the
    vectors of a post.
    """
    lowered = dict(probabilities)
    known: dict[tuple[str, int, int, bool], dict[str, float]] = {}
    short = sum(len(reading.text.split()) for reading in post.fields) <= SHORT
    for tag in sorted((t for t in probabilities if probabilities[t] >= least), key=lambda t: -probabilities[t]):
        place = _only_place(tag, post, names)
        if place is None:
            continue
        about_topics = _about_topics(tag, post, place)
        key = (*place, short and about_topics)
        if key not in known:
            if len(known) == MOST:
                break
            rest = _without(post, *place)
            known[key] = read(example_in_english(rest, embed(rest) if key[-1] else embedded, names, embed))
        if known[key].get(tag, 0.0) < (least if about_topics else UNBORNE):
            lowered[tag] = 0.0
    return lowered


def _only_place(tag: str, post: ReadablePost, names: NameFinder) -> tuple[str, int, int] | None:
    """(field, start, end) of the one place where a tag is named; None where it is named nowhere, or in several places."""
    in_title, in_body = (names.places(reading.text, tag) for reading in post.fields)
    if in_title and not in_body:
        hidden = _hidden_stretch(post.title)
        if hidden[0] <= in_title[0][0] and in_title[-1][1] <= hidden[1]:
            return "title", *hidden
        for aside in _ASIDE.finditer(post.title.text):
            if all(aside.start() <= start and end <= aside.end() for start, end in in_title):
                return "title", aside.start(), aside.end()
    if in_title or not in_body or in_body[-1][1] - in_body[0][0] > NEAR:
        return None
    text = post.body.text
    ends = [m.end() for m in _PLACE_END.finditer(text)]
    start = max((end for end in ends if end <= in_body[0][0]), default=0)
    return "body", start, min((end for end in ends if end >= in_body[-1][1]), default=len(text))


def _hidden_stretch(reading: Reading) -> tuple[int, int]:
    """From the first to the last invisible character, in the readable text; empty where there are few."""
    if len(reading.hidden) < FEWEST_HIDDEN:
        return 0, 0
    first, last = reading.hidden[0].start, reading.hidden[-1].end
    return max(0, bisect_left(reading.offsets, first) - 1), min(
        len(reading.text), bisect_left(reading.offsets, last) + 1
    )


def _about_topics(tag: str, post: ReadablePost, place: tuple[str, int, int]) -> bool:
    reading: Reading = getattr(post, place[0])
    text = reading.text[place[1] : place[2]]
    foreign = text.count(" ") >= 5 and not holds_english(text)
    other_script = sum(c.isalpha() and ord(c) > 0x24F for c in text) > 3
    slug = "-" in tag and tag in text.lower()
    sent = reading.span(place[1], place[2])
    source = reading.source[max(0, sent.start - MARKUP) : sent.end + MARKUP]
    notation = _NOTATION.search(text) is not None
    return foreign or other_script or slug or notation or _TOPIC_WORDS.search(source) is not None


def _without(post: ReadablePost, field: str, start: int, end: int) -> ReadablePost:
    def cut(reading: Reading) -> Reading:
        return replace(
            reading, text=reading.text[:start] + " " + reading.text[end:],
            offsets=reading.offsets[:start] + reading.offsets[start : start + 1] + reading.offsets[end:],
        )  # fmt: skip

    return replace(post, title=cut(post.title)) if field == "title" else replace(post, body=cut(post.body))
