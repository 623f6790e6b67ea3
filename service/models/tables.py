"""What model calls used, what they may use, which features are switched off, and replies kept for a while."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class ModelUsageRow(Table):
    """One question to one model: what it used and what came of it. Append-only; holds no text."""

    __tablename__ = "model_usage"
    __table_args__ = (sa.Index("ix_model_usage_feature", "feature", "at"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    feature: Mapped[str] = mapped_column(sa.String(40))
    key_id: Mapped[str | None] = mapped_column(sa.String(36))
    model: Mapped[str] = mapped_column(sa.String(200))
    request_sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    outcome: Mapped[str] = mapped_column(sa.String(30))
    rung: Mapped[str] = mapped_column(sa.String(30))
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    cost_micro_usd: Mapped[int] = mapped_column(sa.BigInteger)
    price_known: Mapped[bool]
    ms: Mapped[float]


class ModelBudgetRow(Table):
    """What one payer (`service` or `key:ID`) has spent or reserved on one UTC day."""

    __tablename__ = "model_budgets"

    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    payer: Mapped[str] = mapped_column(sa.String(50), primary_key=True)
    spent_micro_usd: Mapped[int] = mapped_column(sa.BigInteger)


class ModelSwitchRow(Table):
    """A feature's models switched off or on at run time; append-only, the newest row counts."""

    __tablename__ = "model_switches"
    __table_args__ = (sa.Index("ix_model_switches_feature", "feature", "at"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    feature: Mapped[str] = mapped_column(sa.String(40))
    enabled: Mapped[bool]
    by: Mapped[str] = mapped_column(sa.String(200))
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]


class ModelReplyRow(Table):
    """A reply kept so that the same question need not be asked twice; erasable."""

    __tablename__ = "model_replies"

    request_sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    reply: Mapped[dict[str, Any]]
    kept_at: Mapped[datetime] = mapped_column(index=True)


class ModelReplySubjectRow(Table):
    """Which posts and threads a kept reply rests on."""

    __tablename__ = "model_reply_subjects"

    request_sha256: Mapped[str] = mapped_column(
        sa.ForeignKey("model_replies.request_sha256", ondelete="CASCADE"), primary_key=True
    )
    subject: Mapped[str] = mapped_column(sa.String(100), primary_key=True, index=True)
