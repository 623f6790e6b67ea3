"""Accepted cases as files of the eval suite: one labelled post a line, and beside it the lineage to the decision."""

from __future__ import annotations

import json
import os
from pathlib import Path

from sqlalchemy.orm import Session

from service.clock import rfc3339
from service.database import Database
from service.feedback import cases

FILE = "posts.jsonl"
LINEAGE = "posts.lineage.jsonl"
EVERY = "all"
"""The folder of cases of every site."""


def write(session: Session, site: str | None, folder: Path) -> Path:
    """Write the accepted cases of a site. Returns the file of labelled posts; it is empty where there are none."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = cases.accepted(session, site)
    lineage = [
        {
            "id": row.content["id"], "case_id": row.id, "outcome_id": row.outcome_id, "decision_id": row.decision_id,
            "assessment_id": row.assessment_id, "stratum": row.stratum,
            "accepted_at": rfc3339(row.decided_at) if row.decided_at else None,
        }
        for row in rows
    ]  # fmt: skip
    for name, content in ((FILE, [row.content for row in rows]), (LINEAGE, lineage)):
        scratch = folder / f".{name}.{os.getpid()}"
        scratch.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content), "utf-8")
        scratch.replace(folder / name)
    return folder / FILE


def refresh(database: Database, root: Path) -> None:
    """Write every folder of cases below `root` anew, so that an erased post is in none of them."""
    for file in root.glob(f"*/{FILE}"):
        with database.read() as session:
            write(session, None if file.parent.name == EVERY else file.parent.name, file.parent)
