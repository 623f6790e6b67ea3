"""A metric: what it marks on each case, how marks become one figure, and how sure that figure is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eval.intervals import (
    Change,
    Interval,
    bootstrap_rows,
    bootstrap_sums,
    change_of_rows,
    change_of_sums,
    detectable_figure,
    detectable_rate,
    mcnemar,
    percentile,
    wilson,
)

Array = NDArray[np.float64]
Output = dict[str, Any]
Marks = list[list[float]]
"""Rows of numbers a metric notes on one case. None (not a list) where the metric does not apply to the case."""


@dataclass(frozen=True)
class Case:
    """One thing to run: a dataset row under its id. `repeat` tells the times apart that a model is asked about it."""

    id: str
    row: Any
    cluster: str
    slices: Mapping[str, str] = field(default_factory=dict)
    must_pass: bool = False
    repeat: int = 0


def repeated(cases: Sequence[Case], times: int) -> list[Case]:
    """Each case `times` times in the same cluster; the first keeps its id, the others are `id#2`, `id#3`, …"""
    return [
        replace(case, id=f"{case.id}#{number + 1}" if number else case.id, repeat=number)
        for case in cases
        for number in range(times)
    ]


def share(sums: Array) -> Array:
    """Column 0 over column 1: a rate or a ratio."""
    return np.asarray(sums[..., 0] / sums[..., 1], dtype=np.float64)


def f1(sums: Array) -> Array:
    """F1 of (true positives, false positives, false negatives)."""
    return np.asarray(2 * sums[..., 0] / (2 * sums[..., 0] + sums[..., 1] + sums[..., 2]), dtype=np.float64)


def macro_f1(sums: Array) -> Array:
    """Mean F1 over groups of three columns; groups that never occur are left out."""
    grouped = sums.reshape(*sums.shape[:-1], -1, 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = 2 * grouped[..., 0] / (2 * grouped[..., 0] + grouped[..., 1] + grouped[..., 2])
    seen = ~np.isnan(each)
    return np.asarray(np.where(seen, each, 0).sum(axis=-1) / np.maximum(seen.sum(axis=-1), 1), dtype=np.float64)


@dataclass(frozen=True)
class Metric:
    """One figure of a section.

    `marks` gives rows of numbers for a case, or None where the metric does not apply. With `of_sums` the figure is
    `of_sums(column sums)`; with `of_rows` it is `of_rows(all rows)`. A metric with a `margin` is guarded: the gate fails
    on a significant loss beyond it. `target` is what the project means to reach.
    """

    name: str
    harm: str
    marks: Callable[[Case, Output], Marks | None]
    of_sums: Callable[[Array], Array] | None = share
    of_rows: Callable[[Array], float] | None = None
    better: Literal["higher", "lower", "neither"] = "higher"
    margin: float | None = None
    target: float | None = None
    plot: Literal["reliability", "coverage"] | None = None
    unit: Literal["share", "number", "ms", "usd"] = "share"
    by_slice: bool = True
    trusted: tuple[str, float] | None = None
    """(another metric of the section, its least value): this figure is refused where that one is lower or unknown."""


@dataclass(frozen=True)
class Marked:
    """The marks of one metric over the cases to which it applies, in order of the cases."""

    ids: list[str]
    clusters: list[str]
    rows: list[Marks]

    def only(self, keep: Sequence[bool]) -> Marked:
        """The cases for which `keep` is true."""
        chosen = [i for i, kept in enumerate(keep) if kept]
        return Marked(*([column[i] for i in chosen] for column in (self.ids, self.clusters, self.rows)))  # type: ignore[arg-type]

    @property
    def sums(self) -> Array:
        """Cases × columns."""
        return np.array([np.sum(rows, axis=0) if rows else [] for rows in self.rows], dtype=np.float64)

    @property
    def flat(self) -> tuple[Array, list[str]]:
        """All rows, and the cluster of each."""
        clusters = [cluster for cluster, rows in zip(self.clusters, self.rows, strict=True) for _ in rows]
        flat = [row for rows in self.rows for row in rows]
        return np.array(flat, dtype=np.float64).reshape(len(flat), -1), clusters

    @property
    def is_rate(self) -> bool:
        """Whether each case is one success or failure of its own."""
        return all(
            len(rows) == 1 and len(rows[0]) == 2 and rows[0][1] in (0, 1) and rows[0][0] in (0, 1) for rows in self.rows
        )

    @property
    def is_independent(self) -> bool:
        """Whether every case is a cluster of its own."""
        return len(set(self.clusters)) == len(self.clusters)


def mark(metric: Metric, cases: Sequence[Case], outputs: Mapping[str, Output]) -> Marked:
    """Apply a metric to every case that has an output."""
    found = Marked([], [], [])
    for case in cases:
        if case.id in outputs and (rows := metric.marks(case, outputs[case.id])) is not None and rows:
            found.ids.append(case.id)
            found.clusters.append(case.cluster)
            found.rows.append([[float(f"{number:.4g}") for number in row] for row in rows])  # as baselines keep them
    return found


def figure(metric: Metric, marked: Marked) -> tuple[Interval, str, float]:
    """(figure with interval, method, smallest change this set can show)."""
    if not marked.ids:
        return Interval(math.nan, math.nan, math.nan, 0), "none", math.nan
    if metric.of_rows is not None:
        rows, clusters = marked.flat
        interval = percentile(*bootstrap_rows(rows, clusters, metric.of_rows), len(rows))
        return interval, "cluster bootstrap", detectable_figure(interval)
    assert metric.of_sums is not None
    if metric.of_sums is share and marked.is_rate:
        sums = marked.sums
        applies = int(sums[:, 1].sum())
        interval = wilson(float(sums[:, 0].sum()), applies)
        if marked.is_independent:
            return interval, "Wilson", detectable_rate(applies)
        spread = percentile(*bootstrap_sums(sums, marked.clusters, share), applies)
        low, high = min(interval.low, spread.low), max(interval.high, spread.high)
        if math.isnan(low):
            low, high = interval.low, interval.high
        return (
            Interval(interval.value, low, high, applies),
            "Wilson, cluster bootstrap where wider",
            detectable_rate(applies),
        )
    sums = marked.sums
    n = int(sums[:, 1].sum()) if metric.of_sums is share else len(sums)
    interval = percentile(*bootstrap_sums(sums, marked.clusters, metric.of_sums), n)
    return interval, "cluster bootstrap", detectable_figure(interval)


def value(metric: Metric, marked: Marked) -> float:
    """The figure without its interval; NaN where it is undefined."""
    if not marked.ids:
        return math.nan
    if metric.of_rows is not None:
        return float(metric.of_rows(marked.flat[0]))
    assert metric.of_sums is not None
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(metric.of_sums(marked.sums.sum(axis=0)))


def change(metric: Metric, a: Marked, b: Marked) -> Change:
    """b against a on the cases both have. For rates the p value is McNemar's; the interval is a paired bootstrap."""
    common = set(a.ids) & set(b.ids)
    a, b = (side.only([case_id in common for case_id in side.ids]) for side in (a, b))
    if a.ids != b.ids:
        place = {case_id: index for index, case_id in enumerate(b.ids)}
        order = [place[case_id] for case_id in a.ids]
        b = Marked([b.ids[i] for i in order], [b.clusters[i] for i in order], [b.rows[i] for i in order])
    if not a.ids:
        return Change(math.nan, math.nan, math.nan, 1.0, 0, "none")
    if metric.of_rows is not None:
        return change_of_rows(*a.flat, *b.flat, metric.of_rows)
    assert metric.of_sums is not None
    found = change_of_sums(a.sums, b.sums, a.clusters, metric.of_sums)
    if metric.of_sums is share and a.is_rate and b.is_rate:
        before, after = a.sums, b.sums
        both = (before[:, 1] == 1) & (after[:, 1] == 1)
        lost = int(np.sum(both & (before[:, 0] > after[:, 0])))
        won = int(np.sum(both & (before[:, 0] < after[:, 0])))
        return Change(found.difference, found.low, found.high, mcnemar(lost, won), len(a.ids), "exact McNemar")
    return found


def once(condition: bool) -> Marks:
    """One success or failure."""
    return [[float(condition), 1.0]]
