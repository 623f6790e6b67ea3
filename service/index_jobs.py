"""Building and checking a site's index: in the process of a command, or beside a running server's answers.

In a server the work has a thread of its own, and whoever asked follows it; where nobody does any more it stops at its
next step, as a command that is interrupted does. A reindex asked for again goes on where it stopped.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import fields
from queue import Empty, SimpleQueue
from typing import Any

import sqlalchemy as sa

from service.corpus import check_index as checking
from service.corpus import lexical, repository
from service.corpus import reindex as building
from service.corpus.check_index import IndexReport, Progress
from service.corpus.tables import IndexRow, PassageRow
from service.errors import Conflict
from service.import_job import reason_of
from service.stations import Stations

log = logging.getLogger(__name__)
Task = Callable[[Progress], dict[str, Any]]
"""Work that says how far it is; its result as JSON values."""
LOOKS = 3
"""What is written anew can hide others (HNSW): it is looked at again, so many times at most."""
_UNDER_WAY: set[tuple[str, str]] = set()
_LOCK = threading.Lock()


def reindex(stations: Stations, site: str, progress: Progress) -> dict[str, Any]:
    """Build the index of a site anew and switch to it: `{model, id}` of what is live then. Raises as `corpus.reindex`."""
    live = building.reindex(stations.index, site, progress=progress)
    return {"model": live.model, "id": live.id}


def check(
    stations: Stations, site: str, progress: Progress, *, repair: bool, every_text: bool, texts: int = checking.SAMPLE
) -> dict[str, Any]:
    """How many of each fault the index has, and whether it is `ok` and `repaired`.

    Threads may come and go meanwhile: a fault is one that two looks find, and what a repair took from threads that came
    during its look is put back.
    """
    report = checking.check_index(
        stations.index, site, repair=repair, every_text=every_text, texts=texts, progress=progress
    )
    if report.repaired:
        _put_back(stations, site, report)
    elif not report.ok:
        again = checking.check_index(stations.index, site, every_text=every_text, progress=progress)
        report = _in_both(report, again)
    return {name: len(value) if isinstance(value, list) else value for name, value in report.as_dict().items()}


def _in_both(first: IndexReport, second: IndexReport) -> IndexReport:
    """The second look with the faults that the first one found as well."""
    for field in fields(IndexReport):
        found = getattr(second, field.name)
        if isinstance(found, list):
            setattr(second, field.name, sorted(set(found) & set(getattr(first, field.name))))
    return second


def _put_back(stations: Stations, site: str, report: IndexReport) -> None:
    """Vectors and words that were taken for stale, of threads that are there now."""
    threads: set[str] = set()
    with stations.database.write() as session:
        for start in range(0, len(report.stale), repository.BOUND):
            part = report.stale[start : start + repository.BOUND]
            threads |= set(session.scalars(sa.select(PassageRow.thread_id).where(PassageRow.id.in_(part))))
        lexical.index_threads(session, repository.texts(session, report.words_stale).values())
        if threads:
            repository.announce(session, site, sorted(threads), stations.clock())
    stations.index.sync(site, only=sorted(threads))


class Mending:
    """Looks through what a process left of the index that did not end in order, beside the service's answers."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, stations: Stations) -> None:
        """Begin where it is needed; returns at once."""
        if stations.vectors.ended_badly:
            self._thread = threading.Thread(target=self._run, args=(stations,), name="mending", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop at the next step and wait for it; the next start begins anew."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, stations: Stations) -> None:
        try:
            with stations.database.read() as session:
                sites = list(session.scalars(sa.select(IndexRow.site).where(IndexRow.state == "live")))
            for site in sites:
                for _ in range(LOOKS):
                    found = check(stations, site, self._step, repair=True, every_text=False, texts=0)
                    if not found["repaired"]:
                        break
                    log.warning(
                        "the index of %s was mended: %d collections damaged, %d vectors unfound, %d missing",
                        site, found["damaged"], found["unfound"], found["missing"],
                    )  # fmt: skip
            stations.vectors.looked_through()
        except _Abandoned:
            log.info("looking through the index goes on at the next start")
        except Exception as failure:
            log.warning("looking through the index failed: %s", type(failure).__name__)

    def _step(self, _done: int, _total: int | None, _what: str) -> None:
        if self._over.is_set():
            raise _Abandoned


class _Abandoned(Exception):
    """Nobody follows the work any more."""


class Work:
    """A task in a thread of its own, and what it says."""

    def __init__(self, stations: Stations, site: str, task: Task) -> None:
        """Begin. Raises Conflict while other work on the index of the site is under way here."""
        self._said: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._abandoned = threading.Event()
        self._place = (stations.database.url, site)
        with _LOCK:
            if self._place in _UNDER_WAY:
                raise Conflict(f"the index of {site} is being built or checked already", field="site")
            _UNDER_WAY.add(self._place)
        threading.Thread(target=self._run, args=(task,), name="index-work", daemon=True).start()

    def next(self, wait_s: float) -> dict[str, Any] | None:
        """What it says next: `{done, total, doing}`, in the end `{result}` or `{error, exit_code}`; None: nothing yet."""
        try:
            return self._said.get(timeout=wait_s)
        except Empty:
            return None

    def abandon(self) -> None:
        """Have it stop at its next step, if it has not ended."""
        self._abandoned.set()

    def _run(self, task: Task) -> None:
        try:
            end: dict[str, Any] = {"result": task(self._step)}
        except _Abandoned:
            end = {"error": "the work was stopped", "exit_code": 1}
        except Exception as failure:
            log.warning("work on the index of %s stopped: %s", self._place[1], type(failure).__name__)
            end = {"error": reason_of(failure), "exit_code": getattr(failure, "exit_code", 1)}
        with _LOCK:
            _UNDER_WAY.discard(self._place)
        self._said.put(end)

    def _step(self, done: int, total: int | None, what: str) -> None:
        if self._abandoned.is_set():
            raise _Abandoned
        self._said.put({"done": done, "total": total, "doing": what})
