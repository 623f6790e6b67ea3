"""What the learned flag reader is fitted on: labelled posts and single texts, read as the service reads them.

Posts come from `eval/datasets/posts` without the held-out voices and from `posts_to_fit/voices_*`, which no suite reads; their
quotes say which windows and sentences show a concern.
Texts come from `decisive_sentences*.jsonl` and `promotion_sentences.jsonl`: each is a concern or its near miss, and says
nothing about other categories (`Labelled.category`); rows of the category `none` are clean of all.
Ordinary posts are questions of another community (se_threads of the development data), long ones before all: nobody labelled
them, but what is in `ORDINARY` is not in them (those that tell of somebody's youth are left out). They teach what long,
harmless, real posts look like.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.flagging.detectors import DETECTORS, UNWEIGHED
from service.flagging.finding import DetectorContext
from service.flagging.learned import places
from service.flagging.policy import CATEGORIES
from service.intake.glossary import LONGEST, glossary_of
from service.intake.language import VECTOR_LANGUAGES, WORD_LANGUAGES
from service.intake.normalise import ReadablePost, normalise, read_field
from service.intake.post import Author, NewPost
from service.intake.windows import Window, embed_post
from service.models.embedder import Embedder

Array = NDArray[Any]
Places = dict[str, set[int]]


ORDINARY = frozenset(
    {
        "self_harm_risk", "violence_threat", "minor_safety", "crisis_distress", "hate", "sexual", "harassment", "prompt_injection",
        "interview_leak", "discrimination_report", "medical_advice_needed",
    }
)  # fmt: skip
"""What questions of a moderated community on business and careers do not hold."""
UNFITTED = frozenset({"voices_m.jsonl"})
"""Files of posts that were written after the fits and are in none, though their voices are not held out."""
LONG, SHORT, MOST_SHORT = 250, 40, 700
"""Words from which an ordinary post is long, below which it is not read, and how many of the rest are."""
_YOUTH = re.compile(
    r"\b(?:1[0-7]|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)[- ]?(?:years?|yrs?|y)[- ]?(?:old|/?o)\b|"
    r"\b(?:i'?m|i am) (?:only )?1[0-7]\b|\bminors?\b|under ?(?:age|18)|high ?school",
    re.I,
)


@dataclass(frozen=True)
class Labelled:
    """One post or single text, read.

    `group` is the voice, or the file of a text. `quoted_windows`, `quoted_sentences`: which of them show a category.
    `category`: what a single text speaks of, "none" for all; None for a post. `detected`: the strongest finding of each
    category. `typical`: drawn like the posts of the suite; the others were written near a border, and no cut is chosen on them.
    `known`: the categories that the labels of a post speak of; None for all.
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
    known: frozenset[str] | None = None


def load_posts(folder: Path, embedder: Embedder) -> list[Labelled]:
    """The posts of voices that are not held out, in every language."""
    held = held_out(folder)
    rows = [(row, path.parent.name == "posts") for path in post_files(folder) for row in rows_of(path)]
    return [replace(_post(row, embedder), typical=typical) for row, typical in rows if row["voice"] not in held]


def load_near(folder: Path, embedder: Embedder) -> list[Labelled]:
    """The posts of `risk_files`, and those of `long_files` that are not in English."""
    rows = [row for path in risk_files(folder) for row in rows_of(path)]
    rows += [row for path in long_files(folder) for row in rows_of(path) if row["lang"] not in VECTOR_LANGUAGES]
    return [replace(_post(row, embedder), typical=False) for row in rows]


def load_long(folder: Path, embedder: Embedder) -> list[Labelled]:
    """The posts of `long_files` in English."""
    rows = [row for path in long_files(folder) for row in rows_of(path) if row["lang"] in VECTOR_LANGUAGES]
    return [replace(_post(row, embedder), typical=False) for row in rows]


def load_rough(folder: Path, embedder: Embedder) -> list[Labelled]:
    """The posts of `load_posts` and `load_near` in languages without vectors, in rough English; detectors read the post itself."""
    held = held_out(folder)
    files = [*post_files(folder), *risk_files(folder), *long_files(folder)]
    rows = [row for path in files for row in rows_of(path)]
    return [
        replace(_post(in_rough_english(row), embedder), typical=False, detected=_detected(*_read(row)))
        for row in rows
        if row["lang"] in WORD_LANGUAGES and row["voice"] not in held
    ]


def in_rough_english(row: dict[str, Any]) -> dict[str, Any]:
    """A labelled post word by word in English; a quote beyond what is read, or of which no word is left, is dropped."""
    glossary = glossary_of(row["lang"])
    fields = {name: glossary.english(row[name][:LONGEST]) for name in ("title", "body")}
    flags = []
    for flag in row["flags"]:
        quotes = []
        for quote in flag["quotes"]:
            source, start = row[quote["field"]][:LONGEST], row[quote["field"]].find(quote["text"])
            begin, end = (len(glossary.english(source[:at])) for at in (start, start + len(quote["text"])))
            if text := fields[quote["field"]][begin:end].strip():
                quotes.append({**quote, "text": text})
        flags.append({**flag, "quotes": quotes})
    return {**row, **fields, "flags": flags}


def held_out(folder: Path) -> set[str]:
    """The voices on which figures are measured."""
    lines = (folder / "held_out_voices.txt").read_text("utf-8").split("\n")
    return {line for line in lines if line and line[0] != "#"}


def load_ordinary(path: Path, embedder: Embedder) -> list[Labelled]:
    """The ordinary posts, read."""
    found = [replace(_post(row, embedder), typical=False, known=ORDINARY) for row in ordinary_rows(path)]
    return [post for post in found if post.sentences]


def ordinary_rows(path: Path) -> list[dict[str, Any]]:
    """Questions of the half of the threads with even ids, as rows of posts; the other half is left for measuring."""
    rows = [
        row for row in rows_of(path) if int(row["id"]) % 2 == 0 and not _YOUTH.search(f"{row['title']} {row['body']}")
    ]
    rows.sort(key=lambda row: hashlib.sha256(str(row["id"]).encode()).digest())
    lengths = [len(row["body"].split()) for row in rows]
    long = [row for row, words in zip(rows, lengths, strict=True) if words >= LONG]
    short = [row for row, words in zip(rows, lengths, strict=True) if SHORT <= words < LONG][:MOST_SHORT]
    told = {
        "lang": "en", "family": "clean", "kind": "question", "author": {"role": None, "level": None, "company": None},
        "flags": [],
    }  # fmt: skip
    return [
        {
            **told, "id": f"ordinary-{row['id']}", "voice": f"ordinary-{number % 40}", "title": row["title"],
            "body": row["body"],
        }
        for number, row in enumerate(long + short)
    ]  # fmt: skip


def post_files(folder: Path) -> list[Path]:
    """The files of labelled posts that are fitted on, those of held-out voices among them."""
    files = [path for part in ("posts", "posts_to_fit") for path in sorted((folder / part).glob("voices_*.jsonl"))]
    return [path for path in files if path.name not in UNFITTED]


def more_files(folder: Path) -> list[Path]:
    """Labelled posts for the readers of subjects and tags; decision 0010 says why the flag reader does without."""
    return sorted((folder / "posts_to_fit").glob("more_*.jsonl"))


def risk_files(folder: Path) -> list[Path]:
    """Posts about persons at risk and what only sounds like them: they teach readers, and no figure or cut rests on them."""
    return sorted((folder / "posts_to_fit").glob("risk_*.jsonl"))


def long_files(folder: Path) -> list[Path]:
    """Long posts about persons at risk and what only sounds like them: they teach readers and stand in the combination of English."""
    return sorted((folder / "posts_to_fit").glob("long_*.jsonl"))


def text_in_rough_english(row: dict[str, Any]) -> dict[str, Any]:
    """A single text word by word in English."""
    return {**row, "text": glossary_of(row["lang"]).english(row["text"])}


def load_rough_texts(folder: Path, embedder: Embedder) -> list[Labelled]:
    """The single texts in languages without vectors, in rough English."""
    rows = [
        (path.stem, n, text_in_rough_english(row))
        for path in text_files(folder)
        for n, row in enumerate(rows_of(path))
        if row.get("lang") in WORD_LANGUAGES
    ]
    vectors = embedder.embed([row["text"] for _, _, row in rows])
    return [_text(*row, vector[None, :]) for row, vector in zip(rows, vectors, strict=True)]


def load_texts(folder: Path, embedder: Embedder) -> list[Labelled]:
    """Every single text of the files of decisive sentences, each as one sentence; only English ones have vectors."""
    rows = [(path.stem, n, row) for path in text_files(folder) for n, row in enumerate(rows_of(path))]
    english = [row["text"] for _, _, row in rows if row.get("lang", "en") == "en"]
    vectors = iter(embedder.embed(english))
    none = np.zeros((1, embedder.dimension), np.float32)
    return [
        _text(group, n, row, next(vectors)[None, :] if row.get("lang", "en") == "en" else none)
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


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def _read(row: dict[str, Any]) -> tuple[NewPost, ReadablePost]:
    author = Author(id="x", **row["author"])
    post = NewPost(
        site="s", external_id=row["id"], title=row["title"], body=row["body"], kind=row["kind"], author=author
    )
    return post, normalise(post)


def _post(row: dict[str, Any], embedder: Embedder) -> Labelled:
    post, readable = _read(row)
    embedded = embed_post(readable, embedder)
    sentences, vectors = places(embedded)
    return Labelled(
        row["id"], row["voice"], row["lang"], row["family"] != "flagged", embedded.vectors, vectors,
        tuple(s.text for s in sentences), quoted(row, readable, embedded.windows), quoted(row, readable, sentences),
        _detected(post, readable),
    )  # fmt: skip


def quoted(row: dict[str, Any], readable: ReadablePost, windows: Sequence[Window]) -> Places:
    """Which of the windows or sentences hold a quote of each category that a row is labelled with."""
    readings = {reading.field: reading for reading in readable.fields}
    spans = [(w.field, readings[w.field].span(w.start, w.end)) for w in windows]
    found: Places = {}
    for flag in row["flags"]:
        hit = found.setdefault(flag["category"], set())
        for quote in flag["quotes"]:
            start = row[quote["field"]].find(quote["text"])
            end = start + len(quote["text"])
            hit |= {i for i, (f, s) in enumerate(spans) if f == quote["field"] and s.start < end and start < s.end}
    return found


def _text(group: str, number: int, row: dict[str, Any], vector: Array) -> Labelled:
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
    for detector in (detector for detector in DETECTORS if detector.name not in UNWEIGHED):
        for finding in detector.detect(readable, DetectorContext.of(post)):
            strongest[finding.category] = max(strongest[finding.category], finding.probability)
    return np.array([strongest[c] for c in CATEGORIES])
