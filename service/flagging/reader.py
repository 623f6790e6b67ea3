"""The fast flag reader: every detector and, where the language is measured, the learned reader; a part that fails is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from service.flagging.detectors import DETECTORS
from service.flagging.detectors.personal_information import exposes_somebody
from service.flagging.finding import Detector, DetectorContext, Finding
from service.flagging.flag import Category, Degradation, Flag
from service.flagging.learned import LearnedReader, Score
from service.flagging.merge import MOST_PROBABLE, PLAIN, Concern, as_flags, strongest
from service.flagging.policy import Policy
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import Thresholds
from service.intake.language import READ_LANGUAGES, holds_english
from service.intake.normalise import ReadablePost
from service.intake.post import NewPost
from service.intake.windows import EmbeddedPost
from service.retrieval.evidence import Evidence

EXPLICIT = 0.85
"""What says in so many words that a person may be in danger is not overruled by a reader that has seen no such sentence."""
UNWEIGHED = frozenset({"named_beside"})
"""Detectors that the learned reader was not fitted with: what they find stands for itself beside its answer."""
DUPLICATE_FROM = 0.5
"""A past thread or an earlier post this probably the same raises `duplicate_crosspost`."""


@dataclass(frozen=True)
class ReadFlags:
    """What the fast flag readers found. `limited`: the language has no measured reader. `scores`: the probability of every
    category that was read, below the cuts too."""

    flags: list[Flag]
    degraded: list[Degradation] = field(default_factory=list)
    limited: bool = False
    scores: dict[str, float] = field(default_factory=dict)


class FlagReader:
    """Reads a post against the policy with local readers alone. Safe to call from many threads."""

    def __init__(
        self,
        policy: Policy,
        thresholds: Thresholds,
        detectors: Sequence[Detector] = DETECTORS,
        learned: LearnedReader | None = None,
    ) -> None:
        self._learned = learned or LearnedReader()
        self._policy = policy
        self._thresholds = thresholds
        self._detectors = tuple(detectors)

    def read(
        self, post: NewPost, readable: ReadablePost, embedded: EmbeddedPost | None, evidence: Evidence,
        thresholds: Thresholds | None = None,
    ) -> ReadFlags:  # fmt: skip
        """Every concern that reaches a band, of `thresholds` where they are not the reader's own.

        A detector that fails is noted and the others go on.
        """
        cuts = thresholds or self._thresholds
        scores: dict[str, float] = {}
        degraded: list[Degradation] = []
        findings: list[Finding] = []
        context = DetectorContext.of(post)
        for detector in self._detectors:
            try:
                findings += detector.detect(readable, context)
            except Exception as failure:
                reason = f"{detector.name}: {type(failure).__name__}"
                degraded.append(Degradation(part="flags", reason=reason, reader="fast"))
        read_as = [readable.lang] if readable.lang in READ_LANGUAGES else []
        if "en" not in read_as and holds_english(readable.text):
            read_as.append("en")
        concerns = [_concern(finding) for finding in findings if finding.detector not in UNWEIGHED]
        beside = [_concern(finding) for finding in findings if finding.detector in UNWEIGHED]
        if read_as and embedded is not None:
            concerns = self._combined(strongest(concerns), readable, embedded, read_as, cuts, scores)
        found = strongest(concerns + beside + _duplicates(evidence))
        scores |= {concern.category: round(min(concern.probability, MOST_PROBABLE), 6) for concern in found}
        return ReadFlags(as_flags(found, self._policy, cuts, readable), degraded, not read_as, scores)

    def _combined(
        self, found: list[Concern], readable: ReadablePost, embedded: EmbeddedPost, read_as: Sequence[str],
        cuts: Thresholds, noted: dict[str, float],
    ) -> list[Concern]:  # fmt: skip
        """What the detectors found as the learned reader weighs it, and what it alone sees, quoting its strongest sentence."""
        by_category = {concern.category: concern for concern in found}
        detected = {c: concern.probability for c, concern in by_category.items()}
        scores: dict[Category, Score] = {}
        for lang in read_as:
            for category, score in self._learned.read(embedded, detected, lang).items():
                if category not in scores or score.probability > scores[category].probability:
                    scores[category] = score
        readings = {reading.field: reading for reading in readable.fields}
        combined = [concern for concern in found if concern.category not in scores]
        for category, score in scores.items():
            noted[category] = round(min(score.probability, MOST_PROBABLE), 6)
            concern = by_category.get(category)
            window = score.place
            if concern is None:
                if cuts.band(category, score.probability) is None:
                    continue
                span = (window.field, readings[window.field].span(window.start, window.end))
                concern = Concern(category, score.probability, score.calibrated, (span,), ("learned:sentences",))
            else:
                plain = concern.probability >= (EXPLICIT if category in PERSON_AT_RISK else PLAIN)
                probability = max(score.probability, concern.probability) if plain else score.probability
                found_by = (*concern.found_by, "learned:sentences")
                concern = replace(
                    concern, probability=probability, calibrated=score.calibrated and not plain, found_by=found_by
                )
            combined.append(concern)
        return combined


def _concern(finding: Finding) -> Concern:
    return Concern(
        category=finding.category,
        probability=finding.probability,
        calibrated=False,
        spans=finding.spans,
        found_by=(f"detector:{finding.detector}",),
        exposed=exposes_somebody(finding),
    )


def _duplicates(evidence: Evidence) -> list[Concern]:
    category: Category = "duplicate_crosspost"
    thread = max(evidence.related, key=lambda thread: thread.duplicate_probability, default=None)
    likely, found_by, detail = 0.0, "", ""
    if thread is not None:
        likely, found_by, detail = (
            thread.duplicate_probability,
            "retrieval:duplicates",
            f"the thread {thread.external_id}",
        )
    earlier = evidence.earlier
    if earlier is not None and earlier.probability > likely:
        whose = "by the same member" if earlier.same_author else "by another member"
        likely, found_by = earlier.probability, "retrieval:earlier_posts"
        detail = f"the earlier post {earlier.external_id}, {whose}"
    if likely < DUPLICATE_FROM:
        return []
    return [Concern(category, likely, calibrated=True, spans=(), found_by=(found_by,), detail=detail)]
