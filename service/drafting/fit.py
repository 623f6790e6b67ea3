"""Fits the support model on claims with evidence and a verdict, from the folder that EVAL_DATA names.

    EVAL_DATA=… python -m service.drafting.fit

Three sets are fitted together. Each has an intercept of its own while fitting, which is then thrown away: how many claims
of a set are supported says nothing about a claim. Folds keep a claim (WiCE), a question (ExpertQA) or a passage (BEGIN)
together. Calibration and cuts come from out-of-fold scores of WiCE and BEGIN; ExpertQA's verdicts are too noisy for them.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.drafting.reading import read_texts
from service.drafting.support import WEIGHTS, Floats, columns, terms
from service.drafting.support_features import FEATURES, features
from service.models.embedder import BundledEmbedder, Embedder

SETS = {
    "wice": ("supported", "claim", "ODC-BY, CC BY-SA"),
    "expertqa": ("Complete", "question", "MIT"),
    "begin": ("Fully attributable", "evidence", "CC BY 4.0"),
}
"""Set → label that counts as supported, what folds keep together, licence."""
CALIBRATING = ("wice", "begin")
AT_LEAST_PARTLY = {"supported", "partially_supported", "Fully attributable"}
STRENGTH, FOLDS, SEEDS = 0.01, 5, 3
SUPPORTED_PRECISION, PARTIAL_PRECISION = 0.85, 0.85
"""Cuts: `supported` claims are so often supported, and those above the lower cut so often at least partly."""
_APART = 10.0
"""Size of the sets' own columns: so large that their intercepts are as good as unpenalised."""


@dataclass(frozen=True)
class Example:
    """One judged claim."""

    dataset: str
    claim: str
    evidence: str
    label: str
    group: str

    @property
    def supported(self) -> bool:
        """Whether the verdict is full support."""
        return self.label == SETS[self.dataset][0]


@dataclass(frozen=True)
class Fitted:
    """Arrays for the npz and figures for the manifest."""

    arrays: dict[str, Any]
    metrics: dict[str, Any]


def load(folder: Path) -> list[Example]:
    """Every example of the three sets."""
    found = []
    for name, (_, group, _) in SETS.items():
        for line in (folder / f"ground_{name}.jsonl").read_text("utf-8").strip("\n").split("\n"):
            row = json.loads(line)
            evidence = row["evidence"] if isinstance(row["evidence"], str) else "\n".join(row["evidence"])
            found.append(Example(name, row["claim"], evidence, row["label"], f"{name} {row[group]}"))
    return found


def describe(examples: list[Example], embedder: Embedder) -> Floats:
    """Features, a row an example."""
    passages = list(dict.fromkeys(e.evidence for e in examples))
    read = dict(zip(passages, read_texts(passages, embedder), strict=True))
    claims = read_texts([e.claim for e in examples], embedder)
    return np.array([features(c, [read[e.evidence]]) for c, e in zip(claims, examples, strict=True)])


def fit(examples: list[Example], rows: Floats) -> Fitted:
    """Fit both variants (all features; words alone) and measure them out of fold."""
    arrays: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    y = np.array([e.supported for e in examples])
    sets = np.array([e.dataset for e in examples])
    calm = np.isin(sets, CALIBRATING)
    partly = np.array([e.label in AT_LEAST_PARTLY for e in examples])
    for which in ("full", "words"):
        x = columns(rows, which)
        runs = [_out_of_fold(x, y, sets, [e.group for e in examples], seed) for seed in range(SEEDS)]
        metrics[which] = {
            name: {"auc": round(float(np.mean([_auc(y[sets == name], s[sets == name]) for s in runs])), 4),
                   "auc_of_each_split": [round(_auc(y[sets == name], s[sets == name]), 4) for s in runs],
                   "examples": int((sets == name).sum())} for name in SETS
        }  # fmt: skip
        mean, scale, weights = _fit_one(x, y, sets)
        calibration = _platt(runs[0][calm], y[calm])
        arrays |= {
            f"{which}_mean": mean,
            f"{which}_scale": scale,
            f"{which}_weights": weights,
            f"{which}_calibration": calibration,
        }
        if which == "full":
            p = 1 / (1 + np.exp(-(calibration[0] * runs[0] + calibration[1])))
            cuts = (_cut(p[calm], y[calm], SUPPORTED_PRECISION), _cut(p[calm], partly[calm], PARTIAL_PRECISION))
            arrays["cuts"] = np.array([max(cuts), min(cuts)])
            metrics["operating_point"] = _at(p, y, partly, sets, max(cuts), min(cuts))
    return Fitted(arrays, metrics)


def cross_validated(examples: list[Example], rows: Floats) -> Floats:
    """Each example's probability from a model that was fitted without its group, calibrated as the shipped one is."""
    y, sets = np.array([e.supported for e in examples]), np.array([e.dataset for e in examples])
    scores = _out_of_fold(columns(rows, "full"), y, sets, [e.group for e in examples], 0)
    calm = np.isin(sets, CALIBRATING)
    slope, middle = _platt(scores[calm], y[calm])
    return np.asarray(1 / (1 + np.exp(-(slope * scores + middle))))


def main() -> int:
    """Fit, and write weights and manifest."""
    folder = Path(os.environ.get("EVAL_DATA", ""))
    if not (folder / "ground_wice.jsonl").is_file():
        print(
            "EVAL_DATA must name the folder with ground_wice.jsonl, ground_expertqa.jsonl, ground_begin.jsonl",
            file=sys.stderr,
        )
        return 2
    embedder = BundledEmbedder(Path("data/models"))
    examples = load(folder)
    fitted = fit(examples, describe(examples, embedder))
    embedder.close()
    write(fitted, folder)
    print(json.dumps(fitted.metrics, indent=1))
    return 0


def write(fitted: Fitted, folder: Path) -> None:
    """The npz and the manifest beside it."""
    arrays: dict[str, Any] = {name: np.asarray(value, np.float32) for name, value in fitted.arrays.items()}
    np.savez_compressed(WEIGHTS, **arrays)
    digest = hashlib.sha256()
    for name in SETS:
        digest.update((folder / f"ground_{name}.jsonl").read_bytes())
    manifest = {
        "data": [f"{name} ({licence})" for name, (_, _, licence) in SETS.items()], "data_sha256": digest.hexdigest(),
        "command": "EVAL_DATA=… python -m service.drafting.fit", "features": list(FEATURES),
        "weights_sha256": hashlib.sha256(WEIGHTS.read_bytes()).hexdigest(), "cross_validated": fitted.metrics,
    }  # fmt: skip
    WEIGHTS.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _out_of_fold(x: Floats, y: Any, sets: Any, groups: list[str], seed: int) -> Floats:
    from sklearn.model_selection import GroupKFold

    scores = np.zeros(len(y))
    for train, test in GroupKFold(FOLDS, shuffle=True, random_state=seed).split(x, y, groups):
        mean, scale, weights = _fit_one(x[train], y[train], sets[train])
        scores[test] = terms((x[test] - mean) / scale) @ weights
    return scores


def _fit_one(x: Floats, y: Any, sets: Any) -> tuple[Floats, Floats, Floats]:
    from sklearn.linear_model import LogisticRegression

    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    known = terms((x - mean) / scale)
    own = np.stack([_APART * (sets == name) for name in SETS], axis=1)
    model = LogisticRegression(C=STRENGTH, max_iter=4000).fit(np.concatenate([known, own], axis=1), y)
    return mean, scale, np.asarray(model.coef_[0][: known.shape[1]])


def _platt(scores: Floats, y: Any) -> Floats:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e3).fit(scores[:, None], y)
    return np.array([model.coef_[0][0], model.intercept_[0]])


def _auc(y: Any, scores: Floats) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, scores))


def _cut(p: Floats, good: Any, precision: float) -> float:
    """The lowest score above which at least this share is good."""
    order = np.argsort(-p)
    shares = np.cumsum(good[order]) / np.arange(1, len(p) + 1)
    enough = np.flatnonzero(shares >= precision)
    return float(p[order[enough[-1]]]) if len(enough) else 1.0


def _at(p: Floats, y: Any, partly: Any, sets: Any, high: float, low: float) -> dict[str, Any]:
    found: dict[str, Any] = {"supported_from": round(high, 4), "partial_from": round(low, 4)}
    for name in SETS:
        here = sets == name
        above, shown = here & (p >= high), here & (p >= low)
        found[name] = {
            "precision_supported": round(float(y[above].mean()), 3) if above.any() else None,
            "recall_supported": round(float((above & y).sum() / (here & y).sum()), 3),
            "at_least_partly_when_shown": round(float(partly[shown].mean()), 3) if name in CALIBRATING else None,
            "shown": round(float(shown.sum() / here.sum()), 3),
        }  # fmt: skip
    return found


if __name__ == "__main__":
    sys.exit(main())
