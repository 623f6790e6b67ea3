from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from service.clock import system_clock
from service.corpus import repository
from service.corpus.check_index import check_index
from service.corpus.indexing import Index
from service.corpus.reindex import reindex
from service.corpus.tables import IndexRow, PassageRow
from service.corpus.vectors import VectorStore
from service.database import Database
from service.errors import Unavailable
from service.intake import repository as posts
from service.intake.post import NewPost
from tests.corpus.conftest import WordEmbedder, a_thread

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SITE = "camp"


@pytest.fixture
def other() -> WordEmbedder:
    return WordEmbedder(name="test/other", dimension=32, window=20)


@pytest.fixture
def newer(database: Database, vectors: VectorStore, words: WordEmbedder, other: WordEmbedder) -> Index:
    """The index of a service that was started again with another EMBED_MODEL."""
    return Index(database, vectors, other, system_clock, {"test/words": words}.__getitem__)


def fill(database: Database, count: int = 5) -> None:
    with database.write() as session:
        for number in range(count):
            repository.put_thread(session, SITE, str(number), a_thread(f"Question {number} about raises"), NOW)


def hits(index: Index, text: str) -> int:
    live = index.ensure_live(SITE)
    query = index.embedder_of(live).embed([text])
    return len(index.vectors.query(live.collection("passages"), query, 50)[0])


def test_the_old_model_serves_until_the_switch_and_the_new_one_after(
    database: Database, index: Index, newer: Index
) -> None:
    fill(database)
    index.sync(SITE)
    assert newer.embedder(SITE).name == "test/words"
    served: list[str] = []
    steps: list[tuple[int, int | None]] = []

    def look(done: int, total: int | None, what: str) -> None:
        steps.append((done, total))
        if what == "building":
            assert hits(newer, "raises") == 15
            served.append(newer.embedder(SITE).name)

    live = reindex(newer, SITE, progress=look, grace_s=0)
    assert served == ["test/words"]
    assert steps[-1] == (5, 5)
    assert (live.model, newer.embedder(SITE).name) == ("test/other", "test/other")
    assert hits(newer, "raises") == newer.vectors.count(live.collection("passages")) == 15
    with database.read() as session:
        assert set(session.scalars(sa.select(PassageRow.chunker))) == {live.chunker}
        assert session.scalar(sa.select(sa.func.count()).select_from(IndexRow)) == 1
    assert check_index(newer, SITE, every_text=True).ok


def test_a_build_that_was_killed_goes_on_where_it_stopped(
    database: Database, index: Index, newer: Index, other: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.corpus.reindex.BATCH_THREADS", 2)
    fill(database)
    index.sync(SITE)

    def die(done: int, _total: int | None, _what: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindex(newer, SITE, progress=die, grace_s=0)
    assert newer.embedder(SITE).name == "test/words"
    other.embedded.clear()
    steps: list[int] = []
    reindex(newer, SITE, progress=lambda done, _total, _what: steps.append(done), grace_s=0)
    assert steps == [5, 5]
    assert len(other.embedded) == 3
    assert check_index(newer, SITE, every_text=True).ok


def test_what_changes_during_the_build_is_in_the_new_generation(database: Database, index: Index, newer: Index) -> None:
    fill(database)
    index.sync(SITE)

    changed: list[str] = []

    def change(_done: int, _total: int | None, what: str) -> None:
        if what == "building" and not changed:
            changed.append(what)
            with database.write() as session:
                gone = repository.delete_thread(session, SITE, "1", NOW)
                new = repository.put_thread(session, SITE, "9", a_thread("A late arrival"), NOW)
                edited = repository.put_thread(session, SITE, "2", a_thread("Question 2", body="Edited."), NOW)
            newer.sync(SITE, only=[gone, new.thread_id, edited.thread_id])

    reindex(newer, SITE, progress=change, grace_s=0)
    report = check_index(newer, SITE, every_text=True)
    assert report.ok
    assert (report.threads, report.passages) == (5, 15)


def test_posts_are_embedded_anew_as_well(database: Database, index: Index, newer: Index, words: WordEmbedder) -> None:
    with database.write() as session:
        sent = NewPost(site=SITE, external_id="p", title="Fired by mail", body="What now?")
        post = posts.keep(session, sent, "en", NOW).post
    index.add_post(SITE, post.id, words.embed(["Fired by mail"])[0])
    newer.add_post(SITE, "not yet", WordEmbedder(dimension=32).embed(["Fired by mail"])[0])
    live = reindex(newer, SITE, grace_s=0)
    assert newer.vectors.present(live.collection("posts"), [post.id, "not yet"]) == {post.id}


def test_a_model_that_cannot_be_loaded_any_more_says_what_to_do(
    database: Database, index: Index, vectors: VectorStore, other: WordEmbedder
) -> None:
    fill(database, 1)
    index.sync(SITE)
    alone = Index(database, vectors, other, system_clock)
    with pytest.raises(Unavailable, match="reindex"):
        alone.embedder(SITE)


def test_check_index_finds_and_mends_what_is_missing_stale_wrong_and_unindexed(
    database: Database, index: Index, words: WordEmbedder
) -> None:
    fill(database)
    index.sync(SITE)
    assert check_index(index, SITE).ok
    collection = index.collection(SITE, "passages")
    ids = sorted(id_ for page in index.vectors.ids(collection) for id_ in page)
    index.vectors.delete(collection, ids[:2])
    index.vectors.upsert(collection, ["nobody"], words.embed(["nothing of ours"]))
    index.vectors.upsert(collection, [ids[5]], words.embed(["another text altogether"]))
    with database.write() as session:
        lost = session.scalar(sa.select(PassageRow.thread_id).where(PassageRow.id == ids[9]))
        session.execute(sa.delete(PassageRow).where(PassageRow.thread_id == lost))
        session.execute(sa.text("DELETE FROM lexical_threads WHERE thread_id = :id"), {"id": lost})
    found = check_index(index, SITE, every_text=True)
    assert "nobody" in found.stale
    assert set(found.missing) <= set(ids[:2])
    assert found.unindexed == found.words_missing == [lost]
    assert not found.ok
    assert not found.repaired
    mended = check_index(index, SITE, repair=True, every_text=True)
    assert mended.repaired
    after = check_index(index, SITE, every_text=True)
    assert after.ok
    assert after.passages == after.vectors == 15


def test_what_waits_to_be_synced_is_no_fault(database: Database, index: Index) -> None:
    fill(database)
    report = check_index(index, SITE)
    assert report.ok
    assert report.waiting == 5
    assert report.as_dict()["ok"] is True
