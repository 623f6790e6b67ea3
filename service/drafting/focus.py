"""Which of the evidence a draft may rest on: planted text left out, threads about something else left out, best first."""

from __future__ import annotations

from service.drafting.trusted import trusted
from service.retrieval.evidence import Evidence, EvidencePassage

WITHIN = 0.12
"""A thread whose relatedness is this far below the best one's is about something else."""
OF_PASSAGE = 0.5
"""Weight of a passage's own nearness beside its thread's relatedness."""
PLACES = 5
"""The best thread is compared with the one at this place: a question that the corpus answers stands out."""
STANDING_OUT = 0.6


def focused(evidence: Evidence) -> Evidence:
    """What of the evidence is on the subject, its passages best first."""
    clean = trusted(evidence)
    related = thread_scores(clean)
    best = max(related.values(), default=0.0)
    kept = [p for p in clean.passages if related.get(p.thread_id, best) >= best - WITHIN]
    return clean.model_copy(update={"passages": sorted(kept, key=lambda p: -worth(p, related))})


def worth(passage: EvidencePassage, related: dict[str, float]) -> float:
    """How much a passage has to do with the question: its thread's relatedness, and a little its own nearness."""
    return related.get(passage.thread_id, passage.score) + OF_PASSAGE * passage.score


def thread_scores(evidence: Evidence) -> dict[str, float]:
    """Relatedness by thread."""
    return {thread.thread_id: thread.score for thread in evidence.related}


def bearing(evidence: Evidence) -> float:
    """How far the evidence bears on the question: the most related answered thread, and how far it stands out; 0 without one."""
    related = thread_scores(evidence)
    answered = {p.thread_id for p in evidence.passages if p.field == "answer"}
    best = max((score for thread, score in related.items() if thread in answered), default=0.0)
    ordered = sorted(related.values(), reverse=True)
    apart = best - ordered[PLACES - 1] if len(ordered) >= PLACES else 0.0
    return best + STANDING_OUT * max(apart, 0.0) if answered else 0.0
