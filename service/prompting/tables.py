"""Labels: which version of each name is live and who moved it there; gate runs and shadow runs of candidates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

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


class PromptGateRow(Table):
    """One gate run on a version that somebody wants in production: waiting, running or done, and its verdict."""

    __tablename__ = "prompt_gates"
    __table_args__ = (sa.Index("ix_prompt_gates_name", "name", "version", "id"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    version: Mapped[str] = mapped_column(sa.String(24))
    from_version: Mapped[str | None] = mapped_column(sa.String(24))
    model: Mapped[str] = mapped_column(sa.String(400))
    state: Mapped[str] = mapped_column(sa.String(20))
    verdict: Mapped[str | None] = mapped_column(sa.String(20))
    report: Mapped[dict[str, Any]]
    by: Mapped[str] = mapped_column(sa.String(200))
    reason: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class PromptShadowRow(Table):
    """What a candidate made of one post beside production, as figures; holds no text, hence survives an erasure."""

    __tablename__ = "prompt_shadows"
    __table_args__ = (sa.Index("ix_prompt_shadows_name", "name", "candidate", "id"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    production: Mapped[str] = mapped_column(sa.String(24))
    candidate: Mapped[str] = mapped_column(sa.String(24))
    post_id: Mapped[str] = mapped_column(sa.String(36))
    production_score: Mapped[float | None]
    candidate_score: Mapped[float | None]
    figures: Mapped[dict[str, Any]]
    at: Mapped[datetime]
