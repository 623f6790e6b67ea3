"""An import that is killed again and again, at any step, ends as one that was not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.clock import system_clock
from service.corpus.check_index import check_index
from service.corpus.indexing import Index
from service.corpus.tables import AnswerRow, ImportRow, ThreadRow
from service.corpus.vectors import VectorStore
from service.database import Database
from service.settings import Settings
from tests.conftest import ROOT
from tests.corpus.conftest import WordEmbedder
from tests.corpus.importers.killing import SITE
from tests.corpus.importers.sources import EXPECTED, WRITERS


@pytest.mark.parametrize("format", list(WRITERS))
def test_nothing_is_doubled_or_lost_by_kills(
    make_settings: Callable[..., Settings], sqlite_template: Path, tmp_path: Path, format: str
) -> None:
    settings = make_settings()
    (settings.data_dir / "answerloop.sqlite3").write_bytes(sqlite_template.read_bytes())
    path = WRITERS[format](tmp_path)
    command = [sys.executable, "-m", "tests.corpus.importers.killing", str(settings.data_dir), format, str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert run.returncode == 0, run.stderr[-2000:]
    assert int(run.stdout.split()[-1]) >= 6, "it has to be killed in earnest"
    database, vectors = Database(settings.database), VectorStore(settings)
    try:
        index = Index(database, vectors, WordEmbedder(), system_clock)
        found = check_index(index, SITE, every_text=True)
        assert found.ok and found.waiting == 0 and found.passages == found.vectors
        with database.read() as session:
            imports = list(session.execute(sa.select(ImportRow.state, ImportRow.report).order_by(ImportRow.id)))
            threads = session.scalar(sa.select(sa.func.count()).select_from(ThreadRow))
            answers = session.scalar(sa.select(sa.func.count()).select_from(AnswerRow))
        (_state, report), expected = imports[0], EXPECTED[format]
        assert all(state == "done" for state, _report in imports)
        assert not any(later["imported"] or later["changed"] for _state, later in imports[1:]), "killed after its end"
        assert {name: report[name] for name in expected} == expected
        assert threads == expected["imported"] and answers == report["answers"]
    finally:
        vectors.close()
        database.close()
