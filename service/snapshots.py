"""Evidence that was kept with assessments, after a source was deleted, hidden or withdrawn by its author."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.assessment import AssessmentTextRow, AssessmentThreadRow
from service.corpus import repository as threads
from service.drafting.sources import still_shown
from service.retrieval.evidence import Evidence


def withdraw(session: Session, site: str, thread_ids: Iterable[str]) -> int:
    """Take what may not be shown any more of these threads out of every snapshot; returns how many changed."""
    touched = list(dict.fromkeys(thread_ids))
    named = sa.select(AssessmentThreadRow.assessment_id).where(AssessmentThreadRow.thread_id.in_(touched)).distinct()
    changed = 0
    for row in session.scalars(sa.select(AssessmentTextRow).where(AssessmentTextRow.assessment_id.in_(named))):
        kept = Evidence.model_validate(row.evidence)
        shown = _without_withdrawn(session, still_shown(session, site, kept), set(touched))
        if shown != kept:
            row.evidence = shown.model_dump(mode="json")
            row.record = row.record | {"related": _as_in(row.record.get("related", []), shown)}
            changed += 1
    return changed


def _without_withdrawn(session: Session, evidence: Evidence, touched: set[str]) -> Evidence:
    """A related thread stays without its best passage where that is withdrawn."""
    cited = [thread.passage_id for thread in evidence.related if thread.thread_id in touched]
    there = {passage.id for passage in threads.passages(session, cited)}
    return evidence.model_copy(
        update={
            "related": [
                thread.model_copy(update={"passage": ""})
                if thread.thread_id in touched and thread.passage_id not in there
                else thread
                for thread in evidence.related
            ]
        }
    )


def _as_in(related: list[dict[str, Any]], shown: Evidence) -> list[dict[str, Any]]:
    passages = {thread.thread_id: thread.passage for thread in shown.related}
    return [
        thread | {"passage": passages[thread["thread_id"]]} for thread in related if thread["thread_id"] in passages
    ]
