"""How the rest of the evidence stands to a point: which mentors say the same, which advise against it. By words alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from service.corpus.lexical import STOP_WORDS
from service.drafting.advice import Stance, stances
from service.drafting.conflict import opposing
from service.drafting.points import SAME
from service.drafting.reading import stem
from service.drafting.sentences import sentences, words
from service.retrieval.evidence import EvidencePassage

FEWEST_SHARED = 4
"""Content words that two sentences must share to count as saying the same: short ones agree by chance."""
MOST = 4


@dataclass(frozen=True)
class Standing:
    """A sentence of another mentor that agrees with a point or conflicts with it, verbatim."""

    kind: Literal["agrees", "conflicts"]
    text: str
    passage_id: str
    thread_id: str
    author: str | None


@dataclass(frozen=True)
class _Said:
    passage: EvidencePassage
    text: str
    stances: tuple[Stance, ...]
    stems: frozenset[str]


class Voices:
    """The evidence of one post, read once, to be asked about each of its points."""

    def __init__(self, question: str, passages: Sequence[EvidencePassage]) -> None:
        self._asked = frozenset(stem(w) for w in words(question))
        self._said = [
            _Said(passage, sentence, stances(sentence), _stems(sentence))
            for passage in passages
            if passage.field == "answer"
            for sentence in sentences(passage.text)
        ]

    def about(self, point: str, authors: Sequence[str | None], own: Sequence[str]) -> list[Standing]:
        """At most four sentences by others that stand to `point`, conflicts first, one an author.

        `authors` and `own` are whom and which passages the point is from: nobody is their own witness.
        """
        mine, stems = stances(point), _stems(point)
        found: dict[str, Standing] = {}
        for said in self._said:
            who = said.passage.author or said.passage.id
            if said.passage.author in authors or said.passage.id in own or who in found:
                continue
            kind: Literal["agrees", "conflicts"] | None = None
            if opposing(mine, said.stances, self._asked) is not None:
                kind = "conflicts"
            elif _alike(stems, said.stems):
                kind = "agrees"
            if kind is not None:
                found[who] = Standing(
                    kind, said.text, said.passage.id, said.passage.thread_id, said.passage.author
                )  # fmt: skip
        return sorted(found.values(), key=lambda s: s.kind != "conflicts")[:MOST]


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(w) for w in words(text) if w not in STOP_WORDS)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(one & other)
    return shared >= FEWEST_SHARED and shared / min(len(one), len(other)) >= SAME
