"""Durable jobs on DBOS, its tables in the same database as everything else. The only file that imports dbos.

A job is enqueued inside the transaction that writes the row it works on, so that neither exists without the other.
It runs at least once: each handler takes ids alone, reads what it needs, and keys its own side effects.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from service.database import Database

APPLICATION_VERSION = "1"
"""Counts incompatible changes of what the jobs in the queue mean."""

Handler = Callable[..., Any]


@dataclass(frozen=True)
class Queue:
    """A named queue, how many of its jobs one process runs at once, and how often a process looks into it.

    A look costs CPU whether or not there is a job: at 0.1 s for all five a service that does
    nothing kept a quarter of a core busy.
    """

    name: str
    at_once: int
    poll_s: float


DEEP = Queue("deep", 2, 0.2)
DRAFTS = Queue("drafts", 1, 0.2)
WEBHOOKS = Queue("webhooks", 8, 0.2)
IMPORTS = Queue("imports", 1, 1.0)
GATES = Queue("gates", 1, 1.0)
QUEUES = (DEEP, DRAFTS, WEBHOOKS, IMPORTS, GATES)


class Jobs:
    """Enqueues jobs anywhere; runs them where `start` was called."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._client: Any = None
        self._dbos: Any = None

    def prepare(self) -> None:
        """Create DBOS's tables where they are missing, without running anything."""
        from dbos import run_dbos_database_migrations

        run_dbos_database_migrations(system_database_url=self._database.url)

    def enqueue(
        self, session: Session, queue: Queue, job: str, key: str, *arguments: Any, delay_s: float | None = None
    ) -> None:
        """Put `job` on `queue` in the caller's transaction. `key` names it: the same key twice is one job.

        `arguments` are JSON values; `delay_s` is the least number of seconds to wait before it runs.
        """
        options: dict[str, Any] = {"queue_name": queue.name, "workflow_name": job, "workflow_id": key}
        options["app_version"] = APPLICATION_VERSION
        if delay_s:
            options["delay_seconds"] = delay_s
        self._enqueuer().enqueue_in_transaction(session, options, *arguments)

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """Run jobs in this process from now on; `handlers` says what each job's name means."""
        from dbos import DBOS, DBOSPortableJSONSerializer

        for noisy in ("dbos", "dbos.dbos"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        self._dbos = DBOS(
            config={
                "name": "answerloop",
                "system_database_url": self._database.url,
                "application_version": APPLICATION_VERSION,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "ERROR",
                "use_listen_notify": False,
            }
        )
        for name, handler in handlers.items():
            DBOS.workflow(name=name)(_as_workflow(name, handler))
        DBOS.launch()
        for queue in QUEUES:
            DBOS.register_queue(queue.name, worker_concurrency=queue.at_once, polling_interval_sec=queue.poll_s)

    def stop(self) -> None:
        """Stop running jobs; those under way are taken up again at the next start."""
        if self._dbos is not None:
            from dbos import DBOS

            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=2)
            self._dbos = None
        if self._client is not None:
            self._client.destroy()
            self._client = None

    def _enqueuer(self) -> Any:
        if self._client is None:
            from dbos import DBOSClient, DBOSPortableJSONSerializer

            self._client = DBOSClient(
                system_database_url=self._database.url,
                serializer=DBOSPortableJSONSerializer(),
                use_listen_notify=False,
            )
        return self._client


def _as_workflow(name: str, handler: Handler) -> Handler:
    """One step around the whole handler: its return value is what DBOS keeps, so handlers return ids, never text."""
    from dbos import DBOS

    def run(*arguments: Any) -> Any:
        return DBOS.run_step({"name": name}, handler, *arguments)

    run.__qualname__ = run.__name__ = name
    return run
