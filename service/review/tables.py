"""Review items, decisions, reports, appeals and the audit log.

Rows that are appended keep ids, times, verdicts and digests. What people wrote (reasons, notes, the words of a report)
lies in `review_texts` and is erased with the post.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class ReviewItemRow(Table):
    """A post in the moderators' queue; the partial unique index holds exactly one open item per post.

    `urgency` is 0 (somebody must look now), 1 (held back until somebody looks) or 2; ids sort by age, so that
    (urgency, id) is the order of the queue. `not_for` is the person who may not decide this item.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        sa.Index(
            "ux_review_items_open_post", "post_id", unique=True,
            sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("ix_review_items_queue", "state", "urgency", "id"),
        sa.Index("ix_review_items_site", "site", "state", "urgency", "id"),
        sa.Index("ix_review_items_claimed", "claimed_by", "state"),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    site: Mapped[str] = mapped_column(sa.String(63))
    state: Mapped[str] = mapped_column(sa.String(10))
    origin: Mapped[str] = mapped_column(sa.String(10))
    urgency: Mapped[int]
    route: Mapped[str] = mapped_column(sa.String(20))
    categories: Mapped[list[str]]
    assessment_id: Mapped[str] = mapped_column(sa.String(36))
    decision_digest: Mapped[str] = mapped_column(sa.String(64))
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(sa.String(36))
    claimed_until: Mapped[datetime | None]
    escalated: Mapped[bool] = mapped_column(default=False)
    not_for: Mapped[str | None] = mapped_column(sa.String(36))
    second_of: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    sampled_with: Mapped[float | None]
    reports: Mapped[int] = mapped_column(default=0)
    reminded_at: Mapped[datetime | None]


class ReviewFacetRow(Table):
    """What an open item can be filtered by (`category`, `tag`, `by`, `route`), in queue order; gone when it closes.

    `heaviest` is the one of its concerns that weighs most on whoever reads it.
    """

    __tablename__ = "review_facets"
    __table_args__ = (
        sa.Index("ix_review_facets_item", "item_id"),
        sa.Index("ix_review_facets_site", "site", "facet", "value", "urgency", "item_id"),
    )

    facet: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    value: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    urgency: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(sa.ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True)
    site: Mapped[str] = mapped_column(sa.String(63))


class ReviewWordRow(Table):
    """A word of an open item's title, to search by; gone when the item closes. Compared byte by byte on both databases."""

    __tablename__ = "review_words"
    __table_args__ = (sa.Index("ix_review_words_item", "item_id", "word"),)

    word: Mapped[str] = mapped_column(
        sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql"), primary_key=True
    )
    item_id: Mapped[str] = mapped_column(sa.ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True)


class ReviewViewRow(Table):
    """Who opened an item, and when last: a route that a person has seen is never lowered by a machine."""

    __tablename__ = "review_views"

    item_id: Mapped[str] = mapped_column(sa.ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class DecisionRow(Table):
    """One act of a person on an item, appended. `act` is a verdict, or `undo`, `reopen`, `escalate`.

    `assessment_id` is the one the person saw, `newest_assessment_id` the newest at that moment. `takes_back` names the
    decision that an undo or a re-opening ends. `flags` is `[{flag_id, category, seen_as, agree}]`.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        sa.Index("ix_decisions_person", "by", "at"),
        sa.Index("ix_decisions_post", "post_id", "id"),
        sa.Index("ix_decisions_site", "site", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    item_id: Mapped[str] = mapped_column(sa.ForeignKey("review_items.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[str] = mapped_column(sa.String(36))
    site: Mapped[str] = mapped_column(sa.String(63))
    act: Mapped[str] = mapped_column(sa.String(20))
    by: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime]
    assessment_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    newest_assessment_id: Mapped[str] = mapped_column(sa.String(36))
    decision_digest: Mapped[str] = mapped_column(sa.String(64))
    origin: Mapped[str] = mapped_column(sa.String(10))
    route: Mapped[str] = mapped_column(sa.String(20))
    flags: Mapped[list[Any]]
    tags: Mapped[list[str] | None] = mapped_column(sa.JSON)
    sampled_with: Mapped[float | None]
    distressing: Mapped[bool] = mapped_column(default=False)
    takes_back: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    bulk: Mapped[bool] = mapped_column(default=False)


class ReviewTextRow(Table):
    """What somebody wrote with a decision, a report or an appeal (`owner_id`); erased with the post."""

    __tablename__ = "review_texts"

    owner_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    reason: Mapped[str | None] = mapped_column(sa.Text)
    note_to_author: Mapped[str | None] = mapped_column(sa.Text)


class ReportRow(Table):
    """A member's report of a post; several join one item."""

    __tablename__ = "reports"
    __table_args__ = (sa.UniqueConstraint("post_id", "reporter_id", "category"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"))
    item_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    reporter_id: Mapped[str] = mapped_column(sa.String(200))
    category: Mapped[str] = mapped_column(sa.String(40))
    at: Mapped[datetime]


class AppealRow(Table):
    """The author's wish for another look; decided by somebody else than the first decider."""

    __tablename__ = "appeals"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    item_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    against: Mapped[str] = mapped_column(sa.String(36))
    state: Mapped[str] = mapped_column(sa.String(12))
    at: Mapped[datetime]
    decision_id: Mapped[str | None] = mapped_column(sa.String(36))
    decided_at: Mapped[datetime | None]


class GoldenRow(Table):
    """A post whose right verdict is known; it enters the queue unmarked."""

    __tablename__ = "golden_items"

    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    verdict: Mapped[str] = mapped_column(sa.String(20))
    categories: Mapped[list[str]]
    added_by: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime]


class AuditRow(Table):
    """One link of the audit chain: `hash` covers everything else and the hash before."""

    __tablename__ = "audit_log"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(sa.String(32))
    actor: Mapped[str] = mapped_column(sa.String(36))
    act: Mapped[str] = mapped_column(sa.String(40))
    subject: Mapped[str] = mapped_column(sa.String(200), index=True)
    facts: Mapped[dict[str, Any]]
    text_digest: Mapped[str] = mapped_column(sa.String(64))
    before: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


class AuditSaltRow(Table):
    """The salt of a text digest: without it, nobody can try out texts against the digest. Erased with the post."""

    __tablename__ = "audit_salts"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(sa.String(200), index=True)
    salt: Mapped[str] = mapped_column(sa.String(64))
