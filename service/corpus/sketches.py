"""A thread in one small row: three vectors and the words it is made of, so that ranking reads it without its texts.

The row is made beside the thread's passages and removed with them. Words are kept as hashes with how often they stand in
the title, the question and the answers; what a word weighs comes from `word_weights.npz`, fitted by
`python -m service.retrieval.fit`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from service.corpus.lexical import STOP_WORDS
from service.corpus.passages import Piece, ThreadText
from service.corpus.tables import SketchRow
from service.database import listed

FORM = 1
"""Rows of another form are passed over until a reindex."""
BUCKETS = 1 << 16
WEIGHTS = Path(__file__).with_name("word_weights.npz")
BOUND = 500
_FETCH = (
    "SELECT thread_id, vectors, words, counts, stats FROM thread_sketches "
    "WHERE index_id = :index_id AND thread_id IN {ids} AND form = :form"
)
_WORD = re.compile(r"[^\W_]+[+#]*")
_ENDING = re.compile(r"(?:ings?|ed|es|s|ly|ers?|ments?|tions?)$")

Floats = NDArray[np.float32]
Hashes = NDArray[np.uint32]


@dataclass(frozen=True)
class Sketches:
    """Sketches of `n` threads, in the order of `ids`.

    `vectors` is float32 (n, 3, dimension): title, question, mean of the answers; zeros where there is none. `owner[i]`
    is the row of the thread that word `hashes[i]` stands in, `counts[i]` how often in title, question and answers.
    `stats` is float32 (n, 5): words of title, question, answers; length of the weighted words of title and question,
    and of all three.
    """

    ids: list[str]
    vectors: Floats
    hashes: Hashes
    counts: NDArray[np.uint8]
    owner: NDArray[np.intp]
    stats: Floats


def stems(text: str) -> list[str]:
    """The telling words of a text, without the commonest English endings, in order."""
    found = []
    for word in _WORD.findall(text.lower()):
        if word not in STOP_WORDS:
            found.append((_ENDING.sub("", word) or word) if len(word) > 4 else word)
    return found


def hashed(words: Iterable[str]) -> list[int]:
    """A 32-bit number for each word."""
    return [zlib.crc32(word.encode("utf-8", "replace")) for word in words]


@cache
def word_weights() -> Floats:
    """float32 (BUCKETS,): how telling a word is, by the lower bits of its hash (inverse document frequency)."""
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return np.asarray(arrays["weights"], np.float32)


@cache
def usual_lengths() -> Floats:
    """float32 (3,): words of a usual title, of title and question together, of all answers."""
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return np.asarray(arrays["lengths"], np.float32)


def weigh(hashes: Hashes) -> Floats:
    """The weight of each word."""
    weights: Floats = word_weights()[hashes & np.uint32(BUCKETS - 1)]
    return weights


def write(
    session: Session, index_id: str, threads: Mapping[str, ThreadText], pieces: Mapping[str, Sequence[Piece]],
    vectors: Mapping[str, Floats], dimension: int,
) -> None:  # fmt: skip
    """Make the rows of these threads in one generation; `vectors` by passage id."""
    remove(session, list(threads), index_id)
    rows = [
        {"index_id": index_id, "thread_id": id_, "form": FORM, **_row(thread, pieces[id_], vectors, dimension)}
        for id_, thread in threads.items()
        if pieces.get(id_)
    ]
    if rows:
        session.execute(sa.insert(SketchRow), rows)


def remove(session: Session, thread_ids: Sequence[str], index_id: str | None = None) -> None:
    """Remove the rows of threads, from one generation or from all."""
    for start in range(0, len(thread_ids), BOUND):
        where: list[sa.ColumnElement[bool]] = [SketchRow.thread_id.in_(thread_ids[start : start + BOUND])]
        if index_id is not None:
            where.append(SketchRow.index_id == index_id)
        session.execute(sa.delete(SketchRow).where(*where).execution_options(synchronize_session=False))


Stored = tuple[bytes, bytes, bytes, bytes]
"""A sketch as it lies in SQL: vectors, words, counts, stats."""


def stored(session: Session, index_id: str, thread_ids: Sequence[str]) -> dict[str, Stored]:
    """The rows of those threads that have one."""
    if not thread_ids:
        return {}
    values = {"ids": json.dumps(list(thread_ids)), "index_id": index_id, "form": FORM}
    rows = session.connection().execute(_prepared(listed(session)), values).fetchall()
    return {id_: (vectors, words, counts, stats) for id_, vectors, words, counts, stats in rows}


def fetch(session: Session, index_id: str, thread_ids: Sequence[str]) -> Sketches:
    """The sketches of those threads that have one."""
    return read(stored(session, index_id, thread_ids))


def read(rows: Mapping[str, Stored]) -> Sketches:
    """Sketches of rows, in their order."""
    n, found = len(rows), list(rows.values())
    vectors = np.frombuffer(b"".join(one[0] for one in found), np.float16).astype(np.float32)
    return Sketches(
        ids=list(rows),
        vectors=vectors.reshape(n, 3, -1) if n else np.zeros((0, 3, 0), np.float32),
        hashes=np.frombuffer(b"".join(one[1] for one in found), np.uint32),
        counts=np.frombuffer(b"".join(one[2] for one in found), np.uint8).reshape(-1, 3),
        owner=np.repeat(np.arange(n), [len(one[1]) // 4 for one in found]),
        stats=np.frombuffer(b"".join(one[3] for one in found), np.float32).reshape(n, 5),
    )


@cache
def _prepared(ids: str) -> Any:
    return sa.text(_FETCH.format(ids=ids))


def _row(
    thread: ThreadText, pieces: Sequence[Piece], vectors: Mapping[str, Floats], dimension: int
) -> dict[str, bytes]:
    title, question, answers = (
        [vectors[p.id] for p in pieces if p.field == field and p.id in vectors]
        for field in ("title", "question", "answer")
    )
    heading = title or question
    three = [_mean(heading[:1], dimension), _mean((question or title)[:1], dimension), _mean(answers, dimension)]
    said = [Counter(hashed(stems(text))) for text in (thread.title, thread.question, _joined(thread))]
    words = sorted(set().union(*said))
    counts = np.array([[min(part[word], 255) for part in said] for word in words], np.uint8).reshape(-1, 3)
    hashes = np.array(words, np.uint32)
    weights = weigh(hashes)
    asked = np.log1p(counts[:, 0].astype(np.float32) + counts[:, 1]) * weights
    whole = np.log1p(counts.sum(axis=1, dtype=np.float32)) * weights
    stats = [*(sum(part.values()) for part in said), float(np.linalg.norm(asked)), float(np.linalg.norm(whole))]
    return {
        "vectors": np.stack(three).astype(np.float16).tobytes(), "words": hashes.tobytes(), "counts": counts.tobytes(),
        "stats": np.array(stats, np.float32).tobytes(),
    }  # fmt: skip


def _joined(thread: ThreadText) -> str:
    return "\n".join(answer.text for answer in thread.answers)


def _mean(rows: Sequence[Floats], dimension: int) -> Floats:
    if not rows:
        return np.zeros(dimension, np.float32)
    mean = np.mean(rows, axis=0)
    unit: Floats = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    return unit
