"""A job exists exactly where the row exists that it works on: both are written by one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.database import Database
from service.intake.tables import PostRow
from service.jobs import DEEP, Jobs
from service.people.tables import SiteRow
from tests.api.conftest import *


def queued(session: Session) -> list[str]:
    """The keys of the jobs that a transaction sees."""
    schema = "" if session.get_bind().dialect.name == "sqlite" else "dbos."
    return list(session.scalars(sa.text(f"SELECT workflow_uuid FROM {schema}workflow_status ORDER BY 1")))


@pytest.fixture
def jobs(database: Database) -> Iterator[Jobs]:
    jobs = Jobs(database)
    yield jobs
    jobs.stop()


def write(database: Database, jobs: Jobs, key: str) -> None:
    """A row and its job in one transaction, which sees the job."""
    with database.write() as session:
        session.add(SiteRow(name=key, created_at=datetime.now(UTC), settings={}))
        session.flush()
        jobs.enqueue(session, DEEP, "read_deep", key, key)
        assert key in queued(session)
        if key.startswith("broken"):
            raise RuntimeError("the power is gone")


def test_a_committed_transaction_leaves_one_job_and_one_that_is_rolled_back_none(
    database: Database, jobs: Jobs
) -> None:
    write(database, jobs, "whole-1")
    with pytest.raises(RuntimeError, match="power"):
        write(database, jobs, "broken-2")
    write(database, jobs, "whole-3")
    with database.write() as session:
        jobs.enqueue(session, DEEP, "read_deep", "whole-3", "whole-3")
    with database.read() as session:
        rows = list(session.scalars(sa.select(SiteRow.name).order_by(SiteRow.name)))
        assert queued(session) == rows == ["whole-1", "whole-3"]


def test_a_post_that_could_not_be_kept_has_no_job_and_is_taken_the_next_time(start: Callable[..., Any]) -> None:
    service = start()
    seen: list[list[str]] = []

    def fail(session: Session) -> None:
        seen.append(queued(session))
        raise RuntimeError("the power is gone")

    def kept() -> tuple[int, int]:
        with service.stations.database.read() as session:
            return len(list(session.scalars(sa.select(PostRow.id)))), len(queued(session))

    def send() -> int:
        return int(service.post("p1", "Which of two offers?", "One pays more.", draft="async").status_code)

    sa.event.listen(Session, "before_commit", fail)
    try:
        assert send() == 500
    finally:
        sa.event.remove(Session, "before_commit", fail)
    assert [len(keys) for keys in seen] == [1]
    assert kept() == (0, 0)
    assert send() == 201
    assert kept() == (1, 1)
