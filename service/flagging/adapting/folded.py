"""What the adapted layers say of posts that their fits did not see: kept beside the eval suite's data for the combination."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDED = Path("eval/datasets/frozen/adapted_folds.npz")
Array = NDArray[np.float32]


def folded() -> tuple[dict[str, Array], str]:
    """(what was said out of fold of each post, by its id, digest of the data)."""
    with np.load(FOLDED, allow_pickle=False) as arrays:
        readings = arrays["readings"].astype(np.float32)
        return dict(zip(arrays["posts"].tolist(), readings, strict=True)), str(arrays["digest"])
