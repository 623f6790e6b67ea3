"""Candidate cases in SQL: proposed, accepted or rejected by a person; withdrawn with the decision, gone with the post."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import Conflict, InvalidInput, NotFound
from service.feedback.tables import CaseRow, OutcomeRow

CaseState = Literal["proposed", "accepted", "rejected"]


def find(session: Session, case_id: str) -> CaseRow:
    """A case. Raises NotFound."""
    row = session.get(CaseRow, case_id)
    if row is None:
        raise NotFound("there is no such case", field="case_id")
    return row


def listed(
    session: Session, site: str | None, state: str | None, limit: int, before: str | None = None
) -> list[CaseRow]:
    """Cases whose decision still stands, newest first; `before` is the id to continue after."""
    query = _standing(site, state).order_by(CaseRow.id.desc()).limit(limit)
    return list(session.scalars(query if before is None else query.where(CaseRow.id < before)))


def accepted(session: Session, site: str | None) -> list[CaseRow]:
    """Every case that entered the suite, oldest first."""
    return list(session.scalars(_standing(site, "accepted").order_by(CaseRow.id)))


def counts(session: Session, site: str | None) -> dict[str, int]:
    """How many cases there are in each state."""
    rows = _standing(site, None).subquery()
    found = session.execute(sa.select(rows.c.state, sa.func.count()).group_by(rows.c.state))
    return {str(row[0]): int(row[1]) for row in found}


def standing(session: Session) -> list[CaseRow]:
    """Every case whose decision still stands."""
    return list(session.scalars(_standing(None, None)))


def decide(session: Session, row: CaseRow, state: CaseState, by: str, reason: str | None, now: datetime) -> CaseRow:
    """Accept or reject a case; a reason is needed to reject. Raises Conflict where its decision was taken back."""
    outcome = session.get(OutcomeRow, row.outcome_id)
    if outcome is None or outcome.withdrawn_at is not None:
        raise Conflict("the decision behind this case was taken back", reason="withdrawn")
    if state == "rejected" and not (reason or "").strip():
        raise InvalidInput("say why the case is no good", field="reason")
    row.state, row.decided_by, row.decided_at, row.reason = state, by, now, reason
    session.flush()
    return row


def erase_for_post(session: Session, post_id: str) -> None:
    """Delete the cases of an erased post."""
    session.execute(sa.delete(CaseRow).where(CaseRow.post_id == post_id))


def _standing(site: str | None, state: str | None) -> sa.Select[CaseRow]:
    query = sa.select(CaseRow).join(OutcomeRow, OutcomeRow.id == CaseRow.outcome_id)
    query = query.where(OutcomeRow.withdrawn_at.is_(None))
    if site is not None:
        query = query.where(CaseRow.site == site)
    return query if state is None else query.where(CaseRow.state == state)
