"""Logistic regressions of many categories over the same rows, fitted at once: what one row costs is paid once for all.

Minimised for each category c: Σᵢ sᵢc · log(1 + exp(−yᵢc fᵢc)) + |v_c|² / 2C, by conjugate gradients (Polak and Ribière 1969)
with a Newton search along each direction; the outputs along a direction are linear, so that search costs no product.
Deterministic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
ROUNDS, ENOUGH = 40, 1e-2
"""Directions at most; and the share of its first length at which a gradient is short enough."""


def fit(rows: Any, true: Array, weight: Array, strength: float) -> tuple[Array, Array]:
    """(weights of shape (features, categories), biases) from `rows` (a matrix, dense or CSR, of n rows), `true` (n,
    categories) and `weight` of the same shape: 0 where a row says nothing of a category. `strength` is C."""
    sign = np.where(true, 1.0, -1.0).astype(np.float32)
    weight = weight.astype(np.float32)
    transposed = rows.T.tocsr() if hasattr(rows, "tocsr") else rows.T
    found = np.zeros((rows.shape[1] + 1, true.shape[1]), np.float32)
    output = np.zeros(true.shape, np.float32)
    last, direction = np.ones_like(found), np.zeros_like(found)
    first = np.zeros(true.shape[1])
    for number in range(ROUNDS):
        pull = -sign * weight / (1 + np.exp(np.clip(sign * output, -40, 40)))
        slopes = np.asarray(transposed @ pull) + found[:-1] / strength
        gradient = np.concatenate([slopes, pull.sum(axis=0)[None]])
        size = (gradient**2).sum(axis=0)
        first = size if number == 0 else first
        if (size <= ENOUGH**2 * first).all():
            break
        beta = (gradient * (gradient - last)).sum(axis=0) / np.maximum((last**2).sum(axis=0), 1e-20)
        direction = np.maximum(beta, 0) * direction - gradient
        downhill = (direction * gradient).sum(axis=0) < 0
        direction = np.where(downhill, direction, -gradient)
        along = np.asarray(rows @ direction[:-1]) + direction[-1]
        step = _search(output, along, sign, weight, found[:-1], direction[:-1], strength)
        found, output, last = found + step * direction, output + step * along, gradient
    return found[:-1], found[-1]


def _search(
    output: Array, along: Array, sign: Array, weight: Array, found: Array, direction: Array, strength: float
) -> Array:
    """The step of each category that is lowest along its direction."""
    step = np.zeros(output.shape[1], np.float32)
    bend = (direction**2).sum(axis=0) / strength
    lean = (found * direction).sum(axis=0) / strength
    for _ in range(4):
        probability = 1 / (1 + np.exp(np.clip(sign * (output + step * along), -40, 40)))
        slope = -(sign * weight * probability * along).sum(axis=0) + lean + step * bend
        curve = (weight * probability * (1 - probability) * along**2).sum(axis=0) + bend
        step = step - slope / np.maximum(curve, 1e-12)
    return step
