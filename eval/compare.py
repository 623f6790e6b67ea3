"""Two runs side by side: every shared metric paired, by slice too, and the cases that flipped with both outputs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from eval.intervals import Change
from eval.metric import Marked, Metric, change
from eval.results import CaseResult, SectionResult, SuiteResult
from eval.suite import Suite

SMALLEST_SLICE = 10


@dataclass(frozen=True)
class Flip:
    """A case on which the runs differ, and by how much its marks rose or fell (positive: the second run is better)."""

    metric: str
    case: str
    gain: float
    before: CaseResult
    after: CaseResult


@dataclass
class Compared:
    """One metric of one section in both runs."""

    suite: str
    section: str
    metric: str
    better: str
    before: float
    after: float
    change: Change
    by_slice: dict[str, Change] = field(default_factory=dict)
    flips: list[Flip] = field(default_factory=list)


def compare(suites: Iterable[Suite], first: Iterable[SuiteResult], second: Iterable[SuiteResult]) -> list[Compared]:
    """Everything that both runs measured."""
    known = {suite.name: suite for suite in suites}
    others = {result.suite: result for result in second}
    found = []
    for a in first:
        b = others.get(a.suite)
        if b is None or a.suite not in known:
            continue
        for section in known[a.suite].sections:
            before, after = a.section(section.name), b.section(section.name)
            if before and after and before.skipped is None and after.skipped is None:
                found += [_compared(a.suite, metric, before, after) for metric in section.metrics]
    return [row for row in found if row.change.n and not (math.isnan(row.before) and math.isnan(row.after))]


def _compared(suite: str, metric: Metric, before: SectionResult, after: SectionResult) -> Compared:
    a, b = before.marked(metric.name), after.marked(metric.name)
    values = [next((f.value for f in s.figures if f.metric == metric.name), math.nan) for s in (before, after)]
    row = Compared(suite, before.name, metric.name, metric.better, values[0], values[1], change(metric, a, b))
    if metric.by_slice:
        slices = {case.id: case.slices for case in before.cases}
        for name in sorted({name for case in before.cases for name in case.slices}):
            for group in sorted({slices[i].get(name, "") for i in a.ids}):
                part = a.only([slices[i].get(name, "") == group for i in a.ids])
                if SMALLEST_SLICE <= len(part.ids) < len(a.ids):
                    row.by_slice[f"{name}: {group}"] = change(metric, part, b)
    row.flips = sorted(_flips(metric, a, b, before, after), key=lambda flip: flip.gain)
    return row


def _flips(metric: Metric, a: Marked, b: Marked, before: SectionResult, after: SectionResult) -> Iterable[Flip]:
    if metric.of_sums is None:
        return
    old, new = {c.id: c for c in before.cases}, {c.id: c for c in after.cases}
    rows = dict(zip(b.ids, b.rows, strict=True))
    for case_id, marks in zip(a.ids, a.rows, strict=True):
        if case_id in rows and marks != rows[case_id]:
            gain = sum(row[0] for row in rows[case_id]) - sum(row[0] for row in marks)
            gain = gain if metric.better == "higher" else -gain
            yield Flip(metric.name, case_id, gain, old[case_id], new[case_id])
