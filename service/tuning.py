"""Thresholds on their way to production: fitted from outcomes, tried on what was assessed, gated, moved."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service import exporting, previewing
from service.assessment import AssessmentRow
from service.clock import rfc3339
from service.errors import InvalidInput
from service.feedback import fit_thresholds, quality
from service.feedback.bounds import Bounds
from service.feedback.fit_thresholds import Example
from service.feedback.judged import last_words
from service.feedback.outcomes import Wanted, chosen
from service.flagging import versions
from service.flagging.flag import Category
from service.flagging.tables import ThresholdsMoveRow, ThresholdsRow
from service.flagging.thresholds import Cuts, Thresholds
from service.gate_process import verdict_of
from service.stations import Stations

LEAST_SHADOW = 20
GATE_JOB = "gate_thresholds"
Changes = Mapping[Category, Mapping[str, float]]
"""category → `low`, `middle`, `high`, as far as they move."""
Gate = Callable[[Thresholds, Thresholds, Path | None], dict[str, Any]]
"""(candidate, production, file of exported cases) → `{"verdict": "passed" | "failed" | "unmeasured", "because": …}`."""


def fit(stations: Stations, site: str, by: str, *, days: int = 180, bounds: Bounds = Bounds()) -> ThresholdsRow:
    """Fit a candidate version from a site's outcomes. Raises InvalidInput with too few labels, and for a wish that no cut keeps."""
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


def shadow(stations: Stations, site: str, number: int, *, limit: int = previewing.READ_AT_MOST) -> dict[str, Any]:
    """Route the site's newest posts with a version and with what is in production; kept with the version."""
    with stations.database.write() as session:
        row = versions.find(session, site, number)
        found = _effect(stations, session, site, Thresholds.model_validate(row.thresholds), limit)
        if found.n < LEAST_SHADOW:
            raise InvalidInput(f"only {found.n} assessments of {site} hold probabilities; {LEAST_SHADOW} are needed")
        row.shadow = found.summary() | {"at": rfc3339(stations.clock())}
        return row.shadow


def preview(stations: Stations, site: str, changes: Changes) -> dict[str, Any]:
    """What moved cuts would have done to past posts, and what people said of those whose route changes; kept nowhere."""
    with stations.database.read() as session:
        production = _production(stations, session, site)
        candidate = production.changed(changes)
        found = _effect(stations, session, site, candidate)
        moved = {
            category: {"from": _plain(production.categories[category]), "to": _plain(candidate.categories[category])}
            for category in changes
        }
        return found.summary() | previewing.told(session, found.changed) | {"moved": moved, "least": LEAST_SHADOW}


def keep(stations: Stations, site: str, changes: Changes, by: str, reason: str) -> ThresholdsRow:
    """Keep moved cuts as a version of its own; it changes nothing until it is moved to production."""
    with stations.database.write() as session:
        production = versions.live(session, site)
        cuts = _production(stations, session, site).changed(changes)
        report = {
            "reason": reason, "changes": changes, "from": production and production.number,
        }  # fmt: skip
        return versions.add(session, site, cuts, "person", by, report, stations.clock())


def gate(
    stations: Stations, site: str, number: int, cases: Path | None = None, judge: Gate | None = None
) -> dict[str, Any]:
    """Hold a version against production on the shipped and the exported cases; the verdict is kept with the version."""
    with stations.database.read() as session:
        row = versions.find(session, site, number)
        candidate, production = Thresholds.model_validate(row.thresholds), _production(stations, session, site)
    judge = judge or partial(in_own_process, data_dir=stations.settings.data_dir)
    verdict = judge(candidate, production, cases)
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


def in_own_process(
    candidate: Thresholds, production: Thresholds, cases: Path | None, *, data_dir: Path
) -> dict[str, Any]:
    """The gate of the eval suite, in a process of its own; `unmeasured` where it cannot run."""
    with tempfile.TemporaryDirectory(prefix="answerloop-gate-") as folder:
        arguments: list[Path | str] = []
        for name, thresholds in (("candidate", candidate), ("production", production)):
            file = Path(folder) / f"{name}.json"
            file.write_text(thresholds.model_dump_json(), "utf-8")
            arguments.append(file)
        arguments += ["--data", cases] if cases is not None else []
        return verdict_of("eval.threshold_gate", arguments, data_dir)


def _production(stations: Stations, session: Session, site: str) -> Thresholds:
    row = versions.live(session, site)
    return stations.readers.thresholds if row is None else Thresholds.model_validate(row.thresholds)


def _effect(
    stations: Stations, session: Session, site: str, candidate: Thresholds, limit: int = previewing.READ_AT_MOST
) -> previewing.Effect:
    production, policy = _production(stations, session, site), stations.readers.policy
    return previewing.effect(session, site, candidate, production, policy, stations.settings.unread_language, limit)


def _plain(cuts: Cuts) -> dict[str, float]:
    return {"low": cuts.low, "middle": cuts.middle, "high": cuts.high}
