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


def test_no_more_clean_posts_are_flagged_for_anything_than_the_bound_allows_and_few_labels_are_refused() -> None:
    draw = np.random.default_rng(11)

    def sample(n: int) -> list[Example]:
        clean = [
            Example({"spam_promotion": float(a), "off_topic": float(b)}, frozenset())
            for a, b in draw.beta(2, 6, (n, 2))
        ]
        spam = [Example({"spam_promotion": float(a)}, frozenset({"spam_promotion"})) for a in draw.beta(6, 2, n // 8)]
        return [x for pair in zip(clean, [*spam, *clean], strict=False) for x in pair][: 2 * len(spam)] + clean[
            len(spam) :
        ]

    flagged = []
    for _ in range(40):
        fitted = fit_thresholds.fit(sample(240), shipped(), Bounds(missed=10, clean_flagged=10)).thresholds.categories
        fresh = [e for e in sample(400) if not e.categories]
        flagged.append(np.mean([any(s >= fitted[c].high for c, s in e.scores.items()) for e in fresh]))  # type: ignore[index]
    assert 0.05 < float(np.mean(flagged)) <= 0.105
    with pytest.raises(InvalidInput, match="too few labels"):
        fit_thresholds.fit(sample(16), shipped(), Bounds(missed=10, clean_flagged=5))


def test_a_person_at_risk_has_a_bound_on_misses_and_keeps_the_old_cut_with_few_labels() -> None:
    risk = [Example({"self_harm_risk": 0.01 + i / 100}, frozenset({"self_harm_risk"})) for i in range(20)]
    fitted = fit_thresholds.fit(risk, shipped(), Bounds(missed=10, clean_flagged=5))
    cuts = fitted.thresholds.categories["self_harm_risk"]
    assert cuts.middle == pytest.approx(0.02) and cuts.rule is not None and cuts.rule.kind == "missed_at_most"
    assert fitted.thresholds.categories["hate"] == shipped().categories["hate"]
    assert fitted.thresholds.categories["minor_safety"] == shipped().categories["minor_safety"]
    sure = [Example({"self_harm_risk": 0.9}, frozenset({"self_harm_risk"}))] * 20
    kept = fit_thresholds.fit(sure, shipped(), Bounds(missed=10, clean_flagged=5)).thresholds.categories[
        "self_harm_risk"
    ]
    assert kept.middle == shipped().categories["self_harm_risk"].middle, "a fit never finds fewer people at risk"
    assert "needed" in fitted.report["categories"]["minor_safety"]["because"]
