"""The quality figures of a site over a time: what people's judgements say about the machine, and about themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.feedback import estimates, judged
from service.feedback.estimates import Figure
from service.feedback.judged import Answered, ErrorRates, Judged, last_words
from service.feedback.outcomes import VERDICT_KINDS, Wanted, chosen
from service.feedback.tables import OutcomeRow
from service.models.tables import ModelUsageRow
from service.review.tables import ReviewItemRow

MOST = 50_000
"""Outcomes read at most, the newest ones."""
LOCAL = "local readers"
METHODS = {
    "precision": "upheld flags over decided flags on posts sent to people; Wilson 1927, 95 %",
    "recall": "caught over caught and missed; misses among unflagged posts by the Hájek (1971) estimator over the audit "
    "sample, weighted 1/sampling probability and raised for posts not decided yet; the interval is Wilson's for the miss "
    "rate at Kish's (1965) effective number, carried over",
    "kappa": "Cohen 1960, first against blind second decisions",
    "edit_distance": "Levenshtein 1966 over words; mean with percentile bootstrap interval",
    "decision_minutes": "from entering the queue to the decision; median with order-statistic interval",
}


@dataclass(frozen=True)
class Dated:
    """A figure of one week or day, named by its first day."""

    since: str
    figure: Figure


@dataclass(frozen=True)
class TagPoint:
    """The tagger if it had suggested from this probability on: posts with a suggestion, and suggestions that were kept."""

    cut: float
    coverage: Figure
    precision: Figure


@dataclass(frozen=True)
class Quality:
    """Everything the quality page shows."""

    site: str | None
    since: datetime
    until: datetime
    outcomes: int
    truncated: bool
    answered: Answered
    overall: ErrorRates
    categories: list[ErrorRates]
    prompts: list[ErrorRates]
    slices: dict[str, list[ErrorRates]]
    overturned: Figure
    golden: Figure
    agreement: list[tuple[str, Figure]]
    edit_distance: Figure
    edit_weeks: list[Dated]
    published: Figure
    decision_minutes: list[tuple[str, Figure]]
    tag_coverage: Figure
    tag_precision: Figure
    tag_recall: Figure
    tag_curve: list[TagPoint]
    cost_days: list[Dated]


def measure(
    session: Session, site: str | None, since: datetime, until: datetime, *, category: str | None = None,
    prompt: str | None = None, slices: dict[str, str] | None = None, costs: bool = True,
) -> Quality:  # fmt: skip
    """Read the outcomes and compute. `prompt` and `slices` keep those outcomes alone; `costs` is of the whole service."""
    query = chosen(Wanted(site=site, since=since, until=until)).limit(MOST + 1)
    rows = list(session.scalars(query))
    truncated, rows = len(rows) > MOST, rows[:MOST]
    posts = [post for post in last_words(rows) if _fits(post, prompt, slices or {})]
    looked_at = answered(session, site, since, until)
    names = sorted(set().union(*(post.seen | post.upheld for post in posts))) if posts else []
    wanted = [name for name in names if category in (None, name)]
    minutes = [(r.route or "publish", r.seconds / 60) for r in rows if r.kind in VERDICT_KINDS and r.seconds]
    ends = [row for row in rows if row.kind == "revision" and (prompt is None or prompt in row.prompts)]
    coverage, precision, recall = _tags(rows)
    distance = [(r.at, float(r.measures["edit_distance"])) for r in ends if "edit_distance" in r.measures]
    return Quality(
        site, since, until, len(rows), truncated, looked_at,
        overall=judged.error_rates("every flag", posts, looked_at, category),
        categories=[judged.error_rates(name, posts, looked_at, name) for name in wanted],
        prompts=_groups(posts, lambda post: post.outcome.prompts or [LOCAL], looked_at, category),
        slices={
            name: _groups(posts, lambda post, name=name: [post.slices.get(name, "unknown")], looked_at, category)  # type: ignore[misc]
            for name in ("length", "lang", "found_by")
        },
        overturned=judged.overturned(rows), golden=judged.golden(rows), agreement=judged.agreement(rows),
        edit_distance=estimates.mean([value for _, value in distance]), edit_weeks=_weeks(distance, since),
        published=estimates.share(sum(r.verdict == "published" for r in ends), len(ends), "no draft ended"),
        decision_minutes=_by_route(minutes), tag_coverage=coverage, tag_precision=precision, tag_recall=recall,
        tag_curve=tag_curve(rows),
        cost_days=_costs(session, since, until) if costs else [],
    )  # fmt: skip


def _fits(post: Judged, prompt: str | None, slices: dict[str, str]) -> bool:
    if prompt is not None and prompt not in (post.outcome.prompts or [LOCAL]):
        return False
    return all(post.slices.get(name) == value for name, value in slices.items())


def _groups(
    posts: Sequence[Judged], names: Callable[[Judged], Sequence[str]], answered: Answered, category: str | None
) -> list[ErrorRates]:
    groups: dict[str, list[Judged]] = {}
    for post in posts:
        for name in names(post):
            groups.setdefault(name, []).append(post)
    return [judged.error_rates(name, group, answered, category) for name, group in sorted(groups.items())]


def answered(session: Session, site: str | None, since: datetime | None, until: datetime | None) -> Answered:
    """How much of what people were to look at they have decided."""
    count = sa.select(ReviewItemRow.origin, ReviewItemRow.state, sa.func.count())
    if since is not None:
        count = count.where(ReviewItemRow.opened_at >= since)
    if until is not None:
        count = count.where(ReviewItemRow.opened_at < until)
    if site is not None:
        count = count.where(ReviewItemRow.site == site)
    found: dict[tuple[str, str], int] = {}
    for origin, state, n in session.execute(count.group_by(ReviewItemRow.origin, ReviewItemRow.state)):
        found[origin, state] = n

    def of(origin: str) -> float:
        decided, waiting = found.get((origin, "decided"), 0), found.get((origin, "open"), 0)
        return decided / (decided + waiting) if decided else 1.0

    return Answered(of("machine"), of("audit"))


def _by_route(minutes: Sequence[tuple[str, float]]) -> list[tuple[str, Figure]]:
    routes = ("urgent_review", "hold", "review", "publish")
    return [(route, estimates.median([value for to, value in minutes if to == route])) for route in routes]


def _weeks(values: Sequence[tuple[datetime, float]], since: datetime) -> list[Dated]:
    weeks: dict[int, list[float]] = {}
    for at, value in values:
        weeks.setdefault((at - since).days // 7, []).append(value)
    return [
        Dated((since + timedelta(days=7 * week)).date().isoformat(), estimates.mean(found))
        for week, found in sorted(weeks.items())
    ]


NOTHING_KEPT = "nobody said which tags were kept"
CUTS = tuple(step / 20 for step in range(1, 20))
"""Probabilities from 0.05 to 0.95. Below the tagger's own cut nothing was suggested, so the curve stays flat there."""


def _kept(rows: Sequence[OutcomeRow]) -> list[tuple[dict[str, float], set[str]]]:
    """Of each post with kept tags the suggestions with their probabilities, and the tags that were kept last."""
    kept: dict[str, OutcomeRow] = {}
    for row in sorted(rows, key=lambda r: r.id):
        if row.kept_tags is not None and row.erased_at is None:
            kept[row.post_id] = row
    return [
        ({str(tag["tag"]): float(tag["probability"]) for tag in row.suggested_tags}, set(row.kept_tags or ()))
        for row in kept.values()
    ]


def _tags(rows: Sequence[OutcomeRow]) -> tuple[Figure, Figure, Figure]:
    """Coverage, precision and recall of suggested tags against the last kept ones of each post."""
    posts = _kept(rows)
    both = sum(len(suggested.keys() & kept) for suggested, kept in posts)
    return (
        estimates.share(sum(bool(suggested) for suggested, _ in posts), len(posts), NOTHING_KEPT),
        estimates.share(both, sum(len(suggested) for suggested, _ in posts), NOTHING_KEPT),
        estimates.share(both, sum(len(kept) for _, kept in posts), NOTHING_KEPT),
    )


def tag_curve(rows: Sequence[OutcomeRow]) -> list[TagPoint]:
    """Coverage against precision as the cut rises; empty where nobody said which tags were kept."""
    posts = _kept(rows)
    points = []
    for cut in CUTS if posts else ():
        above = [
            ({tag for tag, probability in suggested.items() if probability >= cut}, kept) for suggested, kept in posts
        ]
        points.append(
            TagPoint(
                cut,
                estimates.share(sum(bool(suggested) for suggested, _ in above), len(above)),
                estimates.share(
                    sum(len(suggested & kept) for suggested, kept in above),
                    sum(len(suggested) for suggested, _ in above), "no suggestion reaches this cut",
                ),
            )
        )  # fmt: skip
    return points


def _costs(session: Session, since: datetime, until: datetime) -> list[Dated]:
    """US dollars a UTC day, from the ledger of model calls; unknown on a day with a model that has no price."""
    days: dict[str, tuple[int, int, bool]] = {}
    used = sa.select(ModelUsageRow.at, ModelUsageRow.cost_micro_usd, ModelUsageRow.price_known)
    used = used.where(ModelUsageRow.at >= since, ModelUsageRow.at < until)
    for at, cost, priced in session.execute(used.execution_options(yield_per=2000)):
        day = at.date().isoformat()
        total, calls, known = days.get(day, (0, 0, True))
        days[day] = total + cost, calls + 1, known and priced
    found = []
    for day, (total, calls, known) in sorted(days.items()):
        usd = total / 1_000_000
        figure = Figure(usd, usd, usd, calls) if known else estimates.unknown("a model without a price", calls)
        found.append(Dated(day, figure))
    return found
