"""The synthetic month through the service: assess, decide, refit; beside it what the frozen thresholds would have done."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from eval.cases import LabelledPost
from eval.loading import shipped
from eval.simulation.noticing import noticed
from eval.simulation.people import Moderator, MovingClock
from eval.simulation.population import SimulatedPost, month
from eval.subjects import SITE, World, as_new_post, load_sample
from eval.threshold_gate import judge
from service import deciding, previewing, tuning
from service.app import Adapters, build
from service.assess_post import assess_post, read_post
from service.errors import InvalidInput
from service.feedback import quality
from service.feedback.bounds import Bounds
from service.feedback.tables import OutcomeRow
from service.flagging import routing
from service.people import identity
from service.people.permissions import Caller
from service.review.concerns import Report
from service.stations import Stations

START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """How the month is run."""

    posts: int = 3000
    days: int = 30
    seed: int = 1
    audit_share: float = 0.05
    refit_every: int = 5
    gate_cases: int = 120
    moderators: int = 2
    minutes_a_day: float = 60.0
    with_threads: bool = True
    reported: float = 0.04
    """The probability that a published post which belongs to people is reported by a member."""
    missed: float = 10.0
    clean_flagged: float = 10.0
    """The bounds of each refit, in percent."""


@dataclass
class Day:
    """What came on one day, and how both systems routed it. `reached`: true posts that were sent to people."""

    day: int
    posts: int = 0
    true: int = 0
    reached: dict[str, int] = field(default_factory=lambda: {"loop": 0, "frozen": 0})
    clean_flagged: dict[str, int] = field(default_factory=lambda: {"loop": 0, "frozen": 0})
    at_risk: int = 0
    at_risk_reached: dict[str, int] = field(default_factory=lambda: {"loop": 0, "frozen": 0})
    wave: int = 0
    wave_reached: dict[str, int] = field(default_factory=lambda: {"loop": 0, "frozen": 0})
    decided: int = 0
    waiting: int = 0
    spam_missed_found: int = 0
    version: int | None = None
    refit: str = ""


def simulate(world: World, plan: Plan, said: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Run the month. Returns figures as JSON; everything in it is synthetic."""
    clock = MovingClock(START)
    settings = world.settings(world.scratch("month"), audit_share=plan.audit_share, second_review_share=0.02)
    stations = build(settings, Adapters(clock, world.embedder))
    try:
        if plan.with_threads:
            load_sample(stations)
        else:
            with stations.database.write() as session:
                identity.ensure_site(session, SITE, clock())
        rows = shipped("posts/voices_*").rows
        gate = _gate(stations, rows[:: max(1, len(rows) // plan.gate_cases)])
        return _run(stations, clock, plan, month(rows, plan.posts, plan.days, SITE, plan.seed), gate, said)
    finally:
        stations.gateway.close()
        stations.vectors.close()
        stations.database.close()


def _run(
    stations: Stations, clock: MovingClock, plan: Plan, posts: list[SimulatedPost], gate: tuning.Gate,
    said: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    draw = random.Random(plan.seed + 1)
    people = [
        Moderator(Caller("person", f"moderator-{n}", "moderator", SITE), random.Random(n), plan.minutes_a_day)
        for n in range(plan.moderators)
    ]
    site = Caller("key", "site", "site", SITE)
    truth: dict[str, frozenset[str]] = {}
    days = []
    for day in range(plan.days):
        clock.now = START + timedelta(days=day)
        today = Day(day)
        for post in (p for p in posts if p.day == day):
            _send(stations, site, post, today, truth, draw, plan)
            clock.now += timedelta(minutes=3)
        clock.now = START + timedelta(days=day, hours=10)
        today.decided = sum(moderator.work(stations, clock, truth) for moderator in people)
        _count(stations, today, clock)
        if (day + 1) % plan.refit_every == 0 and day + 1 < plan.days:
            today.refit = _refit(stations, plan, gate)
        today.version = _live(stations)
        days.append(today)
        said(f"day {day + 1}: {today.posts} posts, {today.decided} decided, {today.waiting} wait. {today.refit}")
    return _summary(stations, clock, plan, people, days)


def _send(
    stations: Stations, site: Caller, post: SimulatedPost, today: Day, truth: dict[str, frozenset[str]],
    draw: random.Random, plan: Plan,
) -> None:  # fmt: skip
    made = assess_post(stations.readers, post.sent, "none", lambda *_: None, stations.webhooks.announce)
    truth[made.post.id] = post.categories
    readers = stations.readers
    frozen = previewing.reroute(made.assessment.provenance.scores, readers.thresholds, readers.policy)
    routes = {"loop": made.assessment.route.to != "publish", "frozen": frozen.to != "publish"}
    at_risk = bool(post.categories & routing.PERSON_AT_RISK)
    today.posts += 1
    today.true += post.belongs_to_people
    today.at_risk += at_risk
    today.wave += post.wave
    for system, routed in routes.items():
        today.reached[system] += routed and post.belongs_to_people
        today.clean_flagged[system] += routed and not post.categories
        today.at_risk_reached[system] += routed and at_risk
        today.wave_reached[system] += routed and post.wave
    if post.belongs_to_people and not routes["loop"] and draw.random() < plan.reported:
        deciding.report(stations, site, made.post.id, Report(reporter_id=f"member-{draw.randrange(500)}"))


def _refit(stations: Stations, plan: Plan, gate: tuning.Gate) -> str:
    try:
        made = tuning.fit(stations, SITE, "simulation", bounds=Bounds(plan.missed, plan.clean_flagged))
        shadow = tuning.shadow(stations, SITE, made.number)
    except InvalidInput as refusal:
        return f"no refit: {refusal.detail}"
    verdict = tuning.gate(stations, SITE, made.number, judge=gate)
    if verdict["verdict"] != "passed":
        return f"version {made.number} is not promoted: {verdict['because']}"
    tuning.promote(stations, SITE, made.number, "simulation", "gate passed")
    return f"version {made.number} in production; its shadow moved {shadow['changed']} of {shadow['n']}"


def _gate(stations: Stations, rows: Any) -> tuning.Gate:
    known: list[LabelledPost] = list(rows)
    scores = [read_post(stations.readers, as_new_post(row)).scores for row in known]
    return lambda candidate, production, _cases: judge(known, scores, candidate, production, stations.readers.policy)


def _count(stations: Stations, today: Day, clock: MovingClock) -> None:
    from service.review.queue import count

    since = clock.now - timedelta(hours=23)
    with stations.database.read() as session:
        today.waiting = count(session, SITE).open
        found = session.scalars(sa.select(OutcomeRow).where(OutcomeRow.site == SITE, OutcomeRow.at >= since))
        today.spam_missed_found = sum(
            any(f["agree"] and f["category"] == "spam_promotion" and f["seen_as"] is None for f in row.flags)
            for row in found
        )


def _live(stations: Stations) -> int | None:
    from service.flagging import versions

    with stations.database.read() as session:
        row = versions.live(session, SITE)
    return row.number if row is not None else None


def _summary(
    stations: Stations, clock: MovingClock, plan: Plan, people: list[Moderator], days: list[Day]
) -> dict[str, Any]:
    minutes: dict[str, float] = {}
    for moderator in people:
        for origin, spent in moderator.minutes_spent.items():
            minutes[origin] = round(minutes.get(origin, 0.0) + spent, 1)
    with stations.database.read() as session:
        estimated = quality.measure(session, SITE, START - timedelta(days=1), clock.now)
    return {
        "synthetic": True, "plan": asdict(plan), "days": [asdict(day) for day in days], "minutes": minutes,
        "audit_minutes_a_day": round(minutes.get("audit", 0.0) / plan.days, 2),
        "wave_noticed_on": noticed([day.spam_missed_found for day in days]),
        "recall_estimated": asdict(estimated.overall.recall), "precision_estimated": asdict(estimated.overall.precision),
    }  # fmt: skip
