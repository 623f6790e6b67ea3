"""What other thresholds would have done to a site's past posts, from the probabilities that were stored with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.assessment import AssessmentRow
from service.feedback import estimates
from service.flagging.flag import Flag, Route
from service.flagging.policy import Policy
from service.flagging.routing import STRENGTH, route
from service.flagging.thresholds import Thresholds
from service.intake.tables import PostRow, PostTextRow
from service.review import decisions
from service.review.agreement import upheld
from service.review.tables import DecisionRow

EXAMPLES = 50
READ_AT_MOST = 1000


@dataclass
class Effect:
    """Routes of the newest posts with both sets of cuts, each post once. `changed` lists `{post_id, assessment_id, from, to}`."""

    n: int = 0
    production: dict[str, int] = field(default_factory=dict)
    candidate: dict[str, int] = field(default_factory=dict)
    categories: dict[str, dict[str, int]] = field(default_factory=dict)
    changed: list[dict[str, str]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The counts with the changed share and its interval; examples are ids, no text."""
        share = estimates.share(len(self.changed), self.n)
        return {
            "n": self.n, "changed": len(self.changed), "share": share.value, "low": share.low, "high": share.high,
            "production": self.production, "candidate": self.candidate, "categories": self.categories,
            "examples": self.changed[:EXAMPLES],
        }  # fmt: skip


def effect(
    session: Session, site: str, candidate: Thresholds, production: Thresholds, policy: Policy, unread: Any,
    limit: int = READ_AT_MOST,
) -> Effect:  # fmt: skip
    """Route a site's newest posts with both sets of cuts.

    Both routes are computed from the stored probabilities in the same way, so that only the cuts differ.
    `categories` counts posts that went to people because of a category, `{category: {production, candidate}}`.
    """
    newest = sa.select(AssessmentRow).where(AssessmentRow.site == site, AssessmentRow.lane == "fast")
    found = Effect()
    seen: set[str] = set()
    for made in session.scalars(newest.order_by(AssessmentRow.id.desc()).limit(limit)):
        scores = made.provenance.get("scores")
        if not scores or made.post_id in seen:
            continue
        seen.add(made.post_id)
        found.n += 1
        exposed = _exposed(made, policy)
        was, now = (reroute(scores, cuts, policy, unread, exposed) for cuts in (production, candidate))
        for name, counts, to in (("production", found.production, was), ("candidate", found.candidate, now)):
            counts[to.to] = counts.get(to.to, 0) + 1
            for category in to.because:
                both = found.categories.setdefault(category, {"production": 0, "candidate": 0})
                both[name] += 1
        if was.to != now.to:
            change = {"post_id": made.post_id, "assessment_id": made.id, "from": was.to, "to": now.to}
            found.changed.append(change)
    return found


def _exposed(made: AssessmentRow, policy: Policy) -> frozenset[str]:
    """Categories whose urgent case was met when the post was read: they took their clause's strongest route then."""
    high = {flag["category"] for flag in made.flags if flag["band"] == "high" and policy.active(flag["category"])}
    clauses = [policy.clause_of(category) for category in high]
    return frozenset(c.category for c in clauses if c.usual_route is not None and c.route == made.route)


def reroute(
    scores: Mapping[str, float], thresholds: Thresholds, policy: Policy, unread: Any = "publish",
    exposed: Collection[str] = (),
) -> Route:  # fmt: skip
    """The route that these probabilities take with these thresholds; severities are the clauses' own, but for the
    categories in `exposed`, whose urgent case is met."""
    flags = []
    for category, probability in scores.items():
        if category not in thresholds.categories or not policy.active(category):
            continue
        band = thresholds.band(category, probability)
        if band is None:
            continue
        clause = policy.clause_of(category)
        flags.append(
            Flag(
                id="", category=category, clause=clause.clause, probability=probability, calibrated=True, band=band,
                severity="critical" if category in exposed and clause.usual_route is not None else clause.severity,
                care=clause.care, quotes=[], reason="", counter_reading="", found_by=[],
            )
        )  # fmt: skip
    return route(flags, policy, thresholds, degraded=False, limited=False, unread_language=unread)


def told(session: Session, changed: list[dict[str, str]]) -> dict[str, Any]:
    """What people had said of the posts whose route changes, and the first of them with their titles.

    `no_longer` are posts that a weaker route awaits, `newly` the others: `{upheld, dismissed, undecided}` each.
    """
    said = _said(session, [change["post_id"] for change in changed])
    counts = {side: {"upheld": 0, "dismissed": 0, "undecided": 0} for side in ("no_longer", "newly")}
    for change in changed:
        side = "no_longer" if STRENGTH[change["to"]] < STRENGTH[change["from"]] else "newly"  # type: ignore[index]
        counts[side][said.get(change["post_id"], "undecided")] += 1
    shown = changed[:EXAMPLES]
    titles = _titles(session, [change["post_id"] for change in shown])
    examples: list[dict[str, Any]] = [
        {**change, "title": titles.get(change["post_id"]), "said": said.get(change["post_id"], "undecided")}
        for change in shown
    ]
    return {"people_said": counts, "examples": examples}


def _said(session: Session, post_ids: list[str]) -> dict[str, str]:
    said: dict[str, str] = {}
    for ids in _some(post_ids):
        for row in session.scalars(decisions.standing().where(DecisionRow.post_id.in_(ids)).order_by(DecisionRow.id)):
            said[row.post_id] = "upheld" if upheld(row) else "dismissed"
    return said


def _titles(session: Session, post_ids: list[str]) -> dict[str, str]:
    query = sa.select(PostTextRow.post_id, PostTextRow.title).join(PostRow, PostRow.id == PostTextRow.post_id)
    query = query.where(PostTextRow.revision == PostRow.revision, PostTextRow.post_id.in_(post_ids))
    return {row.post_id: row.title for row in session.execute(query)}


def _some(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
