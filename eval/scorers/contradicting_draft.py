"""A draft that says the opposite of what past mentors said. No rule sees that: it needs a judge, held against people."""

from __future__ import annotations

from eval.intervals import kappa_of_rows
from eval.judging import LEAST_KAPPA, RELATIONS
from eval.metric import Case, Marks, Metric, Output

KAPPA = "kappa of judge and people"


def metrics() -> tuple[Metric, ...]:
    """The judge's agreement with people on labelled pairs, and what it says of drafts; refused below kappa 0.6."""

    def agreement(_case: Case, output: Output) -> Marks | None:
        label = output["label"]
        return [[float(RELATIONS.index(label)), float(RELATIONS.index(output["relation"]))]] if label else None

    def steady(_case: Case, output: Output) -> Marks | None:
        return None if not output["judged"] else [[float(output["said"][0] == output["said"][1]), 1.0]]

    def contradicts(_case: Case, output: Output) -> Marks | None:
        return None if output["label"] or not output["judged"] else [[float(output["relation"] == "conflict"), 1.0]]

    return (
        Metric(KAPPA, "the judge does not mean what people mean", agreement, None, kappa_of_rows, target=LEAST_KAPPA,
               by_slice=False),
        Metric("same verdict in both orders", "the judge reads the order", steady, by_slice=False),
        Metric("drafts against their best answer", "a draft says the opposite of its mentors", contradicts,
               better="lower", by_slice=False, trusted=(KAPPA, LEAST_KAPPA)),
    )  # fmt: skip
