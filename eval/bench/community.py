"""A community as large as asked for: the sample's threads many times over, with rows, words, sketches and turned vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa

from eval.runner import console
from service.corpus import lexical, repository
from service.corpus.tables import AnswerRow, PassageRow, SketchRow, ThreadRow
from service.stations import Stations

TURNED = 0.06
"""Deviation of what is added to each component of a vector: copies are near one another and not the same."""
COPIES = 10
"""Copies of the sample written in one transaction."""


def fill(stations: Stations, site: str, threads: int) -> None:
    """Copies of the site's threads until it has at least `threads`; what the service reads of each is there."""
    collection = stations.index.collection(site, "passages")
    ids = [id_ for part in stations.vectors.ids(collection) for id_ in part]
    vectors = stations.vectors.fetch(collection, ids)
    random = np.random.default_rng(0)
    own = _rows(stations, site)
    wanted = max(0, -(-threads // max(len(own[ThreadRow]), 1)) - 1)
    for first in range(0, wanted, COPIES):
        numbers = range(first, min(first + COPIES, wanted))
        with stations.database.write() as session:
            for table, rows in own.items():
                made = [copy for n in numbers for copy in _copies(rows, n)]
                session.execute(sa.insert(table), made)
                if table is ThreadRow:
                    new = [row["id"] for row in made]
            lexical.index_threads(session, repository.texts(session, new).values())
        for n in numbers:
            turned = np.array(list(vectors.values()), np.float32)
            turned += random.normal(0, TURNED, turned.shape).astype(np.float32)
            turned /= np.linalg.norm(turned, axis=1, keepdims=True)
            stations.vectors.upsert(collection, [_name(n, id_) for id_ in vectors], turned)
    count = stations.vectors.count(collection)
    console.print(f"corpus: {(wanted + 1) * len(own[ThreadRow])} threads, {count} passages")


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
