"""Fits the learned flag reader and its thresholds: `python -m service.flagging.fit`.

From the labelled English posts of the eval suite, held-out voices left out, and `decisive_sentences.jsonl`, single
sentences with their near misses. Windows and sentences that hold a labelled quote are positive, all others negative
(multiple-instance style, with the quotes as instance labels). Folds are voices. Thresholds are chosen on out-of-fold
probabilities: `middle` at the best F1, `high` where at most `CLEAN_FLAGGED` of clean posts would be routed by the category.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.flagging import features
from service.flagging.detectors import DETECTORS
from service.flagging.finding import DetectorContext
from service.flagging.learned import WEIGHTS
from service.flagging.policy import CATEGORIES
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import SHIPPED
from service.intake.normalise import normalise
from service.intake.post import Author, NewPost
from service.intake.windows import Window, embed_post
from service.models.embedder import BundledEmbedder, Embedder

DATASET = Path("eval/datasets")
SENTENCES = Path(__file__).with_name("decisive_sentences.jsonl")
CLEAN_FLAGGED = 0.001
CLEAN_FLAGGED_AT_RISK = 0.012
CLEAN_FLAGGED_PRIVATE = 0.006
"""Somebody's contact data stands in public until a person looks: a few more clean posts are looked at for it."""
LEAST_POSITIVES = 20
LEAST_RAISED = 0.25
"""A flag less likely than this is not worth raising, whatever the best F1 says, unless a person may be in danger."""
UNREADABLE = {"duplicate_crosspost": {"low": 0.3, "middle": 0.5, "high": 0.7}}
"""Not to be seen in the post alone: cuts on retrieval's calibrated probability, set by hand."""
FOLDS = 4
LEAST_POSTS_OF_A_GRAM = 3
VECTOR_STRENGTH, GRAM_STRENGTH, COMBINE_STRENGTH = 4.0, 3.0, 1.0

Array = NDArray[Any]


@dataclass(frozen=True)
class Labelled:
    """One labelled post or single sentence, read. `quoted_*`: which windows, which sentences hold a category's quotes."""

    voice: str
    vectors: Array
    sentence_vectors: Array
    sentences: tuple[str, ...]
    quoted_windows: dict[str, set[int]]
    quoted_sentences: dict[str, set[int]]
    detected: NDArray[np.float64]


@dataclass(frozen=True)
class Readers:
    """One category's three linear readers."""

    window: Array
    sentence: Array
    grams: Array
    grams_bias: float


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


def load_sentences(embedder: Embedder) -> list[Labelled]:
    """The single sentences, each as its own window."""
    rows = [json.loads(line) for line in SENTENCES.read_text("utf-8").splitlines()]
    vectors = embedder.embed([row["text"] for row in rows])
    none = np.zeros(len(CATEGORIES))
    found = []
    for row, vector in zip(rows, vectors, strict=True):
        said: dict[str, set[int]] = {row["category"]: {0}} if row["positive"] else {}
        one = vector[None, :]
        found.append(Labelled("sentences", one, one, (row["text"],), said, said, none))
    return found


class Fit:
    """Everything a fit looks at: posts, single sentences, and the n-grams of all their sentences."""

    def __init__(self, posts: list[Labelled], extra: list[Labelled]) -> None:
        from scipy.sparse import csr_matrix

        self.posts, self.extra = posts, extra
        self.voices = np.array([post.voice for post in posts])
        self.truth = np.array([[c in post.quoted_windows for c in CATEGORIES] for post in posts])
        texts = [text for post in (*posts, *extra) for text in post.sentences]
        counted = features.count(texts)
        seen = np.bincount(counted.column, minlength=features.SIZE)
        self.columns = np.flatnonzero(seen >= LEAST_POSTS_OF_A_GRAM)
        idf = np.zeros(features.SIZE, np.float32)
        idf[self.columns] = np.log((1 + len(texts)) / (1 + seen[self.columns])) + 1
        self.idf = idf[self.columns]
        grams = features.weigh(counted, idf)
        self.grams = csr_matrix((grams.value, (grams.row, grams.column)), (len(texts), features.SIZE))[:, self.columns]
        self.starts = np.cumsum([0, *(len(post.sentences) for post in (*posts, *extra))])

    def readers(self, chosen: Array, category: str) -> Readers:
        """The three readers of a category from the chosen posts and every single sentence."""
        from scipy.sparse import vstack
        from sklearn.linear_model import LogisticRegression

        rows = [*chosen, *range(len(self.posts), len(self.posts) + len(self.extra))]
        everything = [*self.posts, *self.extra]
        window = _line([(everything[i].vectors, everything[i].quoted_windows.get(category, set())) for i in rows])
        marks = [everything[i].quoted_sentences.get(category, set()) for i in rows]
        sentence = _line([(everything[i].sentence_vectors, m) for i, m in zip(rows, marks, strict=True)])
        true = np.array([j in m for i, m in zip(rows, marks, strict=True) for j in range(len(everything[i].sentences))])
        grams = vstack([self.grams[self.starts[i] : self.starts[i + 1]] for i in rows])
        model = LogisticRegression(C=GRAM_STRENGTH, class_weight="balanced", max_iter=100, solver="liblinear")
        model.fit(grams, true)
        return Readers(window, sentence, model.coef_[0], float(model.intercept_[0]))

    def read(self, readers: Readers, chosen: Array) -> Array:
        """Posts × 3: the strongest window, sentence, and sentence by its n-grams."""
        found = np.zeros((len(chosen), 3))
        for row, i in enumerate(chosen):
            post = self.posts[i]
            found[row, 0] = (post.vectors @ readers.window[:-1] + readers.window[-1]).max()
            found[row, 1] = (post.sentence_vectors @ readers.sentence[:-1] + readers.sentence[-1]).max()
            found[row, 2] = (self.grams[self.starts[i] : self.starts[i + 1]] @ readers.grams + readers.grams_bias).max()
        return found

    def category(self, number: int) -> tuple[Readers, Array, Array]:
        """(readers fitted on everything, combination, out-of-fold probability of each post) of one category."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GroupKFold

        category, true = CATEGORIES[number], self.truth[:, number]
        readings = np.zeros((len(self.posts), 3))
        for train, test in GroupKFold(FOLDS).split(readings, groups=self.voices):
            readings[test] = self.read(self.readers(train, category), test)
        mean, spread = readings.mean(axis=0), readings.std(axis=0) + 1e-9
        rows = np.c_[(readings - mean) / spread, [post.detected[number] for post in self.posts]]
        said = np.zeros(len(rows))
        for train, test in GroupKFold(5).split(rows, groups=self.voices):
            model = LogisticRegression(C=COMBINE_STRENGTH, max_iter=500).fit(rows[train], true[train])
            said[test] = model.predict_proba(rows[test])[:, 1]
        model = LogisticRegression(C=COMBINE_STRENGTH, max_iter=500).fit(rows, true)
        weight = model.coef_[0] / np.r_[spread, 1.0]
        combine = np.r_[weight, model.intercept_[0] - float(weight[:3] @ mean)]
        return self.readers(np.arange(len(self.posts)), category), combine, said


def fit(posts: list[Labelled], extra: list[Labelled]) -> dict[str, Any]:
    """Arrays of `LearnedReader`, cuts and cross-validated figures."""
    whole = Fit(posts, extra)
    clean: NDArray[np.bool_] = np.asarray(~whole.truth.any(axis=1))
    fitted, cuts, metrics, combined = [], {}, {}, []
    for number, category in enumerate(CATEGORIES):
        readers, combine, said = whole.category(number)
        fitted.append(readers)
        combined.append(combine)
        cuts[category], metrics[category] = _cuts(category, said, whole.truth[:, number], clean)
        if category in UNREADABLE:
            cuts[category] = UNREADABLE[category]
    return {
        "arrays": {
            "window": np.array([r.window for r in fitted], np.float16),
            "sentence": np.array([r.sentence for r in fitted], np.float16),
            "columns": whole.columns.astype(np.int32), "idf": whole.idf.astype(np.float32),
            "grams": np.array([r.grams for r in fitted], np.float16).T,
            "grams_bias": np.array([r.grams_bias for r in fitted], np.float32),
            "combine": np.array(combined, np.float32), "calibrated": whole.truth.sum(axis=0) >= LEAST_POSITIVES,
        },
        "cuts": cuts, "metrics": metrics,
    }  # fmt: skip


def main() -> None:
    """Fit, and write weights, manifest and thresholds."""
    embedder = BundledEmbedder(Path("data/models"))
    posts, extra = load(DATASET, embedder), load_sentences(embedder)
    embedder.close()
    fitted = fit(posts, extra)
    np.savez_compressed(WEIGHTS, **fitted["arrays"])
    digest = hashlib.sha256()
    for path in [*sorted((DATASET / "posts").glob("*.jsonl")), SENTENCES]:
        digest.update(path.read_bytes())
    manifest = {
        "data": "eval/datasets/posts, English, without held-out voices; service/flagging/decisive_sentences.jsonl",
        "licence": "Apache-2.0", "posts": len(posts), "sentences": len(extra), "data_sha256": digest.hexdigest(),
        "command": "python -m service.flagging.fit", "cross_validated_by_voice": fitted["metrics"],
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

    def quoted(places: tuple[Window, ...]) -> dict[str, set[int]]:
        spans = [(w.field, readings[w.field].span(w.start, w.end)) for w in places]
        found: dict[str, set[int]] = {}
        for flag in row["flags"]:
            hit = found.setdefault(flag["category"], set())
            for quote in flag["quotes"]:
                start = row[quote["field"]].find(quote["text"])
                end = start + len(quote["text"])
                hit |= {i for i, (f, s) in enumerate(spans) if f == quote["field"] and s.start < end and start < s.end}
        return found

    strongest = dict.fromkeys(CATEGORIES, 0.0)
    for detector in DETECTORS:
        for finding in detector.detect(readable, DetectorContext.of(post)):
            strongest[finding.category] = max(strongest[finding.category], finding.probability)
    assert embedded.sentence_vectors is not None
    return Labelled(
        row["voice"], embedded.vectors, embedded.sentence_vectors, tuple(s.text for s in embedded.sentences),
        quoted(embedded.windows), quoted(embedded.sentences), np.array([strongest[c] for c in CATEGORIES]),
    )  # fmt: skip


def _line(parts: list[tuple[Array, set[int]]]) -> Array:
    """Weights and bias of a logistic regression over all vectors, those marked being positive."""
    from sklearn.linear_model import LogisticRegression

    vectors = np.concatenate([vectors for vectors, _ in parts])
    true = np.array([j in marks for vectors, marks in parts for j in range(len(vectors))])
    model = LogisticRegression(C=VECTOR_STRENGTH, class_weight="balanced", max_iter=300).fit(vectors, true)
    weights: Array = np.r_[model.coef_[0], model.intercept_]
    return weights


def _cuts(
    category: str, probability: Array, truth: NDArray[np.bool_], clean: NDArray[np.bool_]
) -> tuple[dict[str, float], dict[str, float]]:
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    grid = np.linspace(0.05, 0.95, 91)
    scores = [f1_score(truth, probability >= cut, zero_division=0) for cut in grid]
    middle = float(grid[int(np.argmax(scores))])
    share = CLEAN_FLAGGED_AT_RISK if category in PERSON_AT_RISK else CLEAN_FLAGGED
    if category == "personal_information":
        share = CLEAN_FLAGGED_PRIVATE
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
