"""Silence where past mentors answered, and a draft where nobody did."""

from __future__ import annotations

from eval.metric import Case, Marks, Metric, Output, once


def metrics(*, margin: float | None) -> tuple[Metric, ...]:
    """Abstaining as a decision: recall on unanswerable questions, precision, and drafts on answerable ones."""

    def drafted(case: Case, output: Output) -> Marks | None:
        return once(output["status"] == "ready") if case.row.answerable else None

    def recall(case: Case, output: Output) -> Marks | None:
        return once(output["status"] == "abstained") if not case.row.answerable else None

    def precision(case: Case, output: Output) -> Marks | None:
        return once(not case.row.answerable) if output["status"] == "abstained" else None

    return (
        Metric("answerable drafted", "a question that was answered gets no draft", drafted, margin=margin, target=0.7),
        Metric("abstain recall", "a draft pretends to know", recall, margin=margin, target=0.9),
        Metric("abstain precision", "silence where there was something to say", precision),
    )
