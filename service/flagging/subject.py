"""Whether a post is about working life in software at all, read from the post as a whole.

The windows and sentences that other readers look at say what stands out; off-topic is what a whole post is about. One linear
reader over three vectors: title and body together, the first window, the last one. Fitted by
`python -m service.flagging.fit_subject`; scoring needs numpy alone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.intake.windows import EmbeddedPost

WEIGHTS = Path(__file__).with_name("subject.npz")
FITTED_ON = "local/all-MiniLM-L6-v2-int8"
Array = NDArray[np.float32]


def whole(embedded: EmbeddedPost) -> Array:
    """float32 (3 × dimension,): the post, its first window, its last window of the body."""
    body = [n for n, window in enumerate(embedded.windows) if window.field == "body"] or [0]
    return np.concatenate([embedded.mean, embedded.vectors[0], embedded.vectors[body[-1]]]).astype(np.float32)


def off_topic(embedded: EmbeddedPost) -> float | None:
    """The probability that the post belongs elsewhere; None where nothing can be said."""
    if not len(embedded.vectors) or embedded.model != FITTED_ON:
        return None
    weights = _weights()
    logit = float(whole(embedded) @ weights[:-1] + weights[-1])
    return 1.0 / (1.0 + float(np.exp(-np.clip(logit, -30, 30))))


@cache
def _weights() -> Array:
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return np.asarray(arrays["weights"], np.float32)
