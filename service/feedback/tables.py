"""Outcomes: what people made of what the machine said. No member text is in them; an erasure takes away their tags."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class OutcomeRow(Table):
    """One human judgement beside the assessment it was made on. `cause_id` is the decision, draft or kept-tags row.

    `kind` is `decision`, `audit`, `golden`, `second`, `appeal`, `revision` or `tags`. `flags` is
    `[{category, seen_as, agree, probability, band, found_by}]`; `category` is the person's word, `seen_as` the
    machine's (null: it said nothing). `against` names the decision under appeal, or the first of a second review.
    `categories` repeats the words of `flags` as `,a,b,` so that both databases can filter by one.
    """

    __tablename__ = "outcomes"
    __table_args__ = (
        sa.Index("ix_outcomes_site", "site", "id"),
        sa.Index("ix_outcomes_at", "site", "at"),
        sa.Index("ix_outcomes_post", "post_id", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(12))
    cause_id: Mapped[str] = mapped_column(sa.String(36), unique=True)
    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"))
    site: Mapped[str] = mapped_column(sa.String(63))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(36))
    assessment_id: Mapped[str | None] = mapped_column(sa.String(36))
    verdict: Mapped[str] = mapped_column(sa.String(20))
    route: Mapped[str] = mapped_column(sa.String(20))
    flags: Mapped[list[Any]]
    categories: Mapped[str] = mapped_column(sa.Text)
    suggested_tags: Mapped[list[Any]]
    kept_tags: Mapped[list[str] | None] = mapped_column(sa.JSON)
    measures: Mapped[dict[str, Any]]
    prompts: Mapped[list[str]]
    slices: Mapped[dict[str, Any]]
    expected: Mapped[list[str] | None] = mapped_column(sa.JSON)
    against: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    sampled_with: Mapped[float | None]
    seconds: Mapped[float | None]
    cost_usd: Mapped[float]
    withdrawn_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class CaseRow(Table):
    """A candidate case from an outcome: it enters the eval suite once a person accepts it, and goes with its post.

    `content` is a row of the eval suite's labelled posts, masked. `decision_id` and `assessment_id` are its lineage.
    `look_at` lists words that may still name somebody. `shingles` are digests that tell near-duplicates.
    """

    __tablename__ = "cases"
    __table_args__ = (sa.Index("ix_cases_site", "site", "state", "id"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    outcome_id: Mapped[str] = mapped_column(sa.ForeignKey("outcomes.id", ondelete="CASCADE"), unique=True)
    decision_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    assessment_id: Mapped[str | None] = mapped_column(sa.String(36))
    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    site: Mapped[str] = mapped_column(sa.String(63))
    state: Mapped[str] = mapped_column(sa.String(10))
    stratum: Mapped[str] = mapped_column(sa.String(30))
    content: Mapped[dict[str, Any]]
    look_at: Mapped[list[str]]
    shingles: Mapped[list[Any]]
    author_digest: Mapped[str] = mapped_column(sa.String(64), index=True)
    proposed_by: Mapped[str] = mapped_column(sa.String(36))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(sa.String(36))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(sa.Text)
