"""Fits how likely two posts are the same: `python -m service.retrieval.fit_earlier`, two minutes.

Positive are the labelled pairs of the eval suite (`after`), negative the nearest other posts of each post; held-out voices
are left out. The labelled pairs are one member's each; those that share most words are taken a second time as two
members' (the same text under another name is a cross-post too). Figures are cross-validated by the voice of the later
post, without those copies.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.intake.normalise import normalise
from service.intake.post import Author, NewPost
from service.intake.windows import embed_post
from service.models.embedder import BundledEmbedder, Embedder
from service.retrieval.earlier_posts import LEAST_COSINE, LOOKED_AT, WEIGHTS, Words, features, usual_cosine, words_of

DATASET = Path("eval/datasets")
NAMES = ("vectors", "words", "stands_out", "same_author")
RAISED = 0.5
ALSO_BY_TWO = 0.6
STRENGTH = 100.0
FOLDS = 5


def main() -> None:
    """Fit, and write the weights with their manifest."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    rows = _rows()
    embedder = BundledEmbedder(Path("data/models"))
    given, truth, voices = pairs(rows, embedder)
    embedder.close()

    def fitted(chosen: NDArray[Any]) -> Any:
        by_two = given[chosen][truth[chosen] & (given[chosen, 1] >= ALSO_BY_TWO)] * [1, 1, 1, 0]
        marks = np.r_[truth[chosen], np.ones(len(by_two), bool)]
        return LogisticRegression(C=STRENGTH, max_iter=1000).fit(np.r_[given[chosen], by_two], marks)

    said = np.zeros(len(truth))
    for train, test in GroupKFold(FOLDS).split(given, groups=voices):
        said[test] = fitted(train).predict_proba(given[test])[:, 1]
    model = fitted(np.arange(len(truth)))
    raised = said >= RAISED
    manifest = {
        "weights": dict(zip((*NAMES, "constant"), map(float, [*model.coef_[0], model.intercept_[0]]), strict=True)),
        "data": "eval/datasets/posts, without held-out voices", "licence": "Apache-2.0", "data_sha256": _digest(),
        "cross_validated_by_voice": {
            "pairs": len(truth), "same": int(truth.sum()), "found": int((raised & truth).sum()),
            "taken_for_the_same": int((raised & ~truth).sum()), "brier": round(float(np.mean((said - truth) ** 2)), 5),
        },
        "refit": "python -m service.retrieval.fit_earlier",
    }  # fmt: skip
    WEIGHTS.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    print(json.dumps(manifest["cross_validated_by_voice"]))


def pairs(rows: list[dict[str, Any]], embedder: Embedder) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[Any]]:
    """(`features` of each pair, shape (pairs, 4); whether the two are the same; voice of the later post)."""
    vectors, words = [], []
    for row in rows:
        readable = normalise(_post(row))
        vectors.append(embed_post(readable, embedder).mean)
        words.append(words_of(readable))
    return _compared(rows, np.array(vectors), words)


def _compared(rows: list[dict[str, Any]], vectors: NDArray[Any], words: list[Words]) -> tuple[Any, Any, Any]:
    near = vectors @ vectors.T
    np.fill_diagonal(near, -1)
    place = {row["id"]: number for number, row in enumerate(rows)}
    found, truth, voices = [], [], []
    for number, row in enumerate(rows):
        first = place.get(row["after"])
        others = [int(i) for i in np.argsort(-near[number])[:LOOKED_AT] if near[number, i] >= LEAST_COSINE]
        usual = usual_cosine([float(near[number, i]) for i in others])
        for other in others:
            if other != first and place.get(rows[other]["after"]) == number:
                continue
            mine = rows[other]["voice"] == row["voice"]
            found.append(features(float(near[number, other]), words[number].cosine(words[other]), usual, mine))
            truth.append(other == first)
            voices.append(row["voice"])
    return np.array(found), np.array(truth), np.array(voices)


def _rows() -> list[dict[str, Any]]:
    held = {
        line for line in (DATASET / "held_out_voices.txt").read_text("utf-8").split("\n") if line and line[0] != "#"
    }
    lines = [line for path in _paths() for line in path.read_text("utf-8").strip("\n").split("\n")]
    return [row for row in map(json.loads, lines) if row["voice"] not in held]


def _paths() -> list[Path]:
    return sorted((DATASET / "posts").glob("voices_*.jsonl"))


def _digest() -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in _paths())).hexdigest()


def _post(row: dict[str, Any]) -> NewPost:
    author = Author(id=row["voice"])
    return NewPost(
        site="s", external_id=row["id"], title=row["title"], body=row["body"], kind=row["kind"], author=author
    )


if __name__ == "__main__":
    main()
