"""What is deleted, private or withdrawn by its author is shown by no lookup, from the moment SQL says so; on both databases
and both vector stores, and although the same lookup was answered just before."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from service.clock import system_clock
from service.corpus import repository
from service.corpus.indexing import Index
from service.database import Database
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.retrieval.evidence import Evidence
from service.retrieval.find_related import Finder
from service.settings import Settings
from tests.corpus.conftest import WordEmbedder, a_thread

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SITE = "camp"
THREADS = 12
Hide = Callable[[Session, int], object]


def delete(session: Session, n: int) -> object:
    return repository.delete_thread(session, SITE, str(n), NOW)


def make_private(session: Session, n: int) -> object:
    return repository.put_thread(session, SITE, str(n), thread(n, visibility="private"), NOW)


def withdraw_asker(session: Session, n: int) -> object:
    return repository.set_reuse(session, SITE, f"asker{n}", "opted_out", NOW)


def thread(n: int, **changes: object) -> object:
    answers = [{"external_id": f"a{n}", "body": f"Quote number {n} to them.", "author": {"id": f"mentor{n}"}}]
    return a_thread(f"Raise for team {n}", author={"id": f"asker{n}"}, answers=answers, **changes)


@pytest.fixture
def finder(database: Database, index: Index, words: WordEmbedder, make_settings: Callable[..., Settings]) -> Finder:
    with database.write() as session:
        for n in range(THREADS):
            repository.put_thread(session, SITE, str(n), thread(n), NOW)  # type: ignore[arg-type]
    index.sync(SITE)
    return Finder(database, index, words, make_settings(), system_clock)


def look(finder: Finder) -> Evidence:
    post = NewPost(site=SITE, external_id="typed", title="Raise for team 3", body="Quote number 3 to them.")
    return finder.look_up(normalise(post), SITE, THREADS)[1]


def names(evidence: Evidence) -> set[str]:
    return {related.external_id for related in evidence.related}


@pytest.mark.parametrize("hide", [delete, make_private, withdraw_asker])
def test_what_is_hidden_is_gone_at_once_and_from_the_index_within_a_second(
    finder: Finder, database: Database, index: Index, hide: Hide
) -> None:
    """Three threads, one after the other; a busy machine may be late with one of them, not with all."""
    took = []
    for hidden, n in enumerate((3, 5, 7), 1):
        assert str(n) in names(look(finder)) and str(n) in names(look(finder))
        held = index.vectors.count(index.collection(SITE, "passages"))
        begun = time.monotonic()
        with database.write() as session:
            hide(session, n)
        hiding = time.monotonic() - begun
        after = look(finder)
        assert len(names(after)) == THREADS - hidden and str(n) not in names(after)
        assert not any(f"number {n} " in passage.text for passage in after.passages)
        begun = time.monotonic()
        index.sync(SITE)
        took.append(hiding + time.monotonic() - begun)
        assert index.vectors.count(index.collection(SITE, "passages")) == held - 3
        assert str(n) not in names(look(finder))
    assert min(took) < 1


def test_what_an_answerer_withdraws_is_not_evidence_and_the_thread_stays(finder: Finder, database: Database) -> None:
    assert any("number 3 " in passage.text for passage in look(finder).passages)
    with database.write() as session:
        repository.set_reuse(session, SITE, "mentor3", "opted_out", NOW)
    after = look(finder)
    assert "3" in names(after)
    assert not any("number 3 " in passage.text for passage in after.passages)
    assert not any("number 3 " in related.passage for related in after.related)


def test_a_thread_that_may_be_shown_again_is_found_again(finder: Finder, database: Database, index: Index) -> None:
    for reuse in ("opted_out", "allowed"):
        with database.write() as session:
            repository.set_reuse(session, SITE, "asker3", reuse, NOW)
        index.sync(SITE)
    assert "3" in names(look(finder))
