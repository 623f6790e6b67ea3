"""A draft that leaves out what past mentors said on the matter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from eval.cases import Point
from eval.metric import Case, Marks, Metric, Output


@lru_cache(maxsize=20_000)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(r"\b" + r"\s+".join(re.escape(part) for part in word.split()), re.I)


def made(point: Point, sentences: Sequence[str]) -> bool:
    """Whether one sentence holds a word of every group of the point."""
    return any(all(any(_pattern(word).search(s) for word in group) for group in point.any_of) for s in sentences)


def metrics(*, margin: float | None) -> tuple[Metric, ...]:
    """Key points covered by the draft, and by the first two sentences of the three best answers, for comparison."""

    def covered(key: str, *, of_drafts: bool) -> Metric:
        def marks(case: Case, output: Output) -> Marks | None:
            if not case.row.answerable or (of_drafts and output["status"] != "ready"):
                return None
            texts = [s["text"] for s in output["sentences"]] if key == "sentences" else output[key]
            return [[float(made(point, texts)), 1.0] for point in case.row.key_points]

        name = {"sentences": "key points covered", "simple": "key points, first sentences of the best answers"}[key]
        guard = margin if key == "sentences" else None
        return Metric(name, "the draft leaves out what matters", marks, margin=guard)

    def gain(case: Case, output: Output) -> Marks | None:
        if not case.row.answerable or output["status"] != "ready":
            return None
        texts = [s["text"] for s in output["sentences"]]
        points = case.row.key_points
        more = sum(made(p, texts) for p in points) - sum(made(p, output["simple"]) for p in points)
        return [[more / len(points), 1.0]]

    return (
        covered("sentences", of_drafts=True),
        covered("simple", of_drafts=True),
        Metric("key points gained on first sentences", "copying would serve better", gain, target=0.0, by_slice=False),
    )
