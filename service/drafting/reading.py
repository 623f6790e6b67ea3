"""A text as the support check sees it: its words with their vectors, and which sentence each belongs to.

Words and sentences get their vectors out of one forward pass over the whole passage (late chunking, Günther et al. 2024),
so reading a passage costs what embedding it costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.corpus.passages import cut
from service.drafting.sentences import spans, word_spans
from service.models.embedder import Embedder, PartsEmbedder, Vectors

_SUFFIXES = ("ing", "edly", "ies", "ed", "es", "ly", "'s", "’s", "s")


@dataclass(frozen=True)
class ReadText:
    """`vectors` has a row for each word; it is empty where the embedder gives none. `sentence` numbers each word's."""

    text: str
    words: tuple[str, ...]
    stems: tuple[str, ...]
    sentence: tuple[int, ...]
    vectors: Vectors

    @property
    def count(self) -> int:
        """How many sentences there are."""
        return self.sentence[-1] + 1 if self.sentence else 0


def read_texts(texts: Sequence[str], embedder: Embedder) -> list[ReadText]:
    """Read several texts in few forward passes; a text longer than the embedder's window is read in pieces."""
    pieces: list[str] = []
    owners: list[int] = []
    for number, text in enumerate(texts):
        for piece in cut(text, embedder.count_tokens, embedder.window) or [""]:
            pieces.append(piece)
            owners.append(number)
    places = [word_spans(piece) for piece in pieces]
    vectors: list[Vectors] = [np.zeros((0, embedder.dimension), np.float32) for _ in pieces]
    if isinstance(embedder, PartsEmbedder):
        vectors = embedder.embed_parts(pieces, places).parts
    return [
        _joined(text, [(pieces[i], places[i], vectors[i]) for i, owner in enumerate(owners) if owner == number])
        for number, text in enumerate(texts)
    ]


def stem(word: str) -> str:
    """A word without the commonest English endings, so that “managers” meets “manager”."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return word[: -len(suffix)]
    return word


def _joined(text: str, pieces: list[tuple[str, list[tuple[int, int]], Vectors]]) -> ReadText:
    words: list[str] = []
    sentence: list[int] = []
    for piece, places, _ in pieces:
        ends = [end for _, end in spans(piece)] or [len(piece)]
        first, number = (sentence[-1] + 1 if sentence else 0), 0
        seen: dict[int, int] = {}
        for start, end in places:
            while number < len(ends) - 1 and start >= ends[number]:
                number += 1
            words.append(piece[start:end].lower())
            sentence.append(first + seen.setdefault(number, len(seen)))
    vectors = np.concatenate([v for _, _, v in pieces]) if pieces else np.zeros((0, 0), np.float32)
    return ReadText(text, tuple(words), tuple(stem(w) for w in words), tuple(sentence), vectors)
