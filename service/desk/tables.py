"""A mentor's revisions, how a draft ended, and under which topics it is found.

What was written lies in `desk_texts` and is erased with the post; the rows that stay hold ids, times and measures.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class RevisionRow(Table):
    """One state of a mentor's text, appended at each autosave. `digest` is salted by the revision's id."""

    __tablename__ = "revisions"
    __table_args__ = (sa.UniqueConstraint("draft_id", "seq"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    draft_id: Mapped[str] = mapped_column(sa.ForeignKey("drafts.id", ondelete="CASCADE"))
    post_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    seq: Mapped[int]
    by: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime]
    draft_version: Mapped[int]
    measures: Mapped[dict[str, Any]]


class DraftEndRow(Table):
    """How a draft ended: published or discarded, by whom, with which measures and provenance."""

    __tablename__ = "draft_ends"
    __table_args__ = (sa.Index("ix_draft_ends_by", "by", "at"), sa.Index("ix_draft_ends_site", "site", "at"))

    draft_id: Mapped[str] = mapped_column(sa.ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    site: Mapped[str] = mapped_column(sa.String(63))
    act: Mapped[str] = mapped_column(sa.String(12))
    by: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime]
    revision_id: Mapped[str | None] = mapped_column(sa.String(36))
    reason: Mapped[str | None] = mapped_column(sa.String(20))
    seconds: Mapped[float | None]
    kind: Mapped[str | None] = mapped_column(sa.String(20))
    measures: Mapped[dict[str, Any]]
    provenance: Mapped[dict[str, Any]]


class DeskTextRow(Table):
    """What a revision, a publication or a discarding says (`owner_id`); erased with the post."""

    __tablename__ = "desk_texts"

    owner_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    text: Mapped[str] = mapped_column(sa.Text)
    sentences: Mapped[list[Any]]


class DraftTopicRow(Table):
    """A topic of a draft's post, as the desk is filtered by it. Holds no text."""

    __tablename__ = "draft_topics"

    topic: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    draft_id: Mapped[str] = mapped_column(sa.ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True, index=True)
    post_id: Mapped[str] = mapped_column(sa.String(36), index=True)
