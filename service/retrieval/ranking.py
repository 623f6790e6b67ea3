"""How related each candidate is: a few features of its passages and words, and one linear score over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.retrieval.candidates import Candidate

FEATURES = ("title_to_title", "title_to_question", "whole_to_title", "whole_to_question", "whole_to_answer", "words")
WEIGHTS = np.array([0.5, 0.3, 0.4, 1.0, 0.3, 0.5], np.float32)
TITLE_VIEW, WHOLE_VIEW = 0, 1


def features(candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """float32, shape (len(candidates), len(FEATURES)); a cosine that was not found is the lowest that was."""
    lowest = min((n.score for c in candidates for v in c.near.values() for n in v.values()), default=0.0)
    most = max((c.words for c in candidates), default=0.0) or 1.0
    rows = [
        [
            c.similarity(TITLE_VIEW, ("title",), lowest),
            c.similarity(TITLE_VIEW, ("question",), lowest),
            c.similarity(WHOLE_VIEW, ("title",), lowest),
            c.similarity(WHOLE_VIEW, ("question",), lowest),
            c.similarity(WHOLE_VIEW, ("answer",), lowest),
            c.words / most,
        ]
        for c in candidates
    ]
    return np.array(rows, np.float32).reshape(len(rows), len(FEATURES))


def scores(candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """The score of each candidate, 0 to 1; higher is more related."""
    found: NDArray[np.float32] = features(candidates) @ WEIGHTS / float(WEIGHTS.sum())
    return np.clip(found, 0.0, 1.0)
