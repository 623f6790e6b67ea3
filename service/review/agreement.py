"""How well people agree: blind second reviews (Cohen's kappa per category), golden items, overturned decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.clock import new_id
from service.errors import Conflict
from service.intake.post import Post
from service.review import audit, decisions, items
from service.review.tables import DecisionRow, GoldenRow, ReviewItemRow


@dataclass(frozen=True)
class CategoryAgreement:
    """Two readers on one category: how many items either could have marked, and kappa (None where undefined)."""

    category: str
    n: int
    first: int
    second: int
    both: int
    kappa: float | None


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa of two readers (Cohen 1960); None without pairs, or where chance alone agrees always."""
    if not pairs:
        return None
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    first, second = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    chance = first * second + (1 - first) * (1 - second)
    return None if chance == 1 else (observed - chance) / (1 - chance)


def upheld(row: DecisionRow) -> set[str]:
    """The categories a decision upholds."""
    return {str(flag["category"]) for flag in row.flags if flag["agree"]}


def second_reviews(session: Session, site: str | None = None) -> list[CategoryAgreement]:
    """Agreement of first and second decisions per category, over all second reviews that stand."""
    query = decisions.standing(measuring=True).join(ReviewItemRow, ReviewItemRow.id == DecisionRow.item_id)
    query = query.where(DecisionRow.origin == "second").add_columns(ReviewItemRow.second_of)
    if site is not None:
        query = query.where(DecisionRow.site == site)
    pairs: list[tuple[set[str], set[str]]] = []
    rows: Sequence[Any] = session.execute(query).all()
    for second, first_item in rows:
        first = decisions.in_force(session, first_item)
        if first is not None:
            pairs.append((upheld(first), upheld(second)))
    found = []
    for category in sorted(set().union(*(a | b for a, b in pairs)) if pairs else set()):
        marks = [(category in a, category in b) for a, b in pairs]
        both = sum(a and b for a, b in marks)
        counts = sum(a for a, _ in marks), sum(b for _, b in marks)
        found.append(CategoryAgreement(category, len(marks), *counts, both, kappa(marks)))
    return found


def ask_third(session: Session, second: ReviewItemRow, made: DecisionRow, now: datetime) -> ReviewItemRow | None:
    """Where a second review differs from the first decision, open an item for somebody who made neither.

    Its decision reaches the site. Returns the item, None where the two agree.
    """
    first = decisions.in_force(session, second.second_of) if second.second_of is not None else None
    if first is None or _said(first) == _said(made):
        return None
    seen = items.Seen(second.assessment_id, second.decision_digest, second.route, second.categories, [])
    return items.open_item(
        session, second.post_id, second.site, seen, "third", now, urgency=1, not_for=made.by, second_of=second.id
    )


def _said(row: DecisionRow) -> tuple[set[str], bool]:
    return upheld(row), row.act == "misplaced"


def add_golden(
    session: Session, post: Post, seen: items.Seen, verdict: str, categories: list[str], by: str, now: datetime
) -> ReviewItemRow:
    """Put a post with a known answer into the queue, not marked as such. Raises Conflict where it is open already."""
    if items.open_for_post(session, post.id) is not None:
        raise Conflict("this post is in the queue already", reason="open")
    session.merge(GoldenRow(post_id=post.id, verdict=verdict, categories=categories, added_by=by, at=now))
    row = items.open_item(session, post.id, post.site, seen, "golden", now, urgency=2, not_for=by)
    facts = {"golden_id": new_id(), "item_id": row.id, "verdict": verdict, "categories": categories}
    audit.append(session, actor=by, act="golden", subject=f"post:{post.id}", facts=facts, text="", now=now)
    return row


@dataclass(frozen=True)
class GoldenScore:
    """One person's decisions on golden items."""

    person_id: str
    n: int
    right: int


def golden_scores(session: Session, site: str | None = None) -> list[GoldenScore]:
    """How each person did on golden items: right where exactly the known categories were upheld."""
    query = decisions.standing(measuring=True).where(DecisionRow.origin == "golden")
    if site is not None:
        query = query.where(DecisionRow.site == site)
    tally: dict[str, list[bool]] = {}
    for row in session.scalars(query):
        known = session.get(GoldenRow, row.post_id)
        if known is not None:
            tally.setdefault(row.by, []).append(upheld(row) == set(known.categories))
    return [GoldenScore(person, len(marks), sum(marks)) for person, marks in sorted(tally.items())]
