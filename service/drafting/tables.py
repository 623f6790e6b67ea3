"""Drafts, their erasable texts, and the events sent while one is written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class DraftRow(Table):
    """One draft of one post. `version` counts every change of state or text and is the ETag."""

    __tablename__ = "drafts"
    __table_args__ = (
        sa.Index("ix_drafts_state", "site", "status", "id"),
        sa.Index("ix_drafts_status", "status", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    site: Mapped[str] = mapped_column(sa.String(63))
    assessment_id: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    status: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[str | None] = mapped_column(sa.String(20))
    version: Mapped[int] = mapped_column(default=1)
    stale: Mapped[bool] = mapped_column(default=False)
    stale_because: Mapped[str | None] = mapped_column(sa.String(200))
    abstained_because: Mapped[str | None] = mapped_column(sa.Text)
    instruction: Mapped[str | None] = mapped_column(sa.Text)
    priority: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None] = mapped_column(sa.String(36))
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    provenance: Mapped[dict[str, Any]]


class DraftTextRow(Table):
    """The sentences of a draft and what was dropped; erased with the post or a source."""

    __tablename__ = "draft_texts"

    draft_id: Mapped[str] = mapped_column(sa.ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True)
    sentences: Mapped[list[Any]]
    dropped: Mapped[list[Any]]
    notes: Mapped[list[Any]]


class DraftSourceRow(Table):
    """Which threads a draft rests on, so that deleting one makes its drafts stale at once."""

    __tablename__ = "draft_sources"

    draft_id: Mapped[str] = mapped_column(sa.ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, index=True)


class DraftEventRow(Table):
    """One server-sent event of a draft being written, so that a client that reconnects continues."""

    __tablename__ = "draft_events"

    draft_id: Mapped[str] = mapped_column(sa.ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[str] = mapped_column(sa.String(30))
    data: Mapped[dict[str, Any]]


class RegenerationRow(Table):
    """A draft written anew beside another: it is shown there and is no desk entry of its own. `form` is the kind wished for."""

    __tablename__ = "regenerations"

    draft_id: Mapped[str] = mapped_column(sa.ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True)
    of_draft_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    sentence_id: Mapped[str | None] = mapped_column(sa.String(36))
    form: Mapped[str | None] = mapped_column(sa.String(20))
    by: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime]
