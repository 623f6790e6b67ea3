"""Thresholds on their way to production: fitted from outcomes, tried on what was assessed, gated, moved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service import exporting
from service.assessment import AssessmentRow
from service.clock import rfc3339
from service.errors import InvalidInput
from service.feedback import estimates, fit_thresholds, quality
from service.feedback.fit_thresholds import Bounds, Example
from service.feedback.judged import last_words
from service.feedback.outcomes import Wanted, chosen
from service.flagging import versions
from service.flagging.flag import Flag, Route
from service.flagging.policy import Policy
from service.flagging.routing import route
from service.flagging.tables import ThresholdsMoveRow, ThresholdsRow
from service.flagging.thresholds import Thresholds
from service.stations import Stations

LEAST_SHADOW = 20
GATE_S = 1800
GATE_JOB = "gate_thresholds"
Gate = Callable[[Thresholds, Thresholds, Path | None], dict[str, Any]]
"""(candidate, production, file of exported cases) → `{"verdict": "passed" | "failed" | "unmeasured", "because": …}`."""


def fit(stations: Stations, site: str, by: str, *, days: int = 180, bounds: Bounds = Bounds()) -> ThresholdsRow:
    """Fit a candidate version from a site's outcomes. Raises InvalidInput with too few labels."""
    until = stations.clock()
    since = until - timedelta(days=days)
    with stations.database.write() as session:
        examples = judged_examples(session, site, Wanted(site=site, since=since))
        production = versions.live(session, site)
        now = stations.readers.thresholds if production is None else Thresholds.model_validate(production.thresholds)
        fitted = fit_thresholds.fit(examples, now, bounds)
        report = fitted.report | {
            "since": rfc3339(since),
            "until": rfc3339(until),
            "from": production and production.number,
        }
        return versions.add(session, site, fitted.thresholds, "fit", by, report, until)


def judged_examples(session: Session, site: str, wanted: Wanted) -> list[Example]:
    """Judged posts of a site with the probabilities that were read when they came."""
    posts = last_words(session.scalars(chosen(wanted).limit(quality.MOST)))
    ids = [post.outcome.assessment_id for post in posts if post.outcome.assessment_id]
    scores: dict[str, Mapping[str, float]] = {}
    for start in range(0, len(ids), 500):
        rows = sa.select(AssessmentRow.id, AssessmentRow.provenance).where(
            AssessmentRow.id.in_(ids[start : start + 500])
        )
        scores |= {row.id: row.provenance.get("scores", {}) for row in session.execute(rows)}
    return fit_thresholds.examples_of(posts, scores, quality.answered(session, site, wanted.since, wanted.until))


def shadow(stations: Stations, site: str, number: int, *, limit: int = 1000) -> dict[str, Any]:
    """Route the site's newest assessments with a version and with what is in production; kept with the version.

    Both are computed from the stored probabilities in the same way, so that only the cuts differ.
    """
    policy, unread = stations.readers.policy, stations.settings.unread_language
    with stations.database.write() as session:
        row = versions.find(session, site, number)
        candidate, production = Thresholds.model_validate(row.thresholds), _production(stations, session, site)
        newest = sa.select(AssessmentRow).where(AssessmentRow.site == site, AssessmentRow.lane == "fast")
        tried, changed = 0, []
        before: dict[str, int] = {}
        after: dict[str, int] = {}
        for made in session.scalars(newest.order_by(AssessmentRow.id.desc()).limit(limit)):
            scores = made.provenance.get("scores")
            if not scores:
                continue
            tried += 1
            was, now = (reroute(scores, t, policy, unread).to for t in (production, candidate))
            before[was], after[now] = before.get(was, 0) + 1, after.get(now, 0) + 1
            if was != now:
                changed.append({"post_id": made.post_id, "assessment_id": made.id, "from": was, "to": now})
        if tried < LEAST_SHADOW:
            raise InvalidInput(f"only {tried} assessments of {site} hold probabilities; {LEAST_SHADOW} are needed")
        share = estimates.share(len(changed), tried)
        row.shadow = {
            "n": tried, "changed": len(changed), "share": share.value, "low": share.low, "high": share.high,
            "production": before, "candidate": after, "examples": changed[:50], "at": rfc3339(stations.clock()),
        }  # fmt: skip
        return row.shadow


def reroute(scores: Mapping[str, float], thresholds: Thresholds, policy: Policy, unread: Any = "publish") -> Route:
    """The route that these probabilities take with these thresholds; severities are the clauses' own."""
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
                severity=clause.severity, care=clause.care, quotes=[], reason="", counter_reading="", found_by=[],
            )
        )  # fmt: skip
    return route(flags, policy, thresholds, degraded=False, limited=False, unread_language=unread)


def gate(
    stations: Stations, site: str, number: int, cases: Path | None = None, judge: Gate | None = None
) -> dict[str, Any]:
    """Hold a version against production on the shipped and the exported cases; the verdict is kept with the version."""
    with stations.database.read() as session:
        row = versions.find(session, site, number)
        candidate, production = Thresholds.model_validate(row.thresholds), _production(stations, session, site)
    verdict = (judge or in_own_process)(candidate, production, cases)
    with stations.database.write() as session:
        versions.find(session, site, number).gate = verdict | {"at": rfc3339(stations.clock())}
    return verdict


def run_gate(stations: Stations, site: str, number: int) -> str:
    """The job of a gate run."""
    return str(gate(stations, site, number, exporting.write(stations, site))["verdict"])


def promote(stations: Stations, site: str, number: int | None, by: str, reason: str) -> ThresholdsMoveRow:
    """Move production to a version, or back to the shipped thresholds (None). Raises Conflict before shadow and gate."""
    with stations.database.write() as session:
        made = versions.move(session, site, number, by, reason, stations.clock())
    if stations.readers.live_thresholds is not None:
        stations.readers.live_thresholds.forget()
    return made


def in_own_process(candidate: Thresholds, production: Thresholds, cases: Path | None) -> dict[str, Any]:
    """The gate of the eval suite, in a process of its own; `unmeasured` where it cannot run."""
    with tempfile.TemporaryDirectory(prefix="answerloop-gate-") as folder:
        paths = []
        for name, thresholds in (("candidate", candidate), ("production", production)):
            paths.append(Path(folder) / f"{name}.json")
            paths[-1].write_text(thresholds.model_dump_json(), "utf-8")
        command = [sys.executable, "-m", "eval.threshold_gate", *map(str, paths)]
        command += ["--data", str(cases)] if cases is not None else []
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=GATE_S, env=dict(os.environ), check=True
            )
            found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        except (subprocess.SubprocessError, OSError, ValueError, IndexError) as failure:
            return {"verdict": "unmeasured", "because": f"the gate did not run: {type(failure).__name__}"}
    return found


def _production(stations: Stations, session: Session, site: str) -> Thresholds:
    row = versions.live(session, site)
    return stations.readers.thresholds if row is None else Thresholds.model_validate(row.thresholds)
