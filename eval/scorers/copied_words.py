"""A draft that is somebody else's text: eight consecutive words of a source outside its quote."""

from __future__ import annotations

import re

from eval.metric import Case, Marks, Metric, Output

RUN = 8


def runs_of(text: str) -> set[tuple[str, ...]]:
    """Every run of eight words, in lower case."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}


def metric() -> Metric:
    """Share of sentences with such a run. A scaffold quotes by design; slices by kind tell the two apart."""

    def marks(_case: Case, output: Output) -> Marks | None:
        if output["kind"] != "answer":
            return None
        known = set().union(*(runs_of(text) for text in output["passages"].values())) if output["passages"] else set()
        return [[float(bool(runs_of(s["text"]) & known)), 1.0] for s in output["sentences"]] or None

    return Metric(
        "sentences with 8 copied words", "a mentor's words are passed off", marks, better="lower", by_slice=False
    )
