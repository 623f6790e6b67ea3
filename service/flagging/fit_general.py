"""Fits the general reader: `python -m service.flagging.fit_general --data FOLDER`, a few minutes.

`toxic` from mod_toxicity_surge (MIT), every other label from mod_openai (MIT), both in FOLDER: a label is fitted on the texts
that people gave it for, others blur it. A label that a row does not tell is unknown there. Harmless career posts of the
eval suite, the held-out voices left out, choose the cuts: at most `CLEAN_FLAGGED` of them are said to hold a label.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.flagging import features
from service.flagging.general import LABELS, WEIGHTS, WIDTH, GeneralReader, joined
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import EmbeddedPost, embed_post
from service.models.embedder import BundledEmbedder, Embedder

DATASETS = Path("eval/datasets")
SETS = {"mod_openai": "MIT", "mod_toxicity_surge": "MIT"}
NAMES = {
    "sexual": "sexual", "hate": "hate", "violence": "violence", "harassment": "harassment", "self_harm": "self-harm",
    "sexual_minors": "sexual/minors", "hate_threatening": "hate/threatening", "violence_graphic": "violence/graphic",
}  # fmt: skip
HARM = frozenset(
    {"harassment", "hate", "sexual", "self_harm_risk", "violence_threat", "crisis_distress", "minor_safety"}
)
VECTOR_STRENGTH, GRAM_STRENGTH, KERNEL_STRENGTH, COMBINE_STRENGTH = 1.0, 3.0, 2.0, 0.3
LEAST_TEXTS_OF_A_GRAM = 2
FOLDS, INNER_FOLDS = 5, 3
CLEAN_FLAGGED = 0.01
"""Share of harmless career posts that may be said to hold a label."""
Array = NDArray[Any]


@dataclass(frozen=True)
class Told:
    """A text with its mean vector and what is known of it: label → is it there. `source` names its set."""

    id: str
    source: str
    text: str
    mean: Array
    labels: dict[str, bool]


def told(source: str, rows: Sequence[dict[str, Any]], embedder: Embedder) -> list[Told]:
    """Rows of one of SETS, read as `/v1/moderations` reads a text."""
    found = []
    for number, row in enumerate(rows):
        text, embedded = read_text(row["text"], embedder)
        found.append(Told(f"{source}-{number}", source, text, embedded.mean, labels_of(source, row)))
    return found


def harmless_posts(folder: Path, embedder: Embedder) -> list[Told]:
    """Labelled English posts that say no harm, every fourth, without the held-out voices."""
    held = {line for line in (folder / "held_out_voices.txt").read_text("utf-8").split("\n") if line and line[0] != "#"}
    rows = [
        json.loads(line) for path in sorted((folder / "posts").glob("voices_*.jsonl"))
        for line in path.read_text("utf-8").strip("\n").split("\n")
    ]  # fmt: skip
    harmless = [
        row for row in rows
        if row["voice"] not in held and row["lang"] == "en" and row["family"] in ("clean", "trap")
        and not HARM & {flag["category"] for flag in row["flags"]}
    ]  # fmt: skip
    found = []
    for row in harmless[::4]:
        text, embedded = read_text(f"{row['title']}\n\n{row['body']}", embedder)
        found.append(Told(row["id"], "posts", text, embedded.mean, {}))
    return found


def read_text(text: str, embedder: Embedder) -> tuple[str, EmbeddedPost]:
    """A text as the endpoint reads it."""
    readable = normalise(NewPost(site="fit", external_id="x", title="", body=text[:100_000], format="text"))
    return readable.body.text, embed_post(readable, embedder)


def labels_of(source: str, row: dict[str, Any]) -> dict[str, bool]:
    """What a row of one of SETS tells."""
    if source == "mod_toxicity_surge":
        return {"toxic": bool(row["toxic"])}
    labels = {NAMES[name]: bool(value) for name, value in row["labels"].items()}
    return labels | {"any": any(labels.values())}


def fit(rows: Sequence[Told]) -> GeneralReader:
    """A reader of every label that the rows tell both ways; of the others it says nothing."""
    matrix, idf = _grams([row.text for row in rows])
    means = np.stack([row.mean for row in rows])
    every = np.arange(len(rows))
    vector, words, bias = _readers(rows, means, matrix, every)
    readings = np.zeros((len(rows), len(LABELS), 6))
    for inside, outside in _folds(len(rows), INNER_FOLDS):
        fitted = _readers(rows, means, matrix, inside)
        kernel = _kernel(rows, means, inside)
        for i in outside:
            said = fitted[0][:, :-1] @ means[i] + fitted[0][:, -1], (matrix[i] @ fitted[1]).ravel() + fitted[2]
            readings[i] = joined(*said, _at(kernel, means[i]))
    centres, heights = _kernel(rows, means, every)
    combine = np.array([_combination(label, number, rows, readings) for number, label in enumerate(LABELS)])
    return GeneralReader(*(np.asarray(a, np.float32) for a in (vector, words, bias, idf, centres, heights, combine)))


def out_of_fold(rows: Sequence[Told]) -> dict[str, dict[str, float]]:
    """id → probabilities, each by a reader that was fitted without a fifth of the rows."""
    found: dict[str, dict[str, float]] = {}
    for inside, outside in _folds(len(rows), FOLDS):
        reader = fit([rows[i] for i in inside])
        found |= {rows[i].id: reader.score(rows[i].mean, rows[i].text) for i in outside}
    return found


def _folds(count: int, folds: int) -> Iterator[tuple[Array, Array]]:
    order = np.random.default_rng(0).permutation(count)
    for number in range(folds):
        outside = order[number::folds]
        yield np.setdiff1d(order, outside), outside


def _grams(texts: Sequence[str]) -> tuple[Any, Array]:
    from scipy.sparse import csr_matrix

    counted = features.count([text[: features.LONGEST] for text in texts])
    seen = np.bincount(counted.column, minlength=features.SIZE)
    idf = np.where(seen >= LEAST_TEXTS_OF_A_GRAM, np.log((1 + len(texts)) / (1 + seen)) + 1, 0).astype(np.float32)
    grams = features.weigh(counted, idf)
    return csr_matrix((grams.value, (grams.row, grams.column)), (len(texts), features.SIZE)), idf


def _readers(rows: Sequence[Told], means: Array, matrix: Any, among: Array) -> tuple[Array, Array, Array]:
    """Both linear readers of every label: (labels, dimension + 1), (features.SIZE, labels), (labels,)."""
    from sklearn.linear_model import LogisticRegression

    vector, words, bias = (
        np.zeros((len(LABELS), means.shape[1] + 1)),
        np.zeros((features.SIZE, len(LABELS))),
        np.zeros(len(LABELS)),
    )
    for number, label in enumerate(LABELS):
        known = np.array([i for i in among if label in rows[i].labels], dtype=np.int64)
        true = np.array([rows[i].labels[label] for i in known], dtype=bool)
        if len(set(true.tolist())) < 2:
            vector[number, -1] = bias[number] = -5.0 if len(true) else 0.0
            continue
        first = LogisticRegression(C=VECTOR_STRENGTH, class_weight="balanced", max_iter=400).fit(means[known], true)
        second = LogisticRegression(C=GRAM_STRENGTH, class_weight="balanced", solver="liblinear").fit(
            matrix[known], true
        )
        vector[number], words[:, number] = np.r_[first.coef_[0], first.intercept_], second.coef_[0]
        bias[number] = second.intercept_[0]
    return vector, words, bias


def _kernel(rows: Sequence[Told], means: Array, among: Array) -> tuple[Array, Array]:
    """Centres and heights of the kernel reading of `any`."""
    from sklearn.svm import SVC

    known = np.array([i for i in among if "any" in rows[i].labels], dtype=np.int64)
    true = np.array([rows[i].labels["any"] for i in known], dtype=bool)
    if len(set(true.tolist())) < 2:
        return np.zeros((0, means.shape[1])), np.zeros(1)
    machine = SVC(C=KERNEL_STRENGTH, gamma=WIDTH, class_weight="balanced").fit(means[known], true)
    return machine.support_vectors_, np.r_[machine.dual_coef_[0], machine.intercept_]


def _at(kernel: tuple[Array, Array], mean: Array) -> float:
    centres, heights = kernel
    return float(np.exp(-WIDTH * ((centres - mean) ** 2).sum(axis=1)) @ heights[:-1] + heights[-1])


def _combination(label: str, number: int, rows: Sequence[Told], readings: Array) -> Array:
    from sklearn.linear_model import LogisticRegression

    known = [i for i, row in enumerate(rows) if label in row.labels]
    true = np.array([rows[i].labels[label] for i in known], dtype=bool)
    if len(set(true.tolist())) < 2:
        return np.zeros(6)
    inputs = readings[known, number, :5]
    spread = inputs.std(axis=0) + 1e-9
    model = LogisticRegression(C=COMBINE_STRENGTH, max_iter=500).fit(inputs / spread, true)
    weights: NDArray[Any] = np.r_[model.coef_[0] / spread, model.intercept_]
    return weights


def write(rows: Sequence[Told], harmless: Sequence[Told], digest: str) -> dict[str, Any]:
    """Measure out of fold, fit on everything, write weights, cuts and manifest; returns the manifest."""
    from sklearn.metrics import roc_auc_score

    said, figures, cuts = out_of_fold(rows), {}, {}
    reader = fit(rows)
    harmless_said = [reader.score(row.mean, row.text) for row in harmless]
    for label in (label for label, row in zip(LABELS, reader.combine, strict=True) if row.any()):
        calm = [row[label] for row in harmless_said]
        cuts[label] = round(max(0.5, float(np.quantile(calm, 1 - CLEAN_FLAGGED, method="higher")) + 0.0005), 4)
        known = [row for row in rows if label in row.labels]
        truth, scores = np.array([row.labels[label] for row in known]), np.array([said[row.id][label] for row in known])
        figures[label] = {
            "texts": len(known), "positives": int(truth.sum()), "auc": round(float(roc_auc_score(truth, scores)), 4),
            "found": round(float((scores[truth] >= cuts[label]).mean()), 4),
            "others_flagged": round(float((scores[~truth] >= cuts[label]).mean()), 4),
        }  # fmt: skip
    kept = np.flatnonzero(reader.idf)
    np.savez_compressed(
        WEIGHTS, vector=reader.vector.astype(np.float16), columns=kept.astype(np.int32), idf=reader.idf[kept],
        grams=reader.grams[kept].astype(np.float16), grams_bias=reader.grams_bias, centres=reader.centres.astype(np.float16),
        heights=reader.heights, combine=reader.combine,
    )  # fmt: skip
    manifest = {
        "data": "mod_openai, mod_toxicity_surge; cuts: eval/datasets/posts, harmless English ones without held-out voices",
        "licences": {**SETS, "posts": "Apache-2.0"}, "sha256": digest, "harmless_posts": len(harmless), "cuts": cuts,
        "out_of_fold": figures, "refit": "python -m service.flagging.fit_general --data FOLDER",
    }  # fmt: skip
    WEIGHTS.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    return manifest


def main() -> None:
    """Read, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the development sets")
    folder = parser.parse_args().data
    embedder, rows, digest = BundledEmbedder(Path("data/models")), list[Told](), hashlib.sha256()
    for name in SETS:
        data = (folder / f"{name}.jsonl").read_bytes()
        digest.update(data)
        rows += told(name, [json.loads(line) for line in data.decode().split("\n") if line.strip()], embedder)
    harmless = harmless_posts(DATASETS, embedder)
    embedder.close()
    print(json.dumps(write(rows, harmless, digest.hexdigest()), indent=1))


if __name__ == "__main__":
    main()
