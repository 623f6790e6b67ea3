"""The upper layers of the bundled encoder a second time, fitted for what flags look for in a post.

The bundled model's lower layers are shared; its last two stand here with weights of their own, learnt from labelled posts by
`python -m service.flagging.adapting.fit` (fine-tuning of the top layers, as in Howard and Ruder 2018). A linear reader over what
they answer sees situations where one over the general vectors sees words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("adapted_layers.onnx")
LAYERS = (4, 5)
"""Of the bundled model's six, counted from 0."""
STATES = "layer_norm_8"
"""What the layer below answers, by its name in the bundled model's graph."""


class AdaptedLayers:
    """Loaded once; not safe to call from several threads."""

    def __init__(self, options: Any, file: Path = FILE) -> None:
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def states(self, below: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Float32 (rows, tokens, dimension) from the states `below`, of that shape, and a mask of 1 for each token of a row."""
        bias = np.where(mask[:, None, None, :] > 0, 0.0, -1e9).astype(np.float32)
        found: NDArray[np.float32] = self._session.run(None, {"states": below, "bias": bias})[0]
        return found
