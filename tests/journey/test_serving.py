"""What `answerloop serve --welcome` does before it listens: the sample community, loaded in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from service import serving
from service.corpus.tables import ThreadRow
from service.database import Database
from service.errors import AnswerloopError
from service.settings import Settings


def threads_in(settings: Settings) -> int:
    database = Database(settings.database)
    try:
        with database.read() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(ThreadRow)) or 0
    finally:
        database.close()


def refuses(_settings: Settings) -> None:
    sys.exit(3)


def test_the_sample_is_loaded_once_by_another_process(
    make_settings: Callable[..., Settings], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(database_url=database_url)
    serving.load_sample_apart(settings)
    loaded = threads_in(settings)
    assert loaded >= 60

    def no_process(_method: str) -> None:
        pytest.fail("a filled store was loaded again")

    monkeypatch.setattr(serving.multiprocessing, "get_context", no_process)
    serving.load_sample_apart(settings)
    assert threads_in(settings) == loaded


def test_a_failed_load_is_said(
    make_settings: Callable[..., Settings], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(database_url=database_url)
    monkeypatch.setattr(serving, "_load_sample", refuses)
    with pytest.raises(AnswerloopError, match="exit code 3"):
        serving.load_sample_apart(settings)
    assert threads_in(settings) == 0
