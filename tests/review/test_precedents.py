"""Precedents are found behind any number of undecided posts that are nearer."""

from __future__ import annotations

from typing import Any

import numpy as np

from service import precedents
from tests.review.conftest import PRIVATE


def crowd(desk: Any, like: str, count: int) -> None:
    """Vectors of undecided posts that lie exactly where a post lies."""
    stations = desk.service.stations
    collection = stations.index.collection("acme", "posts")
    vector = stations.vectors.fetch(collection, [like])[like]
    stations.vectors.upsert(collection, [f"undecided-{n}" for n in range(count)], np.tile(vector, (count, 1)))


def test_a_decided_post_is_found_behind_many_that_were_never_decided(desk: Any) -> None:
    decided = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(decided, "agree")
    post = desk.send("b", (PRIVATE[0], PRIVATE[1] + " Please."))
    crowd(desk, post, 130)
    assert [p["post_id"] for p in desk.item_of(post)["precedents"]] == [decided["post_id"]]


def test_the_search_ends_where_enough_is_found(desk: Any, monkeypatch: Any) -> None:
    for n in range(precedents.WANTED):
        desk.decide(desk.item_of(desk.send(f"d{n}", (PRIVATE[0], PRIVATE[1] + f" Number {n}."))), "agree")
    post = desk.send("b", PRIVATE)
    vectors = desk.service.stations.vectors
    query, asked = vectors.query, list[int]()

    def counted(collection: str, vector: Any, k: int) -> Any:
        asked.append(k)
        return query(collection, vector, k)

    monkeypatch.setattr(vectors, "query", counted)
    crowd(desk, post, 40)
    assert len(desk.item_of(post)["precedents"]) == precedents.WANTED
    assert asked == [precedents.LOOKED_AT[0]]
