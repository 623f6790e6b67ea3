"""What the adapted layers (`models/adapted.py`) say of each sentence: one linear reader, fitted together with the layers.

By `python -m service.flagging.adapting.fit`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.intake.windows import EmbeddedPost, read_sentences

WEIGHTS = Path(__file__).with_name("adapted_reader.npz")
Array = NDArray[np.float32]


def read(embedded: EmbeddedPost) -> Array:
    """(places, categories), as log-odds, of the places that `learned.places` tells. Raises ValueError without adapted layers."""
    rows = read_sentences(embedded)
    return of_every_sentence(embedded)[rows] if rows else _said(_adapted(embedded)[0])


def of_every_sentence(embedded: EmbeddedPost) -> Array:
    """(sentences, categories), as log-odds. Raises ValueError without adapted layers."""
    return _said(_adapted(embedded)[1])


def _adapted(embedded: EmbeddedPost) -> tuple[Array, Array]:
    if embedded.adapted is None:
        raise ValueError("the post was embedded without its adapted layers")
    return embedded.adapted.windows, embedded.adapted.sentences


def _said(vectors: Array) -> Array:
    weights, biases = _weights()
    return np.asarray(vectors @ weights.T + biases, np.float32)


@cache
def _weights() -> tuple[Array, Array]:
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return arrays["weights"].astype(np.float32), arrays["biases"].astype(np.float32)
