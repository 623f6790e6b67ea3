"""What a candidate is held against: the version in production, asked of the same models, in the sections where they are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval import promotion
from eval.results import CaseResult, Figure, SectionResult, SuiteResult
from eval.suites import SUITES

NAME, MODEL = "check_tags", "openai/gpt-4.1-mini"
SUITE = SUITES["tags"]
METRIC = next(m for s in SUITE.sections if s.name == "with_model" for m in s.metrics if m.margin is not None)
CASES = 60


def a_run(right: int, section: str = "with_model") -> SuiteResult:
    """A run whose first `right` cases are right, each asked of a model once."""
    cases = [
        CaseResult(f"c{n}", f"c{n}", {}, {"_calls": {"calls": 1}}, {METRIC.name: [[float(n < right), 1.0]]})
        for n in range(CASES)
    ]
    share = right / CASES
    figure = Figure(
        METRIC.name, "", share, share, share, CASES, "", "higher", "", 0.1, METRIC.margin, None
    )  # fmt: skip
    part = SectionResult(section, "", "1", None, [figure], cases, external=True)
    return SuiteResult(
        suite="tags", version=SUITE.version, what="", mode="replay", models={"tag_model": MODEL}, started="2026-01-01T00:00:00",
        seconds=1.0, limited=False, commit="", sections=[part], usage={"calls": float(CASES)},
    )  # fmt: skip


def judged(monkeypatch: pytest.MonkeyPatch, runs: dict[str, tuple[SuiteResult, int]]) -> promotion.Verdict:
    """The verdict on 2.0.0 where each version's run came to this."""

    def run(*said: Any) -> Any:
        return runs[said[-1][NAME]]

    monkeypatch.setattr(promotion, "_run", run)
    return promotion.judge(NAME, "2.0.0", [MODEL], Path("prompts"), against="1.0.0")


def test_a_version_that_is_worse_than_the_one_in_production_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged(monkeypatch, {"1.0.0": (a_run(55), 0), "2.0.0": (a_run(20), 0)})
    assert found.verdict == "failed" and METRIC.name in found.because


def test_a_version_that_is_as_good_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, {"1.0.0": (a_run(55), 0), "2.0.0": (a_run(56), 0)}).verdict == "passed"


def test_nothing_is_known_where_the_version_in_production_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged(monkeypatch, {"1.0.0": (a_run(0), 12), "2.0.0": (a_run(56), 0)})
    assert found.verdict == "unmeasured" and "1.0.0" in found.because
