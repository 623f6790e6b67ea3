"""Bulk import: a file in, threads in SQL and the index out; resumable, idempotent, bad entries reported and skipped.

The position in the file is committed with the threads that came before it, so a killed import goes on exactly there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from service.clock import Clock, new_id
from service.corpus import repository
from service.corpus.importers import IMPORTERS, Entry
from service.corpus.indexing import Index, Synced
from service.corpus.ready import ReadyThread, make_ready
from service.corpus.tables import ImportRow, TopicRow
from service.database import Database
from service.errors import AnswerloopError, InvalidInput

BATCH = 200
MOST_REPORTED = 1000
Progress = Callable[[int, int | None, str], None]
"""(done, total or None, what)."""


@dataclass(frozen=True)
class _Import:
    """One import under way."""

    id: str
    position: int
    report: dict[str, Any]


def import_file(
    database: Database,
    index: Index,
    clock: Clock,
    path: Path,
    *,
    site: str,
    format: str,
    mapping: Path | None = None,
    import_id: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Import `path` into a site and bring its index up to date; returns the totals.

    The report counts `imported`, `unchanged`, `refused` and lists `bad` entries as `{line, reason}`. Raises InvalidInput
    for an unknown format or a file that is not of it.
    """
    importer = IMPORTERS.get(format)
    if importer is None:
        raise InvalidInput(f"the format is one of {', '.join(IMPORTERS)}", field="format")
    say = progress or (lambda _done, _total, _what: None)
    now = clock()
    under_way = _begin(database, path, site, format, import_id, now)
    report = under_way.report
    entries = importer(path, site, mapping)
    position = under_way.position
    for batch in _batches(islice(entries, position, None), BATCH):
        ready, topics = _checked(batch, report)
        position += len(batch)
        _store(database, clock(), under_way.id, site, ready, topics, report, position)
        say(position, None, "reading")
        _sync(index, site, say, position)
    _sync(index, site, say, position)
    with database.write() as session:
        row = session.get_one(ImportRow, under_way.id)
        row.state, row.updated_at, row.report = "done", clock(), dict(report)
    return report


def _begin(database: Database, path: Path, site: str, format: str, import_id: str | None, now: datetime) -> _Import:
    """A new import, or one of the same file that was interrupted."""
    from service.people.identity import ensure_site

    digest = _file_digest(path)
    with database.write() as session:
        ensure_site(session, site, now)
        row = session.get(ImportRow, import_id) if import_id else None
        if row is None:
            same = sa.select(ImportRow).where(
                ImportRow.site == site, ImportRow.source_digest == digest, ImportRow.state == "running"
            )
            row = session.scalar(same.order_by(ImportRow.id.desc()).limit(1))
        if row is None:
            row = ImportRow(
                id=new_id(), site=site, format=format, source=str(path), source_digest=digest, state="running",
                position=0, report={}, created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(row)
        report = {"imported": 0, "unchanged": 0, "refused": 0, "bad": []} | dict(row.report or {})
        row.state, row.source_digest, row.updated_at = "running", digest, now
        session.flush()
        return _Import(row.id, row.position, report)


def _checked(batch: list[Entry], report: dict[str, Any]) -> tuple[list[ReadyThread], dict[str, str]]:
    ready: dict[str, ReadyThread] = {}
    topics: dict[str, str] = {}
    for entry in batch:
        problem = entry.problem
        if entry.topic is not None:
            topics[entry.topic[0]] = entry.topic[1]
            continue
        if problem is None and entry.thread is not None:
            try:
                ready[entry.external_id] = make_ready(entry.external_id, entry.thread)
            except AnswerloopError as failure:
                problem = f"{failure.field}: {failure.detail}"
        if problem is not None:
            report["refused"] += 1
            if len(report["bad"]) < MOST_REPORTED:
                report["bad"].append({"line": entry.line, "reason": problem})
    return list(ready.values()), topics


def _store(
    database: Database, now: datetime, import_id: str, site: str, ready: list[ReadyThread], topics: dict[str, str],
    report: dict[str, Any], position: int,
) -> None:  # fmt: skip
    with database.write() as session:
        for stored in repository.put_threads(session, site, ready, now):
            report["imported" if stored.created or stored.changed else "unchanged"] += 1
        for name, description in topics.items():
            session.merge(TopicRow(site=site, name=name, description=description))
        row = session.get_one(ImportRow, import_id)
        row.position, row.report, row.updated_at = position, dict(report), now


def _sync(index: Index, site: str, say: Progress, position: int) -> None:
    def done(step: Synced) -> None:
        say(position, None, f"indexing ({step.passages} passages)")

    index.sync(site, done=done)


def _batches(entries: Iterator[Entry], size: int) -> Iterator[list[Entry]]:
    while batch := list(islice(entries, size)):
        yield batch


def _file_digest(path: Path) -> str:
    if path.is_dir():
        names = "\n".join(f"{p.name} {p.stat().st_size}" for p in sorted(path.iterdir()))
        return hashlib.sha256(names.encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def first_problem(error: ValidationError) -> str:
    """The first thing wrong with an entry, naming its field, without repeating what was sent."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "entry"
    return f"{where}: {str(first['msg']).removeprefix('Value error, ')}"
