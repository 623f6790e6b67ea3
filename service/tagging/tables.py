"""Fitted taggers of sites, in SQL: every process reads the newest of its site."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class TaggerRow(Table):
    """One fit: a site's vocabulary as it was, the packed weights, and the report on later threads. The newest counts."""

    __tablename__ = "taggers"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63), index=True)
    taxonomy: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    weights: Mapped[bytes] = mapped_column(sa.LargeBinary)
    report: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    at: Mapped[datetime]
