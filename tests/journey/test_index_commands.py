"""`answerloop reindex` and `check-index` beside a running server: through its calls, while it answers."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from typer.testing import CliRunner

from service import cli, index_jobs, local
from service.corpus.thread import Thread
from service.errors import AlreadyOpen, AnswerloopError, Conflict, InvalidInput
from service.index_jobs import Progress, Work
from service.serving import note_path
from tests.api.conftest import *
from tests.furnished import sqlite_copy, thread


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """SQLite alone: these tests are about what is around the database."""
    return sqlite_copy(sqlite_template, tmp_path)


@pytest.fixture
def running(service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The service on a port, the note that commands find it by, and commands with its settings."""
    settings = service.stations.settings
    config = uvicorn.Config(service.client.app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    while not server.started:
        serving.join(0.02)
    service.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    note = {"pid": os.getpid(), "url": service.url, "key": service.keys["admin"]}
    note_path(settings).write_text(json.dumps(note), "utf-8")
    monkeypatch.setattr(cli, "Settings", lambda: settings)
    monkeypatch.setattr(index_jobs.building, "reindex", partial(index_jobs.building.reindex, grace_s=0))
    yield service
    server.should_exit = True
    serving.join(20)


def command(*arguments: str) -> tuple[int, dict[str, str]]:
    """The exit code, and what a command printed as names and values."""
    done = CliRunner().invoke(cli.app, [*arguments, "--site", "acme"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, dict(line.split("\t") for line in done.stdout.splitlines() if "\t" in line)


def lose_vectors(service: Any, count: int) -> None:
    """Remove some vectors behind SQL's back."""
    stations = service.stations
    collection = stations.index.collection("acme", "passages")
    ids = sorted(id_ for page in stations.vectors.ids(collection) for id_ in page)
    stations.vectors.delete(collection, ids[:count])


def test_a_reindex_goes_through_the_server_and_what_it_built_answers(running: Any) -> None:
    before = running.stations.index.live("acme").id
    done = CliRunner().invoke(cli.app, ["reindex", "--site", "acme"])
    live = running.stations.index.live("acme")
    assert (done.exit_code, done.stdout) == (0, f"live: {live.model}, {live.id}\n")
    assert live.id != before
    asked = {"site": "acme", "title": "Passed over for promotion twice"}
    assert running.call("POST", "/v1/related", json=asked).json()["related"]


def test_check_index_finds_and_mends_through_the_server_with_the_same_exit_codes(running: Any) -> None:
    assert command("check-index")[0] == 0
    lose_vectors(running, 2)
    code, found = command("check-index", "--every-text")
    assert (code, found["missing"], found["ok"], found["repaired"]) == (1, "2", "False", "False")
    code, found = command("check-index", "--repair")
    assert (code, found["missing"], found["repaired"]) == (0, "2", "True")
    assert command("check-index")[1]["ok"] == "True"


def test_offline_is_refused_while_a_server_holds_the_stores(running: Any) -> None:
    settings = running.stations.settings
    with pytest.raises(AlreadyOpen):
        local.reindexing(settings, "acme", offline=True)
    with pytest.raises(AlreadyOpen):
        local.checking_index(settings, "acme", repair=True, every_text=False, offline=True)


def test_without_a_server_a_command_works_on_the_stores(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_jobs.building, "reindex", partial(index_jobs.building.reindex, grace_s=0))
    settings = service.stations.settings
    service.stations.vectors.close()
    live = local.reindexing(settings, "acme", offline=False)
    assert local.checking_index(settings, "acme", repair=False, every_text=True, offline=True)["ok"]
    assert live["id"]


@pytest.mark.parametrize(
    ("failure", "words", "code"),
    [(InvalidInput("no such chunker"), "no such chunker", 2), (ZeroDivisionError("secret"), "an unexpected Zero", 1)],
)
def test_what_fails_in_the_server_ends_the_command_with_its_words_and_code(
    running: Any, monkeypatch: pytest.MonkeyPatch, failure: Exception, words: str, code: int
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(index_jobs.building, "reindex", fails)
    with pytest.raises(AnswerloopError, match=words) as raised:
        local.reindexing(running.stations.settings, "acme", offline=False)
    assert raised.value.exit_code == code and "secret" not in raised.value.detail


def test_a_server_with_another_model_or_without_the_site_says_so(running: Any) -> None:
    settings = running.stations.settings
    with pytest.raises(AnswerloopError, match="start it again"):
        local.reindexing(settings.model_copy(update={"embed_model": "voyage/x"}), "acme", offline=False)
    with pytest.raises(AnswerloopError, match="nowhere"):
        local.checking_index(settings, "nowhere", repair=False, every_text=False, offline=False)


def test_one_piece_of_work_on_an_index_at_a_time_while_others_are_answered(running: Any) -> None:
    go_on = threading.Event()

    def task(_progress: Progress) -> dict[str, Any]:
        go_on.wait(20)
        return {"fine": True}

    work = Work(running.stations, "acme", task)
    with pytest.raises(Conflict):
        Work(running.stations, "acme", task)
    assert running.call("POST", "/v1/index/check", "admin", json={"site": "acme"}).status_code == 409
    assert running.call("POST", "/v1/index/check", "admin", json={"site": "elsewhere"}).status_code == 200
    asked = {"site": "acme", "title": "Passed over for promotion twice"}
    assert running.call("POST", "/v1/related", json=asked).status_code == 200
    go_on.set()
    assert work.next(20) == {"result": {"fine": True}}
    assert command("check-index")[0] == 0


def test_work_that_nobody_follows_any_more_stops_at_its_next_step(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def endless(*_: Any, progress: Progress, **__: Any) -> None:
        try:
            while True:
                progress(1, 2, "building")
                time.sleep(0.01)
        finally:
            ended.set()

    monkeypatch.setattr(index_jobs.building, "reindex", endless)
    headers = {"Authorization": f"Bearer {running.keys['admin']}"}
    asked = {"site": "acme"}
    with httpx.stream("POST", running.url + "/v1/index/reindex", headers=headers, json=asked, timeout=20) as answer:
        assert next(line for line in answer.iter_lines() if line.startswith("data")) == (
            'data: {"done": 1, "total": 2, "doing": "building"}'
        )
        assert not ended.is_set()
    assert ended.wait(20)


@pytest.fixture
def arriving(service: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Has a thread arrive while the next check runs, between its look at SQL and its look at the vectors."""
    stations, ids = service.stations, service.stations.vectors.ids

    def arrive(collection: str) -> Any:
        monkeypatch.setattr(stations.vectors, "ids", ids)
        late = thread("A late arrival", ["burnout"], "It came during the check.", "Welcome it.")
        stations.put_thread("acme", "t-late", Thread.model_validate(late))
        return ids(collection)

    return lambda: monkeypatch.setattr(stations.vectors, "ids", arrive)


def look(service: Any, *, repair: bool) -> dict[str, Any]:
    return index_jobs.check(service.stations, "acme", lambda *_: None, repair=repair, every_text=False)


def test_a_thread_that_arrives_during_a_look_is_no_fault(service: Any, arriving: Callable[[], None]) -> None:
    arriving()
    assert look(service, repair=False)["ok"]


def test_a_thread_that_arrives_during_a_repair_stays_findable(service: Any, arriving: Callable[[], None]) -> None:
    lose_vectors(service, 1)
    arriving()
    assert look(service, repair=True)["stale"] == 3
    found = look(service, repair=False)
    assert (found["ok"], found["threads"], found["vectors"]) == (True, 4, found["passages"])
