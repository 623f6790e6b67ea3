"""Boosted trees as plain arrays, scored with numpy: what a fit leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Trees:
    """Trees × nodes arrays; a row's score is the sum of its leaves' values and `bias`, in log-odds.

    `column` is the feature a node asks for (-1 at a leaf), `bound` its threshold (not greater goes left).
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.column = arrays["column"].astype(np.intp)
        self.bound = arrays["bound"].astype(np.float32)
        self.left = arrays["left"].astype(np.intp)
        self.right = arrays["right"].astype(np.intp)
        self.value = arrays["value"].astype(np.float32)
        self.bias = float(arrays["bias"])
        self.depth = int(arrays["depth"])
        self._which = np.arange(len(self.column))[None, :]

    def probability(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows × features → probability of each row."""
        node = np.zeros((len(rows), len(self.column)), np.intp)
        index = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            column = self.column[self._which, node]
            leaf = column < 0
            asked = rows[index, np.where(leaf, 0, column)]
            onward = np.where(
                asked <= self.bound[self._which, node], self.left[self._which, node], self.right[self._which, node]
            )
            node = np.where(leaf, node, onward)
        score = self.value[self._which, node].sum(axis=1) + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-score)), dtype=np.float32)


def arrays_of(model: Any) -> dict[str, NDArray[Any]]:
    """The arrays of a fitted `HistGradientBoostingClassifier` of two classes on features without gaps."""
    trees = [stage[0].nodes for stage in model._predictors]
    most = max(len(nodes) for nodes in trees)
    shape = (len(trees), most)
    column, left, right = np.full(shape, -1, np.int16), np.zeros(shape, np.int16), np.zeros(shape, np.int16)
    bound, value = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row, nodes in enumerate(trees):
        n = len(nodes)
        inner = nodes["is_leaf"] == 0
        column[row, :n] = np.where(inner, nodes["feature_idx"], -1)
        bound[row, :n], value[row, :n] = _rounded_down(nodes["num_threshold"]), nodes["value"]
        left[row, :n], right[row, :n] = nodes["left"], nodes["right"]
    depth = max(int(nodes["depth"].max()) for nodes in trees)
    return {
        "column": column, "bound": bound, "left": left, "right": right, "value": value,
        "bias": np.array(model._baseline_prediction.ravel()[0], np.float32), "depth": np.array(depth, np.int16),
    }  # fmt: skip


def _rounded_down(bounds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bounds as float32, none above what it was: a float32 feature just above a bound stays above it."""
    near = bounds.astype(np.float32)
    return np.where(near > bounds, np.nextafter(near, np.float32(-np.inf)), near)
