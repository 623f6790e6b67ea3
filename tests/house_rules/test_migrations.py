"""What tells a schema that needs no upgrade."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from service.migrations.upgrade import HERE, NEWEST


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
