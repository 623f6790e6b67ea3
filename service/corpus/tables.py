"""Threads, answers, passages and what is known of the index, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class ThreadRow(Table):
    """One thread. `author_id` and each answer's are checked against the authors who opted out.

    `content_digest` covers what the index is made of, `record_digest` everything that was sent. `change` names the
    last change of what may be shown of it: what was made from an older one is not written.
    """

    __tablename__ = "threads"
    __table_args__ = (
        sa.UniqueConstraint("site", "external_id"),
        sa.Index("ix_threads_shown", "id", "site", "visibility", "author_id", "external_id"),  # read without the texts
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63), index=True)
    external_id: Mapped[str] = mapped_column(sa.String(200))
    title: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[str] = mapped_column(sa.Text)
    format: Mapped[str] = mapped_column(sa.String(20))
    author: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    author_id: Mapped[str | None] = mapped_column(sa.String(200), index=True)
    tags: Mapped[list[str]]
    url: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
    visibility: Mapped[str] = mapped_column(sa.String(10))
    kind: Mapped[str] = mapped_column(sa.String(20))
    score: Mapped[int | None]
    views: Mapped[int | None]
    comments: Mapped[int | None]
    closed: Mapped[bool]
    topic: Mapped[str | None] = mapped_column(sa.String(200))
    links: Mapped[list[Any]]
    content_digest: Mapped[str] = mapped_column(sa.String(64))
    record_digest: Mapped[str] = mapped_column(sa.String(64))
    change: Mapped[str] = mapped_column(sa.String(36))
    updated_at: Mapped[datetime]


class AnswerRow(Table):
    """One answer of a thread."""

    __tablename__ = "answers"
    __table_args__ = (sa.UniqueConstraint("thread_id", "external_id"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    thread_id: Mapped[str] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    external_id: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text)
    author: Mapped[dict[str, Any]]
    author_id: Mapped[str] = mapped_column(sa.String(200), index=True)
    score: Mapped[int | None]
    accepted: Mapped[bool]
    created_at: Mapped[datetime | None]


class PassageRow(Table):
    """One passage: what the vectors are made from, so that the index can be rebuilt at any time.

    The id is a digest of its place and text, the same whenever the same `chunker` cuts the same thread.
    """

    __tablename__ = "passages"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    thread_id: Mapped[str] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    answer_id: Mapped[str | None] = mapped_column(sa.ForeignKey("answers.id", ondelete="CASCADE"), index=True)
    site: Mapped[str] = mapped_column(sa.String(63), index=True)
    chunker: Mapped[str] = mapped_column(sa.String(120))
    ordinal: Mapped[int]
    field: Mapped[str] = mapped_column(sa.String(10))
    text: Mapped[str] = mapped_column(sa.Text)


class AuthorRow(Table):
    """Whether an author lets others reuse what they wrote."""

    __tablename__ = "authors"

    site: Mapped[str] = mapped_column(sa.String(63), primary_key=True)
    id: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    reuse: Mapped[str] = mapped_column(sa.String(20))
    updated_at: Mapped[datetime]


class TopicRow(Table):
    """A topic of a site and how the site explains it."""

    __tablename__ = "topics"

    site: Mapped[str] = mapped_column(sa.String(63), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    description: Mapped[str] = mapped_column(sa.Text)


class IndexRow(Table):
    """One generation of a site's index: which embedding model, dimension and chunker made it, and its state."""

    __tablename__ = "indexes"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63), index=True)
    model: Mapped[str] = mapped_column(sa.String(200))
    dimension: Mapped[int]
    chunker: Mapped[str] = mapped_column(sa.String(120))
    state: Mapped[str] = mapped_column(sa.String(20))
    version: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[str | None] = mapped_column(sa.String(36))
    created_at: Mapped[datetime]


class SketchRow(Table):
    """What ranking reads of one thread in one generation of the index; see `sketches.py` for what the bytes mean."""

    __tablename__ = "thread_sketches"

    index_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    thread_id: Mapped[str] = mapped_column(
        sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    form: Mapped[int]
    vectors: Mapped[bytes]
    words: Mapped[bytes]
    counts: Mapped[bytes]
    stats: Mapped[bytes]


class PendingVectorRow(Table):
    """A thread whose vectors are not yet what SQL says: written in the transaction that changed it, removed once done.

    `passage_ids` are those that may lie in the index although SQL no longer holds them; `change` names the change,
    as on the thread, so that one that comes while the vectors are made is not taken for done.
    """

    __tablename__ = "pending_vectors"

    thread_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63), index=True)
    passage_ids: Mapped[list[str]]
    change: Mapped[str] = mapped_column(sa.String(36))
    since: Mapped[datetime]


class ImportRow(Table):
    """One bulk import: how far it came, so that it resumes."""

    __tablename__ = "imports"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63), index=True)
    format: Mapped[str] = mapped_column(sa.String(20))
    source: Mapped[str] = mapped_column(sa.Text)
    source_digest: Mapped[str] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(sa.String(20))
    position: Mapped[int]
    report: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
