"""Fits the learned flag reader and its thresholds: `python -m service.flagging.fit`, then `python -m service.flagging.fit_subject`.

From the labelled posts beside the eval suite, held-out voices left out, and `decisive_sentences*.jsonl`, single texts with their
near misses (`labelled.py`). Windows and sentences that hold a labelled quote are positive, all others negative
(multiple-instance style, with the quotes as instance labels). Folds are voices; single texts are in every fit and in no
figure. Combinations are chosen on what readers say of posts they were fitted without, cuts and figures on what they say of
typical ones: those of the suite.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.flagging import features, fit_combination, fit_cuts, fit_readings
from service.flagging.fit_combination import Said
from service.flagging.fit_readings import GRAM_STRENGTH, VECTOR_STRENGTH
from service.flagging.labelled import Array, Labelled, digest, load_posts, load_texts, post_files, text_files
from service.flagging.learned import WEIGHTS
from service.flagging.policy import CATEGORIES
from service.flagging.thresholds import SHIPPED
from service.intake.language import VECTOR_LANGUAGES, WORD_LANGUAGES
from service.models.embedder import BundledEmbedder

DATASET, TEXTS = Path("eval/datasets"), Path(__file__).parent
LEAST_POSITIVES = 20
"""Labelled posts of a category without which its probabilities do not claim to be calibrated."""
Arrays = dict[str, Array]


def truth(posts: Sequence[Labelled]) -> Array:
    """(posts, categories)."""
    return np.array([[category in post.quoted_windows for category in CATEGORIES] for post in posts])


def fit_english(posts: Sequence[Labelled], texts: Sequence[Labelled]) -> tuple[Arrays, Said]:
    """Arrays of `LearnedReader` for English, and what is said out of fold."""
    arrays, by_grams = _grams(posts, texts)
    readings = []
    for name, rows in (
        ("window", fit_readings.window_rows(posts, texts)), ("sentence", fit_readings.sentence_rows(posts, texts)),
    ):  # fmt: skip
        readings.append(rows.out_of_fold(fit_readings.by_voice(posts), VECTOR_STRENGTH))
        weights, biases = rows.fitted((), VECTOR_STRENGTH)
        arrays[name] = np.c_[weights.T, biases].astype(np.float16)
    true = truth(posts)
    combine, said = fit_combination.each(posts, texts, np.stack([*readings, *by_grams], axis=2), true)
    return arrays | {"combine": combine.astype(np.float32), "calibrated": true.sum(axis=0) >= LEAST_POSITIVES}, said


def fit_abroad(posts: Sequence[Labelled], texts: Sequence[Labelled]) -> tuple[Arrays, Said]:
    """Arrays of `LearnedReader` for the languages read by words and characters, and what is said out of fold."""
    arrays, by_grams = _grams(posts, texts)
    true = truth(posts)
    combine, said = fit_combination.shared(posts, texts, np.stack(by_grams, axis=2), true)
    arrays |= {
        "combine": combine.astype(np.float32), "calibrated": true.sum(axis=0) >= LEAST_POSITIVES,
        "read": np.isin(CATEGORIES, [text.category or "" for text in texts if not text.clean]),
    }  # fmt: skip
    return {f"abroad_{name}": array for name, array in arrays.items()}, said


def _grams(posts: Sequence[Labelled], texts: Sequence[Labelled]) -> tuple[Arrays, list[Array]]:
    """Arrays of a reader of n-grams, and its two readings out of fold: of sentences, and of stretches."""
    kept = fit_readings.kept_grams(posts, texts)
    arrays: Arrays = {"columns": kept[0].astype(np.int32), "idf": kept[1]}
    readings = []
    for name, length in (("grams", 1), ("stretches", features.STRETCH)):
        rows = fit_readings.gram_rows(posts, texts, kept, length)
        readings.append(rows.out_of_fold(fit_readings.by_voice(posts), GRAM_STRENGTH))
        weights, biases = rows.fitted((), GRAM_STRENGTH)
        arrays |= {name: weights.astype(np.float16), f"{name}_bias": biases.astype(np.float32)}
    return arrays, readings


def fit(posts: Sequence[Labelled], texts: Sequence[Labelled]) -> dict[str, Any]:
    """Arrays of `LearnedReader`, cuts, and cross-validated figures: of everything, and of each group of languages."""
    groups: dict[str, fit_cuts.OutOfFold] = {}
    arrays: Arrays = {}
    for name, languages, how in (
        ("english", VECTOR_LANGUAGES, fit_english), ("abroad", WORD_LANGUAGES, fit_abroad),
    ):  # fmt: skip
        mine = [post for post in posts if post.lang in languages]
        fitted, said = how(mine, [text for text in texts if text.lang in languages])
        arrays |= fitted
        groups[name] = _out_of_fold(mine, said, arrays.get(f"{name}_read", np.ones(len(CATEGORIES), bool)))
    whole = fit_cuts.joined(list(groups.values()))
    cuts, figures = fit_cuts.choose(whole)
    by_group = {name: fit_cuts.summary(said, cuts) for name, said in (("all", whole), *groups.items())}
    return {"arrays": arrays, "cuts": cuts, "metrics": figures, "groups": by_group}


def _out_of_fold(posts: Sequence[Labelled], said: Said, read: Array) -> fit_cuts.OutOfFold:
    """What the reader answers of typical posts: the combination, or the detector alone where a category is not read."""
    detected = np.array([post.detected for post in posts])
    found, silent = np.where(read, said.found, detected), np.where(read, said.silent, 0.0)
    clean = np.array([post.clean for post in posts])
    every = fit_cuts.OutOfFold(found, silent, np.tile(said.share, (len(posts), 1)), truth(posts), clean)
    return every.only(np.array([post.typical for post in posts]))


def main() -> None:
    """Fit, and write weights, manifest and thresholds."""
    embedder = BundledEmbedder(Path("data/models"))
    posts, texts = load_posts(DATASET, embedder), load_texts(TEXTS, embedder)
    embedder.close()
    fitted = fit(posts, texts)
    np.savez_compressed(WEIGHTS, **fitted["arrays"])
    files = [*post_files(DATASET), *text_files(TEXTS)]
    manifest = {
        "data": "eval/datasets/posts without held-out voices; posts_to_fit/voices_*; service/flagging/decisive_sentences*.jsonl",
        "licence": "Apache-2.0", "posts": len(posts), "texts": len(texts), "data_sha256": digest(files),
        "command": "python -m service.flagging.fit", "cross_validated_by_voice": fitted["metrics"],
        "cross_validated_together": fitted["groups"],
    }  # fmt: skip
    WEIGHTS.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    thresholds = {
        "version": 1, "weights": hashlib.sha256(WEIGHTS.read_bytes()).hexdigest(), "fitted_by": manifest["command"],
        "categories": fitted["cuts"],
    }  # fmt: skip
    SHIPPED.write_text(json.dumps(thresholds, indent=1) + "\n", "utf-8")
    for name, row in (*fitted["metrics"].items(), *fitted["groups"].items()):
        print(f"{name:30} " + "  ".join(f"{figure} {value}" for figure, value in row.items()))


if __name__ == "__main__":
    main()
