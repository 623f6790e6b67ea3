"""A probability that does not mean what it says: moderators stop believing the numbers."""

from __future__ import annotations

from eval.calibration import auc, brier, expected_calibration_error
from eval.metric import Case, Marks, Metric, Output


def metrics(*, margin: float | None) -> tuple[Metric, ...]:
    """ECE and Brier of the flags shown, and how well the strongest flag orders posts."""

    def shown(case: Case, output: Output) -> Marks | None:
        rows = [
            [float(f["category"] in case.row.categories), f["probability"]] for f in output["flags"] if f["calibrated"]
        ]
        return rows or None

    def any_flag(case: Case, output: Output) -> Marks:
        probable = max((f["probability"] for f in output["flags"]), default=0.0)
        return [[float(bool(case.row.categories)), probable]]

    return (
        Metric(
            "ECE of flags", "a flag is surer than it should be", shown, None, expected_calibration_error, "lower",
            margin=margin, plot="reliability", by_slice=False,
        ),
        Metric("Brier of flags", "probabilities are far off", shown, None, brier, "lower", by_slice=False),
        Metric("AUC any flag", "concerns and clean posts are not told apart", any_flag, None, auc, by_slice=False),
    )  # fmt: skip
