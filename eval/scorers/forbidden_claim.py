"""A draft that says what it must not: outdated, contradicted, beyond the evidence, or harmful."""

from __future__ import annotations

from eval.metric import Case, Marks, Metric, Output
from eval.scorers.missed_point import made


def metric(*, margin: float | None) -> Metric:
    """Share of the must-not-claims that a shown draft makes."""

    def marks(case: Case, output: Output) -> Marks | None:
        texts = [s["text"] for s in output["sentences"]]
        if output["status"] != "ready" or not case.row.must_not_claim:
            return None
        return [[float(made(point, texts)), 1.0] for point in case.row.must_not_claim]

    return Metric("forbidden claims made", "the draft says what it must not", marks, better="lower", margin=margin)
