"""Flags: what is missed, what is made up, the quotes, the probabilities; by category and slice."""

from __future__ import annotations

from collections.abc import Sequence

from eval.intervals import kappa_of_rows
from eval.loading import shipped
from eval.metric import Case, Marks, Metric, Output
from eval.reading import labelled, read_posts
from eval.scorers import blurred_score, false_alarm, missed_sensitive, overconfident_flag, wrong_quote
from eval.subjects import REPOSITORY, SITE, World
from eval.suite import Loaded, Section, Subject, Suite, cases_of
from eval.suites.flags_external import SECTIONS as EXTERNAL
from eval.suites.flags_position import SECTION as POSITION
from eval.suites.with_model import read_flags, section
from service.flagging.policy import CATEGORIES
from service.flagging.subject import whole
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post

GUARDED = ("self_harm_risk", "violence_threat", "minor_safety", "personal_information", "crisis_distress",
           "confidential_business", "prompt_injection", "discrimination_report")  # fmt: skip


def metrics(margin: float, targets: bool, macro: float = 0.70) -> tuple[Metric, ...]:
    """The figures of one group of voices; `macro` is the macro-F1 aimed at."""
    return (
        missed_sensitive.pooled(margin=margin, target=0.95 if targets else None),
        false_alarm.urgent_precision(margin=2 * margin, target=0.6 if targets else None),
        false_alarm.clean_published(margin=margin, target=0.93 if targets else None),
        missed_sensitive.macro(margin=margin, target=macro if targets else None),
        false_alarm.precision(margin=margin),
        wrong_quote.verbatim(),
        wrong_quote.on_the_words(margin=2 * margin),
        *overconfident_flag.metrics(margin=0.03),
        *(missed_sensitive.of_category(c, margin=0.05 if c in GUARDED else None) for c in CATEGORIES),
        *(false_alarm.of_category(c) for c in CATEGORIES),
    )


def load_off_topic() -> Loaded:
    """Posts near the border of working life."""
    data = shipped("offtopic_hard")
    return Loaded(cases_of(data.rows), data.version)


def read_off_topic(world: World, _cases: Sequence[Case]) -> Subject:
    """The probability of `off_topic` by the reader's weights of the fold that the post is not in, and whether it raises it."""
    from service.flagging.fit_subject import DATASETS, FOLD_WEIGHTS, digest, load_folds

    folds, cuts = load_folds(REPOSITORY / FOLD_WEIGHTS), world.stations.readers.thresholds
    if folds.digest != digest(REPOSITORY / DATASETS):
        raise RuntimeError("the posts have changed since the folds were fitted: python -m service.flagging.fit_subject")

    def subject(case: Case) -> Output:
        row = case.row
        post = NewPost(site=SITE, external_id=row.id, title=row.title, body=row.body)
        score = folds.probability(row.id, whole(embed_post(normalise(post), world.embedder)))
        flagged = cuts.band("off_topic", score) in ("middle", "high")
        return {"label": int(row.off_topic), "score": score, "flagged": flagged}

    return subject


def load_second() -> Loaded:
    """Posts that were labelled twice, blind."""
    second = shipped("second_labels")
    first = {row.id: row for row in shipped("posts/voices_*").rows}
    rows = [(row, first[row.id]) for row in second.rows if row.id in first]
    return Loaded([Case(row.id, (row, before), before.voice) for row, before in rows], second.version)


def compare_labels(_world: World, _cases: Sequence[Case]) -> Subject:
    """Both labels of a post; no production code."""

    def subject(case: Case) -> Output:
        second, first = case.row
        return {
            "first": [first.route, sorted(first.categories), list(first.tags)],
            "second": [second.route, sorted(second.flags), list(second.tags)],
        }

    return subject


def agreement(name: str, of: int, category: str = "") -> Metric:
    """Cohen's kappa over posts: of the route, or of one category being there."""

    def marks(_case: Case, output: Output) -> Marks:
        def code(side: str) -> float:
            value = output[side][of]
            return (
                float(ROUTES.index(value))
                if not category
                else float(bool(value) if category == "any" else category in value)
            )

        return [[code("first"), code("second")]]

    return Metric(name, "two readers do not mean the same", marks, None, kappa_of_rows, by_slice=False)


ROUTES = ("publish", "review", "urgent_review", "hold")

SUITE = Suite(
    "flags",
    1,
    "concerns found in career posts, without any LLM",
    (
        Section(
            "held_out", "voices that no rule and no weight saw", labelled(True), read_posts, metrics(0.03, True),
            shares_reading=True,
        ),
        Section(
            "fitted", "voices that are not held out, most of them fitted on: for regressions, not for quality", labelled(False), read_posts,
            metrics(0.02, False), shares_reading=True,
        ),
        section("held-out voices, read by FLAG_MODEL as well", read_flags, metrics(0.03, True, 0.85)),
        POSITION,
        Section(
            "offtopic_hard", "near the border of working life", load_off_topic, read_off_topic,
            (
                blurred_score.area(margin=0.03, target=0.90), blurred_score.recall("off-topic found", margin=0.05),
                blurred_score.alarms("on-topic taken for off-topic", margin=0.05),
            ),
        ),
        Section(
            "second_labels", "posts labelled twice, blind: kappa", load_second, compare_labels,
            (
                agreement("kappa of routes", 0), agreement("kappa of any flag", 1, "any"),
                *(agreement(f"kappa: {category}", 1, category) for category in CATEGORIES),
            ),
        ),
        *EXTERNAL,
    ),
)  # fmt: skip
