"""A tag that is missing: the post is not found by those who could answer it."""

from __future__ import annotations

from eval.metric import Case, Marks, Metric, Output
from eval.scorers.wrong_tag import suggested


def metric(k: int, *, margin: float | None = None, target: float | None = None) -> Metric:
    """Recall among the first `k` suggestions, mean over posts that have tags."""

    def marks(case: Case, output: Output) -> Marks | None:
        wanted = set(case.row.tags)
        return [[len(wanted & set(suggested(output)[:k])) / min(len(wanted), k), 1.0]] if wanted else None

    return Metric(f"R@{k}", "a fitting tag is not among the first suggestions", marks, margin=margin, target=target)
