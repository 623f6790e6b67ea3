"""A tag that does not fit: whoever follows it finds the wrong posts."""

from __future__ import annotations

from eval.calibration import coverage_at, expected_calibration_error
from eval.metric import Case, Marks, Metric, Output, f1, macro_f1, once


def suggested(output: Output) -> list[str]:
    """The suggested tags, surest first."""
    return [tag for tag, _ in output["tags"]]


def metrics(vocabulary: tuple[str, ...], *, margin: float | None, targets: bool = True) -> tuple[Metric, ...]:
    """Precision of the first tag and of the first three, F1, calibration and coverage of suggested tags."""
    place = {tag: index for index, tag in enumerate(vocabulary)}

    def first(case: Case, output: Output) -> Marks | None:
        wanted = case.row.tags
        return once(bool(output["tags"]) and output["tags"][0][0] in wanted) if wanted else None

    def first_three(case: Case, output: Output) -> Marks | None:
        found = suggested(output)[:3]
        right = sum(tag in case.row.tags for tag in found)
        return [[right / max(len(found), 1), 1.0]] if case.row.tags else None

    def counts(case: Case, output: Output) -> Marks:
        found, wanted = set(suggested(output)), set(case.row.tags)
        return [[len(found & wanted), len(found - wanted), len(wanted - found)]]

    def by_tag(case: Case, output: Output) -> Marks:
        row = [0.0] * (3 * len(place))
        found, wanted = set(suggested(output)), set(case.row.tags)
        for tag in found | wanted:
            if tag in place:
                row[3 * place[tag] + (0 if tag in found and tag in wanted else 1 if tag in found else 2)] = 1
        return [row]

    def sure(case: Case, output: Output) -> Marks | None:
        return [[float(tag in case.row.tags), p] for tag, p in output["tags"]] or None

    def top(case: Case, output: Output) -> Marks:
        return [[float(tag in case.row.tags), p] for tag, p in output["tags"][:1]] or [[0.0, 0.0]]

    return (
        Metric("P@1", "the first suggested tag is wrong", first, margin=margin, target=0.75 if targets else None),
        Metric("P@3", "of the first three tags shown some are wrong", first_three, margin=margin),
        Metric("micro-F1", "suggested tags are wrong or missing", counts, of_sums=f1, margin=margin),
        Metric("macro-F1", "rare tags are wrong or missing", by_tag, of_sums=macro_f1, by_slice=False),
        Metric(
            "ECE of tags", "a tag is surer than it should be", sure, None, expected_calibration_error, "lower",
            margin=0.02 if margin is not None else None, target=0.03 if targets else None, plot="reliability", by_slice=False,
        ),
        Metric(
            "coverage at 90 % precision", "few posts can be tagged without a person", top, None,
            lambda rows: coverage_at(rows, 0.9), plot="coverage", by_slice=False,
        ),
    )  # fmt: skip
