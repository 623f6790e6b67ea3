"""Whether a run may pass: no significant loss beyond the margin, no must-pass case failed, no case missing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from eval.baselines import Baseline, BaselineSection
from eval.intervals import Change
from eval.metric import Marked, Metric, change, value
from eval.results import SectionResult, SuiteResult
from eval.suite import Suite

Verdict = Literal["pass", "better", "new", "skipped", "worse", "failed", "missing"]
RED: frozenset[Verdict] = frozenset({"worse", "failed", "missing"})
PASS, GATE, BROKEN = 0, 1, 2
"""Exit codes: all well; the gate is red; usage or infrastructure."""


@dataclass(frozen=True)
class Check:
    """One thing the gate looked at."""

    suite: str
    section: str
    name: str
    verdict: Verdict
    message: str
    change: Change | None = None

    @property
    def red(self) -> bool:
        """Whether it stops the run."""
        return self.verdict in RED


def check(suite: Suite, result: SuiteResult, baseline: Baseline | None) -> list[Check]:
    """Every check of a suite's run. A limited run is only checked on the sections it ran, a limited section on its cases."""
    checks = list(_must_pass(result))
    checks += _errors(result)
    if baseline is None:
        return [*checks, Check(suite.name, "", "baseline", "new", "no baseline yet: `python -m eval baseline accept`")]
    if baseline.version != result.version:
        message = (
            f"version {result.version} of the suite cannot be held against a baseline of version {baseline.version}"
        )
        return [*checks, Check(suite.name, "", "version", "failed", f"{message}: run and accept it anew")]
    metrics = {section.name: section.metrics for section in suite.sections}
    for name, before in baseline.sections.items():
        after = result.section(name)
        if after is None or (after.skipped is not None and before.external):
            checks.append(Check(suite.name, name, "section", "skipped", after.skipped or "" if after else "not run"))
            if after is None and not result.limited:
                checks[-1] = Check(suite.name, name, "section", "missing", "the section is gone")
        elif after.skipped is not None:
            checks.append(Check(suite.name, name, "section", "missing", after.skipped))
        else:
            checks += _section(suite.name, after, before, metrics.get(name, ()))
    return checks


def exit_code(checks: Iterable[Check]) -> int:
    """0 when nothing is red."""
    return GATE if any(found.red for found in checks) else PASS


def _must_pass(result: SuiteResult) -> Iterable[Check]:
    for section in result.sections:
        for case in section.cases:
            if case.must_pass:
                failed = [
                    figure.metric
                    for figure in section.figures
                    if figure.margin is not None and any(row[0] < row[1] for row in case.marks.get(figure.metric, []))
                ]
                verdict: Verdict = "failed" if failed else "pass"
                yield Check(result.suite, section.name, case.id, verdict, f"must pass: {', '.join(failed) or 'passed'}")


def _errors(result: SuiteResult) -> Iterable[Check]:
    for section in result.sections:
        for case in section.cases:
            if case.error:
                yield Check(result.suite, section.name, case.id, "failed", f"no output: {case.error}")


def _section(suite: str, after: SectionResult, before: BaselineSection, metrics: Iterable[Metric]) -> list[Check]:
    checks = []
    here = {case.id for case in after.cases}
    gone = [case_id for case_id in before.cases if case_id not in here]
    if gone and not after.limited:
        checks.append(
            Check(suite, after.name, "cases", "missing", f"{len(gone)} cases of the baseline are gone, first {gone[0]}")
        )
    known = {metric.name: metric for metric in metrics}
    for name, figure in before.figures.items():
        if name not in known:
            checks.append(Check(suite, after.name, name, "missing", "the metric is gone"))
            continue
        metric = known[name]
        was, now = before.marked(name), after.marked(name)
        found = change(metric, was, now)
        if found.n == 0:
            verdict: Verdict = "skipped" if after.limited else "missing"
            checks.append(Check(suite, after.name, name, verdict, "no case to compare"))
            continue
        if lost := _no_longer_defined(metric, was, now):
            checks.append(Check(suite, after.name, name, "worse", lost, found))
            continue
        checks.append(_compared(suite, after.name, metric, figure["margin"], found))
    return checks


def _no_longer_defined(metric: Metric, was: Marked, now: Marked) -> str:
    """What to say of a figure that the baseline has on the cases both share and the run has not; else empty."""
    both = set(was.ids) & set(now.ids)
    before, after = (value(metric, side.only([case_id in both for case_id in side.ids])) for side in (was, now))
    return f"undefined, {before:.4f} in the baseline" if math.isnan(after) and not math.isnan(before) else ""


def _compared(suite: str, section: str, metric: Metric, margin: float, found: Change) -> Check:
    gain = found.difference if metric.better == "higher" else -found.difference
    if math.isnan(gain):
        return Check(suite, section, metric.name, "pass", "undefined on these cases", found)
    said = f"{found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}], p = {found.p:.3g}, n = {found.n}, {found.method}"
    if gain < -margin and found.significant:
        return Check(suite, section, metric.name, "worse", f"{said}; beyond the margin of {margin:g}", found)
    return Check(suite, section, metric.name, "better" if gain > 0 and found.significant else "pass", said, found)
