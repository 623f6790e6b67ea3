"""The fast flag reader: every detector and, where the language is measured, the learned reader; a part that fails is named."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from service.flagging.detectors import DETECTORS, UNWEIGHED
from service.flagging.detectors.personal_information import exposes_somebody
from service.flagging.finding import Detector, DetectorContext, Finding, located
from service.flagging.flag import Category, Degradation, Flag
from service.flagging.learned import LearnedReader, Score, shipped_reader
from service.flagging.merge import MOST_PROBABLE, PLAIN, Concern, as_flags, strongest
from service.flagging.planted import blanked, embedded_without, sentences_within
from service.flagging.pleas import pleads
from service.flagging.policy import Policy
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import Thresholds
from service.intake.language import READ_LANGUAGES, holds_english
from service.intake.normalise import Field, ReadablePost, Span, normalise
from service.intake.post import TITLE_LIMIT, NewPost
from service.intake.windows import EmbeddedPost, sentence_spans
from service.retrieval.evidence import Evidence

EXPLICIT = 0.85
"""What says in so many words that a person may be in danger is not overruled by a reader that has seen no such sentence."""
PLANTED = 0.3
"""From this probability on a sentence of a post that holds planted text counts as part of it."""
BESIDE = 4
"""Posts whose detectors run while their texts are embedded."""
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


@dataclass(frozen=True)
class Detected:
    """What the detectors found in a post, and which of them failed."""

    findings: list[Finding]
    degraded: list[Degradation]


@dataclass
class _Read:
    """What is noted while a post is read."""

    languages: list[str]
    degraded: list[Degradation] = field(default_factory=list)
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
        self._learned = learned or shipped_reader()
        self._policy = policy
        self._thresholds = thresholds
        self._detectors = tuple(detectors)
        self._beside = ThreadPoolExecutor(BESIDE, thread_name_prefix="detectors")

    def detect_beside(self, post: NewPost, readable: ReadablePost) -> Future[Detected]:
        """What the detectors find, looked for while something else goes on: they need no vectors."""
        return self._beside.submit(self._detect, post, readable)

    def read(
        self, post: NewPost, readable: ReadablePost, embedded: EmbeddedPost | None, evidence: Evidence,
        thresholds: Thresholds | None = None, detected: Detected | None = None,
    ) -> ReadFlags:  # fmt: skip
        """Every concern that reaches a band, of `thresholds` where they are not the reader's own.

        A detector that fails is noted and the others go on. `detected` is what they found where that is known.
        """
        cuts = thresholds or self._thresholds
        read = _Read([readable.lang] if readable.lang in READ_LANGUAGES else [])
        if "en" not in read.languages and holds_english(readable.text):
            read.languages.append("en")
        detected = detected or self._detect(post, readable)
        read.degraded += detected.degraded
        concerns = self._concerns(detected.findings, readable, embedded, cuts, read)
        if embedded is not None and (planted := self._planted(readable, embedded, concerns, cuts, read)):
            rest = embedded_without(embedded, planted)
            if rest is not None:
                cleared = blanked(post, readable, embedded, planted)
                left = normalise(cleared)
                findings = self._detect(cleared, left).findings
                concerns += self._concerns(findings, left, rest, cuts, _Read(read.languages))
        found = strongest(concerns + _duplicates(evidence, readable))
        scores = read.scores | {c.category: round(min(c.probability, MOST_PROBABLE), 6) for c in found}
        return ReadFlags(as_flags(found, self._policy, cuts, readable), read.degraded, not read.languages, scores)

    def _detect(self, post: NewPost, readable: ReadablePost) -> Detected:
        found = Detected([], [])
        context = DetectorContext.of(post)
        for detector in self._detectors:
            try:
                found.findings.extend(detector.detect(readable, context))
            except Exception as failure:
                reason = f"{detector.name}: {type(failure).__name__}"
                found.degraded.append(Degradation(part="flags", reason=reason, reader="fast"))
        return found

    def _concerns(
        self, findings: Sequence[Finding], readable: ReadablePost, embedded: EmbeddedPost | None, cuts: Thresholds,
        read: _Read,
    ) -> list[Concern]:  # fmt: skip
        """What detectors and the learned reader see, together."""
        concerns = [_concern(finding) for finding in findings if finding.detector not in UNWEIGHED]
        beside = [_concern(finding) for finding in findings if finding.detector in UNWEIGHED]
        if read.languages and embedded is not None:
            concerns = self._combined(strongest(concerns), readable, embedded, read.languages, cuts, read.scores)
        return concerns + beside

    def _planted(
        self, readable: ReadablePost, embedded: EmbeddedPost, concerns: Sequence[Concern], cuts: Thresholds, read: _Read
    ) -> set[int]:
        """Sentences that plead for a verdict, and those that speak to a machine where the post as a whole looks like it holds some."""
        pleas = {number for number, sentence in enumerate(embedded.sentences) if pleads(sentence.text)}
        found = [c for c in concerns if c.category == "prompt_injection"]
        if not any(cuts.band(c.category, c.probability) for c in found):
            return pleas
        spans = [span for c in found for span in c.spans]
        planted = sentences_within(readable, embedded, spans)
        for lang in read.languages:
            said = self._learned.of_each_sentence(embedded, "prompt_injection", lang)
            planted |= {n for n, p in enumerate(said) if p >= PLANTED}
        return planted | pleas

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
        if embedded.english is not None:
            scores = _beside(scores, self._learned.read(embedded.english, detected))
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


def _beside(own: dict[Category, Score], english: dict[Category, Score]) -> dict[Category, Score]:
    """Two readings of a post, in its own language and in rough English, as one: where a person may be at risk the stronger
    counts, elsewhere their mean. What is quoted stands in the post itself."""
    found = {}
    for category, score in own.items():
        both = score.probability, english[category].probability if category in english else score.probability
        found[category] = replace(score, probability=max(both) if category in PERSON_AT_RISK else sum(both) / 2)
    return found


def _duplicates(evidence: Evidence, readable: ReadablePost) -> list[Concern]:
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
    spans = _known_by(readable)
    return [Concern(category, likely, calibrated=True, spans=spans, found_by=(found_by,), detail=detail)]


def _known_by(readable: ReadablePost) -> tuple[tuple[Field, Span], ...]:
    """The words that stand for a post which repeats another as a whole: its title, else its first sentence, no longer than
    a title may be."""
    if readable.title.text.strip():
        reading, start, end = readable.title, 0, len(readable.title.text)
    elif sentences := sentence_spans(readable.body.text):
        reading, (start, end) = readable.body, sentences[0]
    else:
        return ()
    words = reading.text[start:end]
    start += len(words) - len(words.lstrip())
    return (located(reading, start, min(start + len(words.strip()), start + TITLE_LIMIT)),)
