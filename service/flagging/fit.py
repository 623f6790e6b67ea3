"""Fits the learned flag reader and its thresholds: `python -m service.flagging.fit --data FOLDER`, then
`python -m service.flagging.fit_subject`. What the adapted layers say out of fold is fitted before: `python -m service.flagging.adapting.fit`.

From the labelled posts beside the eval suite, held-out voices left out, `decisive_sentences*.jsonl`, single texts with their
near misses, ordinary posts of FOLDER, and posts near the borders (`labelled.py`). Combinations also see posts made longer (`fit_long.py`); so
does the choice of `high`.
Windows and sentences that hold a labelled quote are positive, all others negative
(multiple-instance style, with the quotes as instance labels). Folds are voices; single texts are in every fit and in no
figure. Combinations are chosen on what readers say of posts they were fitted without, cuts and figures on what they say of
typical ones: those of the suite.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.flagging import features, fit_combination, fit_cuts, fit_long, fit_readings
from service.flagging.adapting.folded import folded
from service.flagging.fit_combination import Said
from service.flagging.fit_readings import GRAM_STRENGTH, VECTOR_STRENGTH
from service.flagging.labelled import (
    Array,
    Labelled,
    digest,
    load_long,
    load_near,
    load_ordinary,
    load_posts,
    load_rough,
    load_rough_texts,
    load_texts,
    long_files,
    post_files,
    risk_files,
    text_files,
)
from service.flagging.learned import WEIGHTS
from service.flagging.policy import CATEGORIES
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import SHIPPED
from service.intake.language import VECTOR_LANGUAGES, WORD_LANGUAGES
from service.models.embedder import BundledEmbedder

DATASET, TEXTS = Path("eval/datasets"), Path(__file__).parent
LEAST_POSITIVES = 20
"""Labelled posts of a category without which its probabilities do not claim to be calibrated."""
Arrays = dict[str, Array]
SIGNS = (1, 1, 1, 1, 1, -1)
"""Of the readings and the length: a stronger sentence never calms, a longer post never alarms."""


def truth(posts: Sequence[Labelled]) -> Array:
    """(posts, categories)."""
    return np.array([[category in post.quoted_windows for category in CATEGORIES] for post in posts])


@dataclass(frozen=True)
class OfRough:
    """What English readers say of posts in rough English: `readings` (categories, readings) of each by its id, out of fold,
    and the English combination."""

    readings: dict[str, Array]
    combine: Array

    def say(self, posts: Sequence[Labelled], groups: Sequence[Sequence[int]], share: Array) -> Said:
        """Of posts read together by `groups`; the first `len(posts)` groups are the posts themselves."""
        said = np.stack([self.readings[post.id] for post in posts])
        joined = fit_long.strongest(said, groups)
        every = [*posts, *fit_long.as_posts(posts, groups[len(posts) :])]
        lengths = np.repeat(fit_long.lengths(every)[:, None, None], len(CATEGORIES), axis=1)
        detected = np.array([post.detected for post in every])
        return fit_combination.say(np.concatenate([joined, lengths], axis=2), detected, self.combine, share)


def fit_english(
    posts: Sequence[Labelled], texts: Sequence[Labelled], ordinary: Sequence[Labelled], long: Sequence[Labelled],
    near: Sequence[Labelled], rough: Sequence[Labelled], rough_texts: Sequence[Labelled],
) -> tuple[Arrays, list[Labelled], Said, OfRough]:  # fmt: skip
    """Arrays of `LearnedReader` for English, what is said out of fold of posts as they are and made longer, and of `rough` ones.

    The posts `near` the borders and those in `rough` English teach the readers; they are in no combination, which they would
    bend. Those that are `long` as they are stand in it beside the ones made longer.
    """
    every = [*posts, *ordinary, *long]
    taught, read = [*every, *rough, *near], len(every) + len(rough)
    taught_texts = [*texts, *rough_texts]
    arrays, readings = _grams(taught, taught_texts)
    for name, rows in (
        ("sentence", fit_readings.sentence_rows(taught, taught_texts)),
        ("window", fit_readings.window_rows(taught, taught_texts)),
    ):  # fmt: skip
        readings.insert(0, rows.out_of_fold(fit_readings.by_voice(taught), VECTOR_STRENGTH))
        weights, biases = rows.fitted((), VECTOR_STRENGTH)
        arrays[name] = np.c_[weights.T, biases].astype(np.float16)
    adapted, _ = folded()
    readings.append(np.stack([adapted[post.id] for post in taught[:read]]))
    of_rough = np.stack([reading[len(every) : read] for reading in readings], axis=2)
    groups = [*([n] for n in range(len(every))), *fit_long.joined([*posts, *ordinary])]
    every += fit_long.as_posts(every, groups[len(every) :])
    said = [fit_long.strongest(reading, groups) for reading in readings]
    said.append(np.repeat(fit_long.lengths(every)[:, None], len(CATEGORIES), axis=1))
    combine, out = fit_combination.each(every, texts, np.stack(said, axis=2), truth(every), SIGNS)
    calibrated = truth(posts).sum(axis=0) >= LEAST_POSITIVES
    arrays |= {"combine": combine.astype(np.float32), "calibrated": calibrated}
    by_id = {post.id: one for post, one in zip(rough, of_rough, strict=True)}
    return arrays, every, out, OfRough(by_id, combine)


def fit_abroad(
    posts: Sequence[Labelled], texts: Sequence[Labelled], near: Sequence[Labelled], of_rough: OfRough
) -> tuple[Arrays, list[Labelled], Said]:
    """Arrays of `LearnedReader` for the languages read by words and characters, and what is said out of fold of posts as
    they are and made longer, with the English readers' reading of their rough English; in these languages length cost more
    recall than it saved alarms. Posts `near` the borders teach the reader alone."""
    arrays, by_grams = _grams([*posts, *near], texts)
    groups = [*([n] for n in range(len(posts))), *fit_long.joined(posts)]
    every = [*posts, *fit_long.as_posts(posts, groups[len(posts) :])]
    said = np.stack([fit_long.strongest(reading, groups) for reading in by_grams], axis=2)
    combine, out = fit_combination.shared(every, texts, said, truth(every))
    arrays |= {
        "combine": combine.astype(np.float32), "calibrated": truth(posts).sum(axis=0) >= LEAST_POSITIVES,
        "read": np.isin(CATEGORIES, [text.category or "" for text in texts if not text.clean]),
    }  # fmt: skip
    english = of_rough.say(posts, groups, out.share)
    return {f"abroad_{name}": array for name, array in arrays.items()}, every, both(out, english)


def both(own: Said, english: Said) -> Said:
    """As the service puts two readings together (`reader`): the stronger where a person may be at risk, else their mean."""
    at_risk = np.isin(CATEGORIES, list(PERSON_AT_RISK))

    def one(a: Array, b: Array) -> Array:
        return np.where(at_risk, np.maximum(a, b), (a + b) / 2)

    return Said(one(own.found, english.found), one(own.silent, english.silent), own.share)


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


def fit(
    posts: Sequence[Labelled], texts: Sequence[Labelled], ordinary: Sequence[Labelled], long: Sequence[Labelled],
    near: Sequence[Labelled], rough: Sequence[Labelled], rough_texts: Sequence[Labelled],
) -> dict[str, Any]:  # fmt: skip
    """Arrays of `LearnedReader`, cuts, and cross-validated figures: of everything, of each group of languages, of posts made
    longer, of long ones built hard."""
    (en_posts, en_texts, en_near), (posts_abroad, texts_abroad, near_abroad) = (
        [[x for x in rows if x.lang in languages] for rows in (posts, texts, near)]
        for languages in (VECTOR_LANGUAGES, WORD_LANGUAGES)
    )
    arrays, read, said, of_rough = fit_english(en_posts, en_texts, ordinary, long, en_near, rough, rough_texts)
    abroad, read_abroad, said_abroad = fit_abroad(posts_abroad, texts_abroad, near_abroad, of_rough)
    arrays |= abroad
    parts = [
        _out_of_fold(read, said, np.ones(len(CATEGORIES), bool)),
        _out_of_fold(read_abroad, said_abroad, abroad["abroad_read"]),
    ]
    every = [read, read_abroad]
    whole, told_of = fit_cuts.joined(parts), [post for read in every for post in read]
    given = {post.id for post in posts if post.typical}
    groups: dict[str, list[int]] = {"all": [], "english": [], "abroad": [], "made longer": [], "long": []}
    of_long, seen = {post.id for post in long}, set[str]()
    for number, post in enumerate(told_of):
        if post.id in of_long:
            groups["long"].append(number)
        if post.id in given:
            names = (
                ["made longer"]
                if post.id in seen
                else ["all", "english" if post.lang in VECTOR_LANGUAGES else "abroad"]
            )
            seen.add(post.id)
            for name in names:
                groups[name].append(number)
    cuts, figures = fit_cuts.choose(*(whole.only(np.array(groups[name])) for name in ("all", "made longer")))
    by_group = {name: fit_cuts.summary(whole.only(np.array(rows)), cuts) for name, rows in groups.items()}
    return {"arrays": arrays, "cuts": cuts, "metrics": figures, "groups": by_group}


def _out_of_fold(posts: Sequence[Labelled], said: Said, read: Array) -> fit_cuts.OutOfFold:
    """What the reader answers: the combination, or the detector alone where a category is not read."""
    detected = np.array([post.detected for post in posts])
    found, silent = np.where(read, said.found, detected), np.where(read, said.silent, 0.0)
    clean = np.array([post.clean for post in posts])
    return fit_cuts.OutOfFold(found, silent, np.tile(said.share, (len(posts), 1)), truth(posts), clean)


def main() -> None:
    """Fit, and write weights, manifest and thresholds."""
    parser = argparse.ArgumentParser(description="Fit the learned flag reader.")
    parser.add_argument("--data", type=Path, required=True, help="folder with se_threads.jsonl")
    threads = parser.parse_args().data / "se_threads.jsonl"
    embedder = BundledEmbedder(Path("data/models"))
    posts, texts = load_posts(DATASET, embedder), load_texts(TEXTS, embedder)
    ordinary, near = load_ordinary(threads, embedder), load_near(DATASET, embedder)
    long = load_long(DATASET, embedder)
    rough, rough_texts = load_rough(DATASET, embedder), load_rough_texts(TEXTS, embedder)
    embedder.close()
    fitted = fit(posts, texts, ordinary, long, near, rough, rough_texts)
    np.savez_compressed(WEIGHTS, **fitted["arrays"])
    files = [*post_files(DATASET), *risk_files(DATASET), *long_files(DATASET), *text_files(TEXTS)]
    manifest = {
        "data": "eval/datasets/posts without held-out voices; posts_to_fit/voices_*, risk_*, long_*; "
        "service/flagging/decisive_sentences*.jsonl; as ordinary posts, questions with even ids of se_threads.jsonl",
        "licence": "Apache-2.0; se_threads: CC BY-SA 3.0", "posts": len(posts), "texts": len(texts), "ordinary": len(ordinary),
        "data_sha256": digest([*files, threads]), "command": "python -m service.flagging.fit --data FOLDER",
        "cross_validated_by_voice": fitted["metrics"],
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
