"""The small rows that ranking reads: made with the passages, gone with them."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from service.corpus import repository, sketches
from service.corpus.check_index import check_index
from service.corpus.indexing import Index
from service.corpus.reindex import reindex
from service.corpus.tables import SketchRow
from tests.corpus.conftest import WordEmbedder, a_thread

SITE = "tests"


def put(index: Index, name: str, **changes: object) -> str:
    with index.database.write() as session:
        return repository.put_thread(session, SITE, name, a_thread(**changes), index.clock()).thread_id  # type: ignore[arg-type]


def sketches_of(index: Index, *thread_ids: str) -> sketches.Sketches:
    with index.database.read() as session:
        return sketches.fetch(session, index.ensure_live(SITE).id, list(thread_ids))


def test_a_sketch_holds_the_words_and_vectors_of_its_thread(index: Index, words: WordEmbedder) -> None:
    first, second = put(index, "a"), put(index, "b", title="Salary salary salary", body="", answers=[])
    index.sync(SITE)
    found = sketches_of(index, first, second)
    row = found.ids.index(first)
    assert found.vectors.shape == (2, 3, words.dimension)
    title, question, answer = words.embed(
        ["How do I ask for a raise?", "How do I ask for a raise?\n\nMy salary has not moved in two years.",
         "Collect numbers before the meeting."]
    )  # fmt: skip
    for place, vector in enumerate((title, question, answer)):
        assert np.allclose(found.vectors[row, place], vector, atol=2e-3)
    other = found.ids.index(second)
    assert not found.vectors[other, 2].any(), "no answer, no vector"
    assert found.counts[found.owner == other].tolist() == [[3, 0, 0]]
    salary = sketches.hashed(sketches.stems("salary"))[0]
    mine = (found.owner == row) & (found.hashes == salary)
    assert found.counts[mine].tolist() == [[0, 1, 0]]


def test_a_changed_deleted_or_withdrawn_thread_leaves_no_old_sketch(index: Index) -> None:
    changed, deleted = put(index, "a"), put(index, "b")
    index.sync(SITE)
    put(index, "a", body="Something else entirely")
    with index.database.write() as session:
        repository.delete_thread(session, SITE, "b", index.clock())
    assert sketches_of(index, changed, deleted).ids == [], "gone in the transaction itself, before any sync"
    index.sync(SITE)
    found = sketches_of(index, changed, deleted)
    assert found.ids == [changed]
    with index.database.write() as session:
        repository.set_reuse(session, SITE, "mentor", "opted_out", index.clock())
    index.sync(SITE)
    assert not sketches_of(index, changed).vectors[0, 2].any(), "the answer of an author who opted out is in no sketch"
    with index.database.write() as session:
        repository.set_reuse(session, SITE, "asker", "opted_out", index.clock())
    index.sync(SITE)
    assert sketches_of(index, changed).ids == []


def test_a_reindex_makes_sketches_of_its_own_and_drops_the_old(index: Index) -> None:
    thread_id = put(index, "a")
    index.sync(SITE)
    old = index.ensure_live(SITE).id
    index.configured = WordEmbedder("test/other", 32)
    index._embedders[index.configured.name] = index.configured
    live = reindex(index, SITE, grace_s=0)
    with index.database.read() as session:
        assert set(session.scalars(sa.select(SketchRow.index_id))) == {live.id} != {old}
    assert sketches_of(index, thread_id).vectors.shape == (1, 3, 32)


def test_a_missing_sketch_is_found_and_made_again(index: Index) -> None:
    thread_id = put(index, "a")
    index.sync(SITE)
    with index.database.write() as session:
        sketches.remove(session, [thread_id])
    report = check_index(index, SITE)
    assert report.unindexed == [thread_id] and not report.ok
    check_index(index, SITE, repair=True)
    assert sketches_of(index, thread_id).ids == [thread_id]
    assert check_index(index, SITE).ok
