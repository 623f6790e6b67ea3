"""The machine behind the lexical detectors: phrases that speak for a concern, and idioms in the same sentence that do not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from service.flagging.detectors.needed_pieces import needed_pieces
from service.flagging.finding import DetectorContext, Finding, located
from service.flagging.flag import Category
from service.intake.normalise import ReadablePost

MOST = 6
"""Findings of one cue in one field that are kept: more of the same is no more evidence."""
FEW_LETTERS = 20
"""A text of fewer different characters, an endless row of one letter say, cannot hold most pieces: that is told at once."""
_BREAK = re.compile(r"[.!?\n。！？]")
REACH = 240
"""Characters to each side in which a sentence's end is looked for."""


@dataclass(frozen=True)
class Cue:
    """A phrase. `unless` is looked for in the sentence around a match and takes it back. `needs` are lower-case pieces of
    which every match holds at least one: where none occurs the pattern is not tried, which makes most cues free."""

    detail: str
    probability: float
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    needs: tuple[str, ...]


def cue(detail: str, probability: float, pattern: str, unless: str | None = None) -> Cue:
    """A cue from its parts; patterns ignore case."""
    compiled = re.compile(pattern, re.I)
    return Cue(detail, probability, compiled, re.compile(unless, re.I) if unless else None, needed_pieces(pattern))


@dataclass(frozen=True)
class CueDetector:
    """A detector made of cues. `unless` is tried for all of them, beside a cue's own."""

    name: str
    category: Category
    blind_spots: str
    cues: tuple[Cue, ...]
    unless: re.Pattern[str] | None = None
    fields: tuple[str, ...] = field(default=("title", "body"))

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """Every cue that holds, strongest first."""
        return matched(post, self.name, self.category, self.cues, self.unless)


def matched(
    post: ReadablePost, name: str, category: Category, cues: Iterable[Cue], unless: re.Pattern[str] | None = None
) -> list[Finding]:
    """The findings of `cues` in both fields, strongest first; a span is the match alone."""
    found: list[Finding] = []
    for reading in post.fields:
        text = reading.text.replace("’", "'")
        low = text.lower()
        letters = set(low)
        few = len(letters) < FEW_LETTERS
        for one in cues:
            if one.needs and not any(piece in low for piece in one.needs if not few or letters.issuperset(piece)):
                continue
            kept = 0
            for match in one.pattern.finditer(text):
                sentence = sentence_around(text, match.start(), match.end())
                if (one.unless and one.unless.search(sentence)) or (unless and unless.search(sentence)):
                    continue
                span = (located(reading, match.start(), match.end()),)
                found.append(Finding(category, one.probability, span, name, one.detail))
                kept += 1
                if kept == MOST:
                    break
    return sorted(found, key=lambda finding: -finding.probability)


def sentence_around(text: str, start: int, end: int) -> str:
    """The sentence that text[start:end] stands in, at most REACH characters to each side."""
    before, after = text[max(0, start - REACH) : start], text[end : end + REACH]
    breaks = [match.end() for match in _BREAK.finditer(before)]
    stop = _BREAK.search(after)
    return before[breaks[-1] if breaks else 0 :] + text[start:end] + (after[: stop.end()] if stop else after)
