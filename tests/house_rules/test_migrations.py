"""What tells a schema that needs no upgrade, and what an upgrade makes of the rows that are there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from service.clock import new_id
from service.database import Database
from service.migrations.upgrade import HERE, NEWEST, upgrade
from service.tagging import versions
from tests.tagging.test_tagger import NOW, TINY


def test_the_newest_file_is_the_head_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    assert ScriptDirectory.from_config(config).get_current_head() == NEWEST


def test_a_schema_that_is_there_loads_no_alembic(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "answerloop.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    code = (
        "import sys; from pathlib import Path; from service.database import Database, sqlite_url;"
        f"Database(sqlite_url(Path({str(path)!r}))).create_schema(); print('alembic' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.stdout.split() == ["False"], run.stderr[-2000:]


def downgrade(database: Database, to: str) -> None:
    """Take the schema back to a revision."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    with database.engine.connect().execution_options(answerloop_write=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, to)


def described(database: Database) -> tuple[object, ...]:
    """Columns, indexes and unique constraints of the taggers."""
    known = sa.inspect(database.engine)
    columns = {column["name"]: column["nullable"] for column in known.get_columns("taggers")}
    unique = {tuple(constraint["column_names"]) for constraint in known.get_unique_constraints("taggers")}
    return columns, unique, {index["name"] for index in known.get_indexes("taggers")}


def test_taggers_of_an_older_database_get_numbers_and_the_newest_stays_in_production(database: Database) -> None:
    fresh = described(database)
    downgrade(database, "0007")
    assert not sa.inspect(database.engine).has_table("tagger_moves")
    older = sa.table("taggers", *(sa.column(name) for name in ("id", "site", "taxonomy", "weights", "report", "at")))
    moment = NOW.replace(tzinfo=None) if database.is_sqlite else NOW
    with database.write() as session:
        for site in ("kitchen", "garden", "kitchen"):
            values = {"id": new_id(), "site": site, "taxonomy": TINY.model_dump_json(), "weights": b"w", "report": "{}"}
            session.execute(sa.insert(older).values(values | {"at": str(moment) if database.is_sqlite else moment}))
    upgrade(database)
    assert described(database) == fresh
    with database.write() as session:
        live = {site: versions.live(session, site) for site in ("kitchen", "garden", "elsewhere")}
        assert {site: row and row.number for site, row in live.items()} == {
            "kitchen": 2,
            "garden": 1,
            "elsewhere": None,
        }
        row = live["kitchen"]
        assert row is not None and (row.at, row.weights, row.shadow, row.gate) == (NOW, b"w", None, None)
        assert versions.add(session, "kitchen", TINY, b"c", "x", {}, None, NOW).number == 3
        versions.move(session, "kitchen", 1, "x", "back to one that was live", NOW)
        versions.move(session, "kitchen", 2, "x", "and forth", NOW)


def test_a_downgrade_leaves_no_candidate_where_the_newest_counts(database: Database) -> None:
    with database.write() as session:
        for weights in (b"1", b"2", b"3"):
            versions.add(session, "kitchen", TINY, weights, "x", {}, None, NOW)
        versions.move(session, "kitchen", 2, "x", "first", NOW)
        versions.add(session, "garden", TINY, b"g", "x", {}, None, NOW)
    downgrade(database, "0007")
    rows = sa.text("SELECT weights FROM taggers ORDER BY site, id")
    with database.read() as session:
        assert [bytes(weights) for weights in session.scalars(rows)] == [b"1", b"2"]
    upgrade(database)
    with database.read() as session:
        row = versions.live(session, "kitchen")
        assert row is not None and (row.number, row.weights) == (2, b"2")
