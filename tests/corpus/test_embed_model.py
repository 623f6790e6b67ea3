"""`EMBED_MODEL` names another model: what serves until the reindex, a kill in its midst, and what readers keep."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.app import Adapters, build, stop
from service.assess_post import read_post
from service.corpus import repository
from service.corpus.check_index import check_index
from service.corpus.indexing import BATCH_THREADS
from service.corpus.tables import IndexRow
from service.corpus.thread import Thread
from service.errors import InvalidInput
from service.intake.post import NewPost
from service.people import identity
from service.settings import LOCAL_EMBEDDER, Settings
from service.stations import Stations
from tests.models.embedding_server import DIMENSION, EmbeddingServer

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SITE, WORDS = "camp", "openai/words"
THREADS = BATCH_THREADS + 22
PATIENCE_S = float(os.environ.get("PATIENCE_S", "120"))
"""How long a command may take to get where it is killed, or to its end."""
MakeSettings = Callable[..., Settings]
POST = NewPost(site=SITE, external_id="p", title="How do I ask for raise number 7?", body="I want more pay this year.")


@pytest.fixture
def embeddings(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    running = EmbeddingServer()
    monkeypatch.setenv("OPENAI_API_BASE", running.address)
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    yield running
    running.stop()


def opened(settings: Settings) -> Stations:
    return build(settings, Adapters())


def keep(stations: Stations, count: int) -> None:
    with stations.database.write() as session:
        identity.ensure_site(session, SITE, NOW)
        for n in range(count):
            asked = Thread.model_validate({"title": f"Ask for raise number {n}", "body": "", "created_at": NOW})
            repository.put_thread(session, SITE, str(n), asked, NOW)
    stations.index.sync(SITE)


def live_model(stations: Stations) -> list[tuple[str, int]]:
    with stations.database.read() as session:
        rows = session.execute(sa.select(IndexRow.model, IndexRow.dimension).where(IndexRow.state == "live"))
        return [(row.model, row.dimension) for row in rows]


def reindexing(data: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "DATA_DIR": str(data), "EMBED_MODEL": WORDS, "EMBED_DEADLINE_S": "60"}
    command = [sys.executable, "-m", "service.cli", "reindex", "--site", SITE]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.skipif(not os.environ.get("LONG_TESTS"), reason="two minutes with a server of its own: LONG_TESTS=1")
def test_a_reindex_for_another_model_survives_a_kill_and_serves_all_the_while(
    make_settings: MakeSettings, embeddings: EmbeddingServer
) -> None:
    settings = make_settings()
    before = opened(settings)
    keep(before, THREADS)
    stop(before)

    embeddings.hold_after["words"] = 3  # the dimension and the first batch of threads; then it hangs
    with reindexing(settings.data_dir) as killed:
        held = embeddings.held.wait(PATIENCE_S)
        os.kill(killed.pid, signal.SIGKILL)
    assert held, "it never asked for the second batch"

    changed = make_settings(embed_model=WORDS)
    between = opened(changed)
    try:
        assert live_model(between) == [(LOCAL_EMBEDDER, 384)]
        assert not read_post(between.readers, POST).degraded, "the old model's index serves"
    finally:
        stop(between)

    embeddings.hold_after.clear()
    embeddings.release.set()
    embeddings.texts.clear()
    with reindexing(settings.data_dir) as again:
        said = again.communicate(timeout=PATIENCE_S)[0]
    assert again.returncode == 0, said
    assert WORDS in said
    made = [text for text in embeddings.texts["words"] if text.startswith("Ask for raise")]
    assert len(made) == THREADS - BATCH_THREADS, "what the killed one finished is not made again"

    after = opened(changed)
    try:
        assert live_model(after) == [(WORDS, DIMENSION)]
        assert check_index(after.index, SITE, every_text=True).ok
        read = read_post(after.readers, POST)
        assert not read.degraded
        assert read.evidence.related[0].title == "Ask for raise number 7"
        assert read.embedded is not None and read.embedded.model == LOCAL_EMBEDDER, (
            "readers keep what they were fitted on"
        )
    finally:
        stop(after)


def test_when_the_model_elsewhere_fails_only_related_threads_are_missing(
    make_settings: MakeSettings, embeddings: EmbeddingServer
) -> None:
    stations = opened(make_settings(embed_model=WORDS, embed_deadline_s=60.0))
    try:
        keep(stations, 3)
        embeddings.stop()
        read = read_post(stations.readers, POST)
        assert [(d.part, d.reason) for d in read.degraded] == [("related", "model_failed")]
        assert not read.evidence.related and read.embedded is not None
        assert read.route.to == "publish", "a failed lookup never changes a route"
    finally:
        stop(stations)


def test_a_local_model_that_is_not_there_is_refused_at_the_start(make_settings: MakeSettings) -> None:
    with pytest.raises(InvalidInput, match="EMBED_MODEL"):
        opened(make_settings(embed_model="local/other"))
