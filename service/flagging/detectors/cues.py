"""The machine behind the lexical detectors: phrases that speak for a concern, and idioms in the same sentence that do not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from service.flagging.detectors.needed_pieces import Need, fold, need_of
from service.flagging.finding import DetectorContext, Finding, located
from service.flagging.flag import Category
from service.intake.normalise import ReadablePost

MOST = 6
"""Findings of one cue in one field that are kept: more of the same is no more evidence."""
_BREAK = re.compile(r"[.!?\n。！？]")
REACH = 240
"""Characters to each side in which a sentence's end is looked for."""


@dataclass(frozen=True)
class Cue:
    """A phrase, as a pattern that ignores case. `taken_back` is looked for in the sentence around a match and undoes it.

    Patterns are compiled when a text holds what they need, which most never see.
    """

    detail: str
    probability: float
    source: str
    taken_back: str | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The phrase."""
        return re.compile(self.source, re.I)

    @cached_property
    def unless(self) -> re.Pattern[str] | None:
        """What undoes it."""
        return re.compile(self.taken_back, re.I) if self.taken_back else None

    @cached_property
    def need(self) -> Need:
        """What a folded text must hold for the phrase to be in it."""
        return need_of(self.source)


def cue(detail: str, probability: float, pattern: str, unless: str | None = None) -> Cue:
    """A cue from its parts; patterns ignore case."""
    return Cue(detail, probability, pattern, unless)


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
        folded = fold(text)
        for one in cues:
            if not one.need.met(folded):
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
