"""The fast lane: a post of 250 words against its embedding and one vector query, with the drafter idle and busy."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import numpy as np

from eval.bench.timing import crowd, milliseconds
from eval.runner import console
from service.assess_post import read_post
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post
from service.models.bundled import BundledWriter, Writing
from service.models.calls import BackendFailure, Message
from service.stations import Stations

POSTS, CLIENTS = 40, 8
TARGET, TARGET_P99 = 2.0, 3.0
ASKED = "Write on and on about how an engineer may ask a manager for a fair review. Give many examples."


def fast_lane(stations: Stations, seconds: float, posts_of: Callable[[int], list[NewPost]]) -> None:
    """Ratios with the drafter idle and busy; then eight clients at once."""
    posts = posts_of(POSTS)
    for post in posts[:5]:
        read_post(stations.readers, post)
    _against_embedding(stations, posts, seconds, "drafter idle")
    times = crowd(partial(read_post, stations.readers), posts * 4, CLIENTS).times
    p99 = float(np.quantile(times, 0.99))
    console.print(
        f"fast lane, {CLIENTS} clients: median {statistics.median(times):.1f} ms, p99 {p99:.1f} ms, "
        f"p99/median {p99 / statistics.median(times):.2f} (target ≤ {TARGET_P99:.0f}), n {len(times)}"
    )
    with _writing(stations):
        _against_embedding(stations, posts, seconds, "drafter busy")


def _against_embedding(stations: Stations, posts: Sequence[NewPost], seconds: float, name: str) -> None:
    whole, bare = [], []
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        for post in posts:
            whole.append(milliseconds(partial(read_post, stations.readers, post)))
            bare.append(milliseconds(partial(_embed_and_query, stations, post)))
    ratio = statistics.median(whole) / statistics.median(bare)
    console.print(
        f"fast lane, {name}: median {statistics.median(whole):.1f} ms, embedding + one query {statistics.median(bare):.1f} ms, "
        f"ratio {ratio:.2f} (target ≤ {TARGET}), n {len(whole)}"
    )


def _embed_and_query(stations: Stations, post: NewPost) -> None:
    embedded = embed_post(normalise(post), stations.embedder)
    stations.vectors.query(stations.index.collection(post.site, "passages"), embedded.mean.reshape(1, -1), 100)


@contextmanager
def _writing(stations: Stations) -> Iterator[None]:
    """The bundled model writes one text after another."""
    writer, over, begun = BundledWriter(stations.settings.models_dir), threading.Event(), threading.Event()

    def write() -> None:
        message = Message("user", ASKED)
        while not over.is_set():
            writing = Writing([message], None, 0.7, 400, on_text=lambda _: begun.set(), stop=over.is_set)
            with suppress(BackendFailure):
                writer.submit(writing).result()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    if not begun.wait(60):
        console.print("the bundled model did not begin to write within a minute; what follows is the idle figure")
    try:
        yield
    finally:
        over.set()
        thread.join(5)
        writer.close()
