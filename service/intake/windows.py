"""A post cut into windows that an embedder can read whole: nothing is dropped, sentences stay together where they fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.intake.glossary import in_english
from service.intake.normalise import Field, ReadablePost
from service.models.embedder import Embedder, PartsEmbedder

WINDOW_TOKENS = 128
"""Tokens of one window: small enough that one decisive sentence still weighs in its window's vector."""
_SENTENCE = re.compile(r"[^.!?\n。！？।]*(?:[.!?。！？।]+[\"')\]]*|\n+|$)")


@dataclass(frozen=True)
class Window:
    """Readable text [start, end) of one field of a post."""

    field: Field
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Adapted:
    """What the layers fitted for flags (`models/adapted.py`) make of a post: float32, (windows, dimension) and
    (sentences, dimension), rows of any length."""

    windows: NDArray[np.float32]
    sentences: NDArray[np.float32]


@dataclass(frozen=True)
class EmbeddedPost:
    """A post's windows and their vectors, shared by retrieval, tags and flags so that each text is embedded once.

    `windows[0]` is the title where there is one. `vectors` is float32 of shape (len(windows), dimension), rows of
    length 1. `sentences` are the sentences of the windows and `sentence_vectors` theirs, each in the context of its
    window; none where the embedder (its id is `model`) does not tell them. `english` is the rough English of a post in
    another language, where it was asked for and a glossary has it. `adapted` are windows and sentences by the adapted layers,
    where they were asked for.
    """

    windows: tuple[Window, ...]
    vectors: NDArray[np.float32]
    sentences: tuple[Window, ...] = ()
    sentence_vectors: NDArray[np.float32] | None = None
    model: str = ""
    english: EmbeddedPost | None = None
    adapted: Adapted | None = None

    @property
    def mean(self) -> NDArray[np.float32]:
        """The title and the mean of the body's windows in equal parts, of length 1: the post as one vector."""
        title = [i for i, w in enumerate(self.windows) if w.field == "title"]
        body = [i for i, w in enumerate(self.windows) if w.field == "body"]
        parts = [self.vectors[rows].mean(axis=0) for rows in (title, body) if rows]
        if not parts:
            return np.zeros(self.vectors.shape[1], np.float32)
        mean = np.mean(parts, axis=0)
        unit: NDArray[np.float32] = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
        return unit


def embed_post(post: ReadablePost, embedder: Embedder, *, adapted: bool = False) -> EmbeddedPost:
    """Cut a post into windows and embed them all, by the adapted layers too where that is asked. Raises ModelFailed."""
    windows = tuple(windows_of(post, embedder.count_tokens, min(WINDOW_TOKENS, embedder.window)))
    texts = [window.text for window in windows]
    if not isinstance(embedder, PartsEmbedder):
        return EmbeddedPost(windows, embedder.embed(texts), model=embedder.name)
    parts = [sentence_spans(text) for text in texts]
    found = embedder.embed_parts(texts, parts, adapted=adapted)
    sentences = tuple(
        Window(window.field, window.start + start, window.start + end, window.text[start:end])
        for window, spans in zip(windows, parts, strict=True)
        for start, end in spans
    )
    none = np.zeros((0, embedder.dimension), np.float32)
    closer = found.adapted
    return EmbeddedPost(
        windows, found.vectors, sentences, np.concatenate([none, *found.parts]), embedder.name,
        adapted=None if closer is None else Adapted(closer.vectors, np.concatenate([none, *closer.parts])),
    )  # fmt: skip


def embed_with_english(post: ReadablePost, embedder: Embedder, *, adapted: bool = False) -> EmbeddedPost:
    """As `embed_post`, with the same of its rough English where a glossary has the post's language. Raises ModelFailed."""
    embedded, english = embed_post(post, embedder, adapted=adapted), in_english(post)
    return embedded if english is None else replace(embedded, english=embed_post(english, embedder, adapted=adapted))


def windows_of(post: ReadablePost, count: Callable[[str], int], limit: int) -> list[Window]:
    """Every window of a post, the title first; each counts at most `limit` tokens."""
    found: list[Window] = []
    for reading in post.fields:
        pieces: list[tuple[int, int, int]] = []
        for start, end in sentence_spans(reading.text):
            pieces += _fitting(reading.text, start, end, count, limit)
        begin, finish, used = 0, 0, 0
        for start, end, tokens in pieces:
            if used and used + tokens > limit:
                found.append(Window(reading.field, begin, finish, reading.text[begin:finish]))
                used = 0
            if not used:
                begin, used = start, 2
            finish, used = end, used + tokens
        if used:
            found.append(Window(reading.field, begin, finish, reading.text[begin:finish]))
    return found


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where each sentence of a text stands, [start, end); none for a text of blanks."""
    return [(m.start(), m.end()) for m in _SENTENCE.finditer(text) if m[0].strip()]


def is_sentence(text: str) -> bool:
    """Whether it is more than a fragment of one Latin word (a piece of an address decides nothing)."""
    return " " in text.strip() or not text.isascii()


def read_sentences(embedded: EmbeddedPost) -> list[int]:
    """Which of a post's sentences are read on their own; none where their vectors are not known."""
    if embedded.sentence_vectors is None:
        return []
    return [number for number, sentence in enumerate(embedded.sentences) if is_sentence(sentence.text)]


def _fitting(text: str, start: int, end: int, count: Callable[[str], int], limit: int) -> list[tuple[int, int, int]]:
    """A sentence as one piece, or as several where it alone exceeds the window (halved at a space, else anywhere)."""
    waiting, done = [(start, end)], []
    while waiting:
        a, b = waiting.pop(0)
        tokens = count(text[a:b]) - 2 if b - a <= 20 * limit else limit
        if tokens + 2 <= limit or b - a < 2:
            if tokens > 0:
                done.append((a, b, tokens))
            continue
        middle = text.rfind(" ", a + (b - a) // 4, (a + b) // 2)
        cut = middle + 1 if middle > a else (a + b) // 2
        waiting[:0] = [(a, cut), (cut, b)]
    return done
