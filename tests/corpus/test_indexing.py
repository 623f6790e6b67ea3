from __future__ import annotations

import time
from datetime import UTC, datetime

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.corpus import lexical, repository
from service.corpus.indexing import Index
from service.corpus.tables import PassageRow
from service.corpus.thread import Thread
from service.database import Database
from service.errors import NotFound
from tests.corpus.conftest import WordEmbedder, a_thread

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SITE = "camp"


def put(database: Database, external_id: str, thread: Thread) -> repository.StoredThread:
    with database.write() as session:
        return repository.put_thread(session, SITE, external_id, thread, NOW)


def found(index: Index, text: str) -> list[str]:
    """Texts of the passages found for a text, by the vectors alone."""
    query = index.configured.embed([text])
    hits = index.vectors.query(index.collection(SITE, "passages"), query, 20)[0]
    with index.database.read() as session:
        rows = {row.id: row.text for row in session.execute(sa.select(PassageRow.id, PassageRow.text))}
    return [rows.get(hit.id, "?") for hit in hits]


def held(index: Index) -> set[str]:
    return {id_ for page in index.vectors.ids(index.collection(SITE, "passages")) for id_ in page}


def rows(session: Session) -> set[str]:
    return set(session.scalars(sa.select(PassageRow.id)))


def in_step(index: Index) -> set[str]:
    """The ids in the index, which must be those in SQL."""
    with index.database.read() as session:
        known = rows(session)
    assert held(index) == known
    return known


def test_a_new_thread_is_found_by_title_question_and_answer(database: Database, index: Index) -> None:
    put(database, "1", a_thread())
    assert index.sync(SITE).threads == 1
    assert found(index, "Collect numbers before the meeting")[0] == "Collect numbers before the meeting."
    assert len(in_step(index)) == 3
    assert index.waiting(SITE) == 0
    assert index.sites_waiting() == []


def test_the_same_thread_again_changes_nothing(database: Database, index: Index, words: WordEmbedder) -> None:
    first = put(database, "1", a_thread())
    index.sync(SITE)
    version, embedded = index.version(SITE), len(words.embedded)
    again = put(database, "1", a_thread())
    assert (again.thread_id, again.created, again.changed) == (first.thread_id, False, False)
    assert index.sync(SITE).threads == 0
    assert len(words.embedded) == embedded
    assert version


def test_new_votes_are_stored_without_embedding_again(database: Database, index: Index, words: WordEmbedder) -> None:
    first = put(database, "1", a_thread(score=1))
    index.sync(SITE)
    embedded = len(words.embedded)
    answer = {"external_id": "a1", "body": "Collect numbers before the meeting.", "author": {"id": "mentor"}}
    assert not put(database, "1", a_thread(score=9, answers=[{**answer, "accepted": True}])).changed
    assert index.sync(SITE).threads == 0
    with database.read() as session:
        view = repository.threads(session, [first.thread_id])[first.thread_id]
    assert (view.score, view.answers[0].accepted) == (9, True)
    assert len(words.embedded) == embedded


def test_an_edit_replaces_only_the_passages_it_changed(database: Database, index: Index, words: WordEmbedder) -> None:
    put(database, "1", a_thread())
    index.sync(SITE)
    before = in_step(index)
    words.embedded.clear()
    stored = put(database, "1", a_thread(body="My salary is a secret."))
    assert len(stored.removed_passage_ids) == 3
    index.sync(SITE)
    after = in_step(index)
    assert words.embedded == ["How do I ask for a raise?\n\nMy salary is a secret."]
    assert len(before & after) == 2


def test_a_deleted_thread_is_gone_everywhere_within_a_second(database: Database, index: Index) -> None:
    put(database, "1", a_thread())
    put(database, "2", a_thread("Which laptop?", body="Any advice on keyboards?", answers=[]))
    index.sync(SITE)
    begun = time.monotonic()
    with database.write() as session:
        thread_id = repository.delete_thread(session, SITE, "1", NOW)
    index.sync(SITE, only=[thread_id])
    assert time.monotonic() - begun < 1
    assert all("raise" not in text and "numbers" not in text for text in found(index, "raise numbers meeting"))
    assert len(in_step(index)) == 2
    with database.read() as session:
        assert repository.visible(session, [thread_id]) == set()
        assert lexical.search(session, SITE, "salary meeting", 5) == []
    with pytest.raises(NotFound), database.write() as session:
        repository.delete_thread(session, SITE, "1", NOW)


def test_a_thread_that_turns_private_leaves_the_index_and_comes_back(database: Database, index: Index) -> None:
    stored = put(database, "1", a_thread())
    index.sync(SITE)
    put(database, "1", a_thread(visibility="private"))
    with database.read() as session:
        assert repository.passages(session, held(index)) == []
    index.sync(SITE)
    assert in_step(index) == set()
    put(database, "1", a_thread())
    index.sync(SITE)
    assert len(in_step(index)) == 3
    with database.read() as session:
        assert repository.visible(session, [stored.thread_id]) == {stored.thread_id}


def test_an_author_who_opts_out_takes_threads_and_answers_along(database: Database, index: Index) -> None:
    own = put(database, "1", a_thread(author={"id": "mentor"}))
    other = put(database, "2", a_thread("Is a certificate worth it?", body="Asking about clouds."))
    index.sync(SITE)
    with database.write() as session:
        affected = repository.set_reuse(session, SITE, "mentor", "opted_out", NOW)
        assert repository.visible(session, [own.thread_id, other.thread_id]) == {other.thread_id}
        assert [hit.thread_id for hit in lexical.search(session, SITE, "salary", 5)] == []
        assert [hit.thread_id for hit in lexical.search(session, SITE, "numbers", 5)] == []
        assert [hit.thread_id for hit in lexical.search(session, SITE, "certificate", 5)] == [other.thread_id]
    assert sorted(affected) == sorted([own.thread_id, other.thread_id])
    index.sync(SITE)
    assert len(in_step(index)) == 2
    put(database, "3", a_thread("Another one", author={"id": "mentor"}))
    index.sync(SITE)
    assert len(in_step(index)) == 2
    with database.write() as session:
        assert repository.set_reuse(session, SITE, "mentor", "opted_out", NOW) == []
        repository.set_reuse(session, SITE, "mentor", "allowed", NOW)
    index.sync(SITE)
    assert len(in_step(index)) == 9


def test_what_is_hidden_while_it_is_being_embedded_is_not_written(
    database: Database, index: Index, words: WordEmbedder
) -> None:
    put(database, "1", a_thread())

    def hide() -> None:
        words.before = lambda: None
        with database.write() as session:
            repository.set_reuse(session, SITE, "mentor", "opted_out", NOW)

    words.before = hide
    index.sync(SITE, limit=1)
    with database.read() as session:
        assert not session.scalars(sa.select(PassageRow.text).where(PassageRow.field == "answer")).all()
    assert index.waiting(SITE) == 1
    index.sync(SITE)
    assert len(in_step(index)) == 2


def test_a_change_while_the_vectors_are_made_is_not_lost(database: Database, index: Index, words: WordEmbedder) -> None:
    put(database, "1", a_thread())

    def edit() -> None:
        words.before = lambda: None
        put(database, "1", a_thread(body="Quite another question about relocation."))

    words.before = edit
    index.sync(SITE)
    assert "relocation" in found(index, "question about relocation")[0]
    assert all("two years" not in text for text in found(index, "salary two years"))
    in_step(index)


def test_a_sync_that_dies_after_writing_rows_is_repeated_without_doubles(
    database: Database, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, "1", a_thread())

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(index.vectors, "upsert", die)
        index.sync(SITE)
    assert index.sites_waiting() == [SITE]
    index.sync(SITE)
    assert len(in_step(index)) == 3


def test_sites_do_not_see_each_other(database: Database, index: Index) -> None:
    put(database, "1", a_thread())
    index.sync(SITE)
    assert index.vectors.count(index.collection("elsewhere", "passages")) == 0
    with database.read() as session:
        assert lexical.search(session, "elsewhere", "salary", 5) == []


def test_posts_have_a_collection_of_their_own(database: Database, index: Index) -> None:
    vector = np.eye(64, dtype=np.float32)[3]
    index.add_post(SITE, "p1", vector)
    hits = index.vectors.query(index.collection(SITE, "posts"), vector.reshape(1, -1), 3)
    assert [(hit.id, round(hit.score, 3)) for hit in hits[0]] == [("p1", 1.0)]
    index.remove_post(SITE, "p1")
    assert index.vectors.count(index.collection(SITE, "posts")) == 0


def test_every_change_gives_the_index_a_new_version(database: Database, index: Index) -> None:
    put(database, "1", a_thread())
    index.sync(SITE)
    seen = [index.version(SITE)]
    put(database, "1", a_thread(tags=["compensation"]))
    seen.append(index.version(SITE))
    with database.write() as session:
        repository.set_reuse(session, SITE, "mentor", "opted_out", NOW)
    seen.append(index.version(SITE))
    with database.write() as session:
        repository.delete_thread(session, SITE, "1", NOW)
    seen.append(index.version(SITE))
    assert len(set(seen)) == 4
