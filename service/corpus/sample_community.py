"""The sample community that a newcomer's first start loads."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import Clock
from service.corpus.importing import import_file
from service.corpus.indexing import Index
from service.corpus.tables import ImportRow, ThreadRow
from service.database import Database

FOLDER = Path(__file__).with_name("sample")


def load_sample(database: Database, index: Index, clock: Clock, site: str) -> bool:
    """Load the sample threads that are still to come; whether anything was loaded."""
    with database.read() as session:
        paths = to_load(session, site)
    for path in paths:
        import_file(database, index, clock, path, site=site, format="jsonl")
    return bool(paths)


def to_load(session: Session, site: str) -> list[Path]:
    """The sample's files where the store has neither threads nor them; those not yet done where a load was cut short."""
    paths = sorted(FOLDER.glob("threads_*.jsonl"))
    of_sample = (ImportRow.site == site, ImportRow.source.in_([str(path) for path in paths]))
    states = session.execute(sa.select(ImportRow.source, ImportRow.state).where(*of_sample)).all()
    if not states and session.scalar(sa.select(ThreadRow.id).limit(1)) is not None:
        return []
    done = {row.source for row in states if row.state == "done"}
    return [path for path in paths if str(path) not in done]
