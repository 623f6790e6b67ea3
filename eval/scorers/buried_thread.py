"""A related thread that is there and is not shown: the member asks again what was answered."""

from __future__ import annotations

import math

from eval.metric import Case, Marks, Metric, Output


def metrics(
    key: str = "related", *, margin: float | None = None, targets: dict[str, float] | None = None, prefix: str = ""
) -> tuple[Metric, ...]:
    """R@10, R@50, MRR@10 and nDCG@10 against `case.row.relevant` (external ids) of the ranking output[key]."""
    aims = targets or {}

    def ranks(case: Case, output: Output) -> list[int]:
        place = {external_id: rank for rank, external_id in enumerate(output[key], 1)}
        return [place[wanted] for wanted in relevant_of(case) if wanted in place]

    def recall(k: int) -> Metric:
        def marks(case: Case, output: Output) -> Marks:
            return [[sum(rank <= k for rank in ranks(case, output)) / len(relevant_of(case)), 1.0]]

        return Metric(
            f"{prefix}R@{k}",
            f"a related thread is not among the first {k}",
            marks,
            margin=margin,
            target=aims.get(f"R@{k}"),
        )

    def reciprocal(case: Case, output: Output) -> Marks:
        first = min(ranks(case, output), default=0)
        return [[1 / first if 0 < first <= 10 else 0.0, 1.0]]

    def gain(case: Case, output: Output) -> Marks:
        got = sum(1 / math.log2(rank + 1) for rank in ranks(case, output) if rank <= 10)
        best = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(relevant_of(case)), 10) + 1))
        return [[got / best, 1.0]]

    return (
        Metric(
            f"{prefix}MRR@10",
            "the first related thread stands low",
            reciprocal,
            margin=margin,
            target=aims.get("MRR@10"),
        ),
        recall(10),
        *([recall(50)] if "R@50" in aims else []),
        Metric(f"{prefix}nDCG@10", "related threads stand low", gain, margin=None),
    )


def relevant_of(case: Case) -> list[str]:
    """External ids of the threads that should be found."""
    row = case.row
    return list(row["relevant"]) if isinstance(row, dict) else list(getattr(row, "relevant", None) or row.best_threads)
