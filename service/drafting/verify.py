"""One claimed sentence in, one checked sentence or the reason it was dropped out.

Steps: the cited passage was shown; the quote stands in it; details stand in it; the claim is supported by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args

from service.clock import new_id
from service.drafting.citations import check_details, stands_in
from service.drafting.draft import Dropped, Grounding, Section, Sentence, Source
from service.drafting.sentences import sentences
from service.drafting.support import support
from service.models.embedder import Embedder
from service.retrieval.evidence import Evidence, EvidencePassage

SUPPORTED, PARTIAL = 0.72, 0.55
"""Least support for `supported` and for `partial`; below it a claim is dropped."""


@dataclass(frozen=True)
class Claim:
    """A sentence as a model wrote it. `sources` are (passage id, quote or None)."""

    text: str
    section: str
    judgement: bool
    sources: list[tuple[str, str | None]]


def verify(claim: Claim, shown: list[EvidencePassage], evidence: Evidence, embedder: Embedder) -> Sentence | Dropped:
    """Check a claim against the passages that were shown in this run."""
    section = cast(Section, claim.section if claim.section in get_args(Section) else "answer")
    by_id = {p.id: p for p in shown}
    if claim.judgement and not claim.sources:
        problem = check_details(claim.text, [], known="")
        if problem:
            return Dropped(text=claim.text, reason=f"a judgement that {problem}")
        return Sentence(id=new_id(), section=section, text=claim.text, grounding="judgement")
    if not claim.sources:
        return Dropped(text=claim.text, reason="names no source")
    cited: list[tuple[EvidencePassage, str]] = []
    for passage_id, quote in claim.sources:
        passage = by_id.get(passage_id)
        if passage is None:
            return Dropped(text=claim.text, reason="cites a passage that was not shown")
        if quote is not None and not stands_in(quote, passage.text):
            return Dropped(text=claim.text, reason="its quote is not in the passage")
        cited.append((passage, quote if quote is not None else nearest_sentence(claim.text, passage.text, embedder)))
    passages = [p for p, _ in cited]
    problem = check_details(claim.text, passages, known_of(passages, evidence))
    if problem:
        return Dropped(text=claim.text, reason=problem)
    support = support_of(claim.text, passages, embedder)
    if support < PARTIAL:
        return Dropped(text=claim.text, reason="its source does not say that")
    grounding: Grounding = "supported" if support >= SUPPORTED else "partial"
    sources = [
        Source(
            passage_id=p.id, thread_id=p.thread_id, quote=quote, author=p.author,
            date=p.date.date().isoformat() if p.date else None,
        )
        for p, quote in cited
    ]  # fmt: skip
    return Sentence(id=new_id(), section=section, text=claim.text, grounding=grounding, sources=sources)


def support_of(claim: str, passages: list[EvidencePassage], embedder: Embedder) -> float:
    """How well the passages together support the claim, 0 to 1."""
    return support(claim, "\n".join(p.text for p in passages), embedder)


def nearest_sentence(claim: str, text: str, embedder: Embedder) -> str:
    """The sentence of a passage that says most nearly what the claim says, verbatim."""
    pool = sentences(text)[:60]
    if not pool:
        return text[:300]
    vectors = embedder.embed([*pool, claim])
    return pool[int((vectors[:-1] @ vectors[-1]).argmax())]


def known_of(passages: list[EvidencePassage], evidence: Evidence) -> str:
    """What is known of passages beside their text: authors, roles, levels, dates, thread titles."""
    titles = {t.thread_id: t.title for t in evidence.related}
    parts = [
        part
        for p in passages
        for part in (
            p.author,
            p.author_role,
            p.author_level,
            titles.get(p.thread_id),
            f"{p.date:%B %Y %d}" if p.date else None,
        )
    ]
    return " ".join(part for part in parts if part)
