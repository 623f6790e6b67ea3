from __future__ import annotations

import math

import numpy as np
import pytest

from service.feedback import estimates


def test_a_share_has_wilsons_interval() -> None:
    found = estimates.share(15, 50)  # Wilson 1927 as in Newcombe 1998, table I: 0.1910 to 0.4375
    assert (round(found.low or 0, 4), round(found.high or 0, 4)) == (0.1910, 0.4375)


def test_nothing_counted_is_unknown_and_not_zero() -> None:
    assert estimates.share(0, 0).value is None and estimates.share(0, 0).unknown
    assert estimates.mean([]).value is None and estimates.median([]).value is None
    assert estimates.kappa(0, 0, 0, 0).value is None


def test_recall_is_unknown_without_an_audit_sample_and_uncertain_where_it_found_nothing() -> None:
    assert estimates.recall(10, 0, estimates.sampled([])).value is None
    nothing_found = estimates.recall(10, 0, estimates.sampled([(0.1, False)] * 50))
    assert nothing_found.value == 1.0 and nothing_found.high == 1.0
    assert nothing_found.low is not None and nothing_found.low < 0.3


def test_recall_weighs_each_audited_post_by_how_seldom_such_posts_are_drawn() -> None:
    drawn = [(0.5, True)] + [(0.5, False)] * 9 + [(0.05, True)] + [(0.05, False)] * 9
    found = estimates.recall(44, 0, estimates.sampled(drawn))
    assert found.value == pytest.approx(44 / (44 + 2 + 20))


def test_the_interval_of_recall_holds_the_truth_in_most_samples() -> None:
    draw = np.random.default_rng(7)
    caught, missed, unflagged, probability, held = 60, 40, 2000, 0.1, 0
    for _ in range(300):
        hits = draw.random(unflagged) < probability
        sample = [(probability, bool(index < missed)) for index in np.flatnonzero(hits)]
        found = estimates.recall(caught, 0, estimates.sampled(sample))
        assert found.low is not None and found.high is not None
        held += found.low <= 0.6 <= found.high
    assert held / 300 > 0.92


def test_kappa_agrees_with_cohens_table() -> None:
    found = estimates.kappa(both=20, first=25, second=30, n=50)  # 20 both, 15 neither, 5 and 10 apart
    assert found.value == pytest.approx(0.4)
    assert found.low is not None and found.low < 0.4


def test_a_median_lies_in_its_interval() -> None:
    found = estimates.median([float(v) for v in range(1, 101)])
    assert found.low == 40 and found.high == 61 and math.isclose(found.value or 0, 50.5)
