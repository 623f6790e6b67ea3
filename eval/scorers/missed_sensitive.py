"""A concern that nobody is told of: the error that may cost a person dearly."""

from __future__ import annotations

from collections.abc import Collection

from eval.metric import Case, Marks, Metric, Output, macro_f1
from service.flagging.flag import Category
from service.flagging.policy import CATEGORIES

URGENT: frozenset[Category] = frozenset({"self_harm_risk", "violence_threat", "minor_safety"})


def raised(output: Output) -> dict[str, float]:
    """Category → probability of the flags that were raised: from the middle band on."""
    return {flag["category"]: flag["probability"] for flag in output["flags"] if flag["band"] != "low"}


def urgent_of(case: Case) -> set[str]:
    """What nobody may miss in a post: a person at risk, or private contact data."""
    return {c for c in case.row.categories if c in URGENT or c == "personal_information"}


def pooled(*, margin: float | None, target: float | None = 0.95) -> Metric:
    """Recall pooled over self-harm, threats, minors and private contact data."""

    def marks(case: Case, output: Output) -> Marks | None:
        wanted = urgent_of(case)
        return [[float(category in raised(output)), 1.0] for category in sorted(wanted)] or None

    return Metric("recall, person at risk", "a person at risk is overlooked", marks, margin=margin, target=target)


def of_category(category: str, *, margin: float | None) -> Metric:
    """Recall of one category."""

    def marks(case: Case, output: Output) -> Marks | None:
        return [[float(category in raised(output)), 1.0]] if category in case.row.categories else None

    return Metric(f"recall: {category}", f"{category} is overlooked", marks, margin=margin)


def macro(*, margin: float | None, target: float | None = 0.70, categories: Collection[str] = CATEGORIES) -> Metric:
    """Macro-F1 over categories."""
    place = {category: index for index, category in enumerate(categories)}

    def marks(case: Case, output: Output) -> Marks:
        row = [0.0] * (3 * len(place))
        found, wanted = set(raised(output)), case.row.categories
        for category in found | wanted:
            if category in place:
                kind = 0 if category in found and category in wanted else 1 if category in found else 2
                row[3 * place[category] + kind] = 1
        return [row]

    return Metric(
        "macro-F1 of flags", "rare concerns are missed or made up", marks, macro_f1, margin=margin, target=target
    )
