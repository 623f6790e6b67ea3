"""Bulk import: a file of threads into SQL, batch by batch, while what is already there is embedded.

Each batch and how far it came are one transaction, so that a kill at any point loses and doubles nothing: the same
import goes on behind the last batch, and what was not yet embedded waits in the outbox.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import Clock, new_id
from service.corpus import repository
from service.corpus.importers.record import Found, Gone, Record, Refused, Source
from service.corpus.indexing import BATCH_THREADS, Index
from service.corpus.ready import ReadyThread, make_ready
from service.corpus.tables import ImportRow, ThreadRow, TopicRow
from service.database import Database
from service.errors import InvalidInput, NotFound
from service.people.identity import ensure_site

FORMATS = ("jsonl", "page", "stackexchange", "discourse")
BATCH_RECORDS = 100
BATCH_CHARACTERS = 4_000_000
"""Text of one batch: with the bound on what waits to be embedded, what keeps memory flat."""
AHEAD = 4 * BATCH_THREADS
"""Threads that may wait to be embedded before reading pauses."""
LISTED = 1_000
"""Refused records that are listed; the rest are counted."""

Progress = Callable[[int, int | None, str], None]
"""Called with how many records are done, how many there are (None: not known), and what is going on."""
Effects = Callable[[Session, list[str], list[str]], None]
"""Called within the transaction of a batch with the ids of threads that came or changed with it and of those that are gone."""


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
    progress: Progress = lambda _done, _total, _what: None,
    effects: Effects = lambda _session, _changed, _gone: None,
) -> dict[str, Any]:
    """Import a file, folder or archive into a site and make it findable; the report that `imports` keeps.

    The report counts `read`, `imported` (new), `changed`, `unchanged`, `gone` (deleted or hidden at the source),
    `refused` and `answers`, and lists what was refused in `bad` as `{line, reason}`. An import of the same file that
    did not come to its end is resumed. Raises InvalidInput where the source cannot be read at all.
    """
    source = open_source(path, format, site=site, mapping=mapping)
    try:
        begun = _begin(database, clock, path, site, format, mapping, import_id)
        run = _Run(database, clock, source, begun, site, effects)
        with _Embedding(index, site) as embedding:
            for batch in _batches(source.records(run.position)):
                run.keep(batch)
                progress(max(run.position - index.waiting(site), 0), source.total, "importing")
                embedding.go_on()
                while index.waiting(site) > AHEAD:
                    embedding.pause()
                    progress(max(run.position - index.waiting(site), 0), source.total, "importing")
            while left := index.waiting(site):
                embedding.go_on()
                embedding.pause()
                progress(max(run.position - left, 0), source.total, "embedding")
        report = run.finish(source.notes)
        source.finished()
        progress(run.position, run.position, "done")
        return report
    finally:
        source.close()


def open_source(path: Path, format: str, *, site: str, mapping: Path | None = None) -> Source:
    """Open what is to be imported. Raises InvalidInput where the format is unknown or cannot be read."""
    if mapping is not None and format != "jsonl":
        raise InvalidInput("a mapping goes with the format jsonl", field="mapping")
    if format == "jsonl":
        from service.corpus.importers.jsonl import open_jsonl

        return open_jsonl(path, mapping)
    if format == "page":
        from service.corpus.importers.page import open_page

        return open_page(path, site)
    if format == "stackexchange":
        from service.corpus.importers.stackexchange import open_stackexchange

        return open_stackexchange(path)
    if format == "discourse":
        from service.corpus.importers.discourse import open_discourse

        return open_discourse(path)
    raise InvalidInput(f"unknown format {format!r}; there are {', '.join(FORMATS)}", field="format")


class _Run:
    """One import under way: its counts, kept with each batch."""

    def __init__(
        self, database: Database, clock: Clock, source: Source, row: ImportRow, site: str, effects: Effects
    ) -> None:
        self._database, self._clock, self._source, self._site = database, clock, source, site
        self._effects = effects
        self._id, self.position = row.id, row.position
        counts = ("read", "imported", "changed", "unchanged", "gone", "refused", "answers")
        self._report: dict[str, Any] = row.report | {name: row.report.get(name, 0) for name in counts}
        self._report["bad"] = list(row.report.get("bad", []))

    def keep(self, batch: list[Record]) -> None:
        """Write a batch, the counts and the position in one transaction."""
        now = self._clock()
        ready = [
            (record, make_ready(record.external_id, record.thread)) for record in batch if isinstance(record, Found)
        ]
        report = {**self._report, "bad": list(self._report["bad"])}
        changed: list[str] = []
        gone: list[str] = []
        with self._database.write() as session:
            ensure_site(session, self._site, now)
            dated = _with_known_dates(session, self._site, ready)
            for stored, one in zip(repository.put_threads(session, self._site, dated, now), dated, strict=True):
                report["imported" if stored.created else "changed" if stored.changed else "unchanged"] += 1
                if stored.changed:
                    changed.append(stored.thread_id)
                report["answers"] += len(one.thread.answers)
            for record in batch:
                if isinstance(record, Gone):
                    gone += _remove(session, self._site, record, now)
                    report["gone"] += 1
                elif isinstance(record, Refused):
                    report["refused"] += 1
                    if len(report["bad"]) < LISTED:
                        report["bad"].append({"line": record.number, "reason": record.reason})
            self._effects(session, changed, gone)
            if report["read"] == 0:
                _keep_topics(session, self._site, self._source.topics)
            report["read"] += len(batch)
            values = {"position": batch[-1].number, "report": report, "state": "running", "updated_at": now}
            session.execute(sa.update(ImportRow).where(ImportRow.id == self._id).values(**values))
        self._report, self.position = report, batch[-1].number

    def finish(self, notes: Sequence[str]) -> dict[str, Any]:
        """Close the import; its report."""
        self._report["notes"] = list(notes)
        values = {"state": "done", "report": self._report, "updated_at": self._clock()}
        with self._database.write() as session:
            session.execute(sa.update(ImportRow).where(ImportRow.id == self._id).values(**values))
        return self._report


class _Embedding:
    """A thread that works off the outbox while the import reads on. What fails in it is raised where it is waited for."""

    def __init__(self, index: Index, site: str) -> None:
        self._index, self._site = index, site
        self._wake, self._step = threading.Event(), threading.Event()
        self._stop, self._failed = False, None
        self._thread = threading.Thread(target=self._work, name="import-embedding", daemon=True)

    _failed: BaseException | None

    def __enter__(self) -> _Embedding:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stop = True
        self._wake.set()
        self._thread.join()

    def go_on(self) -> None:
        """There is more to embed."""
        self._wake.set()
        if self._failed is not None:
            raise self._failed

    def pause(self) -> None:
        """Wait until a batch is embedded, at most half a second."""
        self._step.wait(0.5)
        self._step.clear()
        if self._failed is not None:
            raise self._failed

    def _work(self) -> None:
        try:
            while not self._stop:
                self._wake.wait()
                self._wake.clear()
                while (
                    not self._stop
                    and self._index.sync(self._site, limit=AHEAD, done=lambda _s: self._step.set()).threads
                ):
                    pass
        except BaseException as failure:
            self._failed = failure
            self._step.set()


def _begin(
    database: Database, clock: Clock, path: Path, site: str, format: str, mapping: Path | None, import_id: str | None
) -> ImportRow:
    """The row of this import: the one named, an unfinished one of the same file, or a new one."""
    now = clock()
    digest = "" if import_id else _source_digest(path, mapping)
    with database.write() as session:
        if import_id is not None:
            row = session.get(ImportRow, import_id)
            if row is None:
                raise NotFound("there is no such import", field="import_id")
        else:
            same = (ImportRow.site == site, ImportRow.format == format, ImportRow.source_digest == digest)
            row = session.scalar(sa.select(ImportRow).where(*same, ImportRow.state != "done").limit(1))
        if row is None:
            row = ImportRow(
                id=new_id(), site=site, format=format, source=str(path), source_digest=digest, state="running",
                position=0, report={}, created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(row)
        row.state = "running"
        ensure_site(session, site, now)
    return row


def _source_digest(path: Path, mapping: Path | None) -> str:
    """Tells one source from another by place, size and time of each of its files: a changed file is imported anew."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    seen = hashlib.sha256()
    for file in [*files, *([mapping] if mapping else [])]:
        if not file.exists():
            raise InvalidInput(f"there is no {file}", field="file")
        stat = file.stat()
        seen.update(f"{file.resolve()}\x1f{stat.st_size}\x1f{stat.st_mtime_ns}\x1e".encode())
    return seen.hexdigest()


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Records in batches of bounded number and text, in which no external id stands twice."""
    batch: list[Record] = []
    names: set[str] = set()
    size = 0
    for record in records:
        name = "" if isinstance(record, Refused) else record.external_id
        long = (
            len(record.thread.body) + sum(len(a.body) for a in record.thread.answers)
            if isinstance(record, Found)
            else 0
        )
        if batch and (len(batch) >= BATCH_RECORDS or size + long > BATCH_CHARACTERS or name in names):
            yield batch
            batch, names, size = [], set(), 0
        batch.append(record)
        size += long
        if name:
            names.add(name)
    if batch:
        yield batch


def _with_known_dates(session: Session, site: str, ready: list[tuple[Found, ReadyThread]]) -> list[ReadyThread]:
    """Threads whose source has no dates keep the date they came with first."""
    undated = [record.external_id for record, _one in ready if not record.dated]
    if not undated:
        return [one for _record, one in ready]
    where = (ThreadRow.site == site, ThreadRow.external_id.in_(undated))
    known = {
        row.external_id: row.created_at
        for row in session.execute(sa.select(ThreadRow.external_id, ThreadRow.created_at).where(*where))
    }
    return [
        make_ready(one.external_id, one.thread.model_copy(update={"created_at": known[one.external_id]}))
        if not record.dated and one.external_id in known
        else one
        for record, one in ready
    ]


def _remove(session: Session, site: str, record: Gone, now: Any) -> list[str]:
    """The id of the thread that went; none where it was not here."""
    try:
        return [repository.delete_thread(session, site, record.external_id, now)]
    except NotFound:
        return []


def _keep_topics(session: Session, site: str, topics: Any) -> None:
    for name, description in topics.items():
        session.merge(TopicRow(site=site, name=name, description=description))
