"""A small corpus on the site `acme`, made once for each kind of database and copied for each test."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.app import Adapters, create_app
from service.database import Database, sqlite_url
from service.models.embedder import BundledEmbedder
from service.people import identity
from service.settings import Settings
from service.stations import Stations

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "data" / "models"
THREADS = [
    ("t-promo", "Passed over for promotion twice", ["promotion"], "How do I get promoted when my manager says I lack visibility?",
     "Write down what changed for the people who use your work. Ask your manager which two people outside the team must know it."),
    ("t-offer", "How to negotiate a first offer", ["offer-negotiation", "compensation"], "They offered less than I hoped. Can I ask for more?",
     "Ask once, in writing, with one number and one reason. Nobody withdraws an offer because you asked politely."),
    ("t-burn", "Too tired to open the laptop", ["burnout"], "After two years of on-call I am exhausted and want to leave.",
     "Take the leave before you decide. I waited and decided badly. Hand over the pager this week, not next quarter."),
]  # fmt: skip


def thread(title: str, tags: list[str], body: str, answer: str) -> dict[str, Any]:
    """A thread as `PUT /v1/threads` takes it."""
    author = {"id": "mentor-1", "level": "staff"}
    answers = [{"external_id": "a1", "body": answer, "author": author, "created_at": "2026-01-02T00:00:00Z"}]
    return {"title": title, "body": body, "tags": tags, "created_at": "2026-01-01T00:00:00Z", "answers": answers}


class Shared:
    """An embedder that outlives the services that use it."""

    def __init__(self, inner: BundledEmbedder) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def close(self) -> None:
        """Others still use it."""


@pytest.fixture(scope="session")
def acme_template(
    tmp_path_factory: pytest.TempPathFactory, embedder: Any, sqlite_template: Path
) -> Callable[[str], tuple[str, Path]]:
    """For a kind of database: one that has the small corpus on the site `acme`, and the folder of vectors beside it.

    Made once by a service, over its API, and copied for each test.
    """
    made: dict[str, tuple[str, Path]] = {}

    def of(database_url: str) -> tuple[str, Path]:
        kind = sa.make_url(database_url).get_backend_name()
        if kind not in made:
            folder = tmp_path_factory.mktemp(f"furnished-{kind}")
            (folder / "models").symlink_to(MODELS)
            url = sqlite_url(folder / "answerloop.sqlite3")
            if kind == "sqlite":
                (folder / "answerloop.sqlite3").write_bytes(sqlite_template.read_bytes())
            else:
                address = sa.make_url(database_url)
                template = address.set(database="template_answerloop").render_as_string(hide_password=False)
                url = address.set(database="template_furnished").render_as_string(hide_password=False)
                copy_database(template, url)
            settings = Settings(_env_file=None, data_dir=folder, prompts_dir=ROOT / "prompts", database_url=url)  # type: ignore[call-arg]
            app = create_app(settings, Adapters(embedder=Shared(embedder)), run_jobs=False)
            with TestClient(app) as client:
                stations: Stations = app.state.stations
                with stations.database.write() as session:
                    key = identity.create_key(session, "site", "acme", stations.clock())
                for external_id, title, tags, body, answer in THREADS:
                    sent = thread(title, tags, body, answer)
                    headers = {"Authorization": f"Bearer {key}"}
                    assert client.put(f"/v1/threads/acme/{external_id}", json=sent, headers=headers).status_code == 201
            if kind == "sqlite":
                with closing(sqlite3.connect(folder / "answerloop.sqlite3")) as database:
                    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            made[kind] = url, folder
        return made[kind]

    return of


def copy_database(source: str, target: str) -> None:
    """Make `target` a copy of `source`, of the same kind; nobody may be connected to either."""
    if sa.make_url(source).get_backend_name() == "sqlite":
        Path(sa.make_url(target).database or "").write_bytes(Path(sa.make_url(source).database or "").read_bytes())
        return
    name, template = sa.make_url(target).database, sa.make_url(source).database
    server = named(target, "postgres")
    execute(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")


def sqlite_copy(template: Path, folder: Path) -> str:
    """The URL of a fresh SQLite database in `folder`, for tests that are about something else than the database."""
    path = folder / "answerloop.sqlite3"
    path.write_bytes(template.read_bytes())
    return sqlite_url(path)


def named(uri: str, database: str) -> str:
    return sa.make_url(uri).set(database=database).render_as_string(hide_password=False)


def execute(uri: str, statement: str) -> None:
    database = Database(uri)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
    database.close()
