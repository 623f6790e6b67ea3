"""The evidence of a draft as a mentor reads it: each quote in its passage, who said it, who agrees and who does not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from service.corpus import repository as threads
from service.desk.revision import Piece
from service.drafting.points import usable
from service.drafting.sentences import sentences
from service.drafting.standing import Voices
from service.drafting.trusted import trusted
from service.intake.post import Post
from service.retrieval.evidence import Evidence, EvidencePassage

POINTS = 12
"""Sentences of one passage that are offered as points."""


class View:
    """The evidence around one draft. Reads every passage once."""

    def __init__(self, session: Session, evidence: Evidence, post: Post, machine: Sequence[dict[str, Any]]) -> None:
        self._evidence = trusted(evidence)
        self._by_id = {p.id: p for p in evidence.passages}
        cited = {str(s["passage_id"]) for sentence in machine for s in sentence.get("sources", [])}
        for found in threads.passages(session, cited - set(self._by_id)):
            self._by_id[found.id] = EvidencePassage(
                id=found.id, thread_id=found.thread_id, answer_id=found.answer_id, field=found.field, text=found.text,
                score=0.0, author=found.author_id, author_role=found.author_role, author_level=found.author_level,
                date=found.written_at,
            )  # fmt: skip
        self._threads = {t.thread_id: t for t in evidence.related}
        self._voices = Voices(post.title, self._evidence.passages)

    def sources(self, piece: Piece) -> list[dict[str, Any]]:
        """What a sentence rests on; `quote` is (start, end) in the passage's text, None where it is not found there."""
        named = piece.machine.get("sources", []) if piece.machine else []
        if piece.edit is not None and piece.edit.passage_id:
            named = [{"passage_id": piece.edit.passage_id, "quote": _unquoted(piece.text)}]
        ids = [str(source["passage_id"]) for source in named]
        authors = [p.author for p in (self._by_id.get(id_) for id_ in ids) if p is not None and p.author]
        found: list[dict[str, Any]] = []
        for source in named:
            passage = self._by_id.get(str(source["passage_id"]))
            if passage is None:
                continue
            quote = str(source.get("quote") or "")
            standing = self._voices.about(quote or piece.text, authors, ids) if not found else []
            found.append(
                self._shown(passage)
                | {"quote": span(quote, passage.text), "standing": [self._standing(s) for s in standing]}
            )
        return found

    def passages(self, used: Sequence[str]) -> list[dict[str, Any]]:
        """What was found for the post: answers first, with the sentences that can be taken from each."""
        ordered = sorted(self._evidence.passages, key=lambda p: p.field != "answer")
        return [
            self._shown(p)
            | {"points": [s for s in sentences(p.text) if p.field == "answer" and usable(s)][:POINTS], "used": p.id in used}
            for p in ordered
        ]  # fmt: skip

    def _shown(self, passage: EvidencePassage) -> dict[str, Any]:
        thread = self._threads.get(passage.thread_id)
        return {
            "passage_id": passage.id, "thread_id": passage.thread_id, "text": passage.text, "author": passage.author,
            "role": passage.author_role, "level": passage.author_level, "accepted": passage.accepted,
            "date": passage.date.date().isoformat() if passage.date else None, "field": passage.field,
            "title": thread.title if thread else None, "url": thread.url if thread else None,
            "disagreement": bool(thread and thread.disagreement), "old": bool(thread and thread.old),
        }  # fmt: skip

    def _standing(self, standing: Any) -> dict[str, Any]:
        thread = self._threads.get(standing.thread_id)
        return asdict(standing) | {"title": thread.title if thread else None}


def span(quote: str, text: str) -> tuple[int, int] | None:
    """Where a quote stands in a passage, whatever the marks, space and case between its words."""
    parts = re.findall(r"\w+", quote)
    if not parts:
        return None
    found = re.search(r"\W+".join(map(re.escape, parts)), text, re.I)
    return found.span() if found else None


def _unquoted(text: str) -> str:
    """The words of a point as they stand in its passage: without quotation marks and credit."""
    found = re.match(r"\s*“(.+)”\s*\([^()]*\)\s*$", text, re.S)
    return found[1] if found else text
