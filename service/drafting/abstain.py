"""Whether a draft should be written at all: a pure rule, asked before any model is."""

from __future__ import annotations

from typing import Literal

from service.flagging.flag import Route
from service.retrieval.evidence import Evidence

CUT_OFF = 0.38
"""Least `bearing` of the evidence: below it the corpus has nothing that bears on the question."""

ASKED_ALIKE = 0.1
"""How much nearer a past question must be than a past answer to say as much."""

Reason = Literal[
    "an announcement asks for no answer",
    "somebody must look at this post first",
    "no past thread bears on this question",
]


def reason_to_abstain(
    kind: str, route: Route, question: str, evidence: Evidence, cut_off: float = CUT_OFF
) -> Reason | None:
    """Why no draft should be written, or None."""
    if kind == "announcement":
        return "an announcement asks for no answer"
    if route.to in ("urgent_review", "hold"):
        return "somebody must look at this post first"
    if bearing(question, evidence) < cut_off:
        return "no past thread bears on this question"
    return None


def bearing(question: str, evidence: Evidence) -> float:
    """How far the evidence bears on the question: the best answer, or the answer to the most alike question; 0 without one."""
    answers: dict[str, float] = {}
    alike: dict[str, float] = {}
    for p in evidence.passages:
        held = answers if p.field == "answer" else alike
        held[p.thread_id] = max(held.get(p.thread_id, -1.0), p.score)
    for thread in evidence.related:
        alike[thread.thread_id] = max(alike.get(thread.thread_id, -1.0), thread.score)
    return max((max(score, alike.get(thread, -1.0) - ASKED_ALIKE) for thread, score in answers.items()), default=0.0)
