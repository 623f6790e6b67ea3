from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidInput
from service.feedback import conformal, fit_thresholds
from service.feedback.bounds import Bounds, parsed
from service.feedback.conformal import Cut, Label, OutOfReach, TooFew
from service.feedback.fit_thresholds import Example
from service.flagging.thresholds import shipped


def test_the_cut_is_the_lowest_that_keeps_the_bound_with_one_more_loss() -> None:
    labels = [
        Label(p / 100, False) for p in range(100)
    ]  # 10 % of 100 with the added loss: at most 9 may lie at or above
    found = conformal.clean_flagged_at_most(labels, 0.10)
    assert isinstance(found, Cut) and found.at == pytest.approx(0.905) and found.seen == pytest.approx(0.09)


def test_too_few_labels_give_no_cut() -> None:
    found = conformal.clean_flagged_at_most([Label(0.1, False)] * 48, 0.02)
    assert found == TooFew(48, 49, 48) and conformal.least_labels(0.02) == 49
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


def test_enough_labels_without_a_cut_are_told_from_too_few() -> None:
    assert conformal.clean_flagged_at_most([Label(1.0, False)] * 500, 0.05) == OutOfReach(500, 1.0)
    uneven = conformal.control([20.0, *[1.0] * 30], 0.05, [0.0], lambda *_: False)
    assert uneven == TooFew(31, 19, 2), "one heavy label outweighs the others"
    sure = [Example({"spam_promotion": float(i % 4 < 2)}, frozenset()) for i in range(500)]
    with pytest.raises(InvalidInput) as refusal:
        fit_thresholds.fit(sure, shipped(), Bounds())
    assert refusal.value.detail.startswith("no cut keeps the bounds: 500 judged posts")
    assert "250 clean labels to vouch for it are enough, but 50.0 % of them are flagged at the" in refusal.value.detail
    assert "self_harm_risk: 0 true labels, 9 needed" in refusal.value.detail


@pytest.mark.parametrize("percent", [0.5, 1, 2, 3, 5, 7, 10, 15, 25, 30, 50, 90])
def test_as_many_labels_as_are_said_to_be_needed_suffice(percent: float) -> None:
    needed = conformal.least_labels(percent / 100)
    assert isinstance(conformal.missed_at_most([Label(0.9, True)] * needed, percent / 100), Cut)
    assert isinstance(conformal.missed_at_most([Label(0.9, True)] * (needed - 1), percent / 100), TooFew)


LEAKS = [
    Example({"confidential_business": 0.201 + i / 100}, frozenset({"confidential_business"})) for i in range(40)
]  # at 10 % of 41 with the added loss, three may be missed
FINE = [Example({"low_effort": i / 200}, frozenset()) for i in range(200)]  # at 2 % of 201, three may be flagged


def test_a_category_can_have_a_bound_of_its_own_and_the_others_share_theirs() -> None:
    bounds = Bounds(miss={"confidential_business": 10}, flag={"low_effort": 2})
    fitted = fit_thresholds.fit([*LEAKS, *FINE], shipped(), bounds)
    cuts = fitted.thresholds.categories
    leak, effort, spam = (cuts[c].rule for c in ("confidential_business", "low_effort", "spam_promotion"))
    assert leak is not None and (leak.kind, leak.percent, leak.labels, leak.seen) == ("missed_at_most", 10, 40, 0.075)
    assert cuts["confidential_business"].high == pytest.approx(0.23)
    assert effort is not None and (effort.kind, effort.percent, effort.labels) == ("clean_flagged_at_most", 2, 200)
    assert cuts["low_effort"].high == pytest.approx(0.985) and effort.seen == pytest.approx(0.015)
    assert spam is not None and (spam.kind, spam.percent) == ("clean_flagged_at_most", 5)
    assert fitted.report["bounds"]["flag"] == {"low_effort": 2} and cuts["self_harm_risk"].rule is None


def test_a_bound_of_one_category_holds_on_average_over_fresh_examples() -> None:
    draw, flagged = np.random.default_rng(7), []

    def clean(n: int) -> list[Example]:
        return [Example({"low_effort": float(p)}, frozenset()) for p in draw.beta(2, 6, n)]

    for _ in range(60):
        cuts = fit_thresholds.fit(clean(150), shipped(), Bounds(flag={"low_effort": 4})).thresholds.categories
        flagged.append(np.mean([e.scores["low_effort"] >= cuts["low_effort"].high for e in clean(400)]))
    assert 0.02 < float(np.mean(flagged)) <= 0.042


def test_a_wish_that_cannot_be_kept_is_refused_by_name_with_the_labels_there_and_needed() -> None:
    with pytest.raises(InvalidInput) as refusal:
        fit_thresholds.fit([*LEAKS, *FINE], shipped(), Bounds(miss={"confidential_business": 2, "hate": 5}))
    assert refusal.value.detail == (
        "too few labels: hate, at most 5 % of true posts missed: 0 true labels, 19 needed; "
        "confidential_business, at most 2 % of true posts missed: 40 true labels, 49 needed"
    )
    assert refusal.value.field == "miss.hate"
    worse = [Example({"self_harm_risk": 0.9 if i % 3 else 0.1}, frozenset()) for i in range(60)]
    with pytest.raises(InvalidInput, match=r"no cut keeps self_harm_risk.* never finds fewer people at risk"):
        fit_thresholds.fit(worse, shipped(), Bounds(flag={"self_harm_risk": 10}))
    unseen = [Example({}, frozenset({"hate"}))] * 30
    with pytest.raises(InvalidInput, match=r"no cut keeps hate.* only a cut of 0"):
        fit_thresholds.fit(unseen, shipped(), Bounds(miss={"hate": 10}))


def test_a_category_has_one_bound_and_a_bound_is_a_percentage() -> None:
    with pytest.raises(InvalidInput, match="hate can have one bound"):
        Bounds(miss={"hate": 5}, flag={"hate": 5})
    for percent in (0, 100, float("nan")):
        with pytest.raises(InvalidInput, match="no percentage"):
            Bounds(flag={"hate": percent})
    assert parsed(["hate=5", " low_effort = 0.5"], "miss") == {"hate": 5.0, "low_effort": 0.5}
    for written, said in (("hat=5", "no category"), ("hate", "no number"), ("hate=some", "no number")):
        with pytest.raises(InvalidInput, match=said):
            parsed([written], "miss")


@pytest.mark.parametrize("alpha", [1e-4, 0.99])
def test_no_labels_are_too_few_for_any_bound(alpha: float) -> None:
    assert isinstance(conformal.control([], alpha, [0.0], lambda _index, _cut: True), TooFew)
    assert isinstance(conformal.missed_at_most([], alpha), TooFew)
