"""The sample community that a newcomer's first start loads."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from service.clock import Clock
from service.corpus.importing import import_file
from service.corpus.indexing import Index
from service.corpus.tables import ThreadRow
from service.database import Database

FOLDER = Path(__file__).with_name("sample")


def load_sample(database: Database, index: Index, clock: Clock, site: str) -> bool:
    """Load the sample threads where the store has none at all; whether anything was loaded."""
    with database.read() as session:
        if session.scalar(sa.select(ThreadRow.id).limit(1)) is not None:
            return False
    for path in sorted(FOLDER.glob("threads_*.jsonl")):
        import_file(database, index, clock, path, site=site, format="jsonl")
    return True
