"""Shadow runs: the candidate of a prompt reads what production has read; the result is measured and never shown.

What is kept are figures, no text. The score of one run says how much of what a model said stood up, and saying nothing
never scores well:

- a draft: the share of its sentences that stand with a source; 0 for one that is no answer;
- flags: the share whose quotes are in the post; none without a flag, for then there is nothing to score;
- tags: where people said which tags to keep, the agreement with them (F1; 0 for no tag where some were kept, 1 where
  both are none). Where nobody said, of the tags that were suggested to the model or added by it, those that it left
  standing: a dropped suggestion counts against a version, and dropping all of them scores 0.

What these scores cannot see: a flag or a suggested tag that was left out rightly. Where only one version has a score,
see `compared`.
"""

from __future__ import annotations

import copy
import math
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service import assessment as assessments
from service.clock import new_id
from service.drafting.draft import WrittenDraft
from service.errors import AnswerloopError, NotFound
from service.intake import repository as posts
from service.intake.normalise import normalise
from service.jobs import GATES, Jobs
from service.prompting.labels import CANDIDATE, PRODUCTION, Labels, PinnedLabels
from service.prompting.tables import PromptShadowRow
from service.retrieval.evidence import Evidence
from service.settings import Settings
from service.tagging.reporting import f1_of

if TYPE_CHECKING:
    from service.stations import Stations

R = TypeVar("R")
LEAST_PAIRS = 30
"""Fewer pairs than this promote nothing."""
_RESAMPLES = 2000


@dataclass(frozen=True)
class Measured:
    """What one version made of one post: its score (None where it gave nothing to score) and plain figures."""

    score: float | None
    figures: dict[str, Any]


def with_labels(reader: R, labels: Labels, gateway: Any = None) -> R:
    """A copy of a drafter, flag reader or tag checker that follows other labels, and asks another gateway if one is given."""
    twin = copy.copy(reader)
    twin._labels = labels  # type: ignore[attr-defined]
    if gateway is not None:
        twin._gateway = gateway  # type: ignore[attr-defined]
    return twin


def enqueuer(settings: Settings, labels: Labels, jobs: Jobs) -> Callable[[Session, str, str], None]:
    """(session, assessment id, prompt name): has the candidate repeat this reading, where it is one of the share.

    Which readings are in the share is decided by the assessment's id, so that a retried job agrees.
    """

    def enqueue(session: Session, assessment_id: str, name: str) -> None:
        candidate = labels.find(name, CANDIDATE)
        if candidate in (None, labels.find(name, PRODUCTION)):
            return
        if random.Random(assessment_id).random() < settings.shadow_share:
            jobs.enqueue(session, GATES, "shadow", f"shadow-{assessment_id}-{name}-{candidate}", assessment_id, name)

    return enqueue


def run(stations: Stations, assessment_id: str, name: str) -> str:
    """The job: both versions of `name` on one assessed post, one row of figures. Returns its id, or nothing."""
    production, candidate = stations.labels.find(name, PRODUCTION), stations.labels.find(name, CANDIDATE)
    if production is None or candidate in (None, production):
        return ""
    with stations.database.read() as session:
        try:
            made = assessments.get(session, assessment_id)
            post = posts.get(session, made.post_id)
            kept = posts.kept_tags(session, post.id)
            evidence = Evidence.model_validate(assessments.evidence_snapshot(session, assessment_id))
        except NotFound:
            return ""
    measured = [
        _measured(stations, PinnedLabels(stations.labels, {name: version}), name, post, made, evidence, kept)
        for version in (production, str(candidate))
    ]
    row = PromptShadowRow(
        id=new_id(), name=name, production=production, candidate=str(candidate), post_id=post.id,
        production_score=measured[0].score, candidate_score=measured[1].score,
        figures={"production": measured[0].figures, "candidate": measured[1].figures}, at=stations.clock(),
    )  # fmt: skip
    with stations.database.write() as session:
        session.add(row)
    return row.id


def compared(session: Session, name: str, production: str, candidate: str, margin: float) -> dict[str, Any]:
    """The candidate beside production over all pairs: the mean gain with its 95 % interval, and whether the rule holds.

    The rule: the lower bound of the gain is above the margin, on at least `LEAST_PAIRS` posts, and the candidate came to
    nothing no more often than production (`failed`: it failed, or had no score where the other had one). A candidate
    without a score counts 0 in its pair, and so does production that failed. Production that was silent makes no pair:
    that a candidate spoke there is no gain yet. Where neither has a score there is nothing to compare (`unscored`).
    """
    query = sa.select(
        PromptShadowRow.production_score, PromptShadowRow.candidate_score, PromptShadowRow.figures
    ).where(
        PromptShadowRow.name == name,
        PromptShadowRow.production == production,
        PromptShadowRow.candidate == candidate,
    )  # fmt: skip
    rows = [(before, after, figures) for before, after, figures in session.execute(query)]
    scored = [row for row in rows if row[0] is not None or row[1] is not None]
    gains = [gain for row in scored if (gain := _gain(*row)) is not None]
    failed = [
        sum(before is None and (after is not None or _broke(figures, "production")) for before, after, figures in rows),
        sum(after is None and (before is not None or _broke(figures, "candidate")) for before, after, figures in rows),
    ]
    low, high = interval(gains)
    mean = statistics.fmean(gains) if gains else None
    may = len(gains) >= LEAST_PAIRS and low > margin and failed[1] <= failed[0]
    return {
        "production": production, "candidate": candidate, "n": len(gains), "runs": len(rows),
        "unscored": len(rows) - len(scored),
        "gain": mean, "low": None if math.isnan(low) else low, "high": None if math.isnan(high) else high,
        "margin": margin, "least": LEAST_PAIRS, "failed": {"production": failed[0], "candidate": failed[1]},
        "may_be_promoted": may,
    }  # fmt: skip


def _gain(before: float | None, after: float | None, figures: dict[str, Any]) -> float | None:
    """What the candidate gains on one post where at least one version has a score; None where that makes no pair."""
    if before is None and not _broke(figures, "production"):
        return None
    return (after or 0.0) - (before or 0.0)


def _broke(figures: dict[str, Any], side: str) -> bool:
    return "failed" in figures.get(side, {})


def interval(gains: list[float]) -> tuple[float, float]:
    """The 95 % bootstrap percentile interval of the mean of paired gains; undefined for fewer than two."""
    if len(gains) < 2:
        return math.nan, math.nan
    draw = random.Random(len(gains))
    means = sorted(statistics.fmean(draw.choices(gains, k=len(gains))) for _ in range(_RESAMPLES))
    return means[int(0.025 * _RESAMPLES)], means[int(0.975 * _RESAMPLES) - 1]


def _measured(
    stations: Stations, labels: Labels, name: str, post: Any, made: Any, evidence: Evidence, kept: list[str] | None
) -> Measured:
    lane, readable = stations.deep_lane, normalise(post)
    tries: dict[str, Callable[[], Measured]] = {
        "flag_post": lambda: _of_flags(
            with_labels(lane.deep_reader, labels).read(  # type: ignore[union-attr]
                post, readable, made.flags, made.route, person_has_seen=True
            )
        ),
        "check_tags": lambda: _of_tags(
            with_labels(lane.tag_checker, labels).check(post, readable, made.tags),  # type: ignore[union-attr]
            {tag.tag for tag in made.tags},
            None if kept is None else set(kept) - set(post.tags),
        ),
    }
    draft = lambda: _of_draft(  # noqa: E731
        with_labels(lane.drafter, labels).write(
            post, readable, evidence, made.route, lang=readable.lang, today=stations.clock().date()
        )
    )
    try:
        return tries.get(name, draft)()
    except AnswerloopError as failure:
        return Measured(None, {"failed": failure.code})


def _of_draft(written: WrittenDraft) -> Measured:
    if written.failed_because is not None or written.status == "failed":
        return Measured(None, {"failed": written.failed_because or "failed"})
    grounded = sum(bool(sentence.sources) for sentence in written.sentences)
    said = len(written.sentences) + len(written.dropped)
    figures = {"status": written.status, "kind": written.kind, "grounded": grounded, "dropped": len(written.dropped)}
    own = written.kind == "answer"
    return Measured(grounded / said if own and said else 0.0, figures | _used(written.provenance))


def _of_flags(read: Any) -> Measured:
    told = sum(any(by.startswith("prompt:") for by in flag.found_by) for flag in read.flags)
    said = told + read.unfounded
    figures = {"flags": sorted({flag.category for flag in read.flags}), "unfounded": read.unfounded}
    return Measured(told / said if said else None, figures | {"route": read.route.to} | _used(read.provenance))


def _of_tags(checked: Any, suggested: set[str], kept: set[str] | None) -> Measured:
    """`kept`: the tags that people kept beside the author's own; None where nobody said."""
    left, score = {tag.tag for tag in checked.tags}, None
    if kept is not None:
        score = f1_of(left, kept)
    else:
        score = len(left) / len(left | suggested) if left or suggested else None
    figures = {"tags": len(left), "added": len(left - suggested), "against": "suggested" if kept is None else "kept"}
    return Measured(score, figures | _used(checked.provenance))


def _used(provenance: dict[str, Any]) -> dict[str, Any]:
    keys = ("model", "input_tokens", "output_tokens", "cost_usd", "rendered_sha256")
    return {key: provenance[key] for key in keys if key in provenance}
