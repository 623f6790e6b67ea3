"""A post without the sentences that speak to a machine, or of what the post should be taken for.

Words planted for a machine are no substance of the post: they may not make it look less empty, more fitting or calmer than it
is. Nor is a member's own verdict on it ("please don't call this spam"). Where a post holds such sentences it is read a second
time without them, and of each concern the stronger reading counts.
Nothing is embedded again: the vector of a window is the mean of its tokens, so what is left of it is nearly the mean of
the sentences left, weighted by their length.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

import numpy as np

from service.intake.normalise import Field, ReadablePost, Span
from service.intake.post import NewPost
from service.intake.windows import Adapted, EmbeddedPost, Window


def sentences_within(readable: ReadablePost, embedded: EmbeddedPost, spans: Sequence[tuple[Field, Span]]) -> set[int]:
    """The sentences that share a character with one of the spans."""
    readings = {reading.field: reading for reading in readable.fields}
    found = set()
    for number, sentence in enumerate(embedded.sentences):
        at = readings[sentence.field].span(sentence.start, sentence.end)
        if any(field == sentence.field and span.start < at.end and at.start < span.end for field, span in spans):
            found.add(number)
    return found


def embedded_without(embedded: EmbeddedPost, planted: Set[int]) -> EmbeddedPost | None:
    """What is left of the windows; None where nothing is."""
    vectors = embedded.sentence_vectors
    left = [n for n in range(len(embedded.sentences)) if n not in planted]
    if vectors is None or not left:
        return None
    windows, rows, places = [], [], []
    for place, (window, whole) in enumerate(zip(embedded.windows, embedded.vectors, strict=True)):
        mine = [n for n, sentence in enumerate(embedded.sentences) if _holds(window, sentence)]
        kept = [n for n in mine if n not in planted]
        if kept or not mine:
            windows.append(window)
            places.append(place)
        if len(kept) == len(mine):
            rows.append(whole)
        elif kept:
            mean = np.average(vectors[kept], axis=0, weights=[len(embedded.sentences[n].text) for n in kept])
            rows.append((mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32))
    sentences = tuple(embedded.sentences[n] for n in left)
    closer = embedded.adapted
    return replace(
        embedded, windows=tuple(windows), vectors=np.stack(rows), sentences=sentences, sentence_vectors=vectors[left],
        adapted=None if closer is None else Adapted(closer.windows[places], closer.sentences[left]),
    )  # fmt: skip


def blanked(post: NewPost, readable: ReadablePost, embedded: EmbeddedPost, planted: Set[int]) -> NewPost:
    """The post with blanks in the place of those sentences, so that every offset stays what it was."""
    readings = {reading.field: reading for reading in readable.fields}
    texts = {"title": post.title, "body": post.body}
    for number in planted:
        sentence = embedded.sentences[number]
        span = readings[sentence.field].span(sentence.start, sentence.end)
        text = texts[sentence.field]
        gone = "".join("\n" if character == "\n" else " " for character in text[span.start : span.end])
        texts[sentence.field] = text[: span.start] + gone + text[span.end :]
    return post.model_copy(update=texts)


def _holds(window: Window, sentence: Window) -> bool:
    return window.field == sentence.field and window.start <= sentence.start < window.end
