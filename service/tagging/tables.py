"""Fitted taggers of sites as versions, and the moves of production that point at them; both append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class TaggerRow(Table):
    """One fit: a site's vocabulary as it was, the packed weights, and the report on later threads.

    `shadow` is what the fit measured beside production, null where nothing was comparable; `gate` is what the gate said,
    null before. The weights, megabytes of a large site, are read where they are asked for.
    """

    __tablename__ = "taggers"
    __table_args__ = (sa.UniqueConstraint("site", "number", name="uq_taggers_number"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63), index=True)
    number: Mapped[int]
    taxonomy: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    weights: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    made_by: Mapped[str] = mapped_column(sa.String(200))
    report: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    shadow: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    gate: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    at: Mapped[datetime]


class TaggerMoveRow(Table):
    """One move of a site's production; `number` null points at the shipped tagger. The newest row counts."""

    __tablename__ = "tagger_moves"
    __table_args__ = (sa.Index("ix_tagger_moves_site", "site", "id"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63))
    number: Mapped[int | None]
    by: Mapped[str] = mapped_column(sa.String(200))
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
