"""What the index missed while its store was away is made good by a job of every minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service import every_minute
from service.corpus import repository
from service.corpus.indexing import Index
from service.database import Database
from service.errors import StoreUnavailable
from tests.corpus.conftest import a_thread

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)


@dataclass
class Queued:
    """Keeps the keys of jobs instead of running them."""

    keys: list[str] = field(default_factory=list)

    def enqueue(self, _session: Any, _queue: Any, _job: str, key: str, *, delay_s: float | None) -> None:
        self.keys.append(f"{key} {delay_s}")


@dataclass
class Minutes:
    """The stations that the job of a minute needs."""

    database: Database
    index: Index
    now: datetime = LATER
    jobs: Queued = field(default_factory=Queued)

    def clock(self) -> datetime:
        return self.now


def put(database: Database, site: str, external_id: str, now: datetime = NOW) -> str:
    with database.write() as session:
        return repository.put_thread(session, site, external_id, a_thread(), now).thread_id


def held(index: Index, site: str) -> int:
    return index.vectors.count(index.collection(site, "passages"))


def away(*_: Any) -> None:
    raise StoreUnavailable("the vector store does not answer: ConnectError")


def test_a_thread_deleted_while_the_store_was_away_leaves_it_within_minutes_of_its_return(
    database: Database, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    stations: Any = Minutes(database, index)
    thread_id = put(database, "camp", "1")
    index.sync("camp")
    with database.write() as session:
        repository.delete_thread(session, "camp", "1", NOW)
    with monkeypatch.context() as patched:
        patched.setattr(index.vectors, "delete", away)
        with pytest.raises(StoreUnavailable):
            index.sync("camp", only=[thread_id])
        assert every_minute.tidy_up(stations) == 0
    assert (held(index, "camp"), index.waiting("camp")) == (3, 1)
    assert every_minute.tidy_up(stations) == 1
    assert (held(index, "camp"), index.waiting("camp")) == (0, 0)
    assert stations.jobs.keys == ["sync-waiting-2026-01-02T12:03 60"] * 2


def test_a_site_that_fails_does_not_keep_the_others_waiting(
    database: Database, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    for site in ("a", "b", "c"):
        put(database, site, "1")
    sync = index.sync
    monkeypatch.setattr(index, "sync", lambda site, **more: away() if site == "b" else sync(site, **more))
    assert index.drain(LATER) == 2
    assert index.sites_waiting() == ["b"]


def test_what_has_just_changed_is_left_to_whoever_changed_it(database: Database, index: Index) -> None:
    put(database, "camp", "old")
    put(database, "camp", "new", LATER)
    put(database, "other", "new", LATER)
    assert index.drain(LATER) == 1
    assert (index.waiting("camp"), index.waiting("other"), held(index, "camp")) == (1, 1, 3)


def test_nothing_is_embedded_or_looked_up_where_nothing_waits(
    database: Database, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, "camp", "1")
    index.sync("camp")
    monkeypatch.setattr(index, "sync", away)
    assert index.drain(LATER) == 0


def test_one_drain_at_a_time(database: Database, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    put(database, "camp", "1")
    inner: list[int] = []
    monkeypatch.setattr(index, "sync", lambda _site, **_more: inner.append(index.drain(LATER)))
    assert index.drain(LATER) == 1
    assert inner == [0]
