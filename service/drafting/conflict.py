"""Whether two past answers to one question agree, conflict, or speak of different things."""

from __future__ import annotations

from typing import Literal

from service.models.embedder import Embedder
from service.retrieval.disagreement import disagree

Relation = Literal["agree", "conflict", "unrelated"]
NEAR = 0.45
"""Least nearness of two answers that speak of the same matter."""


def relation(question: str, a: str, b: str, embedder: Embedder) -> Relation:
    """How answer `b` stands to answer `a` of the same question."""
    if disagree([a, b]):
        return "conflict"
    first, second = embedder.embed([a[:1000], b[:1000]])
    return "agree" if float(first @ second) >= NEAR else "unrelated"
