"""Whether two past answers to one question agree, conflict, or speak of different things.

Conflict is read from what each advises: one verb with and without negation, or verbs of opposite groups, about the same
matter. Nearness of meaning alone cannot tell agreement from conflict; it only tells whether the matter is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

from service.drafting.advice import Stance, opposed, stances
from service.drafting.draft import Source
from service.drafting.reading import stem
from service.drafting.sentences import words
from service.models.embedder import Embedder
from service.retrieval.disagreement import disagree

Relation = Literal["agree", "conflict", "unrelated"]
NEAR = 0.5
"""Least nearness of two answers that give the same advice."""
OPENING = 3
"""Stances of an answer that count as its position; what comes later is about details."""
LONGEST = 900


def relation(question: str, a: str, b: str, embedder: Embedder) -> Relation:
    """How answer `b` stands to answer `a` of the same question."""
    if disagree([a, b]) or opposition(a, b, question) is not None:
        return "conflict"
    first, second = embedder.embed([a[:LONGEST], b[:LONGEST]])
    return "agree" if float(first @ second) >= NEAR else "unrelated"


def opposition(a: str, b: str, question: str = "") -> tuple[Stance, Stance] | None:
    """The first pair of stances of two texts that oppose each other about one matter."""
    return opposing(stances(a), stances(b), frozenset(stem(w) for w in words(question)))


def at_odds(sources: Sequence[Source]) -> bool:
    """Whether two of the passages that one sentence cites advise against each other, in the words that are quoted."""
    return any(
        one.passage_id != other.passage_id and opposition(one.quote, other.quote) is not None
        for one, other in combinations(sources, 2)
    )


def opposing(mine: Sequence[Stance], theirs: Sequence[Stance], asked: frozenset[str]) -> tuple[Stance, Stance] | None:
    """The first pair of two readings that oppose each other; `asked` are the stems of the question."""
    for i, one in enumerate(mine):
        for j, other in enumerate(theirs):
            if opposed(one, other) and _one_matter(one, other, asked, i < OPENING and j < OPENING):
                return one, other
    return None


def _one_matter(one: Stance, other: Stance, asked: frozenset[str], both_open: bool) -> bool:
    """Both speak of the same thing, or both open with a position on a verb that the question asks about."""
    if one.about & other.about:
        return True
    verbs = {stem(one.verb), stem(other.verb)}
    return both_open and (bool(verbs & asked) or (not one.about and not other.about))
