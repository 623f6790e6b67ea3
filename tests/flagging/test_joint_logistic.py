from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from service.flagging import joint_logistic
from service.flagging.labelled import Array


def made(seed: int = 3) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    rows = (rng.random((400, 60)) < 0.1) * rng.random((400, 60))
    true = rows @ rng.normal(size=(60, 3)) + rng.normal(scale=0.2, size=(400, 3)) > 0.4
    return rows.astype(np.float32), true


@pytest.mark.parametrize("sparse", [False, True])
def test_the_weights_are_those_of_a_regression_for_each_category(sparse: bool) -> None:
    rows, true = made()
    weight = np.random.default_rng(1).random(true.shape) + 0.5
    found, bias = joint_logistic.fit(csr_matrix(rows) if sparse else rows, true, weight, 2.0)
    for number in range(3):
        model = LogisticRegression(C=2.0, max_iter=1000, tol=1e-8)
        model.fit(rows, true[:, number], sample_weight=weight[:, number])
        said, meant = rows @ found[:, number] + bias[number], model.decision_function(rows)
        assert np.corrcoef(said, meant)[0, 1] > 0.999
        assert np.abs(said - meant).max() < 0.25


def test_a_row_without_weight_says_nothing_of_its_category() -> None:
    rows, true = made()
    weight = np.ones(true.shape)
    weight[200:, 1] = 0
    other = true.copy()
    other[200:, 1] = ~other[200:, 1]
    one, _ = joint_logistic.fit(rows, true, weight, 2.0)
    two, _ = joint_logistic.fit(rows, other, weight, 2.0)
    assert np.array_equal(one, two)


def test_a_fit_is_the_same_every_time() -> None:
    rows, true = made()
    weight = np.ones(true.shape)
    assert np.array_equal(*(joint_logistic.fit(rows, true, weight, 1.0)[0] for _ in range(2)))
