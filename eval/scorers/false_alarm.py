"""An honest post that is flagged or kept back: the loudest complaint about every moderation system."""

from __future__ import annotations

from eval.metric import Case, Marks, Metric, Output, once
from eval.scorers.missed_sensitive import URGENT, raised


def clean_published(*, margin: float | None, target: float | None = 0.93) -> Metric:
    """Share of clean posts and traps that go straight through."""

    def marks(case: Case, output: Output) -> Marks | None:
        return once(output["route"] == "publish") if case.row.family != "flagged" else None

    return Metric("clean posts published", "an honest post is kept back", marks, margin=margin, target=target)


def precision(*, margin: float | None) -> Metric:
    """Precision over all raised flags."""

    def marks(case: Case, output: Output) -> Marks | None:
        return [[float(category in case.row.categories), 1.0] for category in sorted(raised(output))] or None

    return Metric("precision of flags", "a flag names what is not there", marks, margin=margin)


def urgent_precision(*, margin: float | None, target: float | None = 0.6) -> Metric:
    """Precision pooled over the categories whose recall counts most."""

    def marks(case: Case, output: Output) -> Marks | None:
        found = sorted(c for c in raised(output) if c in URGENT or c == "personal_information")
        return [[float(category in case.row.categories), 1.0] for category in found] or None

    return Metric("precision, person at risk", "an urgent flag cries wolf", marks, margin=margin, target=target)


def of_category(category: str) -> Metric:
    """Precision of one category."""

    def marks(case: Case, output: Output) -> Marks | None:
        return [[float(category in case.row.categories), 1.0]] if category in raised(output) else None

    return Metric(f"precision: {category}", f"{category} is made up", marks, by_slice=False)
