"""Fits the learned flag reader and its thresholds from the labelled posts of the eval suite.

    python -m service.flagging.fit

Windows that hold a labelled quote are positive, all others negative (multiple-instance style, with the quotes as
instance labels). Folds are voices; held-out voices are never seen. Thresholds are chosen on out-of-fold probabilities:
`middle` at the best F1, `high` where at most `CLEAN_FLAGGED` of posts without any flag would be routed by the category.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.flagging.detectors import DETECTORS
from service.flagging.finding import DetectorContext
from service.flagging.learned import WEIGHTS
from service.flagging.policy import CATEGORIES
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import SHIPPED
from service.intake.normalise import normalise
from service.intake.post import Author, NewPost
from service.intake.windows import embed_post
from service.models.embedder import BundledEmbedder, Embedder

DATASET = Path("eval/datasets")
CLEAN_FLAGGED = 0.006
CLEAN_FLAGGED_AT_RISK = 0.015
LEAST_POSITIVES = 20
LEAST_RAISED = 0.25
"""A flag less likely than this is not worth raising, whatever the best F1 says, unless a person may be in danger."""
UNREADABLE = {"duplicate_crosspost": {"low": 0.3, "middle": 0.5, "high": 0.7}}
"""Not to be seen in the post alone: cuts on retrieval's calibrated probability, set by hand."""
FOLDS = 5
STRENGTH, COMBINE_STRENGTH = 4.0, 1.0


@dataclass(frozen=True)
class Labelled:
    """One labelled post, read: its windows' vectors, which of them hold which category's quotes, what detectors found."""

    voice: str
    vectors: NDArray[np.float32]
    quoted: dict[str, set[int]]
    detected: NDArray[np.float64]


def load(folder: Path, embedder: Embedder) -> list[Labelled]:
    """The English posts of voices that are not held out."""
    held = {line for line in (folder / "held_out_voices.txt").read_text("utf-8").split("\n") if line and line[0] != "#"}
    found = []
    for path in sorted((folder / "posts").glob("voices_*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if row["voice"] not in held and row["lang"] == "en":
                found.append(_labelled(row, embedder))
    return found


def fit(posts: list[Labelled]) -> dict[str, Any]:
    """Weights, cuts and cross-validated figures: `{window, combine, calibrated, cuts, metrics}`."""
    from sklearn.model_selection import GroupKFold

    truth = np.array([[c in post.quoted for c in CATEGORIES] for post in posts])
    voices = np.array([post.voice for post in posts])
    out_of_fold = np.zeros(truth.shape)
    for train, test in GroupKFold(FOLDS).split(posts, groups=voices):
        for number, category in enumerate(CATEGORIES):
            _, combine, logits = _fit_one(posts, train, category, number, truth[:, number], voices)
            out_of_fold[test, number] = _combined(combine, logits[test], posts, test, number)
    window, combine_all, cuts, metrics = [], [], {}, {}
    clean: NDArray[np.bool_] = np.asarray(~truth.any(axis=1))
    for number, category in enumerate(CATEGORIES):
        everything = np.arange(len(posts))
        weights, combine, _ = _fit_one(posts, everything, category, number, truth[:, number], voices)
        window.append(weights)
        combine_all.append(combine)
        cuts[category], metrics[category] = _cuts(category, out_of_fold[:, number], truth[:, number], clean)
        if category in UNREADABLE:
            cuts[category] = UNREADABLE[category]
    calibrated = truth.sum(axis=0) >= LEAST_POSITIVES
    return {
        "window": np.array(window, np.float32), "combine": np.array(combine_all, np.float32), "calibrated": calibrated,
        "cuts": cuts, "metrics": metrics,
    }  # fmt: skip


def main() -> None:
    """Fit, and write weights, manifest and thresholds."""
    embedder = BundledEmbedder(Path("data/models"))
    posts = load(DATASET, embedder)
    embedder.close()
    fitted = fit(posts)
    np.savez_compressed(
        WEIGHTS, window=fitted["window"].astype(np.float16), combine=fitted["combine"], calibrated=fitted["calibrated"]
    )
    digest = hashlib.sha256()
    for path in sorted((DATASET / "posts").glob("*.jsonl")):
        digest.update(path.read_bytes())
    manifest = {
        "data": "eval/datasets/posts, English, without held-out voices", "licence": "Apache-2.0", "posts": len(posts),
        "data_sha256": digest.hexdigest(), "command": "python -m service.flagging.fit",
        "cross_validated_by_voice": fitted["metrics"],
    }  # fmt: skip
    WEIGHTS.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    thresholds = {
        "version": 1, "weights": hashlib.sha256(WEIGHTS.read_bytes()).hexdigest(), "fitted_by": manifest["command"],
        "categories": fitted["cuts"],
    }  # fmt: skip
    SHIPPED.write_text(json.dumps(thresholds, indent=1) + "\n", "utf-8")
    for category, row in fitted["metrics"].items():
        print(f"{category:30} " + "  ".join(f"{name} {value}" for name, value in row.items()))


def _labelled(row: dict[str, Any], embedder: Embedder) -> Labelled:
    author = Author(id="x", **row["author"])
    post = NewPost(
        site="s", external_id=row["id"], title=row["title"], body=row["body"], kind=row["kind"], author=author
    )
    readable = normalise(post)
    embedded = embed_post(readable, embedder)
    readings = {reading.field: reading for reading in readable.fields}
    spans = [(w.field, readings[w.field].span(w.start, w.end)) for w in embedded.windows]
    quoted: dict[str, set[int]] = {}
    for flag in row["flags"]:
        hit = quoted.setdefault(flag["category"], set())
        for quote in flag["quotes"]:
            start = row[quote["field"]].find(quote["text"])
            end = start + len(quote["text"])
            hit |= {
                i for i, (field, s) in enumerate(spans) if field == quote["field"] and s.start < end and start < s.end
            }
    strongest = dict.fromkeys(CATEGORIES, 0.0)
    for detector in DETECTORS:
        for finding in detector.detect(readable, DetectorContext.of(post)):
            strongest[finding.category] = max(strongest[finding.category], finding.probability)
    return Labelled(row["voice"], embedded.vectors, quoted, np.array([strongest[c] for c in CATEGORIES]))


def _fit_one(
    posts: list[Labelled],
    train: NDArray[np.int64],
    category: str,
    number: int,
    truth: NDArray[np.bool_],
    voices: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Window weights, combination, and every post's strongest logit (out of fold for the training posts)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    inner = np.zeros(len(posts))
    for part, rest in GroupKFold(4).split(train, groups=voices[train]):
        inner[train[rest]] = _strongest(_window_weights(posts, train[part], category), posts, train[rest])
    weights = _window_weights(posts, train, category)
    others = np.setdiff1d(np.arange(len(posts)), train)
    if len(others):
        inner[others] = _strongest(weights, posts, others)
    detected = np.array([post.detected[number] for post in posts])
    features = np.c_[inner, detected, inner * detected]
    model = LogisticRegression(C=COMBINE_STRENGTH, max_iter=500).fit(features[train], truth[train])
    return weights, np.r_[model.coef_[0], model.intercept_], inner


def _window_weights(posts: list[Labelled], chosen: NDArray[np.int64], category: str) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression

    vectors = np.concatenate([posts[i].vectors for i in chosen])
    quoted = np.array([j in posts[i].quoted.get(category, ()) for i in chosen for j in range(len(posts[i].vectors))])
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=500).fit(vectors, quoted)
    weights: NDArray[np.float64] = np.r_[model.coef_[0], model.intercept_]
    return weights


def _strongest(weights: NDArray[np.float64], posts: list[Labelled], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([float((posts[i].vectors @ weights[:-1] + weights[-1]).max()) for i in chosen])


def _combined(
    combine: NDArray[np.float64],
    logits: NDArray[np.float64],
    posts: list[Labelled],
    chosen: NDArray[np.int64],
    number: int,
) -> NDArray[np.float64]:
    detected = np.array([posts[i].detected[number] for i in chosen])
    value = combine[0] * logits + combine[1] * detected + combine[2] * logits * detected + combine[3]
    result: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-value))
    return result


def _cuts(
    category: str, probability: NDArray[np.float64], truth: NDArray[np.bool_], clean: NDArray[np.bool_]
) -> tuple[dict[str, float], dict[str, float]]:
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    grid = np.linspace(0.05, 0.95, 91)
    scores = [f1_score(truth, probability >= cut, zero_division=0) for cut in grid]
    middle = float(grid[int(np.argmax(scores))])
    share = CLEAN_FLAGGED_AT_RISK if category in PERSON_AT_RISK else CLEAN_FLAGGED
    high = float(np.quantile(probability[clean], 1 - share)) + 1e-4
    middle = min(middle, high) if category in PERSON_AT_RISK else max(middle, LEAST_RAISED)
    high = min(max(high, middle), 0.97)
    flagged = probability >= high
    metrics = {
        "positives": int(truth.sum()), "auc": round(float(roc_auc_score(truth, probability)), 3),
        "average_precision": round(float(average_precision_score(truth, probability)), 3), "best_f1": round(max(scores), 3),
        "recall_at_high": round(float(flagged[truth].mean()), 3), "clean_routed": round(float(flagged[clean].mean()), 4),
    }  # fmt: skip
    cuts = {"low": round(middle / 2, 3), "middle": round(middle, 3), "high": round(high, 3)}
    return cuts, metrics


if __name__ == "__main__":
    main()
