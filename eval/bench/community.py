"""A community as large as asked for: the sample's threads many times over, with rows, words, sketches and turned vectors."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa

from eval.runner import console
from service.corpus import lexical, repository
from service.corpus.generations import new_version
from service.corpus.tables import AnswerRow, PassageRow, SketchRow, ThreadRow
from service.stations import Stations

TURNED = 0.06
"""Deviation of what is added to each component of a vector: copies are near one another and not the same."""
COPIES = 10
"""Copies of the sample written in one transaction."""


class Community:
    """A site that grows by copies of the threads it has at the beginning; what the service reads of each is there."""

    def __init__(self, stations: Stations, site: str) -> None:
        self._stations, self._site = stations, site
        self._collection = stations.index.collection(site, "passages")
        ids = [id_ for part in stations.vectors.ids(self._collection) for id_ in part]
        fetched = stations.vectors.fetch(self._collection, ids)
        self._ids, self._vectors = list(fetched), np.array(list(fetched.values()), np.float32)
        self._own = _rows(stations, site)
        self._random = np.random.default_rng(0)
        self._copies = 0

    @property
    def threads(self) -> int:
        """How many threads there are."""
        return (self._copies + 1) * len(self._own[ThreadRow])

    @property
    def passages(self) -> int:
        """How many passages there are."""
        return self._stations.vectors.count(self._collection)

    def grow(self, threads: int, until: float = float("inf")) -> bool:
        """Add copies until there are so many threads; False where the moment `until` (`time.monotonic`) came first."""
        while self.threads < threads:
            if time.monotonic() > until:
                return False
            missing = -(-threads // len(self._own[ThreadRow])) - 1 - self._copies
            self._write(range(self._copies, self._copies + min(COPIES, missing)))
        return True

    def _write(self, numbers: range) -> None:
        with self._stations.database.write() as session:
            for table, rows in self._own.items():
                made = [copy for n in numbers for copy in _copies(rows, n)]
                session.execute(sa.insert(table), made)
                if table is ThreadRow:
                    new = [row["id"] for row in made]
            lexical.index_threads(session, repository.texts(session, new).values())
            new_version(session, self._site)
        for n in numbers:
            turned = self._vectors + self._random.normal(0, TURNED, self._vectors.shape).astype(np.float32)
            turned /= np.linalg.norm(turned, axis=1, keepdims=True)
            self._stations.vectors.upsert(self._collection, [_name(n, id_) for id_ in self._ids], turned)
        self._copies += len(numbers)


def fill(stations: Stations, site: str, threads: int) -> Community:
    """Copies of the site's threads until it has at least `threads`."""
    community = Community(stations, site)
    community.grow(threads)
    console.print(f"corpus: {community.threads} threads, {community.passages} passages")
    return community


def _rows(stations: Stations, site: str) -> dict[Any, list[dict[str, Any]]]:
    """The site's rows by table, each before those that point at it."""
    of_site = sa.select(ThreadRow.id).where(ThreadRow.site == site)
    where: dict[Any, Callable[[], Any]] = {
        ThreadRow: lambda: ThreadRow.site == site,
        AnswerRow: lambda: AnswerRow.thread_id.in_(of_site),
        PassageRow: lambda: PassageRow.site == site,
        SketchRow: lambda: SketchRow.thread_id.in_(of_site),
    }
    with stations.database.read() as session:
        return {
            table: [dict(row._mapping) for row in session.execute(sa.select(table.__table__).where(rule()))]
            for table, rule in where.items()
        }


def _copies(rows: list[dict[str, Any]], number: int) -> Iterator[dict[str, Any]]:
    for row in rows:
        named = {key: _name(number, row[key]) for key in ("id", "thread_id", "answer_id") if row.get(key)}
        if "site" in row and "external_id" in row:
            named["external_id"] = f"{number}-{row['external_id']}"
        yield {**row, **named}


def _name(number: int, id_: str) -> str:
    return hashlib.sha256(f"{number}:{id_}".encode()).hexdigest()[:32]
