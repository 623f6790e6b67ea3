"""How probable it is that a thread asks the same question as the post."""

from __future__ import annotations

import math


def duplicate_probability(title_similarity: float, question_similarity: float, shared_words: float) -> float:
    """0 to 1, from the cosines of title to title and of whole post to question, and the share of words (0 to 1)."""
    z = 9.0 * title_similarity + 7.0 * question_similarity + 1.5 * shared_words - 13.5
    return round(1.0 / (1.0 + math.exp(-z)), 4)
