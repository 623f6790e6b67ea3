"""What a site waits for while a member types: related threads for a text of 100 words and for a title alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from eval.runner import console
from service.intake.normalise import ReadablePost, normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post
from service.stations import Stations

WORDS, CLIENTS = 100, 32


def related(stations: Stations, seconds: float, posts: Callable[[int], list[NewPost]], site: str) -> None:
    """Medians against the embedding and one vector query; then 32 clients against the embedder alone."""
    finder, embedder = stations.readers.finder, stations.embedder
    collection = stations.index.collection(site, "passages")

    def bare(read: ReadablePost) -> None:
        stations.vectors.query(collection, embed_post(read, embedder).mean.reshape(1, -1), 100)

    def look_up(read: ReadablePost) -> Any:
        return finder.look_up(read, site)

    for name, texts in (("100 words", _texts(posts(160), WORDS)), ("title only", _texts(posts(160), 0))):
        for read in texts[:5]:
            bare(read)
        whole = [_ms(partial(look_up, read)) for read in texts[:80]]
        least = [_ms(partial(bare, read)) for read in texts[:80]]
        ratio = statistics.median(whole) / statistics.median(least)
        again = statistics.median([_ms(partial(look_up, read)) for read in texts[:80]])
        console.print(
            f"related, {name}: median {statistics.median(whole):.1f} ms, embedding + one query {statistics.median(least):.1f} ms, "
            f"ratio {ratio:.2f} (target ≤ 1.5; a title ≤ 20 ms); the same text again {again:.2f} ms, n {len(whole)}"
        )
        fresh = _texts(posts(160), WORDS if name == "100 words" else 0, "again ")
        rate, times = _rate(look_up, fresh)
        embedding, _ = _rate(lambda read: embed_post(read, embedder), fresh)
        p99 = float(np.quantile(times, 0.99)) / statistics.median(times)
        console.print(
            f"related, {name}, {CLIENTS} clients: {rate:.0f}/s, embedder alone {embedding:.0f}/s, share {rate / embedding:.2f} "
            f"(target ≥ 0.8; a title ≥ 60/s), p99/median {p99:.2f} (target ≤ 4), n {len(times)}"
        )


def _texts(posts: Sequence[NewPost], words: int, before: str = "") -> list[ReadablePost]:
    """The posts cut to so many words of body, told apart by their titles."""
    cut = [
        post.model_copy(update={"title": before + post.title, "body": " ".join(post.body.split()[:words])})
        for post in posts
    ]
    return [normalise(post) for post in cut]


def _rate(work: Callable[[ReadablePost], Any], texts: Sequence[ReadablePost]) -> tuple[float, list[float]]:
    """(texts a second, milliseconds of each) with 32 clients at once."""
    begin = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        times = list(pool.map(lambda read: _ms(partial(work, read)), texts))
    return len(texts) / (time.perf_counter() - begin), times


def _ms(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)
