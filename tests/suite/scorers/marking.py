"""Marks of one metric on one made-up case, for answers worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from eval.metric import Case, Marks, Metric


def marks(metrics: Metric | Iterable[Metric], name: str, output: dict[str, Any], **row: Any) -> Marks | None:
    """What the metric called `name` marks on a case whose row has these attributes."""
    known = {m.name: m for m in ([metrics] if isinstance(metrics, Metric) else metrics)}
    return known[name].marks(Case("c", SimpleNamespace(**row), "c"), output)


def flag(category: str, probability: float = 0.8, band: str = "high", **more: Any) -> dict[str, Any]:
    """A flag of an output."""
    return {"category": category, "probability": probability, "band": band, "calibrated": True, "quotes": [], **more}


def sentence(text: str, grounding: str = "supported", section: str = "answer", **source: str) -> dict[str, Any]:
    """A sentence of a draft; with `passage_id` and `quote` it has one source."""
    return {"text": text, "grounding": grounding, "section": section, "sources": [source] if source else []}
