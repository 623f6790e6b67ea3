"""Create or upgrade the SQL schema by Alembic's migrations, in process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from service.database import Database

HERE = Path(__file__).parent
NEWEST = max(path.name[:4] for path in (HERE / "versions").glob("0*.py"))
"""The revision that the newest file's name begins with."""


def upgrade(database: Database, to: str = "head") -> None:
    """Bring the schema to a version; does nothing where it is there already, Alembic's 10 MB left out then."""
    if to == "head" and _version(database) == NEWEST:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    with database.engine.connect().execution_options(answerloop_write=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def _version(database: Database) -> str | None:
    """The revision that a database is at; None where it has none."""
    with database.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return version
