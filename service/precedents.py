"""Past posts like this one and what was decided about them, found among the posts whose vectors are kept."""

from __future__ import annotations

import logging

from service.errors import AnswerloopError
from service.intake.normalise import normalise
from service.intake.post import Post
from service.intake.windows import embed_post
from service.models.embedder import Vectors
from service.review import history
from service.review.history import PastPost
from service.stations import Stations

log = logging.getLogger(__name__)
LOOKED_AT = (60, 240, 960)
"""Nearest posts, of which those that were decided count; more of them where too few were."""
WANTED = 5
LEAST_COSINE = 0.45
"""Below this two posts have little in common (all-MiniLM-L6-v2)."""


def remember(stations: Stations, post: Post) -> None:
    """Keep a decided post's vector, where that failed when the post was assessed. A store that cannot be written costs
    the precedent, never the decision."""
    try:
        live = stations.index.live(post.site)
        if live is None or not stations.vectors.present(live.collection("posts"), [post.id]):
            stations.index.add_post(post.site, post.id, _embedded(stations, post))
    except AnswerloopError as failure:
        log.warning("a decided post could not be kept as a precedent: %s", failure.code)


def of_post(stations: Stations, post: Post) -> list[PastPost]:
    """The most similar posts that carry a decision that stands, best first, at most `WANTED`. Where the index cannot be
    read, those found so far."""
    found: list[PastPost] = []
    try:
        live = stations.index.live(post.site)
        if live is None:
            return found
        collection = live.collection("posts")
        vector = stations.vectors.fetch(collection, [post.id]).get(post.id)
        if vector is None:
            vector = _embedded(stations, post)
        for looked_at in LOOKED_AT:
            hits = stations.vectors.query(collection, vector.reshape(1, -1), looked_at)[0]
            near = [(hit.id, hit.score) for hit in hits if hit.id != post.id and hit.score >= LEAST_COSINE]
            with stations.database.read() as session:
                found = history.precedents(session, near, WANTED)
            if len(found) == WANTED or len(near) < looked_at - 1:
                break
    except AnswerloopError as failure:
        log.warning("precedents could not be read: %s", failure.code)
    return found


def _embedded(stations: Stations, post: Post) -> Vectors:
    return embed_post(normalise(post), stations.index.embedder(post.site)).mean
