"""Versions of the thresholds a site uses, and the labels that point at them; both append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class ThresholdsRow(Table):
    """One version of a site's thresholds. `made_from` is `fit` or `person`; `report` says what they rest on.

    `shadow` and `gate` are what those said of it, null before.
    """

    __tablename__ = "flag_thresholds"
    __table_args__ = (sa.UniqueConstraint("site", "number"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63))
    number: Mapped[int]
    thresholds: Mapped[dict[str, Any]]
    made_from: Mapped[str] = mapped_column(sa.String(10))
    made_by: Mapped[str] = mapped_column(sa.String(200))
    at: Mapped[datetime]
    report: Mapped[dict[str, Any]]
    shadow: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    gate: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)


class ThresholdsMoveRow(Table):
    """One move of a site's label `production`; `number` null points at the shipped thresholds. The newest row counts."""

    __tablename__ = "flag_threshold_moves"
    __table_args__ = (sa.Index("ix_flag_threshold_moves_site", "site", "id"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63))
    number: Mapped[int | None]
    by: Mapped[str] = mapped_column(sa.String(200))
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
