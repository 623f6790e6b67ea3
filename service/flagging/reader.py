"""The fast flag reader: every detector and, where the language is measured, the learned reader; a part that fails is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.flagging.detectors import DETECTORS
from service.flagging.finding import Detector, DetectorContext, Finding
from service.flagging.flag import Category, Degradation, Flag
from service.flagging.merge import Concern, as_flags, strongest
from service.flagging.policy import Policy
from service.flagging.thresholds import Thresholds
from service.intake.language import READ_LANGUAGES
from service.intake.normalise import ReadablePost
from service.intake.post import NewPost
from service.intake.windows import EmbeddedPost
from service.retrieval.evidence import Evidence

DUPLICATE_FROM = 0.5
"""A past thread this probably the same question raises `duplicate_crosspost`."""


@dataclass(frozen=True)
class ReadFlags:
    """What the fast flag readers found. `limited`: the language has no measured reader."""

    flags: list[Flag]
    degraded: list[Degradation] = field(default_factory=list)
    limited: bool = False


class FlagReader:
    """Reads a post against the policy with local readers alone. Safe to call from many threads."""

    def __init__(self, policy: Policy, thresholds: Thresholds, detectors: Sequence[Detector] = DETECTORS) -> None:
        self._policy = policy
        self._thresholds = thresholds
        self._detectors = tuple(detectors)

    def read(
        self, post: NewPost, readable: ReadablePost, embedded: EmbeddedPost | None, evidence: Evidence
    ) -> ReadFlags:
        """Every concern that reaches a band. A detector that fails is noted and the others go on."""
        degraded: list[Degradation] = []
        findings: list[Finding] = []
        context = DetectorContext.of(post)
        for detector in self._detectors:
            try:
                findings += detector.detect(readable, context)
            except Exception as failure:
                reason = f"{detector.name}: {type(failure).__name__}"
                degraded.append(Degradation(part="flags", reason=reason, reader="fast"))
        concerns = [_concern(finding) for finding in findings] + _duplicates(evidence)
        flags = as_flags(strongest(concerns), self._policy, self._thresholds, readable)
        limited = readable.lang not in READ_LANGUAGES
        return ReadFlags(flags, degraded, limited)


def _concern(finding: Finding) -> Concern:
    return Concern(
        category=finding.category,
        probability=finding.probability,
        calibrated=False,
        spans=finding.spans,
        found_by=(f"detector:{finding.detector}",),
    )


def _duplicates(evidence: Evidence) -> list[Concern]:
    category: Category = "duplicate_crosspost"
    likely = max((thread.duplicate_probability for thread in evidence.related), default=0.0)
    if likely < DUPLICATE_FROM:
        return []
    return [Concern(category, likely, calibrated=True, spans=(), found_by=("retrieval:duplicates",))]
