"""The job behind a bulk import: it ends as `done` or as `failed` with a reason, whatever happens to it.

Where a store or a model is away for a while the job is put on the queue again; the import goes on behind its last batch.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy.exc

from service.corpus.importing import Progress, import_file
from service.corpus.tables import ImportRow
from service.errors import AnswerloopError, Unavailable
from service.jobs import IMPORTS

if TYPE_CHECKING:
    from service.stations import Stations

log = logging.getLogger(__name__)
RETRY_AFTER_S = (5.0, 30.0, 120.0)
PAUSES_S = (1.0, 5.0, 15.0)
"""Between attempts at the few statements that begin and end a job: without them it could not even say that it failed."""
PASSING = (Unavailable, sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, RuntimeError)
"""What may be gone at the next attempt. RuntimeError: a process that is being stopped starts no threads."""
_Result = TypeVar("_Result")


def run(stations: Stations, import_id: str, attempt: int) -> None:
    """Import what the row names, unless it has ended. An upload is removed with the end of its import."""
    row = _patiently(lambda: _read(stations, import_id))
    if row is None:
        return
    if row.state not in ("done", "failed"):
        try:
            _import(stations, row)
        except Exception as failure:
            log.warning("import %s stopped: %s", import_id, type(failure).__name__)
            if isinstance(failure, PASSING) and attempt < len(RETRY_AFTER_S):
                _patiently(lambda: _try_again(stations, row, attempt))
                return
            why = {"reason": reason_of(failure)}
            _patiently(lambda: _note(stations, row, why, "failed"))
    _let_go(stations, row)


def reason_of(failure: Exception) -> str:
    """Why an import failed, in words that quote nothing a member wrote."""
    if isinstance(failure, AnswerloopError):
        return failure.detail
    if isinstance(failure, OSError):
        return f"the file cannot be read: {failure.strerror or type(failure).__name__}"
    if isinstance(failure, sqlalchemy.exc.DBAPIError):
        return f"the database cannot be read or written ({type(failure).__name__})"
    return f"an unexpected {type(failure).__name__}"


def _import(stations: Stations, row: ImportRow) -> None:
    mapping = row.report.get("mapping")
    import_file(
        stations.database, stations.index, stations.clock, Path(row.source), site=row.site, format=row.format,
        mapping=Path(mapping) if mapping else None, import_id=row.id, progress=_telling(stations, row),
        effects=partial(stations.after_sources, row.site),
    )  # fmt: skip


def _telling(stations: Stations, row: ImportRow) -> Progress:
    """Keeps in the report how far the import is, and what the next attempt has to know."""
    asked: dict[str, Any] = {"mapping": row.report.get("mapping"), "keep": row.report.get("keep", False)}

    def tell(done: int, total: int | None, what: str) -> None:
        if what != "done":
            _note(stations, row, {**asked, "done": done, "total": total, "doing": what}, "running")

    return tell


def _note(stations: Stations, row: ImportRow, words: dict[str, Any], state: str) -> None:
    with stations.database.write() as session:
        current = session.get_one(ImportRow, row.id)
        current.report = current.report | words
        current.state, current.updated_at = state, stations.clock()


def _try_again(stations: Stations, row: ImportRow, attempt: int) -> None:
    key, wait = f"import-{row.id}-again-{attempt + 1}", RETRY_AFTER_S[attempt]
    with stations.database.write() as session:
        stations.jobs.enqueue(session, IMPORTS, "run_import", key, row.id, attempt + 1, delay_s=wait)


def _let_go(stations: Stations, row: ImportRow) -> None:
    path = Path(row.source)
    if not row.report.get("keep") and path.parent.resolve() == stations.uploads.folder.resolve():
        path.unlink(missing_ok=True)


def _read(stations: Stations, import_id: str) -> ImportRow | None:
    with stations.database.read() as session:
        return session.get(ImportRow, import_id)


def _patiently(work: Callable[[], _Result]) -> _Result:
    """What a few statements give; tried again while the database is away."""
    for pause in PAUSES_S:
        try:
            return work()
        except sqlalchemy.exc.OperationalError:
            time.sleep(pause)
    return work()
