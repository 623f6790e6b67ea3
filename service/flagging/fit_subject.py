"""Fits the off-topic reader: `python -m service.flagging.fit_subject`, a minute.

From the eval suite's labelled posts (English, without the held-out voices) and its hard off-topic posts. Prints the figures
cross-validated by voice; a hard post is a voice of its own. Sets the category's cuts in `thresholds.json`; to be run after
`python -m service.flagging.fit`, which writes that file anew. The weights of each fold are kept beside the eval suite's data,
so that it reads every hard post with weights that never saw it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.flagging.labelled import more_files, post_files
from service.flagging.subject import WEIGHTS, Array, whole
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post
from service.models.embedder import BundledEmbedder, Embedder

DATASETS = Path("eval/datasets")
THRESHOLDS = WEIGHTS.with_name("thresholds.json")
FOLD_WEIGHTS = DATASETS / "frozen" / "subject_folds.npz"
FOLDS, STRENGTH = 10, 1.0
ALARMS = {"middle": 0.01, "high": 0.0025}
"""Share of the on-topic posts that may reach a band."""


@dataclass(frozen=True)
class Told:
    """One labelled post. `group` is its voice; `hard` says that it is one of the hard off-topic posts, `clean` that
    nothing at all is wrong with it."""

    id: str
    vector: Array
    off_topic: bool
    group: str
    hard: bool
    clean: bool


def load(folder: Path, embedder: Embedder) -> tuple[list[Told], str]:
    """(every post the reader is fitted on, SHA-256 over their lines)."""
    lines = list(_lines(folder))
    return [_told(json.loads(line), "off_topic" in json.loads(line), embedder) for line in lines], _digest(lines)


def digest(folder: Path) -> str:
    """SHA-256 over the lines that the reader is fitted on."""
    return _digest(_lines(folder))


def _lines(folder: Path) -> Iterator[str]:
    held = {line for line in (folder / "held_out_voices.txt").read_text("utf-8").split("\n") if line and line[0] != "#"}
    for path in [*post_files(folder), *more_files(folder), folder / "offtopic_hard.jsonl"]:
        for line in filter(None, path.read_text("utf-8").split("\n")):
            row = json.loads(line)
            if "off_topic" in row or (row["lang"] == "en" and row["voice"] not in held):
                yield line


def _digest(lines: Iterable[str]) -> str:
    found = hashlib.sha256()
    for line in lines:
        found.update(line.encode() + b"\n")
    return found.hexdigest()


def _told(row: dict[str, Any], hard: bool, embedder: Embedder) -> Told:
    post = NewPost(site="fit", external_id=row["id"], title=row["title"], body=row["body"])
    vector = whole(embed_post(normalise(post), embedder))
    if hard:
        return Told(row["id"], vector, row["off_topic"], row["id"], True, False)
    off = any(flag["category"] == "off_topic" for flag in row["flags"])
    return Told(row["id"], vector, off, row["voice"], False, row["family"] != "flagged")


def fit(posts: Sequence[Told]) -> Array:
    """Weights over `whole`, the constant last."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=STRENGTH, max_iter=1000)
    model.fit(np.stack([post.vector for post in posts]), [post.off_topic for post in posts])
    return np.append(model.coef_[0], model.intercept_[0]).astype(np.float32)


@dataclass(frozen=True)
class Folds:
    """The fold of each group, and the weights fitted without it, shape (folds, dimension + 1); `digest` names the data."""

    of_group: dict[str, int]
    weights: Array
    digest: str

    def probability(self, group: str, vector: Array) -> float:
        """Of `off_topic`, by the weights that never saw the group. Raises KeyError for a group that is in no fold."""
        weights = self.weights[self.of_group[group]]
        return float(1 / (1 + np.exp(-(vector @ weights[:-1] + weights[-1]))))


def fit_folds(posts: Sequence[Told], data: str) -> Folds:
    """Fit once without each fold; all posts of a voice are in one."""
    fold = {group: n % FOLDS for n, group in enumerate(sorted({post.group for post in posts}))}
    weights = [fit([post for post in posts if fold[post.group] != number]) for number in range(FOLDS)]
    return Folds(fold, np.stack(weights), data)


def save_folds(folds: Folds, path: Path) -> None:
    """Keep them."""
    groups = sorted(folds.of_group)
    numbers = [folds.of_group[group] for group in groups]
    np.savez_compressed(path, weights=folds.weights, groups=groups, folds=numbers, digest=folds.digest)


def load_folds(path: Path) -> Folds:
    """What `save_folds` kept."""
    with np.load(path, allow_pickle=False) as kept:
        of_group = dict(zip(kept["groups"].tolist(), kept["folds"].tolist(), strict=True))
        return Folds(of_group, kept["weights"], str(kept["digest"]))


def cuts(posts: Sequence[Told], said: dict[str, float]) -> dict[str, float]:
    """The bands at which no more on-topic posts than ALARMS are reached, out of fold."""
    on_topic = np.array([said[post.id] for post in posts if not post.off_topic])
    found = {
        band: round(float(np.quantile(on_topic, 1 - share, method="higher")) + 0.0005, 3)
        for band, share in ALARMS.items()
    }
    return {"low": round(found["middle"] / 2, 3), **found}


def main() -> None:
    """Cross-validate, fit on everything, write the weights."""
    from sklearn.metrics import roc_auc_score

    from service.settings import Settings

    embedder = BundledEmbedder(Settings().models_dir)
    posts, data = load(DATASETS, embedder)
    embedder.close()
    folds, figures = fit_folds(posts, data), {}
    save_folds(folds, FOLD_WEIGHTS)
    said = {post.id: folds.probability(post.group, post.vector) for post in posts}
    bands = cuts(posts, said)
    for name, part in (("hard", [p for p in posts if p.hard]), ("posts", [p for p in posts if not p.hard])):
        truth, scores = np.array([p.off_topic for p in part]), np.array([said[p.id] for p in part])
        figures[name] = {
            "posts": len(part), "off_topic": int(truth.sum()), "auc": round(float(roc_auc_score(truth, scores)), 4),
            **{f"found, {band}": round(float((scores[truth] >= bands[band]).mean()), 4) for band in ALARMS},
            **{f"on topic, {band}": round(float((scores[~truth] >= bands[band]).mean()), 4) for band in ALARMS},
        }  # fmt: skip
    manifest = {
        "data": "eval/datasets/posts and posts_to_fit, English, without held-out voices; eval/datasets/offtopic_hard.jsonl",
        "sha256": data, "licence": "Apache-2.0", "cross_validated_by_voice": figures,
        "refit": "python -m service.flagging.fit_subject",
    }  # fmt: skip
    np.savez(WEIGHTS, weights=fit(posts))
    thresholds = json.loads(THRESHOLDS.read_text("utf-8"))
    thresholds["categories"]["off_topic"] = bands
    THRESHOLDS.write_text(json.dumps(thresholds, indent=1) + "\n", "utf-8")
    WEIGHTS.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    print(json.dumps(manifest, indent=1))


if __name__ == "__main__":
    main()
