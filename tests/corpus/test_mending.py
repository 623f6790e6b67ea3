"""What a process leaves of an embedded index when it is killed in the midst of writing: found, told, and built again from SQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from service.clock import system_clock
from service.corpus import repository
from service.corpus.check_index import check_index
from service.corpus.indexing import Index
from service.corpus.vectors import StoreDamaged, VectorStore
from service.database import Database
from service.index_jobs import Mending
from service.intake import repository as posts
from service.intake.post import NewPost
from service.settings import Settings
from tests.corpus.conftest import WordEmbedder, a_thread

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SITE = "camp"
THREADS = 120
"""With three passages each: enough that Chroma has written its graph."""


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


@pytest.fixture
def opened(settings: Settings, database: Database, words: WordEmbedder) -> Iterator[Callable[[], Index]]:
    """Opens the index as a process does that starts; an open one is closed in order before."""
    stores: list[VectorStore] = []

    def open_index() -> Index:
        for store in stores:
            store.close()
        stores.append(VectorStore(settings))
        return Index(database, stores[-1], words, system_clock)

    yield open_index
    for store in stores:
        store.close()


@pytest.fixture
def filled(opened: Callable[[], Index], database: Database) -> Index:
    index = opened()
    with database.write() as session:
        for number in range(THREADS):
            repository.put_thread(session, SITE, str(number), a_thread(f"Question {number} about raises"), NOW)
    index.sync(SITE)
    return index


def graph_of(index: Index, settings: Settings, kind: Any = "passages") -> Path:
    """The folder of a collection's graph: the one that holds one of its ids."""
    first = next(index.vectors.ids(index.collection(SITE, kind)))[0]
    index.vectors.close()
    held = [
        p for p in (settings.data_dir / "chroma").rglob("index_metadata.pickle") if first.encode() in p.read_bytes()
    ]
    return held[0].parent


def torn(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])


def test_a_torn_graph_is_told_and_built_again(filled: Index, opened: Callable[[], Index], settings: Settings) -> None:
    torn(graph_of(filled, settings) / "index_metadata.pickle")
    index = opened()
    with pytest.raises(StoreDamaged, match="check-index --repair"):
        index.vectors.count(index.collection(SITE, "passages"))
    found = check_index(index, SITE)
    assert found.damaged == [index.collection(SITE, "passages")] and not found.ok and not found.repaired
    steps: list[int] = []
    mended = check_index(index, SITE, repair=True, progress=lambda done, _total, _what: steps.append(done))
    assert mended.repaired and (mended.passages, mended.vectors) == (3 * THREADS, 3 * THREADS) and THREADS in steps
    assert check_index(index, SITE).ok


def test_a_graph_newer_than_its_names_is_built_again(
    filled: Index, opened: Callable[[], Index], settings: Settings, database: Database
) -> None:
    """Killed between two of the files: each can be read, together they cannot."""
    names = graph_of(filled, settings) / "index_metadata.pickle"
    before = names.read_bytes()
    index = opened()
    with database.write() as session:
        for number in range(THREADS):
            repository.put_thread(session, SITE, f"later-{number}", a_thread(f"Later {number} on promotions"), NOW)
    index.sync(SITE)
    index.vectors.close()
    assert names.read_bytes() != before
    names.write_bytes(before)
    index = opened()
    assert check_index(index, SITE).damaged
    assert check_index(index, SITE, repair=True).repaired
    found = check_index(index, SITE)
    assert found.ok and found.vectors == 6 * THREADS


def test_posts_are_built_again_too(
    filled: Index, opened: Callable[[], Index], settings: Settings, database: Database
) -> None:
    kept = {}
    with database.write() as session:
        for number in range(300):
            sent = NewPost(site=SITE, external_id=str(number), title=f"Post {number}", body="How do I ask for a raise?")
            kept[posts.keep(session, sent, "en", NOW).post.id] = f"Post {number} how do I ask for a raise"
    for id_, text in kept.items():
        filled.add_post(SITE, id_, filled.configured.embed([text])[0])
    torn(graph_of(filled, settings, "posts") / "index_metadata.pickle")
    index = opened()
    assert check_index(index, SITE).damaged == [index.collection(SITE, "posts")]
    assert check_index(index, SITE, repair=True).repaired
    assert index.vectors.present(index.collection(SITE, "posts"), list(kept)) == set(kept)


def test_an_end_out_of_order_is_known_until_somebody_looked(settings: Settings) -> None:
    program = (
        "import os, sys; from pathlib import Path; from service.corpus.vectors import FolderLock;"
        "lock = FolderLock(Path(sys.argv[1]), ''); os._exit(9) if sys.argv[2] == 'killed' else lock.release()"
    )

    def run(end: str) -> None:
        subprocess.run([sys.executable, "-c", program, str(settings.data_dir / "chroma"), end], check=False)

    def ended_badly() -> bool:
        store = VectorStore(settings)
        try:
            return store.ended_badly
        finally:
            store.close()

    run("in order")
    assert not ended_badly()
    run("killed")
    assert ended_badly() and ended_badly()  # nobody has looked through it yet
    store = VectorStore(settings)
    store.looked_through()
    store.close()
    assert not ended_badly()


def killed(settings: Settings) -> None:
    """As a process leaves its lock that does not end in order."""
    (settings.data_dir / "chroma.lock").write_text('{"pid": 1, "url": ""}', "utf-8")


def stations_of(index: Index, database: Database) -> Any:
    return SimpleNamespace(vectors=index.vectors, index=index, database=database, clock=system_clock)


def finished(mending: Mending) -> None:
    assert mending._thread is not None
    mending._thread.join(60)
    assert not mending._thread.is_alive()


def test_what_a_killed_process_left_is_mended_beside_the_answers(
    filled: Index, opened: Callable[[], Index], settings: Settings, database: Database
) -> None:
    torn(graph_of(filled, settings) / "index_metadata.pickle")
    killed(settings)
    index, mending = opened(), Mending()
    assert index.vectors.ended_badly
    mending.begin(stations_of(index, database))
    finished(mending)
    assert not index.vectors.ended_badly and check_index(index, SITE).ok


def test_a_process_that_ended_in_order_has_nothing_to_mend(filled: Index, database: Database) -> None:
    mending = Mending()
    mending.begin(stations_of(filled, database))
    assert mending._thread is None
    mending.stop()


def test_mending_that_is_stopped_begins_anew_at_the_next_start(
    filled: Index, opened: Callable[[], Index], settings: Settings, database: Database, words: WordEmbedder
) -> None:
    torn(graph_of(filled, settings) / "index_metadata.pickle")
    killed(settings)
    index, mending = opened(), Mending()
    words.before = mending._over.set
    mending.begin(stations_of(index, database))
    finished(mending)
    assert index.vectors.ended_badly
    words.before = lambda: None
    index, again = opened(), Mending()
    again.begin(stations_of(index, database))
    finished(again)
    assert not index.vectors.ended_badly and check_index(index, SITE).ok
