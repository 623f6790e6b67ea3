"""Whether a draft should be written at all: a pure rule, asked before any model is."""

from __future__ import annotations

from typing import Literal

from service.drafting.focus import bearing
from service.flagging.flag import Route
from service.retrieval.evidence import Evidence

CUT_OFF = 0.565
"""Least `bearing` of the evidence: below it the corpus has nothing that bears on the question. The lowest at which nine in ten
of 128 questions that the sample community does not answer get no draft (`python -m eval.cut_of_drafts`)."""

Reason = Literal[
    "an announcement asks for no answer",
    "somebody must look at this post first",
    "no past thread bears on this question",
]


def reason_to_abstain(kind: str, route: Route, evidence: Evidence, cut_off: float = CUT_OFF) -> Reason | None:
    """Why no draft should be written, or None."""
    if kind == "announcement":
        return "an announcement asks for no answer"
    if route.to in ("urgent_review", "hold"):
        return "somebody must look at this post first"
    if bearing(evidence) < cut_off:
        return "no past thread bears on this question"
    return None
