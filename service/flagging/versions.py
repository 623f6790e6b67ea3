"""A site's thresholds as versions: each is kept, one is in production, and going back is always possible."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.database import Database
from service.errors import Conflict, NotFound
from service.flagging.tables import ThresholdsMoveRow, ThresholdsRow
from service.flagging.thresholds import Thresholds

READ_EVERY_S = 1.0


class LiveThresholds:
    """The thresholds in production at a site, at most a second old; the shipped ones where none were moved there.

    `shipped` holds what the policy file changes. A version is a full set of cuts that was made from them and gated, so the
    policy's changes are not laid over it again: what the settings page shows is what is compared with.
    """

    def __init__(self, database: Database, shipped: Thresholds) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Thresholds]] = {}
        self.shipped = shipped

    def of(self, site: str) -> Thresholds:
        """The cuts to compare this site's posts with."""
        with self._lock:
            known = self._known.get(site)
        if known is not None and time.monotonic() - known[0] < READ_EVERY_S:
            return known[1]
        try:
            with self._database.read() as session:
                row = live(session, site)
        except sa.exc.SQLAlchemyError:
            return self.shipped if known is None else known[1]  # reading goes on without the database
        found = self.shipped if row is None else Thresholds.model_validate(row.thresholds)
        with self._lock:
            self._known[site] = (time.monotonic(), found)
        return found

    def forget(self) -> None:
        """Read anew at the next question; the process that moved a label need not wait."""
        with self._lock:
            self._known.clear()


def add(
    session: Session, site: str, thresholds: Thresholds, made_from: Literal["fit", "person"], by: str,
    report: dict[str, Any], now: datetime,
) -> ThresholdsRow:  # fmt: skip
    """Keep a new version; it changes nothing until it is moved to production."""
    last = session.scalar(sa.select(sa.func.max(ThresholdsRow.number)).where(ThresholdsRow.site == site)) or 0
    row = ThresholdsRow(
        id=new_id(), site=site, number=last + 1, thresholds=thresholds.model_dump(mode="json"), made_from=made_from,
        made_by=by, at=now, report=report, shadow=None, gate=None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def find(session: Session, site: str, number: int) -> ThresholdsRow:
    """A version. Raises NotFound."""
    row = session.scalar(sa.select(ThresholdsRow).where(ThresholdsRow.site == site, ThresholdsRow.number == number))
    if row is None:
        raise NotFound(f"there is no version {number} of the thresholds of {site}", field="number")
    return row


def listed(session: Session, site: str) -> list[ThresholdsRow]:
    """The versions of a site, newest first."""
    query = sa.select(ThresholdsRow).where(ThresholdsRow.site == site).order_by(ThresholdsRow.number.desc())
    return list(session.scalars(query.limit(200)))


def live(session: Session, site: str) -> ThresholdsRow | None:
    """The version in production; None for the shipped thresholds."""
    newest = sa.select(ThresholdsMoveRow).where(ThresholdsMoveRow.site == site).order_by(ThresholdsMoveRow.id.desc())
    move = session.scalar(newest.limit(1))
    return None if move is None or move.number is None else find(session, site, move.number)


def moves(session: Session, site: str) -> list[ThresholdsMoveRow]:
    """The moves of a site's production, newest first."""
    query = sa.select(ThresholdsMoveRow).where(ThresholdsMoveRow.site == site).order_by(ThresholdsMoveRow.id.desc())
    return list(session.scalars(query.limit(50)))


def move(session: Session, site: str, number: int | None, by: str, reason: str, now: datetime) -> ThresholdsMoveRow:
    """Point production at a version, or at the shipped ones (None).

    Backwards at once; forwards only to a version that its shadow was run for and its gate passed. Raises Conflict.
    """
    if number is not None:
        row = find(session, site, number)
        if not _was_live(session, site, number):
            if row.shadow is None:
                raise Conflict("run its shadow first", reason="no_shadow", number=number)
            if row.gate is None or row.gate.get("verdict") != "passed":
                raise Conflict("its gate has not passed", reason="gate", number=number)
    made = ThresholdsMoveRow(id=new_id(), site=site, number=number, by=by, reason=reason, at=now)
    session.add(made)
    session.flush()
    return made


def _was_live(session: Session, site: str, number: int) -> bool:
    query = sa.select(ThresholdsMoveRow.id).where(ThresholdsMoveRow.site == site, ThresholdsMoveRow.number == number)
    return session.scalar(query.limit(1)) is not None
