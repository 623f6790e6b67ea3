"""Cosines of any embedding model on the scale of the bundled one, which scores, thresholds and duplicates are told on.

Two points are the same for all models: the same text has cosine 1, and two questions of a community that have nothing to
do with one another have the mean over all pairs. Models differ in that mean (some give 0.1, some 0.8); between the two
points the scale is straight. The order of a list does not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from service.corpus import sketches
from service.corpus.tables import SketchRow

USUAL = 0.25
"""Mean cosine of two questions by the bundled model: 0.30 on the sample community, 0.19 on business threads."""
THREADS, LEAST = 300, 30
"""Threads whose questions are compared; with fewer than the second a mean says nothing and cosines stay as they are."""


@dataclass(frozen=True)
class Scale:
    """Maps a cosine whose mean over unrelated questions is `mean`."""

    mean: float = USUAL

    def __call__(self, cosine: float) -> float:
        """The cosine on the bundled model's scale, −1 to 1."""
        return max(-1.0, 1.0 - (1.0 - cosine) * self._factor)

    def every(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for many."""
        return np.asarray(np.maximum(-1.0, 1.0 - (1.0 - cosines) * self._factor), np.float32)

    @property
    def _factor(self) -> float:
        return (1.0 - USUAL) / max(1.0 - self.mean, 1e-3)


def measure(session: Session, index_id: str) -> Scale:
    """The scale of a generation's model, from the sketches of its threads."""
    some = sa.select(SketchRow.thread_id).where(SketchRow.index_id == index_id).order_by(SketchRow.thread_id)
    vectors = sketches.fetch(session, index_id, list(session.scalars(some.limit(THREADS)))).vectors
    if len(vectors) < LEAST:
        return Scale()
    questions = vectors[:, 1]
    total = float(np.square(np.linalg.norm(questions.sum(axis=0))) - np.square(questions).sum())
    return Scale(total / (len(questions) * (len(questions) - 1)))
