"""Past posts like this one and what was decided about them: decided posts are kept in the index, and looked up there."""

from __future__ import annotations

import logging

import numpy as np
from sqlalchemy.orm import Session

from service.errors import AnswerloopError
from service.intake.normalise import normalise
from service.intake.post import Post
from service.intake.windows import embed_post
from service.review import history
from service.review.history import PastPost
from service.stations import Stations

log = logging.getLogger(__name__)
LOOKED_AT = 24
LEAST_COSINE = 0.45
"""Below this two posts have little in common (all-MiniLM-L6-v2)."""


def remember(stations: Stations, post: Post) -> None:
    """Keep a decided post's vector. A store that cannot be written only costs the precedent, never the decision."""
    try:
        vector = _vector(stations, post)
        if vector is not None:
            stations.index.add_post(post.site, post.id, vector)
    except AnswerloopError as failure:
        log.warning("a decided post could not be kept as a precedent: %s", failure.code)


def similar(stations: Stations, post: Post) -> list[tuple[str, float]]:
    """Ids and cosines of the most similar decided posts, best first; empty where the index cannot be read."""
    try:
        live, vector = stations.index.live(post.site), _vector(stations, post)
        if live is None or vector is None or live.model != stations.embedder.name:
            return []
        hits = stations.vectors.query(live.collection("posts"), vector.reshape(1, -1), LOOKED_AT)[0]
    except AnswerloopError as failure:
        log.warning("precedents could not be read: %s", failure.code)
        return []
    return [(hit.id, hit.score) for hit in hits if hit.id != post.id and hit.score >= LEAST_COSINE]


def of_post(session: Session, found: list[tuple[str, float]]) -> list[PastPost]:
    """Those of `found` that carry a decision that stands."""
    return history.precedents(session, found)


def _vector(stations: Stations, post: Post) -> np.typing.NDArray[np.float32] | None:
    embedded = embed_post(normalise(post), stations.embedder)
    if not len(embedded.vectors):
        return None
    mean = embedded.vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return (mean / length).astype(np.float32) if length else None
