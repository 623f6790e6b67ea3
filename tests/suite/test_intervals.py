"""Every interval and test against published tables, scipy, scikit-learn or a simulation whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from eval.intervals import (
    Interval,
    bootstrap_rows,
    bootstrap_sums,
    change_of_rows,
    change_of_sums,
    detectable_figure,
    detectable_rate,
    kappa,
    mcnemar,
    percentile,
    wilson,
)
from eval.metric import share


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_the_score_interval_of_newcombe_1998_table_i(successes: int, n: int, low: float, high: float) -> None:
    found = wilson(successes, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (3, 7), (50, 100), (999, 1000)])
def test_wilson_agrees_with_scipy(successes: int, n: int) -> None:
    theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
    found = wilson(successes, n)
    assert found.low == pytest.approx(theirs.low, abs=1e-9) and found.high == pytest.approx(theirs.high, abs=1e-9)


def test_nothing_observed_is_not_known_at_all() -> None:
    found = wilson(0, 0)
    assert math.isnan(found.value) and (found.low, found.high, found.n) == (0.0, 1.0, 0)


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (0, 5), (5, 0), (1, 9), (7, 7), (12, 30), (200, 240)])
def test_mcnemar_is_the_exact_binomial_test_of_the_discordant_pairs(lost: int, won: int) -> None:
    theirs = stats.binomtest(lost, lost + won).pvalue if lost + won else 1.0
    assert mcnemar(lost, won) == pytest.approx(theirs, rel=1e-9)


def test_kappa_agrees_with_scikit_learn_and_with_the_textbook_table() -> None:
    textbook = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    assert kappa(*map(list, zip(*textbook, strict=True))) == pytest.approx(0.4)
    generator = np.random.default_rng(3)
    a = generator.choice(["x", "y", "z"], 200)
    b = np.where(generator.random(200) < 0.6, a, generator.choice(["x", "y", "z"], 200))
    assert kappa(list(a), list(b)) == pytest.approx(cohen_kappa_score(a, b))


def test_kappa_of_one_label_is_one_and_of_unequal_lists_an_error() -> None:
    assert kappa(["a", "a"], ["a", "a"]) == 1.0
    with pytest.raises(ValueError, match="same items"):
        kappa(["a"], ["a", "b"])


def test_a_bootstrap_of_single_cases_agrees_with_scipy() -> None:
    values = np.random.default_rng(5).gamma(2.0, 1.0, 120)
    sums = np.column_stack([values, np.ones(120)])
    ours = percentile(*bootstrap_sums(sums, [str(i) for i in range(120)], share, draws=4000), 120)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=4000, random_state=1)
    assert ours.value == pytest.approx(values.mean())
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.03)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.03)


def test_cases_repeated_within_their_cluster_add_no_certainty() -> None:
    values = np.random.default_rng(7).random(60)
    once = np.column_stack([values, np.ones(60)])
    names = [f"voice-{i}" for i in range(60)]
    alone = percentile(*bootstrap_sums(once, names, share), 60)
    repeated = percentile(*bootstrap_sums(np.repeat(once, 8, axis=0), list(np.repeat(names, 8)), share), 480)
    assert repeated.high - repeated.low == pytest.approx(alone.high - alone.low, rel=1e-9)
    split = percentile(*bootstrap_sums(np.repeat(once, 8, axis=0), [str(i) for i in range(480)], share), 480)
    assert split.high - split.low < 0.5 * (repeated.high - repeated.low)


def test_the_cluster_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(11)
    covered, trials = 0, 200
    for trial in range(trials):
        centre = generator.normal(0.5, 0.2, 40)
        values = np.repeat(centre, 5) + generator.normal(0, 0.05, 200)
        sums = np.column_stack([values, np.ones(200)])
        found = percentile(*bootstrap_sums(sums, [str(i // 5) for i in range(200)], share, 400, trial), 200)
        covered += found.low <= 0.5 <= found.high
    assert 0.88 <= covered / trials <= 0.985


def test_rows_and_sums_are_resampled_alike() -> None:
    generator = np.random.default_rng(13)
    rows = np.column_stack([generator.random(90), np.ones(90)])
    clusters = [str(i // 3) for i in range(90)]
    _, by_sums = bootstrap_sums(rows, clusters, share, draws=50)
    _, by_rows = bootstrap_rows(rows, clusters, lambda r: float(r[:, 0].mean()), draws=50)
    assert np.allclose(by_sums, by_rows)


def test_the_paired_bootstrap_agrees_with_the_paired_t_test() -> None:
    generator = np.random.default_rng(17)
    before = generator.random(200)
    after = before + generator.normal(0.02, 0.1, 200)
    a, b = (np.column_stack([side, np.ones(200)]) for side in (before, after))
    found = change_of_sums(a, b, [str(i) for i in range(200)], share)
    theirs = stats.ttest_rel(after, before)
    interval = theirs.confidence_interval()
    assert found.difference == pytest.approx((after - before).mean())
    assert found.low == pytest.approx(interval.low, abs=0.003) and found.high == pytest.approx(interval.high, abs=0.003)
    assert found.p == pytest.approx(theirs.pvalue, abs=0.03)  # two and a half standard errors of 2,000 draws


def test_pairing_sees_what_two_separate_intervals_hide() -> None:
    generator = np.random.default_rng(19)
    before = generator.random(150)
    a, b = np.column_stack([before, np.ones(150)]), np.column_stack([before + 0.01, np.ones(150)])
    names = [str(i) for i in range(150)]
    assert change_of_sums(a, b, names, share).significant
    first, second = (percentile(*bootstrap_sums(side, names, share), 150) for side in (a, b))
    assert first.high > second.low


def test_a_run_against_itself_shows_nothing() -> None:
    rows = np.column_stack([np.random.default_rng(2).integers(0, 2, 50), np.random.default_rng(3).random(50)])
    names = [str(i) for i in range(50)]
    found = change_of_rows(rows.astype(float), names, rows.astype(float), names, lambda r: float(r[:, 1].mean()))
    assert (found.difference, found.p, found.significant) == (0.0, 1.0, False)


def test_runs_over_other_clusters_are_not_compared() -> None:
    rows = np.ones((2, 2))
    with pytest.raises(ValueError, match="same clusters"):
        change_of_rows(rows, ["a", "b"], rows, ["a", "c"], lambda r: float(r.mean()))


def test_power_is_connors_formula_and_holds_in_a_simulation() -> None:
    assert detectable_rate(233, discordant=0.3) == pytest.approx(0.1, abs=0.0005)  # 233 pairs, worked out by hand
    n, discordant = 600, 0.1
    smallest = detectable_rate(n, discordant)
    generator = np.random.default_rng(23)
    seen, trials = 0, 1500
    for _ in range(trials):
        lost, won, _ = generator.multinomial(
            n, [(discordant - smallest) / 2, (discordant + smallest) / 2, 1 - discordant]
        )
        seen += (won - lost) ** 2 / max(
            won + lost, 1
        ) > 1.959964**2  # McNemar's test without correction, as Connor has it
    assert seen / trials == pytest.approx(0.8, abs=0.04)


def test_a_set_too_small_says_that_it_can_show_nothing() -> None:
    assert math.isnan(detectable_rate(20)) and math.isnan(detectable_rate(0))
    assert detectable_rate(2000) < detectable_rate(500)


def test_the_smallest_visible_change_of_a_mean_is_2_8_standard_errors() -> None:
    assert detectable_figure(Interval(0.5, 0.5 - 1.96 * 0.01, 0.5 + 1.96 * 0.01, 100)) == pytest.approx(0.028, abs=1e-4)
