from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidInput
from service.feedback import conformal, fit_thresholds
from service.feedback.conformal import Cut, Label, TooFew
from service.feedback.fit_thresholds import Bounds, Example
from service.flagging.thresholds import shipped


def test_the_cut_is_the_lowest_that_keeps_the_bound_with_one_more_loss() -> None:
    labels = [
        Label(p / 100, False) for p in range(100)
    ]  # 10 % of 100 with the added loss: at most 9 may lie at or above
    found = conformal.clean_flagged_at_most(labels, 0.10)
    assert isinstance(found, Cut) and found.at == pytest.approx(0.905) and found.seen == pytest.approx(0.09)


def test_too_few_labels_give_no_cut() -> None:
    found = conformal.clean_flagged_at_most([Label(0.1, False)] * 48, 0.02)
    assert found == TooFew(48, 49) and conformal.least_labels(0.02) == 49
    assert isinstance(conformal.clean_flagged_at_most([Label(0.1, False)] * 49, 0.02), Cut)
    assert isinstance(conformal.missed_at_most([], 0.1), TooFew)


def test_the_bound_holds_on_average_over_fresh_examples() -> None:
    draw, risks = np.random.default_rng(3), []
    for _ in range(300):
        found = conformal.missed_at_most([Label(float(p), True) for p in draw.beta(5, 2, 60)], 0.1)
        assert isinstance(found, Cut)
        risks.append(float((draw.beta(5, 2, 500) < found.at).mean()))
    assert np.mean(risks) <= 0.1
    assert np.mean(risks) > 0.06, "a bound that is never used up would flag far too much"


def test_weights_undo_that_only_the_likely_ones_were_looked_at() -> None:
    """Half of the clean posts score high and were all looked at; of the others one in ten was."""
    draw = np.random.default_rng(5)
    high, low = draw.uniform(0.5, 1.0, 200), draw.uniform(0.0, 0.5, 1800)
    seen = draw.random(1800) < 0.1
    labels = [Label(float(p), False) for p in high] + [Label(float(p), False, 10.0) for p in low[seen]]
    weighted = conformal.clean_flagged_at_most(labels, 0.05)
    naive = conformal.clean_flagged_at_most([Label(x.probability, False) for x in labels], 0.05)
    assert isinstance(weighted, Cut) and isinstance(naive, Cut)

    def flagged(cut: Cut) -> float:
        return float((np.concatenate([high, low]) >= cut.at).mean())

    assert flagged(weighted) <= 0.05 and flagged(naive) < flagged(weighted), "the naive cut gives true flags away"


def test_categories_without_labels_keep_their_cuts_and_nothing_at_all_is_refused() -> None:
    spam = [Example({"spam_promotion": 0.6}, frozenset({"spam_promotion"}))] * 5
    clean = [Example({"spam_promotion": 0.01 * (i % 30)}, frozenset()) for i in range(100)]
    fitted = fit_thresholds.fit([*spam, *clean], shipped(), Bounds(missed=10, clean_flagged=5))
    cuts = fitted.thresholds.categories["spam_promotion"]
    assert cuts.rule is not None and cuts.rule.kind == "clean_flagged_at_most" and cuts.high < 0.35
    assert sum(e.scores["spam_promotion"] >= cuts.high for e in clean) <= 5
    assert fitted.thresholds.categories["hate"] == shipped().categories["hate"]
    assert fitted.report["categories"]["self_harm_risk"]["changed"] is False
    with pytest.raises(InvalidInput, match="too few labels"):
        fit_thresholds.fit([*spam, *clean[:5]], shipped(), Bounds(missed=10, clean_flagged=5))
