"""Threads that may be related: what the vectors and the words find, joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.corpus.lexical import LexicalHit
from service.corpus.vectors import VectorHit

CANDIDATES = 320
"""Most threads that are ranked for one post."""


@dataclass
class Nearest:
    """The passage of a thread nearest to the post, in one field of the thread."""

    passage_id: str
    score: float


@dataclass
class Candidate:
    """A thread that may be related.

    `near[view][field]` is its nearest passage of that field to one view of the post (0 title, 1 whole post); `words`
    is its score in the lexical index, 0 where that did not find it.
    """

    thread_id: str
    near: dict[int, dict[str, Nearest]] = field(default_factory=dict)
    words: float = 0.0

    def similarity(self, view: int, fields: Sequence[str], missing: float) -> float:
        """The highest cosine to a view over some fields, `missing` where no such passage was found."""
        found = self.near.get(view, {})
        return max((found[name].score for name in fields if name in found), default=missing)

    @property
    def best(self) -> Nearest | None:
        """The passage that is nearest to any view."""
        every = [nearest for view in self.near.values() for nearest in view.values()]
        return max(every, key=lambda nearest: nearest.score, default=None)


def join_hits(
    places: Mapping[str, tuple[str, str]], hits: Sequence[Sequence[VectorHit]], words: Sequence[LexicalHit]
) -> list[Candidate]:
    """One Candidate a thread, from the passages each view of the post found and from the words.

    `places` is the thread and the field of each passage that SQL knows; a vector without one is passed over.
    """
    found: dict[str, Candidate] = {}
    for view, row in enumerate(hits):
        for hit in row:  # nearest first
            place = places.get(hit.id)
            if place is not None:
                thread_id, name = place
                candidate = found.get(thread_id)
                if candidate is None:
                    candidate = found[thread_id] = Candidate(thread_id)
                fields = candidate.near.setdefault(view, {})
                if name not in fields:
                    fields[name] = Nearest(hit.id, hit.score)
    for word_hit in words:
        candidate = found.get(word_hit.thread_id)
        if candidate is None:
            candidate = found[word_hit.thread_id] = Candidate(word_hit.thread_id)
        candidate.words = word_hit.score
    return list(found.values())
