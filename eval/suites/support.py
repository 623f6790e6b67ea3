"""Whether a passage carries a sentence, and whether two past answers agree."""

from __future__ import annotations

from collections.abc import Sequence

from eval.intervals import kappa_of_rows
from eval.loading import shipped
from eval.metric import Case, Marks, Metric, Output, once
from eval.scorers import blurred_score
from eval.subjects import World
from eval.suite import Loaded, Section, Subject, Suite, cases_of
from eval.suites.support_external import SECTIONS as EXTERNAL

LABELS = ("supported", "partial", "unsupported")


def load_pairs() -> Loaded:
    """Pairs of past answers."""
    data = shipped("answer_pairs")
    return Loaded(cases_of(data.rows), data.version)


def read_pairs(world: World, _cases: Sequence[Case]) -> Subject:
    """What the drafting station says of a pair."""
    from service.drafting.conflict import relation

    def subject(case: Case) -> Output:
        return {"said": relation(case.row.question, case.row.a, case.row.b, world.embedder)}

    return subject


def load_labels() -> Loaded:
    """Drafted sentences judged by two readers."""
    data = shipped("support_labels")
    return Loaded(cases_of(data.rows), data.version)


def check_sentences(world: World, _cases: Sequence[Case]) -> Subject:
    """The support check of a sentence against its passage."""
    from service.drafting.support import support

    def subject(case: Case) -> Output:
        score = support(case.row.sentence, case.row.passage, world.embedder)
        return {"score": float(score), "label": int(case.row.reader_a == case.row.reader_b == "supported")}

    return subject


def _said(label: str) -> Metric:
    def marks(case: Case, output: Output) -> Marks | None:
        return once(output["said"] == label) if case.row.label == label else None

    return Metric(f"{label} recognised", f"a {label} is taken for something else", marks, margin=0.05, by_slice=False)


def _conflict_precision(case: Case, output: Output) -> Marks | None:
    return once(case.row.label == "conflict") if output["said"] == "conflict" else None


def _unsupported(case: Case, _output: Output) -> Marks:
    return once("unsupported" in (case.row.reader_a, case.row.reader_b))


def _readers(case: Case, _output: Output) -> Marks:
    return [[float(LABELS.index(case.row.reader_a)), float(LABELS.index(case.row.reader_b))]]


SUITE = Suite(
    "support",
    1,
    "the checks that decide which sentences are shown",
    (
        Section(
            "answer_pairs", "two past answers: agree, conflict, unrelated", load_pairs, read_pairs,
            (
                *(_said(label) for label in ("agree", "conflict", "unrelated")),
                Metric("conflicts that are some", "mentors are said to disagree", _conflict_precision, by_slice=False),
            ),
        ),
        Section(
            "shown_sentences", "drafted sentences that two readers judged", load_labels, check_sentences,
            (
                blurred_score.area(margin=0.03),
                Metric("unsupported by a reader", "an invented fact is shown", _unsupported, better="lower", target=0.02),
                Metric("kappa of the readers", "the labels mean little", _readers, None, kappa_of_rows, by_slice=False),
            ),
        ),
        *EXTERNAL,
    ),
)  # fmt: skip
