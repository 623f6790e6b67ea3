"""What the learned flag reader is fitted on: labelled posts and single texts, read as the service reads them.

Posts come from `eval/datasets/posts` without the held-out voices and from `posts_to_fit/voices_*`, which no suite reads; their
quotes say which windows and sentences show a concern.
Texts come from `decisive_sentences*.jsonl` and `promotion_sentences.jsonl`: each is a concern or its near miss, and says
nothing about other categories (`Labelled.category`); rows of the category `none` are clean of all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.flagging.detectors import DETECTORS
from service.flagging.finding import DetectorContext
from service.flagging.policy import CATEGORIES
from service.intake.normalise import ReadablePost, normalise, read_field
from service.intake.post import Author, NewPost
from service.intake.windows import Window, embed_post
from service.models.embedder import Embedder

Array = NDArray[Any]
Places = dict[str, set[int]]


@dataclass(frozen=True)
class Labelled:
    """One post or single text, read.

    `group` is the voice, or the file of a text. `quoted_windows`, `quoted_sentences`: which of them show a category.
    `category`: what a single text speaks of, "none" for all; None for a post. `detected`: the strongest finding of each
    category. `typical`: drawn like the posts of the suite; the others were written near a border, and no cut is chosen on them.
    """

    id: str
    group: str
    lang: str
    clean: bool
    vectors: Array
    sentence_vectors: Array
    sentences: tuple[str, ...]
    quoted_windows: Places
    quoted_sentences: Places
    detected: NDArray[np.float64]
    category: str | None = None
    typical: bool = True


def load_posts(folder: Path, embedder: Embedder) -> list[Labelled]:
    """The posts of voices that are not held out, in every language."""
    held = {line for line in (folder / "held_out_voices.txt").read_text("utf-8").split("\n") if line and line[0] != "#"}
    rows = [(row, path.parent.name == "posts") for path in post_files(folder) for row in _rows(path)]
    return [replace(_post(row, embedder), typical=typical) for row, typical in rows if row["voice"] not in held]


def post_files(folder: Path) -> list[Path]:
    """The files of labelled posts, those of held-out voices among them."""
    return [path for part in ("posts", "posts_to_fit") for path in sorted((folder / part).glob("voices_*.jsonl"))]


def more_files(folder: Path) -> list[Path]:
    """Labelled posts for the readers of subjects and tags; decision 0010 says why the flag reader does without."""
    return sorted((folder / "posts_to_fit").glob("more_*.jsonl"))


def load_texts(folder: Path, embedder: Embedder) -> list[Labelled]:
    """Every single text of the files of decisive sentences, each as one sentence; only English ones have vectors."""
    rows = [(path.stem, n, row) for path in text_files(folder) for n, row in enumerate(_rows(path))]
    english = [row["text"] for _, _, row in rows if row.get("lang", "en") == "en"]
    vectors = iter(embedder.embed(english))
    none = np.zeros((1, embedder.dimension), np.float32)
    return [
        _text(row, group, n, next(vectors)[None, :] if row.get("lang", "en") == "en" else none)
        for group, n, row in rows
    ]


def text_files(folder: Path) -> list[Path]:
    """The files of single texts."""
    return sorted(folder.glob("*_sentences*.jsonl"))


def digest(paths: Sequence[Path]) -> str:
    """SHA-256 over files, in their order."""
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def _post(row: dict[str, Any], embedder: Embedder) -> Labelled:
    author = Author(id="x", **row["author"])
    post = NewPost(
        site="s", external_id=row["id"], title=row["title"], body=row["body"], kind=row["kind"], author=author
    )
    readable = normalise(post)
    embedded = embed_post(readable, embedder)
    assert embedded.sentence_vectors is not None
    return Labelled(
        row["id"], row["voice"], row["lang"], row["family"] != "flagged", embedded.vectors, embedded.sentence_vectors,
        tuple(s.text for s in embedded.sentences), _quoted(row, readable, embedded.windows),
        _quoted(row, readable, embedded.sentences), _detected(post, readable),
    )  # fmt: skip


def _quoted(row: dict[str, Any], readable: ReadablePost, places: tuple[Window, ...]) -> Places:
    readings = {reading.field: reading for reading in readable.fields}
    spans = [(w.field, readings[w.field].span(w.start, w.end)) for w in places]
    found: Places = {}
    for flag in row["flags"]:
        hit = found.setdefault(flag["category"], set())
        for quote in flag["quotes"]:
            start = row[quote["field"]].find(quote["text"])
            end = start + len(quote["text"])
            hit |= {i for i, (f, s) in enumerate(spans) if f == quote["field"] and s.start < end and start < s.end}
    return found


def _text(row: dict[str, Any], group: str, number: int, vector: Array) -> Labelled:
    post = NewPost(site="s", external_id=f"{group}-{number}", body=row["text"])
    lang = row.get("lang", "en")
    readable = ReadablePost(read_field("title", "", "text"), read_field("body", post.body, "text"), lang)
    shown: Places = {row["category"]: {0}} if row["positive"] else {}
    return Labelled(
        post.external_id, group, lang, not row["positive"], vector, vector, (readable.body.text,), shown, shown,
        _detected(post, readable), row["category"],
    )  # fmt: skip


def _detected(post: NewPost, readable: ReadablePost) -> NDArray[np.float64]:
    strongest = dict.fromkeys(CATEGORIES, 0.0)
    for detector in DETECTORS:
        for finding in detector.detect(readable, DetectorContext.of(post)):
            strongest[finding.category] = max(strongest[finding.category], finding.probability)
    return np.array([strongest[c] for c in CATEGORIES])
