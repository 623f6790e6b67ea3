"""Cosines of other models told on one scale."""

from __future__ import annotations

import numpy as np
import pytest

from service.retrieval.scale import USUAL, Scale


def test_the_same_text_stays_one_and_strangers_become_usual() -> None:
    narrow = Scale(mean=0.8)
    assert narrow(1.0) == pytest.approx(1.0)
    assert narrow(0.8) == pytest.approx(USUAL)
    assert narrow(0.9) == pytest.approx((1 + USUAL) / 2)
    assert narrow(-1.0) == -1.0
    assert Scale()(0.4) == pytest.approx(0.4), "too few threads to tell: cosines stay as they are"


def test_many_are_brought_there_as_one_is_and_their_order_is_kept() -> None:
    scale = Scale(mean=0.05)
    cosines = np.array([0.9, 0.1, 0.5, np.nan], np.float32)
    found = scale.every(cosines)
    assert found[:3] == pytest.approx([scale(float(c)) for c in cosines[:3]], abs=1e-6)
    assert np.isnan(found[3]) and list(np.argsort(found[:3])) == list(np.argsort(cosines[:3]))
