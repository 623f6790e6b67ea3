"""What a site waits for while a member types: related threads and tags, for a text of 100 words and for a title alone."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from eval.bench.timing import crowd, milliseconds
from eval.runner import console
from service.intake.normalise import ReadablePost, normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post
from service.stations import Stations

WORDS, CLIENTS = 100, 32
ALONE, TOGETHER = 80, 160
"""Texts asked by one client, and by all at once."""
Posts = Callable[[int], list[NewPost]]


def related(stations: Stations, seconds: float, posts: Posts, site: str) -> None:
    """`/v1/related` without the HTTP."""

    def look_up(read: ReadablePost) -> Any:
        _, evidence = stations.readers.finder.look_up(read, site)
        return [thread.model_dump(mode="json") for thread in evidence.related]

    _measure("related", look_up, stations, posts, site, ("100 words", "title only"))


def tags(stations: Stations, seconds: float, posts: Posts, site: str) -> None:
    """`/v1/tags/suggest` without the HTTP."""

    def suggest(read: ReadablePost) -> Any:
        embedded, evidence = stations.readers.finder.look_up(read, site)
        return [tag.model_dump(mode="json") for tag in stations.readers.tagger.suggest(read, embedded, evidence, site)]

    _measure("tags", suggest, stations, posts, site, ("100 words",))


def texts_of(posts: Sequence[NewPost], words: int, before: str = "") -> list[ReadablePost]:
    """The posts cut to so many words of body, told apart by their titles."""
    cut = [
        post.model_copy(update={"title": before + post.title, "body": " ".join(post.body.split()[:words])})
        for post in posts
    ]
    return [normalise(post) for post in cut]


def _measure(
    what: str, work: Callable[[ReadablePost], Any], stations: Stations, posts: Posts, site: str, names: Sequence[str]
) -> None:
    """Medians against the embedding and one vector query; then 32 clients against the embedder alone."""
    embedder, collection = stations.embedder, stations.index.collection(site, "passages")

    def bare(read: ReadablePost) -> None:
        stations.vectors.query(collection, embed_post(read, embedder).mean.reshape(1, -1), 100)

    for name in names:
        words = WORDS if name == "100 words" else 0
        texts = texts_of(posts(TOGETHER), words, f"{what} ")
        for read in texts[ALONE : ALONE + 10]:
            work(read)
            bare(read)
        whole, least = [], []
        for read in texts[:ALONE]:  # by turns, so that both meet the same machine
            whole.append(milliseconds(partial(work, read)))
            least.append(milliseconds(partial(bare, read)))
        again = statistics.median([milliseconds(partial(work, read)) for read in texts[:ALONE]])
        console.print(
            f"{what}, {name}: median {statistics.median(whole):.1f} ms, embedding + one query {statistics.median(least):.1f} ms, "
            f"ratio {statistics.median(whole) / statistics.median(least):.2f} (target ≤ 1.5; a title ≤ 20 ms); "
            f"the same text again {again:.2f} ms, n {len(whole)}"
        )
        fresh = texts_of(posts(TOGETHER), words, f"{what} again ")
        asked, embedding = crowd(work, fresh, CLIENTS), crowd(lambda read: embed_post(read, embedder), fresh, CLIENTS)
        p99 = float(np.quantile(asked.times, 0.99)) / statistics.median(asked.times)
        console.print(
            f"{what}, {name}, {CLIENTS} clients: {asked.rate:.0f}/s, embedder alone {embedding.rate:.0f}/s, "
            f"share {asked.rate / embedding.rate:.2f} (target ≥ 0.8; a title ≥ 60/s), "
            f"p99/median {p99:.2f} (target ≤ 4), n {len(asked.times)}"
        )
