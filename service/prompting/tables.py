"""Labels: which version of each prompt, policy and taxonomy is live, and who moved it there."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class PromptLabelRow(Table):
    """Where one label of one name points now."""

    __tablename__ = "prompt_labels"

    name: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    label: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(24))


class PromptLabelMoveRow(Table):
    """One move of one label; append-only."""

    __tablename__ = "prompt_label_moves"
    __table_args__ = (sa.Index("ix_prompt_label_moves_name", "name", "label", "at"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    label: Mapped[str] = mapped_column(sa.String(40))
    from_version: Mapped[str | None] = mapped_column(sa.String(24))
    to_version: Mapped[str] = mapped_column(sa.String(24))
    by: Mapped[str] = mapped_column(sa.String(200))
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
