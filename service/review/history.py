"""What is known of a post's author and of similar posts, so that a moderator does not decide in the dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.intake.tables import PostRow, PostTextRow
from service.review import decisions
from service.review.agreement import upheld
from service.review.tables import DecisionRow


@dataclass(frozen=True)
class PastPost:
    """A post with what was decided about it; `similarity` is the cosine where it was found by likeness."""

    post_id: str
    external_id: str
    title: str
    received_at: datetime
    verdict: str | None
    upheld: list[str]
    decided_at: datetime | None
    similarity: float | None = None


def of_author(session: Session, site: str, author_id: str, without: str, limit: int = 8) -> list[PastPost]:
    """The author's other posts on this site, newest first."""
    query = (
        sa.select(PostRow)
        .where(PostRow.site == site, PostRow.author_id == author_id, PostRow.id != without, PostRow.erased_at.is_(None))
        .order_by(PostRow.received_at.desc())
        .limit(limit)
    )
    return _with_decisions(session, [(row, None) for row in session.scalars(query)])


def precedents(session: Session, similar: Sequence[tuple[str, float]], limit: int = 5) -> list[PastPost]:
    """Of similar posts (id and cosine, best first) those that were decided, with the decision."""
    ids = [post_id for post_id, _ in similar]
    if not ids:
        return []
    stands = decisions.standing().where(DecisionRow.post_id.in_(ids)).with_only_columns(DecisionRow.post_id)
    decided = sa.select(PostRow).where(PostRow.id.in_(set(session.scalars(stands))), PostRow.erased_at.is_(None))
    rows = {row.id: row for row in session.scalars(decided)}
    return _with_decisions(session, [(rows[i], score) for i, score in similar if i in rows][:limit])


def _with_decisions(session: Session, rows: Sequence[tuple[PostRow, float | None]]) -> list[PastPost]:
    ids = [row.id for row, _ in rows]
    if not ids:
        return []
    stands = decisions.standing().where(DecisionRow.post_id.in_(ids)).order_by(DecisionRow.id)
    newest = {decision.post_id: decision for decision in session.scalars(stands)}
    newest_text = sa.tuple_(PostTextRow.post_id, PostTextRow.revision).in_([(row.id, row.revision) for row, _ in rows])
    titles = {text.post_id: text.title for text in session.scalars(sa.select(PostTextRow).where(newest_text))}
    past = []
    for row, score in rows:
        decision = newest.get(row.id)
        past.append(
            PastPost(
                row.id, row.external_id, titles.get(row.id, ""), row.received_at,
                decision.act if decision else None, sorted(upheld(decision)) if decision else [],
                decision.at if decision else None, score,
            )
        )  # fmt: skip
    return past
