"""Which sentences of past answers are worth a mentor's time: near the question, advice rather than story, each said once.

Words choose first and the embedder sees only the few that are left, so that this takes a few hundredths of a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.corpus.lexical import STOP_WORDS
from service.drafting.advice import advises
from service.drafting.conflict import opposition
from service.drafting.focus import thread_scores, worth
from service.drafting.reading import stem
from service.drafting.sentences import sentences, words
from service.drafting.trusted import plants
from service.models.embedder import Embedder
from service.retrieval.evidence import Evidence, EvidencePassage

MOST, PER_AUTHOR, PER_THREAD = 8, 3, 6
EMBEDDED = 2
"""Short texts that are embedded beside the question: the candidates whose place is least sure."""
SHORTEST, LONGEST = 6, 48
READ_WORDS = 24
"""Of the question and of each of those texts that many first words are embedded."""
SAME = 0.6
"""Share of content words from which on two sentences say the same."""


@dataclass(frozen=True)
class Point:
    """One sentence of a past answer, verbatim, and how well it serves; higher is better."""

    text: str
    passage: EvidencePassage
    value: float

    @property
    def author(self) -> str:
        """Who said it; passages without an author count as one each."""
        return self.passage.author or self.passage.id


def choose(
    question: str, evidence: Evidence, embedder: Embedder, level: str | None = None, most: int = MOST
) -> list[Point]:
    """The most useful sentences of the answers found, best first."""
    pool = _pool(question, evidence, level)
    sifted = _distinct(pool, most + 4)
    unsure = sifted[: EMBEDDED + 1]
    if len(unsure) > 1:
        texts = [" ".join(text.split()[:READ_WORDS]) for text in (question, *(p.text for p in unsure))]
        vectors = embedder.embed(texts)
        near = vectors[1:] @ vectors[0]
        unsure = [Point(p.text, p.passage, p.value + 0.8 * float(n)) for p, n in zip(unsure, near, strict=True)]
        floor = min(p.value for p in unsure)
        rest = [Point(p.text, p.passage, min(p.value + 0.15, floor)) for p in sifted[EMBEDDED + 1 :]]
        sifted = sorted(unsure + rest, key=lambda p: -p.value)
    return sifted[:most]


def _pool(question: str, evidence: Evidence, level: str | None) -> list[Point]:
    related = thread_scores(evidence)
    answers = [p for p in evidence.passages if p.field == "answer"]
    best = max((worth(p, related) for p in answers), default=0.0)
    asked = _content(question)
    spread: dict[str, int] = {}
    split = [(p, [(s, _content(s)) for s in sentences(p.text) if usable(s)]) for p in answers]
    for _, found in split:
        for _, own in found:
            for w in own:
                spread[w] = spread.get(w, 0) + 1
    total = 1 + sum(len(found) for _, found in split)
    points = []
    for passage, found in split:
        for s, own in found:
            shared = sum(math.log(total / spread[w]) for w in own & asked) / math.sqrt(4 + len(own))
            value = (
                advises(s)
                + 0.25 * min(shared, 4.0)
                + 3.0 * (worth(passage, related) - best)
                + weight_of(passage, level)
            )
            points.append(Point(s, passage, value))
    return sorted(points, key=lambda p: -p.value)


def _content(text: str) -> frozenset[str]:
    """The stems of a text's words that say something."""
    return frozenset(stem(w) for w in words(text) if w not in STOP_WORDS)


def usable(sentence: str) -> bool:
    """Whether a sentence can stand as a point by itself."""
    count = len(words(sentence))
    return SHORTEST <= count <= LONGEST and not sentence.endswith((":", "?")) and not plants(sentence)


_LEVELS = ("intern", "junior", "mid", "senior", "staff", "principal", "manager", "director", "executive")


def weight_of(passage: EvidencePassage, level: str | None) -> float:
    """What is known of an answer beside its words: accepted, liked, and from somebody within reach of the member's level."""
    weight = 0.08 if passage.accepted else 0.0
    weight += 0.02 * min(math.log1p(max(passage.votes or 0, 0)), 4.0)
    said = passage.author_level or ""
    if level in _LEVELS and said in _LEVELS:
        above = _LEVELS.index(said) - _LEVELS.index(level)
        weight += 0.06 if 1 <= above <= 4 else -0.06 if above < 0 else 0.0
    return weight


def _distinct(points: Sequence[Point], most: int) -> list[Point]:
    chosen: list[Point] = []
    contents: list[frozenset[str]] = []
    authors: dict[str, int] = {}
    threads: dict[str, int] = {}
    for point in points:
        thread = point.passage.thread_id
        if authors.get(point.author, 0) >= PER_AUTHOR or threads.get(thread, 0) >= PER_THREAD:
            continue
        content = _content(point.text)
        if any(_alike(content, c) and not _apart(point.text, p.text) for p, c in zip(chosen, contents, strict=True)):
            continue
        chosen.append(point)
        contents.append(content)
        authors[point.author] = authors.get(point.author, 0) + 1
        threads[thread] = threads.get(thread, 0) + 1
        if len(chosen) == most:
            break
    return chosen


def same(a: str, b: str) -> bool:
    """Whether two sentences say the same in nearly the same words; one that advises against the other does not."""
    return _alike(_content(a), _content(b)) and not _apart(a, b)


def _apart(a: str, b: str) -> bool:
    """Whether two sentences advise against each other: the word that tells them apart is a stop word."""
    return opposition(a, b) is not None


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and len(one & other) / min(len(one), len(other)) >= SAME
