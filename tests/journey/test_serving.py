"""What `answerloop serve --welcome` does before it listens: the sample community, loaded in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service import serving
from service.corpus import importing, sample_community
from service.corpus.tables import ImportRow, ThreadRow
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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
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


class Killed(BaseException):
    """The process ends here."""


def keeps_one_batch(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load that is cut short behind its first few threads."""
    keep = importing._Run.keep

    def once(run: importing._Run, batch: list[Any]) -> None:
        keep(run, batch)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(importing, "BATCH_RECORDS", 5)
        patched.setattr(importing._Run, "keep", once)
        with pytest.raises(Killed):
            serving._load_sample(settings)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_load_that_was_cut_short_is_ended_by_the_next_start_and_nothing_deleted_comes_back(
    make_settings: Callable[..., Settings], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(database_url=database_url)
    keeps_one_batch(settings, monkeypatch)
    assert threads_in(settings) == 5
    serving.load_sample_apart(settings)
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in sample_community.FOLDER.glob("threads_*.jsonl"))
    assert threads_in(settings) == lines
    database = Database(settings.database)
    with database.write() as session:
        assert sample_community.to_load(session, settings.sample_site) == []
        paths = sorted(sample_community.FOLDER.glob("threads_*.jsonl"))
        session.execute(sa.delete(ImportRow).where(ImportRow.source == str(paths[-1])))
        assert sample_community.to_load(session, settings.sample_site) == paths[-1:], "the rest never began"
        session.execute(sa.delete(ImportRow))
        assert sample_community.to_load(session, settings.sample_site) == [], "threads of other origin"
    database.close()
