"""Fits the weights of the signs of advertising: `python -m service.flagging.fit_bait`, seconds.

From `promotion_sentences.jsonl` (written for the project, with near misses) and the paragraphs of the labelled English posts
without the held-out voices: those that hold a quote of `spam_promotion` are advertising, those of posts without that flag
are not. Nothing of any spam collection is used.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from service.flagging.detectors.bait import NAMES, WEIGHTS, paragraphs, signs

DATASETS = Path("eval/datasets")
SENTENCES = Path(__file__).with_name("promotion_sentences.jsonl")
STRENGTH = 1.0
WEIGHT_OF_PARAGRAPHS = 0.05
"""Of one paragraph of a post beside a sentence written for the purpose: there are a hundred times as many."""


def main() -> None:
    """Fit, measure by voice, write."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    texts, truth, groups, weights = _units()
    rows, true = np.array([signs(text) for text in texts]), np.array(truth)
    said = np.zeros(len(rows))
    for train, test in GroupKFold(5).split(rows, groups=groups):
        model = LogisticRegression(C=STRENGTH, max_iter=3000).fit(
            rows[train], true[train], sample_weight=weights[train]
        )
        said[test] = model.decision_function(rows[test])
    model = LogisticRegression(C=STRENGTH, max_iter=3000).fit(rows, true, sample_weight=weights)
    own = np.array([group.startswith("sentence") for group in groups])
    manifest = {
        "signs": NAMES, "weights": [round(float(w), 4) for w in model.coef_[0]], "bias": round(float(model.intercept_[0]), 4),
        "data": "service/flagging/promotion_sentences.jsonl; eval/datasets/posts, English, without held-out voices",
        "licence": "Apache-2.0", "units": len(rows), "advertising": int(true.sum()),
        "auc_out_of_fold": {
            "sentences": round(float(roc_auc_score(true[own], said[own])), 4),
            "paragraphs": round(float(roc_auc_score(true[~own], said[~own])), 4),
        },
        "data_sha256": hashlib.sha256("\n".join(texts).encode()).hexdigest(), "refit": "python -m service.flagging.fit_bait",
    }  # fmt: skip
    WEIGHTS.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    print(json.dumps(manifest, indent=1))


def _units() -> tuple[list[str], list[bool], list[str], Any]:
    """(texts, whether each is advertising, its fold group, its weight)."""
    rows = [json.loads(line) for line in SENTENCES.read_text("utf-8").strip("\n").split("\n")]
    texts, truth = [row["text"] for row in rows], [bool(row["positive"]) for row in rows]
    groups, weights = [f"sentence {n % 25}" for n in range(len(rows))], [1.0] * len(rows)
    held = {
        line for line in (DATASETS / "held_out_voices.txt").read_text("utf-8").split("\n") if line and line[0] != "#"
    }
    for path in sorted((DATASETS / "posts").glob("voices_*.jsonl")):
        for row in map(json.loads, path.read_text("utf-8").strip("\n").split("\n")):
            if row["voice"] in held or row["lang"] != "en":
                continue
            quotes = [q["text"] for f in row["flags"] if f["category"] == "spam_promotion" for q in f["quotes"]]
            flagged = any(f["category"] in ("spam_promotion", "recruiter_solicitation") for f in row["flags"])
            for start, end in paragraphs(row["body"]):
                holds = any(quote in row["body"][start:end] for quote in quotes)
                if holds or not flagged:
                    texts.append(row["body"][start:end])
                    truth.append(holds)
                    groups.append(row["voice"])
                    weights.append(1.0 if holds else WEIGHT_OF_PARAGRAPHS)
    return texts, truth, groups, np.array(weights)


if __name__ == "__main__":
    main()
