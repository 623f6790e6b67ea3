"""A gateway with a database and, where asked for, a server that misbehaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.database import Database, sqlite_url
from service.models.calls import Backend
from service.models.gateway import Gateway, _ready_for
from service.settings import Settings
from tests.models.misbehaving import Server


@pytest.fixture
def quick_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite database, for tests that are about something else."""
    path = tmp_path / "quick.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(sqlite_url(path))
    yield database
    database.close()


@pytest.fixture
def make_gateway(quick_database: Database, make_settings: Callable[..., Settings]) -> Iterator[Callable[..., Gateway]]:
    """Makes gateways that are closed at the end of the test."""
    made: list[Gateway] = []

    def make(backend: Backend | None = None, **settings: Any) -> Gateway:
        made.append(Gateway(make_settings(**settings), quick_database, backend=backend))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture(scope="session")
def litellm() -> None:
    """LiteLLM imported beforehand, so that its two seconds are in no test's deadline."""
    _ready_for("openai/any")


@pytest.fixture
def server(litellm: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A misbehaving server that `openai/…` models lead to."""
    running = Server().start()
    monkeypatch.setenv("OPENAI_API_BASE", running.address)
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    yield running
    running.stop()
