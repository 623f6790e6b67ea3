"""Create or upgrade the SQL schema by Alembic's migrations, in process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.database import Database

HERE = Path(__file__).parent


def upgrade(database: Database, to: str = "head") -> None:
    """Bring the schema to a version; does nothing where it is there already."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    with database.engine.connect().execution_options(answerloop_write=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
