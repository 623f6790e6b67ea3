"""A score that does not order: what matters and what does not get the same number."""

from __future__ import annotations

from eval.calibration import auc
from eval.metric import Case, Marks, Metric, Output, once


def area(name: str = "AUC", *, margin: float | None, target: float | None = None) -> Metric:
    """Area under the ROC curve of output["score"] against output["label"]."""

    def marks(_case: Case, output: Output) -> Marks:
        return [[float(output["label"]), float(output["score"])]]

    return Metric(name, "what matters is not told from what does not", marks, None, auc, margin=margin, target=target)


def recall(name: str, *, margin: float | None, target: float | None = None) -> Metric:
    """Share of true ones that are flagged at the operating point."""

    def marks(_case: Case, output: Output) -> Marks | None:
        return once(output["flagged"]) if output["label"] else None

    return Metric(name, "a true one is missed", marks, margin=margin, target=target)


def alarms(name: str, *, margin: float | None, target: float | None = None) -> Metric:
    """Share of harmless ones that are flagged at the operating point."""

    def marks(_case: Case, output: Output) -> Marks | None:
        return once(output["flagged"]) if not output["label"] else None

    return Metric(name, "a harmless one is an alarm", marks, better="lower", margin=margin, target=target)
