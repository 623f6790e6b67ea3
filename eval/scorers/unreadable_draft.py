"""A draft that takes longer to read than to write anew: length and reading ease (Flesch 1948, English only)."""

from __future__ import annotations

import re

from eval.metric import Case, Marks, Metric, Output


def reading_ease(text: str) -> float:
    """Flesch's formula; syllables are counted as groups of vowels."""
    words = re.findall(r"[A-Za-z']+", text)
    if not words:
        return 0.0
    sentences = max(1, len(re.findall(r"[.!?]+(?:\s|$)", text)))
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", w.lower().removesuffix("e")))) for w in words)
    return 206.835 - 1.015 * len(words) / sentences - 84.6 * syllables / len(words)


def metrics() -> tuple[Metric, ...]:
    """Words and reading ease of drafts that are shown."""

    def text_of(output: Output) -> str:
        return " ".join(s["text"] for s in output["sentences"])

    def words(_case: Case, output: Output) -> Marks | None:
        return [[float(len(text_of(output).split())), 1.0]] if output["status"] == "ready" else None

    def ease(case: Case, output: Output) -> Marks | None:
        if output["status"] != "ready" or case.row.lang != "en":
            return None
        return [[reading_ease(text_of(output)), 1.0]]

    def sentences(_case: Case, output: Output) -> Marks | None:
        return [[float(len(output["sentences"])), 1.0]] if output["status"] == "ready" else None

    return (
        Metric("words of a draft", "too long to check", words, better="neither", unit="number", by_slice=False),
        Metric("sentences of a draft", "too many to check", sentences, better="neither", unit="number", by_slice=False),
        Metric("reading ease", "hard to read", ease, better="neither", unit="number", by_slice=False),
    )
