"""Imports a source in processes that kill themselves: `python -m tests.corpus.importers.killing DATA FORMAT PATH`.

Each forked process dies by SIGKILL before its n-th step, the next after it, n rising; each goes on where the last one died. Prints how many
were killed when one came to its end. Forks before any thread is started, so that what is slow to import is so once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.clock import system_clock
from service.corpus import importing, indexing, repository
from service.corpus.importers import stackexchange
from service.corpus.vectors import VectorStore
from service.database import Database
from service.settings import Settings
from tests.corpus.conftest import WordEmbedder

SITE = "camp"
MOST = 60


def main(data: Path, format: str, path: Path) -> None:
    """Kill and go on until an import comes to its end."""
    os.environ["DATA_DIR"] = str(data)
    importing.BATCH_RECORDS, indexing.BATCH_THREADS, importing.AHEAD = 4, 4, 8
    for killed in range(MOST):
        child = os.fork()
        if child == 0:
            _die_at(1 + killed // 2, after=killed % 2 == 1)
            _import(data, format, path)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            print(killed)
            return
    raise SystemExit("no import came to its end")


def _import(data: Path, format: str, path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=data)  # type: ignore[call-arg]
    database, vectors = Database(settings.database), VectorStore(settings)
    index = indexing.Index(database, vectors, WordEmbedder(), system_clock)
    importing.import_file(database, index, system_clock, path, site=SITE, format=format)
    vectors.close()
    database.close()


def _die_at(step: int, after: bool) -> None:
    """The process is killed at its `step`-th call of what changes something, before the call or after it."""
    steps = 0

    def deadly(work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal steps
            steps += 1
            mine = steps == step
            if mine and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = work(*given, **named)
            if mine:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    places: tuple[tuple[Any, str], ...] = (
        (stackexchange, "_fill"), (repository, "put_threads"), (importing._Run, "keep"), (importing._Run, "finish"),
        (indexing.Index, "_write"), (indexing.Index, "_write_and_settle"), (VectorStore, "upsert"),
    )  # fmt: skip
    for owner, name in places:
        setattr(owner, name, deadly(getattr(owner, name)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
