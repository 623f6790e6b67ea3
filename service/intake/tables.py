"""Posts and their erasable texts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class PostRow(Table):
    """One post: what stays after an erasure (ids, times, digests)."""

    __tablename__ = "posts"
    __table_args__ = (
        sa.UniqueConstraint("site", "external_id"),
        sa.Index("ix_posts_author", "site", "author_id", "received_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63))
    external_id: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[str] = mapped_column(sa.String(20))
    format: Mapped[str] = mapped_column(sa.String(20))
    author_id: Mapped[str] = mapped_column(sa.String(200))
    content_digest: Mapped[str] = mapped_column(sa.String(64))
    revision: Mapped[int]
    lang: Mapped[str] = mapped_column(sa.String(20))
    received_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    key_id: Mapped[str | None] = mapped_column(sa.String(36))


class PostTextRow(Table):
    """What a member wrote, one row a revision; erased on request."""

    __tablename__ = "post_texts"

    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[str] = mapped_column(sa.Text)
    author: Mapped[dict[str, Any]]
    tags: Mapped[list[str]]
    url: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime | None]
    lang_hint: Mapped[str | None] = mapped_column(sa.String(20))


class KeptTagsRow(Table):
    """What was kept in the end as a post's tags: one row each time somebody said so, append-only."""

    __tablename__ = "kept_tags"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    tags: Mapped[list[str]]
    by: Mapped[str] = mapped_column(sa.String(20))
    at: Mapped[datetime]
