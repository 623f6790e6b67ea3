"""Calibration and ordering against scikit-learn and numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score

from eval.calibration import auc, brier, coverage_at, coverage_curve, expected_calibration_error, reliability

NONE = np.zeros((0, 2))


def rows(n: int = 400, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    probability = np.round(generator.random(n), 2)
    return np.column_stack([generator.random(n) < probability**1.5, probability]).astype(float)


def test_auc_agrees_with_scikit_learn_ties_and_all() -> None:
    found = rows()
    assert auc(found) == pytest.approx(roc_auc_score(found[:, 0], found[:, 1]))
    assert auc(np.array([[1, 0.5], [0, 0.5]])) == 0.5
    assert math.isnan(auc(np.array([[1, 0.5], [1, 0.7]])))


def test_brier_agrees_with_scikit_learn() -> None:
    found = rows()
    assert brier(found) == pytest.approx(brier_score_loss(found[:, 0], found[:, 1]))
    assert math.isnan(brier(NONE))


def test_ece_by_hand() -> None:
    found = np.array([[1, 0.95], [0, 0.95], [1, 0.15], [0, 0.15], [0, 0.15], [0, 0.15]])
    # bin 0.9-1.0: |0.95 - 0.5| over 2 rows; bin 0.1-0.2: |0.15 - 0.25| over 4 rows
    assert expected_calibration_error(found) == pytest.approx((2 * 0.45 + 4 * 0.10) / 6)
    assert expected_calibration_error(np.array([[1, 1.0], [0, 0.0]])) == 0.0
    assert math.isnan(expected_calibration_error(NONE))


def test_the_reliability_plot_has_scikit_learns_points() -> None:
    found = rows()
    off_the_edges = found[np.abs(found[:, 1] * 10 - np.round(found[:, 1] * 10)) > 1e-6]
    true, said = calibration_curve(off_the_edges[:, 0], off_the_edges[:, 1], n_bins=10)
    bins = reliability(off_the_edges)
    assert [b.share_true for b in bins] == pytest.approx(true)
    assert [b.mean_probability for b in bins] == pytest.approx(said)
    assert sum(b.n for b in bins) == len(off_the_edges)


def test_coverage_at_a_precision_takes_the_surest_rows_and_never_half_a_tie() -> None:
    found = np.array([[1, 0.9], [1, 0.8], [0, 0.7], [1, 0.6], [0, 0.6]])
    assert coverage_curve(found) == [(0.2, 1.0), (0.4, 1.0), (0.6, pytest.approx(2 / 3)), (1.0, 0.6)]
    assert coverage_at(found, 0.9) == 0.4 and coverage_at(found, 0.5) == 1.0
    assert coverage_at(np.array([[0, 0.9]]), 0.9) == 0.0 and coverage_at(NONE, 0.9) == 0.0
