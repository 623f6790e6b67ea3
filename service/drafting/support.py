"""How well a passage carries a sentence."""

from __future__ import annotations

from service.drafting.citations import overlap
from service.drafting.sentences import sentences, words
from service.models.embedder import Embedder


def support(sentence: str, passage: str, embedder: Embedder) -> float:
    """0 to 1: nearness to the passage's nearest sentence and words in common, in equal parts."""
    pool = [s for s in sentences(passage) if len(words(s)) >= 3][:60] or [passage[:500]]
    vectors = embedder.embed([*pool, sentence])
    nearest = float((vectors[:-1] @ vectors[-1]).max())
    return 0.5 * max(nearest, 0.0) + 0.5 * overlap(sentence, passage)
