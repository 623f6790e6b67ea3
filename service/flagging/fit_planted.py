"""Fit the weights of the planted-task reader and its word list: `python -m service.flagging.fit_planted --data FOLDER`.

Reads injection_in_threads (MIT and CC BY-SA 3.0), injection_notinject (MIT), se_threads (CC BY-SA 3.0, as clean text and for
the word list) and the labelled career posts without the held-out voices. Attack types are held out when it is measured:
the figures it prints and writes are over attacks of a type it was not fitted on. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.flagging.detectors import planted_task
from service.intake.normalise import read_field

FOLDS = 5
STRENGTH = 3.0
"""Inverse regularisation of the logistic regression."""
WEIGHT_OF_PLANTED = 5.0
WEIGHT_OF_POSTS = 1.5
THREADS = 900
"""Threads of se_threads used as clean text; the later ones make the word list."""
MOST_FLAGGED = 0.02


@dataclass(frozen=True)
class _Text:
    kind: str
    attack: str
    fold: int
    described: tuple[tuple[tuple[float, ...], int], ...]


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the development sets")
    parser.add_argument("--posts", type=Path, default=Path("eval/datasets"), help="folder of the labelled posts")
    chosen = parser.parse_args()
    print(json.dumps(fit(chosen.data, chosen.posts), indent=1))


def fit(data: Path, posts_dir: Path) -> dict[str, Any]:
    """Write `career_words.txt` and `planted_task.json`; returns the measured figures."""
    planted, alike = _rows(data / "injection_in_threads.jsonl"), _rows(data / "injection_notinject.jsonl")
    used = {row["thread_id"] for row in planted}
    threads = [row for row in _rows(data / "se_threads.jsonl") if row["id"] not in used]
    held = {
        line for line in (posts_dir / "held_out_voices.txt").read_text("utf-8").split("\n") if line and line[0] != "#"
    }
    posts = [
        row
        for path in sorted((posts_dir / "posts").glob("voices_*.jsonl"))
        for row in _rows(path)
        if row["voice"] not in held
    ]
    _write_words(
        [f"{t['title']}\n{_plain(t['body'])}" for t in threads[THREADS:]], [f"{p['title']}\n{p['body']}" for p in posts]
    )
    attacks = sorted({row["attack"] for row in planted if row["injection"]})
    texts = [
        _described(row["text"], "planted" if row["injection"] else "clean", row, i, attacks)
        for i, row in enumerate(planted)
    ]
    texts += [_described(row["text"], "alike", {}, i, attacks) for i, row in enumerate(alike)]
    always = [_described(_plain(t["body"]), "thread", {}, -1, attacks) for t in threads[:THREADS]]
    innocent = [
        p for p in posts if p["lang"] == "en" and not any(f["category"] == "prompt_injection" for f in p["flags"])
    ]
    always += [_described(f"{p['title']}\n\n{p['body']}", "post", {}, -1, attacks) for p in innocent]

    scores: dict[int, float] = {}
    for fold in range(FOLDS):
        weights, bias = _regression([t for t in texts if t.fold != fold] + always)
        scores |= {i: _score(t, weights, bias) for i, t in enumerate(texts) if t.fold == fold}
    innocent_scores = sorted((scores[i] for i, t in enumerate(texts) if t.kind != "planted"), reverse=True)
    limit = innocent_scores[int(MOST_FLAGGED * len(innocent_scores))]
    found = [scores[i] > limit for i, t in enumerate(texts) if t.kind == "planted"]
    weights, bias = _regression(texts + always)
    post_scores = sorted((_score(t, weights, bias) for t in always if t.kind == "post"), reverse=True)
    strict = max(limit, post_scores[int(MOST_FLAGGED * len(post_scores))])
    kept_posts = [_score(t, weights, bias) > limit for t in always if t.kind == "post"]
    few = sum(scores[i] > strict for i, t in enumerate(texts) if t.kind == "planted")
    figures = {
        "found": sum(found) / len(found), "found_where_few_posts": few / len(found), "planted": len(found),
        "innocent": len(innocent_scores), "flagged_innocent": MOST_FLAGGED,
        "career_posts_flagged": sum(kept_posts) / len(kept_posts), "split": "five folds, attack types and threads held out",
    }  # fmt: skip
    names = ("injection_in_threads.jsonl", "injection_notinject.jsonl", "se_threads.jsonl")
    manifest = {
        "features": planted_task.FEATURES, "weights": [round(float(w), 4) for w in weights], "bias": round(float(bias - limit), 4),
        "measured": figures, "refit": "python -m service.flagging.fit_planted --data FOLDER",
        "sets": {name: hashlib.sha256((data / name).read_bytes()).hexdigest() for name in names},
        "licences": "MIT (injection_notinject, attacks), CC BY-SA 3.0 (threads), own (career posts)",
    }  # fmt: skip
    planted_task.WEIGHTS.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    return figures


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def _plain(html: str) -> str:
    return read_field("body", html, "html").text


def _described(text: str, kind: str, row: dict[str, Any], index: int, attacks: list[str]) -> _Text:
    attack = row.get("attack") or ""
    first = text.find(row["payload"]) if kind == "planted" else -1
    last = first + len(row["payload"]) if kind == "planted" else -1
    described = tuple(
        (s.features, int(s.start < last - 2 and s.end > first + 2)) for s in planted_task.sentences_of(text)
    )
    return _Text(
        kind, attack, attacks.index(attack) % FOLDS if attack else index % FOLDS if index >= 0 else -1, described
    )


def _write_words(threads: Iterable[str], posts: Iterable[str]) -> None:
    often: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    for text in threads:
        often.update(planted_task.content_words(text))
    for text in posts:
        ours.update(planted_task.content_words(text))
    words = {w for w in often if often[w] >= 12} | {w for w in ours if ours[w] >= 3}
    chosen = sorted(w for w in words if w.isascii() and not w.isdigit())
    planted_task.VOCABULARY.write_text("\n".join(chosen) + "\n", "utf-8")


def _regression(texts: list[_Text]) -> tuple[Any, float]:
    from sklearn.linear_model import LogisticRegression

    rows = [pair for text in texts for pair in text.described]
    labels = np.array([label for _, label in rows])
    model = LogisticRegression(C=STRENGTH, max_iter=3000)
    kinds = np.array([WEIGHT_OF_POSTS if text.kind == "post" else 1.0 for text in texts for _ in text.described])
    model.fit(
        np.array([features for features, _ in rows]),
        labels,
        sample_weight=kinds * (1 + (WEIGHT_OF_PLANTED - 1) * labels),
    )
    return model.coef_[0], float(model.intercept_[0])


def _score(text: _Text, weights: Any, bias: float) -> float:
    if not text.described:
        return -30.0
    return float((np.array([features for features, _ in text.described]) @ weights).max() + bias)


if __name__ == "__main__":
    main()
