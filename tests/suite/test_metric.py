"""How marks become figures: the right interval for the kind of figure, and pairs that are truly paired."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from eval.calibration import auc
from eval.metric import Case, Marked, Metric, change, f1, figure, macro_f1, mark, once

RATE = Metric("rate", "harm", lambda _case, output: once(output["ok"]))


def marked(passed: list[bool], clusters: list[str] | None = None) -> Marked:
    ids = [f"c{i}" for i in range(len(passed))]
    return Marked(ids, clusters or ids, [once(ok) for ok in passed])


def test_a_rate_of_independent_cases_gets_wilson() -> None:
    interval, method, shows = figure(RATE, marked([True] * 81 + [False] * 182))
    assert method == "Wilson" and (round(interval.low, 4), round(interval.high, 4)) == (0.2553, 0.3662)
    assert 0 < shows < 0.1


def test_a_rate_of_clustered_cases_is_never_surer_than_wilson() -> None:
    passed = [i // 10 % 2 == 0 for i in range(200)]
    alone, _, _ = figure(RATE, marked(passed))
    together, method, _ = figure(RATE, marked(passed, [str(i // 10) for i in range(200)]))
    assert "bootstrap" in method
    assert together.low < alone.low and together.high > alone.high


def test_f1_and_macro_f1_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(4)
    true, said = generator.random((80, 3)) < 0.4, generator.random((80, 3)) < 0.5
    counts = np.stack([true & said, ~true & said, true & ~said], axis=-1).astype(float).sum(axis=0)
    assert float(f1(counts.sum(axis=0))) == pytest.approx(f1_score(true, said, average="micro"))
    assert float(macro_f1(counts.reshape(-1))) == pytest.approx(f1_score(true, said, average="macro"))


def test_a_group_that_never_occurs_does_not_count_in_macro_f1() -> None:
    assert float(macro_f1(np.array([2.0, 0, 0, 0, 0, 0]))) == 1.0


def test_a_metric_that_does_not_apply_leaves_the_case_out() -> None:
    metric = Metric("m", "h", lambda case, _output: once(True) if case.row else None)
    cases = [Case("a", 1, "a"), Case("b", 0, "b"), Case("c", 1, "c")]
    assert mark(metric, cases, {"a": {}, "b": {}}).ids == ["a"]
    assert math.isnan(figure(metric, mark(metric, cases, {}))[0].value)


def test_a_change_of_a_rate_is_exact_mcnemar_on_the_shared_cases() -> None:
    before = marked([True] * 12 + [False] * 3 + [True] * 40)
    after = marked([False] * 12 + [True] * 3 + [True] * 40 + [False])
    found = change(RATE, before, after)
    assert found.n == 55 and found.method == "exact McNemar"
    assert found.p == pytest.approx(stats.binomtest(3, 15).pvalue)
    assert found.difference == pytest.approx(-9 / 55)


def test_the_order_of_cases_does_not_matter() -> None:
    before = marked([True, False, True, True])
    turned = Marked(before.ids[::-1], before.clusters[::-1], before.rows[::-1])
    assert change(RATE, before, turned).difference == 0.0


def test_figures_of_all_rows_are_compared_by_a_paired_bootstrap() -> None:
    generator = np.random.default_rng(6)
    labels = generator.integers(0, 2, 200)
    metric = Metric("AUC", "h", lambda *_: None, None, auc)
    ids = [str(i) for i in range(200)]

    def of(noise: float) -> Marked:
        return Marked(ids, ids, [[[float(y), float(y + generator.normal(0, noise))]] for y in labels])

    found = change(metric, of(2.0), of(0.5))
    assert found.difference > 0.1 and found.significant and found.low > 0
